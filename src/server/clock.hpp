// The one place where the server reads the clock: wall time at the start, driven on by the monotonic clock, so that a jump
// of the wall clock moves no deadline.
#pragma once

#include <chrono>

#include "base/time.hpp"

namespace offhook::server {

class Clock {
 public:
  Instant now() const {
    return start_ + std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - steady_start_);
  }

 private:
  Instant start_{std::chrono::duration_cast<Duration>(std::chrono::system_clock::now().time_since_epoch())};
  std::chrono::steady_clock::time_point steady_start_ = std::chrono::steady_clock::now();
};

}  // namespace offhook::server
