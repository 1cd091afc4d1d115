#include "calls.hpp"

#include "call_facts.hpp"
#include "wire/codec.hpp"

namespace offhook::client {
namespace {

using wire::DeviceState;
using wire::Outcome;
using wire::Phase;
using wire::Reason;
using wire::Role;

Reason reason_of_refusal(const Problem& problem) {
  for (const auto reason : {Reason::NotAllowed, Reason::Blocked, Reason::RateLimited, Reason::Overloaded, Reason::NoSuchUser, Reason::ServerShutdown}) {
    if (problem.word == wire::word(reason)) return reason;
  }
  return Reason::Internal;
}

wire::ClientMessage hang_up_command(Action action, Role role, CallId id) {
  if (role == Role::Callee && (action == Action::Decline || action == Action::Busy)) {
    return wire::Decline{"", id, action == Action::Busy ? wire::DeclineReason::Busy : wire::DeclineReason::Declined};
  }
  if (role == Role::Caller && action == Action::Cancel) return wire::Cancel{"", id, {}};
  return wire::Hangup{"", id};
}

// A server that does not name them speaks of a call between two.
std::vector<UserId> unstable_in(const wire::Snapshot& snapshot) {
  if (!snapshot.peer_unstable) return {};
  return snapshot.unstable.empty() ? std::vector{peer_in(snapshot).user} : snapshot.unstable;
}

bool same_legs(const std::vector<wire::LegView>& a, const std::vector<wire::LegView>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const wire::LegView& x, const wire::LegView& y) {
    return x.user == y.user && x.state == y.state && x.outcome == y.outcome && x.reason == y.reason;
  });
}

}  // namespace

bool Calls::is_answered(Stage stage) {
  switch (stage) {
    case Stage::Placing:
    case Stage::Calling:
    case Stage::Ringing:
    case Stage::Answering:
    case Stage::Taking:
    case Stage::Ending: return false;
    case Stage::Connecting:
    case Stage::Active: return true;
  }
  return false;
}

// --- placing

void Calls::place(PlaceCall&& input) {
  if (calls_.contains(input.handle)) return;
  auto& call = calls_[input.handle];
  call.view.handle = input.handle;
  call.view.peer = input.group && !input.group->users.empty() ? input.group->users.front() : input.to;
  call.view.media = input.media;
  call.view.data = input.data;
  if (input.group) call.view.group_mode = input.group->mode;
  call.since = desk_.now;
  if (link_.is_closed()) return finish(call, {Outcome::Failed, Reason::ServerUnreachable, 0}, false);
  wire::Invite invite{"", std::move(input.to), input.media, input.ring_timeout_ms, std::move(input.data),
                      input.wake_timeout_ms, input.connect_timeout_ms, input.drop_grace_ms, input.max_duration_ms,
                      input.decline_policy, input.wait_full_ring, std::move(input.group)};
  if (calls_.size() > k_max_calls || commands_.submit(std::move(invite), ForCall{input.handle})) {
    finish(call, {Outcome::Failed, Reason::Internal, 0}, false);
  }
}

void Calls::on_placed(Call& call, const wire::Snapshot& snapshot) {
  // Two who call each other at once are in one call (PROTOCOL.md section 6.4): what rang here has become the call just placed.
  if (auto* other = find(snapshot.call_id)) {
    const bool rang = other->stage == Stage::Ringing || other->stage == Stage::Answering;
    if (!rang) return finish(call, {Outcome::Busy, Reason::InCall, 0}, true);
    finish(*other, {Outcome::AnsweredElsewhere, std::nullopt, 0}, true);
  }
  call.view.role = snapshot.role;
  call.view.call_id = snapshot.call_id;
  const bool is_cancelled = call.stage == Stage::Ending;
  const auto handle = call.view.handle;
  journal_.begin(call.view);
  apply(call, snapshot);
  // Events may have overtaken the reply when the link was lost between the two.
  const auto overtaken = strangers_.extract(snapshot.call_id);
  if (auto* still = find(handle); still != nullptr && !overtaken.empty()) apply(*still, overtaken.mapped());
  if (auto* still = find(handle); still != nullptr && is_cancelled) send_hang_up(*still, Action::Cancel);
}

// --- taking a call over from another device

