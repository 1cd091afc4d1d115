#include "base/rate_limit.hpp"

#include <algorithm>
#include <utility>

namespace offhook {

Instant RateLimit::full_at(std::uint64_t key) const {
  for (const auto* generation : {&recent_, &older_}) {
    if (const auto found = generation->find(key); found != generation->end()) return found->second;
  }
  return Instant::min();
}

std::optional<Duration> RateLimit::wait(std::uint64_t key, Instant now) const {
  const auto free_at = std::max(full_at(key), now) - (burst_ - 1) * refill_;
  return free_at > now ? std::optional<Duration>(free_at - now) : std::nullopt;
}

std::optional<Duration> RateLimit::take(std::uint64_t key, Instant now) {
  if (const auto left = wait(key, now)) return left;
  const auto full = std::max(full_at(key), now) + refill_;
  older_.erase(key);
  recent_[key] = full;
  if (recent_.size() > max_keys_ / 2) older_ = std::exchange(recent_, {});
  return std::nullopt;
}

void RateLimit::give_back(std::uint64_t key) {
  for (auto* generation : {&recent_, &older_}) {
    if (const auto found = generation->find(key); found != generation->end()) found->second -= refill_;
  }
}

}  // namespace offhook
