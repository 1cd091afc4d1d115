// offhook call FROM TO
#include "cli/report.hpp"
#include "cli/run.hpp"
#include "cli/stage.hpp"
#include "wire/codec.hpp"

namespace offhook::cli {
namespace {

struct Plan {
  UserId to;
  std::optional<Milliseconds> ring_timeout, cancel_after, hang_up_after;
  std::optional<Outcome> expected;
};

Result<Plan, UsageError> make_plan(const Arguments& arguments) {
  using std::chrono::seconds;
  Plan plan{arguments.operands[1], {}, {}, {}, {}};
  if (auto problem = problem_of_user(plan.to)) return *problem;
  const auto media = arguments.text("--media").value_or("none");
  if (media == "audio" || media == "video") {
    return UsageError{"There is no microphone or camera here; call with --media none, or from a browser."};
  }
  if (media != "none") return UsageError{"--media must be none, audio or video, not \"" + media + "\"."};
  if (const auto word = arguments.text("--expect")) {
    plan.expected = wire::parse_outcome(*word);
    if (!plan.expected) return UsageError{"--expect needs an outcome such as ended, declined, busy or no_answer, not \"" + *word + "\"."};
  }
  const auto read = [&](std::string_view option, std::optional<Milliseconds>& value, Milliseconds least, Milliseconds most) {
    const auto given = duration(arguments, option, least, most);
    if (given) value = *given;
    return given ? std::nullopt : std::optional(given.error());
  };
  constexpr std::chrono::hours k_longest{24};
  if (auto error = read("--ring-timeout", plan.ring_timeout, seconds{1}, seconds{180})) return *error;
  if (auto error = read("--cancel-after", plan.cancel_after, {}, k_longest)) return *error;
  if (auto error = read("--hang-up-after", plan.hang_up_after, {}, k_longest)) return *error;
  return plan;
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
    report_.say(Json("calling").text("peer", plan_.to).text("device", client_.device_id()),
                "Calling " + plan_.to + ".");
    client_.on_online([this] { was_online_ = true; });
    client_.on_error([this](const Problem& problem) { on_error(problem); });
    client_.on_closed([this](const std::optional<Problem>& problem) {
      if (problem) give_up(*problem);
    });
    call_ = client_.call(plan_.to, {Media::None, plan_.ring_timeout, {}});
    watch(*call_);
    client_.connect();
    return stage_.wait([this] { call_->hang_up(); });
  }

 private:
  void watch(Call& call) {
    const auto tell = [this](const char* event, const char* sentence) {
      return [this, event, sentence] { say(event, sentence); };
    };
    call.on_ringing(tell("ringing", " is being rung."));
    call.on_connecting(tell("connecting", " has answered; connecting."));
    call.on_peer_unstable(tell("peer_unstable", " is not heard any more; waiting."));
    call.on_peer_stable(tell("peer_stable", " is heard again."));
    call.on_active([this] { on_active(); });
    call.on_ended([this](const CallEnd& end) { on_ended(end); });
    if (!plan_.cancel_after) return;
    client_.after(*plan_.cancel_after, [this] {
      if (is_before_answer(call_->state())) call_->cancel();
    });
  }

  void say(const char* event, const std::string& sentence) {
    if (!finished_) report_.say(call_event(event, *call_), plan_.to + sentence);
  }

  void on_active() {
    if (finished_) return;
    report_.say(call_event("active", *call_), "You are connected to " + plan_.to + ". Ctrl-C hangs up.");
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
