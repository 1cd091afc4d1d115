// The state of one call, without any behaviour. A call is the caller's leg and one leg for each user who is called; a leg has
// the user's devices, of which one speaks for the user. Private to the call engine.
#pragma once

#include <list>
#include <map>
#include <optional>
#include <string>

#include "core/mail.hpp"
#include "core/notices.hpp"
#include "core/records.hpp"

namespace offhook::core {

// A deadline that runs, and what of it was added because the server had to start again.
struct Armed {
  TimerHandle handle;
  Duration extended{};
};
using Timers = std::map<TimerKind, Armed>;

// One device of a leg.
struct CallDevice {
  Member self;
  wire::DeviceState state = wire::DeviceState::Notified;
  std::optional<wire::Outcome> outcome;   // decided for this device
  std::optional<Instant> lost_since;      // its link is lost, or it is back and `unconfirmed`
  bool unconfirmed = false;               // a new client of it is there, which has not said yet that it knows the call
  bool in_session = false;
  bool has_media = false;                 // it receives the other side's; without media: it has been in the session
  bool second_call = false;               // it was in another call when it was told of this one
  bool has_push_address = false;          // it can be woken without a link
  std::optional<PushState> push;          // of the push that was to wake it last
  bool pushed_again = false;
  std::optional<Instant> push_again_at;   // unless it is heard before
};

// One user's part in a call.
struct Leg {
  UserKey user;
  std::list<CallDevice> devices;          // a list, because references to them must stay good
  CallDevice* active = nullptr;           // speaks for the user: the device that placed the call, or the one that answered
  CallDevice* moving = nullptr;           // about to take over from `active`
  std::optional<Instant> rang_at, answered_at, ended_at;
  std::optional<wire::Outcome> outcome;   // this user's part is over
  std::optional<wire::Reason> reason;
  bool silent = false;                    // the user is not to learn of the call
  bool asked = false;                     // whether the user may be rung has been decided
  Timers timers;                          // Setup, Wake, Ring; CallerGrace; Connect, Grace, Media, Move; PushAgain
};

struct Call {
  CallId id;
  std::uint64_t version = 0;
  ProjectId project;
  Leg caller;
  std::list<Leg> legs;                    // of those who are called
  wire::Media media = wire::Media::None;
  std::optional<std::string> data;
  Plan plan;
  std::vector<InviteRecord> invites;      // that made it or became part of it
  std::optional<wire::Group> group;
  SessionId session;
  wire::Phase phase = wire::Phase::Inviting;
  Instant created_at{};
  std::optional<Instant> answered_at, active_at, ended_at;
  std::optional<wire::Outcome> outcome;
  std::optional<wire::Reason> reason;
  Timers timers;                          // MaxDuration, Alone, ForgetCall
  Told told;                              // what the project's backend knows of it
  std::vector<Note> notes;                // its time line
  CallInputs inputs;                      // while it is live

  Call() = default;
  Call(const Call&) = delete;             // legs point to devices of their own
  Call& operator=(const Call&) = delete;
};

// A device in its place, for as long as one command is served.
struct Speaker {
  Call& call;
  Leg& leg;
  CallDevice& device;

  bool is_caller() const { return &leg == &call.caller; }
  bool is_active() const { return &device == leg.active; }
};

inline bool is_answered(wire::Phase phase) {
  switch (phase) {
    case wire::Phase::Inviting:
    case wire::Phase::Ended: return false;
    case wire::Phase::Connecting:
    case wire::Phase::Active: return true;
  }
  return false;
}

// Can a device in this state still take part in the ringing?
inline bool can_ring(wire::DeviceState state) {
  switch (state) {
    case wire::DeviceState::Notified:
    case wire::DeviceState::Ringing:
    case wire::DeviceState::Ignored: return true;
    case wire::DeviceState::Calling:
    case wire::DeviceState::Winner:
    case wire::DeviceState::Elsewhere:
    case wire::DeviceState::Declined:
    case wire::DeviceState::Busy:
    case wire::DeviceState::Joined:
    case wire::DeviceState::Bystander:
    case wire::DeviceState::Done:
    case wire::DeviceState::Moving: return false;
  }
  return false;
}

// Does this leg still ring, or wait for a device that could?
inline bool is_open(const Leg& leg) { return leg.active == nullptr && !leg.outcome; }

// Is this user in the conversation?
inline bool is_in(const Leg& leg) { return leg.active != nullptr && !leg.outcome; }

}  // namespace offhook::core
