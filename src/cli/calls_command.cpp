// offhook calls list, get, end, add: the project's calls, for its backend.
#include <boost/json.hpp>
#include <charconv>

#include "cli/call_options.hpp"
#include "cli/follow.hpp"
#include "cli/rest.hpp"
#include "cli/stage.hpp"
#include "offhook/http.hpp"

namespace offhook::cli {
namespace {

namespace json = boost::json;

// A moment as milliseconds since the Unix epoch, or as a duration before now.
Result<std::optional<std::int64_t>, UsageError> moment_in(const Arguments& arguments, std::string_view option) {
  using Value = std::optional<std::int64_t>;
  const auto text = arguments.text(option);
  if (!text) return Value{};
  if (const auto ago = parse_duration(*text)) return Value(to_unix_ms(now() - *ago));
  std::int64_t number = 0;
  const auto read = std::from_chars(text->data(), text->data() + text->size(), number);
  if (read.ec == std::errc{} && read.ptr == text->data() + text->size() && number >= 0) return Value(number);
  return UsageError{std::string(option) + " needs a time ago like 2h, or milliseconds since the Unix epoch, not \"" +
                    *text + "\"."};
}

// What all pages of a list have in common, as a query.
Result<std::string, UsageError> filters_of(const Arguments& arguments) {
  std::string out;
  if (const auto user = arguments.text("--user")) {
    if (auto problem = problem_of_user(*user)) return *problem;
    out += "&user=" + percent_encoded(*user);
  }
  const auto phase = choice(arguments, "--phase", {"inviting", "connecting", "active", "ended"});
  if (!phase) return phase.error();
  if (*phase) out += "&phase=" + **phase;
  const auto outcome = outcome_in(arguments, "--outcome");
  if (!outcome) return outcome.error();
  if (*outcome) out += "&outcome=" + *arguments.text("--outcome");
  for (const auto& [option, field] : {std::pair{"--since", "from_at_ms"}, std::pair{"--until", "to_at_ms"}}) {
    const auto moment = moment_in(arguments, option);
    if (!moment) return moment.error();
    if (*moment) out += "&" + std::string(field) + "=" + std::to_string(**moment);
  }
  return out;
}

}  // namespace

ExitCode run_calls_list(const Arguments& arguments, const Environment& environment) {
  const auto limit = whole_number(arguments, "--limit", 1, 10'000);
  if (!limit) return limit.error();
  const auto filters = filters_of(arguments);
  if (!filters) return filters.error();
  const Report report(arguments.has("--json"));
  Rest rest(environment, report);
  const List list{"/v1/calls", *filters, "calls", "There are no calls."};
  return print_list(rest, report, list, limit->value_or(20), arguments.text("--cursor").value_or(""),
                    [&](const json::object& call) { print_call(report, call); });
}

ExitCode run_calls_get(const Arguments& arguments, const Environment& environment) {
  const auto target = call_target(arguments.operands[0]);
  if (!target) return target.error();
  const auto expected = outcome_in(arguments, "--expect");
  if (!expected) return expected.error();
  const Report report(arguments.has("--json"));
  Rest rest(environment, report);
  const auto call = rest.ask("GET", *target);
  if (!call) return rest.exit_code();
  print_call(report, *call);
  return arguments.has("--wait") ? follow(rest, report, *call, *expected) : verdict(*call, *expected);
}

ExitCode run_calls_end(const Arguments& arguments, const Environment& environment) {
  const auto target = call_target(arguments.operands[0], "/end");
  if (!target) return target.error();
  const Report report(arguments.has("--json"));
  Rest rest(environment, report);
  const auto call = rest.ask("POST", *target);
  if (!call) return rest.exit_code();
  print_call(report, *call);
  return k_done;
}

ExitCode run_calls_add(const Arguments& arguments, const Environment& environment) {
  const auto target = call_target(arguments.operands[0], "/ring");
  if (!target) return target.error();
  const std::vector<std::string> users(arguments.operands.begin() + 1, arguments.operands.end());
  for (const auto& user : users) {
    if (auto problem = problem_of_user(user)) return *problem;
  }
  const Report report(arguments.has("--json"));
  Rest rest(environment, report);
  const auto call = rest.ask("POST", *target, Json().texts("users", users).done());
  if (!call) return rest.exit_code();
  print_call(report, *call);
  return k_done;
}

}  // namespace offhook::cli
