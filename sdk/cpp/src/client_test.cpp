// The client as an application uses it, against a listener that the test itself speaks for: real sockets, the real thread.
#include "client_testing.hpp"

#include <fstream>
#include <sstream>
#include <thread>

#include "offhook/http.hpp"
#include "url.hpp"

namespace offhook {
namespace {

TEST(Client, SaysHelloAndGoesOnline) {
  Listener listener;
  Told<bool> online;
  Client client(options_for(listener));
  client.on_online([&] { online.tell(true); });
  client.connect();
  wire::Hello hello;
  auto peer = listener.welcome(&hello);
  EXPECT_EQ(hello.token, "t.o.k");
  EXPECT_EQ(hello.device_id, "laptop");
  EXPECT_TRUE(hello.client.value_or("").starts_with("offhook-cpp/"));
  EXPECT_TRUE(online.get());
}

TEST(Client, ACallEndsWithTheWordOfTheServer) {
  Listener listener;
  Client client(options_for(listener));
  client.connect();
  auto call = client.call("bob");
  EXPECT_EQ(call.state(), CallState::Calling);
  EXPECT_FALSE(call.id());
  auto peer = listener.welcome();
  const auto invite = peer.expect<wire::Invite>();
  EXPECT_EQ(invite.to, "bob");
  peer.say(wire::Reply{invite.cmd_id, wire::CallReply{call_to_bob()}});
  peer.say(wire::CallEvent{1, ended(call_to_bob(), Outcome::Unreachable, Reason::NoDevices)});
  const auto end = call.wait();
  EXPECT_EQ(end.outcome, Outcome::Unreachable);
  EXPECT_EQ(end.text, "bob is not online.");
  EXPECT_EQ(call.outcome(), Outcome::Unreachable);
  EXPECT_EQ(call.reason(), Reason::NoDevices);
  EXPECT_EQ(call.id(), k_call);
}

TEST(Client, AHandlerThatComesTooLateIsStillToldOfTheEndOnce) {
  Listener listener;
  Client client(options_for(listener));
  client.connect();
  auto call = client.call("bob");
  auto peer = listener.welcome();
  peer.say(wire::Reply{peer.expect<wire::Invite>().cmd_id, wire::CallReply{ended(call_to_bob(), Outcome::Busy)}});
  call.wait();
  int times = 0;
  Told<bool> done;
  call.on_ended([&](const CallEnd&) { ++times; });
  client.post([&] { done.tell(true); });
  done.get();
  EXPECT_EQ(times, 1);
}

TEST(Client, AnIncomingCallIsAnsweredAndItsSessionJoined) {
  Listener listener;
  Told<std::string> from;
  Told<SessionId> session;
  Client client(options_for(listener));
  client.on_incoming([&](Call call) {
    call.on_session([&](const Session& joined) { session.tell(joined.id()); });
    from.tell(call.peer());
    call.answer();
  });
  client.connect();
  auto peer = listener.welcome();
  auto call = call_to_bob();
  call.role = Role::Callee;
  call.you = wire::DeviceState::Notified;
  std::swap(call.caller, call.callee);
  peer.say(wire::CallEvent{1, call});
  EXPECT_EQ(from.get(), "bob");
  const auto answer = peer.expect<wire::Answer>();
  call.phase = wire::Phase::Connecting;
  call.you = wire::DeviceState::Winner;
  call.session_id = k_session;
  call.version = 3;
  peer.say(wire::Reply{answer.cmd_id, wire::CallReply{call}});
  const auto join = peer.expect<wire::SessionConnect>();
  peer.say(wire::Reply{join.cmd_id, wire::SessionJoined{k_session, {k_mine, "alice", {}, 0}, {}, {}}});
  EXPECT_EQ(session.get(), k_session);
}

TEST(Client, ADeviceOfWhichNobodyAsksToBeToldIsBusy) {
  Listener listener;
  Client client(options_for(listener));
  client.connect();
  auto peer = listener.welcome();
  auto call = call_to_bob();
  call.role = Role::Callee;
  call.you = wire::DeviceState::Notified;
  peer.say(wire::CallEvent{1, call});
  EXPECT_EQ(peer.expect<wire::Decline>().reason, wire::DeclineReason::Busy);
}

TEST(Client, ALostConnectionIsMendedByResuming) {
  Listener listener;
  Told<bool> offline;
  Client client(options_for(listener));
  client.on_offline([&] { offline.tell(true); });
  client.connect();
  listener.welcome().cut();
  EXPECT_TRUE(offline.get());
  const auto hello = listener.accept().expect<wire::Hello>();
  ASSERT_TRUE(hello.resume);
  EXPECT_EQ(hello.resume->resume_key, "key");
}

// A machine that wakes up finds many messages and a closed connection all at once: an answer cannot be written any more while the
// message after it is read already.
TEST(Client, AProcessThatStoodStillComesBackThoughTheConnectionBrokeMeanwhile) {
  Listener listener;
  Told<bool> online;
  Client client(options_for(listener));
  client.on_online([&, first = true]() mutable {
    if (std::exchange(first, false)) online.tell(true);
  });
  client.connect();
  auto peer = listener.welcome();
  online.get();
  std::promise<void> wake_up;
  client.post([asleep = wake_up.get_future().share()] { asleep.wait(); });
  for (int i = 0; i < 16; ++i) peer.say(wire::ServerPing{25'000});
  peer.cut();
  wake_up.set_value();
  EXPECT_TRUE(listener.accept().expect<wire::Hello>().resume);
}

TEST(Client, ItsEndSaysGoodbyeAndEndsEveryCallOnce) {
  Listener listener;
  int times = 0;
  std::optional<Call> call;
  auto client = std::make_unique<Client>(options_for(listener));
  client->connect();
  call = client->call("bob");
  call->on_ended([&](const CallEnd&) { ++times; });
  auto peer = listener.welcome();
  peer.say(wire::Reply{peer.expect<wire::Invite>().cmd_id, wire::CallReply{call_to_bob()}});
  std::thread end([&] { client.reset(); });
  peer.expect<wire::Bye>();
  EXPECT_TRUE(peer.is_closed_by_client());
  end.join();
  EXPECT_EQ(times, 1);
  EXPECT_EQ(call->state(), CallState::Ended);
  call->hang_up();  // too late, and no harm
  EXPECT_EQ(call->wait().outcome, call->end()->outcome);
}

TEST(Client, SeveralShareAThreadAndOneMayEndBeforeTheOthers) {
  ClientThread thread;
  Listener listener;
  auto options = options_for(listener);
  options.thread = &thread;
  Client stays(options);
  Told<std::thread::id> here, there;
  {
    options.device_id = "tablet";
    Client leaves(options);
    stays.post([&] { here.tell(std::this_thread::get_id()); });
    leaves.post([&] { there.tell(std::this_thread::get_id()); });
    EXPECT_EQ(here.get(), there.get());
    leaves.connect();
    auto peer = listener.welcome();
    leaves.after(std::chrono::milliseconds{0}, [] {});
  }
  Told<bool> online;
  stays.on_online([&] { online.tell(true); });
  stays.connect();
  auto peer = listener.welcome();
  EXPECT_TRUE(online.get());
}

TEST(Client, WhateverIsStillAskedAtItsEndIsAnswered) {
  Listener listener;
  std::vector<std::string> words;
  auto client = std::make_unique<Client>(options_for(listener));
  client->create_session([&](const Result<NewSession, Problem>& answer) { words.push_back(answer ? "made" : answer.error().word); });
  int told = 0;
  client->session(k_session).expect_connection({}, [&](const Expected&) { ++told; });
  client.reset();
  EXPECT_EQ(words, std::vector<std::string>{"closed"});
  EXPECT_EQ(told, 1);
}

TEST(Client, SessionsTellWhoComesAndWhatIsSaid) {
  Listener listener;
  Told<std::size_t> joined;
  Told<ConnectionId> came;
  Told<std::string> heard;
  Client client(options_for(listener));
  client.connect();
  auto session = client.session(k_session, "token");
  session.on_connection_created([&](const Connection& connection) { came.tell(connection.connection_id); });
  session.on_signal([&](const Signal& signal) { heard.tell(signal.type + " " + signal.data); });
  session.connect([&](const Result<SessionState, Problem>& state) { joined.tell(state ? state->connections.size() : 99); });
  auto peer = listener.welcome();
  const auto join = peer.expect<wire::SessionConnect>();
  EXPECT_EQ(join.token, "token");
  peer.say(wire::Reply{join.cmd_id, wire::SessionJoined{k_session, {k_mine, {}, {}, 0}, {{k_other, {}, {}, 0}}, {}}});
  EXPECT_EQ(joined.get(), 1u);
  peer.say(wire::ConnectionCreated{1, k_session, {ConnectionId(9, 9), {}, {}, 0}});
  EXPECT_EQ(came.get(), ConnectionId(9, 9));
  peer.say_text(R"({"type":"novelty","seq":2})");  // of a newer server; its number counts
  peer.say(wire::SignalEvent{3, k_session, k_other, "chat", "hi"});
  EXPECT_EQ(heard.get(), "chat hi");
}

TEST(Client, AnExpectationIsToldOnceOfWhoNeverCame) {
  Listener listener;
  Told<Expected> told;
  Client client(options_for(listener));
  client.connect();
  client.session(k_session).expect_connection({std::chrono::seconds{5}, "bob", {}}, [&](Expected what) { told.tell(std::move(what)); });
  auto peer = listener.welcome();
  const auto expect = peer.expect<wire::Expect>();
  EXPECT_EQ(expect.timeout_ms, 5'000);
  EXPECT_EQ(expect.user, "bob");
  peer.say(wire::Reply{expect.cmd_id, wire::ExpectReply{ExpectationId(1, 1), 5'000}});
  peer.say(wire::ConnectionMissed{1, k_session, ExpectationId(1, 1), MissReason::Rejected});
  EXPECT_EQ(std::get<MissReason>(told.get()), MissReason::Rejected);
}

TEST(Client, AServerThatIsNotThereIsToldWithASentence) {
  std::string url;
  { url = Listener().url(); }
  Told<Problem> told;
  bool first = true;
  Client client({.url = url, .token = "t"});
  client.on_error([&](const Problem& problem) {
    if (std::exchange(first, false)) told.tell(problem);
  });
  client.connect();
  const auto problem = told.get();
  EXPECT_EQ(problem.word, "unreachable");
  EXPECT_NE(problem.message.find("refuses the connection"), std::string::npos) << problem.message;
}

TEST(Client, OptionsThatCannotBeRightAreToldByConnect) {
  const auto word_for = [](ClientOptions options) {
    Told<Problem> told;
    Client client(std::move(options));
    client.on_closed([&](const std::optional<Problem>& problem) { told.tell(problem.value()); });
    client.connect();
    return told.get().word;
  };
  EXPECT_EQ(word_for({.url = "ftp://x", .token = "t"}), "bad_url");
  EXPECT_EQ(word_for({.token = "t", .device_id = "my phone"}), "bad_device_id");
  ClientOptions patient{.token = "t"};
  patient.watchdogs.place = std::chrono::hours{2};
  EXPECT_EQ(word_for(patient), "bad_watchdog");
}

TEST(Client, ATokenMayComeLaterAndFromAnotherThread) {
  Listener listener;
  std::function<void(std::string)> give;
  Told<bool> asked;
  ClientOptions options = options_for(listener);
  options.get_token = [&](std::function<void(std::string)> giver) {
    give = std::move(giver);
    asked.tell(true);
  };
  Client client(options);
  client.connect();
  asked.get();
  give("fresh");
  EXPECT_EQ(listener.accept().expect<wire::Hello>().token, "fresh");
}

TEST(Http, AsksAndIsAnswered) {
  Listener listener;
  std::string asked;
  std::thread server([&] {
    auto socket = listener.acceptor().accept();
    char bytes[1024];
    asked.assign(bytes, socket.read_some(asio::buffer(bytes)));
    asio::write(socket, asio::buffer(std::string("HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}")));
  });
  const auto reply = fetch({.url = listener.url(), .target = "/v1/calls?user=" + percent_encoded("a b/ü"), .token = "x.y"});
  server.join();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 404u);
  EXPECT_EQ(reply->body, "{}");
  EXPECT_TRUE(asked.starts_with("GET /v1/calls?user=a%20b%2F%C3%BC HTTP/1.1\r\n")) << asked;
  EXPECT_NE(asked.find("Authorization: Bearer x.y\r\n"), std::string::npos) << asked;
}

TEST(Http, RefusesWhatWouldBreakOutOfTheFirstLines) {
  EXPECT_EQ(fetch({.url = "http://127.0.0.1:1", .target = "/a b"}).error().word, "bad_request");
  EXPECT_EQ(fetch({.url = "http://127.0.0.1:1", .target = "/", .token = "a\r\nB: c"}).error().word, "bad_request");
  EXPECT_EQ(fetch({.url = "nonsense", .target = "/"}).error().word, "bad_url");
}

TEST(Http, AServerThatSaysNothingIsGivenUp) {
  Listener listener;  // never accepts: the connection waits in its queue
  const auto reply = fetch({.url = listener.url(), .target = "/", .timeout = std::chrono::milliseconds{50}});
  ASSERT_FALSE(reply);
  EXPECT_NE(reply.error().message.find("in time"), std::string::npos);
}

TEST(Url, OfEveryFormThatAServerHas) {
  const auto read = [](const char* text) {
    const auto url = client::parse_url(text);
    return url ? std::string(url->secure ? "tls " : "") + client::authority_of(*url) + client::client_socket_of(*url).path : url.error().word;
  };
  EXPECT_EQ(read("http://127.0.0.1:7080"), "127.0.0.1:7080/v1/client");
  EXPECT_EQ(read("https://calls.example.org/"), "tls calls.example.org:443/v1/client");
  EXPECT_EQ(read("ws://[::1]:81/other"), "[::1]:81/other");
  EXPECT_EQ(read("wss://[::1]"), "tls [::1]:443/v1/client");
  for (const auto* bad : {"", "host:1", "http://", "http://:1", "http://h:", "http://h:0", "http://h:65536", "http://h:1x", "http://u@h",
                          "http://h/a b", "http://[::1]x", "http://h/\r\nX: y"}) {
    EXPECT_EQ(read(bad), "bad_url") << bad;
  }
}

TEST(OutcomeText, HasASentenceForEveryOutcomeAndNamesTheRightSide) {
  for (int outcome = 0; outcome <= static_cast<int>(Outcome::LostContact); ++outcome) {
    for (const auto role : {Role::Caller, Role::Callee}) {
      EXPECT_TRUE(outcome_text(static_cast<Outcome>(outcome), {}, role, "bob").ends_with(".")) << outcome;
    }
  }
  EXPECT_EQ(outcome_text(Outcome::Ended, Reason::ByCaller, Role::Caller, "bob"), "You hung up.");
  EXPECT_EQ(outcome_text(Outcome::Ended, Reason::ByCaller, Role::Callee, "alice"), "alice hung up.");
  EXPECT_EQ(outcome_text(Outcome::Dropped, Reason::CalleeLost, Role::Caller, "bob"), "The call was cut off: bob lost the connection.");
}

std::string text_of(const std::string& path) {
  std::ifstream file(OFFHOOK_SOURCE_DIR "/" + path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(Readme, ShowsTheExampleAsItIsBuilt) {
  const auto example = text_of("sdk/cpp/examples/first_call.cpp");
  ASSERT_FALSE(example.empty());
  EXPECT_NE(text_of("sdk/cpp/README.md").find("```cpp\n" + example + "```\n"), std::string::npos);
}

}  // namespace
}  // namespace offhook
