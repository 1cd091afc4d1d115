// What is told of a call, and what is kept of it.
#include <algorithm>

#include "core/call_engine.hpp"

namespace offhook::core {

using wire::DeviceState;
using wire::Phase;

void CallEngine::changed(Call& call) {
  ++call.version;
  Store store{record(call)};
  const auto& kept = std::get<CallRecord>(store.record);
  if (settings(call).call_notices) {
    store.notices = news_between(call.told, kept);
    for (auto& notice : store.notices) desk_.complete(notice, call.id.slot());
  }
  call.told = told_of(kept);
  if (const auto fresh = fresh_records_.find(call.id); fresh != fresh_records_.end()) {  // changed twice: the time line so far goes with the first
    std::get<CallRecord>(std::get<Store>((*desk_.out)[fresh->second]).record).notes = call.notes;
  }
  fresh_records_[call.id] = desk_.out->size();
  desk_.effect(std::move(store));
}

void CallEngine::tell(Call& call, const CallDevice& device) {
  if (device.self.client == ClientId{}) return;  // it has never had one, or not since the server has started
  note_told(call, device);
  desk_.tell(device.self.client, wire::CallEvent{0, snapshot(call, device.self)});
}

// Everybody for whom the call is not over.
void CallEngine::tell_all(Call& call, const CallDevice* except) {
  each_leg(call, [&](const Leg& leg) {
    for (const auto& device : leg.devices) {
      if (&device != except && !device.outcome) tell(call, device);
    }
  });
}

wire::Snapshot CallEngine::snapshot(const Call& call, const Member& viewer) const {
  wire::Snapshot s;
  auto& leg = *leg_of(const_cast<Call&>(call), viewer.user);
  const auto* device = device_in(leg, viewer.device);
  const bool is_caller = &leg == &call.caller;
  const auto answered = std::find_if(call.legs.begin(), call.legs.end(), [](const Leg& each) { return each.active != nullptr; });
  const auto& callee = !is_caller ? leg : answered != call.legs.end() ? *answered : call.legs.front();
  s.call_id = call.id;
  s.version = call.version;
  s.phase = call.phase;
  s.ringing = std::any_of(call.legs.begin(), call.legs.end(), [](const Leg& each) { return each.rang_at.has_value(); });
  s.role = is_caller ? wire::Role::Caller : wire::Role::Callee;
  s.you = state_of(call, leg, device);
  // A leg has nobody who speaks for it before somebody answers, or when a user who was deleted has been blotted out of it.
  const auto party = [](const Leg& each) { return wire::Party{each.user.user, each.active != nullptr ? each.active->self.name : std::nullopt}; };
  s.caller = party(call.caller);
  s.callee = party(callee);
  s.media = call.media;
  s.data = call.data;
  const bool speaks = device != nullptr && (device == leg.active || device == leg.moving) && !leg.outcome;
  if (is_answered(call.phase) && speaks) s.session_id = call.session;
  if (call.phase != Phase::Ended) {
    auto lost = unheard(call, leg);
    s.peer_unstable = !lost.empty();
    if (call.group) s.unstable = std::move(lost);
    s.deadlines_remaining_ms = remaining(call, leg);
  }
  s.created_at_ms = to_unix_ms(call.created_at);
  if (call.answered_at) s.answered_at_ms = to_unix_ms(*call.answered_at);
  s.outcome = call.outcome;
  s.reason = call.reason;
  if (device != nullptr) s.device_outcome = device->outcome;
  if (device == nullptr && call.outcome) {
    const bool was_answered = leg.active != nullptr;
    const auto word = was_answered ? wire::Outcome::AnsweredElsewhere : outcome_when_rung(*leg.outcome, DeviceState::Notified);
    s.device_outcome = is_caller ? *call.outcome : word;
  }
  if (!call.outcome && s.device_outcome) s.reason = leg.reason;  // its part is over, the call goes on
  if (device != nullptr) s.second_call = device->second_call && call.phase != Phase::Ended;
  if (call.plan.own_drop_grace) s.drop_grace_ms = to_ms(*call.plan.own_drop_grace);
  if (call.group) s.group_mode = call.group->mode;
  s.legs = leg_views(call);
  s.push_pending = is_caller && is_push_pending(call);
  if (call.ended_at) s.duration_ms = call.active_at ? std::max<std::int64_t>(to_ms(*call.ended_at - *call.active_at), 0) : 0;
  return s;
}

DeviceState CallEngine::state_of(const Call& call, const Leg& leg, const CallDevice* device) const {
  if (device != nullptr) return device->state;
  if (&leg == &call.caller) return DeviceState::Bystander;
  return is_open(leg) ? DeviceState::Notified : DeviceState::Elsewhere;
}

// Those in the call whom this leg waits for and who are lost at present.
std::vector<UserId> CallEngine::unheard(const Call& call, const Leg& leg) const {
  std::vector<UserId> users;
  each_leg(const_cast<Call&>(call), [&](const Leg& other) {
    if (&other != &leg && is_in(other) && other.active->lost_since) users.push_back(other.user.user);
  });
  return users;
}

wire::Remaining CallEngine::remaining(const Call& call, const Leg& own) const {
  const auto left = [&](const Timers& timers, TimerKind kind) -> std::optional<std::int64_t> {
    const auto moment = at(timers, kind);
    return moment ? std::optional(std::max<std::int64_t>(to_ms(*moment - desk_.now), 0)) : std::nullopt;
  };
  // The caller waits for the last of those who are called.
  const auto latest = [&](TimerKind kind) {
    if (&own != &call.caller) return left(own.timers, kind);
    std::optional<std::int64_t> last;
    for (const auto& leg : call.legs) last = std::max(last, left(leg.timers, kind));
    return last;
  };
  const auto grace = [&]() -> std::optional<std::int64_t> {
    if (call.phase == Phase::Inviting) return left(call.caller.timers, TimerKind::CallerGrace);
    std::optional<std::int64_t> first;
    each_leg(const_cast<Call&>(call), [&](const Leg& leg) {
      const auto one = left(leg.timers, TimerKind::Grace);
      if (one && (!first || *one < *first)) first = one;
    });
    return first;
  };
  return {latest(TimerKind::Setup), latest(TimerKind::Wake), latest(TimerKind::Ring),
          latest(TimerKind::Connect), left(call.timers, TimerKind::MaxDuration), grace(),
          left(own.timers, TimerKind::Move), left(call.timers, TimerKind::Alone)};
}

// Without time line and inputs, which finish_records() adds.
CallRecord CallEngine::record(const Call& call) const {
  CallRecord r;
  r.id = call.id;
  r.version = call.version;
  r.project = call.project;
  r.caller = call.caller.user.user;
  if (call.caller.active != nullptr) r.caller_device = call.caller.active->self.device;
  r.caller_leg = leg_record(call.caller);
  r.group = call.group;
  for (const auto& leg : call.legs) r.legs.push_back(leg_record(leg));
  r.media = call.media;
  r.data = call.data;
  r.plan = call.plan;
  r.invites = call.invites;
  r.session = call.session;
  r.phase = call.phase;
  r.created_at = call.created_at;
  r.answered_at = call.answered_at;
  r.active_at = call.active_at;
  r.ended_at = call.ended_at;
  r.outcome = call.outcome;
  r.reason = call.reason;
  r.deadlines = deadline_records(call.timers);
  if (call.phase == Phase::Active) r.deadline = at(call.timers, TimerKind::MaxDuration);
  if (call.phase == Phase::Inviting || call.phase == Phase::Connecting) {
    for (const auto& leg : call.legs) r.deadline = std::max({r.deadline, at(leg.timers, TimerKind::Setup), at(leg.timers, TimerKind::Connect)});
  }
  return r;
}

LegRecord CallEngine::leg_record(const Leg& leg) const {
  LegRecord r;
  r.user = leg.user.user;
  for (const auto& device : leg.devices) {
    r.devices.push_back({device.self.device, device.self.name, device.state, device.outcome, device.lost_since, device.has_media,
                         device.second_call, device.has_push_address, device.push, device.pushed_again, device.push_again_at});
  }
  if (leg.active != nullptr) r.winner = leg.active->self.device;
  if (leg.moving != nullptr) r.moving = leg.moving->self.device;
  r.rang_at = leg.rang_at;
  r.answered_at = leg.answered_at;
  r.ended_at = leg.ended_at;
  r.outcome = leg.outcome;
  r.reason = leg.reason;
  r.silent = leg.silent;
  r.asked = leg.asked;
  r.deadlines = deadline_records(leg.timers);
  return r;
}

std::vector<DeadlineRecord> CallEngine::deadline_records(const Timers& timers) const {
  std::vector<DeadlineRecord> records;
  for (const auto& [kind, armed] : timers) {
    if (kind == TimerKind::PushAgain) continue;  // the devices have it
    records.push_back({kind, *at(timers, kind), armed.extended});
  }
  return records;
}

std::vector<wire::LegView> CallEngine::leg_views(const Call& call) const {
  std::vector<wire::LegView> views;
  if (!call.group) return views;
  for (const auto& leg : call.legs) views.push_back({leg.user.user, leg_state(call, leg), leg.outcome, leg.reason});
  return views;
}

wire::LegState CallEngine::leg_state(const Call& call, const Leg& leg) const {
  if (leg.outcome) return wire::LegState::Ended;
  if (leg.active == nullptr) return leg.rang_at ? wire::LegState::Ringing : wire::LegState::Invited;
  const bool waited_for = call.phase != Phase::Active || at(leg.timers, TimerKind::Connect);
  return waited_for ? wire::LegState::Connecting : wire::LegState::Joined;
}

}  // namespace offhook::core
