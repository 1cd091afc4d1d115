// What the engines inside the core say to each other: messages addressed to a key (`client:`, `user:`, `call:`, `session:`).
// They are served first in, first out, until none is left; engine.cpp knows who lives where. Private to the core.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/random.hpp"
#include "core/effect.hpp"
#include "core/event.hpp"
#include "core/settings.hpp"
#include "core/timer_wheel.hpp"

namespace offhook::core {

// One device of a user, speaking through one client.
struct Member {
  UserKey user;
  DeviceId device;
  std::optional<std::string> name;  // of the device, to show to people
  ClientId client;

  bool is_same_device(const Member& other) const { return device == other.device && user == other.user; }
};

// A command that waits for its answer.
struct Asker {
  ClientId client;
  std::string cmd_id;
};

// --- to `client:`
struct GiveReply { Asker to; wire::ReplyBody body; };
struct GiveError { Asker to; wire::ErrorWord word; std::string message; };
struct GiveEvent { ClientId client; wire::ServerMessage event; };
struct Attached { ClientId client; std::vector<CallId> calls; };                 // answer to Attach
struct SnapshotGiven { ClientId client; std::optional<wire::Snapshot> call; };    // answer to AskSnapshot
struct LiveCall { ClientId client; CallId call; bool live = true; };              // sets the heartbeat's pace
struct Membership { ClientId client; SessionId session; bool joined = true; };

// --- to `user:`
struct Attach { Member member; };                     // the device has a client and a link; answered by Attached
struct LinkDown { UserKey user; DeviceId device; };   // it may come back
struct Detach { Member member; };                     // its client is gone
struct PlaceCall { Member caller; wire::Invite invite; };  // key: the callee
struct UserCall { UserKey user; CallId call; bool live = true; };
struct WatchPresence { ProjectId project; Asker asker; };
struct UnwatchPresence { ProjectId project; ClientId client; };

// --- to `call:`
struct Refusal { wire::Outcome outcome; wire::Reason reason; };
struct CreateCall {
  CallId call;
  Member caller;
  wire::Invite invite;
  std::vector<Member> devices;     // the callee's that have a client now
  std::optional<Refusal> refusal;  // the call is over as soon as it exists
};
struct CallCommand { CallId call; Member who; wire::ClientMessage command; };
struct DeviceAttached { CallId call; Member who; };
struct DeviceLost { CallId call; Member who; Instant since; };
struct AskSnapshot { CallId call; Member who; bool named = false; };  // named: the client asked for this very call
struct SessionPresence { CallId call; UserKey user; DeviceId device; bool joined = true; };

// --- to `session:`
struct CreateSession {
  SessionId session;
  ProjectId project;
  std::optional<CallId> call;
};
struct Admit { SessionId session; UserKey user; DeviceId device; };
struct CloseSession { SessionId session; wire::LeaveReason reason; };
struct SessionCommand {
  SessionId session;
  Member who;
  bool anonymous = false;
  wire::ClientMessage command;
  std::optional<wire::TokenClaims> claims;  // of the session token that opens it
};
struct LeaveSession { SessionId session; ClientId client; wire::LeaveReason reason; };

using Mail = std::variant<GiveReply, GiveError, GiveEvent, Attached, SnapshotGiven, LiveCall, Membership, Attach, LinkDown,
                          Detach, PlaceCall, UserCall, WatchPresence, UnwatchPresence, CreateCall, CallCommand,
                          DeviceAttached, DeviceLost, AskSnapshot, SessionPresence, CreateSession, Admit, CloseSession,
                          SessionCommand, LeaveSession>;

// What the engines of one shard share. `now` is set by the one who calls in, for the time of that call.
struct Desk {
  Desk(Settings chosen, const Seed& seed) : settings(std::move(chosen)), random(seed) {}

  const Settings settings;
  Random random;
  TimerWheel timers;
  Instant now{};
  std::optional<Instant> drain_end;  // set while the program is stopping
  std::deque<Mail> mail;
  Effects* out = nullptr;

  void post(Mail message) { mail.push_back(std::move(message)); }
  void effect(Effect effect) { out->push_back(std::move(effect)); }
  void reply(const Asker& to, wire::ReplyBody body = {}) { post(GiveReply{to, std::move(body)}); }
  void refuse(const Asker& to, wire::ErrorWord word, std::string message) {
    post(GiveError{to, word, std::move(message)});
  }

  template <class Kind>
  Id<Kind> make_id(Slot slot) {
    const auto high = random.next();
    return Id<Kind>::with_slot(slot, high, random.next());
  }

  template <class Kind>
  void arm(TimerHandle& handle, Instant at, TimerKind kind, const Id<Kind>& id) {
    timers.cancel(handle);
    handle = timers.arm(at, {kind, id.high(), id.low()});
  }
};

}  // namespace offhook::core
