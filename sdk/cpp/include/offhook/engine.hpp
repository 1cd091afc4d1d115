// The client as a machine without input or output: what a device does to place, ring for and end calls, to live in sessions, and
// to survive a lost link, with every watchdog of PROTOCOL.md section 8. Sockets, clocks and threads are for the layer around it
// (client.hpp), or for a simulator.
//
// Not thread-safe; used by one thread. It reads no clock and draws no chance of its own: the same options and the same inputs
// give the same outputs, byte for byte.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/ids.hpp"
#include "base/random.hpp"
#include "base/time.hpp"
#include "offhook/journal.hpp"
#include "offhook/watchdogs.hpp"
#include "wire/messages.hpp"

namespace offhook::client {

// Names a call of this device before it has an id, and ever after. Given by the layer around for calls it places or takes over, by
// the engine for incoming ones and those that the backend has placed for this device; the two never meet because the engine's
// have the top bit set.
using Handle = std::uint64_t;

// Names one answer that the application waits for; given by the layer around, never used twice.
using RequestNumber = std::uint64_t;

// A socket; given by the engine in OpenSocket, one more each time. Inputs about an older one are passed over.
using LinkNumber = std::uint64_t;

struct EngineOptions {
  DeviceId device_id;          // names this installation, stable over restarts: 1–64 of A–Z a–z 0–9 . _ -
  std::string client;          // hello.client, for the server's log: at most 64 bytes
  std::string command_prefix;  // begins every cmd_id; must differ each time the same device starts anew, for the server remembers
  Seed seed{};                 // spreads reconnects
  bool can_renew_token = false;  // after token_expired the next attempt may bring another token
  Watchdogs watchdogs;
  std::optional<wire::PushAddress> push{};  // where this device is woken; a set_push in a Request changes it
  std::vector<JournalEntry> journal{};  // what Keep and Forget have left of earlier lives of this device and user; at most 256
};

// --- inputs

struct Connect {};
struct Disconnect {};
struct Opened { LinkNumber link = 0; std::string token; };
struct Received { LinkNumber link = 0; wire::ServerMessage message; };
// A text that this version cannot use. Its seq still counts, and whoever waits for cmd_id must not wait for ever.
struct Undecoded {
  LinkNumber link = 0;
  std::string problem;
  std::optional<std::uint64_t> seq;
  std::optional<std::string> cmd_id;
};
struct Closed { LinkNumber link = 0; std::optional<std::uint16_t> code; };
// The machine woke up or the network has changed: see at once whether the link is alive.
struct Wake {};
struct PlaceCall {
  Handle handle = 0;
  UserId to;  // empty: a group
  wire::Media media = wire::Media::None;
  std::optional<std::int64_t> ring_timeout_ms;
  std::optional<std::string> data;
  // Of this call alone, in milliseconds; ranges in PROTOCOL.md section 6.
  std::optional<std::int64_t> wake_timeout_ms{}, connect_timeout_ms{}, drop_grace_ms{}, max_duration_ms{};
  std::optional<wire::DeclinePolicy> decline_policy{};
  bool wait_full_ring = false;
  std::optional<wire::Group> group{};
};
// Takes over a call that another device of this user is in (PROTOCOL.md section 6.6). It is told of as a call of its own, connecting
// until this device has it. What is known of it is only for showing it until the server answers.
struct MoveCall {
  Handle handle = 0;
  CallId call_id;
  wire::Role role = wire::Role::Caller;
  UserId peer;
  wire::Media media = wire::Media::None;
};
// A push has arrived (docs/push.md). `remaining`: of the ringing, as far as the clock of this machine knows; none, or less: it does not ring
// before the server has said that it does. A call that has rung here, or is over, does not ring again.
struct Woken {
  CallId call_id;
  wire::Party caller;
  wire::Media media = wire::Media::None;
  bool group = false;
  std::optional<std::string> data;
  Duration remaining{};
};
enum class Action { Answer, Decline, Busy, Cancel, Hangup, Ignore, MediaUp, MediaDown };
struct Act { Handle handle = 0; Action action = Action::Hangup; };
// The application has been told the end of this call (Ended or UnseenOutcome), and its callback has returned.
struct Seen { CallId call_id; };
struct FailMedia { Handle handle = 0; wire::MediaFailure reason = wire::MediaFailure::IceFailed; };
// A command of the application (history, ring_more, session_…, signal, …); its cmd_id is filled in here. Done, Failed, ExpectationMet or
// ConnectionMissed answers with the same number, exactly once.
struct Request { RequestNumber number = 0; wire::ClientMessage command; };

using Input = std::variant<Connect, Disconnect, Opened, Received, Undecoded, Closed, Wake, PlaceCall, MoveCall, Act, FailMedia,
                           Seen, Request, Woken>;

// --- outputs

struct Problem { std::string word; std::string message; };

// What the application sees of a call.
struct CallView {
  Handle handle = 0;
  std::optional<CallId> call_id;
  wire::Role role = wire::Role::Caller;
  UserId peer;
  std::optional<std::string> peer_device;
  wire::Media media = wire::Media::None;
  std::optional<std::string> data;
  bool is_second = false;                    // this device was in another call when it was told of this one
  bool is_moving = false;                    // this device is about to take the call over, and has not got it yet
  std::optional<wire::GroupMode> group_mode;  // of a group; `peer` is then this user's own counterpart or the first who is called
  std::vector<wire::LegView> legs;           // of a group, one for each user who is called
  std::vector<UserId> unstable;              // who is not heard at present
};

// PeerUnstable: again whenever others of a group are not heard. Legs: what is known of the users of a group has changed.
enum class CallMoment { Calling, Incoming, Ringing, Connecting, Active, PeerUnstable, PeerStable, Legs };

namespace event {

struct Online { UserId user; std::vector<wire::IceServer> ice_servers; };
struct Offline {};
struct Closed { std::optional<Problem> problem; };
struct Error { Problem problem; };
struct Presence { UserId user; bool online = false; };
struct Draining { std::int64_t remaining_ms = 0; };
// A call that this device did not know of: it was offline, or did not ring.
struct Missed { wire::HistoryRecord record; };
struct Call { CallMoment moment = CallMoment::Calling; CallView call; };
// The answered calls of this user that other devices are in, whole, at each change; at most 16.
struct LiveElsewhere { std::vector<wire::ElsewhereCall> calls; };
// What became of a call of an earlier life of this device, when no more is to be learnt of it. Told once; again after a restart
// unless Seen says that the application knows.
struct UnseenOutcome { JournalEntry entry; };
// Exactly one for each Calling or Incoming, and for each call that never got so far. Nothing about this call comes after it; it is
// the end of the session under the call as well.
struct Ended {
  CallView call;
  wire::Outcome outcome = wire::Outcome::Failed;
  std::optional<wire::Reason> reason;
  std::int64_t duration_ms = 0;
};
// `call` is set when the session is the one under a call. It comes again, with another connection, when the server has forgotten
// this client and the session was joined anew.
struct SessionConnected {
  std::optional<Handle> call;
  SessionId session_id;
  wire::Connection connection;
  std::vector<wire::Connection> connections;
  std::vector<wire::Stream> streams;
};
struct SessionDisconnected {
  std::optional<Handle> call;
  SessionId session_id;
  wire::LeaveReason reason = wire::LeaveReason::ClientDisconnected;
};
// Any other event of a session, as it came: connection_…, stream_…, signal, negotiation.
struct Session { std::optional<Handle> call; wire::ServerMessage event; };
struct Done { RequestNumber request = 0; wire::ReplyBody reply; };
struct Failed { RequestNumber request = 0; Problem problem; };
struct ExpectationMet { RequestNumber request = 0; wire::Connection connection; };
struct ConnectionMissed { RequestNumber request = 0; wire::MissReason reason = wire::MissReason::Timeout; };

}  // namespace event

using EngineEvent = std::variant<event::Online, event::Offline, event::Closed, event::Error, event::Presence, event::Draining, event::Missed,
                                 event::LiveElsewhere, event::UnseenOutcome, event::Call, event::Ended, event::SessionConnected, event::SessionDisconnected, event::Session,
                                 event::Done, event::Failed, event::ExpectationMet, event::ConnectionMissed>;

struct OpenSocket { LinkNumber link = 0; };
struct CloseSocket { LinkNumber link = 0; std::uint16_t code = 1000; std::string reason; };
struct Send { LinkNumber link = 0; wire::ClientMessage message; };
struct Tell { EngineEvent event; };
// The entry of this call is to be kept in place of the one before, and durably before the outputs that follow are carried out.
struct Keep { JournalEntry entry; };
struct Forget { CallId call_id; };

using Output = std::variant<OpenSocket, CloseSocket, Send, Tell, Keep, Forget>;
using Outputs = std::vector<Output>;

class Engine {
 public:
  // REQUIRES: problem_of(options.watchdogs) is empty.
  explicit Engine(EngineOptions options);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // Appends to `out`. REQUIRES: `now` never goes back. Deadlines up to `now` are served as well: after a message, which is contact
  // however late the machine has found the time to look at it, and before any other input.
  void handle(Instant now, Input input, Outputs& out);
  void advance(Instant now, Outputs& out);

  // When advance() must be called next; nothing if no watchdog runs.
  std::optional<Instant> next_deadline() const;

  // Calls that are over and whose end the application has not been told (Seen), the oldest first. What an earlier life has left
  // in the middle of a call is among them once the server has said, or cannot say, what became of it.
  std::vector<JournalEntry> unseen_outcomes() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace offhook::client
