// What a project's backend is told: which events there are, and which of them a change of a call amounts to. An event is
// emitted together with the record it tells of, in one effect, so that neither can be kept without the other. Pure functions.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "base/ids.hpp"
#include "core/records.hpp"

namespace offhook::core {

struct NoticeKind { static constexpr std::string_view prefix = "evnt_"; };
using NoticeId = Id<NoticeKind>;

// In the order in which they are told if several happen at once. Those of legs are of groups only.
enum class CallNews { Created, LegAdded, LegRinging, Ringing, LegAnswered, Answered, Active, Moved, LegEnded, Ended };

struct CallNotice {
  NoticeId id;
  CallNews news = CallNews::Created;
  std::optional<UserId> user;  // whose leg it is, or who has moved to another device
  Instant at{};
};

// A session is created when the first one connects and destroyed when the last one has left, as often as that happens.
enum class SessionNews { ConnectionCreated, ConnectionDestroyed, StreamCreated, StreamDestroyed, SessionCreated, SessionDestroyed };

struct SessionNotice {
  NoticeId id;
  SessionNews news = SessionNews::ConnectionCreated;
  ProjectId project;
  SessionId session;
  std::optional<CallId> call;             // the session is that of a call
  wire::Connection connection;            // of a stream the publisher's; of a session none
  std::optional<wire::Stream> stream;
  std::optional<wire::LeaveReason> reason;  // of an end
  Instant at{};
};

// As backends know them: "call.ended", "stream.created".
std::string_view type_of(CallNews news);
std::string_view type_of(SessionNews news);
std::vector<std::string_view> all_types();
inline bool is_of_whole_session(SessionNews news) { return news == SessionNews::SessionCreated || news == SessionNews::SessionDestroyed; }

// How far a call has been told of; as much of a record as that needs.
struct Told {
  struct Part {
    bool rang = false, answered = false, ended = false;
    std::optional<DeviceId> speaker;
  };
  bool created = false, rang = false, answered = false, active = false, ended = false;
  Part caller;
  std::vector<Part> legs;  // in the order of the record's
};

Told told_of(const CallRecord& record);

// What is news in `after` to whom `before` has been told. Ids and moments are left to the caller.
std::vector<CallNotice> news_between(const Told& before, const CallRecord& after);

}  // namespace offhook::core
