#include "server/loop.hpp"

#include <algorithm>
#include <functional>
#include <thread>

#include "server/http_text.hpp"
#include "wire/json_object.hpp"
#include "wire/limits.hpp"
#include "wire/token.hpp"

namespace offhook::server {
namespace {

bool is_welcome(const core::Send& send) { return std::holds_alternative<wire::Welcome>(*send.message); }

constexpr Duration k_probe_period = std::chrono::milliseconds{50};
constexpr Duration k_tell_overload = std::chrono::seconds{10};  // it may come and go many times a second
constexpr Duration k_purge_period = std::chrono::minutes{1};

net::Options net_options(const Config& config) {
  net::Options options;
  options.listen = config.listen;
  options.certificate_file = config.certificate_file;
  options.key_file = config.key_file;
  options.first_frame_bytes = wire::k_max_hello_bytes;
  options.loopback_hosts_only = config.dev;
  options.max_sockets_per_address = static_cast<std::size_t>(config.network.sockets_per_address);
  options.new_sockets_per_minute = config.network.new_sockets_per_minute;
  options.loopback_is_exempt = config.dev;
  options.is_trusted_proxy = [&network = config.network](const std::string& address) { return network.is_trusted_proxy(address); };
  return options;
}

// On few cores a message that changes threads twice costs more than it gains.
std::size_t threads_of(const Config& config) {
  const std::size_t cores = std::thread::hardware_concurrency();
  return config.network_threads.value_or(cores < 4 ? 0 : std::min<std::size_t>(cores / 2, 4));
}

}  // namespace

Loop::Loop(net::Reactor& reactor, const Config& config, store::Store& store, const Seed& seed, Instant not_before)
    : config_(config),
      store_(store),
      clock_(not_before),
      started_at_(clock_.now()),
      log_(config.log),
      projects_(config, store),
      failures_(config.network.failures_per_minute),
      engine_(config.settings, seed, config.own_settings()),
      fronts_(reactor, net_options(config), threads_of(config), *this, *this),
      alarm_(reactor),
      purge_alarm_(reactor),
      opentok_(config, projects_, clock_, engine_for_opentok()),
      console_(reactor, config, projects_, clock_, [this](const std::string& what) { log_.event(clock_.now(), "console", what); }) {}

Result<std::uint16_t, net::NetError> Loop::start() {
  projects_.when_disabled([this](const ProjectId& project) { feed(core::ProjectDisabled{project}); });
  set_purge_alarm(Duration{0});
  return fronts_.listen();
}

void Loop::restore(std::vector<core::Record> records) {
  projects_.restore(records);
  if (webhooks_ != nullptr) opentok_.use(*webhooks_);
  for (const auto& project : projects_.with_callbacks()) feed(core::ProjectChanged{project, projects_.settings_of(project)});
  set_aside(records);
  const auto now = clock_.now();
  decide(now, [&](core::Effects& effects) { engine_.restore(now, std::move(records), effects); });
}

// Calls of a damaged file that nobody could go on with. They end here, so that nothing waits for them, and are told once.
void Loop::set_aside(std::vector<core::Record>& records) {
  const auto is_damaged = [](const core::Record& record) {
    const auto* call = std::get_if<core::CallRecord>(&record);
    return call != nullptr && !core::is_whole(*call);
  };
  const auto damaged = std::stable_partition(records.begin(), records.end(), std::not_fn(is_damaged));
  for (auto record = damaged; record != records.end(); ++record) {
    auto& call = std::get<core::CallRecord>(*record);
    on_problem("the record of " + call.id.text() + " is damaged: the call is over (failed/internal); a backup may know more");
    if (call.phase == wire::Phase::Ended) continue;
    ++call.version;
    call.phase = wire::Phase::Ended;
    call.ended_at = clock_.now();
    call.outcome = wire::Outcome::Failed;
    call.reason = wire::Reason::Internal;
    call.deadlines.clear();
    store_.put(std::move(call), [] {});
  }
  records.erase(damaged, records.end());
}

// --- from the network to the engine

void Loop::on_event(core::Event event, std::size_t bytes) {
  if (bytes > 0) meter_.received(bytes);
  if (const auto* refused = std::get_if<core::Refused>(&event)) meter_.refused(refused->error.error);
  if (std::holds_alternative<core::LinkCongested>(event)) meter_.congested();
  if (bytes > 0) mind_the_load();
  feed(std::move(event));
}

// On any thread.
Result<wire::TokenClaims, wire::Error> Loop::verify(const std::string& token) {
  return wire::verify_token(token, [this](std::string_view project) { return projects_.keys_of(project); }, clock_.now());
}

// One step of the engine, and what follows from it.
template <class Step>
void Loop::decide(Instant now, Step step) {
  auto effects = std::exchange(spare_effects_, {});  // an effect may lead to the next step, which finds none
  step(effects);
  take(effects);
  effects.clear();
  spare_effects_ = std::move(effects);
  set_alarm();
  meter_.handled(clock_.now() - now);
}

void Loop::feed(core::Event event) {
  const auto now = clock_.now();
  decide(now, [&](core::Effects& effects) { engine_.handle(now, std::move(event), effects); });
}

// An alarm that is too early is left as it is: it rings for nothing once, where moving it would cost a system call for each event.
void Loop::set_alarm() {
  const auto next = engine_.next_deadline();
  if (!next || (alarm_at_ && *alarm_at_ <= next->at)) return;
  alarm_at_ = next->at;
  alarm_.set(next->at - clock_.now(), [this] { on_alarm(); });
}

void Loop::on_alarm() {
  alarm_at_.reset();
  const auto next = engine_.next_deadline();
  const auto now = clock_.now();
  if (!next || next->at > now) return set_alarm();
  meter_.late(now - next->at);
  decide(now, [&](core::Effects& effects) { engine_.advance(now, effects); });
}

// --- from the engine to the world

// None is carried out before all have their place: a store that is durable at once must not let one overtake another.
void Loop::take(core::Effects& effects) {
  const bool is_inner = std::exchange(carrying_out_, true);
  for (auto& effect : effects) {
    if (auto* store = std::get_if<core::Store>(&effect)) {
      put(*store);
    } else if (auto* announce = std::get_if<core::Announce>(&effect)) {
      put(*announce);
    } else {
      hold(effect);
    }
  }
  carrying_out_ = is_inner;
  carry_out_waiting();
  mind_the_store();
}

// What is sent when nothing waits need not wait either: sending leads to no further step of the engine. A welcome does.
void Loop::hold(core::Effect& effect) {
  const bool waits = durable_ < put_ || !waiting_.empty();
  if (auto* send = std::get_if<core::Send>(&effect)) {
    if (send->at_once || (!waits && !is_welcome(*send))) return carry_out_one(*send);
    waiting_.push(Held{put_, std::move(*send)});
  } else if (auto* close = std::get_if<core::CloseLink>(&effect)) {
    if (!waits) return carry_out_one(*close);
    waiting_.push(Held{put_, std::move(*close)});
  } else {
    waiting_.push(Held{put_, std::make_unique<core::Effect>(std::move(effect))});
  }
}

// Behind from the limit on, until half of it is done: not to and fro.
void Loop::mind_the_store() {
  const auto limit = is_behind_ ? store::k_max_pending_puts / 2 : store::k_max_pending_puts;
  const bool is_behind = store_.pending() >= limit;
  if (is_behind == is_behind_) return;
  is_behind_ = is_behind;
  on_problem(is_behind ? "the disk is behind by " + std::to_string(store_.pending()) + " records: nothing new is begun"
                       : "the disk has caught up");
  feed(core::StoreBehind{is_behind});
}

// What clients say is timed on its way by a probe that queues up with it. Nobody says anything, nothing is timed.
void Loop::mind_the_load() {
  const auto now = clock_.now();
  if (store_watch_.refused_share() > 0 && store_.pending() == 0) note_load(store_watch_, Duration{0});
  if (probing_since_) {
    if (now - *probing_since_ > queue_watch_.target()) note_load(queue_watch_, now - *probing_since_);
    return;
  }
  if (now - probed_at_ < k_probe_period) return;
  if (now - probed_at_ > core::LoadWatch::k_quiet) note_load(queue_watch_, Duration{0});
  probing_since_ = now;
  fronts_.probe([this] {
    probed_at_ = clock_.now();
    const auto waited = probed_at_ - *std::exchange(probing_since_, std::nullopt);
    meter_.waited(waited);
    note_load(queue_watch_, waited);
  });
}

void Loop::note_load(core::LoadWatch& watch, Duration waited) {
  const auto now = clock_.now();
  watch.note(waited, now);
  const auto share = std::max(queue_watch_.refused_share(), store_watch_.refused_share());
  if (std::exchange(thinning_.share, share) == share) return;
  if (is_overloaded() && now - overload_told_at_ >= k_tell_overload) {
    overload_told_at_ = now;
    on_problem("there is too much to do: new calls are refused, as many as it takes, and clients are let in slowly");
  }
  feed(core::LoadChanged{share});
}

void Loop::put(core::Store& effect) {
  if (const auto* call = std::get_if<core::CallRecord>(&effect.record)) {
    meter_.kept(*call);
    if (call->phase == wire::Phase::Ended && call->outcome) log_.ended(clock_.now(), *call);
  }
  if (effect.notices.empty() || webhooks_ == nullptr) return store_.put(std::move(effect.record), count_put());
  webhooks_->keep(std::move(effect), count_put());
}

void Loop::put(core::Announce& effect) {
  if (webhooks_ != nullptr) webhooks_->keep(std::move(effect), count_put());
}

// To be called when what is put now is durable.
std::function<void()> Loop::count_put() {
  return [this, number = ++put_, since = clock_.now()] {
    durable_ = number;
    const auto waited = clock_.now() - since;
    meter_.durable(waited);
    carry_out_waiting();
    mind_the_store();
    note_load(store_watch_, waited);
  };
}

void Loop::when_durable(std::function<void()> what) {
  waiting_.push(Held{put_, std::move(what)});
  carry_out_waiting();
}

// In order, up to the first that waits for a record. An effect may feed the engine again: its effects queue up behind, and
// the outermost call carries them out.
void Loop::carry_out_waiting() {
  if (carrying_out_) return;
  carrying_out_ = true;
  while (!waiting_.empty() && waiting_.front().after <= durable_) {
    auto held = waiting_.pop();
    carry_out_held(held);
  }
  carrying_out_ = false;
}

void Loop::carry_out_held(Held& held) {
  if (auto* send = std::get_if<core::Send>(&held.what)) {
    carry_out_one(*send);
  } else if (auto* close = std::get_if<core::CloseLink>(&held.what)) {
    carry_out_one(*close);
  } else if (auto* effect = std::get_if<std::unique_ptr<core::Effect>>(&held.what)) {
    carry_out(**effect);
  } else {
    std::get<std::function<void()>>(held.what)();
  }
}

void Loop::carry_out(core::Effect& effect) {
  std::visit([&](auto& wanted) { carry_out_one(wanted); }, effect);
}

void Loop::carry_out_one(core::Send& effect) {
  const auto* error = std::get_if<wire::Error>(&*effect.message);
  if (error != nullptr && error->error == wire::ErrorWord::Overloaded) meter_.refused_for_load();
  fronts_.send(effect);
  if (is_welcome(effect)) feed(core::Welcomed{effect.link});
}
void Loop::carry_out_one(core::CloseLink& effect) { fronts_.close(effect.link, effect.code, effect.reason); }

void Loop::carry_out_one(core::LoadHistory& effect) {
  store::CallQuery query;
  query.project = effect.user.project;
  query.user = effect.user.user;
  query.phase = wire::Phase::Ended;
  query.before = effect.before;
  query.limit = static_cast<std::size_t>(effect.limit);
  store_.list_calls(query, [this, client = effect.client, cmd_id = effect.cmd_id, user = effect.user.user](auto found) {
    if (!found) return feed(core::HistoryUnavailable{client, cmd_id});
    core::HistoryLoaded loaded{client, cmd_id, {}};
    for (const auto& record : *found) loaded.records.push_back(core::history_record(record, user));
    feed(std::move(loaded));
  });
}

void Loop::carry_out_one(core::MakeSessionToken& effect) {
  wire::TokenClaims claims;
  claims.project = effect.project;
  claims.session = effect.session;
  claims.issued_at = clock_.now();
  claims.expires_at = claims.issued_at + std::chrono::hours{24};
  const auto keys = projects_.keys_of(effect.project);
  const auto token = keys ? wire::make_token(claims, keys->secrets.front()) : std::string();  // disabled since the client came
  feed(core::SessionTokenMade{effect.client, effect.cmd_id, effect.session, token});
}

void Loop::carry_out_one(core::SessionMade& effect) {
  if (const auto made = waiting_sessions_.extract(effect.request); !made.empty()) return made.mapped()(effect.session);
  const auto node = waiting_requests_.extract(effect.request);
  if (node.empty()) return;
  respond(node.mapped().request, json(node.mapped().status, wire::JsonObject().text("session_id", effect.session.text()).done()));
}

void Loop::use(Webhooks& webhooks) {
  webhooks_ = &webhooks;
  webhooks.tell_deliveries([this](Delivery delivery) { meter_.delivered(delivery); });
}

void Loop::use(Pushes& pushes) {
  pushes_ = &pushes;
  pushes.answer_to([this](core::PushSettled settled, Duration after) {
    meter_.pushed(settled.state, after);
    feed(std::move(settled));
  });
}

void Loop::carry_out_one(core::Push& effect) {
  if (pushes_ != nullptr) pushes_->send(std::move(effect));
}

void Loop::carry_out_one(core::StopPushes& effect) {
  if (pushes_ != nullptr) meter_.stopped(pushes_->stop(effect));
}

void Loop::carry_out_one(core::SessionAnswered& effect) {
  if (const auto node = waiting_answers_.extract(effect.request); !node.empty()) node.mapped()(effect.answer);
}

void Loop::ask_session(core::AdminSession ask, std::function<void(const OpenTokRest::Answer&)> answered) {
  ask.request = ++last_request_;
  waiting_answers_.emplace(ask.request, std::move(answered));
  feed(std::move(ask));
}

OpenTokRest::Engine Loop::engine_for_opentok() {
  OpenTokRest::Engine engine;
  engine.ask = [this](core::AdminSession ask, auto answered) { ask_session(std::move(ask), std::move(answered)); };
  engine.create_session = [this](const ProjectId& project, auto made) { create_session(project, std::move(made)); };
  engine.project_changed = [this](const ProjectId& project) { feed(core::ProjectChanged{project, projects_.settings_of(project)}); };
  return engine;
}

void Loop::create_session(const ProjectId& project, std::function<void(std::optional<SessionId>)> made) {
  if (is_behind_ || thinning_.refuses_next()) return made(std::nullopt);
  waiting_sessions_.emplace(++last_request_, std::move(made));
  feed(core::AdminCreateSession{project, last_request_});
}

// --- history that is too old

// Once a minute; the store takes small steps.
void Loop::set_purge_alarm(Duration after) {
  purge_alarm_.set(after, [this] {
    if (config_.keep_calls == Duration{0}) return;
    store_.purge(clock_.now() - config_.keep_calls, [this] { set_purge_alarm(k_purge_period); });
  });
}

// --- the end

void Loop::drain(std::function<void()> done) {
  if (when_stopped_) return stop();
  when_stopped_ = std::move(done);
  feed(core::DrainStarted{clock_.now() + config_.drain_timeout});
}

void Loop::carry_out_one(core::Drained&) { stop(); }

void Loop::stop() {
  if (when_stopped_) fronts_.shut_down(1001, "server stops", std::exchange(when_stopped_, [] {}));
}

void Loop::on_problem(const std::string& what) {
  meter_.problem();
  log_.problem(clock_.now(), what);
}

// What was sent is counted where it is written, and asked for when somebody looks.
const Totals& Loop::totals() {
  const auto sent = fronts_.take_sent();
  meter_.sent(sent.frames, sent.bytes);
  for (std::size_t why = 0; why < sent.turned_away.size(); ++why) meter_.turned_away(static_cast<net::TurnedAway>(why), sent.turned_away[why]);
  return meter_.totals();
}

Levels Loop::levels() const {
  const auto backlog = webhooks_ == nullptr ? Webhooks::Backlog{} : webhooks_->backlog();
  const auto pushes = pushes_ == nullptr ? 0 : pushes_->waiting();
  return {engine_.counts(), fronts_.sockets(), store_.pending(), waiting_.size(), answers_waiting_, static_cast<bool>(when_stopped_), pushes, backlog.pending, backlog.dead, is_overloaded()};
}

}  // namespace offhook::server
