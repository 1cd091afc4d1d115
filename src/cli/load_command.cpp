// offhook load: many devices that call each other, with the figures of it.
#include <sys/resource.h>

#include <algorithm>
#include <charconv>
#include <deque>
#include <memory>
#include <unordered_map>

#include "cli/load_figures.hpp"
#include "cli/load_plan.hpp"
#include "cli/run.hpp"
#include "cli/stage.hpp"
#include "wire/codec.hpp"

namespace offhook::cli {
namespace {

using Number = std::int64_t;  // of a call, from 0

constexpr Milliseconds k_tick{1};
constexpr Milliseconds k_progress_period{1'000};
constexpr Milliseconds k_patience{30'000};      // after the last call should be over
constexpr std::size_t k_max_connecting = 100;   // devices that have not heard the welcome yet
constexpr int k_max_places_per_tick = 1'000;

struct Device {
  UserId user;
  std::unique_ptr<Client> client;
  bool was_online = false;
};

struct Live {
  Scenario scenario = Scenario::Answered;
  std::size_t caller = 0, callee = 0;
  Duration begun{}, acted{};  // call(); the last thing done by either side
  std::optional<Call> placed;
  std::optional<Call> incoming;
  int caller_ends = 0, callee_ends = 0;
  bool is_wrong = false;
};

void allow_many_sockets() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

std::string sentence_of(Number number, const char* side, const CallEnd& end, Outcome expected) {
  std::string text = "call " + std::to_string(number) + ": the " + side + " was told " + std::string(wire::word(end.outcome));
  if (end.reason) text += "/" + std::string(wire::word(*end.reason));
  text += " where it should be " + std::string(wire::word(expected)) + ".";
  if (end.reason == Reason::RateLimited) {
    text += " Use more --devices, for each may ask only so often, or raise rings_per_caller and rings_per_pair of the server.";
  }
  return text;
}

// Everything but run() happens on the one thread of all clients.
class Load {
 public:
  Load(LoadPlan plan, const Environment& environment, Report report)
      : plan_(std::move(plan)), environment_(environment), report_(report) {}

  int run() {
    allow_many_sockets();
    report_.note("Connecting " + std::to_string(plan_.devices) + " devices to " + environment_.url + ".");
    make_devices();
    devices_[0].client->post([this] {
      next_progress_ = steady_now() + k_progress_period;
      connect_more();
      tick();
    });
    const auto code = stage_.wait([this] {
      devices_[0].client->post([this] { stop_placing(); });
    });
    report_.say_line(result_json_, result_text_);
    return code;
  }

 private:
  void make_devices() {
    devices_.resize(static_cast<std::size_t>(plan_.devices));
    for (std::size_t i = 0; i < devices_.size(); ++i) {
      auto& device = devices_[i];
      device.user = plan_.name + "-" + std::to_string(i);
      ClientOptions options;
      options.url = environment_.url;
      options.ca_file = environment_.ca_file;
      options.name = "load";
      options.device_id = device.user;
      options.thread = &thread_;
      options.get_token = [this, user = device.user](const std::function<void(std::string)>& give) {
        give(user_token(environment_, user, {}, std::chrono::hours{24}));
      };
      device.client = std::make_unique<Client>(std::move(options));
      watch(i);
    }
  }

  void watch(std::size_t i) {
    auto& client = *devices_[i].client;
    client.on_online([this, i] { on_online(i); });
    client.on_incoming([this, i](Call call) { on_incoming(i, std::move(call)); });
    client.on_error([this, i](const Problem& problem) {
      if (!devices_[i].was_online && problem.word != "overloaded") fail(problem);  // it will come again when it was told to
    });
    client.on_closed([this](const std::optional<Problem>& problem) {
      if (problem) fail(*problem);
    });
  }

  // --- going online, some at a time

  void connect_more() {
    while (asked_ < devices_.size() && asked_ - online_ < k_max_connecting) devices_[asked_++].client->connect();
  }

  void on_online(std::size_t i) {
    if (std::exchange(devices_[i].was_online, true)) return;
    free_.push_back(i);
    ++online_;
    connect_more();
    if (online_ < devices_.size()) return;
    report_.say(event_json("online").number("devices", plan_.devices), "All are online. Calling.");
    began_ = steady_now();
    calling_ = true;
  }

  void fail(const Problem& problem) {
    if (finished_) return;
    report_.complain(problem.word, advice_on(problem, environment_));
    finish(k_unreachable);
  }

  // --- placing calls

  void tick() {
    if (finished_) return;
    const auto now = steady_now();
    if (last_tick_ != Duration{}) note_lag(now - last_tick_ - k_tick);
    last_tick_ = now;
    if (calling_) place_due(now);
    if (now >= next_progress_) tell_progress(now);
    if (calling_ && figures_.placed == plan_.calls) see_whether_done(now);
    devices_[0].client->after(k_tick, [this] { tick(); });
  }

  void note_lag(Duration lag) {
    figures_.worst_lag_ms = std::max(figures_.worst_lag_ms, std::chrono::duration<double, std::milli>(lag).count());
  }

  Number due(Duration now) const {
    if (plan_.rate == 0) return plan_.calls;
    const auto seconds = std::chrono::duration<double>(now - began_).count();
    return std::min(plan_.calls, static_cast<Number>(seconds * plan_.rate) + 1);
  }

  bool may_place() const { return free_.size() >= 2 && static_cast<Number>(live_.size()) < plan_.live; }

  void place_due(Duration now) {
    const auto wanted = due(now);
    for (int places = 0; figures_.placed < wanted && may_place() && places < k_max_places_per_tick; ++places) place();
    if (plan_.rate > 0 && figures_.placed < wanted) {
      figures_.held_back += wanted - std::max(figures_.placed, held_back_until_);
      held_back_until_ = wanted;
    }
  }

  std::size_t take_device() {
    const auto device = free_.front();
    free_.pop_front();
    return device;
  }

  void place() {
    const Number number = figures_.placed++;
    auto& live = live_[number];
    live.scenario = scenario_of(plan_, number);
    live.caller = take_device();
    live.callee = take_device();
    live.begun = last_act_ = steady_now();
    CallOptions options;
    options.data = plan_.name + " " + std::to_string(number);
    if (live.scenario == Scenario::NoAnswer) options.ring_timeout = plan_.ring_timeout;
    live.placed = devices_[live.caller].client->call(devices_[live.callee].user, std::move(options));
    live.placed->on_ringing([this, number] { on_ringing(number); });
    live.placed->on_active([this, number] { on_active(number); });
    live.placed->on_ended([this, number](const CallEnd& end) { on_caller_ended(number, end); });
  }

  Live* find(Number number) {
    const auto found = live_.find(number);
    return found == live_.end() ? nullptr : &found->second;
  }

  // --- what becomes of them

  std::optional<Number> number_in(const Call& call) const {
    const auto data = call.data().value_or("");
    const auto prefix = plan_.name + " ";
    if (!data.starts_with(prefix)) return std::nullopt;
    Number number = 0;
    const auto read = std::from_chars(data.data() + prefix.size(), data.data() + data.size(), number);
    return read.ec == std::errc{} ? std::optional(number) : std::nullopt;
  }

  void on_incoming(std::size_t device, Call call) {
    const auto number = number_in(call);
    auto* live = number ? find(*number) : nullptr;
    if (live == nullptr || live->callee != device) return call.busy();
    figures_.incoming.add(steady_now() - live->begun);
    live->incoming = call;
    call.on_ended([this, number = *number](const CallEnd& end) { on_callee_ended(number, end); });
    live->acted = steady_now();
    if (live->scenario == Scenario::Answered) call.answer();
    if (live->scenario == Scenario::Declined) call.decline();
  }

  void on_ringing(Number number) {
    auto* live = find(number);
    if (live == nullptr) return;
    figures_.ringing.add(steady_now() - live->begun);
    if (live->scenario != Scenario::Cancelled) return;
    live->acted = steady_now();
    live->placed->cancel();
  }

  void on_active(Number number) {
    auto* live = find(number);
    if (live == nullptr) return;
    figures_.active.add(steady_now() - live->acted);
    if (plan_.hold == Milliseconds{0}) return hang_up(number);
    devices_[live->caller].client->after(plan_.hold, [this, number] { hang_up(number); });
  }

  void hang_up(Number number) {
    auto* live = find(number);
    if (live == nullptr || live->caller_ends > 0) return;
    live->acted = steady_now();
    live->placed->hang_up();
  }

  void on_caller_ended(Number number, const CallEnd& end) {
    auto* live = find(number);
    if (live == nullptr) return;
    ++figures_.outcomes[std::string(wire::word(end.outcome))];
    if (end.reason == Reason::Overloaded) {
      ++figures_.refused;
      return conclude(number, *live);
    }
    if (live->scenario == Scenario::Declined) figures_.told.add(steady_now() - live->acted);
    judge(number, *live, "caller", end, caller_outcome(live->scenario), ++live->caller_ends);
    if (live->is_wrong && !live->incoming) return conclude(number, *live);  // it may well never ring
    see(number, *live);
  }

  void on_callee_ended(Number number, const CallEnd& end) {
    auto* live = find(number);
    if (live == nullptr) return;
    const bool caller_has_acted = live->scenario == Scenario::Answered || live->scenario == Scenario::Cancelled;
    if (caller_has_acted) figures_.told.add(steady_now() - live->acted);
    judge(number, *live, "callee", end, callee_outcome(live->scenario), ++live->callee_ends);
    see(number, *live);
  }

  void judge(Number number, Live& live, const char* side, const CallEnd& end, Outcome expected, int ends) {
    if (end.outcome == expected && ends == 1) return;
    live.is_wrong = true;
    if (figures_.examples.size() < k_max_examples) figures_.examples.push_back(sentence_of(number, side, end, expected));
  }

  void see(Number number, Live& live) {
    if (live.caller_ends > 0 && live.callee_ends > 0) conclude(number, live);
  }

  void conclude(Number number, Live& live) {
    ++figures_.done;
    figures_.wrong += live.is_wrong;
    last_act_ = steady_now();
    free_.push_back(live.caller);
    free_.push_back(live.callee);
    live_.erase(number);
    if (plan_.rate == 0 && figures_.placed < plan_.calls && may_place()) place();
  }

  // --- telling and ending

  void tell_progress(Duration now) {
    next_progress_ = now + k_progress_period;
    if (!calling_) {
      return report_.say(event_json("connecting").number("online", static_cast<Number>(online_)),
                         std::to_string(online_) + " of " + std::to_string(plan_.devices) + " devices are online.");
    }
    figures_.seconds = std::chrono::duration<double>(now - began_).count();
    auto json = event_json("progress");
    json.number("placed", figures_.placed).number("done", figures_.done).number("live", static_cast<Number>(live_.size()));
    json.number("wrong", figures_.wrong);
    report_.say(json, std::to_string(figures_.done) + " of " + std::to_string(plan_.calls) + " calls are over, " +
                          std::to_string(live_.size()) + " live" +
                          (figures_.wrong > 0 ? ", " + std::to_string(figures_.wrong) + " went wrong." : "."));
  }

  void stop_placing() {
    if (!calling_) return finish(k_interrupted);
    plan_.calls = figures_.placed;
  }

  void see_whether_done(Duration now) {
    const auto patience = k_patience + plan_.hold + plan_.ring_timeout;
    if (!live_.empty() && now - last_act_ < patience) return;
    figures_.unfinished = static_cast<Number>(live_.size());
    figures_.seconds = std::chrono::duration<double>(last_act_ - began_).count();
    finish(figures_.is_clean() ? k_done : k_unexpected);
  }

  void finish(int code) {
    if (std::exchange(finished_, true)) return;
    result_json_ = to_json("done", figures_).done();
    result_text_ = to_text(figures_);
    stage_.finish(code);
  }

  LoadPlan plan_;
  const Environment environment_;
  const Report report_;
  Stage stage_;
  LoadFigures figures_;
  std::string result_json_, result_text_;  // as the run ended; written before the stage is told
  std::deque<std::size_t> free_;  // devices in no call
  std::unordered_map<Number, Live> live_;
  std::size_t asked_ = 0, online_ = 0;  // to connect; that are or were
  bool calling_ = false, finished_ = false;
  Duration began_{}, last_tick_{}, last_act_{}, next_progress_{};
  Number held_back_until_ = 0;
  ClientThread thread_;
  std::vector<Device> devices_;  // the last member: the clients end before what they use
};

}  // namespace

ExitCode run_load(const Arguments& arguments, const Environment& environment) {
  auto plan = make_load_plan(arguments);
  if (!plan) return plan.error();
  return Load(std::move(*plan), environment, Report(arguments.has("--json"))).run();
}

}  // namespace offhook::cli
