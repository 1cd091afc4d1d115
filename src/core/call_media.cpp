// Everything after the answer: media, and sides that are lost.
#include <utility>

#include "core/call_engine.hpp"

namespace offhook::core {

using wire::Outcome;
using wire::Phase;
using wire::Reason;

void CallEngine::on_command(Speaker& who, const wire::MediaUp&) {
  auto& [call, leg, device] = who;
  const bool moves = &device == leg.moving;
  if (!is_answered(call.phase) || !(who.is_active() || moves) || leg.outcome || call.media == wire::Media::None) return;
  const bool was_awaited = leg.timers.contains(TimerKind::Media);
  device.has_media = true;
  disarm(leg.timers, TimerKind::Media);
  if (moves) finish_move(call, leg, &device);
  if (!activate_if_connected(call, &device) && was_awaited && !moves) changed(call);
}

void CallEngine::on_command(Speaker& who, const wire::MediaDown&) {
  auto& [call, leg, device] = who;
  if (!is_answered(call.phase) || !who.is_active() || leg.outcome || call.media == wire::Media::None) return;
  device.has_media = false;
  if (call.phase != Phase::Active || leg.timers.contains(TimerKind::Media)) return;
  arm(call, leg.timers, TimerKind::Media, desk_.now + call.plan.drop_grace);
  changed(call);
}

void CallEngine::on_command(Speaker& who, const wire::MediaFailed& command) {
  auto& [call, leg, device] = who;
  if (&device == leg.moving) return abort_move(call, leg, &device);
  if (!who.is_active() || leg.outcome) return;
  if (call.phase == Phase::Active) return on_command(who, wire::MediaDown{});
  if (call.phase != Phase::Connecting) return;
  auto reason = who.is_caller() ? Reason::CallerMedia : Reason::CalleeMedia;
  if (command.reason == wire::MediaFailure::IceFailed) reason = Reason::IceFailed;
  if (command.reason == wire::MediaFailure::Permission) reason = Reason::Permission;
  conclude(call, leg, Outcome::ConnectFailed, reason, &device);
}

bool CallEngine::is_ready(const Call& call, const Leg& leg) const {
  if (!is_in(leg)) return false;
  return call.media == wire::Media::None ? leg.active->in_session : leg.active->has_media;
}

// Says whether anything has changed by it.
bool CallEngine::activate_if_connected(Call& call, const CallDevice* except) {
  if (!is_answered(call.phase)) return false;
  int ready = 0;
  bool joins = false;  // somebody who was waited for
  each_leg(call, [&](Leg& leg) {
    if (!is_ready(call, leg)) return;
    ++ready;
    joins = joins || at(leg.timers, TimerKind::Connect);
  });
  const bool starts = call.phase == Phase::Connecting;
  if (starts ? ready < 2 : !joins) return false;
  if (starts) {
    call.phase = Phase::Active;
    call.active_at = desk_.now;
    arm(call, call.timers, TimerKind::MaxDuration, desk_.now + call.plan.max_duration);
  }
  each_leg(call, [&](Leg& leg) {
    if (is_ready(call, leg)) disarm(leg.timers, TimerKind::Connect);
  });
  changed(call);
  tell_all(call, except);
  return true;
}

// How long we wait for whoever is lost. A wait that has begun goes on: a restart may have extended it.
void CallEngine::arm_grace(Call& call, Leg& leg) {
  const bool waits = is_in(leg) && leg.moving == nullptr && leg.active->lost_since;
  const bool inviting = call.phase == Phase::Inviting;
  if (!waits || !inviting) disarm(leg.timers, TimerKind::CallerGrace);
  if (!waits || inviting) disarm(leg.timers, TimerKind::Grace);
  if (!waits || leg.timers.contains(inviting ? TimerKind::CallerGrace : TimerKind::Grace)) return;
  const auto since = *leg.active->lost_since;
  if (inviting) {
    arm(call, leg.timers, TimerKind::CallerGrace, since + settings(call).caller_grace);
  } else {
    arm(call, leg.timers, TimerKind::Grace, since + call.plan.drop_grace);
  }
}

}  // namespace offhook::core
