// Each client's side of every transcript: the real C++ engine in virtual time. One test case per file and client.
#include <gtest/gtest.h>

#include <deque>
#include <set>

#include "offhook/engine.hpp"
#include "transcript.hpp"
#include "wire/codec.hpp"

namespace offhook::transcripts {
namespace {

using namespace std::chrono_literals;
using client::LinkNumber;

const std::map<std::string, std::optional<Duration> client::Watchdogs::*> k_watchdogs{
    {"place", &client::Watchdogs::place},   {"caller", &client::Watchdogs::caller},
    {"setup", &client::Watchdogs::setup},   {"ring", &client::Watchdogs::ring},
    {"ring_contact", &client::Watchdogs::ring_contact}, {"answer", &client::Watchdogs::answer},
    {"connect", &client::Watchdogs::connect}, {"call", &client::Watchdogs::call}, {"end", &client::Watchdogs::end}};

client::EngineOptions options_of(const Transcript& transcript, const Party& party) {
  client::EngineOptions options;
  options.device_id = party.device;
  options.client = "transcripts";
  options.command_prefix = "t-";
  options.seed = Seed{11};
  if (!party.push.empty()) options.push = wire::PushAddress{wire::PushProvider::Fcm, party.push};
  for (const auto& [name, value] : transcript.client_settings) {
    if (k_watchdogs.contains(name) && parse_seconds(value)) {
      options.watchdogs.*k_watchdogs.at(name) = *parse_seconds(value);
    } else {
      ADD_FAILURE() << "no such watchdog: " << name << " " << value;
    }
  }
  return options;
}

json::object server_settings_of(const Transcript& transcript) {
  json::object settings;
  for (const auto& [name, value] : transcript.settings) {
    if (const auto seconds = parse_seconds(value)) settings[name + "_ms"] = to_ms(*seconds);
  }
  return settings;
}

// The wire's JSON of what `message` holds, without the fields that only carry it.
json::object body_of(const wire::ServerMessage& message) {
  auto object = json::parse(wire::encode(message)).as_object();
  for (const auto* name : {"type", "seq", "cmd_id"}) object.erase(name);
  return object;
}

// --- completing what the server says (README.md)

void put_default(json::object& object, std::string_view name, json::value value) {
  if (!object.contains(name)) object[name] = std::move(value);
}

class Completion {
 public:
  json::object snapshot(const json::object& written) {
    auto& last = calls_[std::string(written.at("call_id").as_string())];
    if (last.empty()) {
      last = {{"version", 0}, {"ringing", false}, {"peer_unstable", false}, {"media", "none"}, {"created_at_ms", 0},
              {"caller", {{"user", "alice"}}}, {"callee", {{"user", "bob"}}}};
    }
    last["version"] = last.at("version").as_int64() + 1;
    last["deadlines_remaining_ms"] = json::object();
    for (const auto& field : written) last[field.key()] = field.value();
    return last;
  }

  void message(json::object& message, std::uint64_t& last_seq) {
    const auto type = message.at("type").as_string();
    if (type != "reply" && type != "error") put_default(message, "seq", ++last_seq);
    if (type == "error") put_default(message, "message", "");
    if (auto* call = message.if_contains("call")) *call = snapshot(call->as_object());
    if (type == "elsewhere") {
      for (auto& call : message.at("calls").as_array()) put_default(call.as_object(), "answered_at_ms", 0);
    }
    for (const auto* one : {"connection", "stream"}) {
      if (auto* part = message.if_contains(one)) put_default(part->as_object(), "created_at_ms", 0);
    }
    for (const auto* many : {"connections", "streams"}) {
      if (type == "reply" && message.contains("connection")) put_default(message, many, json::array());
      if (auto* list = message.if_contains(many)) {
        for (auto& part : list->as_array()) put_default(part.as_object(), "created_at_ms", 0);
      }
    }
  }

