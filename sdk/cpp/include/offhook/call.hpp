// One call, as this device sees it. Handles are cheap to copy and may outlive the Client: what is asked of them then does nothing.
//
// Threads: every function may be called from any thread; every handler is called on the client's own thread, one at a time, so
// a handler must not block. A handler is kept until the call has ended or another takes its place. Set late, when the call is
// already in the state it is for, it is called once for that.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "offhook/outcome_text.hpp"
#include "offhook/session.hpp"
#include "wire/messages.hpp"

namespace offhook {

using wire::GroupMode;
using wire::Media;
using wire::MediaFailure;
// What one user of a group is in the call: state, and when it is over for that user, its outcome and reason.
using Leg = wire::LegView;
using wire::LegState;

// Calling, Ringing: this user calls. Incoming: this device rings. Moving: this device takes the call over from another one of this
// user and has not got it yet. Connecting: answered, media is not there yet. Nothing follows Ended.
enum class CallState { Calling, Ringing, Incoming, Moving, Connecting, Active, Ended };

struct CallEnd {
  Outcome outcome = Outcome::Failed;     // what this device shows; LostContact is its own word, without the server's
  std::optional<Reason> reason;
  std::chrono::milliseconds duration{};  // from both sides' media up to the end; 0 if that never was
  std::string text;                      // one English sentence for a person
};

class Call {
 public:
  // --- what it is

  // Once the server knows the call; the same on every device and in history.
  std::optional<CallId> id() const;
  // What this user is in the call; a device that takes a call over has the role of the one it takes it from.
  Role role() const;
  // The other user. In a group: for who is called the caller, for the caller the first of those who are called.
  const UserId& peer() const;
  Media media() const;
  // What the caller has sent along, at most 1000 bytes; nothing if nothing was sent.
  const std::optional<std::string>& data() const;
  // This device was in another call when this one came in (call waiting, PROTOCOL.md section 6.7).
  bool is_second() const;
  // Of a group, and of a call between two that has become one; else nothing.
  std::optional<GroupMode> group_mode() const;
  // Of a group: everybody who is called, the caller apart, as far as is known now. Else empty.
  std::vector<Leg> legs() const;

  // --- how it is

  CallState state() const;
  // The other side is not heard at present; it may come back, until the call's drop_grace is over.
  bool peer_unstable() const;
  // Whose: in a group those who are not heard, between two the peer; empty unless peer_unstable().
  std::vector<UserId> unstable_peers() const;
  // This device has lost its own connection in the call and tries to get it back; media may still run.
  bool reconnecting() const;
  // When state() is Ended; the others are the same in parts.
  std::optional<CallEnd> end() const;
  std::optional<Outcome> outcome() const;
  std::optional<Reason> reason() const;
  std::chrono::milliseconds duration() const;  // 0 before the end

  // Blocks until the call has ended; it always does. REQUIRES: not on the client's thread (in a handler).
  CallEnd wait() const;

  // --- what can be done

  // None of these fails: what comes too late does nothing, and the end says what the server has made of it.
  void answer();   // callee
  void decline();  // callee: a person refuses
  void busy();     // callee: this device cannot ring
  void ignore();   // callee: this device falls silent, the others ring on
  void cancel();   // caller, before the answer
  void hang_up();  // at any time: before the answer it is cancel or decline

  // Takes the call back, when it goes on on another device of this user: this one has ended with MovedElsewhere or
  // AnsweredElsewhere. Gives a call of its own, as Client::move_here does.
  Call move_here();

  // Calls more users into this call, at most 16 in all, by whoever has placed or answered it; a call between two becomes a group
  // that everybody may join. Whoever was called before is not called again. `done` gets limit_reached if they are too many,
  // not_allowed before the call has an id and after its end.
  void ring_more(std::vector<UserId> users, Done done = {});

  // For an app with media of its own, in calls with audio or video: this device receives the other side's media, or does not
  // any more, or media cannot start here. A call with Media::None needs none of them.
  void media_up();
  void media_down();
  void media_failed(MediaFailure reason);

  // --- what is told

  void on_ringing(std::function<void()> handler);         // caller: a device of the callee rings
  void on_connecting(std::function<void()> handler);      // answered, or being taken over by this device: state() says which
  void on_session(std::function<void(Session)> handler);  // the session under the call is joined: negotiate media in it
  void on_active(std::function<void()> handler);
  // The other side is not heard; it may come back. In a group again whenever unstable_peers() are others.
  void on_peer_unstable(std::function<void()> handler);
  void on_peer_stable(std::function<void()> handler);
  void on_reconnecting(std::function<void()> handler);  // this device's own connection is lost
  void on_reconnected(std::function<void()> handler);
  // Of a group: what legs() gives has changed.
  void on_legs_changed(std::function<void(const std::vector<Leg>& legs)> handler);
  // Exactly once for each call and device, over restarts of the application too if there is a ClientOptions::state_file: what a
  // process has not lived to be told is in Client::unseen_outcomes() of the next.
  void on_ended(std::function<void(const CallEnd& end)> handler);

  struct Core;  // private to the library
  explicit Call(std::shared_ptr<Core> core) : core_(std::move(core)) {}

 private:
  std::shared_ptr<Core> core_;
};

}  // namespace offhook
