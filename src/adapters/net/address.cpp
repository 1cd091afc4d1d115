#include "adapters/net/address.hpp"

#include <algorithm>
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

bool is_loopback(std::string_view host) {
  return equal_ignoring_case(host, "localhost") || host == "::1" || is_loopback_ipv4(host);
}

bool is_loopback_host_header(std::string_view header) {
  const auto host = host_of(header);
  return host && is_loopback(*host);
}

}  // namespace offhook::net
