#include "wire/opentok_auth.hpp"

#include <array>

#include "wire/jwt.hpp"
#include "wire/limits.hpp"
#include "wire/secret.hpp"

namespace offhook::wire {
namespace {

constexpr auto k_skew = std::chrono::seconds{60};  // twice the leeway of clients: backends are many and their tokens short-lived

// `ist` is a claim, or stands in the header (Ruby), or is left out.
bool is_for_project(Claims& claims, const Jwt& jwt) {
  Claims header(jwt.header);
  const auto in_claims = claims.text("ist", 16);
  const auto ist = in_claims ? in_claims : header.text("ist", 16);
  return header.sound() && (!ist || *ist == "project" || *ist == "account");
}

// These name a client, or what it may do.
bool is_of_client(const Claims& claims) {
  constexpr std::array<std::string_view, 5> k_names = {"sub", "scope", "session", "session_id", "connection_data"};
  for (const auto name : k_names) {
    if (claims.has(name)) return true;
  }
  return false;
}

std::optional<ProjectId> by_jwt(std::string_view token, const KeysOf& keys_of, Instant now, const RestRules& rules) {
  const auto jwt = open_jwt(token, k_max_token_bytes, keys_of);
  const auto keys = jwt ? keys_of(jwt->project) : std::nullopt;
  if (!keys || jwt->is_rs256 == keys->public_key.empty()) return std::nullopt;
  Claims claims(jwt->payload);
  const auto expires_at = claims.moment("exp");
  const auto issued_at = claims.moment("iat");
  const auto not_before = claims.moment("nbf");
  if (!expires_at || *expires_at + k_skew < now) return std::nullopt;
  if (issued_at && (*issued_at > now + k_skew || *expires_at - *issued_at > rules.longest_lifetime + k_skew)) return std::nullopt;
  if (not_before && *not_before > now + k_skew) return std::nullopt;
  const bool is_right = is_for_project(claims, *jwt) && !is_of_client(claims) && claims.sound();
  return is_right ? std::optional(jwt->project) : std::nullopt;
}

std::optional<ProjectId> by_secret(std::string_view text, const KeysOf& keys_of) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto project = text.substr(0, colon);
  const auto keys = keys_of(project);
  if (!keys || !keys->public_key.empty()) return std::nullopt;
  bool right = false;
  for (const auto& secret : keys->secrets) right = equal_in_constant_time(secret, text.substr(colon + 1)) || right;
  return right ? std::optional(ProjectId(project)) : std::nullopt;
}

}  // namespace

std::optional<ProjectId> authenticate_rest(const RestCredentials& credentials, const KeysOf& keys_of, Instant now, const RestRules& rules) {
  constexpr std::string_view k_bearer = "Bearer ";
  if (!credentials.opentok_auth.empty()) return by_jwt(credentials.opentok_auth, keys_of, now, rules);
  if (credentials.authorization.starts_with(k_bearer)) return by_jwt(credentials.authorization.substr(k_bearer.size()), keys_of, now, rules);
  if (rules.allow_partner_auth && !credentials.partner_auth.empty()) return by_secret(credentials.partner_auth, keys_of);
  return std::nullopt;
}

}  // namespace offhook::wire
