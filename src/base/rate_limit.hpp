// How often each of many may do something: `burst` times at once, then once every `refill` (the generic cell rate algorithm: a bucket is the
// moment at which it is full again). Memory is bounded: of more than `max_keys` those that have done nothing for longest are forgotten,
// and have a full bucket again. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>

#include "base/time.hpp"

namespace offhook {

class RateLimit {
 public:
  // REQUIRES: burst > 0, refill > 0, max_keys > 1.
  RateLimit(std::int64_t burst, Duration refill, std::size_t max_keys) : burst_(burst), refill_(refill), max_keys_(max_keys) {}

  // Counts one. Else how long until the next is free, and counts none.
  std::optional<Duration> take(std::uint64_t key, Instant now);
  // What take() would say.
  std::optional<Duration> wait(std::uint64_t key, Instant now) const;
  // One that was counted did not count after all.
  void give_back(std::uint64_t key);

  std::size_t keys() const { return recent_.size() + older_.size(); }

 private:
  Instant full_at(std::uint64_t key) const;

  std::int64_t burst_;
  Duration refill_;
  std::size_t max_keys_;
  // Two generations, so that forgetting costs nothing for each. Ordered, because who picks addresses could pick those that collide.
  std::map<std::uint64_t, Instant> recent_, older_;
};

}  // namespace offhook
