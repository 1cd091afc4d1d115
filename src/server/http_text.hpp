// Answers and queries of the HTTP side, as text. Private to the server.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "adapters/net/net.hpp"
#include "wire/form.hpp"

namespace offhook::server {

net::HttpResponse json(unsigned status, std::string body);
net::HttpResponse failure(unsigned status, std::string_view word, std::string_view message);
net::HttpResponse not_found();
inline constexpr std::string_view k_too_many_waiting = "Too many requests wait for their answers; try again in 5 s.";
net::HttpResponse not_the_operator();

using wire::percent_decode;
using Query = wire::Form;
inline Query parse_query(std::string_view query) { return wire::parse_form(query); }

// What comes between `before` and `after`, without a slash; nothing if the path is not of this form.
std::optional<std::string_view> between(std::string_view path, std::string_view before, std::string_view after);

// Gives the answer a tag that changes with its body; 304 without a body if that is `known`, the If-None-Match of the request.
void tag(net::HttpResponse& response, std::string_view known);

// Digits and nothing else, up to the largest number that a program in JavaScript can hold.
std::optional<std::uint64_t> whole_number(std::string_view digits);
// The field "limit", 1 to 100, if it is there; or the sentence of what is wrong with it.
std::optional<std::string> read_limit(const Query& query, std::size_t& limit);

}  // namespace offhook::server
