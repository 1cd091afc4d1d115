#include "cli/environment.hpp"

#include <chrono>
#include <cstdlib>

namespace offhook::cli {
namespace {

std::string variable(const char* name, const char* otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr || *value == '\0' ? otherwise : value;
}

wire::TokenClaims claims_for(const Environment& environment, Duration valid) {
  wire::TokenClaims claims;
  claims.project = environment.key;
  claims.issued_at = now();
  claims.expires_at = claims.issued_at + valid;
  return claims;
}

}  // namespace

// The defaults are those of `offhookd --dev`.
Environment read_environment() {
  return {variable("OFFHOOK_URL", "http://127.0.0.1:7080"), variable("OFFHOOK_API_KEY", "1000001"),
          variable("OFFHOOK_API_SECRET", "offhook-development-secret"), variable("OFFHOOK_CA_FILE", ""),
          variable("OFFHOOK_OPERATOR_SECRET", "offhook-development-secret")};
}

std::string user_token(const Environment& environment, const UserId& user, const std::optional<std::string>& device, Duration valid) {
  auto claims = claims_for(environment, valid);
  claims.user = user;
  claims.device = device;
  return wire::make_token(claims, environment.secret);
}

std::string admin_token(const Environment& environment) {
  auto claims = claims_for(environment, std::chrono::minutes{5});
  claims.scope = wire::Scope::Admin;
  return wire::make_token(claims, environment.secret);
}

Instant now() {
  return Instant{std::chrono::duration_cast<Duration>(std::chrono::system_clock::now().time_since_epoch())};
}

Duration steady_now() { return std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch()); }

}  // namespace offhook::cli