void Calls::move_here(const MoveCall& input) {
  if (calls_.contains(input.handle)) return;
  const bool is_here = find(input.call_id) != nullptr;  // whoever is in it already need not take it over
  auto& call = calls_[input.handle];
  call.view.handle = input.handle;
  call.view.role = input.role;
  call.view.peer = input.peer;
  call.view.media = input.media;
  call.stage = Stage::Taking;
  call.since = desk_.now;
  if (link_.is_closed()) return finish(call, {Outcome::Failed, Reason::ServerUnreachable, 0}, false);
  if (is_here || calls_.size() > k_max_calls) return finish(call, {Outcome::Failed, Reason::NotAllowed, 0}, false);
  call.view.call_id = input.call_id;
  call.view.is_moving = true;
  journal_.begin(call.view);
  say(call, wire::MoveHere{"", input.call_id});
}

// What it had of the call before is over, and says nothing about this attempt.
void Calls::on_taken(Call& call, const wire::Snapshot& snapshot) {
  if (is_in(snapshot.you) || snapshot.phase == Phase::Ended) return apply(call, snapshot);
  finish(call, {Outcome::Failed, Reason::NotAllowed, 0}, true);
}

// --- the server's word

void Calls::on_snapshot(const wire::Snapshot& snapshot) {
  if (auto* call = find(snapshot.call_id)) return apply(*call, snapshot);
  on_stranger(snapshot);
}

void Calls::apply(Call& call, const wire::Snapshot& snapshot) {
  if (call.shown && snapshot.version < call.shown->version) return;
  if (call.stage == Stage::Taking && !is_in(snapshot.you) && snapshot.phase != Phase::Ended) return;
  const auto before = std::exchange(call.shown, snapshot);
  note(call, snapshot, !before || before->version < snapshot.version);
  if (const auto outcome = outcome_in(snapshot)) {
    return finish(call, {*outcome, reason_in(snapshot, *outcome), snapshot.duration_ms}, true);
  }
  if (call.woken_until) confirm(call, snapshot);
  if (call.stage == Stage::Ending) return;
  advance_stage(call, snapshot, before && before->ringing);
  if (unstable_in(snapshot) != (before ? unstable_in(*before) : std::vector<UserId>())) {
    tell(call, snapshot.peer_unstable ? CallMoment::PeerUnstable : CallMoment::PeerStable);
  }
  if (!same_legs(snapshot.legs, before ? before->legs : std::vector<wire::LegView>())) tell(call, CallMoment::Legs);
  join_session(call);
}

// A snapshot of a version we know may have waited: of two readings of a deadline the earlier is right, unless we have just asked.
void Calls::note(Call& call, const wire::Snapshot& snapshot, bool is_news) {
  const auto& peer = peer_in(snapshot);
  call.view.role = snapshot.role;
  call.view.peer = peer.user;
  if (peer.device) call.view.peer_device = peer.device;
  call.view.media = snapshot.media;
  call.view.data = snapshot.data;
  call.view.is_second = snapshot.second_call;
  call.view.is_moving = snapshot.you == DeviceState::Moving;
  call.view.group_mode = snapshot.group_mode;
  call.view.legs = snapshot.legs;
  call.view.unstable = unstable_in(snapshot);
  const auto& remaining = snapshot.deadlines_remaining_ms;
  const bool is_fresh = is_news || call.asked_at;
  if (is_fresh && !snapshot.legs.empty()) {  // in a group what is absent runs no more
    call.setup_at.reset();
    call.ring_at.reset();
    call.connect_at.reset();
  }
  const auto set = [&](std::optional<Instant>& at, std::optional<std::int64_t> remaining_ms) {
    if (!remaining_ms) return;
    const Instant told = desk_.now + std::chrono::milliseconds{*remaining_ms};
    at = is_fresh ? told : earliest(at, told);
  };
  set(call.setup_at, remaining.setup);
  set(call.ring_at, remaining.ring);
  set(call.connect_at, call.view.is_moving ? remaining.move : remaining.connect);
  call.asked_at.reset();
}

void Calls::advance_stage(Call& call, const wire::Snapshot& snapshot, bool rang_before) {
  if (call.stage == Stage::Placing) {
    enter(call, Stage::Calling);
    tell(call, CallMoment::Calling);
  }
  if (is_unanswered(snapshot)) {
    if (call.stage == Stage::Calling && snapshot.ringing && !rang_before) tell(call, CallMoment::Ringing);
    return;
  }
  if (is_still_rung(snapshot.you)) return;
  if (!is_answered(call.stage)) {
    enter(call, Stage::Connecting);
    tell(call, CallMoment::Connecting);
  }
  if (is_active_here(snapshot) && call.stage != Stage::Active) {
    enter(call, Stage::Active);
    call.active_since = desk_.now;
    tell(call, CallMoment::Active);
  }
}

