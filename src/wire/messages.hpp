// Every message of the client protocol as a plain struct; PROTOCOL.md is the text, codec.hpp turns them into JSON and back.
// Field names equal the JSON names. Durations are raw milliseconds here, as on the wire.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/ids.hpp"

namespace offhook::wire {

inline constexpr int k_protocol_version = 1;

// --- words -----------------------------------------------------------------------------------------------------------

enum class Media { None, Audio, Video };
enum class Phase { Inviting, Connecting, Active, Ended };
enum class Role { Caller, Callee };
// What one device is in a call (snapshot field `you`).
enum class DeviceState {
  Calling, Notified, Ringing, Winner, Elsewhere, Declined, Busy, Joined, Bystander, Done, Ignored, Moving,
};
enum class DeclineReason { Declined, Busy };
// When does a refusal by one device end the ringing of all?
enum class DeclinePolicy { FirstDecline, AllDevices };
enum class GroupMode { FirstAnswer, AllJoin };
enum class OwnerLeaves { End, Stay };  // what becomes of a group call whose caller leaves
// What one user is in a call (snapshot field `legs`).
enum class LegState { Invited, Ringing, Connecting, Joined, Ended };
// What a call to somebody who is in a call does.
enum class CallWaiting { Off, RingOtherDevices, RingAll };
enum class MediaFailure { IceFailed, Permission, Device };
// Who carries a push to a device.
enum class PushProvider { ApnsVoip, Fcm, Web, Custom };

// Outcomes of calls and of devices (PROTOCOL.md section 7). The device-only words are from AnsweredElsewhere on;
// LostContact is only ever set by a client.
enum class Outcome {
  Ended, Declined, Busy, NoAnswer, Unreachable, Cancelled, ConnectFailed, Dropped, Failed,
  AnsweredElsewhere, DeclinedElsewhere, BusyElsewhere, Missed, LostContact, MovedElsewhere,
};

enum class Reason {
  ByCaller, ByCallee, ByApi, MaxDuration,                    // ended (ByApi also cancelled)
  ByUser,                                                    // declined, cancelled
  InCall, RingSlotsFull, DeviceBusyAll,                      // busy
  NoDevices, PushUnacked,                                    // unreachable
  CallerLost, CalleeLost, BothLost, MediaLost,               // dropped (CallerLost also cancelled)
  Timeout, IceFailed, CallerMedia, CalleeMedia, Permission,  // connect_failed
  NoSuchUser, NotAllowed, RateLimited, Overloaded, Internal, ServerShutdown, ServerUnreachable,  // failed
  ByDndRule,                                                 // declined
  Blocked,                                                   // failed
  Alone, AllLeft,                                            // ended, of groups
  PushRefused,                                               // unreachable
};

// Why a connection or stream left a session.
enum class LeaveReason { ClientDisconnected, NetworkDisconnected, ForceDisconnected, CallEnded, Unpublished, ForceUnpublished };
enum class MissReason { Timeout, Rejected, ExpecterLeft };
// What a connection may do in its session, by the token it has come with. A publisher subscribes and signals too, a moderator also
// sends others away and mutes them; the other two do just what they are named after.
// What the picture of a stream shows; OpenTok's words.
enum class VideoType { Camera, Screen, Custom };

enum class SessionRole { Subscriber, Publisher, Moderator, PublisherOnly };

enum class ErrorWord {
  BadJson, TooDeep, TooLarge, BadMessage, UnknownType, MissingField, BadField,
  HelloFirst, HelloTwice, HelloTimeout, UnsupportedVersion, BadToken, TokenExpired, NotAllowed,
  NoSuchCall, NoSuchSession, NoSuchConnection, NoSuchStream, NotConnected,
  RateLimited, LimitReached, Overloaded, Replaced, SlowConsumer, Internal, ProjectDisabled,
};

// --- parts -----------------------------------------------------------------------------------------------------------

struct Resume {
  ClientId client_id;
  std::string resume_key;
  std::uint64_t last_seq = 0;
};

// Where a device is reached while it has no socket. The token is the provider's, and means nothing here.
struct PushAddress {
  PushProvider provider = PushProvider::Custom;
  std::string token;

