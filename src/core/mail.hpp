// What the engines inside the core say to each other: messages addressed to a key (`client:`, `user:`, `call:`, `session:`).
// They are served first in, first out, until none is left; engine.cpp knows who lives where. Private to the core.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "base/fifo.hpp"
#include "base/random.hpp"
#include "base/session_ids.hpp"
#include "core/effect.hpp"
#include "core/event.hpp"
#include "core/load_watch.hpp"
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
struct GiveError { Asker to; wire::ErrorWord word; std::string message; std::optional<Duration> retry_after = {}; };
struct GiveEvent { ClientId client; SharedMessage event; };
struct Attached { ClientId client; std::vector<CallId> calls; bool has_push_address = false; };  // answer to Attach
struct SnapshotGiven { ClientId client; std::optional<wire::Snapshot> call; };    // answer to AskSnapshot
struct LiveCall { ClientId client; CallId call; bool live = true; };              // sets the heartbeat's pace
struct Membership { ClientId client; SessionId session; bool joined = true; };

// --- to `user:`
// The device has a client and a link, named calls and, if it told one, has a push address; answered by Attached.
struct Attach { Member member; std::set<CallId> named; std::optional<wire::PushAddress> push = {}; };
struct LinkDown { UserKey user; DeviceId device; };   // it may come back
struct Detach { Member member; };                     // its client is gone
struct Opened { Member member; std::vector<CallId> shown; };  // welcome is said; it showed these calls
// Key: the callee, of a group the first.
struct PlaceCall {
  Member caller;
  wire::Invite invite;
  std::optional<std::uint64_t> request;  // of the REST interface; nothing: the device asked
  bool withdrawn = false;                // cancelled before it came
  std::optional<SessionId> session = {};  // that is to be the call's
};
struct RingLeg { CallId call; UserKey caller; UserKey user; };  // answered by LegFound
// What a live call is to one of its users.
struct Share {
  UserId peer;
  bool outgoing = false;
  bool answered = false;
  bool group = false;
  DeviceId device;  // that speaks for the user
  std::optional<std::string> device_name;
  wire::Media media = wire::Media::None;
  std::optional<Instant> answered_at;  // of the call
};
struct UserCall { UserKey user; CallId call; std::optional<Share> share; };  // nothing: not live any more
// A device that has been told of the end of a call; nothing: for good, else by an event to this client that may still be lost.
struct ToldDevice { DeviceId device; std::optional<ClientId> client; };
struct MissedCall { UserKey user; wire::HistoryRecord record; Instant since; std::vector<ToldDevice> told; };
struct MissedSeen { UserKey user; DeviceId device; CallId call; };
struct AskRules { UserKey user; Asker asker; std::optional<wire::Rules> change; };
struct SetPushAddress { Member member; Asker asker; std::optional<wire::PushAddress> address; };  // nothing: it has none any more
// Wakes a device for a call, or says at once that it cannot be. `push` lacks the address.
struct Wake { Push push; };
struct WatchPresence { ProjectId project; Asker asker; };
struct UnwatchPresence { ProjectId project; ClientId client; };

// --- to `call:`
struct Refusal { wire::Outcome outcome; wire::Reason reason; };
// A device that is to ring.
struct Candidate { Member member; bool in_call = false; bool has_push_address = false; bool linked = true; };
struct CreateCall {
  CallId call;
  Member caller;
  wire::Invite invite;
  std::vector<Candidate> devices;  // the callee's that have a client now; of a group none yet
  std::optional<Refusal> refusal;  // the call is over as soon as it exists
  bool silent = false;             // the callee is not to learn of it
  std::optional<std::uint64_t> request;
  std::optional<SessionId> session = {};
};
struct LegFound {
  CallId call;
  UserKey user;
  std::vector<Candidate> devices;
  std::optional<Refusal> refusal;
  bool silent = false;
};
// An invite to somebody with whom there is a call already.
struct InviteAgain { CallId call; PlaceCall place; };
struct CallCommand { CallId call; Member who; wire::ClientMessage command; };
struct DeviceAttached { CallId call; Member who; bool in_call = false; bool named = false; bool has_push_address = false; };
struct PushDone { CallId call; UserKey user; DeviceId device; PushState state; };
struct DeviceLost { CallId call; Member who; Instant since; };
struct AskSnapshot { CallId call; Member who; bool named = false; };  // named: the client asked for this very call
struct SessionPresence { CallId call; UserKey user; DeviceId device; bool joined = true; };

