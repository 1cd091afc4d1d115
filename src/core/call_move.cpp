// A user takes the call to another device. Both may have media for a while; only the active one's hang-up counts, and the
// switch happens when the new one has media.
#include <utility>

#include "core/call_engine.hpp"
#include "core/limits.hpp"

namespace offhook::core {

using wire::DeviceState;
using wire::Outcome;

void CallEngine::move_here(Call& call, Leg& leg, const Member& member) {
  auto* device = device_in(leg, member.device);
  if (!is_answered(call.phase) || !is_in(leg) || device == leg.active || (device != nullptr && device == leg.moving)) return;
  if (device == nullptr && leg.devices.size() >= k_max_devices_per_call) return;
  auto* replaced = leg.moving;
  if (replaced != nullptr) stop_move(call, leg);
  if (device == nullptr) device = &leg.devices.emplace_back();
  *device = CallDevice{};  // its part in the call begins anew
  device->self = member;
  device->state = DeviceState::Moving;
  leg.moving = device;
  disarm(leg.timers, TimerKind::Grace);
  arm(call, leg.timers, TimerKind::Move, desk_.now + call.plan.move);
  desk_.post(LiveCall{member.client, call.id, true});
  desk_.post(Admit{call.session, leg.user, member.device});
  changed(call);
  if (replaced != nullptr) tell(call, *replaced);
}

// The old device keeps the call.
void CallEngine::abort_move(Call& call, Leg& leg, const CallDevice* except) {
  const auto& device = *leg.moving;
  stop_move(call, leg);
  arm_grace(call, leg);
  changed(call);
  if (&device != except) tell(call, device);
}

void CallEngine::stop_move(Call& call, Leg& leg) {
  auto& device = *std::exchange(leg.moving, nullptr);
  disarm(leg.timers, TimerKind::Move);
  leave_ring(call, device, DeviceState::Elsewhere, Outcome::AnsweredElsewhere);
  desk_.post(Expel{call.session, leg.user, device.self.device});
}

void CallEngine::finish_move(Call& call, Leg& leg, const CallDevice* except) {
  auto& from = *leg.active;
  auto& to = *leg.moving;
  leg.moving = nullptr;
  leg.active = &to;
  disarm(leg.timers, TimerKind::Move);
  to.state = from.state;
  leave_ring(call, from, DeviceState::Elsewhere, Outcome::MovedElsewhere);
  desk_.post(Expel{call.session, leg.user, from.self.device});
  arm_grace(call, leg);
  share(call, leg);
  changed(call);
  tell(call, from);
  tell_all(call, except);
}

}  // namespace offhook::core
