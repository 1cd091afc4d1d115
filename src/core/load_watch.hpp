// Is there too much to do? Told by how long what comes has to wait, not by how much of it there is: a queue that is empty now and then is
// none, however long it gets in between; one that stands is (the thought of CoDel, RFC 8289).
#pragma once

#include <optional>

#include "base/time.hpp"

namespace offhook::core {

class LoadWatch {
 public:
  // Every wait for k_patience longer than `target`: overloaded, and after it has been so lately for k_short_patience. One wait of half of it: no more.
  explicit LoadWatch(Duration target) : target_(target) {}

  static constexpr Duration k_patience = std::chrono::milliseconds{500};
  static constexpr Duration k_short_patience = std::chrono::milliseconds{100};
  static constexpr Duration k_lately = std::chrono::seconds{10};

  // Somebody has waited so long, or waits since then and will have waited longer.
  void note(Duration waited, Instant now);
  bool is_overloaded() const { return is_overloaded_; }
  Duration target() const { return target_; }

 private:
  Duration target_;
  std::optional<Instant> above_since_;
  std::optional<Instant> ended_at_;
  bool is_overloaded_ = false;
};

}  // namespace offhook::core
