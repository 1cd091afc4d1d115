#include "core/life.hpp"

#include <algorithm>

namespace offhook::core {
namespace {

using wire::DeviceState;
using wire::Outcome;
using wire::Phase;
using wire::Reason;
using std::chrono::seconds;

constexpr PhaseStep k_phase_steps[] = {
    {Phase::Inviting, Phase::Connecting, "a device answers"},
    {Phase::Connecting, Phase::Active, "media runs both ways"},
    {Phase::Inviting, Phase::Ended, "refused, withdrawn, or the time is over"},
    {Phase::Connecting, Phase::Ended, "hung up, no media in time, or a side is lost"},
    {Phase::Active, Phase::Ended, "hung up, or a side is lost past the grace"},
};

constexpr DeviceStep k_device_steps[] = {
    {DeviceState::Notified, DeviceState::Ringing, "ring_ack"},
    {DeviceState::Notified, DeviceState::Ignored, "ignore"},
    {DeviceState::Ringing, DeviceState::Ignored, "ignore"},
    {DeviceState::Notified, DeviceState::Winner, "answer, the first"},
    {DeviceState::Ringing, DeviceState::Winner, "answer, the first"},
    {DeviceState::Ignored, DeviceState::Winner, "answer, the first"},
    {DeviceState::Notified, DeviceState::Elsewhere, "another device answers"},
    {DeviceState::Ringing, DeviceState::Elsewhere, "another device answers"},
    {DeviceState::Ignored, DeviceState::Elsewhere, "another device answers"},
    {DeviceState::Notified, DeviceState::Declined, "decline"},
    {DeviceState::Ringing, DeviceState::Declined, "decline"},
    {DeviceState::Ignored, DeviceState::Declined, "decline"},
    {DeviceState::Notified, DeviceState::Busy, "busy"},
    {DeviceState::Ringing, DeviceState::Busy, "busy"},
    {DeviceState::Ignored, DeviceState::Busy, "busy"},
    {DeviceState::Elsewhere, DeviceState::Moving, "move_here"},
    {DeviceState::Declined, DeviceState::Moving, "move_here"},
    {DeviceState::Busy, DeviceState::Moving, "move_here"},
    {DeviceState::Moving, DeviceState::Winner, "it has media"},
    {DeviceState::Moving, DeviceState::Elsewhere, "the move fails"},
    {DeviceState::Winner, DeviceState::Elsewhere, "another device has taken over"},
    {DeviceState::Notified, DeviceState::Done, "the call ends"},
    {DeviceState::Ringing, DeviceState::Done, "the call ends"},
    {DeviceState::Ignored, DeviceState::Done, "the call ends"},
    {DeviceState::Winner, DeviceState::Done, "the call ends"},
    {DeviceState::Moving, DeviceState::Done, "the call ends"},
};

// Columns: at once, while ringing, connecting, active.
constexpr Ending k_endings[] = {
    {Outcome::Ended, Reason::ByCaller, false, false, true, true, "the caller hung up"},
    {Outcome::Ended, Reason::ByCallee, false, false, true, true, "the callee hung up"},
    {Outcome::Ended, Reason::ByApi, false, false, true, true, "the app's backend ended it"},
    {Outcome::Ended, Reason::MaxDuration, false, false, false, true, "it has lasted as long as a call may"},
    {Outcome::Ended, Reason::Alone, false, false, true, true, "a group: one was left, and nobody came back in time"},
    {Outcome::Ended, Reason::AllLeft, false, false, true, true, "a group: the last one left"},
    {Outcome::Declined, Reason::ByUser, true, true, false, false, "a person refused (or has blocked the caller, if the server is set up to say so)"},
    {Outcome::Declined, Reason::ByDndRule, true, true, false, false, "the callee does not want to be disturbed"},
    {Outcome::Busy, Reason::InCall, true, true, false, false, "the callee is in a call, or a person said so"},
    {Outcome::Busy, Reason::RingSlotsFull, true, true, false, false, "as many calls as the callee wants ring already"},
    {Outcome::Busy, Reason::DeviceBusyAll, false, true, false, false, "every device of the callee is in a cellular call"},
    {Outcome::NoAnswer, std::nullopt, false, true, false, false, "a device rang, and nobody answered in time"},
    {Outcome::Unreachable, Reason::NoDevices, true, true, false, false, "the callee has no device online"},
    {Outcome::Unreachable, Reason::PushRefused, false, true, false, false, "no device has a link, and there is no device any more where the pushes went"},
    {Outcome::Unreachable, Reason::PushUnacked, false, true, false, false, "devices were told, and none acknowledged that it rings"},
    {Outcome::Cancelled, Reason::ByUser, true, true, false, false, "the caller withdrew"},
    {Outcome::Cancelled, Reason::CallerLost, false, true, false, false, "the caller was lost past the grace"},
    {Outcome::Cancelled, Reason::ByApi, false, true, false, false, "the app's backend withdrew it"},
    {Outcome::ConnectFailed, Reason::Timeout, false, false, true, false, "answered, but media never ran both ways in time"},
    {Outcome::ConnectFailed, Reason::IceFailed, false, false, true, false, "no network path between the two"},
    {Outcome::ConnectFailed, Reason::CallerMedia, false, false, true, false, "the caller's microphone or camera could not be used"},
    {Outcome::ConnectFailed, Reason::CalleeMedia, false, false, true, false, "the callee's microphone or camera could not be used"},
    {Outcome::ConnectFailed, Reason::Permission, false, false, true, false, "a person did not allow microphone or camera"},
    {Outcome::Dropped, Reason::CallerLost, false, false, true, true, "the caller was lost past the grace"},
    {Outcome::Dropped, Reason::CalleeLost, false, false, true, true, "the callee was lost past the grace"},
    {Outcome::Dropped, Reason::BothLost, false, false, true, true, "both were lost past the grace"},
    {Outcome::Dropped, Reason::MediaLost, false, false, false, true, "both were there, and media did not come back"},
    {Outcome::Failed, Reason::NoSuchUser, true, true, false, false, "a user never seen, where the server is set up to refuse those"},
    {Outcome::Failed, Reason::NotAllowed, true, true, false, false, "a call to oneself"},
    {Outcome::Failed, Reason::Blocked, true, true, false, false, "the callee has blocked the caller"},
    {Outcome::Failed, Reason::RateLimited, true, true, false, false, "too many calls a minute"},
    {Outcome::Failed, Reason::Overloaded, true, false, false, false, "the server cannot take more calls now"},
    {Outcome::Failed, Reason::ServerShutdown, true, true, true, true, "the server stops"},
};

template <class Steps, class State>
bool has_step(const Steps& steps, State from, State to) {
  return from == to || std::any_of(std::begin(steps), std::end(steps), [&](const auto& step) { return step.from == from && step.to == to; });
}

bool can_end_in(const Ending& ending, const CallRecord* before) {
  if (before == nullptr) return ending.at_once;
  switch (before->phase) {
    case Phase::Inviting: return ending.while_ringing;
    case Phase::Connecting: return ending.connecting;
    case Phase::Active: return ending.active;
    case Phase::Ended: return false;
  }
  return false;
}

bool is_ending(const CallRecord* before, const CallRecord& after) {
  return std::any_of(std::begin(k_endings), std::end(k_endings), [&](const Ending& ending) {
    return ending.outcome == after.outcome && ending.reason == after.reason && can_end_in(ending, before);
  });
}

bool is_same_end(const CallRecord& before, const CallRecord& after) {
  return after.phase == Phase::Ended && before.outcome == after.outcome && before.reason == after.reason && before.ended_at == after.ended_at;
}

bool is_device_step(const DeviceRecord& before, const DeviceRecord& after) {
  const bool begins_anew = after.state == DeviceState::Moving;
  const bool keeps_its_end = !before.outcome || before.outcome == after.outcome || begins_anew;
  return has_step(k_device_steps, before.state, after.state) && keeps_its_end;
}

std::optional<std::string_view> wrong_leg(const LegRecord& before, const LegRecord& after) {
  if (before.outcome && before.outcome != after.outcome) return "a leg's outcome changes";
  if (before.answered_at && before.answered_at != after.answered_at) return "a leg is answered twice";
  for (const auto& old : before.devices) {
    const auto now = std::find_if(after.devices.begin(), after.devices.end(), [&](const auto& each) { return each.device == old.device; });
    if (now == after.devices.end()) return "a device has vanished from the call";
    if (!is_device_step(old, *now)) return "no such step of a device";
  }
  return std::nullopt;
}

}  // namespace

std::span<const PhaseStep> phase_steps() { return k_phase_steps; }
std::span<const DeviceStep> device_steps() { return k_device_steps; }
std::span<const Ending> endings() { return k_endings; }

std::vector<Bound> bounds(const Settings& s) {
  // The clients' own watchdogs (PROTOCOL.md section 8), for when the server's word does not come.
  constexpr Duration k_ring_contact = seconds{10};
  constexpr Duration k_caller_margin = seconds{2};
  constexpr Duration k_connect_margin = seconds{2};
  return {
      {"the caller cancels; the callee declines or answers on another device; either hangs up", "everybody with a link", "one way through the server", Duration{}},
      {"the caller's app is killed or its network goes while it rings", "the callee", "`caller_grace`", s.caller_grace},
      {"the link of a device that rings is lost", "that device, which stops ringing", "its own watchdog", k_ring_contact},
      {"the caller's link is lost while it calls", "the caller", "`caller_grace` and 2 s", s.caller_grace + k_caller_margin},
      {"no device of the callee can be reached", "the caller", "`wake_timeout`", s.wake_timeout},
      {"nobody answers", "the caller", "`setup_timeout`", s.setup_timeout},
      {"answered, and media never runs", "both", "`connect_timeout`", s.connect_timeout},
      {"answered, and the server's word does not come", "each device alone", "`connect_timeout` and 2 s", s.connect_timeout + k_connect_margin},
      {"the other side falls silent in a call", "the one who is left is warned", "`unstable_after`; at once if a socket closed", s.unstable_after},
      {"the other side is lost in a call", "the one who is left", "`drop_grace`", s.drop_grace},
      {"the server is gone in a call", "each device alone", "`drop_grace`", s.drop_grace},
  };
}

std::optional<std::string_view> wrong_step(const CallRecord* before, const CallRecord& after) {
  const bool ends_now = after.phase == Phase::Ended && (before == nullptr || before->phase != Phase::Ended);
  if ((after.phase == Phase::Ended) != after.outcome.has_value()) return "ended and having an outcome are not the same";
  if (after.phase != Phase::Ended && !after.deadline) return "a live call without a deadline";
  if (ends_now && !is_ending(before, after)) return "no such end in this phase";
  if (before == nullptr) return after.phase == Phase::Connecting || after.phase == Phase::Active ? std::optional("born answered") : std::nullopt;
  if (after.version <= before->version) return "the version does not grow";
  if (!has_step(k_phase_steps, before->phase, after.phase)) return "no such step of the phase";
  if (before->phase == Phase::Ended && !is_same_end(*before, after)) return "an end changes";
  if (after.legs.size() < before->legs.size()) return "a leg has vanished";
  for (std::size_t i = 0; i < before->legs.size(); ++i) {
    if (const auto wrong = wrong_leg(before->legs[i], after.legs[i])) return wrong;
  }
  return std::nullopt;
}

}  // namespace offhook::core
