#include "adapters/webhook/target.hpp"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <memory>

namespace offhook::webhook {
namespace {

struct SpecialRange {
  std::string_view network;
  std::string_view what;
};

// RFC 6890 and the registries of special-purpose addresses. What embeds an IPv4 address (mapped, NAT64, 6to4, Teredo) is refused
// as a whole: no receiver on the public internet needs it, and it is how a private address is smuggled past a check.
constexpr SpecialRange k_special[] = {
    {"0.0.0.0/8", "an address of this network"},
    {"10.0.0.0/8", "a private address"},
    {"100.64.0.0/10", "a shared address of a carrier"},
    {"127.0.0.0/8", "a loopback address"},
    {"169.254.0.0/16", "a link-local address"},
    {"172.16.0.0/12", "a private address"},
    {"192.0.0.0/24", "a special-purpose address"},
    {"192.0.2.0/24", "an address for documentation"},
    {"192.88.99.0/24", "a 6to4 relay"},
    {"192.168.0.0/16", "a private address"},
    {"198.18.0.0/15", "an address for benchmarks"},
    {"198.51.100.0/24", "an address for documentation"},
    {"203.0.113.0/24", "an address for documentation"},
    {"224.0.0.0/4", "a multicast address"},
    {"240.0.0.0/4", "a reserved address"},
    {"::1/128", "a loopback address"},
    {"::ffff:0:0/96", "an IPv4 address in IPv6 form"},
    {"::/96", "an unspecified or IPv4-compatible address"},
    {"64:ff9b::/96", "a NAT64 address"},
    {"64:ff9b:1::/48", "a NAT64 address"},
    {"2001::/23", "a special-purpose address"},  // Teredo among them
    {"2001:db8::/32", "an address for documentation"},
    {"2002::/16", "a 6to4 address"},
    {"3fff::/20", "an address for documentation"},
    {"fc00::/7", "a unique local address"},
    {"fe80::/10", "a link-local address"},
    {"fec0::/10", "a site-local address"},
    {"ff00::/8", "a multicast address"},
};

struct SpecialNetwork {
  Network network;
  std::string_view what;
};

const std::vector<SpecialNetwork>& special_networks() {
  static const auto networks = [] {
    std::vector<SpecialNetwork> made;
    for (const auto& range : k_special) made.push_back({parse_network(range.network).value(), range.what});
    return made;
  }();
  return networks;
}

using Url = std::unique_ptr<CURLU, decltype(&curl_url_cleanup)>;

std::optional<std::string> part_of(const Url& url, CURLUPart part) {
  char* text = nullptr;
  if (curl_url_get(url.get(), part, &text, 0) != CURLUE_OK) return std::nullopt;
  const std::unique_ptr<char, decltype(&curl_free)> owner(text, &curl_free);
  return std::string(text);
}

}  // namespace

std::optional<Address> parse_address(std::string_view text) {
  const std::string terminated(text);
  Address address;
  if (inet_pton(AF_INET, terminated.c_str(), address.bytes.data() + 12) == 1) {
    address.is_v4 = true;
    return address;
  }
  if (inet_pton(AF_INET6, terminated.c_str(), address.bytes.data()) == 1) return address;
  return std::nullopt;
}

std::optional<Address> to_address(const sockaddr& socket_address) {
  Address address;
  if (socket_address.sa_family == AF_INET) {
    sockaddr_in v4;
    std::memcpy(&v4, &socket_address, sizeof v4);
    std::memcpy(address.bytes.data() + 12, &v4.sin_addr, 4);
    address.is_v4 = true;
    return address;
  }
  if (socket_address.sa_family != AF_INET6) return std::nullopt;
  sockaddr_in6 v6;
  std::memcpy(&v6, &socket_address, sizeof v6);
  std::memcpy(address.bytes.data(), &v6.sin6_addr, 16);
  return address;
}

std::string to_text(const Address& address) {
  char text[INET6_ADDRSTRLEN] = "";
  inet_ntop(address.is_v4 ? AF_INET : AF_INET6, address.bytes.data() + (address.is_v4 ? 12 : 0), text, sizeof text);
  return text;
}

bool Network::contains(const Address& candidate) const {
  if (candidate.is_v4 != address.is_v4) return false;
  const std::size_t first = address.is_v4 ? 12 : 0;
  for (unsigned bit = 0; bit < length; ++bit) {
    const auto byte = first + bit / 8;
    const auto mask = static_cast<std::uint8_t>(0x80U >> (bit % 8));
    if ((candidate.bytes[byte] & mask) != (address.bytes[byte] & mask)) return false;
  }
  return true;
}

Result<Network, TargetError> parse_network(std::string_view text) {
  const auto slash = text.find('/');
  const auto address = parse_address(text.substr(0, slash));
  if (!address) return TargetError{"\"" + std::string(text) + "\" is no address such as 10.1.2.3, 10.0.0.0/8 or fd00::/8"};
  Network network{*address, address->is_v4 ? 32U : 128U};
  if (slash == std::string_view::npos) return network;
  const auto digits = text.substr(slash + 1);
  unsigned length = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), length);
  const bool whole = !digits.empty() && read.ec == std::errc{} && read.ptr == digits.data() + digits.size();
  if (!whole || length > network.length) {
    return TargetError{"\"" + std::string(text) + "\" has no length from 0 to " + std::to_string(network.length) + " after the slash"};
  }
  network.length = length;
  return network;
}

std::optional<std::string> refusal(const Address& address, const std::vector<Network>& allowed) {
  const auto holds = [&](const Network& network) { return network.contains(address); };
  if (std::any_of(allowed.begin(), allowed.end(), holds)) return std::nullopt;
  for (const auto& special : special_networks()) {
    if (holds(special.network)) return to_text(address) + " is " + std::string(special.what);
  }
  const bool is_global = address.is_v4 || (address.bytes[0] & 0xe0) == 0x20;  // 2000::/3, all that is given out today
  return is_global ? std::nullopt : std::optional(to_text(address) + " is not an address of the public internet");
}

std::optional<std::string> url_problem(const std::string& url, const std::vector<Network>& allowed) {
  const Url parsed(curl_url(), &curl_url_cleanup);
  // As of a browser: 0x7f.1 and 2130706433 come out as 127.0.0.1.
  if (!parsed || curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK) {
    return "it is no URL such as https://example.org/hook";
  }
  const auto scheme = part_of(parsed, CURLUPART_SCHEME);
  if (scheme != "https" && scheme != "http") return "only https and http URLs are called";
  if (part_of(parsed, CURLUPART_USER) || part_of(parsed, CURLUPART_PASSWORD)) {
    return "it carries credentials, which end up in logs: use the signature to know who calls";
  }
  if (part_of(parsed, CURLUPART_FRAGMENT)) return "it has a fragment (#…), which is never sent";
  auto host = part_of(parsed, CURLUPART_HOST).value_or("");
  if (host.empty()) return "it names no host";
  if (host.front() == '[') host = host.substr(1, host.size() - 2);
  const auto address = parse_address(host);
  const auto refused = address ? refusal(*address, allowed) : std::nullopt;
  if (!refused) return std::nullopt;
  return *refused + R"(; list it in "allow" of [webhooks] if that is meant)";
}

}  // namespace offhook::webhook
