// Everything before the answer, and the answer.
#include <algorithm>

#include "core/call_engine.hpp"

namespace offhook::core {

using wire::DeviceState;
using wire::Outcome;
using wire::Phase;
using wire::Reason;

void CallEngine::on_command(Speaker& who, const wire::RingAck& command) {
  auto& [call, leg, device] = who;
  if (!is_open(leg) || !can_ring(device.state)) return;
  if (command.busy) {
    leave_ring(call, device, DeviceState::Busy, Outcome::Busy);
    if (const auto why = refusal_of_all(call, leg)) return conclude(call, leg, *why, &device);
    return changed(call);
  }
  if (device.state != DeviceState::Notified) return;
  device.state = DeviceState::Ringing;
  device.push_again_at.reset();
  const bool first = !leg.rang_at;
  if (first) {
    leg.rang_at = desk_.now;
    disarm(leg.timers, TimerKind::Wake);
    arm(call, leg.timers, TimerKind::Ring, desk_.now + call.plan.ring);
  }
  changed(call);
  if (first) tell_all(call, &device);
}

// Silent from now on, but it may still answer and learns of the end.
void CallEngine::on_command(Speaker& who, const wire::Ignore&) {
  if (!is_open(who.leg) || !can_ring(who.device.state) || who.device.state == DeviceState::Ignored) return;
  who.device.state = DeviceState::Ignored;
  changed(who.call);
}

void CallEngine::on_command(Speaker& who, const wire::Answer&) {
  auto& [call, leg, device] = who;
  if (!is_open(leg) || !can_ring(device.state)) return;
  if (call.phase == Phase::Inviting) call.phase = Phase::Connecting;
  if (!call.answered_at) call.answered_at = desk_.now;
  leg.answered_at = desk_.now;
  leg.active = &device;
  device.state = DeviceState::Winner;
  device.push_again_at.reset();
  if (!call.caller.outcome) call.caller.active->state = DeviceState::Joined;
  disarm(call.caller.timers, TimerKind::CallerGrace);
  disarm_all(leg.timers);
  stop_pushes(call, leg);
  arm(call, leg.timers, TimerKind::Connect, desk_.now + call.plan.connect);
  std::vector<const CallDevice*> losers;
  for (auto& other : leg.devices) {
    if (!can_ring(other.state)) continue;
    leave_ring(call, other, DeviceState::Elsewhere, Outcome::AnsweredElsewhere);
    losers.push_back(&other);
  }
  if (call.group && call.group->mode == wire::GroupMode::FirstAnswer) close_other_legs(call, leg, losers);
  arm_grace(call, call.caller);
  arm_grace(call, leg);
  disarm(call.timers, TimerKind::Alone);
  if (!call.caller.outcome) share(call, call.caller);
  share(call, leg);
  changed(call);
  if (!call.caller.outcome) desk_.post(Admit{call.session, call.caller.user, call.caller.active->self.device});
  desk_.post(Admit{call.session, leg.user, device.self.device});
  tell_all(call, &device);
  for (const auto* loser : losers) tell(call, *loser);
}

void CallEngine::on_command(Speaker& who, const wire::Decline& command) { decline(who, command.reason); }

void CallEngine::decline(Speaker& who, wire::DeclineReason reason) {
  auto& [call, leg, device] = who;
  if (!is_open(leg) || !can_ring(device.state)) return;
  const bool busy = reason == wire::DeclineReason::Busy;
  leave_ring(call, device, busy ? DeviceState::Busy : DeviceState::Declined, busy ? Outcome::Busy : Outcome::Declined);
  const auto why = busy ? Refusal{Outcome::Busy, Reason::InCall} : Refusal{Outcome::Declined, Reason::ByUser};
  if (call.plan.decline_policy == wire::DeclinePolicy::FirstDecline) return conclude(call, leg, why, &device);
  if (const auto all = refusal_of_all(call, leg)) return conclude(call, leg, *all, &device);
  changed(call);
}

// Has every device that could still be answered refused? One that was told but never rang does not hold a refusal up.
std::optional<Refusal> CallEngine::refusal_of_all(const Call& call, const Leg& leg) const {
  const auto count = [&](DeviceState state) {
    return std::count_if(leg.devices.begin(), leg.devices.end(), [&](const auto& device) { return device.state == state; });
  };
  const auto busy = count(DeviceState::Busy);
  if (busy == static_cast<std::ptrdiff_t>(leg.devices.size())) return Refusal{Outcome::Busy, Reason::DeviceBusyAll};
  if (call.plan.decline_policy != wire::DeclinePolicy::AllDevices) return std::nullopt;
  if (count(DeviceState::Ringing) + count(DeviceState::Ignored) > 0) return std::nullopt;
  return count(DeviceState::Declined) > 0 ? std::optional(Refusal{Outcome::Declined, Reason::ByUser}) : std::nullopt;
}

// This device is out; the call goes on without it.
void CallEngine::leave_ring(Call& call, CallDevice& device, DeviceState state, Outcome outcome) {
  device.state = state;
  device.outcome = outcome;
  device.push_again_at.reset();
  desk_.post(LiveCall{device.self.client, call.id, false});
}

}  // namespace offhook::core
