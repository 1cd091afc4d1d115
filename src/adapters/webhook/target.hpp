// Where a webhook may go. A URL comes from an operator, but a name in it is resolved by somebody else's name server: whoever
// owns the name could point it at this machine or its neighbours (server-side request forgery). So the address that a
// connection is really made to is judged, after resolution, and only addresses of the public internet are good, unless the
// operator has allowed others. Pure functions.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

struct sockaddr;

namespace offhook::webhook {

// An IPv6 address, or an IPv4 one in its last four bytes.
struct Address {
  bool is_v4 = false;
  std::array<std::uint8_t, 16> bytes{};
};

std::optional<Address> parse_address(std::string_view text);  // without brackets
std::optional<Address> to_address(const sockaddr& socket_address);
std::string to_text(const Address& address);

// Addresses whose first `length` bits are those of `address`.
struct Network {
  Address address;
  unsigned length = 0;

  bool contains(const Address& candidate) const;
};

struct TargetError {
  std::string message;  // without a full stop
};

// "127.0.0.1", "10.1.0.0/16", "fd00::/8".
Result<Network, TargetError> parse_network(std::string_view text);

// Why nothing may be sent to this address, or nothing: "127.0.0.1 is a loopback address".
std::optional<std::string> refusal(const Address& address, const std::vector<Network>& allowed);

// Why this URL can never be that of a webhook, or nothing: http(s), with a host, without credentials; an address instead of a
// name is judged at once.
std::optional<std::string> url_problem(const std::string& url, const std::vector<Network>& allowed);

}  // namespace offhook::webhook
