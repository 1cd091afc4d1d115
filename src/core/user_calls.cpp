// Placing calls: may this user be rung, where, and is there a call between the two already?
#include <algorithm>

#include "core/limits.hpp"
#include "core/user_engine.hpp"

namespace offhook::core {

using wire::CallWaiting;
using wire::Outcome;
using wire::Reason;

// The call's key lives in the callee's slot, so that a call mostly decides in one place.
void UserEngine::on(PlaceCall&& mail) {
  if (mail.invite.group) return place_group(std::move(mail));
  const UserKey callee{mail.caller.user.project, mail.invite.to};
  CreateCall create;
  if (mail.withdrawn) {
    create.refusal = Refusal{Outcome::Cancelled, Reason::ByUser};
    create.silent = true;
  } else if (const auto call = call_between(callee, mail.caller.user.user)) {
    const bool merges = desk_.settings_of(callee.project).glare == Glare::Merge || !is_glare(callee, *call);
    if (merges) return desk_.post(InviteAgain{*call, std::move(mail)});
    create.refusal = Refusal{Outcome::Busy, Reason::InCall};
  } else {
    auto answer = ask(mail.caller.user, callee);
    create.devices = std::move(answer.devices);
    create.refusal = answer.refusal;
    create.silent = answer.silent;
  }
  create.call = desk_.make_id<CallKind>(slot_of(callee));
  create.caller = std::move(mail.caller);
  create.invite = std::move(mail.invite);
  create.request = mail.request;
  create.session = mail.session;
  desk_.post(std::move(create));
}

// The call asks each of its users itself.
void UserEngine::place_group(PlaceCall&& mail) {
  CreateCall create;
  auto& users = mail.invite.group->users;
  create.call = desk_.make_id<CallKind>(slot_of(UserKey{mail.caller.user.project, users.front()}));
  const bool names_itself = std::find(users.begin(), users.end(), mail.caller.user.user) != users.end();
  if (names_itself) create.refusal = Refusal{Outcome::Failed, Reason::NotAllowed};
  if (mail.withdrawn) create.refusal = Refusal{Outcome::Cancelled, Reason::ByUser};
  create.silent = create.refusal.has_value();
  create.caller = std::move(mail.caller);
  create.invite = std::move(mail.invite);
  create.request = mail.request;
  create.session = mail.session;
  desk_.post(std::move(create));
}

void UserEngine::on(const RingLeg& mail) {
  auto answer = ask(mail.caller, mail.user, mail.call);
  desk_.post(LegFound{mail.call, mail.user, std::move(answer.devices), answer.refusal, answer.silent});
}

// A live call of just these two, whoever placed it.
std::optional<CallId> UserEngine::call_between(const UserKey& callee, const UserId& caller) const {
  const auto user = users_.find(callee);
  if (user == users_.end()) return std::nullopt;
  for (const auto& [call, share] : user->second.live_calls) {
    if (share.peer == caller && !share.group) return call;
  }
  return std::nullopt;
}

// Does the callee of the new invite call its caller at this moment?
bool UserEngine::is_glare(const UserKey& callee, CallId call) const {
  const auto& share = users_.at(callee).live_calls.at(call);
  return share.outgoing && !share.answered;
}

// `in`: the call that asks, if it is one of the callee's already; it does not take one of the places for ringing from itself.
UserEngine::Answer UserEngine::ask(const UserKey& caller, const UserKey& callee, std::optional<CallId> in) {
  Answer answer;
  const auto& blocked = rules_of(callee).blocked;
  answer.silent = std::find(blocked.begin(), blocked.end(), caller.user) != blocked.end();
  answer.refusal = refusal_of(caller, callee, in);
  if (answer.refusal) return answer;
  answer.devices = candidates(callee);
  const auto user = users_.find(callee);
  const bool has_devices = user != users_.end() && !user->second.devices.empty();
  if (has_devices && answer.devices.empty()) answer.refusal = Refusal{Outcome::Busy, Reason::InCall};
  return answer;
}

std::optional<Refusal> UserEngine::refusal_of(const UserKey& caller, const UserKey& callee, std::optional<CallId> in) {
  const auto& settings = desk_.settings_of(callee.project);
  if (callee == caller) return Refusal{Outcome::Failed, Reason::NotAllowed};
  const bool unknown = !users_.contains(callee) && !seen_.contains(callee) && pushes_.of(callee).empty();
  if (settings.refuse_unknown_users && unknown) return Refusal{Outcome::Failed, Reason::NoSuchUser};
  if (is_over_budget(caller, callee)) return Refusal{Outcome::Failed, Reason::RateLimited};
  const auto rules = rules_of(callee);
  if (std::find(rules.blocked.begin(), rules.blocked.end(), caller.user) != rules.blocked.end()) {
    switch (settings.blocked_as) {
      case BlockedAs::Failed: return Refusal{Outcome::Failed, Reason::Blocked};
      case BlockedAs::Busy: return Refusal{Outcome::Busy, Reason::InCall};
      case BlockedAs::Declined: return Refusal{Outcome::Declined, Reason::ByUser};
      case BlockedAs::Unreachable: return Refusal{Outcome::Unreachable, Reason::NoDevices};
    }
  }
  if (rules.do_not_disturb) return Refusal{Outcome::Declined, Reason::ByDndRule};
  const auto user = users_.find(callee);
  if (user == users_.end()) return std::nullopt;
  if (rules.call_waiting == CallWaiting::Off && user->second.is_in_call()) return Refusal{Outcome::Busy, Reason::InCall};
  const bool slots_full = user->second.rings(in) >= static_cast<std::size_t>(rules.max_parallel_rings);
  return slots_full ? std::optional(Refusal{Outcome::Busy, Reason::RingSlotsFull}) : std::nullopt;
}

bool UserEngine::is_over_budget(const UserKey& caller, const UserKey& callee) {
  const auto& settings = desk_.settings_of(callee.project);
  const auto key = [&](const UserId& user) { return callee.project + '\n' + user; };  // users have no control characters
  return !caller_budget_.may_ring(key(caller.user), settings.rings_per_caller, desk_.now) ||
         !pair_budget_.may_ring(key(caller.user + '\n' + callee.user), settings.rings_per_pair, desk_.now) ||
         !callee_budget_.may_ring(key(callee.user), settings.rings_per_callee, desk_.now);
}

std::vector<Candidate> UserEngine::candidates(const UserKey& callee) const {
  std::vector<Candidate> found;
  const bool others_only = rules_of(callee).call_waiting == CallWaiting::RingOtherDevices;
  const auto present = users_.find(callee);
  const User nobody;
  const auto& user = present == users_.end() ? nobody : present->second;
  const auto add = [&](const Member& member, bool has_push_address, bool linked) {
    const bool in_call = user.is_in_call(member.device);
    if (found.size() < k_max_devices_per_call && !(others_only && in_call)) found.push_back({member, in_call, has_push_address, linked});
  };
  for (const auto& [id, device] : user.devices) add(device.self, can_be_woken(callee, id), device.linked);
  if (!desk_.settings_of(callee.project).push) return found;
  for (const auto* record : pushes_.of(callee)) {
    if (!user.devices.contains(record->device)) add({callee, record->device, record->name, {}}, true, false);
  }
  return found;
}

// --- what a user is in; an own call that still rings counts, one that rings here does not

bool UserEngine::User::is_in_call(const DeviceId& device) const {
  return std::any_of(live_calls.begin(), live_calls.end(), [&](const auto& entry) {
    return (entry.second.answered || entry.second.outgoing) && entry.second.device == device;
  });
}

bool UserEngine::User::is_in_call() const {
  return std::any_of(live_calls.begin(), live_calls.end(),
                     [](const auto& entry) { return entry.second.answered || entry.second.outgoing; });
}

std::size_t UserEngine::User::rings(std::optional<CallId> but) const {
  return static_cast<std::size_t>(std::count_if(live_calls.begin(), live_calls.end(), [&](const auto& entry) {
    return !entry.second.answered && !entry.second.outgoing && entry.first != but;
  }));
}

// Devices that are there and were not told, because they never rang, are told now.
void UserEngine::on(const MissedCall& mail) {
  missed_.add(mail);
  const auto user = users_.find(mail.user);
  if (user == users_.end()) return;
  for (const auto& [id, device] : user->second.devices) missed_.tell(device.self, {});
}

// --- rules

wire::Rules UserEngine::rules_of(const UserKey& user) const {
  const auto own = rules_.find(user);
  return own == rules_.end() ? wire::Rules{} : own->second;
}

bool UserEngine::set_rules(const UserKey& user, wire::Rules rules) {
  if (!rules_.contains(user) && rules_.size() >= desk_.settings.capacity.rules) return false;
  desk_.effect(Store{RulesRecord{user, rules}});
  rules_[user] = std::move(rules);
  return true;
}

bool UserEngine::forget(const UserKey& user) {
  const auto present = users_.find(user);
  if (present != users_.end() && !present->second.live_calls.empty()) return false;
  if (rules_.erase(user) > 0) desk_.effect(Store{GoneRecord{key_of(RulesRecord{user, {}})}});
  if (seen_.erase(user) > 0) desk_.effect(Store{GoneRecord{key_of(SeenRecord{user})}});
  missed_.forget(user);
  pushes_.forget(user);
  return true;
}

void UserEngine::on(const AskRules& mail) {
  if (mail.change && !set_rules(mail.user, *mail.change)) {
    return desk_.refuse(mail.asker, wire::ErrorWord::LimitReached, "The server keeps rules of no more users.");
  }
  desk_.reply(mail.asker, wire::RulesReply{rules_of(mail.user)});
}

}  // namespace offhook::core
