// offhook calls create: a backend places a call for a user.
#include <boost/json.hpp>

#include "cli/call_options.hpp"
#include "cli/follow.hpp"
#include "cli/rest.hpp"
#include "cli/stage.hpp"
#include "wire/codec.hpp"

namespace offhook::cli {
namespace {

// Adds a duration as a field; its range is the protocol's (PROTOCOL.md section 6).
std::optional<UsageError> add_duration(Json& body, const Arguments& arguments, const CallTimer& timer) {
  const auto given = duration(arguments, timer.option, timer.least, timer.most);
  if (!given) return given.error();
  if (*given) body.number(timer.field, (*given)->count());
  return std::nullopt;
}

Result<std::string, UsageError> group_of(const Arguments& arguments, const std::vector<std::string>& users) {
  const auto group = group_options(arguments, users);
  if (!group) return group.error();
  Json out;
  out.texts("users", users).text("mode", wire::word(group->mode));
  out.text("owner_leaves", group->owner_leaves == wire::OwnerLeaves::Stay ? "stay" : "end");
  return out.done();
}

std::optional<UsageError> add_people(Json& body, const Arguments& arguments) {
  const auto from = arguments.text("--from");
  const auto users = arguments.texts("--to");
  if (!from || users.empty())
    return UsageError{
        "Who calls whom? It needs --from USER and --to USER, and --to again for each further user of a group."};
  if (auto problem = problem_of_user(*from)) return problem;
  for (const auto& user : users) {
    if (auto problem = problem_of_user(user)) return problem;
  }
  body.text("from", *from).text_if("from_device", arguments.text("--device"));
  if (!is_group(arguments, users)) {
    body.text("to", users[0]);
    return std::nullopt;
  }
  const auto group = group_of(arguments, users);
  if (!group) return group.error();
  body.raw("group", *group);
  return std::nullopt;
}

Result<std::string, UsageError> body_of(const Arguments& arguments) {
  Json body;
  if (auto error = add_people(body, arguments)) return *error;
  const auto media = choice(arguments, "--media", {"none", "audio", "video"});
  if (!media) return media.error();
  body.text("media", media->value_or("none")).text_if("data", arguments.text("--data"));
  for (const auto& timer : k_call_timers) {
    if (auto error = add_duration(body, arguments, timer)) return *error;
  }
  const auto policy = choice(arguments, "--decline-policy", {"first_decline", "all_devices"});
  if (!policy) return policy.error();
  body.text_if("decline_policy", *policy);
  if (arguments.has("--wait-full-ring")) body.flag("wait_full_ring", true);
  return body.done();
}

}  // namespace

ExitCode run_calls_create(const Arguments& arguments, const Environment& environment) {
  const auto body = body_of(arguments);
  if (!body) return body.error();
  const auto expected = outcome_in(arguments, "--expect");
  if (!expected) return expected.error();
  const Report report(arguments.has("--json"));
  Rest rest(environment, report);
  const auto call = rest.ask("POST", "/v1/calls", *body);
  if (!call) return rest.exit_code();
  print_call(report, *call);
  return arguments.has("--wait") || *expected ? follow(rest, report, *call, *expected) : k_done;
}

}  // namespace offhook::cli
