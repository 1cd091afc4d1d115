// Devices without a link are woken by a push. It only wakes: what counts is what the device is told when it has connected, and who has not
// said ring_ack does not ring, whatever became of the push.
#include <algorithm>

#include "core/call_engine.hpp"

namespace offhook::core {

using wire::DeviceState;
using wire::Outcome;
using wire::Phase;
using wire::Reason;

namespace {

NoteKind note_of(PushState state) {
  switch (state) {
    case PushState::Accepted: return NoteKind::PushAccepted;
    case PushState::Refused: return NoteKind::PushRefused;
    case PushState::Wanted:
    case PushState::Failed: return NoteKind::PushFailed;
  }
  return NoteKind::PushFailed;
}

}  // namespace

// False: it has a link, has been told or woken, or cannot be.
bool CallEngine::wake_if_needed(Call& call, Leg& leg, CallDevice& device) {
  const bool may_be_woken = device.has_push_address && !device.push && device.state == DeviceState::Notified && is_open(leg);
  if (!may_be_woken || !device.lost_since) return false;
  wake(call, leg, device);
  return true;
}

// Nobody is woken before that is in the record: after a restart one whose push is still Wanted is woken (again), and no other.
void CallEngine::wake(Call& call, Leg& leg, CallDevice& device) {
  device.push = PushState::Wanted;
  device.push_again_at.reset();
  note(call, NoteKind::Pushed, leg.user.user, device.self.device);
  Push push;
  push.call = call.id;
  push.user = leg.user;
  push.device = device.self.device;
  push.caller = {call.caller.user.user, call.caller.active->self.name};
  push.media = call.media;
  push.group = call.group.has_value();
  push.data = call.data;
  push.expires_at = end_in_sight(leg);
  desk_.post(Wake{std::move(push)});
}

// When the leg is over unless something happens: what arrives later must not ring.
Instant CallEngine::end_in_sight(const Leg& leg) const {
  auto first = at(leg.timers, TimerKind::Setup).value_or(desk_.now);
  for (const auto kind : {TimerKind::Wake, TimerKind::Ring}) first = std::min(first, at(leg.timers, kind).value_or(first));
  return first;
}

void CallEngine::on(const PushDone& mail) {
  auto* call = find(mail.call);
  auto* leg = call == nullptr || call->phase == Phase::Ended ? nullptr : leg_of(*call, mail.user);
  auto* device = leg == nullptr || !is_open(*leg) ? nullptr : device_in(*leg, mail.device);
  if (device == nullptr || device->push != PushState::Wanted) return;
  const bool was_pending = is_push_pending(*call);
  keep_input(*call, *device, mail.state);
  device->push = mail.state;
  note(*call, note_of(mail.state), leg->user.user, device->self.device);
  const bool may_go_again = mail.state == PushState::Accepted && !device->pushed_again && device->state == DeviceState::Notified;
  if (may_go_again && call->plan.push_retry > Duration{0}) device->push_again_at = desk_.now + call->plan.push_retry;
  arm_push_again(*call, *leg);
  if (is_out_of_reach(*leg) && !call->plan.wait_full_ring) return conclude(*call, *leg, Outcome::Unreachable, Reason::PushRefused);
  changed(*call);
  tell_if_pending_changed(*call, was_pending);
}

// Every push was refused, none of the devices has a link, and none has rung: that one may come back.
bool CallEngine::is_out_of_reach(const Leg& leg) const {
  return !leg.rang_at && !leg.devices.empty() && std::all_of(leg.devices.begin(), leg.devices.end(), [](const CallDevice& device) {
    return device.push == PushState::Refused && device.lost_since;
  });
}

void CallEngine::arm_push_again(Call& call, Leg& leg) {
  disarm(leg.timers, TimerKind::PushAgain);
  std::optional<Instant> first;
  for (const auto& device : leg.devices) {
    if (device.push_again_at) first = std::min(first.value_or(*device.push_again_at), *device.push_again_at);
  }
  // Not further off than a whole wait, even if the clock has been set back.
  if (first && is_open(leg)) arm(call, leg.timers, TimerKind::PushAgain, std::min(*first, desk_.now + call.plan.push_retry));
}

void CallEngine::wake_again(Call& call, Leg& leg) {
  bool has_woken = false;
  for (auto& device : leg.devices) {
    if (!device.push_again_at || *device.push_again_at > desk_.now) continue;
    device.push_again_at.reset();
    if (!device.lost_since || device.state != DeviceState::Notified || !is_open(leg)) continue;
    device.pushed_again = true;
    wake(call, leg, device);
    has_woken = true;
  }
  arm_push_again(call, leg);
  if (has_woken) changed(call);
}

// Nobody is to be woken for what is over.
void CallEngine::stop_pushes(Call& call, Leg& leg) {
  const bool is_under_way = std::any_of(leg.devices.begin(), leg.devices.end(), [](const auto& device) { return device.push == PushState::Wanted; });
  if (is_under_way) desk_.effect(StopPushes{call.id, leg.user});
}

bool CallEngine::is_push_pending(const Call& call) const {
  const auto is_awaited = [](const CallDevice& device) {
    return device.state == DeviceState::Notified && (device.push == PushState::Wanted || device.push == PushState::Accepted);
  };
  if (call.phase != Phase::Inviting) return false;
  bool is_pending = false;
  for (const auto& leg : call.legs) {
    if (leg.rang_at) return false;
    is_pending = is_pending || (is_open(leg) && std::any_of(leg.devices.begin(), leg.devices.end(), is_awaited));
  }
  return is_pending;
}

void CallEngine::tell_if_pending_changed(Call& call, bool was_pending) {
  if (is_push_pending(call) != was_pending && !call.caller.outcome) tell(call, *call.caller.active);
}

}  // namespace offhook::core
