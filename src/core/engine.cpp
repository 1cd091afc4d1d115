#include "core/engine.hpp"

#include <algorithm>

#include "base/check.hpp"
#include "core/call_engine.hpp"
#include "core/client_engine.hpp"
#include "core/limits.hpp"
#include "core/session_engine.hpp"
#include "core/user_engine.hpp"

namespace offhook::core {
namespace {

std::string_view describe(TimerKind kind) {
  switch (kind) {
    case TimerKind::HelloTimeout: return "link hello_timeout";
    case TimerKind::Heartbeat: return "client heartbeat";
    case TimerKind::ContactLost: return "client contact_lost";
    case TimerKind::ResumeOver: return "client resume_window";
    case TimerKind::Setup: return "call setup_timeout";
    case TimerKind::Wake: return "call wake_timeout";
    case TimerKind::Ring: return "call ring_timeout";
    case TimerKind::CallerGrace: return "call caller_grace";
    case TimerKind::Connect: return "call connect_timeout";
    case TimerKind::Grace: return "call drop_grace";
    case TimerKind::Media: return "call media_lost";
    case TimerKind::MaxDuration: return "call max_duration";
    case TimerKind::Move: return "call move_timeout";
    case TimerKind::Alone: return "call alone_timeout";
    case TimerKind::PushAgain: return "call push_retry";
    case TimerKind::ForgetCall: return "call keep_ended";
    case TimerKind::DrainOver: return "drain";
    case TimerKind::Expectation: return "session expect_timeout";
    case TimerKind::ForgetSession: return "session lifetime";
  }
  return "";
}

// Older before newer, and what has no moment by its key: the same order on every machine, whatever the store's is. Rules and
// users who have been here, of which there may be very many, need none.
Instant moment_of(const Record& record) {
  if (const auto* call = std::get_if<CallRecord>(&record)) return call->ended_at.value_or(call->created_at);
  if (const auto* missed = std::get_if<MissedRecord>(&record)) return missed->since;
  if (const auto* withdrawn = std::get_if<WithdrawnRecord>(&record)) return withdrawn->since;
  if (const auto* push = std::get_if<PushRecord>(&record)) return push->since;
  return {};
}

bool comes_before(const Record& a, const Record& b) {
  if (moment_of(a) != moment_of(b)) return moment_of(a) < moment_of(b);
  if (a.index() != b.index()) return a.index() < b.index();
  const bool needs_none = std::holds_alternative<RulesRecord>(a) || std::holds_alternative<SeenRecord>(a);
  return !needs_none && key_of(a) < key_of(b);
}

}  // namespace

struct Engine::Parts {
  Parts(Settings settings, std::map<ProjectId, Settings> projects, const Seed& seed)
      : desk(std::move(settings), std::move(projects), seed) {}

  Desk desk;
  ClientEngine clients{desk};
  UserEngine users{desk};
  CallEngine calls{desk};
  SessionEngine sessions{desk};
  TimerHandle drain_over;
  bool drained = false;

  void enter(Instant now, Effects& out) {
    CHECK(now >= desk.now);
    desk.now = now;
    desk.out = &out;
  }

  // First in, first out, until none is left.
  void deliver_mail() {
    while (!desk.mail.empty()) {
      auto mail = desk.mail.pop();
      std::visit([&](auto& message) { route(std::move(message)); }, mail);
    }
    tell_if_drained();
  }

  // Last of all, so that whoever stops the program has sent every outcome before.
  void tell_if_drained() {
    if (!desk.drain_end || drained || calls.live() > 0) return;
    drained = true;
    desk.effect(Drained{});
  }

  // The key a message is addressed to says which engine holds it. All slots live here; a cluster forwards the others.
  template <class Message>
  void route(Message&& message) {
    if constexpr (requires { clients.on(std::move(message)); }) {
      clients.on(std::move(message));
    } else if constexpr (requires { users.on(std::move(message)); }) {
      users.on(std::move(message));
    } else if constexpr (requires { calls.on(std::move(message)); }) {
      calls.on(std::move(message));
    } else {
      sessions.on(std::move(message));
    }
  }

