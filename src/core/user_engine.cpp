#include "core/user_engine.hpp"

#include <algorithm>

#include "core/limits.hpp"

namespace offhook::core {

void UserEngine::on(const Attach& mail) {
  auto& user = users_[mail.member.user];
  auto& device = user.devices[mail.member.device];
  if (device.self.client != mail.member.client) device.told_elsewhere.clear();
  device.self = mail.member;
  device.linked = true;
  remember(mail.member.user);
  update_presence(mail.member.user);
  Attached attached{mail.member.client, {}, has_push_address(mail.member, mail.push)};
  for (const auto& [call, share] : user.live_calls) {
    attached.calls.push_back(call);
    desk_.post(DeviceAttached{call, mail.member, user.is_in_call(mail.member.device), mail.named.contains(call),
                              attached.has_push_address});
  }
  desk_.post(std::move(attached));
}

// One that says nothing of it has the address that it had. A store that is behind is given no new one; the device tells it again with its next
// hello.
bool UserEngine::has_push_address(const Member& member, const std::optional<wire::PushAddress>& told) {
  if (!desk_.settings_of(member.user.project).push) return false;
  if (desk_.store_is_behind) {
    const auto* kept = pushes_.find(member.user, member.device);
    return kept != nullptr && (!told || kept->address == *told);
  }
  if (told) pushes_.keep(member, *told);
  return told || pushes_.touch(member);
}

bool UserEngine::can_be_woken(const UserKey& user, const DeviceId& device) const {
  return desk_.settings_of(user.project).push && pushes_.find(user, device) != nullptr;
}

void UserEngine::on(const SetPushAddress& mail) {
  const auto& [member, asker, address] = mail;
  if (address && !desk_.settings_of(member.user.project).push) {
    return desk_.refuse(asker, wire::ErrorWord::NotAllowed, "This server has no sender of pushes for this project.");
  }
  if (address) {
    pushes_.keep(member, *address);
  } else {
    pushes_.forget(member.user, member.device);
  }
  desk_.reply(asker);
}

// The address may have gone since the call learned of the device.
void UserEngine::on(Wake&& mail) {
  auto& push = mail.push;
  const auto* record = pushes_.find(push.user, push.device);
  if (record == nullptr || !desk_.settings_of(push.user.project).push) {
    return desk_.post(PushDone{push.call, push.user, push.device, PushState::Refused});
  }
  push.address = record->address;
  desk_.effect(std::move(push));
}

void UserEngine::on(const PushSettled& event) {
  if (event.state == PushState::Refused) pushes_.forget(event.user, event.device, event.address);
  desk_.post(PushDone{event.call, event.user, event.device, event.state});
}

void UserEngine::on(const LinkDown& mail) {
  const auto user = users_.find(mail.user);
  if (user == users_.end()) return;
  const auto device = user->second.devices.find(mail.device);
  if (device != user->second.devices.end()) device->second.linked = false;
  update_presence(mail.user);
}

void UserEngine::on(const Detach& mail) {
  const auto user = users_.find(mail.member.user);
  if (user == users_.end()) return;
  const auto device = user->second.devices.find(mail.member.device);
  if (device == user->second.devices.end() || device->second.self.client != mail.member.client) return;
  user->second.devices.erase(device);
  update_presence(mail.member.user);
  forget_if_idle(mail.member.user);
}

// The welcome is said: what it does not hold follows.
void UserEngine::on(const Opened& mail) {
  missed_.tell(mail.member, mail.shown);
  const auto user = users_.find(mail.member.user);
  if (user == users_.end()) return;
  const auto device = user->second.devices.find(mail.member.device);
  if (device != user->second.devices.end()) tell_elsewhere(user->second, device->second);
}

void UserEngine::on(const UserCall& mail) {
  auto& user = users_[mail.user];
  if (mail.share) {
    user.live_calls[mail.call] = *mail.share;
  } else {
    user.live_calls.erase(mail.call);
  }
  for (auto& [id, device] : user.devices) tell_elsewhere(user, device);
  forget_if_idle(mail.user);
}

// Each device knows the answered calls that its user is in at another one: it may take them over. Told whole when it changes.
void UserEngine::tell_elsewhere(const User& user, Device& device) {
  auto calls = user.calls_elsewhere(device.self.device);
  if (calls == device.told_elsewhere) return;
  device.told_elsewhere = calls;
  desk_.tell(device.self.client, wire::Elsewhere{0, std::move(calls)});
}

std::vector<wire::ElsewhereCall> UserEngine::User::calls_elsewhere(const DeviceId& device) const {
  std::vector<wire::ElsewhereCall> calls;
  for (const auto& [call, share] : live_calls) {
    if (!share.answered || share.device == device || calls.size() == k_max_calls_elsewhere) continue;
    const auto role = share.outgoing ? wire::Role::Caller : wire::Role::Callee;
    const auto answered_at_ms = share.answered_at ? to_unix_ms(*share.answered_at) : 0;
    calls.push_back({call, role, share.peer, share.device_name, share.media, answered_at_ms, share.group});
  }
  return calls;
}

void UserEngine::on(const WatchPresence& mail) {
  watchers_[mail.project].insert(mail.asker.client);
  const auto& online = online_[mail.project];
  wire::PresenceReply reply;
  for (const auto& user : online) {
    if (reply.users.size() == k_max_presence_reply) break;
    reply.users.push_back(user);
  }
  desk_.reply(mail.asker, std::move(reply));
}

void UserEngine::on(const UnwatchPresence& mail) {
  const auto watchers = watchers_.find(mail.project);
  if (watchers != watchers_.end()) watchers->second.erase(mail.client);
}

void UserEngine::update_presence(const UserKey& key) {
  const auto user = users_.find(key);
  const bool is_online = user != users_.end() && std::any_of(user->second.devices.begin(), user->second.devices.end(),
                                                             [](const auto& entry) { return entry.second.linked; });
  auto& online = online_[key.project];
  if (online.contains(key.user) == is_online) return;
  if (is_online) {
    online.insert(key.user);
  } else {
    online.erase(key.user);
  }
  const auto event = share_message(wire::Presence{0, key.user, is_online});
  for (const auto& watcher : watchers_[key.project]) desk_.tell(watcher, event);
}

std::vector<UserView> UserEngine::list(const UserQuery& query) const {
  const bool is_behind_prefix = query.after && *query.after >= query.prefix;
  auto entry = is_behind_prefix ? users_.upper_bound({query.project, *query.after}) : users_.lower_bound({query.project, query.prefix});
  std::vector<UserView> found;
  for (; entry != users_.end() && found.size() < query.limit; ++entry) {
    const auto& [key, user] = *entry;
    if (key.project != query.project || !key.user.starts_with(query.prefix)) break;
    auto& shown = found.emplace_back(UserView{key.user, {}, {}});
    for (const auto& [id, device] : user.devices) shown.devices.push_back({id, device.self.name, device.linked, user.is_in_call(id)});
    for (const auto& [call, share] : user.live_calls) shown.live_calls.push_back(call);
  }
  return found;
}

// Where only users who have been here may be called.
void UserEngine::remember(const UserKey& key) {
  if (!desk_.settings_of(key.project).refuse_unknown_users || seen_.size() >= desk_.settings.capacity.seen_users) return;
  if (seen_.insert(key).second) desk_.effect(Store{SeenRecord{key}});
}

void UserEngine::forget_if_idle(const UserKey& key) {
  const auto user = users_.find(key);
  if (user != users_.end() && user->second.devices.empty() && user->second.live_calls.empty()) users_.erase(user);
}

}  // namespace offhook::core
