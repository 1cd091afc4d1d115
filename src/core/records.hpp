// What is kept: the durable form of all that must outlive the process. Written by the core (effect Store), stored by
// adapters/store, given back to Engine::restore at the next start, read by the server. A record replaces the one with the same key.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/ids.hpp"
#include "base/time.hpp"
#include "core/inputs.hpp"
#include "core/notes.hpp"
#include "core/push.hpp"
#include "core/timer_kind.hpp"
#include "wire/messages.hpp"

namespace offhook::core {

// A deadline that runs. `extended` of it was added because the server had to start again (k_max_restart_extension in all).
struct DeadlineRecord {
  TimerKind kind = TimerKind::Setup;
  Instant at{};
  Duration extended{};
  bool operator==(const DeadlineRecord&) const = default;
};

struct DeviceRecord {
  DeviceId device;
  std::optional<std::string> name;
  wire::DeviceState state = wire::DeviceState::Notified;
  std::optional<wire::Outcome> outcome;
  std::optional<Instant> lost_since;  // of the device that speaks for the user, and the one that is about to
  bool has_media = false;
  bool second_call = false;
  bool has_push_address = false;
  std::optional<PushState> push;         // of the push that was to wake it last
  bool pushed_again = false;
  std::optional<Instant> push_again_at;  // unless it is heard before
  bool operator==(const DeviceRecord&) const = default;
};

// One user's part in a call.
struct LegRecord {
  UserId user;
  std::vector<DeviceRecord> devices;
  std::optional<DeviceId> winner;  // speaks for the user: answered, or took over from the one that did; the caller's: placed the call
  std::optional<DeviceId> moving;  // about to take over
  std::optional<Instant> rang_at, answered_at, ended_at;
  std::optional<wire::Outcome> outcome;
  std::optional<wire::Reason> reason;
  bool silent = false;  // the user is not to learn of it: has blocked the caller, or the invite was withdrawn before it came
  bool asked = false;   // whether the user may be rung has been decided
  std::vector<DeadlineRecord> deadlines;
  bool operator==(const LegRecord&) const = default;
};

// The timers of one call: its project's, or those its invite asked for.
struct Plan {
  Duration setup{}, wake{}, ring{}, connect{}, drop_grace{}, max_duration{}, move{}, push_retry{};
  bool wait_full_ring = false;  // nobody has rung: wait for setup, not for wake
  wire::DeclinePolicy decline_policy = wire::DeclinePolicy::FirstDecline;
  std::optional<Duration> own_drop_grace;
  bool operator==(const Plan&) const = default;
};

// An invite that made this call, or became part of it (`merged`). Sent again it returns this call.
struct InviteRecord {
  UserId user;
  DeviceId device;
  std::string cmd_id;
  bool merged = false;
  bool operator==(const InviteRecord&) const = default;
};

// One call, whole, at one version. Key: its id.
struct CallRecord {
  CallId id;
  std::uint64_t version = 0;
  ProjectId project;
  UserId caller;                     // as in caller_leg
  DeviceId caller_device;            // as caller_leg.winner
  LegRecord caller_leg;
  std::optional<wire::Group> group;  // of a group; its users are those of the legs
  std::vector<LegRecord> legs;       // of those who are called: at least one
  wire::Media media = wire::Media::None;
  std::optional<std::string> data;
  Plan plan;
  std::vector<InviteRecord> invites;
  SessionId session;
  wire::Phase phase = wire::Phase::Inviting;
  Instant created_at{};
  std::optional<Instant> answered_at;
  std::optional<Instant> active_at;
  std::optional<Instant> ended_at;
  std::optional<wire::Outcome> outcome;
  std::optional<wire::Reason> reason;
  std::vector<DeadlineRecord> deadlines;  // of the call as a whole; an ended one has just `forget`
  std::vector<Note> notes;  // at most k_max_notes
  // The absolute moment by which the phase must have changed; set in every phase but Ended.
  std::optional<Instant> deadline;
  std::shared_ptr<const CallInputs> inputs;  // of one that has ended, in the record of its end
};

// A session that a client or a backend created. Those of calls are made again from the calls. Key: its id.
struct SessionRecord {
  SessionId id;
  ProjectId project;
  Instant created_at{};
  bool mutes_new_streams = false;  // whoever publishes from now on is to be without sound
};

// Somebody who is in a session, and what is published, where a backend is told of it: a restarted server tells of the end. Key: the id
// of the connection.
struct ConnectionRecord {
  SessionId session;
  ProjectId project;
  std::optional<CallId> call;  // the session is that of a call
  wire::Connection shown;
  std::vector<wire::Stream> streams;  // at most k_max_streams_per_session
};

// Key: the user.
struct RulesRecord {
  UserKey user;
  wire::Rules rules;
};

// A call a user has missed. Key: the user and the call.
struct MissedRecord {
  UserKey user;
  wire::HistoryRecord record;
  Instant since{};
  std::vector<DeviceId> known_by;  // devices that need not be told
};

// A cancel that came before its invite. Key: the device and the cmd_id.
struct WithdrawnRecord {
  UserKey user;
  DeviceId device;
  std::string cmd_id;
  Instant since{};
};

// A user who has been here, where only such may be called (refuse_unknown_users). Key: the user.
struct SeenRecord {
  UserKey user;
};

// Where a device is woken while it has no socket. Key: the device.
struct PushRecord {
  UserKey user;
  DeviceId device;
  std::optional<std::string> name;
  wire::PushAddress address;
  Instant since{};  // when the device was last known to be there, within k_push_touch_period
};

// Where a project is told of what happens in its sessions, as it has asked over REST; in OpenTok's words.
struct CallbackRecord {
  std::string id, group, event, url;
  Instant created_at{};
};

// A project that was made while the server ran, or the callbacks of one of the configuration, without secrets. The server's own:
// the engine passes over it. Key: the project's.
struct ProjectRecord {
  ProjectId key;
  std::string name;
  std::vector<std::string> secrets;  // the newest first
  std::string public_key;            // PEM; of an application
  bool disabled = false;
  Instant created_at{};
  std::vector<CallbackRecord> callbacks;
};

// The name of a record for a store: one line for each kind and key, the same in every version of the program.
struct RecordKey {
  std::string text;  // "call call_01…", "session sess_01…", "rules 1000001\nbob", …
  auto operator<=>(const RecordKey&) const = default;
};

// The record with this key is not needed any more. An ended call has none: how long history is kept is the store's choice.
struct GoneRecord {
  RecordKey key;
};

using Record = std::variant<CallRecord, SessionRecord, RulesRecord, MissedRecord, WithdrawnRecord, SeenRecord, GoneRecord, ConnectionRecord, ProjectRecord, PushRecord>;

RecordKey key_of(const Record& record);

// Must Engine::restore get this record at `now`? All must but calls that the core has forgotten.
bool is_needed(const CallRecord& record, Instant now);

// Can the call go on, or be shown, from what this record says? Not if the file has been damaged; Engine::restore must not get it then.
bool is_whole(const CallRecord& record);

// The leg of this user, or nothing.
const LegRecord* leg_of(const CallRecord& record, const UserId& user);

// Did this user take part, and may know it?
bool concerns(const CallRecord& record, const UserId& user);

// What `user`, whom it concerns, sees of a call that has ended, for this user at least.
wire::HistoryRecord history_record(const CallRecord& record, const UserId& user);

std::vector<wire::LegView> leg_views(const CallRecord& record);

// Takes the user's place in every record that outlives him. No user can have this name.
inline constexpr std::string_view k_forgotten_user = "~deleted";

// Blots out who the user was: name, devices, and what was said with the invite, if it was his. The others keep their history.
void forget_user(CallRecord& record, const UserId& user);

}  // namespace offhook::core
