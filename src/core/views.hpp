// What the engine shows of itself to whoever looks: pages of users and of sessions, as they are at that moment. Copies; looking
// changes nothing.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.hpp"

namespace offhook::core {

struct DeviceView {
  DeviceId device;
  std::optional<std::string> name;  // to show to people
  bool online = false;              // has a link now; else it may still come back
  bool in_call = false;             // speaks for its user in a live call
};

// Somebody who has a device or a live call.
struct UserView {
  UserId user;
  std::vector<DeviceView> devices;
  std::vector<CallId> live_calls;
};

struct UserQuery {
  ProjectId project;
  std::string prefix;           // of the name; empty: all
  std::optional<UserId> after;  // only names behind this one, in the order of their bytes
  std::size_t limit = 20;
};

// A session that somebody is in.
struct LiveSession {
  SessionId session;
  std::vector<CallId> calls;
  std::size_t connections = 0;
  std::size_t streams = 0;
};

struct LiveSessionQuery {
  ProjectId project;
  std::optional<SessionId> after;  // in the order of their bytes
  std::size_t limit = 20;
};

}  // namespace offhook::core
