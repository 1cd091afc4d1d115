#include "server/login_limit.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

namespace offhook::server {

std::string network_of(std::string_view address) {
  std::array<unsigned char, 16> bytes{};
  const std::string text(address.substr(0, address.find('%')));  // without the zone
  if (inet_pton(AF_INET6, text.c_str(), bytes.data()) != 1) return std::string(address);
  const bool is_mapped = std::all_of(bytes.begin(), bytes.begin() + 10, [](auto byte) { return byte == 0; }) && bytes[10] == 0xff;
  return {reinterpret_cast<const char*>(bytes.data()), is_mapped ? 16U : 8U};  // ::ffff:1.2.3.4 is that address
}

std::optional<Duration> LoginLimit::take(std::string_view address, Instant now) {
  auto& full_at = full_at_[network_of(address)];
  full_at = std::max(full_at, now);
  const auto free_at = full_at - (k_burst - 1) * k_refill;
  if (free_at > now) return free_at - now;
  full_at += k_refill;
  if (full_at_.size() > k_max_addresses) {
    full_at_.erase(std::min_element(full_at_.begin(), full_at_.end(), [](const auto& a, const auto& b) { return a.second < b.second; }));
  }
  return std::nullopt;
}

void LoginLimit::give_back(std::string_view address) {
  const auto found = full_at_.find(network_of(address));
  if (found != full_at_.end()) found->second -= k_refill;
}

}  // namespace offhook::server
