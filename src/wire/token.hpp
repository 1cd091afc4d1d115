// Tokens: JWT (RFC 7519) with HS256 (RFC 7518 section 3.2). Claims as in PROTOCOL.md section 1.
// Pure functions over given bytes and a given time; any thread.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "wire/messages.hpp"

namespace offhook::wire {

enum class Scope { Client, Admin };

struct TokenClaims {
  ProjectId project;           // iss
  std::optional<UserId> user;  // sub
  Instant expires_at;          // exp
  Instant issued_at;           // iat
  std::optional<std::string> device;
  std::optional<SessionId> session;
  std::optional<std::string> data;
  Scope scope = Scope::Client;
};

// Signed with `secret` (not empty).
std::string make_token(const TokenClaims& claims, std::string_view secret);

// `secret_of(project)` gives the project's secret or nothing. Fails with BadToken (one message whatever is wrong with the
// signature or form, compared in constant time) or TokenExpired. A token without `sub` and without `session` is refused.
using SecretOf = std::function<std::optional<std::string>(std::string_view project)>;
Result<TokenClaims, Error> verify_token(std::string_view token, const SecretOf& secret_of, Instant now);

// A syntactically fine user name or device id (PROTOCOL.md section 12).
bool valid_user(std::string_view user);
bool valid_device_id(std::string_view device_id);

}  // namespace offhook::wire
