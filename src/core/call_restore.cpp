// The server has started again: calls go on as they were kept. Every device counts as lost until it is back; deadlines are
// absolute, and what a restart may add to one of them has a limit that no number of restarts moves.
#include <algorithm>

#include "core/call_engine.hpp"
#include "core/limits.hpp"

namespace offhook::core {

using wire::Phase;

// While a call rings its deadlines hold. After the answer the sides get a moment to come back to a server that was away. None
// is further off than when it began, even if the clock has been set back meanwhile.
DeadlineRecord CallEngine::after_restart(const Call& call, const DeadlineRecord& kept) const {
  const auto original = std::min(kept.at - kept.extended, desk_.now + length(call, kept.kind));
  if (!is_answered(call.phase)) return {kept.kind, original, {}};
  const auto at = std::min(std::max(original + kept.extended, desk_.now + k_restart_extension), original + k_max_restart_extension);
  return {kept.kind, at, at - original};
}

Duration CallEngine::length(const Call& call, TimerKind kind) const {
  switch (kind) {
    case TimerKind::Setup: return call.plan.setup;
    case TimerKind::Wake: return call.plan.wake;
    case TimerKind::Ring: return call.plan.ring;
    case TimerKind::CallerGrace: return settings(call).caller_grace;
    case TimerKind::Connect: return call.plan.connect;
    case TimerKind::Grace:
    case TimerKind::Media: return call.plan.drop_grace;
    case TimerKind::MaxDuration: return call.plan.max_duration;
    case TimerKind::Move: return call.plan.move;
    case TimerKind::PushAgain: return call.plan.push_retry;
    case TimerKind::Alone: return settings(call).alone_timeout;
    case TimerKind::ForgetCall: return settings(call).keep_ended;
    case TimerKind::HelloTimeout:
    case TimerKind::Heartbeat:
    case TimerKind::ContactLost:
    case TimerKind::ResumeOver:
    case TimerKind::DrainOver:
    case TimerKind::Expectation:
    case TimerKind::ForgetSession: return {};  // not of a call
  }
  return {};
}

void CallEngine::restore(const CallRecord& kept) {
  auto& call = calls_[kept.id];
  call.id = kept.id;
  call.version = kept.version;
  call.project = kept.project;
  call.media = kept.media;
  call.data = kept.data;
  call.plan = kept.plan;
  call.invites = kept.invites;
  call.group = kept.group;
  call.session = kept.session;
  call.phase = kept.phase;
  call.created_at = kept.created_at;
  call.answered_at = kept.answered_at;
  call.active_at = kept.active_at;
  call.ended_at = kept.ended_at;
  call.outcome = kept.outcome;
  if (kept.phase != Phase::Ended) call.notes = kept.notes;
  call.reason = kept.reason;
  restore_leg(call, call.caller, kept.caller_leg);
  for (const auto& leg : kept.legs) restore_leg(call, call.legs.emplace_back(), leg);
  call.told = told_of(kept);
  restore_timers(call, call.timers, kept.deadlines);
  if (call.phase == Phase::Ended) return ended_.push_back(call.id);
  live_.insert(call.id);
  keep_input(call, InputKind::Restarted);
  call.inputs.start.push_back(kept);
  each_leg(call, [&](Leg& leg) {
    if (!leg.outcome) share(call, leg);
  });
}

void CallEngine::restore_leg(Call& call, Leg& leg, const LegRecord& kept) {
  leg.user = {call.project, kept.user};
  for (const auto& known : kept.devices) {
    auto& device = leg.devices.emplace_back();
    device.self = {leg.user, known.device, known.name, {}};
    device.state = known.state;
    device.outcome = known.outcome;
    device.lost_since = known.lost_since;
    device.has_media = known.has_media;
    device.second_call = known.second_call;
    device.has_push_address = known.has_push_address;
    device.push = known.push;
    device.pushed_again = known.pushed_again;
    device.push_again_at = known.push_again_at;
  }
  if (kept.winner) leg.active = device_in(leg, *kept.winner);
  if (kept.moving) leg.moving = device_in(leg, *kept.moving);
  leg.rang_at = kept.rang_at;
  leg.answered_at = kept.answered_at;
  leg.ended_at = kept.ended_at;
  leg.outcome = kept.outcome;
  leg.reason = kept.reason;
  leg.silent = kept.silent;
  leg.asked = kept.asked;
  restore_timers(call, leg.timers, kept.deadlines);
  arm_push_again(call, leg);
}

void CallEngine::restore_timers(Call& call, Timers& timers, const std::vector<DeadlineRecord>& kept) {
  for (const auto& one : kept) {
    const auto deadline = after_restart(call, one);
    arm(call, timers, deadline.kind, deadline.at, deadline.extended);
  }
}

void CallEngine::go_on() {
  for (const auto& id : ended_) {
    auto& call = calls_.at(id);
    each_leg(call, [&](const Leg& leg) { tell_missed(call, leg, nullptr); });  // for the case that it was not kept any more
  }
  const std::vector<CallId> all(live_.begin(), live_.end());
  for (const auto& id : all) go_on(calls_.at(id));
  forget_oldest();
}

// The grace of those who are lost begins once: it is kept before another restart could begin it anew.
void CallEngine::go_on(Call& call) {
  note(call, NoteKind::Restarted);
  desk_.post(CreateSession{call.session, call.project, call.id, {}, {}});
  each_leg(call, [&](Leg& leg) {
    if (leg.outcome) return tell_missed(call, leg, nullptr);
    if (!leg.asked && &leg != &call.caller) desk_.post(RingLeg{call.id, call.caller.user, leg.user});
    for (const auto* device : {leg.active, leg.moving}) {
      if (device != nullptr && is_answered(call.phase)) desk_.post(Admit{call.session, leg.user, device->self.device});
    }
    lose_all_devices(leg);
    for (auto& device : leg.devices) {  // whether it had been handed over is not known
      if (device.push == PushState::Wanted && is_open(leg) && can_ring(device.state)) wake(call, leg, device);
    }
    arm_grace(call, leg);
  });
  changed(call);
}

void CallEngine::lose_all_devices(Leg& leg) {
  for (auto& device : leg.devices) {
    if (!device.outcome) device.lost_since = std::min(device.lost_since.value_or(desk_.now), desk_.now);
  }
}

}  // namespace offhook::core
