#include "core/hello_pace.hpp"

#include <algorithm>

#include "core/limits.hpp"

namespace offhook::core {

std::optional<Duration> HelloPace::take(Instant now, bool overloaded) {
  const auto slower = overloaded ? k_overloaded_hellos_one_in : 1;
  const Duration interval = std::chrono::microseconds{1'000'000 / k_hellos_per_second * slower};
  full_at_ = std::max(full_at_, now);
  if (full_at_ + interval - now <= interval * (k_hello_burst / slower)) {
    full_at_ += interval;
    return std::nullopt;
  }
  promised_ = std::max(promised_, now + k_min_retry) + interval;
  promised_ = std::min(promised_, now + k_max_retry);
  return promised_ - now;
}

}  // namespace offhook::core