void Calls::join_session(Call& call) {
  if (!call.shown->session_id || !is_answered(call.stage) || call.session != Membership::Outside) return;
  call.session = Membership::Joining;
  say(call, wire::SessionConnect{"", *call.shown->session_id, std::nullopt});
}

// The connection of a forgotten client is gone. The application is told of the new one when it is there.
void Calls::rejoin_session(Call& call) {
  if (call.session != Membership::Inside) return;
  call.session = Membership::Rejoining;
  say(call, wire::SessionConnect{"", *call.shown->session_id, std::nullopt});
}

// --- answers to commands

void Calls::on_reply(const Pending& pending, const wire::ReplyBody& body) {
  auto* call = find(std::get<ForCall>(pending.owner).handle);
  if (call == nullptr) return;
  if (const auto* joined = std::get_if<wire::SessionJoined>(&body)) {
    if (call->stage == Stage::Ending) return;
    call->session = Membership::Inside;
    return desk_.tell(event::SessionConnected{call->view.handle, joined->session_id, joined->connection, joined->connections,
                                              joined->streams});
  }
  const auto* reply = std::get_if<wire::CallReply>(&body);
  if (reply == nullptr) return;
  if (std::holds_alternative<wire::MoveHere>(pending.command) && call->stage == Stage::Taking) return on_taken(*call, reply->call);
  if (!is_invite(pending.command)) return apply(*call, reply->call);
  on_placed(*call, reply->call);
  settle_strangers();
}

void Calls::on_error(const Pending& pending, const Problem& problem) {
  auto* call = find(std::get<ForCall>(pending.owner).handle);
  if (call == nullptr) return;
  if (is_invite(pending.command)) {
    finish(*call, {Outcome::Failed, reason_of_refusal(problem), 0}, true);
    return settle_strangers();
  }
  if (call->stage == Stage::Taking) return finish(*call, {Outcome::Failed, reason_of_refusal(problem), 0}, true);
  if (problem.word == wire::word(wire::ErrorWord::NoSuchCall)) return end_unknown(*call);
  if (is_session_connect(pending.command)) on_session_refused(*call);
  desk_.tell(event::Error{problem});
}

void Calls::on_session_refused(Call& call) {
  const bool was_inside = std::exchange(call.session, Membership::Outside) == Membership::Rejoining;
  if (!was_inside) return;
  desk_.tell(event::SessionDisconnected{call.view.handle, *call.shown->session_id, wire::LeaveReason::NetworkDisconnected});
}

// --- the application's word

void Calls::act(const Act& input) {
  auto* call = find(input.handle);
  if (call == nullptr || call->stage == Stage::Ending) return;
  switch (input.action) {
    case Action::Answer: return answer(*call);
    case Action::Ignore: return call->stage == Stage::Ringing ? say(*call, wire::Ignore{"", *call->view.call_id}) : void();
    case Action::Decline:
    case Action::Busy:
    case Action::Cancel:
    case Action::Hangup: return hang_up(*call, input.action);
    case Action::MediaUp: return send_media(*call, wire::MediaUp{"", call->view.call_id.value_or(CallId{})});
    case Action::MediaDown: return send_media(*call, wire::MediaDown{"", call->view.call_id.value_or(CallId{})});
  }
}

void Calls::answer(Call& call) {
  if (call.stage != Stage::Ringing) return;
  enter(call, Stage::Answering);
  say(call, wire::Answer{"", *call.view.call_id});
}

void Calls::hang_up(Call& call, Action action) {
  if (call.stage == Stage::Placing) {
    const auto* invite = pending_of(call, is_invite);
    if (invite == nullptr || invite->sent_on == 0) return finish(call, {Outcome::Cancelled, Reason::ByUser, 0}, true);
    return enter(call, Stage::Ending);  // said as soon as the call has an id
  }
  // Declining is for a call that rings; later it is a hang-up.
  const bool is_ringing = call.stage == Stage::Ringing;
  const bool is_taking = call.stage == Stage::Taking;
  const bool declines = action == Action::Decline || action == Action::Busy;
  enter(call, Stage::Ending);
  send_hang_up(call, is_taking || (declines && !is_ringing) ? Action::Hangup : action);
}

void Calls::send_hang_up(Call& call, Action action) { say(call, hang_up_command(action, call.view.role, *call.view.call_id)); }

