// A client of an Offhook server: one user on one device, with one connection that mends itself, one thread of its own, and
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

using wire::HistoryRecord;

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
  client::Watchdogs watchdogs{};
};

struct CallOptions {
  Media media = Media::None;
  std::optional<std::chrono::milliseconds> ring_timeout{};  // 1 s to 180 s, cap on the whole ringing; else the server's
  std::optional<std::string> data{};                        // at most 1000 bytes, shown to the callee
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
  void on_incoming(std::function<void(Call call)> handler);

  void on_online(std::function<void()> handler);   // after connect(), and after each on_offline that could be mended
  void on_offline(std::function<void()> handler);  // the connection is lost; the client tries to mend it
  void on_closed(std::function<void(std::optional<Problem> problem)> handler);  // it does not try any more: why, if not asked to
  // Something went wrong and is not the answer to anything: "unreachable" for each failed attempt to connect, else the
  // server's word.
  void on_error(std::function<void(const Problem& problem)> handler);
  // A call that this user missed and this device did not know of; told once to each device.
  void on_missed(std::function<void(const HistoryRecord& record)> handler);
  void on_draining(std::function<void(std::chrono::milliseconds remaining)> handler);  // the server will stop
  void on_presence(std::function<void(const PresenceChange& change)> handler);         // after watch_presence

  void watch_presence(Answer<std::vector<UserId>> answer);  // who is online now
  // This user's past calls, newest first; `limit` 1 to 100.
  void history(int limit, std::optional<CallId> before, Answer<std::vector<HistoryRecord>> answer);
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
