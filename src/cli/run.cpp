#include "cli/run.hpp"

#include <chrono>

#include "cli/report.hpp"
#include "cli/stage.hpp"
#include "wire/token.hpp"

namespace offhook::cli {

std::optional<UsageError> problem_of_user(const UserId& user) {
  if (wire::valid_user(user)) return std::nullopt;
  return UsageError{"A user's name has 1 to 128 bytes of UTF-8, no control characters, and does not begin with ~."};
}

Result<ClientOptions, UsageError> client_options(const Arguments& arguments, const Environment& environment,
                                                 const UserId& user) {
  if (auto problem = problem_of_user(user)) return *problem;
  const auto device = arguments.text("--device");
  if (device && !wire::valid_device_id(*device)) {
    return UsageError{"--device needs 1 to 64 letters, digits and . _ -, not \"" + *device + "\"."};
  }
  ClientOptions options;
  options.url = environment.url;
  options.ca_file = environment.ca_file;
  options.name = "cli";
  options.device_id = device.value_or("");
  options.state_file = arguments.text("--state").value_or("");
  // A new one for each connection: a listener may well outlive any token.
  options.get_token = [environment, user, device](const std::function<void(std::string)>& give) {
    give(user_token(environment, user, device, std::chrono::hours{1}));
  };
  return options;
}

std::string advice_on(const Problem& problem, const Environment& environment) {
  if (problem.word == "bad_token") {
    auto why = problem.message;
    if (why.ends_with('.')) why.pop_back();
    const auto refused = "The server at " + environment.url + " refuses the token (" + why + "); set ";
    if (environment.key == k_operator) return refused + "OFFHOOK_OPERATOR_SECRET to the secret of [operator] in its configuration.";
    return refused + "OFFHOOK_API_KEY and OFFHOOK_API_SECRET to those of a project it knows.";
  }
  if (problem.word == "token_expired") {
    return "The server at " + environment.url +
           " says that a token made just now has expired; set the clock of one of the two machines right.";
  }
  if (problem.word == "caller_offline")
    return problem.message +
           " Calls are made by a device of the caller: start \"offhook listen USER\" for it, or name another with "
           "--device.";
  if (problem.word == "no_such_call") return problem.message + " \"offhook calls list\" shows the calls there are.";
  if (problem.word == "no_such_webhook") return "The project has no webhook of this name; \"offhook webhooks list\" shows them.";
  if (problem.word == "no_such_event") return problem.message + " \"offhook webhooks events\" shows them.";
  if (problem.word == "call_over") return problem.message + " \"offhook calls get CALL\" shows how.";
  if (problem.word == "unreachable")
    return problem.message + " OFFHOOK_URL says where to look; it is " + environment.url + ".";
  return problem.message;
}

ExitCode run_token(const Arguments& arguments, const Environment& environment) {
  using std::chrono::hours, std::chrono::seconds;
  const auto& user = arguments.operands[0];
  const auto valid = duration(arguments, "--expires", seconds{1});
  if (!valid) return valid.error();
  const auto options = client_options(arguments, environment, user);
  if (!options) return options.error();
  const auto lifetime = valid->value_or(hours{1});
  const auto token = user_token(environment, user, arguments.text("--device"), lifetime);
  Json json;
  json.text("token", token).text("user", user).number("expires_at_ms", to_unix_ms(now() + lifetime));
  Report(arguments.has("--json")).say(json, token);
  return k_done;
}

}  // namespace offhook::cli