 private:
  std::map<std::string, json::object> calls_;  // the last snapshot of each
};

// --- what the application is told, as lines of `see` name it

struct Seen {
  std::string name;  // empty: not listed
  json::object object;
  std::optional<client::Handle> call;
};

json::object view_of(const client::CallView& call) {
  json::object view{{"peer", call.peer}, {"media", wire::word(call.media)}};
  if (call.peer_device) view["peer_device"] = *call.peer_device;
  if (call.data) view["data"] = *call.data;
  return view;
}

std::string_view name_of(client::CallMoment moment) {
  static constexpr std::string_view k_names[] = {"calling", "incoming", "ringing", "connecting", "active", "peer_unstable", "peer_stable", "legs"};
  return k_names[static_cast<std::size_t>(moment)];
}

json::object connection_of(const wire::Connection& connection) {
  return {{"connection", body_of(wire::ConnectionCreated{0, {}, connection}).at("connection")}};
}

Seen seen(const client::event::Call& e) { return {std::string(name_of(e.moment)), view_of(e.call), e.call.handle}; }
Seen seen(const client::event::Ended& e) {
  auto object = view_of(e.call);
  object["outcome"] = wire::word(e.outcome);
  if (e.reason) object["reason"] = wire::word(*e.reason);
  object["duration_ms"] = e.duration_ms;
  return {"ended", object, e.call.handle};
}
Seen seen(const client::event::SessionConnected& e) {
  return {"session_connected", body_of(wire::Reply{"", wire::SessionJoined{e.session_id, e.connection, e.connections, e.streams}}), e.call};
}
Seen seen(const client::event::SessionDisconnected& e) {
  return {"session_disconnected", body_of(wire::SessionDisconnected{0, e.session_id, e.reason}), e.call};
}
Seen seen(const client::event::Session& e) {
  return {std::string(json::parse(wire::encode(e.event)).as_object().at("type").as_string()), body_of(e.event), e.call};
}
Seen seen(const client::event::ExpectationMet& e) { return {"expectation_met", connection_of(e.connection), {}}; }
Seen seen(const client::event::ConnectionMissed& e) {
  return {"connection_missed", {{"reason", body_of(wire::ConnectionMissed{0, {}, {}, e.reason}).at("reason")}}, {}};
}
Seen seen(const client::event::Presence& e) { return {"presence", {{"user", e.user}, {"online", e.online}}, {}}; }
Seen seen(const client::event::Draining& e) { return {"draining", {{"remaining_ms", e.remaining_ms}}, {}}; }
Seen seen(const client::event::Missed& e) { return {"missed", body_of(wire::Missed{0, e.record}), {}}; }
Seen seen(const client::event::Error& e) { return {"error", {{"word", e.problem.word}, {"message", e.problem.message}}, {}}; }
Seen seen(const client::event::LiveElsewhere&) { return {}; }
Seen seen(const client::event::UnseenOutcome&) { return {}; }
Seen seen(const client::event::Online&) { return {}; }
Seen seen(const client::event::Offline&) { return {}; }
Seen seen(const client::event::Closed&) { return {}; }
Seen seen(const client::event::Done&) { return {}; }
Seen seen(const client::event::Failed&) { return {}; }

class ClientRun {
 public:
  ClientRun(const Transcript& transcript, const Party& party)
      : transcript_(transcript), party_(party), engine_(options_of(transcript, party)) {}

  void run() {
    if (!party_.later) connect(Line{});
    for (const auto& line : transcript_.lines) {
      if (k_start + line.at > now_) expect_silence(line.where);
      turn_clock(k_start + line.at);
      if (line.party == party_.name) play(line);
      if (testing::Test::HasFailure()) return;
    }
    expect_silence("the end");
  }

 private:
  static constexpr Instant k_start{1'000'000s};

  // --- lines

  void play(const Line& line) {
    switch (line.verb) {
      case Verb::Do: return act(line);
      case Verb::Send: return match(line, sent_, "send", line.word);
      case Verb::See: return match(line, told_, "see", line.word);
      case Verb::Recv: return receive(line);
      case Verb::Start: return connect(line);
      case Verb::LinkClosed: return close_socket();
      case Verb::LinkSilent: is_silent_ = true; return;
      case Verb::LinkUp: return come_back(line, true);
      case Verb::LinkFresh: return come_back(line, false);
      case Verb::Push:
      case Verb::PushAnswer:
      case Verb::PushStop:
      case Verb::Drain:
      case Verb::EndCall:
      case Verb::End: return;
    }
  }

  void match(const Line& line, std::deque<json::object>& queue, const std::string& verb, const std::string& word) {
    ASSERT_FALSE(queue.empty()) << line.where << ": " << party_.name << " did not " << verb << " " << word;
    auto wanted = line.object;
    wanted["type"] = word;
    const auto problem = names_.mismatch(wanted, queue.front());
    ASSERT_FALSE(problem) << line.where << ": " << *problem << "\n  " << verb << " " << json::serialize(queue.front());
    queue.pop_front();
  }

