// Answers and queries of the HTTP side, as text. Private to the server.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "adapters/net/net.hpp"

namespace offhook::server {

net::HttpResponse json(unsigned status, std::string body);
net::HttpResponse failure(unsigned status, std::string_view word, std::string_view message);
net::HttpResponse not_found();

// RFC 3986 section 2.1; nothing if it is malformed. In a query '+' is a space.
std::optional<std::string> percent_decode(std::string_view text, bool in_query);
std::map<std::string, std::string> parse_query(std::string_view query);

}  // namespace offhook::server