// Of words about media that have not been sent only the last one counts.
void Calls::send_media(Call& call, wire::ClientMessage command) {
  if (!is_answered(call.stage)) return;
  const auto handle = call.view.handle;
  commands_.drop([&](const Pending& p) { return is_for(p, handle) && is_media_word(p.command) && p.sent_on == 0; });
  say(call, std::move(command));
}

void Calls::fail_media(const FailMedia& input) {
  auto* call = find(input.handle);
  if (call == nullptr || !is_answered(call->stage)) return;
  say(*call, wire::MediaFailed{"", *call->view.call_id, input.reason});
}

// --- sessions under calls

std::optional<Handle> Calls::call_in(SessionId session) const {
  for (const auto& [handle, call] : calls_) {
    if (call.shown && call.shown->session_id == session) return handle;
  }
  return std::nullopt;
}

bool Calls::is_joined(SessionId session) const {
  const auto handle = call_in(session);
  return handle && calls_.at(*handle).session == Membership::Inside;
}

void Calls::on_session_disconnected(Handle handle, wire::LeaveReason reason) {
  auto* call = find(handle);
  if (call == nullptr || std::exchange(call->session, Membership::Outside) == Membership::Outside) return;
  desk_.tell(event::SessionDisconnected{handle, *call->shown->session_id, reason});
}

// --- the client closes

// With a problem nobody can be told any more. On purpose the server is told what it can be told; its answer is not awaited.
void Calls::end_all(bool on_purpose) {
  while (!calls_.empty()) {
    auto& call = calls_.begin()->second;
    const auto* invite = call.stage == Stage::Placing ? pending_of(call, is_invite) : nullptr;
    const auto farewell = call.view.call_id ? std::optional(farewell_of(call)) : std::nullopt;
    CallEnd end{.owes = farewell ? std::optional(debt_of(*farewell)) : std::nullopt};
    if (invite != nullptr && !on_purpose) end = {Outcome::Failed, Reason::ServerUnreachable, 0};
    if (invite != nullptr && on_purpose && invite->sent_on == 0) end = {Outcome::Cancelled, Reason::ByUser, 0};
    if (on_purpose && farewell && call.stage != Stage::Ending) say(call, *farewell);
    finish(call, end, false);
  }
  strangers_.clear();
}

// What a device says that leaves the call for good. Its own last word, if that is on its way.
wire::ClientMessage Calls::farewell_of(const Call& call) {
  const auto id = *call.view.call_id;
  if (const auto* said = pending_of(call, is_last_word)) return said->command;
  switch (call.stage) {
    case Stage::Calling: return wire::Cancel{"", id, {}};
    case Stage::Placing:
    case Stage::Ringing: return wire::GiveUp{"", id, "closed"};
    case Stage::Answering:
    case Stage::Taking:
    case Stage::Connecting:
    case Stage::Active:
    case Stage::Ending: return wire::Hangup{"", id};
  }
  return wire::Hangup{"", id};
}

// --- watchdogs (PROTOCOL.md section 8)

// Each stage has one watchdog; only an active call whose link is up is without.
std::optional<Instant> Calls::deadline_of(const Call& call) const {
  const auto& limits = desk_.limits;
  const auto contact = link_.last_contact();
  const bool up = link_.is_up();
  switch (call.stage) {
    case Stage::Placing: return call.since + limits.place;
    case Stage::Calling: return up ? call.asked_at.value_or(setup_deadline(call)) + limits.setup : contact + limits.caller;
    case Stage::Ringing:
      if (call.woken_until) return call.woken_until;
      return up ? call.ring_at.value_or(setup_deadline(call)) + limits.ring : contact + limits.ring_contact;
    case Stage::Answering:
    case Stage::Taking: return call.since + limits.answer;
    case Stage::Connecting:
      return call.connect_at.value_or(call.since + std::chrono::milliseconds{desk_.settings.connect_timeout_ms}) + limits.connect;
    case Stage::Active: return up ? std::nullopt : std::optional(contact + call_limit(call));
    case Stage::Ending: return call.since + limits.end;
  }
  return std::nullopt;
}

// A server that tells no deadline still has one.
Instant Calls::setup_deadline(const Call& call) const {
  return call.setup_at.value_or(call.since + std::chrono::milliseconds{desk_.settings.setup_timeout_ms});
}

// A call with a drop_grace of its own moves the watchdog along.
Duration Calls::call_limit(const Call& call) const {
  if (!call.shown || !call.shown->drop_grace_ms) return desk_.limits.call;
  return desk_.limits.call + std::chrono::milliseconds{*call.shown->drop_grace_ms - desk_.settings.drop_grace_ms};
}

