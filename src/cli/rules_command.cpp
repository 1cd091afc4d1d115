// offhook rules get, set: how a user wants to be called.
#include <algorithm>
#include <boost/json.hpp>

#include "cli/rest.hpp"
#include "cli/stage.hpp"
#include "offhook/http.hpp"

namespace offhook::cli {
namespace {

namespace json = boost::json;

std::string target_of(const UserId& user) { return "/v1/users/" + percent_encoded(user) + "/rules"; }

std::vector<std::string> blocked_in(const json::object& rules) {
  std::vector<std::string> out;
  const auto* list = rules.if_contains("blocked");
  if (list == nullptr || !list->is_array()) return out;
  for (const auto& user : list->get_array()) {
    if (user.is_string()) out.emplace_back(user.get_string());
  }
  return out;
}

void print_rules(const Report& report, const UserId& user, const json::object& rules) {
  std::string blocked;
  for (const auto& one : blocked_in(rules)) blocked += (blocked.empty() ? "" : ", ") + one;
  report.say_line(json::serialize(rules), user + ": call waiting " + text_in(rules, "call_waiting") + ", at most " +
                                              std::to_string(number_in(rules, "max_parallel_rings")) +
                                              " calls ring at once, do not disturb " +
                                              (flag_in(rules, "do_not_disturb") ? "on" : "off") +
                                              ", blocked: " + (blocked.empty() ? "nobody" : blocked) + ".");
}

// What the options ask to be other than it is. Names of users that cannot be right are errors.
struct Change {
  std::optional<std::string> call_waiting, do_not_disturb;
  std::optional<std::int64_t> max_parallel_rings;
  std::vector<std::string> block, unblock;
  bool defaults = false;
};

Result<Change, UsageError> change_in(const Arguments& arguments) {
  Change change;
  const auto waiting = choice(arguments, "--call-waiting", {"off", "ring_other_devices", "ring_all"});
  if (!waiting) return waiting.error();
  const auto disturb = choice(arguments, "--do-not-disturb", {"on", "off"});
  if (!disturb) return disturb.error();
  const auto rings = whole_number(arguments, "--max-parallel-rings", 1, 5);
  if (!rings) return rings.error();
  change = {*waiting,
            *disturb,
            *rings,
            arguments.texts("--block"),
            arguments.texts("--unblock"),
            arguments.has("--defaults")};
  for (const auto* users : {&change.block, &change.unblock}) {
    for (const auto& user : *users) {
      if (auto problem = problem_of_user(user)) return *problem;
    }
  }
  const bool is_empty =
      !*waiting && !*disturb && !*rings && change.block.empty() && change.unblock.empty() && !change.defaults;
  if (is_empty) return UsageError{"What shall be different? \"offhook help rules set\" lists the options."};
  return change;
}

std::string body_of(const json::object& rules, const Change& change) {
  auto blocked = blocked_in(rules);
  std::erase_if(blocked, [&](const std::string& user) {
    return std::find(change.unblock.begin(), change.unblock.end(), user) != change.unblock.end();
  });
  for (const auto& user : change.block) {
    if (std::find(blocked.begin(), blocked.end(), user) == blocked.end()) blocked.push_back(user);
  }
  Json body;
  if (change.call_waiting || rules.contains("call_waiting"))
    body.text("call_waiting", change.call_waiting.value_or(text_in(rules, "call_waiting")));
  if (change.max_parallel_rings || rules.contains("max_parallel_rings")) {
    body.number("max_parallel_rings", change.max_parallel_rings.value_or(number_in(rules, "max_parallel_rings")));
  }
  body.flag("do_not_disturb",
            change.do_not_disturb ? *change.do_not_disturb == "on" : flag_in(rules, "do_not_disturb"));
  return body.texts("blocked", blocked).done();
}

}  // namespace

ExitCode run_rules_get(const Arguments& arguments, const Environment& environment) {
  const auto& user = arguments.operands[0];
  if (auto problem = problem_of_user(user)) return *problem;
  const Report report(arguments.has("--json"));
  Rest rest(environment, report);
  const auto rules = rest.ask("GET", target_of(user));
  if (!rules) return rest.exit_code();
  print_rules(report, user, *rules);
  return k_done;
}

// The server replaces rules whole; what nobody speaks of here stays as it is.
ExitCode run_rules_set(const Arguments& arguments, const Environment& environment) {
  const auto& user = arguments.operands[0];
  if (auto problem = problem_of_user(user)) return *problem;
  const auto change = change_in(arguments);
  if (!change) return change.error();
  const Report report(arguments.has("--json"));
  Rest rest(environment, report);
  const auto before = change->defaults ? std::optional(json::object()) : rest.ask("GET", target_of(user));
  if (!before) return rest.exit_code();
  const auto after = rest.ask("PUT", target_of(user), body_of(*before, *change));
  if (!after) return rest.exit_code();
  print_rules(report, user, *after);
  return k_done;
}

}  // namespace offhook::cli
