// The key `user:`: which devices a user has, who is online, which live calls a user is in. Busy is derived from those calls,
// never stored.
#pragma once

#include <map>
#include <set>
#include <unordered_set>

#include "core/mail.hpp"

namespace offhook::core {

class UserEngine {
 public:
  explicit UserEngine(Desk& desk) : desk_(desk) {}

  void on(const Attach& mail);
  void on(const LinkDown& mail);
  void on(const Detach& mail);
  void on(PlaceCall&& mail);
  void on(const UserCall& mail);
  void on(const WatchPresence& mail);
  void on(const UnwatchPresence& mail);

  std::size_t users() const { return users_.size(); }

 private:
  struct Device {
    Member self;
    bool linked = false;
  };
  struct User {
    std::map<DeviceId, Device> devices;
    std::set<CallId> live_calls;
  };

  void update_presence(const UserKey& key);
  void forget_if_idle(const UserKey& key);
  std::optional<Refusal> refusal_of(const PlaceCall& mail, const UserKey& callee) const;

  Desk& desk_;
  std::map<UserKey, User> users_;
  std::unordered_set<UserKey> seen_;  // for users.refuse_unknown
  std::map<ProjectId, std::set<UserId>> online_;
  std::map<ProjectId, std::set<ClientId>> watchers_;
};

}  // namespace offhook::core
