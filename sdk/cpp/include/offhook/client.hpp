// A client of an Offhook server: one user on one device, with one connection that mends itself, a thread, and
// every watchdog of PROTOCOL.md section 8, so that each call ends with one outcome in a stated time, whatever breaks.
//
// Threads: every function may be called from any thread; every handler and answer is called on the client's own thread, one at
// a time, so they must not block. Nothing here throws; what goes wrong is a Problem. Times are std::chrono durations.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "offhook/call.hpp"
#include "offhook/session.hpp"
#include "offhook/watchdogs.hpp"

namespace offhook {

namespace client {
class Loop;
}

using wire::DeclinePolicy;
using wire::HistoryRecord;
// 2 to 16 users; FirstAnswer: a call with whoever answers first, AllJoin: everybody may come in. With OwnerLeaves::Stay an AllJoin
// call goes on when its caller leaves.
using wire::Group;
using wire::OwnerLeaves;
// How a user wants to be called (PROTOCOL.md section 6.7).
using wire::CallWaiting;
using wire::Rules;
// Where a device is woken while it has no connection (docs/push.md).
using wire::PushAddress;
using wire::PushProvider;
// An answered call of this user that another of its devices is in; `device` is the name of that one.
using wire::ElsewhereCall;

// A thread that several clients share, for programs with hundreds of them. REQUIRES: it outlives its clients, and ends on another
// thread.
class ClientThread {
 public:
  ClientThread();
  ~ClientThread();
  ClientThread(const ClientThread&) = delete;
  ClientThread& operator=(const ClientThread&) = delete;

  client::Loop& loop() { return *loop_; }  // private to the library

 private:
  std::unique_ptr<client::Loop> loop_;
};

struct ClientOptions {
  std::string url = "http://127.0.0.1:7080";  // http://, https://, ws:// or wss://; without a path, /v1/client is meant
  std::string token{};                        // made by the app's backend: says who this is
  // Where `token` is not enough: called whenever a connection is opened, on the client's thread; call `give` once, from any
  // thread, with a token, or with nothing if there is none now (another attempt follows).
  std::function<void(std::function<void(std::string token)> give)> get_token{};
  // Names this installation, stable over restarts: 1 to 64 of A–Z a–z 0–9 . _ -. Empty: a random one. The same user and
  // device connected twice: the newer takes the older one's place.
  std::string device_id{};
  std::string name{};     // of the app, for the server's log: at most 64 bytes
  std::string ca_file{};  // PEM of the authorities to trust in place of the system's; empty for those
  client::Watchdogs watchdogs{};  // how long to wait when the server's word does not come; they must fit the server's timers
  // Where this device remembers its calls over restarts (PROTOCOL.md section 8.1), and its own name if device_id is empty. A file of
  // its own for each user and device; made if it is not there, readable by this account only, at most a few 100 KB. Written on the
  // client's thread, a few small writes per call. Empty: nothing outlives the process. A file that is damaged, taken by another
  // client or cannot be written stops no call; on_error is told once ("state_file").
  std::string state_file{};
  std::optional<PushAddress> push{};  // where this device is woken; nothing: as the server knows it, see set_push()
  ClientThread* thread = nullptr;  // where handlers are called; nothing: a thread of its own
};

// Of this call alone; what is left out is as the server has it. A value out of its range ends the call Failed.
struct CallOptions {
  Media media = Media::None;
  std::optional<std::chrono::milliseconds> ring_timeout{};     // 1 s to 180 s: cap on the whole ringing
  std::optional<std::string> data{};                           // at most 1000 bytes of UTF-8, shown to the callee
  std::optional<std::chrono::milliseconds> wake_timeout{};     // 1 s to 60 s: without any device that rings
  std::optional<std::chrono::milliseconds> connect_timeout{};  // 5 s to 60 s: from the answer to media both ways
  std::optional<std::chrono::milliseconds> drop_grace{};       // 3 s to 120 s: how long a side may be lost in the call
  std::optional<std::chrono::milliseconds> max_duration{};     // 1 min to 24 h
  std::optional<DeclinePolicy> decline_policy{};               // does one device that declines end the ringing of all?
  bool wait_full_ring = false;                                 // with no device there, wait the whole ringing for one
};

// How a call of this device ended of which the application has not been told: its process was gone.
struct UnseenOutcome {
  CallId call_id;
  Role role = Role::Caller;
  UserId peer;
  Media media = Media::None;
  Outcome outcome = Outcome::LostContact;  // LostContact: the server's word has not come, or it does not know the call any more
  std::optional<Reason> reason;
  std::chrono::sys_time<std::chrono::milliseconds> at;  // by the server's clock
  std::string text;                                     // one English sentence for a person
};

struct NewSession {
  SessionId id;
  std::string token;  // opens the session for whoever holds it
};

struct PresenceChange {
  UserId user;
  bool online = false;
};

class Client {
 public:
  // Options that cannot be right (url, device_id, watchdogs) are told by connect(), through on_closed.
  explicit Client(ClientOptions options);
  // Says good-bye as disconnect() does; takes at most a second. REQUIRES: not in a handler.
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Goes online and stays so, through whatever the network does, until disconnect() or on_closed.
  void connect();
  // Leaves for good: live calls are over for this device, sessions are left. connect() may follow.
  void disconnect();
  // The machine woke up or the network has changed: see at once whether the connection is alive.
  void wake();