  void receive(const Line& line) {
    ASSERT_TRUE(is_up_ && !is_silent_) << line.where << ": nothing can be received on this link";
    auto message = names_.filled(line.object).get_object();
    message["type"] = line.word;
    completion_.message(message, last_seq_);
    const auto decoded = wire::decode_server(json::serialize(message));
    ASSERT_TRUE(decoded) << line.where << ": " << decoded.error().message << " " << json::serialize(message);
    feed(client::Received{socket_, *decoded});
  }

  void act(const Line& line) {
    static const std::map<std::string, client::Action> k_actions{
        {"answer", client::Action::Answer}, {"decline", client::Action::Decline}, {"busy", client::Action::Busy},
        {"cancel", client::Action::Cancel}, {"hangup", client::Action::Hangup}, {"ignore", client::Action::Ignore},
        {"media_up", client::Action::MediaUp}, {"media_down", client::Action::MediaDown}};
    const auto action = k_actions.find(line.word);
    if (action != k_actions.end()) return feed(client::Act{handle_, action->second});
    if (line.word == "call") return place(line);
    if (line.word == "move_here") return move_here(line);
    if (line.word == "push") return be_woken(line);
    if (line.word == "media_failed") {
      const auto reason = line.args.at(0) == "permission" ? wire::MediaFailure::Permission
                          : line.args.at(0) == "device"   ? wire::MediaFailure::Device
                                                          : wire::MediaFailure::IceFailed;
      return feed(client::FailMedia{handle_, reason});
    }
    request(line);
  }

  void place(const Line& line) {
    client::PlaceCall call;
    call.handle = handle_ = ++placed_;
    if (const auto mode = argument(line, "group")) {
      call.group = group_of(line.args.at(0), *mode, argument(line, "owner_leaves").value_or("end"));
    } else {
      call.to = line.args.at(0);
    }
    call.media = *wire::parse_media(argument(line, "media").value_or("none"));
    if (const auto timeout = argument(line, "ring_timeout_ms")) call.ring_timeout_ms = std::stoll(*timeout);
    feed(call);
  }

  static wire::Group group_of(const std::string& users, const std::string& mode, const std::string& owner_leaves) {
    wire::Group group;
    for (std::size_t begin = 0; begin <= users.size();) {
      const auto end = std::min(users.find(',', begin), users.size());
      group.users.push_back(users.substr(begin, end - begin));
      begin = end + 1;
    }
    group.mode = mode == "all_join" ? wire::GroupMode::AllJoin : wire::GroupMode::FirstAnswer;
    group.owner_leaves = owner_leaves == "stay" ? wire::OwnerLeaves::Stay : wire::OwnerLeaves::End;
    return group;
  }

  // What the application gives it of a push that has arrived; how much of the ringing remains is known.
  void be_woken(const Line& line) {
    const auto payload = names_.filled(line.object).get_object();
    client::Woken woken;
    woken.call_id = *CallId::parse(payload.at("call_id").as_string());
    woken.caller.user = payload.at("caller").at("user").as_string();
    woken.media = *wire::parse_media(payload.at("media").as_string());
    woken.remaining = std::chrono::milliseconds{payload.at("remaining_ms").as_int64()};
    feed(woken);
  }

  void move_here(const Line& line) {
    client::MoveCall move;
    move.handle = handle_ = ++placed_;
    move.call_id = *CallId::parse(names_.filled(line.args.at(0)));
    move.role = argument(line, "role") == "caller" ? wire::Role::Caller : wire::Role::Callee;
    move.peer = argument(line, "peer").value_or("");
    move.media = *wire::parse_media(argument(line, "media").value_or("none"));
    feed(move);
  }

  // The command as JSON, so that one decoder makes it whatever its type is.
  void request(const Line& line) {
    auto body = names_.filled(line.object).get_object();
    const auto given = [&](std::size_t index) { return names_.filled(line.args.at(index)); };
    body["type"] = line.word;
    if (line.word == "request") {
      body["type"] = line.args.at(0);
    } else if (line.word == "connect" || line.word == "disconnect") {
      body = {{"type", "session_" + line.word}, {"session_id", given(0)}};
      if (const auto token = argument(line, "token")) body["token"] = *token;
    } else if (line.word == "signal") {
      body = {{"type", "signal"}, {"session_id", given(0)}, {"signal_type", given(1)}, {"data", given(2)}};
    } else if (line.word == "expect") {
      body["session_id"] = given(0);
      if (const auto timeout = argument(line, "timeout_ms")) body["timeout_ms"] = std::stoll(*timeout);
      if (const auto user = argument(line, "user")) body["user"] = *user;
    } else if (line.word == "reject") {
      body = {{"type", "session_reject"}, {"token", given(0)}};
    }
    body["cmd_id"] = "unset";
    const auto command = wire::decode_client(json::serialize(body));
    ASSERT_TRUE(command) << line.where << ": " << command.error().message;
    feed(client::Request{++requests_, *command});
  }

