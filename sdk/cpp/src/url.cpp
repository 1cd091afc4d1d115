#include "url.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

namespace offhook::client {
namespace {

struct Scheme {
  std::string_view prefix;
  bool secure;
  std::uint16_t port;
};
constexpr Scheme k_schemes[] = {{"http://", false, 80}, {"ws://", false, 80}, {"https://", true, 443}, {"wss://", true, 443}};

Problem bad_url(std::string_view text, const char* why) {
  return {"bad_url", "\"" + std::string(text) + "\" is not the address of a server: " + why + "."};
}

std::optional<std::uint16_t> parse_port(std::string_view digits) {
  std::uint16_t port = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (read.ec != std::errc{} || read.ptr != digits.data() + digits.size() || port == 0) return std::nullopt;
  return port;
}

// Host and port, with what is wrong with them.
const char* read_authority(std::string_view text, Url& url) {
  const auto bracket = text.starts_with('[') ? text.find(']') : std::string_view::npos;
  const bool bracketed = bracket != std::string_view::npos;
  const auto colon = text.find(':', bracketed ? bracket : 0);
  if (colon != std::string_view::npos) {
    const auto port = parse_port(text.substr(colon + 1));
    if (!port) return "after the colon must come a port from 1 to 65535";
    url.port = *port;
    text = text.substr(0, colon);
  }
  if (bracketed && !text.ends_with(']')) return "after the bracket must come a colon or a slash";
  url.host = bracketed ? text.substr(1, text.size() - 2) : text;
  return url.host.empty() ? "it names no host" : nullptr;
}

}  // namespace

Result<Url, Problem> parse_url(std::string_view text) {
  for (const auto& scheme : k_schemes) {
    if (!text.starts_with(scheme.prefix)) continue;
    const auto rest = text.substr(scheme.prefix.size());
    const auto slash = std::min(rest.find_first_of("/?#"), rest.size());
    Url url{scheme.secure, {}, scheme.port, std::string(rest.substr(slash))};
    // Whatever a browser could not have sent would end up in the first line of a request.
    if (text.find_first_of(" \t\r\n@#") != std::string_view::npos) return bad_url(text, "spaces, @ and # have no place in it");
    if (const auto* problem = read_authority(rest.substr(0, slash), url)) return bad_url(text, problem);
    if (!url.path.starts_with('/')) url.path.insert(0, 1, '/');
    return url;
  }
  return bad_url(text, "it must begin with http://, https://, ws:// or wss://");
}

std::string authority_of(const Url& url) {
  const bool ipv6 = url.host.find(':') != std::string::npos;
  return (ipv6 ? "[" + url.host + "]" : url.host) + ":" + std::to_string(url.port);
}

Url client_socket_of(Url url) {
  if (url.path == "/") url.path = "/v1/client";
  return url;
}

}  // namespace offhook::client