  auto operator<=>(const PushAddress&) const = default;
};

struct Party {
  UserId user;
  std::optional<std::string> device;  // display name
};

// deadlines_remaining_ms: those that run.
struct Remaining {
  std::optional<std::int64_t> setup, wake, ring, connect, max, grace, move, alone;
};

// One user of a group call.
struct LegView {
  UserId user;
  LegState state = LegState::Invited;
  std::optional<Outcome> outcome;
  std::optional<Reason> reason;
};

struct Snapshot {
  CallId call_id;
  std::uint64_t version = 1;
  Phase phase = Phase::Inviting;
  bool ringing = false;
  Role role = Role::Caller;
  DeviceState you = DeviceState::Calling;
  Party caller;
  Party callee;
  Media media = Media::None;
  std::optional<std::string> data;
  std::optional<SessionId> session_id;
  bool peer_unstable = false;
  std::int64_t created_at_ms = 0;
  std::optional<std::int64_t> answered_at_ms;
  Remaining deadlines_remaining_ms;
  std::optional<Outcome> outcome;
  std::optional<Reason> reason;
  std::optional<Outcome> device_outcome;
  std::optional<std::int64_t> duration_ms;
  bool second_call = false;  // this device is in another call already
  bool merged = false;       // the invite that is answered with this has become part of a call that was there
  std::optional<std::int64_t> drop_grace_ms;  // only where the call has one of its own
  std::optional<GroupMode> group_mode;
  std::vector<LegView> legs;                  // of a group, the caller's not among them
  std::vector<UserId> unstable;               // of a group: who is not heard; empty unless peer_unstable
  bool push_pending = false;                  // to the caller: nobody rings, and a push is to wake a device
};

struct Connection {
  ConnectionId connection_id;
  std::optional<UserId> user;
  std::optional<std::string> data;
  std::int64_t created_at_ms = 0;
};

struct Stream {
  StreamId stream_id;
  ConnectionId connection_id;
  std::optional<std::string> name;
  bool has_audio = false;
  bool has_video = false;
  std::optional<VideoType> video_type = {};  // nothing: Camera
  std::int64_t created_at_ms = 0;
};

struct Description {
  std::string type;  // "offer", "answer", "pranswer" or "rollback"
  std::string sdp;
};

struct IceServer {
  std::vector<std::string> urls;
  std::optional<std::string> username;
  std::optional<std::string> credential;
};

struct HistoryRecord {
  CallId call_id;
  bool outgoing = false;  // JSON: "direction": "outgoing" | "incoming"
  UserId peer;
  Media media = Media::None;
  std::int64_t created_at_ms = 0;
  std::optional<std::int64_t> answered_at_ms;
  std::int64_t ended_at_ms = 0;
  Outcome outcome = Outcome::Failed;
  std::optional<Reason> reason;
  Outcome your_outcome = Outcome::Failed;
  std::int64_t duration_ms = 0;
  std::vector<LegView> legs;  // of a group
};

// How a user wants to be called. A field that is left out has its default.
struct Rules {
  CallWaiting call_waiting = CallWaiting::RingAll;
  std::int64_t max_parallel_rings = 2;
  bool do_not_disturb = false;
  std::vector<UserId> blocked;
};

// The timers a client needs (welcome.settings), all in milliseconds.
struct ClientSettings {
  std::int64_t place_timeout_ms = 10'000;
  std::int64_t wake_timeout_ms = 20'000;
  std::int64_t ring_timeout_ms = 45'000;
  std::int64_t setup_timeout_ms = 60'000;
  std::int64_t caller_grace_ms = 10'000;
  std::int64_t connect_timeout_ms = 20'000;
  std::int64_t unstable_after_ms = 2'500;
  std::int64_t drop_grace_ms = 20'000;
  std::int64_t max_duration_ms = 14'400'000;
  std::int64_t heartbeat_idle_ms = 25'000;
  std::int64_t heartbeat_live_ms = 1'000;
  std::int64_t resume_window_ms = 30'000;
  std::int64_t expect_timeout_ms = 60'000;
};

// --- client to server ------------------------------------------------------------------------------------------------

struct Hello {
  std::int64_t version = 0;
  std::string token;
  DeviceId device_id;
  std::optional<std::string> client;
  std::optional<Resume> resume;
  std::vector<CallId> calls;
  std::optional<PushAddress> push{};
};
struct ClientPing {};
struct ClientPong { std::optional<std::uint64_t> seq; };
struct Ack { std::uint64_t seq = 0; };
struct Bye {};

// Commands: each has cmd_id.
struct Group {
  std::vector<UserId> users;
  GroupMode mode = GroupMode::FirstAnswer;
  OwnerLeaves owner_leaves = OwnerLeaves::End;
};
struct Invite {
  std::string cmd_id;
  UserId to;  // empty: a group
  Media media = Media::None;
  std::optional<std::int64_t> ring_timeout_ms;
  std::optional<std::string> data;
  std::optional<std::int64_t> wake_timeout_ms{}, connect_timeout_ms{}, drop_grace_ms{}, max_duration_ms{};
  std::optional<DeclinePolicy> decline_policy{};
  bool wait_full_ring = false;
  std::optional<Group> group{};
};
struct RingAck { std::string cmd_id; CallId call_id; bool busy = false; };
struct Answer { std::string cmd_id; CallId call_id; };
struct Decline { std::string cmd_id; CallId call_id; DeclineReason reason = DeclineReason::Declined; };
struct Ignore { std::string cmd_id; CallId call_id; };
// Names the call, or the invite that was to make it.
struct Cancel { std::string cmd_id; std::optional<CallId> call_id; std::optional<std::string> invite_cmd_id{}; };
struct Hangup { std::string cmd_id; CallId call_id; };
struct GiveUp { std::string cmd_id; CallId call_id; std::string watchdog; };
struct MediaUp { std::string cmd_id; CallId call_id; };
struct MediaDown { std::string cmd_id; CallId call_id; };
struct MediaFailed { std::string cmd_id; CallId call_id; MediaFailure reason = MediaFailure::IceFailed; };
struct MoveHere { std::string cmd_id; CallId call_id; };
struct RingMore { std::string cmd_id; CallId call_id; std::vector<UserId> users; };
struct GetCall { std::string cmd_id; CallId call_id; };
struct History { std::string cmd_id; std::int64_t limit = 20; std::optional<CallId> before; };
struct GetRules { std::string cmd_id; };
struct SetRules { std::string cmd_id; Rules rules; };
struct SetPush { std::string cmd_id; std::optional<PushAddress> push; };  // nothing: this device is not to be woken any more

struct SessionCreate { std::string cmd_id; };
struct SessionConnect { std::string cmd_id; SessionId session_id; std::optional<std::string> token; };
struct SessionDisconnect { std::string cmd_id; SessionId session_id; };
struct Signal {
  std::string cmd_id;
  SessionId session_id;
  std::string signal_type;
  std::string data;
  std::optional<ConnectionId> to;
};
struct Publish {
  std::string cmd_id;
  SessionId session_id;
  std::optional<std::string> name;
  bool has_audio = false;
  bool has_video = false;
  std::optional<VideoType> video_type = {};
};
struct UpdateStream {
  std::string cmd_id;
  SessionId session_id;
  StreamId stream_id;
  std::optional<bool> has_audio;
  std::optional<bool> has_video;
};
struct Unpublish { std::string cmd_id; SessionId session_id; StreamId stream_id; };
struct Negotiate {
  std::string cmd_id;
  SessionId session_id;
  ConnectionId to;
  std::optional<Description> description;
  std::optional<std::string> candidate;  // JSON text of an RTCIceCandidateInit
};
struct Expect {
  std::string cmd_id;
  SessionId session_id;
  std::optional<std::int64_t> timeout_ms;
  std::optional<UserId> user;
  std::optional<std::string> data;
};
struct SessionReject { std::string cmd_id; std::string token; };
struct WatchPresence { std::string cmd_id; };
// For moderators.
struct ForceDisconnect { std::string cmd_id; SessionId session_id; ConnectionId connection_id; };
struct ForceUnpublish { std::string cmd_id; SessionId session_id; StreamId stream_id; };
// One stream, or all but some of those that are there; `active` says whether streams published later are muted, too.
struct ForceMute {
  std::string cmd_id;
  SessionId session_id;
  std::optional<StreamId> stream_id;
  std::vector<StreamId> except;
  bool active = true;
};

using ClientMessage =
    std::variant<Hello, ClientPing, ClientPong, Ack, Bye, Invite, RingAck, Answer, Decline, Cancel, Hangup, GiveUp,
                 MediaUp, MediaDown, MediaFailed, GetCall, History, SessionCreate, SessionConnect, SessionDisconnect,
                 Signal, Publish, UpdateStream, Unpublish, Negotiate, Expect, SessionReject, WatchPresence, Ignore, MoveHere,
                 RingMore, GetRules, SetRules, ForceDisconnect, ForceUnpublish, ForceMute, SetPush>;

// Requests of the REST interface that a project's backend makes for a user.
struct PlaceRequest {
  UserId from;
  std::optional<DeviceId> from_device;
  Invite invite;  // without cmd_id
};
struct RingRequest { std::vector<UserId> users; };

// What a push carries to the device (docs/push.md).
struct PushPayload {
  std::string type;  // "call"
  CallId call_id;
  std::string project;
  Party caller;
  UserId to;
  Media media = Media::None;
  bool group = false;
  std::optional<std::string> data;
  std::int64_t expires_at_ms = 0;
  std::int64_t remaining_ms = 0;  // when it was sent
};

// --- server to client ------------------------------------------------------------------------------------------------

struct Welcome {
  std::int64_t version = k_protocol_version;
  std::string server;
  ClientId client_id;
  std::string resume_key;
  bool resumed = false;
  UserId user;
  DeviceId device_id;
  std::int64_t time_at_ms = 0;
  std::int64_t heartbeat_ms = 0;
  ClientSettings settings;
  std::vector<IceServer> ice_servers;
  std::vector<Snapshot> calls;
  std::vector<SessionId> sessions;
  bool push = false;  // this device has a push address here, and is woken by it
};
struct ServerPing { std::int64_t period_ms = 0; };
struct ServerPong {};

// The fields of a reply by command; monostate: none beyond cmd_id.
struct CallReply { Snapshot call; };
struct HistoryReply { std::vector<HistoryRecord> records; };
struct SessionCreated { SessionId session_id; std::string token; };
struct SessionJoined {
  SessionId session_id;
  Connection connection;
  std::vector<Connection> connections;
  std::vector<Stream> streams;
};
struct StreamReply { Stream stream; };
struct ExpectReply { ExpectationId expectation_id; std::int64_t remaining_ms = 0; };
struct PresenceReply { std::vector<UserId> users; };
struct RulesReply { Rules rules; };
using ReplyBody = std::variant<std::monostate, CallReply, HistoryReply, SessionCreated, SessionJoined, StreamReply,
                               ExpectReply, PresenceReply, RulesReply>;
struct Reply { std::string cmd_id; ReplyBody body; };

struct Error {
  std::optional<std::string> cmd_id;
  ErrorWord error = ErrorWord::Internal;
  std::string message;
  bool fatal = false;  // left out of the JSON when false
  std::optional<std::int64_t> retry_after_ms = {};  // of overloaded and rate_limited
};

// Events: each has seq, filled in by the sender's client just before sending.
struct CallEvent { std::uint64_t seq = 0; Snapshot call; };
struct ConnectionCreated { std::uint64_t seq = 0; SessionId session_id; Connection connection; };
struct ConnectionDestroyed {
  std::uint64_t seq = 0;
  SessionId session_id;
  ConnectionId connection_id;
  LeaveReason reason = LeaveReason::ClientDisconnected;
};
struct SessionDisconnected {
  std::uint64_t seq = 0;
  SessionId session_id;
  LeaveReason reason = LeaveReason::ClientDisconnected;
};
struct StreamCreated { std::uint64_t seq = 0; SessionId session_id; Stream stream; };
struct StreamUpdated { std::uint64_t seq = 0; SessionId session_id; Stream stream; };
struct StreamDestroyed {
  std::uint64_t seq = 0;
  SessionId session_id;
  StreamId stream_id;
  LeaveReason reason = LeaveReason::Unpublished;
};
struct SignalEvent {
  std::uint64_t seq = 0;
  SessionId session_id;
  std::optional<ConnectionId> from;  // nothing: the project's backend
  std::string signal_type;
  std::string data;
};
struct Negotiation {
  std::uint64_t seq = 0;
  SessionId session_id;
  ConnectionId from;
  std::optional<Description> description;
  std::optional<std::string> candidate;
};
struct ExpectationMet {
  std::uint64_t seq = 0;
  SessionId session_id;
  ExpectationId expectation_id;
  Connection connection;
};
struct ConnectionMissed {
  std::uint64_t seq = 0;
  SessionId session_id;
  ExpectationId expectation_id;
  MissReason reason = MissReason::Timeout;
};
// The sound of this stream of the client's own has been switched off, by a moderator or the backend.
struct MuteForced { std::uint64_t seq = 0; SessionId session_id; StreamId stream_id; };
struct Presence { std::uint64_t seq = 0; UserId user; bool online = false; };
struct Missed { std::uint64_t seq = 0; HistoryRecord record; };
struct Draining { std::uint64_t seq = 0; std::int64_t remaining_ms = 0; };
// An answered call that another device of the user is in, and that this one may take over.
struct ElsewhereCall {
  CallId call_id;
  Role role = Role::Caller;
  UserId peer;
  std::optional<std::string> device;  // the name of the one that is in it
  Media media = Media::None;
  std::int64_t answered_at_ms = 0;
  bool group = false;

  bool operator==(const ElsewhereCall&) const = default;
};
struct Elsewhere { std::uint64_t seq = 0; std::vector<ElsewhereCall> calls; };

using ServerMessage =
    std::variant<Welcome, ServerPing, ServerPong, Reply, Error, CallEvent, ConnectionCreated, ConnectionDestroyed,
                 SessionDisconnected, StreamCreated, StreamUpdated, StreamDestroyed, SignalEvent, Negotiation,
                 ExpectationMet, ConnectionMissed, Presence, Draining, Missed, Elsewhere, MuteForced>;

}  // namespace offhook::wire
