// Everything the engine can be told: one closed list.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/ids.hpp"
#include "base/time.hpp"
#include "core/push.hpp"
#include "core/session_requests.hpp"
#include "core/settings.hpp"
#include "wire/messages.hpp"
#include "wire/token.hpp"

namespace offhook::core {

// One socket of this shard; given by the loop, never used twice.
struct LinkId {
  std::uint64_t value = 0;
  auto operator<=>(const LinkId&) const = default;
};

struct LinkOpened {
  LinkId link;
  Duration age{};  // since the peer began to open it
};
struct LinkClosed { LinkId link; };
// Answer to the Send of a welcome: it has left. Until then it is not the client that is silent.
struct Welcomed { LinkId link; };

// A well-formed message. `claims` are those of the token the message carries (hello, session_connect, session_reject),
// already verified; a message whose token was refused arrives as Refused instead.
struct Received {
  LinkId link;
  wire::ClientMessage message;
  std::optional<wire::TokenClaims> claims;
};

// A message that could not be decoded, or whose token was refused. `hello` says it was meant to be one.
struct Refused {
  LinkId link;
  wire::Error error;
  bool hello = false;
};

// More than the limit waits to be sent on this link.
struct LinkCongested { LinkId link; };

// Answer to LoadHistory.
struct HistoryLoaded {
  ClientId client;
  std::string cmd_id;
  std::vector<wire::HistoryRecord> records;
};

// Answer to LoadHistory where the store has too much to do.
struct HistoryUnavailable {
  ClientId client;
  std::string cmd_id;
};

// Answer to MakeSessionToken.
struct SessionTokenMade {
  ClientId client;
  std::string cmd_id;
  SessionId session;
  std::string token;
};

// Answer to Push. Refused: who carries it says that there is no such address any more. Failed: nobody has taken it.
struct PushSettled {
  CallId call;
  UserKey user;
  DeviceId device;
  wire::PushAddress address;  // it was sent to
  PushState state = PushState::Failed;
};

// Too many records wait to be durable, or no more: until then clients begin nothing new (word overloaded).
struct StoreBehind { bool behind = true; };

// Whoever talks to the program has to wait too long for it, or for longer or not so long as before. This share of what is new, 0 to 1, is
// not begun from now on (word overloaded), and from k_notable_share on clients are let in slowly. What is under way goes on.
struct LoadChanged { double refused_share = 0; };

// The program was told to stop: refuse new calls now, end the live ones at `end_at`.
struct DrainStarted { Instant end_at; };

// The project's backend ends a call (REST); also used by the operator.
struct AdminEndCall { CallId call; };

// The project's backend creates a session (REST); answered by the effect SessionMade.
struct AdminCreateSession { ProjectId project; std::uint64_t request = 0; };

// The project's backend places a call for a user (REST), at the device it names or the one heard last. Answered by RestAnswered,
// as are the three below.
// `session`: one that exists by itself and is to be that of the call.
struct AdminPlaceCall { std::uint64_t request = 0; ProjectId project; wire::PlaceRequest place; std::optional<SessionId> session = {}; };
struct AdminRingMore { std::uint64_t request = 0; CallId call; std::vector<UserId> users; };
struct AdminGetRules { std::uint64_t request = 0; UserKey user; };
struct AdminSetRules { std::uint64_t request = 0; UserKey user; wire::Rules rules; };
// Nothing the user has left here is to be known any more; refused while the user is in a call. Answered by RestAnswered.
struct AdminForgetUser { std::uint64_t request = 0; UserKey user; };

// Sends a device away as if it had said bye, or all devices of the user where none is named. Answered by RestAnswered.
struct AdminDisconnect { std::uint64_t request = 0; UserKey user; std::optional<DeviceId> device; };

// Nobody may sign for this project any more: its calls end (by_api) and its devices are sent away, not to come back by themselves.
struct ProjectDisabled { ProjectId project; };

// A project has come, or its settings are others from now on.
struct ProjectChanged { ProjectId project; Settings settings; };

using Event = std::variant<LinkOpened, LinkClosed, Welcomed, Received, Refused, LinkCongested, HistoryLoaded, SessionTokenMade,
                           DrainStarted, AdminEndCall, AdminCreateSession, AdminPlaceCall, AdminRingMore, AdminGetRules,
                           AdminSetRules, HistoryUnavailable, AdminForgetUser,
                           StoreBehind, LoadChanged, AdminSession, AdminDisconnect, ProjectChanged, ProjectDisabled, PushSettled>;

}  // namespace offhook::core
