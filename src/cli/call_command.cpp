// offhook call FROM TO…
#include "cli/call_options.hpp"
#include "cli/report.hpp"
#include "cli/run.hpp"
#include "cli/stage.hpp"
#include "wire/codec.hpp"

namespace offhook::cli {
namespace {

struct Plan {
  std::vector<UserId> to;
  std::optional<Group> group;
  CallOptions options;
  std::optional<Milliseconds> cancel_after, hang_up_after;
  std::optional<Outcome> expected;
};

std::optional<UsageError> read_people(const Arguments& arguments, Plan& plan) {
  plan.to = {arguments.operands.begin() + 1, arguments.operands.end()};
  for (const auto& user : plan.to) {
    if (auto problem = problem_of_user(user)) return problem;
  }
  if (!is_group(arguments, plan.to)) return std::nullopt;
  const auto group = group_options(arguments, plan.to);
  if (!group) return group.error();
  plan.group = *group;
  return std::nullopt;
}

Result<Plan, UsageError> make_plan(const Arguments& arguments) {
  Plan plan;
  if (auto problem = read_people(arguments, plan)) return *problem;
  const auto media = arguments.text("--media").value_or("none");
  if (media == "audio" || media == "video") {
    return UsageError{"There is no microphone or camera here; call with --media none, or from a browser."};
  }
  if (media != "none") return UsageError{"--media must be none, audio or video, not \"" + media + "\"."};
  const auto expected = outcome_in(arguments, "--expect");
  if (!expected) return expected.error();
  plan.expected = *expected;
  const auto options = call_options(arguments);
  if (!options) return options.error();
  plan.options = *options;
  for (const auto& [option, value] : {std::pair{"--cancel-after", &plan.cancel_after}, std::pair{"--hang-up-after", &plan.hang_up_after}}) {
    const auto given = duration(arguments, option);
    if (!given) return given.error();
    *value = *given;
  }
  return plan;
}

// "bob", "bob and carol", "bob, carol and dave"
std::string names_of(const std::vector<UserId>& users) {
  std::string out;
  for (std::size_t i = 0; i < users.size(); ++i) out += (i == 0 ? "" : i + 1 == users.size() ? " and " : ", ") + users[i];
  return out;
}

bool is_before_answer(CallState state) { return state == CallState::Calling || state == CallState::Ringing; }

int exit_code_of(const CallEnd& end, std::optional<Outcome> expected) {
  if (end.reason == Reason::ServerUnreachable) return k_unreachable;
  return end.outcome == expected.value_or(end.outcome == Outcome::LostContact ? Outcome::Ended : end.outcome) ? k_done : k_unexpected;
}

// One call, from its beginning to its end; everything but run() happens on the client's thread.
class Caller {
 public:
  Caller(Plan plan, const Environment& environment, Report report, ClientOptions options)
      : plan_(std::move(plan)), environment_(environment), report_(report), client_(std::move(options)) {}

  int run() {
    auto json = event_json("calling");
    json.text("peer", plan_.to[0]).text("device", client_.device_id());
    if (plan_.group) json.texts("users", plan_.to).text("mode", wire::word(plan_.group->mode));
    report_.say(json, "Calling " + names_of(plan_.to) + ".");
    client_.on_online([this] { was_online_ = true; });
    client_.on_error([this](const Problem& problem) { on_error(problem); });
    client_.on_closed([this](const std::optional<Problem>& problem) {
      if (problem) give_up(*problem);
    });
    call_ = plan_.group ? client_.start_group(*plan_.group, plan_.options) : client_.call(plan_.to[0], plan_.options);
    watch(*call_);
    client_.connect();
    return stage_.wait([this] { call_->hang_up(); });
  }

 private:
  void watch(Call& call) {
    const auto tell = [this](const char* event, const std::string& sentence) {
      return [this, event, sentence] { say(event, sentence); };
    };
    const std::string other = plan_.group ? "Somebody" : plan_.to[0];
    call.on_ringing(tell("ringing", other + " is being rung."));
    call.on_connecting(tell("connecting", other + " has answered; connecting."));
    call.on_peer_unstable(tell("peer_unstable", other + " is not heard any more; waiting."));
    call.on_peer_stable(tell("peer_stable", other + " is heard again."));
    call.on_reconnecting(tell("reconnecting", "The connection to the server is lost; trying to get it back."));
    call.on_reconnected(tell("reconnected", "The connection is back."));
    call.on_legs_changed([this](const std::vector<Leg>& legs) {
      if (!finished_) report_.say(legs_event(*call_, legs), legs_sentence(legs));
    });
    call.on_active([this] { on_active(); });
    call.on_ended([this](const CallEnd& end) { on_ended(end); });
    if (!plan_.cancel_after) return;
    client_.after(*plan_.cancel_after, [this] {
      if (is_before_answer(call_->state())) call_->cancel();
    });
  }

  void say(const char* event, const std::string& sentence) {
    if (!finished_) report_.say(call_event(event, *call_), sentence);
  }

  void on_active() {
    if (finished_) return;
    report_.say(call_event("active", *call_), "You are connected to " + (plan_.group ? "the group" : plan_.to[0]) + ". Ctrl-C hangs up.");
    if (plan_.hang_up_after) client_.after(*plan_.hang_up_after, [this] { call_->hang_up(); });
  }

  // Whoever types a command wants to know at once that nobody is there; a connection that was there may well come back.
  void on_error(const Problem& problem) {
    if (problem.word == "unreachable") trouble_ = problem;
    if (problem.word == "unreachable" && !was_online_) give_up(problem);
  }

  void give_up(const Problem& problem) {
    if (finished_) return;
    report_.complain(problem.word, advice_on(problem, environment_));
    if (problem.word == "bad_url") return finish(k_wrong_usage);
    if (was_online_) return;  // the engine ends the call
    const CallEnd end{Outcome::Failed, Reason::ServerUnreachable, {}, ""};
    report_.say(ended_event(*call_, end), "");
    finish(k_unreachable);
  }

  // Why the server could not be reached is told right after the end of the call.
  void on_ended(const CallEnd& end) {
    if (end.reason != Reason::ServerUnreachable) return conclude(end);
    client_.post([this, end] { conclude(end); });
  }

  void conclude(const CallEnd& end) {
    if (finished_) return;
    const auto code = exit_code_of(end, plan_.expected);
    const Problem silent{"unreachable", "The server does not answer."};
    if (code == k_unreachable) report_.complain("unreachable", advice_on(trouble_.value_or(silent), environment_));
    report_.say(ended_event(*call_, end), ended_sentence(end));
    finish(code);
  }

  void finish(int code) {
    finished_ = true;
    stage_.finish(code);
  }

  const Plan plan_;
  const Environment environment_;
  const Report report_;
  Stage stage_;
  bool was_online_ = false;
  bool finished_ = false;
  std::optional<Problem> trouble_;
  std::optional<Call> call_;
  Client client_;  // the last member: its thread ends before what it uses
};

}  // namespace

ExitCode run_call(const Arguments& arguments, const Environment& environment) {
  auto plan = make_plan(arguments);
  if (!plan) return plan.error();
  auto options = client_options(arguments, environment, arguments.operands[0]);
  if (!options) return options.error();
  return Caller(std::move(*plan), environment, Report(arguments.has("--json")), std::move(*options)).run();
}

}  // namespace offhook::cli
