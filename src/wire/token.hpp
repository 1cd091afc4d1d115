// Tokens: JWT (RFC 7519) with HS256 (RFC 7518 section 3.2), claims as in PROTOCOL.md section 1; and the two forms of OpenTok's
// client tokens (opentok_token.hpp). Pure functions over given bytes and a given time; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "wire/keys.hpp"
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
  SessionRole role = SessionRole::Publisher;  // in the session
  std::vector<std::string> layout_classes;    // of the streams its holder publishes
  bool revives = false;                       // the session need not exist (any more): an OpenTok session never ends
};

// Signed with `secret` (not empty).
std::string make_token(const TokenClaims& claims, std::string_view secret);

// Fails with BadToken (one message whatever is wrong with the signature or form) or TokenExpired. A token without `sub` and without
// `session` is refused. Either kind of token is told by its form.
Result<TokenClaims, Error> verify_token(std::string_view token, const KeysOf& keys_of, Instant now);

// One sentence for everything, so that nobody learns from the answer which part of a forgery was right.
Error bad_token();
Error expired_token();

// A syntactically fine user name or device id (PROTOCOL.md section 12).
bool valid_user(std::string_view user);
bool valid_device_id(std::string_view device_id);

}  // namespace offhook::wire
