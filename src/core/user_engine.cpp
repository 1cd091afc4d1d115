#include "core/user_engine.hpp"

#include <algorithm>

#include "core/limits.hpp"

namespace offhook::core {

void UserEngine::on(const Attach& mail) {
  auto& user = users_[mail.member.user];
  user.devices[mail.member.device] = {mail.member, true};
  remember(mail.member.user);
  update_presence(mail.member.user);
  Attached attached{mail.member.client, {}};
  for (const auto& [call, share] : user.live_calls) {
    attached.calls.push_back(call);
    desk_.post(DeviceAttached{call, mail.member, user.is_in_call(mail.member.device), mail.named.contains(call)});
  }
  desk_.post(std::move(attached));
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

void UserEngine::on(const UserCall& mail) {
  if (mail.share) {
    users_[mail.user].live_calls[mail.call] = *mail.share;
    return;
  }
  const auto user = users_.find(mail.user);
  if (user == users_.end()) return;
  user->second.live_calls.erase(mail.call);
  forget_if_idle(mail.user);
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
  for (const auto& watcher : watchers_[key.project]) desk_.post(GiveEvent{watcher, wire::Presence{0, key.user, is_online}});
}

// Where only users who have been here may be called.
void UserEngine::remember(const UserKey& key) {
  if (!desk_.settings_of(key.project).refuse_unknown_users || seen_.size() >= k_max_seen_users) return;
  if (seen_.insert(key).second) desk_.effect(Store{SeenRecord{key}});
}

void UserEngine::forget_if_idle(const UserKey& key) {
  const auto user = users_.find(key);
  if (user != users_.end() && user->second.devices.empty() && user->second.live_calls.empty()) users_.erase(user);
}

}  // namespace offhook::core
