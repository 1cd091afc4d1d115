// How fast clients are let in: so many at once, then so many a second, and fewer while the program is overloaded. After a restart thousands
// come at the same moment; each that has to wait is told a moment of its own, one after the other at the same pace.
#pragma once

#include <optional>

#include "base/time.hpp"

namespace offhook::core {

class HelloPace {
 public:
  // Counts one that is let in; else how long it is to wait.
  std::optional<Duration> take(Instant now, bool overloaded);

 private:
  Instant full_at_{};   // the bucket
  Instant promised_{};  // to the last who was told to wait
};

}  // namespace offhook::core