// --- to `session:`
// Answered with a token or the id, once the session cannot be lost any more.
struct CreateSession {
  SessionId session;
  ProjectId project;
  std::optional<CallId> call;
  std::optional<Asker> asker;
  std::optional<std::uint64_t> request;  // of the REST interface
};
struct Admit { SessionId session; UserKey user; DeviceId device; };
struct Expel { SessionId session; UserKey user; DeviceId device; };
// The session ends with its call; one that exists by itself goes on without.
struct CloseSession { SessionId session; CallId call; wire::LeaveReason reason; };
struct SessionCommand {
  SessionId session;
  Member who;
  bool anonymous = false;
  wire::ClientMessage command;
  std::optional<wire::TokenClaims> claims;  // of the session token that opens it
};
struct LeaveSession { SessionId session; ClientId client; wire::LeaveReason reason; };

using Mail = std::variant<GiveReply, GiveError, GiveEvent, Attached, SnapshotGiven, LiveCall, Membership, Attach, LinkDown,
                          Detach, Opened, PlaceCall, RingLeg, UserCall, MissedCall, MissedSeen, AskRules, SetPushAddress, Wake, WatchPresence, UnwatchPresence, CreateCall, LegFound,
                          InviteAgain, CallCommand,
                          DeviceAttached, DeviceLost, PushDone, AskSnapshot, SessionPresence, CreateSession, Admit, Expel, CloseSession,
                          SessionCommand, LeaveSession>;

// What the engines of one shard share. `now` is set by the one who calls in, for the time of that call.
struct Desk {
  Desk(Settings chosen, std::map<ProjectId, Settings> own, const Seed& seed)
      : settings(std::move(chosen)), projects(std::move(own)), random(seed) {}

  const Settings settings;
  std::map<ProjectId, Settings> projects;  // those with settings of their own
  Random random;
  TimerWheel timers;
  Instant now{};
  std::optional<Instant> drain_end;  // set while the program is stopping
  bool store_is_behind = false;
  Thinning thinning;  // of what is new while there is too much to do
  Fifo<Mail> mail;
  Effects* out = nullptr;

  const Settings& settings_of(const ProjectId& project) const {
    const auto own = projects.find(project);
    return own == projects.end() ? settings : own->second;
  }
  template <class Message>
  void post(Message&& message) { mail.push(std::forward<Message>(message)); }
  void tell(ClientId client, SharedMessage event) { post(GiveEvent{client, std::move(event)}); }
  void tell(ClientId client, wire::ServerMessage event) { tell(client, share_message(std::move(event))); }
  template <class Wanted>
  void effect(Wanted&& wanted) { out->emplace_back(std::forward<Wanted>(wanted)); }
  void reply(const Asker& to, wire::ReplyBody body = {}) { post(GiveReply{to, std::move(body)}); }
  void refuse(const Asker& to, wire::ErrorWord word, std::string message) {
    post(GiveError{to, word, std::move(message)});
  }
  void refuse_for_now(const Asker& to, std::string message, Duration retry_after) {
    post(GiveError{to, wire::ErrorWord::Overloaded, std::move(message), retry_after});
  }

  template <class Kind>
  Id<Kind> make_id(Slot slot) {
    const auto high = random.next();
    return Id<Kind>::with_slot(slot, high, random.next());
  }

  SessionId make_session_id(Slot slot, const ProjectId& project) {
    const auto high = random.next();
    return offhook::make_session_id(slot, project, now, high, random.next());
  }

  template <class Notice>
  void complete(Notice& notice, Slot slot) {
    notice.id = make_id<NoticeKind>(slot);
    notice.at = now;
  }

  template <class Kind>
  void arm(TimerHandle& handle, Instant at, TimerKind kind, const Id<Kind>& id) {
    timers.cancel(handle);
    handle = timers.arm(at, {kind, id.high(), id.low()});
  }
};

}  // namespace offhook::core