  // Rings every device of `to`. Before the client is online the call waits, as long as the watchdog `place` allows.
  Call call(UserId to, CallOptions options = {});
  // Rings every device of all these users.
  Call start_group(Group group, CallOptions options = {});
  // Calls that ring here. A device without this handler is busy.
  void on_incoming(std::function<void(Call call)> handler);
  // Calls that the app's backend has placed in the name of this user and given to this device: as if call() had made them.
  // Without this handler they are cancelled.
  void on_outgoing(std::function<void(Call call)> handler);

  // A push has arrived: `payload` is its JSON text as the server made it. The call rings at once (on_incoming), and the client connects if it
  // has not; what the server then says counts. A payload that comes twice, or for a call that is over here, does nothing; one that is too
  // old by this machine's clock rings only if the server says so. `answer`: done, or "bad_push" if this is no payload.
  void handle_push(std::string_view payload, Done answer = {});
  // Where this device is woken from now on; nothing: it is not woken any more. Done when the server knows.
  void set_push(std::optional<PushAddress> push, Done done = {});

  // The answered calls of this user that other devices are in and that can be taken over here, as the server last told; and
  // whenever they change. At most 16.
  std::vector<ElsewhereCall> live_elsewhere() const;
  void on_live_elsewhere(std::function<void(const std::vector<ElsewhereCall>& calls)> handler);
  // Takes one over. It is Moving until this device is in it; the other device has it until then, and keeps it if this one cannot
  // (AnsweredElsewhere). A call that cannot be taken over ends Failed/NotAllowed, one that has ended meanwhile as it has.
  Call move_here(const ElsewhereCall& call);

  // Outcomes that no process has lived to tell the application, the oldest first: only with a state_file, and complete only once
  // online. They stay until mark_seen(), over restarts too. The handler gets the whole list when it has become longer.
  std::vector<UnseenOutcome> unseen_outcomes() const;
  void on_unseen_outcomes(std::function<void(const std::vector<UnseenOutcome>& outcomes)> handler);
  // The application knows how this call ended; without an id, how all did.
  void mark_seen(std::optional<CallId> call = {});

  void on_online(std::function<void()> handler);   // after connect(), and after each on_offline that could be mended
  void on_offline(std::function<void()> handler);  // the connection is lost; the client tries to mend it
  void on_closed(std::function<void(std::optional<Problem> problem)> handler);  // it does not try any more: why, if not asked to
  // Something went wrong and is not the answer to anything: "unreachable" for each failed attempt to connect, "state_file" if calls
  // cannot be remembered, else the server's word.
  void on_error(std::function<void(const Problem& problem)> handler);
  // A call that this user missed and this device did not know of; told once to each device.
  void on_missed(std::function<void(const HistoryRecord& record)> handler);
  void on_draining(std::function<void(std::chrono::milliseconds remaining)> handler);  // the server will stop
  void on_presence(std::function<void(const PresenceChange& change)> handler);         // after watch_presence

  void watch_presence(Answer<std::vector<UserId>> answer);  // who is online now
  // This user's past calls, newest first; `limit` 1 to 100.
  void history(int limit, std::optional<CallId> before, Answer<std::vector<HistoryRecord>> answer);
  // How this user wants to be called. Setting replaces them whole; the answer is what is in force now.
  void get_rules(Answer<Rules> answer);
  void set_rules(Rules rules, Answer<Rules> answer = {});
  void create_session(Answer<NewSession> answer);
  Session session(const SessionId& id, std::optional<std::string> token = {});
  // Refuses a session without joining it: whoever expects the holder of this token is told so.
  void reject(std::string token, Done done = {});

  // Runs `work` on the client's thread: soon, or after a while. Dropped if the client ends before.
  void post(std::function<void()> work);
  void after(std::chrono::milliseconds delay, std::function<void()> work);

  const std::string& device_id() const;

  class Core;  // private to the library

 private:
  std::shared_ptr<Core> core_;
};

}  // namespace offhook
