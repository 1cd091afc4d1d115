// Limits of the core that no other test reaches (OPERATIONS.md lists all): what happens to the one too many, and that the others stay.
#include "core/limits.hpp"

#include "core/engine_testing.hpp"

namespace offhook::core {
namespace {

using wire::ErrorWord;

Settings many_rings() {
  Settings settings;
  settings.rings_per_caller = settings.rings_per_pair = settings.rings_per_callee = 100'000;
  return settings;
}

class Limits : public testing::Test {
 protected:
  void SetUp() override {
    for (auto* device : {&alice, &bob}) world.say_hello(*device);
  }
  // A little later, so that commands are not too fast.
  template <class Command>
  void send(World::Device& device, Command command) {
    world.run(25ms);
    world.send(device, std::move(command));
  }
  ErrorWord error(const World::Device& device) { return world.last<wire::Error>(device).error; }

  std::list<World::Device> callees;
  World world{many_rings()};
  World::Device alice = world.connect("alice", "a1"), bob = world.connect("bob", "b1");
};

TEST_F(Limits, OfTheCommandsOfADeviceTheOldestIsForgotten) {
  const wire::Invite invite{"first", "bob", wire::Media::None, {}, {}};
  const auto say_again = [&] {
    world.feed(Received{alice.link, invite, std::nullopt});
    return world.replied_call(alice);
  };
  const auto call = say_again().call_id;
  send(alice, wire::Hangup{"", call});
  for (std::size_t i = 2; i < k_max_remembered_commands; ++i) send(alice, wire::GetRules{""});
  EXPECT_EQ(say_again().call_id, call);
  EXPECT_EQ(say_again().phase, wire::Phase::Ended) << "it rings nobody";
  send(alice, wire::GetRules{""});
  EXPECT_NE(say_again().call_id, call);
}

TEST_F(Limits, SixteenCancelsOfADeviceWaitForTheirInvites) {
  const auto cancel = [](std::size_t i) { return wire::Cancel{"", std::nullopt, "invite" + std::to_string(i)}; };
  for (std::size_t i = 0; i < k_max_early_cancels; ++i) send(alice, cancel(i));
  EXPECT_EQ(world.count<wire::Error>(alice), 0);
  send(alice, cancel(99));
  EXPECT_EQ(error(alice), ErrorWord::LimitReached);
  send(bob, cancel(99));
  EXPECT_EQ(world.count<wire::Error>(bob), 0) << "another device";
  world.run(k_early_cancel_lifetime);
  alice.inbox.clear();
  send(alice, cancel(100));
  EXPECT_EQ(world.count<wire::Error>(alice), 0) << "the first are too old by now";
}

TEST_F(Limits, AHundredMissedCallsOfAUserAreKeptTheLatest) {
  CallId first{}, latest{};
  for (std::size_t i = 0; i <= k_max_missed_per_user; ++i) {
    send(alice, wire::Invite{"", "carol", wire::Media::None, {}, {}});
    latest = world.replied_call(alice).call_id;
    if (i == 0) first = latest;
    world.run(61s);
    alice.inbox.clear();
  }
  auto carol = world.connect("carol", "c1");
  world.say_hello(carol);
  EXPECT_EQ(world.count<wire::Missed>(carol), static_cast<int>(k_max_missed_per_user));
  std::set<CallId> told;
  for (const auto& message : carol.inbox) {
    if (const auto* missed = std::get_if<wire::Missed>(&message)) told.insert(missed->record.call_id);
  }
  EXPECT_TRUE(told.contains(latest));
  EXPECT_FALSE(told.contains(first));
}

TEST_F(Limits, TwoHundredUsersAreInAPresenceReply) {
  std::list<World::Device> crowd;
  for (std::size_t i = 0; i < k_max_presence_reply + 5; ++i) world.say_hello(crowd.emplace_back(world.connect("u" + std::to_string(i), "d")));
  send(alice, wire::WatchPresence{""});
  EXPECT_EQ(std::get<wire::PresenceReply>(world.last<wire::Reply>(alice).body).users.size(), k_max_presence_reply);
}

TEST_F(Limits, ACallHasSixteenLegsAndOfAUserThirtyTwoDevicesRing) {
  std::list<World::Device> devices;
  for (std::size_t i = 0; i < k_max_devices_per_call + 1; ++i) world.say_hello(devices.emplace_back(world.connect("u0", "d" + std::to_string(i))));
  wire::Invite invite{"", "", wire::Media::None, {}, {}};
  invite.group.emplace();
  for (std::size_t i = 0; i < k_max_legs; ++i) invite.group->users.push_back("u" + std::to_string(i));
  send(alice, invite);
  const auto call = world.replied_call(alice).call_id;
  const auto rung = std::count_if(devices.begin(), devices.end(), [&](const auto& device) { return world.count<wire::CallEvent>(device) > 0; });
  EXPECT_EQ(rung, static_cast<std::ptrdiff_t>(k_max_devices_per_call));
  send(alice, wire::RingMore{"", call, {"one-more"}});
  EXPECT_EQ(error(alice), ErrorWord::LimitReached);
}

TEST_F(Limits, OfCallsElsewhereSixteenAreTold) {
  auto laptop = world.connect("alice", "laptop");
  world.say_hello(laptop);
  const auto talk = [&](World::Device& caller, int number) {
    auto& callee = callees.emplace_back(world.connect("u" + std::to_string(number), "d"));
    world.say_hello(callee);
    send(caller, wire::Invite{"", callee.user, wire::Media::None, {}, {}});
    const auto call = world.replied_call(caller).call_id;
    send(callee, wire::RingAck{"", call});
    send(callee, wire::Answer{"", call});
    for (auto* device : {&caller, &callee}) send(*device, wire::MediaUp{"", call});
  };
  for (int i = 0; i < static_cast<int>(k_max_calls_elsewhere); ++i) talk(alice, i);
  EXPECT_EQ(world.last<wire::Elsewhere>(laptop).calls.size(), k_max_calls_elsewhere);
  auto phone = world.connect("alice", "phone");
  world.say_hello(phone);
  talk(phone, 99);
  EXPECT_EQ(world.last<wire::Elsewhere>(laptop).calls.size(), k_max_calls_elsewhere) << "of seventeen";
  EXPECT_EQ(world.last<wire::Elsewhere>(alice).calls.size(), 1u);
}

TEST_F(Limits, OfACallTwoHundredInputsAreKeptForItsReplayAndItIsSaidThatThereWereMore) {
  send(alice, wire::Invite{"", "bob", wire::Media::Audio, {}, {}});
  const auto call = world.replied_call(alice).call_id;
  send(bob, wire::RingAck{"", call});
  send(bob, wire::Answer{"", call});
  for (auto* device : {&alice, &bob}) send(*device, wire::MediaUp{"", call});
  for (std::size_t i = 0; i < k_max_inputs; ++i) {
    send(alice, wire::MediaDown{"", call});
    send(alice, wire::MediaUp{"", call});
  }
  send(alice, wire::Hangup{"", call});
  EXPECT_EQ(world.stored.back().phase, wire::Phase::Ended) << "the call goes on as ever";
  ASSERT_TRUE(world.stored.back().inputs);
  EXPECT_TRUE(world.stored.back().inputs->cut);
  EXPECT_EQ(world.stored.back().inputs->list.size(), k_max_inputs);
}

TEST_F(Limits, OfTheInvitesThatCameToACallSixteenAreRemembered) {
  send(alice, wire::Invite{"", "bob", wire::Media::None, {}, {}});
  const auto call = world.replied_call(alice).call_id;
  const auto first = world.stored.back().invites.at(0).cmd_id;
  for (std::size_t i = 0; i < k_max_invites_per_call + 4; ++i) {
    send(alice, wire::Invite{"", "bob", wire::Media::None, {}, {}});
    EXPECT_EQ(world.replied_call(alice).call_id, call);
  }
  ASSERT_EQ(world.stored.back().invites.size(), k_max_invites_per_call);
  EXPECT_EQ(world.stored.back().invites[0].cmd_id, first) << "the one that made it";
}

TEST_F(Limits, OfASessionStreamsAndExpectationsAreLimited) {
  Effects out;
  SessionId session;
  world.engine.handle(world.now, AdminCreateSession{"1", 5}, out);
  for (const auto& effect : out) {
    if (const auto* made = std::get_if<SessionMade>(&effect)) session = made->session;
  }
  wire::TokenClaims claims;
  claims.project = "1";
  claims.user = "alice";
  claims.session = session;
  world.feed(Received{alice.link, wire::SessionConnect{"join", session, "t"}, claims});
  for (std::size_t i = 0; i < k_max_streams_per_session; ++i) send(alice, wire::Publish{"", session, {}, true, false});
  for (std::size_t i = 0; i < k_max_expectations_per_session; ++i) send(alice, wire::Expect{"", session, 60'000, "u" + std::to_string(i), {}});
  EXPECT_EQ(world.count<wire::Error>(alice), 0);
  send(alice, wire::Publish{"", session, {}, true, false});
  EXPECT_EQ(error(alice), ErrorWord::LimitReached);
  alice.inbox.clear();
  send(alice, wire::Expect{"", session, 60'000, "one-more", {}});
  EXPECT_EQ(error(alice), ErrorWord::LimitReached);
}

// A client that is lost and whose events weigh more than a mebibyte can only begin anew.
TEST_F(Limits, AMebibyteOfUnacknowledgedEventsIsTooMuch) {
  Effects out;
  SessionId session;
  world.engine.handle(world.now, AdminCreateSession{"1", 5}, out);
  for (const auto& effect : out) {
    if (const auto* made = std::get_if<SessionMade>(&effect)) session = made->session;
  }
  for (auto* device : {&alice, &bob}) {
    wire::TokenClaims claims;
    claims.project = "1";
    claims.user = device->user;
    claims.session = session;
    world.feed(Received{device->link, wire::SessionConnect{"join", session, "t"}, claims});
  }
  const auto resumes_after = [&](std::size_t signals) {
    world.close(bob);
    for (std::size_t i = 0; i < signals; ++i) send(alice, wire::Signal{"", session, "s", std::string(8'000, 'x'), {}});
    world.say_hello(bob, true);
    return bob.welcome.resumed;
  };
  EXPECT_TRUE(resumes_after(50));
  EXPECT_FALSE(resumes_after(1 + k_max_unacknowledged_bytes / 8'000));
}

}  // namespace
}  // namespace offhook::core
