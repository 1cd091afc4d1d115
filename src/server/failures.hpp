// How many tokens and credentials of an address were refused of late; beyond the limit its next ones are refused unseen. Any thread:
// each that holds sockets asks at every hello, and what an address has left must be one number for all of them, so there is a lock.
#pragma once

#include <mutex>
#include <optional>

#include "adapters/net/address.hpp"
#include "base/rate_limit.hpp"

namespace offhook::server {

class Failures {
 public:
  static constexpr std::size_t k_max_subnets = 16'384;  // beyond that those that have failed least lately are forgotten

  // 0: no limit.
  explicit Failures(std::int64_t per_minute) {
    if (per_minute > 0) limit_.emplace(per_minute, Duration{std::chrono::minutes{1}} / per_minute, k_max_subnets);
  }

  void note(net::Subnet subnet, Instant now) {
    const std::lock_guard lock(mutex_);
    if (limit_) limit_->take(static_cast<std::uint64_t>(subnet), now);
  }
  // How long the address is to wait, if it is.
  std::optional<Duration> wait(net::Subnet subnet, Instant now) const {
    const std::lock_guard lock(mutex_);
    return limit_ ? limit_->wait(static_cast<std::uint64_t>(subnet), now) : std::nullopt;
  }

 private:
  mutable std::mutex mutex_;
  std::optional<RateLimit> limit_;
};

}  // namespace offhook::server
