// Session ids, in Offhook's form and in OpenTok's. The two are one id: each follows from the other and the project's key, so that
// an id made long ago needs no record. Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/ids.hpp"
#include "base/session_ids.hpp"

namespace offhook::wire {

// `1_` and base64url of `1~KEY~~MILLISECONDS~26 characters~~`. The server SDKs look for the key in it, each in its own way: PHP
// splits the text at '-' and decodes the pieces, .NET wants no '_' but the first. So no byte of the plain text may be '?', '>' or
// above 0x7e; keys are checked for that where they are made.
std::string to_opentok_session(const SessionId& id, std::string_view project);

// A session of `project`, or nothing for whatever else the text is.
std::optional<SessionId> from_opentok_session(std::string_view text, std::string_view project);

// Has OpenTok's form, but was made by OpenTok itself, whose sessions do not go on here: what a team meets that has moved its SDK but
// still keeps old ids.
bool is_session_of_opentok(std::string_view text);
inline constexpr std::string_view k_not_made_here =
    "That session was made by OpenTok and is not known here: create a session with this server, and use its id in place of the old one.";

// Either form.
std::optional<SessionId> parse_any_session(std::string_view text, std::string_view project);

}  // namespace offhook::wire
