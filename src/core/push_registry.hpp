// Devices that can be woken without a socket, until they have not been seen for too long (keep_push). One address belongs to one
// device: whoever names it last has it. Private to the user engine.
#pragma once

#include <map>
#include <set>
#include <vector>

#include "core/mail.hpp"

namespace offhook::core {

class PushRegistry {
 public:
  explicit PushRegistry(Desk& desk) : desk_(desk) {}

  void restore(PushRecord&& kept);

  // The device is there and has this address from now on.
  void keep(const Member& member, const wire::PushAddress& address);
  // The device is there. Does it have an address?
  bool touch(const Member& member);
  void forget(const UserKey& user, const DeviceId& device);
  // Unless the device has another address by now.
  void forget(const UserKey& user, const DeviceId& device, const wire::PushAddress& address);
  void forget(const UserKey& user);

  // Nothing if it has none, or was not seen for too long.
  const PushRecord* find(const UserKey& user, const DeviceId& device) const;
  // In the order of their names; at most k_max_push_devices_per_user.
  std::vector<const PushRecord*> of(const UserKey& user) const;

  std::size_t size() const { return records_.size(); }

 private:
  using Key = std::pair<UserKey, DeviceId>;
  using Records = std::map<Key, PushRecord>;

  void put(PushRecord&& record);
  Records::iterator drop(Records::iterator place);
  void forget_old();
  bool is_over(const PushRecord& record) const;

  Desk& desk_;
  Records records_;
  std::map<std::pair<ProjectId, wire::PushAddress>, Key> owners_;
  std::set<std::pair<Instant, Key>> by_age_;
};

}  // namespace offhook::core
