// Everything the engine can ask for: one closed list, carried out in order. Whatever follows a Store waits until that
// record is durable ("commit, then speak").
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "core/event.hpp"
#include "core/notices.hpp"
#include "core/records.hpp"
#include "wire/messages.hpp"

namespace offhook::core {

// `notices` tell of the record, which is one of a call, and are kept together with it or not at all.
struct Store { Record record; std::vector<CallNotice> notices = {}; };

// To be kept like a record, and like after one, what follows waits until it is durable. `record`, if there is one, says the same for
// a restart and is kept together with it or not at all. One notice or two, of one session.
struct Announce { std::vector<SessionNotice> notices; std::optional<Record> record = {}; };

// A message that never changes and may be on its way to many devices at a time.
using SharedMessage = std::shared_ptr<const wire::ServerMessage>;
inline SharedMessage share_message(wire::ServerMessage message) { return std::make_shared<const wire::ServerMessage>(std::move(message)); }

// `seq`: of an event, by which this device counts it; it stands in place of the message's own, which is shared with others. 0: no event. `at_once`: a heartbeat, which tells no
// fact; it waits for no record, so that a slow disk is not taken for a lost network. A welcome that has left is answered with Welcomed.
struct Send { LinkId link; SharedMessage message; std::uint64_t seq = 0; bool at_once = false; };
// As the device reads it.
wire::ServerMessage message_in(const Send& send);
struct CloseLink { LinkId link; std::uint16_t code = 1000; std::string reason; };  // after what was sent before it

// Past calls of `user` in `project`, newest first; answer with HistoryLoaded.
struct LoadHistory {
  ClientId client;
  std::string cmd_id;
  UserKey user;
  std::int64_t limit = 20;
  std::optional<CallId> before;
};

// A session token for `session`, valid 24 h, signed with the project's secret, for `user`; answer with SessionTokenMade.
struct MakeSessionToken { ClientId client; std::string cmd_id; ProjectId project; SessionId session; };

// Answer to AdminCreateSession.
struct SessionMade { std::uint64_t request = 0; SessionId session; };

// The engine knows this user no more; the store is to forget him in past calls.
struct UserForgotten { UserKey user; };

// So many devices were sent away.
struct Disconnected { std::size_t devices = 0; };

// Answer to the requests of a backend that have a number.
enum class RestRefusal { CallerOffline, CallOver, LimitReached, InCall, NoSuchSession };
struct RestAnswered { std::uint64_t request = 0; std::variant<CallId, wire::Rules, RestRefusal, UserForgotten, Disconnected> answer; };

// To be handed to the project's sender of pushes, unless StopPushes comes first or `expires_at` is over; answer with PushSettled. A device
// may get two of one call, which must not ring twice.
struct Push {
  CallId call;
  UserKey user;
  DeviceId device;
  wire::PushAddress address;
  wire::Party caller;
  wire::Media media = wire::Media::None;
  bool group = false;
  std::optional<std::string> data;  // of the invite
  Instant expires_at{};             // the call is over by then, as things stand
};
// The user is not to be woken for this call any more: no push leaves from here on.
struct StopPushes { CallId call; UserKey user; };

// No live call is left after DrainStarted: the program may stop.
struct Drained {};

using Effect = std::variant<Store, Announce, Send, CloseLink, LoadHistory, MakeSessionToken, SessionMade, RestAnswered, Drained,
                            SessionAnswered, Push, StopPushes>;
using Effects = std::vector<Effect>;

}  // namespace offhook::core
