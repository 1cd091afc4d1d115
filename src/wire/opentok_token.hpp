// OpenTok's client tokens, as its server SDKs of 2012 to 2026 make them: the older form `T1==…`, signed with HMAC-SHA1, and JWT,
// signed HS256 with a secret, or RS256 by an application. Pure functions; verify_token (token.hpp) is the door to them.
#pragma once

#include <string>
#include <string_view>

#include "wire/jwt.hpp"
#include "wire/token.hpp"

namespace offhook::wire {

bool is_t1_token(std::string_view token);
Result<TokenClaims, Error> verify_t1_token(std::string_view token, const KeysOf& keys_of, Instant now);

bool is_opentok_jwt(const Jwt& jwt);
// REQUIRES: `jwt` comes from open_jwt with the same keys.
Result<TokenClaims, Error> verify_opentok_jwt(const Jwt& jwt, const KeysOf& keys_of, Instant now);

}  // namespace offhook::wire
