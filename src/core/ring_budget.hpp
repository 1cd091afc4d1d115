// Token buckets: so many rings a minute for each key. A bucket that has not been used for a minute is full, so it need not be
// kept: the map turns over once a minute, or earlier when it is full. Private to the core.
#pragma once

#include <string>
#include <unordered_map>

#include "base/time.hpp"

namespace offhook::core {

class RingBudget {
 public:
  explicit RingBudget(std::size_t capacity) : capacity_(capacity) {}

  // Takes one ring if there is one left.
  bool may_ring(const std::string& key, std::int64_t per_minute, Instant now) {
    if (now - turned_at_ >= k_minute || recent_.size() >= capacity_) {
      older_ = std::exchange(recent_, {});
      turned_at_ = now;
    }
    auto [place, is_new] = recent_.try_emplace(key, Bucket{k_minute.count(), now});
    auto& bucket = place->second;
    if (const auto before = older_.find(key); is_new && before != older_.end()) bucket = before->second;
    const auto price = k_minute.count() / per_minute;
    const auto gained = (now - bucket.at).count();  // a bucket holds microseconds: a ring costs its share of a minute
    bucket = {std::min(bucket.left + gained, k_minute.count()), now};
    if (bucket.left < price) return false;
    bucket.left -= price;
    return true;
  }

 private:
  static constexpr Duration k_minute = std::chrono::minutes{1};
  struct Bucket {
    Duration::rep left = 0;
    Instant at{};
  };

  std::size_t capacity_;
  std::unordered_map<std::string, Bucket> recent_, older_;
  Instant turned_at_{};
};

}  // namespace offhook::core