  // Deadlines one by one, in order, each with its consequences; what a deadline arms for now is served as well.
  void serve_deadlines(Instant now) {
    std::vector<Expired> due;
    for (desk.timers.expire(now, due); !due.empty(); desk.timers.expire(now, due)) {
      const auto batch = std::exchange(due, {});
      for (const auto& expired : batch) {
        serve(expired.key);
        deliver_mail();
      }
    }
  }

  void serve(const TimerKey& key) {
    switch (key.kind) {
      case TimerKind::HelloTimeout: return clients.on_hello_timeout(LinkId{key.low});
      case TimerKind::Heartbeat: return clients.on_heartbeat(ClientId(key.high, key.low));
      case TimerKind::ContactLost: return clients.on_contact_lost(ClientId(key.high, key.low));
      case TimerKind::ResumeOver: return clients.on_resume_over(ClientId(key.high, key.low));
      case TimerKind::Expectation: return sessions.on_expectation_over(ExpectationId(key.high, key.low));
      case TimerKind::ForgetSession: return sessions.on_forget_session(SessionId(key.high, key.low));
      case TimerKind::DrainOver: return calls.on_drain_over();
      case TimerKind::Setup:
      case TimerKind::Wake:
      case TimerKind::Ring:
      case TimerKind::CallerGrace:
      case TimerKind::Connect:
      case TimerKind::Grace:
      case TimerKind::Media:
      case TimerKind::MaxDuration:
      case TimerKind::Move:
      case TimerKind::Alone:
      case TimerKind::PushAgain:
      case TimerKind::ForgetCall: return calls.on_timer(key.kind, CallId(key.high, key.low));
    }
  }

  // All that others look up comes before what looks it up.
  void restore(std::vector<Record>&& records) {
    std::stable_sort(records.begin(), records.end(), comes_before);
    for (auto& record : records) {
      std::visit([&](auto& kept) { give_back(kept); }, record);
    }
    deliver_mail();
    calls.go_on();
    sessions.go_on();
    deliver_mail();
  }
  void give_back(CallRecord& kept) {
    if (!is_needed(kept, desk.now)) return;
    for (const auto& invite : kept.invites) clients.restore(UserKey{kept.project, invite.user}, invite, kept.id);
    calls.restore(kept);
  }
  void give_back(SessionRecord& kept) { sessions.restore(kept); }
  void give_back(ConnectionRecord& kept) { sessions.restore(std::move(kept)); }
  void give_back(RulesRecord& kept) { users.restore(std::move(kept)); }
  void give_back(MissedRecord& kept) { users.restore(std::move(kept)); }
  void give_back(WithdrawnRecord& kept) { clients.restore(std::move(kept)); }
  void give_back(ProjectRecord&) {}  // the server's own
  void give_back(PushRecord& kept) { users.restore(std::move(kept)); }
  void give_back(SeenRecord& kept) { users.restore(std::move(kept)); }
  void give_back(GoneRecord&) {}

