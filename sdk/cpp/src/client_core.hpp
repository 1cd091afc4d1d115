// What is behind Client, Call and Session: the engine, its socket, and who waits to be told. Private to the library.
//
// The handles of applications refer to the Core weakly and post to its loop; everything else here runs on the loop's thread,
// unless it says otherwise.
#pragma once

#include <atomic>
#include <future>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "loop.hpp"
#include "offhook/client.hpp"
#include "offhook/engine.hpp"
#include "state_file.hpp"
#include "url.hpp"
#include "web_socket.hpp"

namespace offhook {

// A value that the client's thread writes and any thread reads, each as a whole.
template <class T>
class Shared {
 public:
  T get() const {
    const auto value = value_.load();
    return value ? *value : T{};
  }
  void set(T value) { value_ = std::make_shared<const T>(std::move(value)); }

 private:
  std::atomic<std::shared_ptr<const T>> value_;
};

struct Call::Core {
  Core(std::weak_ptr<Client::Core> owner, const client::CallView& view);

  void note(const client::CallView& view);
  void on_moment(client::CallMoment moment);
  void on_link(bool is_up);
  void on_end(CallEnd how);
  void join(std::shared_ptr<Session::Core> session);

  const std::weak_ptr<Client::Core> client;
  const client::Handle handle;
  const Role role;
  const UserId peer;
  const Media media;
  const std::optional<std::string> data;

  // Read by any thread: what a flag or state stands for is written before it, and never again.
  std::atomic<CallState> state;
  std::atomic<bool> peer_unstable = false;
  std::atomic<bool> reconnecting = false;
  std::atomic<bool> is_second = false;
  bool is_moving = false;     // for the client's thread alone
  bool was_connecting = false;
  std::atomic<std::optional<GroupMode>> group_mode;
  Shared<std::vector<Leg>> legs;
  Shared<std::vector<UserId>> unstable;
  std::atomic<bool> has_id = false;
  CallId call_id;
  CallEnd end;
  std::promise<CallEnd> promise;
  const std::shared_future<CallEnd> ended = promise.get_future().share();

  struct Handlers {
    std::function<void()> ringing, connecting, active, peer_unstable, peer_stable, reconnecting, reconnected;
    std::function<void(const std::vector<Leg>&)> legs;
    std::function<void(Session)> session;
    std::function<void(const CallEnd&)> ended;
  } handlers;
  std::shared_ptr<Session::Core> session;
};

struct Session::Core {
  const std::weak_ptr<Client::Core> client;
  const SessionId id;
  const std::optional<std::string> token;

  struct Handlers {
    std::function<void(const SessionState&)> connected;
    std::function<void(LeaveReason)> disconnected;
    std::function<void(const Connection&)> connection_created;
    std::function<void(const ConnectionId&, LeaveReason)> connection_destroyed;
    std::function<void(const Stream&)> stream_created, stream_updated;
    std::function<void(const StreamId&, LeaveReason)> stream_destroyed;
    std::function<void(const Signal&)> signal;
    std::function<void(const StreamId&)> mute_forced;
    std::function<void(const ConnectionId&, const Negotiation&)> negotiation;
  } handlers;
};

// Handlers may replace themselves while they run, so a copy is called.
template <class Handler, class... Arguments>
void tell_handler(const Handler& handler, Arguments&&... arguments) {
  if (const auto copy = handler) copy(std::forward<Arguments>(arguments)...);
}

class Client::Core : public std::enable_shared_from_this<Client::Core> {
 public:
  using ReplyTo = std::function<void(Result<wire::ReplyBody, Problem>)>;

  explicit Core(ClientOptions options);
  void close();  // the destructor of Client, on its thread

  // The same work, that does nothing once the core is gone: the loop may go on without it. Any thread.
  template <class Function>
  auto while_here(Function work) {
    return [weak = weak_from_this(), work = std::move(work)](auto&&... arguments) {
      if (const auto here = weak.lock()) work(std::forward<decltype(arguments)>(arguments)...);
    };
  }

