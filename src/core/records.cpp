#include "core/records.hpp"

#include <algorithm>

namespace offhook::core {
namespace {

// A callee whose devices did not answer has missed the call, whatever the call's own word is.
wire::Outcome outcome_for(const LegRecord& leg) {
  const auto outcome = leg.outcome.value_or(wire::Outcome::Failed);
  const bool by_dnd = leg.reason == wire::Reason::ByDndRule;
  if (leg.winner || outcome == wire::Outcome::AnsweredElsewhere) return outcome;
  return outcome == wire::Outcome::Declined && !by_dnd ? outcome : wire::Outcome::Missed;
}

// Lines cannot be taken for one another: none of the parts has a control character.
std::string in_lines(const UserKey& user) { return user.project + '\n' + user.user; }

std::string text_of(const CallRecord& record) { return "call " + record.id.text(); }
std::string text_of(const SessionRecord& record) { return "session " + record.id.text(); }
std::string text_of(const RulesRecord& record) { return "rules " + in_lines(record.user); }
std::string text_of(const MissedRecord& record) { return "missed " + in_lines(record.user) + '\n' + record.record.call_id.text(); }
std::string text_of(const WithdrawnRecord& record) {
  return "withdrawn " + in_lines(record.user) + '\n' + record.device + '\n' + record.cmd_id;
}
std::string text_of(const SeenRecord& record) { return "seen " + in_lines(record.user); }
std::string text_of(const ConnectionRecord& record) { return "connection " + record.shown.connection_id.text(); }
std::string text_of(const ProjectRecord& record) { return "project " + record.key; }
std::string text_of(const PushRecord& record) { return "push " + in_lines(record.user) + '\n' + record.device; }
std::string text_of(const GoneRecord& record) { return record.key.text; }

}  // namespace

RecordKey key_of(const Record& record) {
  return {std::visit([](const auto& kept) { return text_of(kept); }, record)};
}

bool is_needed(const CallRecord& record, Instant now) {
  if (record.phase != wire::Phase::Ended) return true;
  return std::any_of(record.deadlines.begin(), record.deadlines.end(), [&](const auto& deadline) { return deadline.at > now; });
}

bool is_whole(const CallRecord& record) {
  const auto is_named = [](const LegRecord& leg) { return !leg.user.empty(); };
  const auto speaks = [](const LegRecord& leg) {
    return std::any_of(leg.devices.begin(), leg.devices.end(), [&](const auto& device) { return device.device == leg.winner; });
  };
  const auto& legs = record.legs;
  const bool has_users = is_named(record.caller_leg) && !legs.empty() && std::all_of(legs.begin(), legs.end(), is_named);
  if (!has_users || record.id.nil() || record.project.empty()) return false;
  switch (record.phase) {
    case wire::Phase::Inviting: return !record.outcome && !record.session.nil() && speaks(record.caller_leg);
    case wire::Phase::Connecting:
    case wire::Phase::Active:
      return !record.outcome && !record.session.nil() && speaks(record.caller_leg) && std::any_of(legs.begin(), legs.end(), speaks);
    case wire::Phase::Ended: return record.outcome.has_value();
  }
  return false;
}

const LegRecord* leg_of(const CallRecord& record, const UserId& user) {
  const auto found = std::find_if(record.legs.begin(), record.legs.end(), [&](const auto& leg) { return leg.user == user; });
  return found == record.legs.end() ? nullptr : &*found;
}

bool concerns(const CallRecord& record, const UserId& user) {
  const auto* leg = leg_of(record, user);
  return record.caller == user || (leg != nullptr && !leg->silent);
}

wire::HistoryRecord history_record(const CallRecord& record, const UserId& user) {
  wire::HistoryRecord out;
  const auto* leg = record.caller == user ? nullptr : leg_of(record, user);
  out.call_id = record.id;
  out.outgoing = leg == nullptr;
  out.peer = out.outgoing ? record.legs.front().user : record.caller;
  out.media = record.media;
  out.created_at_ms = to_unix_ms(record.created_at);
  const auto answered_at = leg != nullptr && record.group ? leg->answered_at : record.answered_at;
  if (answered_at) out.answered_at_ms = to_unix_ms(*answered_at);
  const auto own_end = leg != nullptr ? leg->ended_at : std::nullopt;  // a group may go on without this user
  const auto ended_at = own_end ? own_end : record.ended_at;
  out.ended_at_ms = to_unix_ms(ended_at.value_or(record.created_at));
  out.outcome = record.outcome ? *record.outcome : leg != nullptr ? leg->outcome.value_or(wire::Outcome::Failed) : wire::Outcome::Failed;
  out.reason = record.outcome || leg == nullptr ? record.reason : leg->reason;
  out.your_outcome = leg != nullptr ? outcome_for(*leg) : out.outcome;
  const bool was_in = leg == nullptr || leg->answered_at;
  if (record.active_at && ended_at && was_in) out.duration_ms = std::max<std::int64_t>(to_ms(*ended_at - *record.active_at), 0);
  out.legs = leg_views(record);
  return out;
}

std::vector<wire::LegView> leg_views(const CallRecord& record) {
  std::vector<wire::LegView> views;
  if (!record.group) return views;
  for (const auto& leg : record.legs) {
    auto state = leg.rang_at ? wire::LegState::Ringing : wire::LegState::Invited;
    if (leg.answered_at) state = record.active_at ? wire::LegState::Joined : wire::LegState::Connecting;
    if (leg.outcome) state = wire::LegState::Ended;
    views.push_back({leg.user, state, leg.outcome, leg.reason});
  }
  return views;
}

void forget_user(CallRecord& record, const UserId& user) {
  record.inputs.reset();  // names are all over them
  const auto blot_out = [&](LegRecord& leg) {
    if (leg.user != user) return;
    leg.user = k_forgotten_user;
    leg.devices.clear();
    if (leg.winner) leg.winner = DeviceId();
    leg.moving.reset();
  };
  for (auto& leg : record.legs) blot_out(leg);
  blot_out(record.caller_leg);
  std::erase_if(record.invites, [&](const InviteRecord& invite) { return invite.user == user; });
  for (auto& note : record.notes) {
    if (note.user != user) continue;
    note.user = k_forgotten_user;
    note.device.clear();
  }
  if (record.group) std::replace(record.group->users.begin(), record.group->users.end(), user, UserId(k_forgotten_user));
  if (record.caller != user) return;
  record.caller = k_forgotten_user;
  record.caller_device.clear();
  record.data.reset();
}

}  // namespace offhook::core
