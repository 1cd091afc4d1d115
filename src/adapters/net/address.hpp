// Addresses as text: what an operator writes, what a browser says it wanted. Pure functions.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace offhook::net {

struct ListenAddress {
  std::string host;  // without brackets
  std::uint16_t port = 0;
};

struct AddressError {
  std::string message;
};

// "HOST:PORT": an IPv4 address, a name, or an IPv6 address in brackets. Port 0 lets the system choose.
Result<ListenAddress, AddressError> parse_listen_address(std::string_view text);

// "127.0.0.1:7080", "[::1]:7080".
std::string to_text(const ListenAddress& address);

// localhost, 127.0.0.0/8 and ::1, without port or brackets.
bool is_loopback(std::string_view host);

// A Host header that names this machine itself, with any port. What a browser sends after DNS rebinding names the
// attacker's domain instead.
bool is_loopback_host_header(std::string_view header);

// Peers whose limits are shared: an IPv4 address, or the /64 of an IPv6 one, which one customer has for himself. An IPv4 address that is
// mapped into IPv6 is that address. What is no address is Subnet{0}.
enum class Subnet : std::uint64_t {};
Subnet subnet_of(std::string_view address);  // without port or brackets

// Who is behind a trusted proxy: the last address of X-Forwarded-For that no trusted proxy has; the peer itself where it is not
// trusted, or where a proxy has said nothing that is an address. Anybody can write what stands before.
std::string client_address(const std::string& peer, std::string_view forwarded_for,
                           const std::function<bool(const std::string& address)>& is_trusted);

}  // namespace offhook::net
