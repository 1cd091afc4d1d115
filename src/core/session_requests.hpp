// What a project's backend asks of one session, and what it is answered. Part of event.hpp and effect.hpp.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/ids.hpp"
#include "wire/messages.hpp"

namespace offhook::core {

struct ShowSession {};  // answered with a SessionView; the others with SessionDone
struct SendSignal { std::optional<ConnectionId> to; std::string type, data; };
struct SendAway { ConnectionId connection; };
struct MuteStream { StreamId stream; };
// All streams but `except`; `active` says whether those published later are muted, too. Not active: no more of that.
struct MuteSession { bool active = true; std::vector<StreamId> except; };
// All of them or, where one is not there, none.
struct SetLayouts { std::vector<std::pair<StreamId, std::vector<std::string>>> classes; };

// A session of that project which is not in memory is one without connections: it has not been forgotten to exist.
struct AdminSession {
  std::uint64_t request = 0;
  ProjectId project;
  SessionId session;
  std::variant<ShowSession, SendSignal, SendAway, MuteStream, MuteSession, SetLayouts> ask;
};

struct ShownStream {
  wire::Stream stream;
  std::vector<std::string> layout_classes;
};

struct SessionView {
  std::vector<wire::Connection> connections;
  std::vector<ShownStream> streams;
};

struct SessionDone {};

enum class SessionRefusal { NoSuchSession, NobodyThere, NoSuchConnection, NoSuchStream };

struct SessionAnswered {
  std::uint64_t request = 0;
  std::variant<SessionView, SessionDone, SessionRefusal> answer;
};

}  // namespace offhook::core
