// Base64 (RFC 4648). Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace offhook::wire {

// Section 5, without padding.
std::string to_base64url(std::string_view bytes);

// Strict: no padding, no foreign characters, no bits left over, so that one signature has one text.
std::optional<std::string> from_base64url(std::string_view text);

// Either alphabet, with padding or without: for what is signed after it has been decoded.
std::optional<std::string> from_any_base64(std::string_view text);

}  // namespace offhook::wire
