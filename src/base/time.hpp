// The project's words for time. Nothing here can read a clock: `now` is always an argument.
#pragma once

#include <chrono>
#include <cstdint>

namespace offhook {

using Duration = std::chrono::microseconds;

// A time line without `now()`. The server starts it at the wall clock and drives it by the monotonic clock, so an Instant
// is also, within clock drift, a count of microseconds since the Unix epoch, and absolute deadlines survive a restart.
struct Timeline {
  using duration = Duration;
  using rep = Duration::rep;
  using period = Duration::period;
  using time_point = std::chrono::time_point<Timeline>;
  static constexpr bool is_steady = true;
};

using Instant = Timeline::time_point;

// Whole milliseconds for the wire; a positive remainder is rounded up, so "remaining 0" means over.
constexpr std::int64_t to_ms(Duration d) {
  const auto us = d.count();
  return us > 0 ? (us + 999) / 1000 : us / 1000;
}

// Milliseconds since the Unix epoch, for `_at_ms` fields.
constexpr std::int64_t to_unix_ms(Instant t) { return t.time_since_epoch().count() / 1000; }

constexpr Instant from_unix_ms(std::int64_t ms) { return Instant{std::chrono::milliseconds{ms}}; }

}  // namespace offhook
