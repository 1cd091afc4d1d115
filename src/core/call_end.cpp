// Deadlines and the end.
#include <algorithm>

#include "base/check.hpp"
#include "core/call_engine.hpp"
#include "core/limits.hpp"

namespace offhook::core {

using wire::DeviceState;
using wire::Outcome;
using wire::Phase;
using wire::Reason;

Outcome outcome_when_rung(Outcome leg, DeviceState state) {
  switch (leg) {
    case Outcome::Declined: return Outcome::DeclinedElsewhere;
    case Outcome::Busy: {
      const bool rang = state == DeviceState::Ringing || state == DeviceState::Ignored;
      return rang ? Outcome::BusyElsewhere : Outcome::Missed;
    }
    case Outcome::Ended:
    case Outcome::ConnectFailed:
    case Outcome::Dropped:
    case Outcome::MovedElsewhere:
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

// --- deadlines

void CallEngine::on_timer(TimerKind kind, CallId id) {
  auto* call = find(id);
  if (call == nullptr) return;
  if (auto* input = keep_input(*call, InputKind::Timer)) input->timer = kind;
  if (take_expired(call->timers, kind)) {
    note_timer(*call, call->timers, kind, std::nullopt);
    if (kind == TimerKind::ForgetCall) {
      calls_.erase(id);
    } else if (kind == TimerKind::MaxDuration) {
      end_call(*call, Outcome::Ended, Reason::MaxDuration);
    } else if (kind == TimerKind::Alone) {
      end_call(*call, Outcome::Ended, Reason::Alone);
    }
    return;
  }
  each_leg(*call, [&](Leg& leg) {
    if (call->phase == Phase::Ended || !take_expired(leg.timers, kind)) return;
    note_timer(*call, leg.timers, kind, std::nullopt);
    on_leg_timer(*call, leg, kind);
  });
}

void CallEngine::on_leg_timer(Call& call, Leg& leg, TimerKind kind) {
  const bool is_caller = &leg == &call.caller;
  if (kind == TimerKind::Setup || kind == TimerKind::Wake || kind == TimerKind::Ring) {
    end_unanswered(call, leg);
  } else if (kind == TimerKind::CallerGrace) {
    conclude(call, leg, Outcome::Cancelled, Reason::CallerLost);
  } else if (kind == TimerKind::Connect) {
    conclude(call, leg, Outcome::ConnectFailed, Reason::Timeout);
  } else if (kind == TimerKind::Media) {
    conclude(call, leg, Outcome::Dropped, Reason::MediaLost);
  } else if (kind == TimerKind::PushAgain) {
    wake_again(call, leg);
  } else if (kind == TimerKind::Move) {
    abort_move(call, leg);
  } else if (kind == TimerKind::Grace) {
    const auto& other = is_caller ? call.legs.front() : call.caller;
    const bool other_lost = !call.group && other.active->lost_since;
    const auto one = is_caller ? Reason::CallerLost : Reason::CalleeLost;
    conclude(call, leg, Outcome::Dropped, other_lost ? Reason::BothLost : one);
  }
}

void CallEngine::end_unanswered(Call& call, Leg& leg) {
  const auto told = is_out_of_reach(leg) ? Reason::PushRefused : Reason::PushUnacked;
  const auto why = leg.devices.empty() ? Reason::NoDevices : told;
  if (!leg.rang_at) return conclude(call, leg, Outcome::Unreachable, why);
  conclude(call, leg, Outcome::NoAnswer, Reason::Timeout);
}

void CallEngine::on(const AdminEndCall& event) {
  auto* call = find(event.call);
  if (call == nullptr || call->phase == Phase::Ended) return;
  keep_input(*call, InputKind::EndedByBackend);
  note(*call, NoteKind::Ended);
  end_call(*call, is_answered(call->phase) ? Outcome::Ended : Outcome::Cancelled, Reason::ByApi);
}

void CallEngine::on(const ProjectDisabled& event) {
  const std::vector<CallId> all(live_.begin(), live_.end());
  for (const auto& id : all) {
    if (calls_.at(id).project == event.project) on(AdminEndCall{id});
  }
}

void CallEngine::on_drain_over() {
  const std::vector<CallId> all(live_.begin(), live_.end());
  for (const auto& id : all) {
    auto& call = calls_.at(id);
    keep_input(call, InputKind::Stopped);
    end_call(call, Outcome::Failed, Reason::ServerShutdown);
  }
}

// --- the end

// One user's part is over. Between two that ends the call; in a group it may go on.
void CallEngine::conclude(Call& call, Leg& leg, Outcome outcome, Reason reason, const CallDevice* except) {
  const bool only_first = call.group && call.group->mode == wire::GroupMode::FirstAnswer && is_answered(call.phase);
  const bool takes_all_along =
      &leg == &call.caller && call.group && (call.phase == Phase::Inviting || call.group->owner_leaves == wire::OwnerLeaves::End);
  if (!call.group || only_first || takes_all_along) return end_call(call, outcome, reason, except);
  std::vector<const CallDevice*> told;
  for (const auto& device : leg.devices) {
    if (!device.outcome && &device != except) told.push_back(&device);
  }
  const bool was_in = is_in(leg);
  if (was_in) desk_.post(Expel{call.session, leg.user, leg.active->self.device});
  close_leg(call, leg, outcome, reason);
  note_end(call, leg.user.user, outcome, leg.reason);
  if (const auto why = verdict(call)) {
    end_call(call, why->outcome, why->reason, except);
  } else {
    changed(call);
    tell_all(call, except);
  }
  for (const auto* device : told) tell(call, *device);
  tell_missed(call, leg, except);
}

// Every end of every call passes here, once. `except` learns it from the reply to its command.
void CallEngine::end_call(Call& call, Outcome outcome, Reason reason, const CallDevice* except) {
  CHECK(call.phase != Phase::Ended);
  call.phase = Phase::Ended;
  call.ended_at = desk_.now;
  call.outcome = outcome;
  if (outcome != Outcome::NoAnswer) call.reason = reason;  // no_answer has no sub-reason (PROTOCOL.md section 7)
  note_end(call, {}, outcome, call.reason);
  disarm_all(call.timers);
  arm(call, call.timers, TimerKind::ForgetCall, desk_.now + settings(call).keep_ended);
  std::vector<const CallDevice*> told;
  std::vector<const Leg*> closed;
  each_leg(call, [&](Leg& leg) {
    for (const auto& device : leg.devices) {
      if (!device.outcome && &device != except) told.push_back(&device);
    }
    if (leg.outcome) return;
    closed.push_back(&leg);
    const bool too_late = call.answered_at && is_open(leg);  // it still rang while others talked
    close_leg(call, leg, too_late ? Outcome::Cancelled : outcome, too_late ? std::nullopt : call.reason);
  });
  changed(call);
  for (const auto* device : told) tell(call, *device);
  for (const auto* leg : closed) tell_missed(call, *leg, except);
  desk_.post(CloseSession{call.session, call.id, wire::LeaveReason::CallEnded});
  live_.erase(call.id);
  ended_.push_back(call.id);
  forget_oldest();
}

// The leg and whatever device of it is undecided get their outcomes.
void CallEngine::close_leg(Call& call, Leg& leg, Outcome outcome, std::optional<Reason> reason) {
  leg.outcome = outcome;
  if (outcome != Outcome::NoAnswer) leg.reason = reason;
  leg.ended_at = desk_.now;
  leg.moving = nullptr;
  disarm_all(leg.timers);
  stop_pushes(call, leg);
  for (auto& device : leg.devices) {
    if (device.outcome) continue;
    // Where somebody has answered only a device that was about to take over is left; whatever ends the call, it has missed none.
    const auto word = leg.active != nullptr ? Outcome::AnsweredElsewhere : outcome_when_rung(outcome, device.state);
    leave_ring(call, device, DeviceState::Done, &device == leg.active ? outcome : word);
  }
  desk_.post(UserCall{leg.user, call.id, std::nullopt});
}

// A callee who should know of the call and was not there gets it told later; devices that have been told need it no more.
void CallEngine::tell_missed(Call& call, const Leg& leg, const CallDevice* except) {
  const bool by_dnd = leg.reason == Reason::ByDndRule;
  const bool is_missed = leg.outcome == Outcome::NoAnswer || leg.outcome == Outcome::Unreachable ||
                         leg.outcome == Outcome::Cancelled || leg.outcome == Outcome::Busy || by_dnd ||
                         (leg.outcome == Outcome::Failed && leg.rang_at);
  if (!leg.outcome || &leg == &call.caller || leg.silent || leg.active != nullptr || !is_missed) return;
  MissedCall missed{leg.user, history_record(record(call), leg.user.user), *leg.ended_at, {}};
  for (const auto& device : leg.devices) {
    const bool by_event = &device != except && device.state == DeviceState::Done;
    missed.told.push_back({device.self.device, by_event ? std::optional(device.self.client) : std::nullopt});
  }
  desk_.post(std::move(missed));
}

void CallEngine::forget_oldest() {
  while (ended_.size() > desk_.settings.capacity.kept_calls) {
    if (auto* call = find(ended_.front())) {
      disarm_all(call->timers);
      calls_.erase(call->id);
    }
    ended_.pop_front();
  }
}

}  // namespace offhook::core
