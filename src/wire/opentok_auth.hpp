// Who asks, in a REST request of an OpenTok server SDK. Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/ids.hpp"
#include "base/time.hpp"
#include "wire/keys.hpp"

namespace offhook::wire {

// The headers, empty where absent. The first that is there counts: two opinions in one request are one too many.
struct RestCredentials {
  std::string_view opentok_auth;   // X-OPENTOK-AUTH: a JWT
  std::string_view authorization;  // Authorization: Bearer, and a JWT
  std::string_view partner_auth;   // X-TB-PARTNER-AUTH: key and secret in the clear
};

struct RestRules {
  bool allow_partner_auth = false;
  Duration longest_lifetime = std::chrono::hours{30 * 24};  // of a JWT, from `iat` to `exp`
};

// The project that asks; nothing for whatever is not right, for one reason as for another. A token that is made for a client (of
// either kind) is none of a backend, although the same secret has signed it.
std::optional<ProjectId> authenticate_rest(const RestCredentials& credentials, const KeysOf& keys_of, Instant now, const RestRules& rules);

}  // namespace offhook::wire