  // Any thread; dropped if the core is gone by then.
  void post(client::Work work) { loop_.post(while_here(std::move(work))); }
  void after(Duration delay, client::Work work) { loop_.after(delay, while_here(std::move(work))); }
  bool is_here() const { return loop_.is_here(); }
  const std::string& device_id() const { return options_.device_id; }
  void connect();
  void feed_soon(client::Input input);
  std::shared_ptr<Call::Core> place(UserId to, std::optional<Group> group, CallOptions options);
  std::shared_ptr<Call::Core> move_here(const ElsewhereCall& call);
  void mark_seen(std::optional<CallId> call);
  void handle_push(const std::string& payload, Done answer);
  std::vector<ElsewhereCall> live_elsewhere() const { return elsewhere_shown_.get(); }
  std::vector<UnseenOutcome> unseen_outcomes() const { return unseen_.get(); }
  void ask(wire::ClientMessage command, ReplyTo reply_to);
  void expect(wire::Expect command, std::function<void(Expected)> told);

  void keep(const std::shared_ptr<Session::Core>& session);
  void forget(const Session::Core* session);

  struct Handlers {
    std::function<void(Call)> incoming, outgoing;
    std::function<void(const std::vector<ElsewhereCall>&)> live_elsewhere;
    std::function<void(const std::vector<UnseenOutcome>&)> unseen_outcomes;
    std::function<void()> online, offline;
    std::function<void(std::optional<Problem>)> closed;
    std::function<void(const Problem&)> error;
    std::function<void(std::chrono::milliseconds)> draining;
    std::function<void(const HistoryRecord&)> missed;
    std::function<void(const PresenceChange&)> presence;
  } handlers;

 private:
  void feed(client::Input input);
  void arm();
  void carry_out_all(client::Outputs& outputs);
  void carry_out(client::OpenSocket& output);
  void carry_out(client::CloseSocket& output);
  void carry_out(client::Send& output);
  void carry_out(client::Tell& output);
  void carry_out(client::Keep& output);
  void carry_out(client::Forget& output);
  void open(client::LinkNumber link, const std::string& token);
  void on_text(client::LinkNumber link, const std::string& text);
  void on_closed(client::LinkNumber link, std::optional<std::uint16_t> code, const std::string& why);

  void tell(client::event::Online& event);
  void tell(client::event::Offline& event);
  void tell(client::event::Closed& event);
  void tell(client::event::Error& event);
  void tell(client::event::Presence& event);
  void tell(client::event::Draining& event);
  void tell(client::event::Missed& event);
  void tell(client::event::UnseenOutcome& event);
  void tell(client::event::LiveElsewhere& event);
  void tell(client::event::Call& event);
  void tell(client::event::Ended& event);
  void tell(client::event::SessionConnected& event);
  void tell(client::event::SessionDisconnected& event);
  void tell(client::event::Session& event);
  void tell(client::event::Done& event);
  void tell(client::event::Failed& event);
  void tell(client::event::ExpectationMet& event);
  void tell(client::event::ConnectionMissed& event);

  void tell_new(client::event::Call& event);
  void tell_link(bool is_up);
  void show_elsewhere();
  void show_unseen();
  void tell_trouble();
  void say_goodbye();
  void answer(client::RequestNumber request, Result<wire::ReplyBody, Problem> answer);
  void fulfil(client::RequestNumber request, Expected expected);
  std::vector<std::shared_ptr<Session::Core>> sessions_called(const SessionId& id) const;

  ClientOptions options_;
  std::optional<Problem> problem_;  // with the options; then nothing is ever opened
  client::Url url_;
  std::unique_ptr<client::Loop> own_loop_;  // unless it shares one
  client::Loop& loop_;
  client::Alarm alarm_{loop_};
  std::unique_ptr<client::StateFile> state_;
  std::unique_ptr<client::Engine> engine_;

  client::LinkNumber link_ = 0;       // the engine's current socket
  bool link_is_unproven_ = false;     // nothing was heard on it, nor has its failure been told
  std::shared_ptr<client::WebSocket> socket_;
  std::function<void()> when_closed_;  // close() waits for the current socket's end

  std::atomic<client::Handle> last_handle_ = 0;
  std::atomic<client::RequestNumber> last_request_ = 0;
  std::map<client::Handle, std::shared_ptr<Call::Core>> calls_;      // live ones
  std::vector<ElsewhereCall> elsewhere_;                             // all that the server has told
  Shared<std::vector<ElsewhereCall>> elsewhere_shown_;               // those that this device is not in
  Shared<std::vector<UnseenOutcome>> unseen_;
  std::vector<std::shared_ptr<Session::Core>> sessions_;             // joined ones, or about to be
  std::map<client::RequestNumber, ReplyTo> requests_;                // at most what the engine has under way
  std::map<client::RequestNumber, std::function<void(Expected)>> expectations_;
};

}  // namespace offhook
