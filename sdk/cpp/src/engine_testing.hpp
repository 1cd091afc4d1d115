// One client engine in virtual time, with a server that says what the test says.
#pragma once

#include <gtest/gtest.h>

#include <map>

#include "offhook/engine.hpp"

namespace offhook::client {

using namespace std::chrono_literals;

inline EngineOptions test_options() {
  EngineOptions options;
  options.device_id = "d1";
  options.client = "test";
  options.command_prefix = "p";
  options.seed = Seed{3};
  return options;
}

class Device {
 public:
  explicit Device(EngineOptions options = test_options()) : engine(std::make_unique<Engine>(std::move(options))) {}

  std::unique_ptr<Engine> engine;
  std::map<CallId, JournalEntry> disk;  // what Keep and Forget have left
  bool marks_seen = true;               // the application has a handler for every end
  std::vector<std::string> order;       // of what was kept and told about ends: "keep ended", "tell ended", "keep seen"
  Instant now{std::chrono::hours{1}};
  LinkNumber link = 0;                    // of the last OpenSocket
  std::optional<CloseSocket> closed;      // the last one
  std::vector<wire::ClientMessage> sent;  // pongs and acks apart
  std::vector<EngineEvent> told;
  std::uint64_t pongs = 0;
  std::optional<std::uint64_t> acknowledged;
  std::uint64_t last_seq = 0;
  bool server_pings = true;  // at every whole second of run()

  void give(Input input) {
    Outputs out;
    engine->handle(now, std::move(input), out);
    take(out);
  }
  void hear(wire::ServerMessage message) { give(Received{link, std::move(message)}); }
  template <class Event>
  void hear_event(Event event) {
    event.seq = ++last_seq;
    hear(event);
  }

  // Opens a link up to the welcome, and gives back the hello.
  wire::Hello come_up(bool resumed = false, std::vector<wire::Snapshot> calls = {}) {
    give(Opened{link, "token"});
    const auto hello = last_sent<wire::Hello>();
    if (!resumed) last_seq = 0;
    hear(welcome(resumed, std::move(calls)));
    server_pings = true;
    return hello;
  }
  wire::Hello start() {
    give(Connect{});
    return come_up();
  }
  // The application is killed and starts anew, with what it has kept; it is not connected yet.
  void restart() {
    auto options = test_options();
    options.command_prefix = "q" + std::to_string(++restarts_);
    for (const auto& [id, entry] : disk) options.journal.push_back(entry);
    engine = std::make_unique<Engine>(std::move(options));
    forget();
    order.clear();
  }
  // Connects again; the server has this to say of calls.
  wire::Hello start(std::vector<wire::Snapshot> calls) {
    give(Connect{});
    return come_up(false, std::move(calls));
  }

  // The socket closes; a new one comes up after the pause.
  void lose() {
    give(Closed{link, {}});
    server_pings = false;
  }
  void silence() { server_pings = false; }
  wire::Hello come_back(bool resumed, std::vector<wire::Snapshot> calls = {}) {
    const auto before = link;
    give(Wake{});
    if (link == before) {  // it still believed in its socket
      give(Closed{link, {}});
      give(Wake{});
    }
    return come_up(resumed, std::move(calls));
  }

  wire::Welcome welcome(bool resumed, std::vector<wire::Snapshot> calls = {}) const {
    wire::Welcome out;
    out.client_id = ClientId(1, 1);
    out.resume_key = "key";
    out.resumed = resumed;
    out.user = "alice";
    out.device_id = "d1";
    out.heartbeat_ms = 1000;
    out.settings = settings;
    out.calls = std::move(calls);
    return out;
  }
  wire::ClientSettings settings;

  // Serves every deadline on the way.
  void run(Duration time) {
    const auto end = now + time;
    while (true) {
      auto next = engine->next_deadline().value_or(end);
      const auto ping = Instant{std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()) + 1s};
      if (server_pings) next = std::min(next, ping);
      if (next > end) break;
      now = std::max(now, next);
      Outputs out;
      engine->advance(now, out);
      take(out);
      if (server_pings && now == ping) hear(wire::ServerPing{1000});
      if (now == end && engine->next_deadline().value_or(Instant::max()) > end) break;
    }
    now = end;
  }

  // --- what came out

