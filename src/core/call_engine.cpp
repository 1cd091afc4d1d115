#include "core/call_engine.hpp"

#include <algorithm>

#include "core/addressing.hpp"
#include "core/limits.hpp"

namespace offhook::core {

using wire::DeviceState;
using wire::Outcome;
using wire::Phase;
using wire::Reason;

// --- beginning

void CallEngine::on(CreateCall&& mail) {
  auto refusal = mail.refusal;
  if (desk_.drain_end) refusal = Refusal{Outcome::Failed, Reason::ServerShutdown};
  if (live_.size() >= k_max_live_calls) refusal = Refusal{Outcome::Failed, Reason::Overloaded};
  auto& call = calls_[mail.call];
  call.id = mail.call;
  call.project = mail.caller.user.project;
  call.caller.user = mail.caller.user;
  auto& caller = call.caller.devices.emplace_back();
  caller.self = mail.caller;
  caller.state = DeviceState::Calling;
  call.caller.active = &caller;
  call.media = mail.invite.media;
  call.data = mail.invite.data;
  if (mail.invite.ring_timeout_ms) call.cap = std::chrono::milliseconds{*mail.invite.ring_timeout_ms};
  call.session = desk_.make_id<SessionKind>(call.id.slot());
  call.created_at = desk_.now;
  auto& leg = call.legs.emplace_back();
  leg.user = {call.project, mail.invite.to};
  live_.insert(call.id);
  if (refusal) {
    end_call(call, refusal->outcome, refusal->reason, &caller);
  } else {
    for (auto& member : mail.devices) leg.devices.emplace_back().self = std::move(member);
    begin(call);
  }
  desk_.reply({mail.caller.client, mail.invite.cmd_id}, wire::CallReply{snapshot(call, mail.caller)});
}

void CallEngine::begin(Call& call) {
  desk_.post(CreateSession{call.session, call.project, call.id});
  desk_.post(UserCall{call.caller.user, call.id, true});
  desk_.post(LiveCall{call.caller.active->self.client, call.id, true});
  for (auto& leg : call.legs) begin_leg(call, leg);
  changed(call);
  tell_all(call, call.caller.active);
}

void CallEngine::begin_leg(Call& call, Leg& leg) {
  const auto cap = call.cap.value_or(Duration::max());
  arm(call, leg.timers, TimerKind::Setup, desk_.now + std::min(desk_.settings.setup_timeout, cap));
  arm(call, leg.timers, TimerKind::Wake, desk_.now + std::min(desk_.settings.wake_timeout, cap));
  desk_.post(UserCall{leg.user, call.id, true});
  for (const auto& device : leg.devices) desk_.post(LiveCall{device.self.client, call.id, true});
}

// --- commands

void CallEngine::on(const CallCommand& mail) {
  const Asker asker{mail.who.client, *cmd_id_of(mail.command)};
  auto* call = find(mail.call);
  auto* leg = call == nullptr ? nullptr : leg_of(*call, mail.who.user);
  if (leg == nullptr) return desk_.refuse(asker, wire::ErrorWord::NoSuchCall, "There is no such call, or it is not yours.");
  auto* device = device_in(*leg, mail.who.device);
  if (device != nullptr && call->phase != Phase::Ended) {
    Speaker who{*call, *leg, *device};
    command(who, mail.command);
  }
  desk_.reply(asker, wire::CallReply{snapshot(*call, mail.who)});
}

void CallEngine::command(Speaker& who, const wire::ClientMessage& command) {
  std::visit(
      [&](const auto& said) {
        if constexpr (requires { on_command(who, said); }) on_command(who, said);
      },
      command);
}

void CallEngine::on_command(Speaker& who, const wire::Cancel&) {
  if (!who.is_caller() || !who.is_active()) return;
  const bool answered = is_answered(who.call.phase);
  conclude(who.call, who.leg, answered ? Refusal{Outcome::Ended, Reason::ByCaller} : Refusal{Outcome::Cancelled, Reason::ByUser},
           &who.device);
}

void CallEngine::on_command(Speaker& who, const wire::Hangup&) {
  if (who.is_caller()) return on_command(who, wire::Cancel{});
  if (is_open(who.leg)) return decline(who, wire::DeclineReason::Declined);
  if (who.is_active()) conclude(who.call, who.leg, Outcome::Ended, Reason::ByCallee, &who.device);
}

void CallEngine::on_command(Speaker& who, const wire::GiveUp&) {
  auto& call = who.call;
  if (who.is_active()) {
    const bool answered = is_answered(call.phase);
    if (!who.is_caller()) return conclude(call, who.leg, Outcome::Dropped, Reason::CalleeLost, &who.device);
    conclude(call, who.leg, answered ? Outcome::Dropped : Outcome::Cancelled, Reason::CallerLost, &who.device);
  } else if (can_ring(who.device.state)) {
    leave_ring(call, who.device, DeviceState::Done, Outcome::Missed);
    changed(call);
  }
}

// --- devices that come and go

void CallEngine::on(const DeviceAttached& mail) {
  auto* call = find(mail.call);
  if (call == nullptr || call->phase == Phase::Ended) return;
  auto* leg = leg_of(*call, mail.who.user);
  if (leg == nullptr) return;
  if (auto* device = device_in(*leg, mail.who.device)) {
    Speaker who{*call, *leg, *device};
    return attach(who, mail.who);
  }
  if (leg == &call->caller || !is_open(*leg) || leg->devices.size() >= k_max_devices_per_call) return;
  leg->devices.emplace_back().self = mail.who;  // it learns of the call from its welcome
  desk_.post(LiveCall{mail.who.client, call->id, true});
  changed(*call);
}

void CallEngine::attach(Speaker& who, const Member& member) {
  auto& [call, leg, device] = who;
  const bool fresh = device.self.client != member.client;
  const bool was_lost = device.lost_since.has_value();
  device.self = member;
  device.lost_since.reset();
  if (who.is_active() || can_ring(device.state)) desk_.post(LiveCall{member.client, call.id, true});
  if (fresh && device.has_media) {  // the application has started anew: media must be negotiated again
    device.has_media = false;
    if (call.phase == Phase::Active) arm(call, leg.timers, TimerKind::Media, desk_.now + desk_.settings.drop_grace);
  }
  if (was_lost) on_contact_changed(who);
}

void CallEngine::on(const DeviceLost& mail) {
  auto* call = find(mail.call);
  if (call == nullptr || call->phase == Phase::Ended) return;
  auto* leg = leg_of(*call, mail.who.user);
  auto* device = leg == nullptr ? nullptr : device_in(*leg, mail.who.device);
  if (device == nullptr || device->self.client != mail.who.client || device->lost_since) return;
  device->lost_since = mail.since;
  Speaker who{*call, *leg, *device};
  on_contact_changed(who);
}

// It was lost or is back: those who wait for it are told.
void CallEngine::on_contact_changed(Speaker& who) {
  if (!who.is_active() || who.leg.outcome) return;
  arm_grace(who.call, who.leg);
  changed(who.call);
  each_leg(who.call, [&](Leg& other) {
    if (&other == &who.leg) return;
    for (const auto& device : other.devices) {
      if (!device.outcome) tell(who.call, device);
    }
  });
}

void CallEngine::on(const SessionPresence& mail) {
  auto* call = find(mail.call);
  if (call == nullptr || !is_answered(call->phase)) return;
  auto* leg = leg_of(*call, mail.user);
  auto* device = leg == nullptr ? nullptr : device_in(*leg, mail.device);
  if (device == nullptr) return;
  device->in_session = mail.joined;
  if (call->media == wire::Media::None) activate_if_connected(*call, nullptr);
}

void CallEngine::on(const AskSnapshot& mail) {
  auto* call = find(mail.call);
  auto* leg = call == nullptr ? nullptr : leg_of(*call, mail.who.user);
  SnapshotGiven given{mail.who.client, std::nullopt};
  if (leg != nullptr) {
    const auto* device = device_in(*leg, mail.who.device);
    const bool takes_part = device != nullptr && call->phase != Phase::Ended && !device->outcome;
    if (takes_part || mail.named) given.call = snapshot(*call, mail.who);
  }
  desk_.post(std::move(given));
}

// --- helpers

void CallEngine::disarm(Timers& timers, TimerKind kind) {
  auto node = timers.extract(kind);
  if (!node.empty()) desk_.timers.cancel(node.mapped());
}

void CallEngine::disarm_all(Timers& timers) {
  for (auto& [kind, handle] : timers) desk_.timers.cancel(handle);
  timers.clear();
}

// Was this one among those that have just expired? Of several deadlines at one moment the first may have disarmed or moved
// the others.
bool CallEngine::take_expired(Timers& timers, TimerKind kind) {
  const auto armed = timers.find(kind);
  if (armed == timers.end() || desk_.timers.at(armed->second)) return false;
  timers.erase(armed);
  return true;
}

std::optional<Instant> CallEngine::at(const Timers& timers, TimerKind kind) const {
  const auto found = timers.find(kind);
  return found == timers.end() ? std::nullopt : desk_.timers.at(found->second);
}

Call* CallEngine::find(CallId id) {
  const auto found = calls_.find(id);
  return found == calls_.end() ? nullptr : &found->second;
}

Leg* CallEngine::leg_of(Call& call, const UserKey& user) {
  if (call.caller.user == user) return &call.caller;
  for (auto& leg : call.legs) {
    if (leg.user == user) return &leg;
  }
  return nullptr;
}

CallDevice* CallEngine::device_in(Leg& leg, const DeviceId& device) {
  for (auto& candidate : leg.devices) {
    if (candidate.self.device == device) return &candidate;
  }
  return nullptr;
}

}  // namespace offhook::core
