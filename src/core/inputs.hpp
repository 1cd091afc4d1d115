// The inputs of a call: all that it was told, in order, with the settings in force; enough to decide it again (core/replay.hpp).
// Kept by the call engine while the call is live, in its last record from then on.
//
// An input is what reached the call's key: commands of its devices, devices that come and go, whom the user engine let ring, deadlines
// when they were served, the backend, a restart. So a replay decides all that the call engine decides, and takes as given what others
// had decided before: who is online, blocked, busy, who may be rung.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "base/time.hpp"
#include "core/push.hpp"
#include "core/timer_kind.hpp"
#include "wire/messages.hpp"

namespace offhook::core {

struct CallRecord;

inline constexpr std::size_t k_max_inputs = 200;  // of a call; about 30 KiB in memory

// Their numbers are in files: the list grows at its end only.
enum class InputKind : std::uint8_t {
  Created,        // `invite` by `who`; with a word of refusal the call was over at once
  Asked,          // `users` has one: rung at `devices`, or refused
  InvitedAgain,   // `invite` by `who`, who is in the call
  RingAck, Ignore, Answer, Decline, Cancel, Hangup, GiveUp, MediaUp, MediaDown, MediaFailed, MoveHere, RingMore, GetCall,  // commands of `who`
  Attached,       // `who` has a client and a link
  Lost,           // its link, `since`
  Presence,       // `who` came to or left the call's session
  EndedByBackend,
  MoreByBackend,  // `users` are to be rung
  Timer,          // `timer` was served
  Stopped,        // the program
  Restarted,      // the program; it goes on from CallInputs::start
  Pushed,         // what became of a push to `who`: `push`
};

// A device as it was known; its name may change.
struct InputDevice {
  UserId user;
  DeviceId device;
  std::optional<std::string> name;
  ClientId client;
  bool operator==(const InputDevice&) const = default;
};

struct InputCandidate {
  std::uint64_t device = 0;  // its place in CallInputs::devices
  bool in_call = false;
  bool has_push_address = false;
  bool linked = true;
};

struct CallInput {
  Instant at{};
  InputKind kind = InputKind::Created;
  std::uint64_t who = 0;  // the place of a device in CallInputs::devices
  bool busy = false, in_call = false, named = false, joined = false, silent = false, by_backend = false, has_push_address = false;
  std::optional<Instant> since;
  std::optional<TimerKind> timer;
  std::optional<wire::MediaFailure> failure;
  std::optional<wire::Outcome> outcome;
  std::optional<wire::Reason> reason;
  std::vector<InputCandidate> devices;
  std::vector<UserId> users;
  std::vector<wire::Invite> invite;  // one or none
  std::optional<PushState> push;
};

// What a project's settings had to say about the call.
struct InputSettings {
  Duration wake_timeout{}, ring_timeout{}, setup_timeout{}, caller_grace{}, connect_timeout{}, drop_grace{}, max_duration{},
      keep_ended{}, move_timeout{}, alone_timeout{}, push_retry{};
  wire::DeclinePolicy decline_policy = wire::DeclinePolicy::FirstDecline;
};

struct CallInputs {
  InputSettings settings;
  std::vector<InputDevice> devices;
  std::vector<CallInput> list;    // at most k_max_inputs
  bool cut = false;               // there were more
  std::vector<CallRecord> start;  // one or none: the call as a restarted server found it; what was before is not in the list
};

}  // namespace offhook::core
