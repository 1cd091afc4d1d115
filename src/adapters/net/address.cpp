#include "adapters/net/address.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace offhook::net {
namespace {

std::optional<std::uint16_t> parse_port(std::string_view text) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value > 65'535) return std::nullopt;
  return static_cast<std::uint16_t>(value);
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [&](char x, char y) { return lower(x) == lower(y); });
}

// Four decimal numbers, the first of which is 127.
bool is_loopback_ipv4(std::string_view text) {
  int numbers = 0;
  while (numbers < 4) {
    const auto dot = text.find('.');
    const auto part = text.substr(0, dot);
    const auto value = parse_port(part);
    if (part.size() > 3 || !value || *value > 255 || (numbers == 0 && *value != 127)) return false;
    ++numbers;
    if (dot == std::string_view::npos) return numbers == 4;
    text.remove_prefix(dot + 1);
  }
  return false;
}

// The host part of "host", "host:port", "[v6]", "[v6]:port"; nothing if the rest is not a port.
std::optional<std::string_view> host_of(std::string_view text) {
  const bool bracketed = text.starts_with('[');
  const auto end = bracketed ? text.find(']') : text.find(':');
  if (bracketed && end == std::string_view::npos) return std::nullopt;
  if (end == std::string_view::npos) return text;
  const auto host = bracketed ? text.substr(1, end - 1) : text.substr(0, end);
  const auto rest = text.substr(bracketed ? end + 1 : end);
  if (rest.empty()) return host;
  if (!rest.starts_with(':') || !parse_port(rest.substr(1))) return std::nullopt;
  return host;
}

using AddressBytes = std::array<unsigned char, 16>;

// IPv4 as a mapped one. Without the zone of a link-local address.
std::optional<AddressBytes> address_bytes(std::string_view address) {
  const std::string text(address.substr(0, address.find('%')));
  AddressBytes bytes{};
  if (inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1) return bytes;
  bytes[10] = bytes[11] = 0xff;
  return inet_pton(AF_INET, text.c_str(), bytes.data() + 12) == 1 ? std::optional(bytes) : std::nullopt;
}

bool is_ipv4(const AddressBytes& bytes) {
  return std::all_of(bytes.begin(), bytes.begin() + 10, [](auto byte) { return byte == 0; }) && bytes[10] == 0xff && bytes[11] == 0xff;
}

std::string_view trim(std::string_view text) {
  while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
  while (text.ends_with(' ') || text.ends_with('\t')) text.remove_suffix(1);
  return text;
}

// "192.0.2.1", "192.0.2.1:4000", "2001:db8::1", "[2001:db8::1]:4000".
std::optional<std::string> address_in(std::string_view text) {
  if (address_bytes(text)) return std::string(text);
  const auto host = host_of(text);
  return host && address_bytes(*host) ? std::optional(std::string(*host)) : std::nullopt;
}

}  // namespace

Result<ListenAddress, AddressError> parse_listen_address(std::string_view text) {
  const auto colon = text.rfind(':');
  const auto host = host_of(text);
  const bool bare_ipv6 = !text.starts_with('[') && std::count(text.begin(), text.end(), ':') > 1;
  if (colon == std::string_view::npos || bare_ipv6 || !host || host->empty() || text.ends_with(']')) {
    return AddressError{"\"" + std::string(text) +
                        "\" is not HOST:PORT (examples: 127.0.0.1:7080, 0.0.0.0:443, [::]:443; port 0 to 65535)"};
  }
  return ListenAddress{std::string(*host), parse_port(text.substr(colon + 1)).value_or(0)};
}

std::string to_text(const ListenAddress& address) {
  const bool ipv6 = address.host.find(':') != std::string::npos;
  return (ipv6 ? "[" + address.host + "]" : address.host) + ":" + std::to_string(address.port);
}

// The first half of an IPv6 address; the numbers below 2^32 are of a range that is given to nobody (RFC 4291 section 2.4), and are IPv4's here.
Subnet subnet_of(std::string_view address) {
  const auto bytes = address_bytes(address).value_or(AddressBytes{});
  const auto begin = is_ipv4(bytes) ? bytes.begin() + 12 : bytes.begin();
  const auto end = is_ipv4(bytes) ? bytes.end() : bytes.begin() + 8;
  std::uint64_t number = 0;
  for (auto byte = begin; byte != end; ++byte) number = number << 8 | *byte;
  return Subnet{number};
}

std::string client_address(const std::string& peer, std::string_view forwarded_for, const std::function<bool(const std::string&)>& is_trusted) {
  auto address = peer;
  while (!forwarded_for.empty() && is_trusted(address)) {
    const auto comma = forwarded_for.rfind(',');
    const auto last = address_in(trim(comma == std::string_view::npos ? forwarded_for : forwarded_for.substr(comma + 1)));
    if (!last) break;
    address = *last;
    forwarded_for = comma == std::string_view::npos ? std::string_view() : forwarded_for.substr(0, comma);
  }
  return address;
}

bool is_loopback(std::string_view host) {
  return equal_ignoring_case(host, "localhost") || host == "::1" || is_loopback_ipv4(host);
}

bool is_loopback_host_header(std::string_view header) {
  const auto host = host_of(header);
  return host && is_loopback(*host);
}

}  // namespace offhook::net
