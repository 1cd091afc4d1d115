// Calls of more than two: users who are added, and what is left when some have gone.
#include <algorithm>

#include "core/call_engine.hpp"
#include "core/limits.hpp"

namespace offhook::core {

using wire::Outcome;
using wire::Phase;
using wire::Reason;

void CallEngine::on(LegFound&& mail) {
  auto* call = find(mail.call);
  auto* leg = call == nullptr || call->phase == Phase::Ended ? nullptr : leg_of(*call, mail.user);
  if (leg == nullptr || !is_open(*leg)) return;
  keep_input(*call, mail);
  leg->silent = mail.silent;
  leg->asked = true;
  if (mail.refusal) return conclude(*call, *leg, *mail.refusal);
  if (mail.devices.empty()) note(*call, NoteKind::Asked, leg->user.user);
  const bool was_pending = is_push_pending(*call);
  std::vector<const CallDevice*> added;
  for (const auto& candidate : mail.devices) {
    if (device_in(*leg, candidate.member.device) == nullptr) added.push_back(&add_device(*call, *leg, candidate));
  }
  changed(*call);
  for (const auto* device : added) tell(*call, *device);
  tell_if_pending_changed(*call, was_pending);
}

// Adds legs; whoever has one already, even one that is over, is not rung again. A call between two becomes a group.
std::optional<wire::ErrorWord> CallEngine::ring_more(Call& call, const std::vector<UserId>& users) {
  std::vector<UserKey> wanted;
  for (const auto& user : users) {
    const UserKey key{call.project, user};
    const bool is_new = leg_of(call, key) == nullptr && std::find(wanted.begin(), wanted.end(), key) == wanted.end();
    if (is_new) wanted.push_back(key);
  }
  if (call.legs.size() + wanted.size() > k_max_legs) return wire::ErrorWord::LimitReached;
  if (wanted.empty()) return std::nullopt;
  if (!call.group) call.group.emplace().mode = wire::GroupMode::AllJoin;
  if (call.answered_at) call.group->mode = wire::GroupMode::AllJoin;  // the first answer has been
  disarm(call.timers, TimerKind::Alone);
  for (const auto& key : wanted) {
    auto& leg = call.legs.emplace_back();
    leg.user = key;
    begin_leg(call, leg);
    desk_.post(RingLeg{call.id, call.caller.user, key});
  }
  each_leg(call, [&](Leg& leg) {
    if (!leg.outcome) share(call, leg);  // it is a group for everybody now
  });
  changed(call);
  tell_all(call, nullptr);
  return std::nullopt;
}

void CallEngine::on(const AdminRingMore& event) {
  auto* call = find(event.call);
  if (call == nullptr || call->phase == Phase::Ended) return desk_.effect(RestAnswered{event.request, RestRefusal::CallOver});
  if (auto* input = keep_input(*call, InputKind::MoreByBackend)) input->users = event.users;
  if (ring_more(*call, event.users)) return desk_.effect(RestAnswered{event.request, RestRefusal::LimitReached});
  desk_.effect(RestAnswered{event.request, event.call});
}

// One has answered where one is enough.
void CallEngine::close_other_legs(Call& call, const Leg& winner, std::vector<const CallDevice*>& closed) {
  for (auto& leg : call.legs) {
    if (&leg == &winner || leg.outcome) continue;
    for (const auto& device : leg.devices) {
      if (!device.outcome) closed.push_back(&device);
    }
    close_leg(call, leg, Outcome::AnsweredElsewhere, std::nullopt);
  }
}

// What becomes of a group of which somebody has gone; nothing: it goes on.
std::optional<Refusal> CallEngine::verdict(Call& call) {
  const auto talking = std::count_if(call.legs.begin(), call.legs.end(), is_in) + (is_in(call.caller) ? 1 : 0);
  const bool rings = std::any_of(call.legs.begin(), call.legs.end(), is_open);
  if (rings) return std::nullopt;
  if (!is_answered(call.phase) || (call.phase == Phase::Connecting && talking < 2)) return best_outcome(call);
  if (talking == 0) return Refusal{Outcome::Ended, Reason::AllLeft};
  if (talking == 1 && !at(call.timers, TimerKind::Alone)) {
    arm(call, call.timers, TimerKind::Alone, desk_.now + settings(call).alone_timeout);
  }
  return std::nullopt;
}

// Nobody talked: the word that says most. Whoever was in it and went, the caller as well once it was answered, counts before
// everybody who did not answer: no answered call ends with a word of before the answer.
Refusal CallEngine::best_outcome(const Call& call) const {
  constexpr Outcome k_order[] = {Outcome::Ended,  Outcome::ConnectFailed, Outcome::Dropped,     Outcome::Declined,
                                 Outcome::Busy,   Outcome::NoAnswer,      Outcome::Unreachable, Outcome::Failed};
  std::vector<const Leg*> legs;
  if (call.answered_at) legs.push_back(&call.caller);
  for (const auto& leg : call.legs) legs.push_back(&leg);
  for (const auto outcome : k_order) {
    for (const auto* leg : legs) {
      if (leg->outcome != outcome) continue;
      const auto reason = outcome == Outcome::Ended ? Reason::AllLeft : leg->reason.value_or(Reason::Timeout);
      return {outcome, reason};
    }
  }
  return {Outcome::Failed, Reason::Internal};
}

}  // namespace offhook::core
