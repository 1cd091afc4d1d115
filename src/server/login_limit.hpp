// How often an address may try to sign in: k_burst times, then once every k_refill. A right password gives its attempt back.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.hpp"

namespace offhook::server {

class LoginLimit {
 public:
  static constexpr int k_burst = 5;
  static constexpr Duration k_refill = std::chrono::seconds{12};
  static constexpr std::size_t k_max_addresses = 10'000;  // beyond that the one that has waited longest is forgotten

  // Counts an attempt. Else how long until the next one is free.
  std::optional<Duration> take(std::string_view address, Instant now);
  void give_back(std::string_view address);

 private:
  // When the bucket is full again: each attempt moves it by k_refill.
  std::map<std::string, Instant, std::less<>> full_at_;
};

// An IPv6 address stands for its /64, which one customer has for himself.
std::string network_of(std::string_view address);

}  // namespace offhook::server
