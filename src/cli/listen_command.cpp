// offhook listen USER
#include <algorithm>
#include <vector>

#include "cli/report.hpp"
#include "cli/run.hpp"
#include "cli/stage.hpp"
#include "wire/codec.hpp"

namespace offhook::cli {
namespace {

enum class Behaviour { Answer, Decline, Busy, Ignore };

struct Plan {
  UserId user;
  Behaviour behaviour = Behaviour::Answer;
  Milliseconds answer_after{1'000};
  std::optional<Milliseconds> move_after, hang_up_after;
  bool once = false;
};

Result<Plan, UsageError> make_plan(const Arguments& arguments) {
  Plan plan;
  plan.user = arguments.operands[0];
  plan.once = arguments.has("--once");
  int choices = arguments.has("--answer-after");
  const std::pair<const char*, Behaviour> switches[] = {
      {"--decline", Behaviour::Decline}, {"--busy", Behaviour::Busy}, {"--ignore", Behaviour::Ignore}};
  for (const auto& [option, behaviour] : switches) {
    if (!arguments.has(option)) continue;
    plan.behaviour = behaviour;
    ++choices;
  }
  if (choices > 1) return UsageError{"Choose one of --answer-after, --decline, --busy and --ignore."};
  const auto answer_after = duration(arguments, "--answer-after");
  if (!answer_after) return answer_after.error();
  const auto hang_up_after = duration(arguments, "--hang-up-after");
  if (!hang_up_after) return hang_up_after.error();
  const auto move_after = duration(arguments, "--move-after");
  if (!move_after) return move_after.error();
  plan.move_after = *move_after;
  plan.answer_after = answer_after->value_or(plan.answer_after);
  plan.hang_up_after = *hang_up_after;
  return plan;
}

// Everything but run() happens on the client's thread.
class Listener {
 public:
  Listener(Plan plan, const Environment& environment, Report report, ClientOptions options)
      : plan_(std::move(plan)), environment_(environment), report_(report), client_(std::move(options)) {}

  int run() {
    client_.on_online([this] { on_online(); });
    client_.on_offline([this] { report_.say(event_json("offline"), "The connection to the server is lost; trying to get it back."); });
    client_.on_live_elsewhere([this](const std::vector<ElsewhereCall>& calls) { on_live_elsewhere(calls); });
    client_.on_unseen_outcomes([this](const std::vector<UnseenOutcome>& outcomes) { on_unseen_outcomes(outcomes); });
    client_.on_outgoing([this](Call call) { on_outgoing(std::move(call)); });
    client_.on_error([this](const Problem& problem) {
      if (problem.word != "unreachable") return report_.complain(problem.word, problem.message);
      if (!was_online_) give_up(problem);
    });
    client_.on_closed([this](const std::optional<Problem>& problem) {
      if (problem) give_up(*problem);
    });
    client_.on_incoming([this](Call call) { on_incoming(std::move(call)); });
    client_.connect();
    return stage_.wait([this] { client_.post([this] { leave(); }); });
  }

 private:
  void on_online() {
    auto json = event_json(was_online_ ? "online" : "ready");
    json.text("user", plan_.user).text("device", client_.device_id());
    report_.say(json, was_online_ ? "The connection is back." : plan_.user + " can be called now. Ctrl-C ends.");
    was_online_ = true;
  }

  void on_incoming(Call call) {
    Json json = call_event("incoming", call);
    json.text("media", wire::word(call.media())).text_if("data", call.data());
    report_.say(json, call.peer() + " is calling.");
    watch(call);
    leaving_ ? call.busy() : behave(std::move(call));
  }

  // A backend has placed it for this device.
  void on_outgoing(Call call) {
    report_.say(call_event("outgoing", call), "Calling " + call.peer() + ", as the service has asked for.");
    watch(call);
    if (leaving_) call.hang_up();
  }

  void on_live_elsewhere(const std::vector<ElsewhereCall>& calls) {
    if (finished_) return;
    std::vector<std::string> ids;
    std::string people;
    for (const auto& call : calls) {
      ids.push_back(call.call_id.text());
      people += (people.empty() ? "" : ", ") + call.peer;
    }
    report_.say(event_json("live_elsewhere").texts("calls", ids),
                calls.empty() ? "No call is live on another device any more." : "Live on another device: the call with " + people + ".");
    if (!plan_.move_after || leaving_) return;
    for (const auto& call : calls) client_.after(*plan_.move_after, [this, call] { move(call); });
  }

