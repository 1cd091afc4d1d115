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

#include "base/ids.hpp"
#include "offhook/outcome_text.hpp"
#include "offhook/session.hpp"
#include "wire/messages.hpp"

namespace offhook {

using wire::Media;
using wire::MediaFailure;

// Calling, Ringing: this user calls. Incoming: this device rings. Nothing follows Ended.
enum class CallState { Calling, Ringing, Incoming, Connecting, Active, Ended };

struct CallEnd {
  Outcome outcome = Outcome::Failed;     // what this device shows; LostContact is its own word, without the server's
  std::optional<Reason> reason;
  std::chrono::milliseconds duration{};  // from both sides' media up to the end; 0 if that never was
  std::string text;                      // one English sentence for a person
};

class Call {
 public:
  std::optional<CallId> id() const;  // once the server knows the call
  Role role() const;
  const UserId& peer() const;
  Media media() const;
  const std::optional<std::string>& data() const;  // what the caller has sent along
  CallState state() const;
  bool peer_unstable() const;
  std::optional<CallEnd> end() const;                // when state() is Ended
  std::optional<Outcome> outcome() const;            // the same in parts
  std::optional<Reason> reason() const;
  std::chrono::milliseconds duration() const;        // 0 before the end

  // Blocks until the call has ended; it always does. REQUIRES: not on the client's thread (in a handler).
  CallEnd wait() const;

  // None of these fails: what comes too late does nothing, and the end says what the server has made of it.
  void answer();   // callee
  void decline();  // callee: a person refuses
  void busy();     // callee: this device cannot ring
  void ignore();   // callee: this device falls silent, the others ring on
  void cancel();   // caller, before the answer
  void hang_up();  // at any time: before the answer it is cancel or decline

  // For an app with media of its own, in calls with audio or video: this device receives the other side's media, or does not
  // any more, or media cannot start here. A call with Media::None needs none of them.
  void media_up();
  void media_down();
  void media_failed(MediaFailure reason);

  void on_ringing(std::function<void()> handler);     // caller: a device of the callee rings
  void on_connecting(std::function<void()> handler);  // answered
  void on_session(std::function<void(Session)> handler);  // the session under the call is joined: negotiate media in it
  void on_active(std::function<void()> handler);
  void on_peer_unstable(std::function<void()> handler);  // the other side is not heard; it may come back
  void on_peer_stable(std::function<void()> handler);
  void on_ended(std::function<void(const CallEnd& end)> handler);  // exactly once

  struct Core;  // private to the library
  explicit Call(std::shared_ptr<Core> core) : core_(std::move(core)) {}

 private:
  std::shared_ptr<Core> core_;
};

}  // namespace offhook
