// application/x-www-form-urlencoded (WHATWG URL, section 5), of queries, bodies and tokens. Pure functions.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace offhook::wire {

// RFC 3986 section 2.1; nothing if it is malformed. In a form '+' is a space.
std::optional<std::string> percent_decode(std::string_view text, bool in_form);

// The last field of a name wins; what cannot be decoded, or has no '=', is left out.
using Form = std::map<std::string, std::string>;
Form parse_form(std::string_view text);

}  // namespace offhook::wire