  std::optional<std::string> argument(const Line& line, const std::string& name) {
    for (const auto& word : line.args) {
      if (word.starts_with(name + "=")) return names_.filled(word.substr(name.size() + 1));
    }
    return std::nullopt;
  }

  // --- the link

  void connect(const Line& line) {
    feed(client::Connect{});
    open(line, false);
  }

  void close_socket() {
    is_up_ = is_silent_ = false;
    if (const auto link = std::exchange(socket_, 0)) feed(client::Closed{link, std::nullopt});
  }

  void come_back(const Line& line, bool resumed) {
    close_socket();
    feed(client::Wake{});
    open(line, resumed);
  }

  // The socket the engine wants is there, and the server answers its hello.
  void open(const Line& line, bool resumed) {
    ASSERT_NE(wanted_, 0U) << line.where << ": no socket was opened";
    socket_ = std::exchange(wanted_, 0);
    hello_.clear();
    feed(client::Opened{socket_, "t"});
    ASSERT_FALSE(hello_.empty()) << line.where << ": no hello";
    check_hello(line);
    if (!resumed) {
      last_seq_ = 0;
      ++clients_;
    }
    json::array calls;
    if (const auto* written = line.object.if_contains("calls")) {
      const auto filled = names_.filled(*written);
      for (const auto& call : filled.as_array()) calls.push_back(completion_.snapshot(call.as_object()));
    }
    const json::object welcome{
        {"type", "welcome"}, {"version", 1}, {"server", "transcript"}, {"client_id", client_id()}, {"resume_key", resume_key()},
        {"resumed", resumed}, {"user", party_.user}, {"device_id", party_.device}, {"time_at_ms", 0}, {"heartbeat_ms", 1000},
        {"settings", server_settings_of(transcript_)}, {"ice_servers", json::array()}, {"calls", calls}};
    const auto decoded = wire::decode_server(json::serialize(welcome));
    ASSERT_TRUE(decoded) << line.where << ": " << decoded.error().message;
    is_up_ = true;
    feed(client::Received{socket_, *decoded});
  }

  std::string client_id() const { return ClientId(7, clients_).text(); }
  std::string resume_key() const { return "key" + std::to_string(clients_); }

  void check_hello(const Line& line) {
    json::object wanted{{"device_id", party_.device}, {"token", "t"}, {"version", 1}};
    if (!party_.push.empty()) wanted["push"] = {{"provider", "fcm"}, {"token", party_.push}};
    if (clients_ > 0) {
      wanted["resume"] = {{"client_id", client_id()}, {"resume_key", resume_key()}, {"last_seq", last_seq_}};
    }
    const auto problem = names_.mismatch(wanted, hello_);
    EXPECT_FALSE(problem) << line.where << ": hello: " << *problem;
    const auto* named = hello_.if_contains("calls");
    for (const auto& [handle, call] : shown_) {
      if (!call) continue;
      const bool found = named != nullptr && std::count(named->as_array().begin(), named->as_array().end(), json::value(*call)) == 1;
      EXPECT_TRUE(found) << line.where << ": hello does not name " << *call;
    }
  }

  // --- the clock: deadlines, and the heartbeat at every whole second

  void turn_clock(Instant to) {
    for (auto next = next_moment(); next <= to; next = next_moment()) {
      const auto before = now_;
      now_ = std::max(now_, next);
      const bool is_tick = now_ > before && (now_ - k_start) % 1s == 0s;
      if (is_tick && is_up_ && !is_silent_) {
        beat();
      } else {
        client::Outputs outputs;
        engine_.advance(now_, outputs);
        carry_out(std::move(outputs));
      }
      if (now_ < to) expect_silence("");
    }
    now_ = to;
  }

  Instant next_moment() const {
    const auto elapsed = now_ - k_start;
    const auto tick = k_start + (elapsed / 1s + 1) * 1s;
    return std::min(engine_.next_deadline().value_or(tick), tick);
  }

  void beat() {
    pongs_ = 0;
    feed(client::Received{socket_, wire::ServerPing{1000}});
    EXPECT_EQ(pongs_, 1) << seconds() << " s: a ping is answered by one pong";
  }

  double seconds() const { return std::chrono::duration<double>(now_ - k_start).count(); }

