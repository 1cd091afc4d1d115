// What the program takes from around it: where the server is, whose tokens it signs, and the clock they need. The only place of
// the program that reads the environment or a clock.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/time.hpp"
#include "wire/token.hpp"

namespace offhook::cli {

struct Environment {
  std::string url;
  std::string key;
  std::string secret;
  std::string ca_file;
  std::string operator_secret;
};
Environment read_environment();

// In place of a project's key: the operator, who signs with the operator's secret.
inline constexpr std::string_view k_operator = "operator";

// Good from now on for so long.
std::string user_token(const Environment& environment, const UserId& user, const std::optional<std::string>& device, Duration valid);
std::string admin_token(const Environment& environment);

Instant now();
// Never set back; for measuring.
Duration steady_now();

}  // namespace offhook::cli
