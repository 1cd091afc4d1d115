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
    const bool all_busy = std::all_of(leg.devices.begin(), leg.devices.end(),
                                      [](const CallDevice& each) { return each.state == DeviceState::Busy; });
    if (all_busy) return conclude(call, leg, Outcome::Busy, Reason::DeviceBusyAll, &device);
    return changed(call);
  }
  if (device.state == DeviceState::Ringing) return;
  device.state = DeviceState::Ringing;
  const bool first = !leg.rang_at;
  if (first) {
    leg.rang_at = desk_.now;
    disarm(leg.timers, TimerKind::Wake);
    const auto cap = call.cap.value_or(Duration::max());
    arm(call, leg.timers, TimerKind::Ring, desk_.now + std::min(desk_.settings.ring_timeout, cap));
  }
  changed(call);
  if (first) tell_all(call, &device);
}

void CallEngine::on_command(Speaker& who, const wire::Answer&) {
  auto& [call, leg, device] = who;
  if (!is_open(leg) || !can_ring(device.state)) return;
  call.phase = Phase::Connecting;
  call.answered_at = desk_.now;
  leg.answered_at = desk_.now;
  leg.active = &device;
  device.state = DeviceState::Winner;
  call.caller.active->state = DeviceState::Joined;
  disarm(call.caller.timers, TimerKind::CallerGrace);
  disarm_all(leg.timers);
  arm(call, leg.timers, TimerKind::Connect, desk_.now + desk_.settings.connect_timeout);
  std::vector<const CallDevice*> losers;
  for (auto& other : leg.devices) {
    if (!can_ring(other.state)) continue;
    leave_ring(call, other, DeviceState::Elsewhere, Outcome::AnsweredElsewhere);
    losers.push_back(&other);
  }
  arm_grace(call, call.caller);
  arm_grace(call, leg);
  changed(call);
  desk_.post(Admit{call.session, call.caller.user, call.caller.active->self.device});
  desk_.post(Admit{call.session, leg.user, device.self.device});
  tell(call, *call.caller.active);
  for (const auto* loser : losers) tell(call, *loser);
}

void CallEngine::on_command(Speaker& who, const wire::Decline& command) { decline(who, command.reason); }

void CallEngine::decline(Speaker& who, wire::DeclineReason reason) {
  auto& [call, leg, device] = who;
  if (!is_open(leg) || !can_ring(device.state)) return;
  const bool busy = reason == wire::DeclineReason::Busy;
  leave_ring(call, device, busy ? DeviceState::Busy : DeviceState::Declined, busy ? Outcome::Busy : Outcome::Declined);
  conclude(call, leg, busy ? Refusal{Outcome::Busy, Reason::InCall} : Refusal{Outcome::Declined, Reason::ByUser}, &device);
}

// This device is out; the call goes on without it.
void CallEngine::leave_ring(Call& call, CallDevice& device, DeviceState state, Outcome outcome) {
  device.state = state;
  device.outcome = outcome;
  desk_.post(LiveCall{device.self.client, call.id, false});
}

}  // namespace offhook::core
