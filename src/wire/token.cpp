#include "wire/token.hpp"

#include <algorithm>
#include <boost/json.hpp>

#include "base/check.hpp"
#include "wire/codec.hpp"
#include "wire/jwt.hpp"
#include "wire/limits.hpp"
#include "wire/opentok_token.hpp"

namespace offhook::wire {
namespace {

namespace json = boost::json;

std::optional<TokenClaims> read_claims(const json::object& object, Instant now) {
  Claims read(object);
  TokenClaims claims;
  claims.project = read.text("iss", 64).value_or("");
  claims.user = read.text("sub", k_max_user_bytes);
  claims.device = read.text("device", k_max_device_name_bytes);
  claims.data = read.text("data", k_max_connection_data_bytes);
  if (const auto session = read.text("session", 64)) {
    claims.session = SessionId::parse(*session);
    read.demand(claims.session.has_value());
  }
  if (const auto role = read.text("role", 16)) {
    const auto known = parse_session_role(*role);
    read.demand(known.has_value());
    claims.role = known.value_or(SessionRole::Publisher);
  }
  const auto scope = read.text("scope", 16).value_or("client");
  read.demand(scope == "client" || scope == "admin");
  claims.scope = scope == "admin" ? Scope::Admin : Scope::Client;
  const auto expires_at = read.moment("exp");
  read.demand(expires_at.has_value());
  claims.expires_at = expires_at.value_or(Instant{});
  claims.issued_at = read.moment("iat").value_or(Instant{});
  const auto not_before = read.moment("nbf").value_or(Instant{});
  read.demand(claims.issued_at <= now + k_leeway && not_before <= now + k_leeway);
  read.demand(!claims.user || valid_user(*claims.user));
  read.demand(claims.user || claims.session || claims.scope == Scope::Admin);
  return read.sound() ? std::optional(claims) : std::nullopt;
}

}  // namespace

std::string make_token(const TokenClaims& claims, std::string_view secret) {
  CHECK(!secret.empty());
  json::object payload;
  payload["iss"] = claims.project;
  if (claims.user) payload["sub"] = *claims.user;
  payload["iat"] = to_unix_ms(claims.issued_at) / 1000;
  payload["exp"] = to_unix_ms(claims.expires_at) / 1000;
  if (claims.device) payload["device"] = *claims.device;
  if (claims.session) payload["session"] = claims.session->text();
  if (claims.data) payload["data"] = *claims.data;
  if (claims.scope == Scope::Admin) payload["scope"] = "admin";
  if (claims.role != SessionRole::Publisher) payload["role"] = word(claims.role);
  return sign_hs256(payload, secret);
}

Result<TokenClaims, Error> verify_token(std::string_view token, const KeysOf& keys_of, Instant now) {
  if (is_t1_token(token)) return verify_t1_token(token, keys_of, now);
  const auto jwt = open_jwt(token, k_max_token_bytes, keys_of);
  if (!jwt) return bad_token();
  if (is_opentok_jwt(*jwt)) return verify_opentok_jwt(*jwt, keys_of, now);
  const auto claims = jwt->is_rs256 ? std::nullopt : read_claims(jwt->payload, now);
  if (!claims) return bad_token();
  if (claims->expires_at + k_leeway < now) return expired_token();
  return *claims;
}

Error bad_token() {
  Error error;
  error.error = ErrorWord::BadToken;
  error.message = "The token is not valid here: check the project key, the secret and the claims it was made with.";
  return error;
}

Error expired_token() {
  Error error;
  error.error = ErrorWord::TokenExpired;
  error.message = "The token has expired: ask the app's backend for a new one.";
  return error;
}

// A name that begins with '~' is an anonymous one, made by the server.
bool valid_user(std::string_view user) {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  return !user.empty() && user.size() <= k_max_user_bytes && !user.starts_with('~') &&
         std::none_of(user.begin(), user.end(), is_control);
}

bool valid_device_id(std::string_view device_id) {
  const auto is_fine = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
  };
  return !device_id.empty() && device_id.size() <= k_max_device_id_bytes &&
         std::all_of(device_id.begin(), device_id.end(), is_fine);
}

}  // namespace offhook::wire