  void move(const ElsewhereCall& from) {
    const auto now = client_.live_elsewhere();
    if (leaving_ || std::find(now.begin(), now.end(), from) == now.end()) return;
    auto call = client_.move_here(from);
    report_.say(call_event("moving", call), "Taking over the call with " + call.peer() + ".");
    watch(call);
  }

  // Of an earlier run with the same --state.
  void on_unseen_outcomes(const std::vector<UnseenOutcome>& outcomes) {
    for (const auto& one : outcomes) {
      auto json = event_json("unseen_outcome");
      json.text("outcome", wire::word(one.outcome));
      if (one.reason) json.text("reason", wire::word(*one.reason));
      json.text("call", one.call_id.text()).text("peer", one.peer).number("at_ms", one.at.time_since_epoch().count());
      report_.say(json, "Of an earlier run: " + one.text);
      client_.mark_seen(one.call_id);
    }
  }

  void watch(Call call) {
    live_.push_back(call);
    const auto tell = [this, call](const char* event, const std::string& sentence) {
      return [this, call, event, sentence] { report_.say(call_event(event, call), sentence); };
    };
    call.on_connecting([this, call] { on_connecting(call); });
    call.on_active([this, call] { on_active(call); });
    call.on_peer_unstable(tell("peer_unstable", call.peer() + " is not heard any more; waiting."));
    call.on_peer_stable(tell("peer_stable", call.peer() + " is heard again."));
    call.on_ringing(tell("ringing", call.peer() + " is being rung."));
    call.on_reconnecting(tell("reconnecting", "The connection to the server is lost in the call; trying to get it back."));
    call.on_reconnected(tell("reconnected", "The connection is back in the call."));
    call.on_legs_changed([this, call](const std::vector<Leg>& legs) { report_.say(legs_event(call, legs), legs_sentence(legs)); });
    call.on_ended([this, call](const CallEnd& end) { on_ended(call, end); });
  }

  void behave(Call call) {
    switch (plan_.behaviour) {
      case Behaviour::Answer: return client_.after(plan_.answer_after, [call]() mutable { call.answer(); });
      case Behaviour::Decline: return call.decline();
      case Behaviour::Busy: return call.busy();
      case Behaviour::Ignore: return call.ignore();
    }
  }

  void on_connecting(Call call) {
    if (call.state() != CallState::Moving) report_.say(call_event("connecting", call), "Answered; connecting.");
    // Better a call that fails at once and says why than one that seems to connect.
    if (call.media() != Media::None) call.media_failed(MediaFailure::Device);
  }

  void on_active(Call call) {
    report_.say(call_event("active", call), "You are connected to " + call.peer() + ". Ctrl-C hangs up.");
    if (plan_.hang_up_after) client_.after(*plan_.hang_up_after, [call]() mutable { call.hang_up(); });
  }

  void on_ended(const Call& call, const CallEnd& end) {
    report_.say(ended_event(call, end), ended_sentence(end));
    std::erase_if(live_, [&](const Call& one) { return one.id() == call.id(); });
    const bool is_still_wanted = plan_.move_after && end.outcome == Outcome::AnsweredElsewhere;  // it is taken over in a while
    if (plan_.once && !is_still_wanted) return finish(end.outcome == Outcome::LostContact ? k_unexpected : k_done);
    if (leaving_ && live_.empty()) finish(k_done);
  }

  void leave() {
    leaving_ = true;
    if (live_.empty()) return finish(k_done);
    for (auto& call : live_) call.hang_up();
  }

  // What comes while the client says good-bye is told to nobody.
  void finish(int code) {
    finished_ = true;
    stage_.finish(code);
  }

  void give_up(const Problem& problem) {
    report_.complain(problem.word, advice_on(problem, environment_));
    finish(problem.word == "bad_url" ? k_wrong_usage : k_unreachable);
  }

  const Plan plan_;
  const Environment environment_;
  const Report report_;
  Stage stage_;
  bool was_online_ = false;
  bool leaving_ = false;
  bool finished_ = false;
  std::vector<Call> live_;
  Client client_;  // the last member: its thread ends before what it uses
};

}  // namespace

ExitCode run_listen(const Arguments& arguments, const Environment& environment) {
  auto plan = make_plan(arguments);
  if (!plan) return plan.error();
  auto options = client_options(arguments, environment, plan->user);
  if (!options) return options.error();
  return Listener(std::move(*plan), environment, Report(arguments.has("--json")), std::move(*options)).run();
}

}  // namespace offhook::cli
