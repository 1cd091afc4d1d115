#include "sim/reference.hpp"

#include <algorithm>

#include "wire/codec.hpp"

namespace offhook::sim {

using core::CallRecord;
using core::LegRecord;
using wire::DeviceState;
using wire::Outcome;
using wire::Phase;
using wire::Reason;

// One step from one record to the next.
struct Reference::Move {
  const Case& call;
  const CallRecord* before;
  const CallRecord& after;
  const Cause& cause;
  Instant now;

  bool is_by(DeviceIndex device) const { return cause.kind == Cause::Kind::Command && cause.device == device; }
};

namespace {

using Answer = std::optional<std::string>;

std::string text_of(Outcome outcome, std::optional<Reason> reason) {
  return std::string(wire::word(outcome)) + (reason ? "/" + std::string(wire::word(*reason)) : "");
}

Answer unless(bool holds, const std::string& sentence) { return holds ? Answer{} : Answer(sentence); }

int rank(Phase phase) { return static_cast<int>(phase); }

bool could_ring(DeviceState state) {
  return state == DeviceState::Notified || state == DeviceState::Ringing || state == DeviceState::Ignored;
}

bool is_open(const LegRecord& leg) { return !leg.winner && !leg.outcome; }

const core::DeviceRecord* device_in(const LegRecord& leg, const DeviceId& id) {
  const auto found = std::find_if(leg.devices.begin(), leg.devices.end(), [&](const auto& device) { return device.device == id; });
  return found == leg.devices.end() ? nullptr : &*found;
}

// PROTOCOL.md section 7: what a callee's device that is not the winner may show. `word` is that of its leg.
bool fits_other_device(Outcome word, Outcome shown) {
  switch (word) {
    case Outcome::Ended:
    case Outcome::ConnectFailed:
    case Outcome::Dropped:
    case Outcome::AnsweredElsewhere: return shown == Outcome::AnsweredElsewhere || shown == Outcome::Missed;
    case Outcome::Declined: return shown == Outcome::Declined || shown == Outcome::DeclinedElsewhere;
    case Outcome::Busy: return shown == Outcome::Busy || shown == Outcome::BusyElsewhere || shown == Outcome::Missed;
    case Outcome::NoAnswer:
    case Outcome::Unreachable:
    case Outcome::Cancelled:
    case Outcome::Failed: return shown == Outcome::Missed;
    case Outcome::DeclinedElsewhere:
    case Outcome::BusyElsewhere:
    case Outcome::Missed:
    case Outcome::MovedElsewhere:
    case Outcome::LostContact: return false;
  }
  return false;
}

}  // namespace

// --- evidence

bool Reference::said(const Case& call, Deed deed, const UserId& user, const DeviceId& device, Instant since) const {
  return std::any_of(call.said.begin(), call.said.end(), [&](const Said& each) {
    return each.deed == deed && each.at >= since && name_of_(each.device) == std::pair(user, device);
  });
}

bool Reference::said_by_user(const Case& call, Deed deed, const UserId& user) const {
  return std::any_of(call.said.begin(), call.said.end(),
                     [&](const Said& each) { return each.deed == deed && name_of_(each.device).first == user; });
}

// Not heard for so long. A device that has never been heard is lost. One whose loss was kept before a restart, and whose return was
// not, is lost since then: a server that crashes before it has stored that somebody is back has never heard of it.
bool Reference::is_lost(const Case& told, const CallRecord& call, const UserId& user, const DeviceId& device, Duration grace, Instant now) const {
  const auto* kept = device_in(user == call.caller ? call.caller_leg : *leg_of(call, user), device);
  const bool is_of_before = told.started_at && kept != nullptr && kept->lost_since && *kept->lost_since <= *told.started_at;
  if (is_of_before && now - *kept->lost_since >= grace) return true;
  const auto* contact = contact_of_(user, device);
  return contact == nullptr || contact->fresh_at >= call.created_at || (!contact->is_linked && now - contact->lost_at >= grace);
}

bool Reference::is_linked(const UserId& user, const DeviceId& device) const {
  const auto* contact = contact_of_(user, device);
  return contact != nullptr && contact->is_linked;
}

// It has a link, and is no application that was started since, or whose hello may turn out to be afresh, and need not know of the call.
bool Reference::is_there(const CallRecord& call, const UserId& user, const DeviceId& device) const {
  return is_linked(user, device) && std::max(contact_of_(user, device)->fresh_at, contact_of_(user, device)->greeted_at) < call.created_at;
}

// Docs/push.md: all addresses are gone, and no device has a link. An address may be gone since an earlier call, or have been lost with a server
// that had not stored it.
bool Reference::may_be_out_of_reach(const Case& call, const CallRecord& record, const LegRecord& leg) const {
  return !leg.devices.empty() && std::all_of(leg.devices.begin(), leg.devices.end(), [&](const auto& device) {
    const auto words = call.push_words.find({leg.user, device.device});
    const auto* contact = contact_of_(leg.user, device.device);
    const bool was_refused = (words != call.push_words.end() && words->second.contains(core::PushState::Refused)) || (contact != nullptr && contact->was_refused);
    return (was_refused || call.saw_restart) && !is_there(record, leg.user, device.device);
  });
}

bool Reference::is_out_of_reach(const Case& call, const LegRecord& leg) const {
  return !leg.devices.empty() && std::all_of(leg.devices.begin(), leg.devices.end(), [&](const auto& device) {
    const auto words = call.push_words.find({leg.user, device.device});
    return words != call.push_words.end() && words->second.contains(core::PushState::Refused) && !is_linked(leg.user, device.device);
  });
}

// --- from record to record

std::optional<std::string> Reference::objection(const Case& call, const CallRecord* before, const CallRecord& after, const Cause& cause,
                                                Instant now) const {
  const Move move{call, before, after, cause, now};
  if (before != nullptr) {
    if (!is_live(*before)) return "the record of an ended call has changed";
    if (after.version <= before->version) return "the version has not grown";
    if (rank(after.phase) < rank(before->phase)) return "the phase has gone back";
    if (before->answered_at && after.answered_at != before->answered_at) return "answered_at has changed";
  }
  const bool is_newly_answered = after.answered_at && (before == nullptr || !before->answered_at);
  if (is_newly_answered && before == nullptr) return "a new call is answered already";
  for (const auto& leg : after.legs) {
    const auto* leg_before = before == nullptr ? nullptr : leg_of(*before, leg.user);
    if (auto problem = objection_to_leg(move, leg_before, leg)) return problem;
  }
  if (is_newly_answered) {
    if (auto problem = objection_to_answer(move)) return problem;
  }
  if (after.phase == Phase::Active && before != nullptr && before->phase != Phase::Active) return objection_to_activity(move);
  if (after.phase == Phase::Ended) return objection_to_end(move);
  return std::nullopt;
}

Reference::Answer Reference::objection_to_answer(const Move& move) const {
  const bool has_winner = std::any_of(move.after.legs.begin(), move.after.legs.end(), [](const auto& leg) { return leg.winner.has_value(); });
  return unless(has_winner && move.before->phase == Phase::Inviting, "answered without a winner, or not while it rang");
}

Reference::Answer Reference::objection_to_leg(const Move& move, const LegRecord* before, const LegRecord& after) const {
  if (before != nullptr && before->outcome && before->outcome != after.outcome) return "the outcome of " + after.user + " has changed";
  if (before != nullptr && before->rang_at && after.rang_at != before->rang_at) return after.user + "'s ringing has begun a second time";
  for (const auto& device : after.devices) {
    const auto* device_before = before == nullptr ? nullptr : device_in(*before, device.device);
    if (auto problem = objection_to_push(move, after, device_before, device)) return problem;
  }
  const auto old_winner = before == nullptr ? std::nullopt : before->winner;
  if (after.winner == old_winner) return std::nullopt;
  if (!after.winner) return after.user + " has answered no more";
  if (before == nullptr) return "a new leg is answered already";
  const auto& now_active = *after.winner;
  const auto invited = said(move.call, Deed::Invite, after.user, now_active);
  if (!old_winner) {
    const bool has_answered = said(move.call, Deed::Answer, after.user, now_active) || invited;
    return unless(has_answered && !before->outcome, now_active + " has answered without a word, or too late");
  }
  const bool has_asked = said(move.call, Deed::MoveHere, after.user, now_active) || invited;
  const bool has_media = said(move.call, Deed::MediaUp, after.user, now_active) || said(move.call, Deed::Join, after.user, now_active);
  return unless(has_asked && has_media, "a second winner: " + now_active + " after " + *old_winner);
}

// Only who has no link is woken, and only for what still rings; what became of it the sender has said.
Reference::Answer Reference::objection_to_push(const Move& move, const LegRecord& leg, const core::DeviceRecord* before, const core::DeviceRecord& after) const {
  const auto was = before == nullptr ? std::nullopt : before->push;
  if (after.push == was) return std::nullopt;
  if (!after.push) return unless(!is_open(leg), "the push to " + after.device + " is forgotten");
  const auto words = move.call.push_words.find({leg.user, after.device});
  const bool was_said = words != move.call.push_words.end() && words->second.contains(*after.push);
  const auto* contact = contact_of_(leg.user, after.device);
  switch (*after.push) {
    case core::PushState::Wanted: {
      if (!is_open(leg)) return after.device + " is woken for what is over";
      // Its older socket may be lost by the very hello that brings the newer one: then it is woken for nothing.
      const bool is_coming = move.cause.kind == Cause::Kind::Command && move.cause.device && name_of_(*move.cause.device) == std::pair(leg.user, after.device);
      if (is_there(move.after, leg.user, after.device) && !is_coming) return after.device + " is woken, and is there";
      return unless(!was || (was == core::PushState::Accepted && !before->pushed_again), after.device + " has been woken often enough");
    }
    case core::PushState::Accepted:
    case core::PushState::Failed: return unless(was_said, "the sender has not said so of the push to " + after.device);
    case core::PushState::Refused: return unless(was_said || move.call.saw_restart || (contact != nullptr && contact->was_refused), after.device + " has an address, and nobody has said otherwise");
  }
  return std::nullopt;
}

Reference::Answer Reference::objection_to_unreachable(const Move& move, const LegRecord& leg, std::optional<Reason> reason) const {
  const auto& plan = move.after.plan;
  const auto what = text_of(Outcome::Unreachable, reason);
  const bool is_late = move.now >= move.after.created_at + plan.wake;
  if (move.after.group) return unless(is_late || reason == Reason::PushRefused, what + " too early");
  if (reason == Reason::PushRefused) return unless(may_be_out_of_reach(move.call, move.after, leg) && (is_late || !plan.wait_full_ring), what + " and a device may still come");
  if (!is_late) return what + " too early";
  if (reason == Reason::NoDevices) return unless(leg.devices.empty(), what + " and there are some");
  return unless(!leg.devices.empty() && (move.call.saw_restart || !is_out_of_reach(move.call, leg)), what + ", and not push_refused");
}

std::optional<std::string> Reference::is_waiting_for_nobody(const Case& call, const CallRecord& record) const {
  if (!is_live(record) || record.phase != Phase::Inviting || record.plan.wait_full_ring || call.saw_restart) return std::nullopt;
  for (const auto& leg : record.legs) {
    if (is_open(leg) && !leg.rang_at && is_out_of_reach(call, leg)) return "all addresses of " + leg.user + " are gone, and it goes on";
  }
  return std::nullopt;
}

// Both sides have media; without media they are in the session.
Reference::Answer Reference::objection_to_activity(const Move& move) const {
  const auto deed = move.after.media == wire::Media::None ? Deed::Join : Deed::MediaUp;
  int ready = said_by_user(move.call, deed, move.after.caller) ? 1 : 0;
  for (const auto& leg : move.after.legs) ready += leg.winner && said_by_user(move.call, deed, leg.user) ? 1 : 0;
  return unless(ready >= 2, "active before both sides had media");
}

Reference::Answer Reference::objection_to_end(const Move& move) const {
  const auto& after = move.after;
  if (!after.outcome || !after.ended_at) return "ended without an outcome";
  const auto outcome = *after.outcome;
  if (move.cause.kind == Cause::Kind::Backend && after.reason == Reason::ByApi) {
    return unless(outcome == (after.answered_at ? Outcome::Ended : Outcome::Cancelled), "the backend's end has the wrong word");
  }
  if (after.reason == Reason::ServerShutdown) return std::nullopt;
  if (after.answered_at) return objection_to_answered(move, outcome, after.reason);
  const bool is_late = move.before != nullptr && overdue(move.call, *move.before, move.now);
  if (is_late) return overdue(move.call, *move.before, move.now);
  Answer problem = "an outcome without a leg";
  for (const auto& leg : after.legs) {  // of several any may give the word
    problem = objection_to_unanswered(move, &leg, outcome, after.reason);
    if (!problem) return problem;
  }
  return problem;
}

Reference::Answer Reference::objection_to_unanswered(const Move& move, const LegRecord* leg, Outcome outcome, std::optional<Reason> reason) const {
  const auto& call = move.call;
  const auto& after = move.after;
  const auto what = text_of(outcome, reason);
  const bool is_new = move.before == nullptr || after.group;  // refused as it was placed; users of groups are asked afterwards
  switch (outcome) {
    case Outcome::Declined:
      if (reason == Reason::ByDndRule) return unless(is_new, what + " though it rang");
      if (is_new && settings_.blocked_as == core::BlockedAs::Declined) return std::nullopt;
      return unless(said_by_user(call, Deed::Decline, leg->user) || said_by_user(call, Deed::Hangup, leg->user), what + " and nobody did");
    case Outcome::Busy:
      if (reason == Reason::DeviceBusyAll) return unless(said_by_user(call, Deed::RingBusy, leg->user) || said_by_user(call, Deed::DeclineBusy, leg->user), what + " and no device said so");
      if (is_new) return std::nullopt;  // the judge looks for the live call
      return unless(said_by_user(call, Deed::DeclineBusy, leg->user), what + " and nobody said so");
    case Outcome::NoAnswer: {
      if (!leg->rang_at) return what + " and no device rang";
      return unless(move.now >= *leg->rang_at + after.plan.ring || move.now >= after.created_at + after.plan.setup, what + " too early");
    }
    case Outcome::Unreachable: {
      if (is_new && reason == Reason::NoDevices && settings_.blocked_as == core::BlockedAs::Unreachable) return std::nullopt;
      if (leg->rang_at) return what + " though a device rang";
      return objection_to_unreachable(move, *leg, reason);
    }
    case Outcome::Cancelled: {
      if (reason == Reason::CallerLost) {
        const bool gave_up = said(call, Deed::GiveUp, after.caller, after.caller_device);
        return unless(gave_up || is_lost(call, move.before != nullptr ? *move.before : after, after.caller, after.caller_device, settings_.caller_grace, move.now), what + " while the caller was there");
      }
      const bool withdrew = said(call, Deed::Cancel, after.caller, after.caller_device) || said(call, Deed::Hangup, after.caller, after.caller_device);
      return unless(withdrew || is_new, what + " and the caller has not withdrawn");
    }
    case Outcome::Failed: return unless(is_new, what + " in the middle of a call");
    case Outcome::Ended:
    case Outcome::ConnectFailed:
    case Outcome::Dropped:
    case Outcome::AnsweredElsewhere:
    case Outcome::DeclinedElsewhere:
    case Outcome::BusyElsewhere:
    case Outcome::Missed:
    case Outcome::LostContact:
    case Outcome::MovedElsewhere: return what + " of a call that nobody answered";
  }
  return std::nullopt;
}

Reference::Answer Reference::objection_to_answered(const Move& move, Outcome outcome, std::optional<Reason> reason) const {
  const auto& before = *move.before;
  const auto& call = move.call;
  const auto what = text_of(outcome, reason);
  const auto by = [&](Deed deed, bool of_caller) {
    if (move.cause.kind != Cause::Kind::Command || call.said.empty()) return false;
    const auto& last = call.said.back();
    const auto [user, device] = name_of_(last.device);
    const auto* leg = leg_of(before, user);
    const bool is_active = of_caller ? user == before.caller && device == before.caller_device : leg != nullptr && leg->winner == device;
    return is_active && last.deed == deed && move.is_by(last.device);
  };
  const auto callee_lost = [&](Duration grace) {
    return std::any_of(before.legs.begin(), before.legs.end(), [&](const auto& leg) { return leg.winner && is_lost(call, before, leg.user, *leg.winner, grace, move.now); });
  };
  const bool caller_lost = is_lost(call, before, before.caller, before.caller_device, before.plan.drop_grace, move.now);
  if (outcome == Outcome::Ended && reason == Reason::ByCaller) return unless(by(Deed::Hangup, true) || by(Deed::Cancel, true), what + " and the caller has not hung up");
  if (outcome == Outcome::Ended && reason == Reason::ByCallee) return unless(by(Deed::Hangup, false), what + " and who answered has not hung up");
  if (outcome == Outcome::Ended && reason == Reason::MaxDuration) return unless(before.active_at && move.now >= *before.active_at + before.plan.max_duration, what + " too early");
  if (outcome == Outcome::ConnectFailed && reason == Reason::Timeout) return unless(move.now >= *before.answered_at + before.plan.connect, what + " too early");
  if (outcome == Outcome::ConnectFailed) return unless(by(Deed::MediaFailed, true) || by(Deed::MediaFailed, false) || before.group, what + " and no media has failed");
  if (outcome == Outcome::Dropped && reason == Reason::CallerLost) return unless(by(Deed::GiveUp, true) || caller_lost || before.group, what + " while the caller was there");
  if (outcome == Outcome::Dropped && reason == Reason::CalleeLost) return unless(by(Deed::GiveUp, false) || callee_lost(before.plan.drop_grace) || before.group, what + " while the callee was there");
  if (outcome == Outcome::Dropped && reason == Reason::BothLost) return unless(is_lost(call, before, before.caller, before.caller_device, 0s, move.now) && callee_lost(0s), what + " and one was there");
  if (outcome == Outcome::Dropped && reason == Reason::MediaLost) return unless(before.phase == Phase::Active, what + " of a call that was not active");  // without media: not in the session again
  const bool is_of_leg = std::any_of(move.after.legs.begin(), move.after.legs.end(), [&](const auto& leg) { return leg.outcome == outcome; });
  const bool by_group = before.group && (is_of_leg || reason == Reason::Alone || reason == Reason::AllLeft || outcome == Outcome::Dropped || outcome == Outcome::ConnectFailed);
  return unless(by_group, what + " of a call that was answered");
}

// --- what had to happen at once

std::optional<std::string> Reference::neglect(const CallRecord& before, const CallRecord& after, Deed deed, DeviceIndex index) const {
  if (!is_live(before)) return unless(after.version == before.version, "a word after the end has changed the call");
  const auto [user, device] = name_of_(index);
  const bool ended = !is_live(after);
  const bool withdraws = deed == Deed::Cancel || deed == Deed::Hangup;
  if (user == before.caller) {
    if (device != before.caller_device) return unless(!ended || deed == Deed::Invite || !withdraws, "the hang-up of a device that is not in the call has ended it");
    if (!withdraws || (before.group && before.answered_at)) return std::nullopt;
    const auto word = before.answered_at ? Outcome::Ended : Outcome::Cancelled;
    return unless(ended && after.outcome == word, "the caller has withdrawn and the call has not ended " + std::string(wire::word(word)));
  }
  const auto* leg = leg_of(before, user);
  const auto* after_leg = leg_of(after, user);
  if (leg == nullptr || after_leg == nullptr) return unless(!ended || !withdraws, "the hang-up of a stranger has ended the call");
  const auto* known = device_in(*leg, device);
  const bool can = known != nullptr && could_ring(known->state) && is_open(*leg);
  if (deed == Deed::Answer) {
    if (can) return unless(after_leg->winner == device, "the first answer has not won");
    return unless(after_leg->winner == leg->winner, "a later answer has won");
  }
  const bool refuses = deed == Deed::Decline || deed == Deed::DeclineBusy || deed == Deed::Hangup;
  if (!refuses) return std::nullopt;
  if (leg->winner == device && deed == Deed::Hangup) return unless(after_leg->outcome.has_value(), "who answered has hung up and is still in the call");
  if (!can) return unless(after.phase == before.phase || before.group, "the refusal of a device that is out of the call has changed it");
  if (before.group || before.plan.decline_policy != wire::DeclinePolicy::FirstDecline) return std::nullopt;
  const auto word = deed == Deed::DeclineBusy ? Outcome::Busy : Outcome::Declined;
  return unless(ended && after.outcome == word, "a device has refused and the call has not ended " + std::string(wire::word(word)));
}

// --- what should have happened by now

Instant Reference::silent_since(const CallRecord& record, const UserId& user, const DeviceId& device) const {
  const auto* contact = contact_of_(user, device);
  return contact == nullptr ? record.created_at : contact->is_linked ? contact->heard_at : contact->lost_at;
}

// It is noticed after 2.5 heartbeats, counted from the call at the earliest.
Duration Reference::patience() const { return std::max(settings_.heartbeat_live * 5 / 2, settings_.unstable_after); }

// Who does not come back to a server that has started again is lost, at the latest, when the grace and what a restart adds are over.
std::optional<std::string> Reference::overdue_after_restart(const Case& call, const CallRecord& record, Instant now) const {
  constexpr Duration k_restart_extension = 15s;
  if (record.group || record.phase == Phase::Inviting || !call.started_at) return std::nullopt;
  const auto is_gone = [&](const UserId& user, const DeviceId& device) {
    const auto since = std::max({silent_since(record, user, device), *call.started_at, record.created_at});
    return now > since + record.plan.drop_grace + k_restart_extension + patience();
  };
  if (is_gone(record.caller, record.caller_device)) return "L4: the caller has not come back since a restart, longer than drop_grace and 15 s";
  const auto& leg = record.legs.front();
  if (leg.winner && is_gone(leg.user, *leg.winner)) return "L4: the callee has not come back since a restart, longer than drop_grace and 15 s";
  return std::nullopt;
}

std::optional<std::string> Reference::overdue(const Case& call, const CallRecord& record, Instant now) const {
  if (!is_live(record) || call.was_moved) return std::nullopt;
  if (call.saw_restart) return overdue_after_restart(call, record, now);
  const auto is_gone = [&](const UserId& user, const DeviceId& device, Duration grace) {
    const auto since = silent_since(record, user, device);
    return now > std::max(since + std::max(grace, patience()), std::max(record.created_at, since) + patience());
  };
  if (record.phase == Phase::Inviting) {
    if (is_gone(record.caller, record.caller_device, settings_.caller_grace)) return "L2: it rings for a caller who has been gone longer than caller_grace";
    if (record.group) return std::nullopt;
    const auto& leg = record.legs.front();
    if (now > record.created_at + record.plan.setup) return "L1: it rings longer than setup_timeout";
    if (!leg.rang_at && !record.plan.wait_full_ring && now > record.created_at + record.plan.wake) return "L1: nobody rings for longer than wake_timeout";
    if (leg.rang_at && now > *leg.rang_at + record.plan.ring) return "L1: it rings longer than ring_timeout";
    return std::nullopt;
  }
  if (record.group) return std::nullopt;
  if (record.phase == Phase::Connecting && now > *record.answered_at + record.plan.connect) return "L5: connecting longer than connect_timeout";
  if (record.phase == Phase::Active && now > *record.active_at + record.plan.max_duration) return "L1: active longer than max_duration";
  if (is_gone(record.caller, record.caller_device, record.plan.drop_grace)) return "L4: the caller has been gone longer than drop_grace";
  const auto& leg = record.legs.front();
  if (leg.winner && is_gone(leg.user, *leg.winner, record.plan.drop_grace)) return "L4: the callee has been gone longer than drop_grace";
  return std::nullopt;
}

// --- what a party may be told

std::optional<std::string> Reference::misfit(const Case& call, const CallRecord& record, const Part& part) const {
  const auto shown = part.end->outcome;
  const auto [user, device] = name_of_(part.device);
  const auto what = "shows " + std::string(wire::word(shown)) + (record.outcome ? ", the call ended " + std::string(wire::word(*record.outcome)) : std::string());
  if (shown == Outcome::LostContact) return std::nullopt;
  if (call.was_moved && shown == Outcome::AnsweredElsewhere) return std::nullopt;  // an earlier part of it: the move came to nothing
  if (part.takes_over && !part.was_connecting) {  // it came too late, or is not allowed to
    const auto* own = leg_of(record, user);
    const auto word = own != nullptr ? own->outcome : record.caller_leg.outcome;
    if (shown == Outcome::Failed || shown == record.outcome || shown == word) return std::nullopt;
  }
  const bool declined = said(call, Deed::Decline, user, device) || said(call, Deed::Hangup, user, device);
  const bool was_busy = said(call, Deed::DeclineBusy, user, device) || said(call, Deed::RingBusy, user, device);
  if (user != record.caller && ((shown == Outcome::Declined && declined) || (shown == Outcome::Busy && was_busy))) return std::nullopt;  // its own word
  if (shown == Outcome::MovedElsewhere) return unless(call.was_moved, what + " and nobody moved");
  if (user == record.caller) {
    const auto own = record.caller_leg.outcome ? record.caller_leg.outcome : record.outcome;  // of a group the caller may leave before the end
    if (device == record.caller_device && own) return unless(shown == *own, what);
    const bool stayed_behind = call.was_moved && (shown == Outcome::AnsweredElsewhere || shown == record.outcome);
    return unless(stayed_behind || (record.group && shown != Outcome::Missed), what);
  }
  const auto* leg = leg_of(record, user);
  if (leg == nullptr) return what + " and was never called";
  if (!part.was_connecting && !part.was_active && shown == Outcome::AnsweredElsewhere && leg->winner) return std::nullopt;  // here or by the call placed from here
  const bool stopped_ringing = shown == Outcome::Missed && !part.end->reason;  // by itself: its watchdog
  // It stopped ringing, or was hung up, while a call placed from here to the caller was on its way, which has answered this one.
  const bool is_other_part = part.was_incoming && !part.was_connecting && said(call, Deed::Invite, user, device);
  if (leg->winner == device) return unless(!leg->outcome || shown == *leg->outcome || (stopped_ringing && is_other_part), what);
  const auto word = leg->outcome ? leg->outcome : record.outcome;
  return unless(!word || fits_other_device(*word, shown) || (stopped_ringing && part.was_incoming), what);
}

}  // namespace offhook::sim