  void expect_silence(const std::string& where) {
    for (const auto& message : sent_) {
      ADD_FAILURE() << "not listed, " << seconds() << " s (before " << where << "): " << party_.name << " send " << json::serialize(message);
    }
    for (const auto& event : told_) {
      ADD_FAILURE() << "not listed, " << seconds() << " s (before " << where << "): " << party_.name << " see " << json::serialize(event);
    }
    sent_.clear();
    told_.clear();
  }

  // --- the engine

  void feed(client::Input input) {
    client::Outputs outputs;
    engine_.handle(now_, std::move(input), outputs);
    carry_out(std::move(outputs));
  }

  void carry_out(client::Outputs outputs) {
    for (const auto& output : outputs) std::visit([&](const auto& one) { carry_out_one(one); }, output);
  }

  void carry_out_one(const client::OpenSocket& open) { wanted_ = open.link; }

  void carry_out_one(const client::CloseSocket& close) {
    if (close.link == wanted_) wanted_ = 0;
    if (close.link != socket_) return;
    socket_ = 0;
    is_up_ = is_silent_ = false;
  }

  void carry_out_one(const client::Send& send) {
    EXPECT_EQ(send.link, socket_) << "sent on a socket that is not there";
    const auto message = json::parse(wire::encode(send.message)).as_object();
    const auto& type = message.at("type").as_string();
    if (type == "hello") {
      hello_ = message;
    } else if (type == "pong") {
      ++pongs_;
    } else if (type != "ping" && type != "ack") {
      EXPECT_TRUE(is_up_) << "sent before the welcome: " << json::serialize(message);
      sent_.push_back(message);
    }
  }

  void carry_out_one(const client::Keep&) {}
  void carry_out_one(const client::Forget&) {}

  void carry_out_one(const client::Tell& tell) {
    auto event = std::visit([](const auto& one) { return seen(one); }, tell.event);
    if (const auto* call = std::get_if<client::event::Call>(&tell.event)) {
      handle_ = call->call.handle;
      shown_[handle_] = call->call.call_id ? std::optional(call->call.call_id->text()) : std::nullopt;
    }
    if (const auto* ended = std::get_if<client::event::Ended>(&tell.event)) {
      EXPECT_TRUE(ended_.insert(ended->call.handle).second) << "ended twice";
      shown_.erase(ended->call.handle);
    } else if (event.call && ended_.contains(*event.call)) {
      EXPECT_FALSE(std::holds_alternative<client::event::Call>(tell.event)) << event.name << " after ended";
      return;
    }
    if (event.name.empty()) return;
    event.object["type"] = event.name;
    told_.push_back(event.object);
  }

  const Transcript& transcript_;
  const Party& party_;
  client::Engine engine_;
  Instant now_ = k_start;
  Names names_;
  Completion completion_;
  LinkNumber wanted_ = 0;  // the engine opened it, it is not there yet
  LinkNumber socket_ = 0;
  bool is_up_ = false;
  bool is_silent_ = false;
  json::object hello_;
  std::uint64_t clients_ = 0;   // fresh ones so far
  std::uint64_t last_seq_ = 0;
  int pongs_ = 0;
  std::deque<json::object> sent_, told_;  // not listed yet
  client::Handle handle_ = 0;   // of the latest call
  client::Handle placed_ = 0;
  client::RequestNumber requests_ = 0;
  std::map<client::Handle, std::optional<std::string>> shown_;  // calls the application sees
  std::set<client::Handle> ended_;
};

struct Case {
  std::string file;
  std::string party;  // empty: the file cannot be read
};

void PrintTo(const Case& one, std::ostream* out) { *out << one.file << " " << one.party; }

std::vector<Case> all_cases() {
  std::vector<Case> cases;
  for (const auto& name : transcript_names(Side::Client)) {
    const auto transcript = read_transcript(name);
    if (!transcript) cases.push_back({name, ""});
    for (const auto& party : transcript ? transcript->parties : std::vector<Party>()) cases.push_back({name, party.name});
  }
  return cases;
}

class ClientTranscripts : public testing::TestWithParam<Case> {};

TEST_P(ClientTranscripts, ClientKeeps) {
  const auto transcript = read_transcript(GetParam().file);
  ASSERT_TRUE(transcript) << transcript.error();
  for (const auto& party : transcript->parties) {
    if (party.name == GetParam().party) ClientRun(*transcript, party).run();
  }
}

INSTANTIATE_TEST_SUITE_P(Files, ClientTranscripts, testing::ValuesIn(all_cases()),
                         [](const auto& one) { return one.param.file + "__" + one.param.party; });

}  // namespace
}  // namespace offhook::transcripts
