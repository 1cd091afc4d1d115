// Tokens in every form, and those that are made here.
#include "tests/fuzz/fuzz.hpp"
#include "wire/limits.hpp"
#include "wire/opentok_auth.hpp"
#include "wire/token.hpp"

using namespace offhook;

namespace {

const Instant k_now = from_unix_ms(1'700'000'000'000);

std::optional<wire::ProjectKeys> keys_of(std::string_view project) {
  if (project != "1") return std::nullopt;
  return wire::ProjectKeys{{"a secret of some length", "an older secret"}, {}};
}

}  // namespace

// The bytes are no token: whoever could make one here would have broken HMAC.
FUZZ(bytes) {
  MUST(!wire::verify_token(bytes, keys_of, k_now));
  MUST(!wire::verify_token("T1==" + std::string(bytes), keys_of, k_now));
  for (const bool partner_auth : {false, true}) {
    wire::RestRules rules;
    rules.allow_partner_auth = partner_auth;
    MUST(!wire::authenticate_rest({std::string(bytes), "", ""}, keys_of, k_now, rules));
    MUST(!wire::authenticate_rest({"", std::string(bytes), ""}, keys_of, k_now, rules));
  }
  wire::TokenClaims claims;
  claims.project = "1";
  claims.user = "u";
  claims.data = std::string(bytes.substr(0, wire::k_max_connection_data_bytes));
  claims.expires_at = k_now + std::chrono::hours{1};
  const auto token = wire::make_token(claims, "a secret of some length");
  MUST(!wire::verify_token(token + std::string(bytes.substr(0, 1)) + "x", keys_of, k_now));
}