  template <class T>
  std::vector<T> all_sent() const {
    std::vector<T> found;
    for (const auto& message : sent) {
      if (const auto* one = std::get_if<T>(&message)) found.push_back(*one);
    }
    return found;
  }
  template <class T>
  T last_sent() const {
    const auto all = all_sent<T>();
    EXPECT_FALSE(all.empty()) << "nothing of this kind was sent";
    return all.empty() ? T{} : all.back();
  }
  template <class T>
  std::vector<T> all_told() const {
    std::vector<T> found;
    for (const auto& event : told) {
      if (const auto* one = std::get_if<T>(&event)) found.push_back(*one);
    }
    return found;
  }
  template <class T>
  T last_told() const {
    const auto all = all_told<T>();
    EXPECT_FALSE(all.empty()) << "nothing of this kind was told";
    return all.empty() ? T{} : all.back();
  }
  std::vector<CallMoment> moments() const {
    std::vector<CallMoment> found;
    for (const auto& event : all_told<event::Call>()) found.push_back(event.moment);
    return found;
  }
  void forget() {
    sent.clear();
    told.clear();
  }

  // The answer to the last command of type Command.
  template <class Command>
  void answer(wire::ReplyBody body = {}) {
    hear(wire::Reply{last_sent<Command>().cmd_id, std::move(body)});
  }
  template <class Command>
  void refuse(wire::ErrorWord word) {
    hear(wire::Error{last_sent<Command>().cmd_id, word, "because", false});
  }

 private:
  void take_kept(const JournalEntry& entry) {
    disk[entry.call_id] = entry;
    if (entry.state != JournalState::Live) order.push_back(entry.seen ? "keep seen" : "keep ended");
  }
  void take_told(const EngineEvent& event) {
    told.push_back(event);
    std::optional<CallId> id;
    if (const auto* ended = std::get_if<event::Ended>(&event)) id = ended->call.call_id;
    if (const auto* unseen = std::get_if<event::UnseenOutcome>(&event)) id = unseen->entry.call_id;
    if (!id) return;
    order.push_back("tell ended");
    if (marks_seen) give(Seen{*id});
  }
  void take(const Outputs& outputs) {
    for (const auto& output : outputs) {
      if (const auto* open = std::get_if<OpenSocket>(&output)) link = open->link;
      if (const auto* close = std::get_if<CloseSocket>(&output)) closed = *close;
      if (const auto* keep = std::get_if<Keep>(&output)) take_kept(keep->entry);
      if (const auto* gone = std::get_if<Forget>(&output)) disk.erase(gone->call_id);
      if (const auto* tell = std::get_if<Tell>(&output)) take_told(tell->event);
      if (const auto* send = std::get_if<Send>(&output)) {
        EXPECT_EQ(send->link, link) << "sent on a link that is not the current one";
        take_sent(send->message);
      }
    }
  }
  void take_sent(const wire::ClientMessage& message) {
    if (const auto* pong = std::get_if<wire::ClientPong>(&message)) {
      ++pongs;
      if (pong->seq) acknowledged = pong->seq;
    } else if (const auto* ack = std::get_if<wire::Ack>(&message)) {
      acknowledged = ack->seq;
    } else {
      sent.push_back(message);
    }
  }

  int restarts_ = 0;
};

inline const CallId k_call(1, 2);
inline const SessionId k_session(3, 4);

// A call as the server would tell it to this device; each later one of a test has a higher version.
inline wire::Snapshot snapshot_of(std::uint64_t version, wire::Role role, wire::Phase phase, wire::DeviceState you) {
  wire::Snapshot s;
  s.call_id = k_call;
  s.version = version;
  s.role = role;
  s.phase = phase;
  s.you = you;
  s.caller = {"alice", "phone"};
  s.callee = {"bob", {}};
  s.deadlines_remaining_ms.setup = 60'000;
  if (phase == wire::Phase::Connecting || phase == wire::Phase::Active) s.session_id = k_session;
  return s;
}

inline wire::Snapshot ended_with(std::uint64_t version, wire::Role role, wire::Outcome outcome, wire::Outcome device_outcome) {
  auto s = snapshot_of(version, role, wire::Phase::Ended, wire::DeviceState::Done);
  s.outcome = outcome;
  s.device_outcome = device_outcome;
  s.duration_ms = 0;
  return s;
}

}  // namespace offhook::client
