// Groups, taking calls over, rules and what outlives the process, as an application uses them.
#include <filesystem>
#include <fstream>
#include <sstream>

#include "client_testing.hpp"

namespace offhook {
namespace {

wire::Snapshot active_call(wire::DeviceState you, std::uint64_t version) {
  auto call = call_to_bob(wire::Phase::Active, version);
  call.you = you;
  call.session_id = k_session;
  return call;
}

const ElsewhereCall k_elsewhere{k_call, Role::Caller, "bob", "Phone", Media::None, 1, false};

TEST(ClientCall, AGroupIsStartedAndItsLegsAreShown) {
  Listener listener;
  Client client(options_for(listener));
  client.connect();
  CallOptions options;
  options.wait_full_ring = true;
  options.drop_grace = std::chrono::seconds{5};
  auto call = client.start_group({{"bob", "carol"}, GroupMode::AllJoin, OwnerLeaves::Stay}, options);
  Told<std::vector<Leg>> legs;
  call.on_legs_changed([&](const std::vector<Leg>& now) { legs.tell(now); });
  EXPECT_EQ(call.peer(), "bob");
  auto peer = listener.welcome();
  const auto invite = peer.expect<wire::Invite>();
  EXPECT_EQ(invite.to, "");
  EXPECT_EQ(invite.group.value().users, (std::vector<UserId>{"bob", "carol"}));
  EXPECT_EQ(invite.drop_grace_ms, 5'000);
  EXPECT_TRUE(invite.wait_full_ring);
  auto group = call_to_bob();
  group.group_mode = GroupMode::AllJoin;
  group.legs = {{"bob", LegState::Ringing, {}, {}}, {"carol", LegState::Ended, Outcome::Busy, Reason::InCall}};
  peer.say(wire::Reply{invite.cmd_id, wire::CallReply{group}});
  EXPECT_EQ(legs.get()[1].outcome, Outcome::Busy);
  EXPECT_EQ(call.legs().size(), 2U);
  EXPECT_EQ(call.group_mode(), GroupMode::AllJoin);
  Told<std::string> refused;
  call.ring_more({"dave"}, [&](const std::optional<Problem>& problem) { refused.tell(problem ? problem->word : ""); });
  const auto more = peer.expect<wire::RingMore>();
  EXPECT_EQ(more.users, std::vector<UserId>{"dave"});
  peer.say(wire::Error{more.cmd_id, wire::ErrorWord::LimitReached, "16 users at most", false});
  EXPECT_EQ(refused.get(), "limit_reached");
  peer.say(wire::CallEvent{1, ended(group, Outcome::NoAnswer)});
  EXPECT_EQ(call.wait().text, "The group did not answer.");
  Told<std::string> late;
  call.ring_more({"dave"}, [&](const std::optional<Problem>& problem) { late.tell(problem.value().word); });
  EXPECT_EQ(late.get(), "not_allowed");
}

TEST(ClientCall, ACallOnAnotherDeviceIsShownAndTakenOver) {
  Listener listener;
  Told<ElsewhereCall> known;
  bool is_known = false;  // it is elsewhere again when this client has said good-bye
  Client client(options_for(listener));
  client.on_live_elsewhere([&](const std::vector<ElsewhereCall>& calls) {
    if (!calls.empty() && !std::exchange(is_known, true)) known.tell(calls.front());
  });
  client.connect();
  auto peer = listener.welcome();
  peer.say(wire::Elsewhere{1, {k_elsewhere}});
  const auto from = known.get();
  EXPECT_EQ(from.device, "Phone");
  auto call = client.move_here(from);
  EXPECT_EQ(call.state(), CallState::Moving);
  EXPECT_EQ(call.id(), k_call);
  Told<bool> active;
  call.on_active([&] { active.tell(true); });
  const auto move = peer.expect<wire::MoveHere>();
  EXPECT_TRUE(client.live_elsewhere().empty()) << "this device is about to be in it";
  peer.say(wire::Reply{move.cmd_id, wire::CallReply{active_call(wire::DeviceState::Moving, 5)}});
  peer.expect<wire::SessionConnect>();
  EXPECT_EQ(call.state(), CallState::Moving);
  peer.say(wire::CallEvent{2, active_call(wire::DeviceState::Joined, 6)});
  EXPECT_TRUE(active.get());
  EXPECT_EQ(call.state(), CallState::Active);
}

TEST(ClientCall, ADeviceThatLostACallTakesItBack) {
  Listener listener;
  Client client(options_for(listener));
  client.connect();
  auto call = client.call("bob");
  auto peer = listener.welcome();
  peer.say(wire::Reply{peer.expect<wire::Invite>().cmd_id, wire::CallReply{active_call(wire::DeviceState::Joined, 2)}});
  auto moved = active_call(wire::DeviceState::Elsewhere, 3);
  moved.session_id.reset();
  moved.device_outcome = Outcome::MovedElsewhere;
  peer.say(wire::CallEvent{1, moved});
  EXPECT_EQ(call.wait().outcome, Outcome::MovedElsewhere);
  auto again = call.move_here();
  EXPECT_EQ(peer.expect<wire::MoveHere>().call_id, k_call);
  EXPECT_EQ(again.state(), CallState::Moving);
  EXPECT_EQ(again.peer(), "bob");
}

TEST(ClientCall, ALostLinkIsShownInTheCall) {
  Listener listener;
  Client client(options_for(listener));
  client.connect();
  auto call = client.call("bob");
  Told<bool> lost, back;
  call.on_reconnecting([&] { lost.tell(call.reconnecting()); });
  call.on_reconnected([&] { back.tell(call.reconnecting()); });
  {
    auto peer = listener.welcome();
    peer.say(wire::Reply{peer.expect<wire::Invite>().cmd_id, wire::CallReply{active_call(wire::DeviceState::Joined, 2)}});
    peer.expect<wire::SessionConnect>();
    peer.cut();
  }
  EXPECT_TRUE(lost.get());
  call.on_reconnecting({});  // it is lost once more at the end of this test, maybe before the client is gone
  auto peer = listener.welcome(nullptr, {active_call(wire::DeviceState::Joined, 2)});
  EXPECT_FALSE(back.get());
}

TEST(ClientCall, ACallThatTheBackendPlacesIsGivenToTheApplication) {
  Listener listener;
  Client client(options_for(listener));
  Told<std::string> to;
  client.on_outgoing([&](const Call& call) { to.tell(call.peer()); });
  client.connect();
  auto peer = listener.welcome();
  peer.say(wire::CallEvent{1, call_to_bob()});
  EXPECT_EQ(to.get(), "bob");
}

TEST(ClientCall, WithoutAHandlerForThemCallsOfTheBackendAreCancelled) {
  Listener listener;
  Client client(options_for(listener));
  client.connect();
  auto peer = listener.welcome();
  peer.say(wire::CallEvent{1, call_to_bob()});
  EXPECT_EQ(peer.expect<wire::Cancel>().call_id, k_call);
}

TEST(ClientCall, RulesAreReadAndReplaced) {
  Listener listener;
  Client client(options_for(listener));
  Told<Rules> read, written;
  client.connect();
  auto peer = listener.welcome();
  client.get_rules([&](const Result<Rules, Problem>& rules) { read.tell(rules ? *rules : Rules{}); });
  peer.say(wire::Reply{peer.expect<wire::GetRules>().cmd_id, wire::RulesReply{{CallWaiting::Off, 1, false, {"mallory"}}}});
  EXPECT_EQ(read.get().blocked, std::vector<UserId>{"mallory"});
  client.set_rules({CallWaiting::RingAll, 3, true, {}}, [&](const Result<Rules, Problem>& rules) { written.tell(rules ? *rules : Rules{}); });
  const auto set = peer.expect<wire::SetRules>();
  EXPECT_TRUE(set.rules.do_not_disturb);
  peer.say(wire::Reply{set.cmd_id, wire::RulesReply{set.rules}});
  EXPECT_EQ(written.get().max_parallel_rings, 3);
}

// --- what outlives the process

class ClientMemory : public testing::Test {
 protected:
  void SetUp() override {
    folder = std::filesystem::path(testing::TempDir()) / ("offhook-memory-" + std::string(testing::UnitTest::GetInstance()->current_test_info()->name()));
    std::filesystem::remove_all(folder);
    std::filesystem::create_directory(folder);
  }
  void TearDown() override { std::filesystem::remove_all(folder); }

  ClientOptions options(const char* file = "state") {
    auto out = options_for(listener);
    out.device_id.clear();
    out.state_file = folder / file;
    return out;
  }
  // What a process leaves that is killed now.
  void kill_into(const char* file) { std::filesystem::copy_file(folder / "state", folder / file); }

  Listener listener;
  std::filesystem::path folder;
};

TEST_F(ClientMemory, ADeviceKeepsItsName) {
  std::string name;
  {
    Client first(options());
    name = first.device_id();
  }
  EXPECT_EQ(Client(options()).device_id(), name);
  EXPECT_TRUE(name.starts_with("cpp-"));
}

TEST_F(ClientMemory, ACallThatAKilledProcessWasInIsToldByTheNext) {
  Client client(options());
  client.connect();
  auto call = client.call("bob");
  Told<bool> known;
  call.on_active([&] { known.tell(true); });
  auto peer = listener.welcome();
  peer.say(wire::Reply{peer.expect<wire::Invite>().cmd_id, wire::CallReply{active_call(wire::DeviceState::Joined, 2)}});
  known.get();
  kill_into("killed");

  auto next = std::make_unique<Client>(options("killed"));
  EXPECT_EQ(next->device_id(), client.device_id());
  EXPECT_TRUE(next->unseen_outcomes().empty()) << "the server has not said yet";
  Told<std::vector<UnseenOutcome>> told;
  next->on_unseen_outcomes([&](const std::vector<UnseenOutcome>& outcomes) { told.tell(outcomes); });
  next->connect();
  wire::Hello hello;
  auto dropped = ended(active_call(wire::DeviceState::Done, 3), Outcome::Dropped, Reason::CallerLost);
  auto other = listener.welcome(&hello, {dropped});
  EXPECT_EQ(hello.calls, std::vector<CallId>{k_call});
  const auto outcomes = told.get();
  ASSERT_EQ(outcomes.size(), 1U);
  EXPECT_EQ(outcomes[0].call_id, k_call);
  EXPECT_EQ(outcomes[0].text, "The call was cut off: you lost the connection.");
  EXPECT_EQ(next->unseen_outcomes().size(), 1U);
  next->mark_seen(k_call);
  Told<bool> done;
  next->post([&] { done.tell(true); });
  done.get();
  EXPECT_TRUE(next->unseen_outcomes().empty());
  next.reset();
  EXPECT_TRUE(Client(options("killed")).unseen_outcomes().empty());
}

// A process that dies in its handler was told; one that dies before is told by the next. Nobody is told twice.
TEST_F(ClientMemory, TheEndIsOnTheDiskBeforeItIsToldAndSeenAfterwards) {
  Client client(options());
  client.connect();
  auto call = client.call("bob");
  Told<bool> in_handler, after;
  call.on_ended([&](const CallEnd&) {
    kill_into("in_handler");
    in_handler.tell(true);
  });
  auto peer = listener.welcome();
  peer.say(wire::Reply{peer.expect<wire::Invite>().cmd_id, wire::CallReply{ended(call_to_bob(), Outcome::Busy)}});
  in_handler.get();
  client.post([&] { after.tell(true); });
  after.get();
  kill_into("afterwards");
  Client killed_in_handler(options("in_handler")), killed_afterwards(options("afterwards"));
  ASSERT_EQ(killed_in_handler.unseen_outcomes().size(), 1U);
  EXPECT_EQ(killed_in_handler.unseen_outcomes()[0].outcome, Outcome::Busy);
  EXPECT_TRUE(killed_afterwards.unseen_outcomes().empty());
}

TEST_F(ClientMemory, AFileThatIsOfNoUseStopsNoCallAndIsSaidOnce) {
  std::ofstream(folder / "state") << "Dear diary,\n";
  std::vector<std::string> words;
  Client client(options());
  client.on_error([&](const Problem& problem) { words.push_back(problem.word); });
  client.connect();
  auto call = client.call("bob");
  auto peer = listener.welcome();
  peer.say(wire::Reply{peer.expect<wire::Invite>().cmd_id, wire::CallReply{ended(call_to_bob(), Outcome::Busy)}});
  EXPECT_EQ(call.wait().outcome, Outcome::Busy);
  Told<bool> done;
  client.post([&] { done.tell(true); });
  done.get();
  EXPECT_EQ(words, std::vector<std::string>{"state_file"});
}

}  // namespace
}  // namespace offhook