  void take(HistoryLoaded& event) {
    desk.reply({event.client, event.cmd_id}, wire::HistoryReply{std::move(event.records)});
  }
  void take(SessionTokenMade& event) {
    desk.reply({event.client, event.cmd_id}, wire::SessionCreated{event.session, std::move(event.token)});
  }
  void take(PushSettled& event) { users.on(event); }
  void take(AdminEndCall& event) { calls.on(event); }
  void take(AdminRingMore& event) { calls.on(event); }
  void take(AdminPlaceCall& event) {
    if (event.session && !sessions.may_name(*event.session, event.project)) {
      return desk.effect(RestAnswered{event.request, RestRefusal::NoSuchSession});
    }
    clients.on(std::move(event));
  }
  void take(AdminSession& event) { sessions.on(std::move(event)); }
  void take(ProjectChanged& event) { desk.projects.insert_or_assign(event.project, std::move(event.settings)); }
  void take(AdminGetRules& event) { desk.effect(RestAnswered{event.request, users.rules_of(event.user)}); }
  void take(AdminSetRules& event) {
    if (!users.set_rules(event.user, std::move(event.rules))) return desk.effect(RestAnswered{event.request, RestRefusal::LimitReached});
    desk.effect(RestAnswered{event.request, users.rules_of(event.user)});
  }
  void take(AdminDisconnect& event) { clients.on(event); }
  void take(ProjectDisabled& event) {
    calls.on(event);
    deliver_mail();  // whoever is sent away knows by then how the call ended
    clients.on(event);
  }
  void take(LoadChanged& event) { desk.thinning.share = event.refused_share; }
  void take(StoreBehind& event) { desk.store_is_behind = event.behind; }
  void take(HistoryUnavailable& event) {
    desk.refuse_for_now({event.client, event.cmd_id}, "Too many ask for their history; try again in 5 s.", std::chrono::seconds{5});
  }
  void take(AdminForgetUser& event) {
    if (users.forget(event.user)) {
      desk.effect(RestAnswered{event.request, UserForgotten{event.user}});
    } else {
      desk.effect(RestAnswered{event.request, RestRefusal::InCall});
    }
  }
  void take(AdminCreateSession& event) {
    const auto session = desk.make_session_id(slot_of(event.project), event.project);
    desk.post(CreateSession{session, event.project, std::nullopt, std::nullopt, event.request});
  }
  void take(DrainStarted& event) {
    if (desk.drain_end) return;
    desk.drain_end = event.end_at;
    drain_over = desk.timers.arm(event.end_at, {TimerKind::DrainOver, 0, 0});
    clients.on(event);
  }
  template <class LinkEvent>
  void take(LinkEvent& event) {
    clients.on(std::move(event));
  }
};

Engine::Engine(Settings settings, const Seed& seed, std::map<ProjectId, Settings> projects)
    : parts_(std::make_unique<Parts>(std::move(settings), std::move(projects), seed)) {
  CHECK(check_settings(parts_->desk.settings).empty());
  for (const auto& [project, own] : parts_->desk.projects) CHECK(check_settings(own).empty());
}

Engine::~Engine() = default;
Engine::Engine(Engine&&) noexcept = default;
Engine& Engine::operator=(Engine&&) noexcept = default;

void Engine::restore(Instant now, std::vector<Record> records, Effects& out) {
  parts_->enter(now, out);
  parts_->restore(std::move(records));
  parts_->serve_deadlines(now);
  parts_->calls.finish_records();
}

void Engine::handle(Instant now, Event event, Effects& out) {
  advance(now, out);
  parts_->enter(now, out);
  std::visit([&](auto& told) { parts_->take(told); }, event);
  parts_->deliver_mail();
  parts_->calls.finish_records();
}

void Engine::advance(Instant now, Effects& out) {
  parts_->enter(now, out);
  parts_->serve_deadlines(now);
  parts_->calls.finish_records();
}

std::optional<Deadline> Engine::next_deadline() const {
  const auto next = parts_->desk.timers.next();
  return next ? std::optional(Deadline{next->at, describe(next->key.kind)}) : std::nullopt;
}

std::vector<UserView> Engine::users(const UserQuery& query) const { return parts_->users.list(query); }

std::vector<LiveSession> Engine::live_sessions(const LiveSessionQuery& query) const { return parts_->sessions.live_sessions(query); }

EngineCounts Engine::counts() const {
  EngineCounts counts;
  counts.links = parts_->clients.links();
  counts.clients = parts_->clients.clients();
  counts.users = parts_->users.users();
  counts.live_calls = parts_->calls.live();
  counts.kept_calls = parts_->calls.kept();
  counts.sessions = parts_->sessions.sessions();
  counts.timers = parts_->desk.timers.size();
  return counts;
}

}  // namespace offhook::core
