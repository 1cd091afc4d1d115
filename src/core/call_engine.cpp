#include "core/call_engine.hpp"

#include <algorithm>

#include "base/check.hpp"
#include "core/addressing.hpp"
#include "core/limits.hpp"

namespace offhook::core {
namespace {

using wire::DeviceState;
using wire::Outcome;
using wire::Phase;
using wire::Reason;

bool is_answered(Phase phase) {
  switch (phase) {
    case Phase::Inviting:
    case Phase::Ended: return false;
    case Phase::Connecting:
    case Phase::Active: return true;
  }
  return false;
}

// Can a device in this state still take part in the ringing?
bool can_ring(DeviceState state) {
  switch (state) {
    case DeviceState::Notified:
    case DeviceState::Ringing: return true;
    case DeviceState::Calling:
    case DeviceState::Winner:
    case DeviceState::Elsewhere:
    case DeviceState::Declined:
    case DeviceState::Busy:
    case DeviceState::Joined:
    case DeviceState::Bystander:
    case DeviceState::Done: return false;
  }
  return false;
}

// PROTOCOL.md section 7: what a callee's device that is still in the ringing is told at the end.
Outcome outcome_when_rung(Outcome call, DeviceState state) {
  switch (call) {
    case Outcome::Declined: return Outcome::DeclinedElsewhere;
    case Outcome::Busy: return state == DeviceState::Ringing ? Outcome::BusyElsewhere : Outcome::Missed;
    case Outcome::Ended:
    case Outcome::ConnectFailed:
    case Outcome::Dropped:
    case Outcome::AnsweredElsewhere: return Outcome::AnsweredElsewhere;
    case Outcome::NoAnswer:
    case Outcome::Unreachable:
    case Outcome::Cancelled:
    case Outcome::Failed:
    case Outcome::DeclinedElsewhere:
    case Outcome::BusyElsewhere:
    case Outcome::Missed:
    case Outcome::LostContact: return Outcome::Missed;
  }
  return Outcome::Missed;
}

}  // namespace

// --- beginning

void CallEngine::on(CreateCall&& mail) {
  auto refusal = mail.refusal;
  if (desk_.drain_end) refusal = Refusal{Outcome::Failed, Reason::ServerShutdown};
  if (live_.size() >= k_max_live_calls) refusal = Refusal{Outcome::Failed, Reason::Overloaded};
  auto& call = calls_[mail.call];
  call.id = mail.call;
  call.callee = {mail.caller.user.project, mail.invite.to};
  call.caller.self = mail.caller;
  call.caller.state = DeviceState::Calling;
  call.media = mail.invite.media;
  call.data = mail.invite.data;
  if (mail.invite.ring_timeout_ms) call.cap = std::chrono::milliseconds{*mail.invite.ring_timeout_ms};
  call.session = desk_.make_id<SessionKind>(call.id.slot());
  call.created_at = desk_.now;
  live_.insert(call.id);
  if (refusal) {
    end_call(call, *refusal, &call.caller);
  } else {
    for (auto& member : mail.devices) call.devices.emplace_back().self = std::move(member);
    begin(call);
  }
  desk_.reply({mail.caller.client, mail.invite.cmd_id}, wire::CallReply{snapshot(call, mail.caller)});
}

void CallEngine::begin(Call& call) {
  const auto cap = call.cap.value_or(Duration::max());
  arm(call, TimerKind::Setup, desk_.now + std::min(desk_.settings.setup_timeout, cap));
  arm(call, TimerKind::Wake, desk_.now + std::min(desk_.settings.wake_timeout, cap));
  changed(call);
  desk_.post(CreateSession{call.session, call.callee.project, call.id});
  desk_.post(UserCall{call.caller.self.user, call.id, true});
  desk_.post(UserCall{call.callee, call.id, true});
  desk_.post(LiveCall{call.caller.self.client, call.id, true});
  for (const auto& device : call.devices) desk_.post(LiveCall{device.self.client, call.id, true});
  tell_all(call, &call.caller);
}

// --- commands

void CallEngine::on(const CallCommand& mail) {
  const Asker asker{mail.who.client, *cmd_id_of(mail.command)};
  auto* call = find(mail.call);
  const bool takes_part = call != nullptr && (mail.who.user == call->caller.self.user || mail.who.user == call->callee);
  if (!takes_part) return desk_.refuse(asker, wire::ErrorWord::NoSuchCall, "There is no such call, or it is not yours.");
  auto* device = device_of(*call, mail.who);
  if (device != nullptr && call->phase != Phase::Ended) command(*call, *device, mail.command);
  desk_.reply(asker, wire::CallReply{snapshot(*call, mail.who)});
}

void CallEngine::command(Call& call, Device& who, const wire::ClientMessage& command) {
  std::visit(
      [&](const auto& said) {
        if constexpr (requires { on_command(call, who, said); }) on_command(call, who, said);
      },
      command);
}

void CallEngine::on_command(Call& call, Device& who, const wire::RingAck& command) {
  if (call.phase != Phase::Inviting || !can_ring(who.state)) return;
  if (command.busy) {
    leave_ring(call, who, DeviceState::Busy, Outcome::Busy);
    const bool all_busy = std::all_of(call.devices.begin(), call.devices.end(),
                                      [](const Device& device) { return device.state == DeviceState::Busy; });
    if (all_busy) return end_call(call, Outcome::Busy, Reason::DeviceBusyAll, &who);
    return changed(call);
  }
  if (who.state == DeviceState::Ringing) return;
  who.state = DeviceState::Ringing;
  const bool first = !call.rang_at;
  if (first) {
    call.rang_at = desk_.now;
    disarm(call, TimerKind::Wake);
    arm(call, TimerKind::Ring, desk_.now + std::min(desk_.settings.ring_timeout, call.cap.value_or(Duration::max())));
  }
  changed(call);
  if (first) tell_all(call, &who);
}

void CallEngine::on_command(Call& call, Device& who, const wire::Answer&) {
  if (call.phase != Phase::Inviting || !can_ring(who.state)) return;
  call.phase = Phase::Connecting;
  call.answered_at = desk_.now;
  call.winner = static_cast<std::size_t>(&who - call.devices.data());
  who.state = DeviceState::Winner;
  call.caller.state = DeviceState::Joined;
  for (const auto kind : {TimerKind::Setup, TimerKind::Wake, TimerKind::Ring, TimerKind::CallerGrace}) disarm(call, kind);
  arm(call, TimerKind::Connect, desk_.now + desk_.settings.connect_timeout);
  std::vector<const Device*> losers;
  for (auto& device : call.devices) {
    if (!can_ring(device.state)) continue;
    leave_ring(call, device, DeviceState::Elsewhere, Outcome::AnsweredElsewhere);
    losers.push_back(&device);
  }
  arm_grace(call);
  changed(call);
  desk_.post(Admit{call.session, call.caller.self.user, call.caller.self.device});
  desk_.post(Admit{call.session, who.self.user, who.self.device});
  tell(call, call.caller);
  for (const auto* loser : losers) tell(call, *loser);
}

void CallEngine::on_command(Call& call, Device& who, const wire::Decline& command) { decline(call, who, command.reason); }

void CallEngine::decline(Call& call, Device& who, wire::DeclineReason reason) {
  if (call.phase != Phase::Inviting || !can_ring(who.state)) return;
  const bool busy = reason == wire::DeclineReason::Busy;
  leave_ring(call, who, busy ? DeviceState::Busy : DeviceState::Declined, busy ? Outcome::Busy : Outcome::Declined);
  end_call(call, busy ? Refusal{Outcome::Busy, Reason::InCall} : Refusal{Outcome::Declined, Reason::ByUser}, &who);
}

void CallEngine::on_command(Call& call, Device& who, const wire::Cancel&) {
  if (&who != &call.caller) return;
  end_call(call, is_answered(call.phase) ? Refusal{Outcome::Ended, Reason::ByCaller} : Refusal{Outcome::Cancelled, Reason::ByUser},
           &who);
}

void CallEngine::on_command(Call& call, Device& who, const wire::Hangup&) {
  if (&who == &call.caller) return on_command(call, who, wire::Cancel{});
  if (!is_answered(call.phase)) return decline(call, who, wire::DeclineReason::Declined);
  if (&who == winner(call)) end_call(call, Outcome::Ended, Reason::ByCallee, &who);
}

void CallEngine::on_command(Call& call, Device& who, const wire::GiveUp&) {
  const bool answered = is_answered(call.phase);
  if (&who == &call.caller) {
    end_call(call, answered ? Refusal{Outcome::Dropped, Reason::CallerLost} : Refusal{Outcome::Cancelled, Reason::CallerLost}, &who);
  } else if (answered && &who == winner(call)) {
    end_call(call, Outcome::Dropped, Reason::CalleeLost, &who);
  } else if (can_ring(who.state)) {
    leave_ring(call, who, DeviceState::Done, Outcome::Missed);
    changed(call);
  }
}

void CallEngine::on_command(Call& call, Device& who, const wire::MediaUp&) {
  const bool in_call = &who == &call.caller || &who == winner(call);
  if (!is_answered(call.phase) || !in_call || call.media == wire::Media::None) return;
  who.has_media = true;
  if (call.phase == Phase::Connecting) return activate_if_connected(call, &who);
  if (call.caller.has_media && winner(call)->has_media) disarm(call, TimerKind::Media);
}

void CallEngine::on_command(Call& call, Device& who, const wire::MediaDown&) {
  const bool in_call = &who == &call.caller || &who == winner(call);
  if (!is_answered(call.phase) || !in_call || call.media == wire::Media::None) return;
  who.has_media = false;
  if (call.phase == Phase::Active && !at(call, TimerKind::Media)) {
    arm(call, TimerKind::Media, desk_.now + desk_.settings.drop_grace);
  }
}

void CallEngine::on_command(Call& call, Device& who, const wire::MediaFailed& command) {
  const bool is_caller = &who == &call.caller;
  if (!is_caller && &who != winner(call)) return;
  if (call.phase == Phase::Active) return on_command(call, who, wire::MediaDown{});
  if (call.phase != Phase::Connecting) return;
  auto reason = is_caller ? Reason::CallerMedia : Reason::CalleeMedia;
  if (command.reason == wire::MediaFailure::IceFailed) reason = Reason::IceFailed;
  if (command.reason == wire::MediaFailure::Permission) reason = Reason::Permission;
  end_call(call, Outcome::ConnectFailed, reason, &who);
}

// This device is out; the call goes on without it.
void CallEngine::leave_ring(Call& call, Device& who, DeviceState state, Outcome outcome) {
  who.state = state;
  who.outcome = outcome;
  desk_.post(LiveCall{who.self.client, call.id, false});
}

void CallEngine::activate_if_connected(Call& call, const Device* except) {
  if (call.phase != Phase::Connecting) return;
  const auto is_ready = [&](const Device& device) {
    return call.media == wire::Media::None ? device.in_session : device.has_media;
  };
  if (!is_ready(call.caller) || !is_ready(*winner(call))) return;
  call.phase = Phase::Active;
  call.active_at = desk_.now;
  disarm(call, TimerKind::Connect);
  arm(call, TimerKind::MaxDuration, desk_.now + desk_.settings.max_duration);
  changed(call);
  if (&call.caller != except) tell(call, call.caller);
  if (winner(call) != except) tell(call, *winner(call));
}

// --- devices that come and go

void CallEngine::on(const DeviceAttached& mail) {
  auto* call = find(mail.call);
  if (call == nullptr || call->phase == Phase::Ended) return;
  if (auto* device = device_of(*call, mail.who)) return attach(*call, *device, mail.who);
  const bool late = mail.who.user == call->callee && call->phase == Phase::Inviting;
  if (!late || call->devices.size() >= k_max_devices_per_call) return;
  call->devices.emplace_back().self = mail.who;  // it learns of the call from its welcome
  desk_.post(LiveCall{mail.who.client, call->id, true});
  changed(*call);
}

void CallEngine::attach(Call& call, Device& device, const Member& member) {
  const bool fresh = device.self.client != member.client;
  const bool was_lost = device.lost_since.has_value();
  device.self = member;
  device.lost_since.reset();
  const bool takes_part = &device == &call.caller || &device == winner(call) || can_ring(device.state);
  if (takes_part) desk_.post(LiveCall{member.client, call.id, true});
  if (fresh && device.has_media) {  // the application has started anew: media must be negotiated again
    device.has_media = false;
    if (call.phase == Phase::Active) arm(call, TimerKind::Media, desk_.now + desk_.settings.drop_grace);
  }
  if (was_lost) on_contact_changed(call, device);
}

void CallEngine::on(const DeviceLost& mail) {
  auto* call = find(mail.call);
  if (call == nullptr || call->phase == Phase::Ended) return;
  auto* device = device_of(*call, mail.who);
  if (device == nullptr || device->self.client != mail.who.client || device->lost_since) return;
  device->lost_since = mail.since;
  on_contact_changed(*call, *device);
}

// `who` was lost or is back: those who wait for it are told.
void CallEngine::on_contact_changed(Call& call, const Device& who) {
  const bool is_caller = &who == &call.caller;
  if (!is_caller && &who != winner(call)) return;
  arm_grace(call);
  changed(call);
  if (call.phase == Phase::Inviting) return tell_all(call, &call.caller);
  tell(call, is_caller ? *winner(call) : call.caller);
}

// How long we wait for whoever is lost: from the last contact of the one lost first.
void CallEngine::arm_grace(Call& call) {
  const auto& caller_lost = call.caller.lost_since;
  disarm(call, TimerKind::CallerGrace);
  disarm(call, TimerKind::Grace);
  if (call.phase == Phase::Inviting) {
    if (caller_lost) arm(call, TimerKind::CallerGrace, *caller_lost + desk_.settings.caller_grace);
    return;
  }
  const auto since = std::min(caller_lost.value_or(Instant::max()), winner(call)->lost_since.value_or(Instant::max()));
  if (since != Instant::max()) arm(call, TimerKind::Grace, since + desk_.settings.drop_grace);
}

void CallEngine::on(const SessionPresence& mail) {
  auto* call = find(mail.call);
  if (call == nullptr || !is_answered(call->phase)) return;
  auto* device = device_of(*call, Member{mail.user, mail.device, {}, {}});
  if (device == nullptr) return;
  device->in_session = mail.joined;
  if (call->media == wire::Media::None) activate_if_connected(*call, nullptr);
}

void CallEngine::on(const AskSnapshot& mail) {
  auto* call = find(mail.call);
  SnapshotGiven given{mail.who.client, std::nullopt};
  if (call != nullptr) {
    const auto* device = device_of(*call, mail.who);
    const bool is_member = mail.who.user == call->caller.self.user || mail.who.user == call->callee;
    const bool takes_part = device != nullptr && call->phase != Phase::Ended && !device->outcome;
    if (takes_part || (mail.named && is_member)) given.call = snapshot(*call, mail.who);
  }
  desk_.post(std::move(given));
}

// --- the end

void CallEngine::on_timer(TimerKind kind, CallId id) {
  auto* found = find(id);
  if (found == nullptr) return;
  auto& call = *found;
  const auto armed = call.timers.find(kind);
  // Of several deadlines at one moment the first may have disarmed or moved the others.
  if (armed == call.timers.end() || desk_.timers.at(armed->second)) return;
  call.timers.erase(armed);
  if (kind == TimerKind::ForgetCall) {
    calls_.erase(id);
  } else if (kind == TimerKind::Setup || kind == TimerKind::Wake || kind == TimerKind::Ring) {
    end_unanswered(call);
  } else if (kind == TimerKind::CallerGrace) {
    end_call(call, Outcome::Cancelled, Reason::CallerLost);
  } else if (kind == TimerKind::Connect) {
    end_call(call, Outcome::ConnectFailed, Reason::Timeout);
  } else if (kind == TimerKind::MaxDuration) {
    end_call(call, Outcome::Ended, Reason::MaxDuration);
  } else if (kind == TimerKind::Media) {
    end_call(call, Outcome::Dropped, Reason::MediaLost);
  } else if (kind == TimerKind::Grace) {
    const bool caller = call.caller.lost_since.has_value();
    const bool callee = winner(call)->lost_since.has_value();
    const auto one = caller ? Reason::CallerLost : Reason::CalleeLost;
    end_call(call, Outcome::Dropped, caller && callee ? Reason::BothLost : one);
  }
}

void CallEngine::end_unanswered(Call& call) {
  const auto why = call.devices.empty() ? Reason::NoDevices : Reason::PushUnacked;
  if (!call.rang_at) return end_call(call, Outcome::Unreachable, why);
  end_call(call, Outcome::NoAnswer, Reason::Timeout);
}

void CallEngine::on(const AdminEndCall& event) {
  auto* call = find(event.call);
  if (call == nullptr || call->phase == Phase::Ended) return;
  end_call(*call, is_answered(call->phase) ? Outcome::Ended : Outcome::Cancelled, Reason::ByApi);
}

void CallEngine::on_drain_over() {
  const std::vector<CallId> all(live_.begin(), live_.end());
  for (const auto& id : all) end_call(calls_.at(id), Outcome::Failed, Reason::ServerShutdown);
}

// Every end of every call passes here, once. `except` learns it from the reply to its command.
void CallEngine::end_call(Call& call, Outcome outcome, Reason reason, const Device* except) {
  CHECK(call.phase != Phase::Ended);
  call.phase = Phase::Ended;
  call.ended_at = desk_.now;
  call.outcome = outcome;
  if (outcome != Outcome::NoAnswer) call.reason = reason;  // no_answer has no sub-reason (PROTOCOL.md section 7)
  for (auto& [kind, handle] : call.timers) desk_.timers.cancel(handle);
  call.timers.clear();
  std::vector<const Device*> told;
  for (auto& device : call.devices) {
    if (device.outcome) continue;
    const bool is_winner = device.state == DeviceState::Winner;
    leave_ring(call, device, DeviceState::Done, is_winner ? outcome : outcome_when_rung(outcome, device.state));
    told.push_back(&device);
  }
  call.caller.state = DeviceState::Done;
  call.caller.outcome = outcome;
  arm(call, TimerKind::ForgetCall, desk_.now + desk_.settings.keep_ended);
  changed(call);
  desk_.post(LiveCall{call.caller.self.client, call.id, false});
  desk_.post(UserCall{call.caller.self.user, call.id, false});
  desk_.post(UserCall{call.callee, call.id, false});
  if (&call.caller != except) tell(call, call.caller);
  for (const auto* device : told) {
    if (device != except) tell(call, *device);
  }
  desk_.post(CloseSession{call.session, wire::LeaveReason::CallEnded});
  live_.erase(call.id);
  ended_.push_back(call.id);
  forget_oldest();
}

void CallEngine::forget_oldest() {
  while (ended_.size() > k_max_kept_calls) {
    if (auto* call = find(ended_.front())) {
      disarm(*call, TimerKind::ForgetCall);
      calls_.erase(call->id);
    }
    ended_.pop_front();
  }
}

// --- telling

void CallEngine::changed(Call& call) {
  ++call.version;
  desk_.effect(Store{record(call)});
}

void CallEngine::tell(const Call& call, const Device& device) {
  desk_.post(GiveEvent{device.self.client, wire::CallEvent{0, snapshot(call, device.self)}});
}

// Everybody for whom the call is not over.
void CallEngine::tell_all(const Call& call, const Device* except) {
  if (&call.caller != except) tell(call, call.caller);
  for (const auto& device : call.devices) {
    if (&device != except && !device.outcome) tell(call, device);
  }
}

wire::Snapshot CallEngine::snapshot(const Call& call, const Member& viewer) const {
  wire::Snapshot s;
  const auto* device = device_of(const_cast<Call&>(call), viewer);
  const bool is_caller = device == &call.caller;
  const auto* callee = call.winner ? &call.devices[*call.winner] : nullptr;
  s.call_id = call.id;
  s.version = call.version;
  s.phase = call.phase;
  s.ringing = call.rang_at.has_value();
  s.role = viewer.user == call.caller.self.user ? wire::Role::Caller : wire::Role::Callee;
  s.you = state_of(call, viewer);
  s.caller = {call.caller.self.user.user, call.caller.self.name};
  s.callee = {call.callee.user, callee != nullptr ? callee->self.name : std::nullopt};
  s.media = call.media;
  s.data = call.data;
  const bool in_call = is_caller || (device != nullptr && device == callee);
  if (in_call && is_answered(call.phase)) s.session_id = call.session;
  if (call.phase != Phase::Ended) {
    s.peer_unstable = is_caller ? callee != nullptr && callee->lost_since : call.caller.lost_since.has_value();
    s.deadlines_remaining_ms = remaining(call);
  }
  s.created_at_ms = to_unix_ms(call.created_at);
  if (call.answered_at) s.answered_at_ms = to_unix_ms(*call.answered_at);
  s.outcome = call.outcome;
  s.reason = call.reason;
  if (device != nullptr) s.device_outcome = device->outcome;
  if (device == nullptr && call.outcome) {
    s.device_outcome = s.role == wire::Role::Caller ? *call.outcome : outcome_when_rung(*call.outcome, DeviceState::Notified);
  }
  if (call.ended_at) s.duration_ms = call.active_at ? to_ms(*call.ended_at - *call.active_at) : 0;
  return s;
}

DeviceState CallEngine::state_of(const Call& call, const Member& viewer) const {
  if (const auto* device = device_of(const_cast<Call&>(call), viewer)) return device->state;
  if (viewer.user == call.caller.self.user) return DeviceState::Bystander;
  return call.phase == Phase::Inviting ? DeviceState::Notified : DeviceState::Elsewhere;
}

wire::Remaining CallEngine::remaining(const Call& call) const {
  const auto left = [&](TimerKind kind) -> std::optional<std::int64_t> {
    const auto moment = at(call, kind);
    return moment ? std::optional(std::max<std::int64_t>(to_ms(*moment - desk_.now), 0)) : std::nullopt;
  };
  const auto grace = call.phase == Phase::Inviting ? TimerKind::CallerGrace : TimerKind::Grace;
  return {left(TimerKind::Setup), left(TimerKind::Wake), left(TimerKind::Ring),
          left(TimerKind::Connect), left(TimerKind::MaxDuration), left(grace)};
}

CallRecord CallEngine::record(const Call& call) const {
  CallRecord r;
  r.id = call.id;
  r.version = call.version;
  r.project = call.callee.project;
  r.caller = call.caller.self.user.user;
  r.caller_device = call.caller.self.device;
  r.callee = call.callee.user;
  r.media = call.media;
  r.session = call.session;
  r.phase = call.phase;
  for (const auto& device : call.devices) r.devices.push_back({device.self.device, device.self.name, device.state, device.outcome});
  if (call.winner) r.winner = call.devices[*call.winner].self.device;
  r.created_at = call.created_at;
  r.rang_at = call.rang_at;
  r.answered_at = call.answered_at;
  r.active_at = call.active_at;
  r.ended_at = call.ended_at;
  r.outcome = call.outcome;
  r.reason = call.reason;
  if (call.phase == Phase::Inviting) r.deadline = at(call, TimerKind::Setup);
  if (call.phase == Phase::Connecting) r.deadline = at(call, TimerKind::Connect);
  if (call.phase == Phase::Active) r.deadline = at(call, TimerKind::MaxDuration);
  return r;
}

// --- helpers

void CallEngine::arm(Call& call, TimerKind kind, Instant moment) { desk_.arm(call.timers[kind], moment, kind, call.id); }

void CallEngine::disarm(Call& call, TimerKind kind) {
  auto node = call.timers.extract(kind);
  if (!node.empty()) desk_.timers.cancel(node.mapped());
}

std::optional<Instant> CallEngine::at(const Call& call, TimerKind kind) const {
  const auto found = call.timers.find(kind);
  return found == call.timers.end() ? std::nullopt : desk_.timers.at(found->second);
}

CallEngine::Call* CallEngine::find(CallId id) {
  const auto found = calls_.find(id);
  return found == calls_.end() ? nullptr : &found->second;
}

CallEngine::Device* CallEngine::device_of(Call& call, const Member& member) {
  if (call.caller.self.is_same_device(member)) return &call.caller;
  for (auto& device : call.devices) {
    if (device.self.is_same_device(member)) return &device;
  }
  return nullptr;
}

}  // namespace offhook::core