std::optional<Instant> Calls::deadline() const {
  std::optional<Instant> first;
  for (const auto& [handle, call] : calls_) first = earliest(first, deadline_of(call));
  return first;
}

void Calls::advance() {
  std::vector<Handle> due;
  for (const auto& [handle, call] : calls_) {
    const auto at = deadline_of(call);
    if (at && *at <= desk_.now) due.push_back(handle);
  }
  for (const auto handle : due) {
    if (auto* call = find(handle)) bark(*call);
  }
}

void Calls::bark(Call& call) {
  switch (call.stage) {
    case Stage::Placing: return abandon(call, {Outcome::Failed, Reason::ServerUnreachable, 0});
    case Stage::Calling: return bark_calling(call);
    case Stage::Ringing: return bark_ringing(call);
    case Stage::Answering: return give_up(call, "answer");
    case Stage::Taking: return give_up(call, "move");
    case Stage::Connecting: return give_up(call, "connect");
    case Stage::Active: return give_up(call, "call");
    case Stage::Ending: return bark_ending(call);
  }
}

void Calls::bark_calling(Call& call) {
  if (!link_.is_up()) return give_up(call, "caller");
  if (call.asked_at) return give_up(call, "setup");
  call.asked_at = desk_.now;
  say(call, wire::GetCall{"", *call.view.call_id});
}

// Silence says nothing about the call: it is not given up, and rings again if the server still speaks of it after a reconnect.
void Calls::bark_ringing(Call& call) {
  if (link_.is_up() || call.woken_until) return finish(call, {Outcome::Missed, std::nullopt, 0}, false);
  finish(call, {.may_ring = true}, false);
}

// Without an id there is nothing to be said yet.
void Calls::bark_ending(Call& call) {
  abandon(call, {.owes = call.view.call_id ? std::optional(debt_of(farewell_of(call))) : std::nullopt});
}

// The invite or the hang-up was not answered in time. A hang-up stays on its way; a call that the invite has made after all is
// cancelled when we hear of it.
void Calls::abandon(Call& call, const CallEnd& end) {
  finish(call, end, false);
  settle_strangers();
}

void Calls::give_up(Call& call, const char* watchdog) {
  const auto id = *call.view.call_id;
  finish(call, {.owes = watchdog}, false);
  commands_.submit(wire::GiveUp{"", id, watchdog}, ForEngine{});
}

// --- the end: every call passes here, once

// `by_server`: nothing more needs to be said about this call. Otherwise a last word that is on its way goes on. The end of a call
// is also the end of its session; the application is told nothing more of either.
void Calls::finish(Call& call, CallEnd end, bool by_server) {
  const auto node = calls_.extract(call.view.handle);
  const auto& ended = node.mapped();
  const auto handle = ended.view.handle;
  const auto is_last = [&](const Pending& p) { return is_for(p, handle) && is_last_word(p.command); };
  if (!by_server) {
    while (auto* last = commands_.find(is_last)) last->owner = ForEngine{};
  }
  for (const auto& dropped : commands_.drop([&](const Pending& pending) { return is_for(pending, handle); })) {
    if (is_invite(dropped.command) && dropped.sent_on != 0) commands_.abandon(dropped.cmd_id);
  }
  if (ended.view.call_id) journal_.end(ended.view, {end.outcome, end.reason, std::move(end.owes), end.may_ring});
  if (ended.shown && ended.shown->session_id) closed_sessions_.insert(*ended.shown->session_id);
  const auto own_ms = ended.active_since ? to_ms(desk_.now - *ended.active_since) : 0;
  desk_.tell(event::Ended{ended.view, end.outcome, end.reason, end.duration_ms.value_or(own_ms)});
}

// --- helpers

Pending* Calls::pending_of(const Call& call, bool (*is_wanted)(const wire::ClientMessage&)) {
  const auto handle = call.view.handle;
  return commands_.find([&](const Pending& p) { return is_for(p, handle) && is_wanted(p.command); });
}

void Calls::enter(Call& call, Stage stage) {
  call.stage = stage;
  call.since = desk_.now;
}

Calls::Call* Calls::find(Handle handle) {
  const auto found = calls_.find(handle);
  return found == calls_.end() ? nullptr : &found->second;
}

Calls::Call* Calls::find(CallId id) {
  for (auto& [handle, call] : calls_) {
    if (call.view.call_id == id) return &call;
  }
  return nullptr;
}

}  // namespace offhook::client
