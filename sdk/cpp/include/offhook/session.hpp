// A session: connections that see each other's streams and signals (PROTOCOL.md section 9). The session under a call is one, too.
//
// Threads: every function may be called from any thread; answers and handlers come on the client's own thread, one at a time,
// so they must not block. An answer comes exactly once, and may be left out. A handler is kept as long as the session is, or until
// another takes its place; so it should not own its own Session.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "offhook/engine.hpp"
#include "wire/messages.hpp"

namespace offhook {

// `word` is stable (PROTOCOL.md section 11, or one of the library's own), `message` a sentence for people.
using client::Problem;
using wire::Connection;
using wire::LeaveReason;
using wire::MissReason;
using wire::Stream;

using Done = std::function<void(std::optional<Problem> problem)>;
template <class T>
using Answer = std::function<void(Result<T, Problem> answer)>;

// Who was there when this client joined, itself apart.
struct SessionState {
  Connection connection;  // this client's own
  std::vector<Connection> connections;
  std::vector<Stream> streams;
};

struct Signal {
  std::optional<ConnectionId> from;  // nothing: the app's backend
  std::string type;
  std::string data;
};

struct SignalOptions {
  std::string type;                // 1 to 128 of A–Z a–z 0–9 - _ ~
  std::string data;                // at most 8192 bytes
  std::optional<ConnectionId> to{};  // else to all, this client included
};

struct StreamOptions {
  std::optional<std::string> name{};  // at most 128 bytes
  bool has_audio = true;
  bool has_video = true;
  std::optional<wire::VideoType> video_type{};  // what the picture shows; nothing: a camera
};

struct StreamChange {
  std::optional<bool> has_audio{};
  std::optional<bool> has_video{};
};

// Passed to the other connection unread: one of the two.
struct Negotiation {
  std::optional<wire::Description> description{};
  std::optional<std::string> candidate{};  // JSON text of an RTCIceCandidateInit
};

struct Expectation {
  std::chrono::milliseconds timeout{60'000};  // 1 s to 1 h; the server holds this deadline
  std::optional<UserId> user{};               // else anybody
  std::optional<std::string> data{};          // connection data that must be the same
};
// Who has come, why nobody has, or what kept us from knowing.
using Expected = std::variant<Connection, MissReason, Problem>;

// What an app's backend calls a session: `sess_…`, or the id that an OpenTok server SDK has given. Nothing if it is neither, or not of
// the project with this key.
std::optional<SessionId> find_session_id(std::string_view text, const ProjectId& api_key);

class Session {
 public:
  const SessionId& id() const;

  void connect(Answer<SessionState> answer = {});  // joins; needs a session token, or to be in the call it is under: else not_allowed
  void disconnect(Done done = {});  // leaves; who is not in it (any more) has left, too
  void signal(SignalOptions signal, Done done = {});  // not_connected before connect(), bad_field beyond its ranges
  void publish(StreamOptions stream, Answer<Stream> answer = {});  // a stream of this connection; 64 in a session: limit_reached
  void update_stream(const StreamId& stream, StreamChange change, Answer<Stream> answer = {});  // one of its own: mute, unmute
  void unpublish(const StreamId& stream, Done done = {});  // no_such_stream if it is gone
  void negotiate(const ConnectionId& to, Negotiation message, Done done = {});  // SDP ≤ 32768, candidate ≤ 2048 bytes

  // For moderators; not_allowed to others. A muted publisher may switch its sound on again.
  void force_disconnect(const ConnectionId& connection, Done done = {});
  void force_unpublish(const StreamId& stream, Done done = {});
  void force_mute(const StreamId& stream, Done done = {});
  void force_mute_all(std::vector<StreamId> except = {}, Done done = {});  // also what is published later, until:
  void disable_force_mute(Done done = {});

  // Waits for somebody who may never come. `told` is called exactly once, whatever happens.
  void expect_connection(Expectation expectation, std::function<void(Expected)> told);

  // Also after a lost link that could not be resumed, if the session was joined anew.
  void on_connected(std::function<void(const SessionState& state)> handler);
  void on_disconnected(std::function<void(LeaveReason reason)> handler);
  void on_connection_created(std::function<void(const Connection& connection)> handler);
  void on_connection_destroyed(std::function<void(const ConnectionId& connection, LeaveReason reason)> handler);
  void on_stream_created(std::function<void(const Stream& stream)> handler);
  void on_stream_updated(std::function<void(const Stream& stream)> handler);
  void on_stream_destroyed(std::function<void(const StreamId& stream, LeaveReason reason)> handler);
  void on_signal(std::function<void(const Signal& signal)> handler);
  void on_mute_forced(std::function<void(const StreamId& stream)> handler);  // of a stream of its own: it is to send no sound
  void on_negotiation(std::function<void(const ConnectionId& from, const Negotiation& message)> handler);

  struct Core;  // private to the library
  explicit Session(std::shared_ptr<Core> core) : core_(std::move(core)) {}

 private:
  std::shared_ptr<Core> core_;
};

}  // namespace offhook
