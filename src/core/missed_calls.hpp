// Calls that users have missed, until each of their devices knows or they are too old. Private to the user engine.
#pragma once

#include <deque>
#include <map>
#include <unordered_map>

#include "core/mail.hpp"

namespace offhook::core {

class MissedCalls {
 public:
  explicit MissedCalls(Desk& desk) : desk_(desk) {}

  void restore(MissedRecord&& kept);

  // Does nothing if the call is there already.
  void add(const MissedCall& mail);
  void seen(const MissedSeen& mail);
  // What the user has missed, and what others have missed of him. Takes time in proportion to all missed calls.
  void forget(const UserKey& user);

  // Tells a device that has come online what it does not know yet; its welcome showed the calls in `shown`.
  void tell(const Member& member, const std::vector<CallId>& shown);

  std::size_t size() const { return order_.size(); }

 private:
  struct Entry {
    wire::HistoryRecord record;
    Instant since;
    std::map<DeviceId, std::optional<ClientId>> told;  // as ToldDevice
  };
  struct Place {
    Instant since;
    UserKey user;
    CallId call;
  };

  Entry* find(const UserKey& user, CallId call);
  void keep(const UserKey& user, const Entry& entry);
  void forget_old();
  void forget(const UserKey& user, CallId call);

  Desk& desk_;
  std::unordered_map<UserKey, std::deque<Entry>> users_;  // oldest first
  std::deque<Place> order_;                               // of all users, oldest first; some may be forgotten already
};

}  // namespace offhook::core
