// The one place where the server reads the clock: wall time at the start, driven on by the monotonic clock, so that a jump
// of the wall clock moves no deadline.
#pragma once

#include <algorithm>
#include <chrono>

#include "base/time.hpp"

namespace offhook::server {

class Clock {
 public:
  // Starts at `not_before` if the wall clock has been set back behind it.
  explicit Clock(Instant not_before = {}) : start_(std::max(wall_time(), not_before)) {}

  Instant now() const {
    return start_ + std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - steady_start_);
  }

 private:
  static Instant wall_time() {
    return Instant{std::chrono::duration_cast<Duration>(std::chrono::system_clock::now().time_since_epoch())};
  }

  const Instant start_;
  std::chrono::steady_clock::time_point steady_start_ = std::chrono::steady_clock::now();
};

}  // namespace offhook::server
