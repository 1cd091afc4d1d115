// Whether somebody is rung at all: call waiting, do not disturb, block lists, budgets; and calls that were missed.
#include "core/engine_testing.hpp"

namespace offhook::core {
namespace {

using wire::CallWaiting;
using wire::DeviceState;
using wire::Outcome;
using wire::Phase;
using wire::Reason;

class Rules : public CallTest {
 protected:
  explicit Rules(Settings settings = {}) : CallTest(std::move(settings)) {}

  void set_rules(World::Device& device, wire::Rules rules) {
    world.send(device, wire::SetRules{"", rules});
    ASSERT_TRUE(std::holds_alternative<wire::RulesReply>(world.last<wire::Reply>(device).body));
  }
  wire::Snapshot call_bob(World::Device& caller) {
    world.send(caller, wire::Invite{"", "bob", wire::Media::None, {}, {}});
    return world.replied_call(caller);
  }
  // A device of somebody new who calls bob.
  wire::Snapshot call_bob(const UserId& caller) { return call_bob(arrive(caller, caller + "-d")); }
  std::vector<CallId> missed(const World::Device& device) {
    std::vector<CallId> calls;
    for (const auto& message : device.inbox) {
      if (const auto* event = std::get_if<wire::Missed>(&message)) calls.push_back(event->record.call_id);
    }
    return calls;
  }
};

TEST_F(Rules, AreReadAndWrittenByTheUsersOwnClients) {
  world.send(bob, wire::GetRules{""});
  auto told = std::get<wire::RulesReply>(world.last<wire::Reply>(bob).body).rules;
  EXPECT_EQ(told.call_waiting, CallWaiting::RingAll);
  EXPECT_EQ(told.max_parallel_rings, 2);
  set_rules(bob, {CallWaiting::Off, 1, true, {"mallory"}});
  world.send(bobs_tablet, wire::GetRules{""});
  told = std::get<wire::RulesReply>(world.last<wire::Reply>(bobs_tablet).body).rules;
  EXPECT_EQ(told.call_waiting, CallWaiting::Off);
  EXPECT_EQ(told.blocked, std::vector<UserId>{"mallory"});
  world.feed(AdminGetRules{7, {"1", "bob"}});
  EXPECT_TRUE(std::get<wire::Rules>(world.rest_answers.back().answer).do_not_disturb);
  world.feed(AdminSetRules{8, {"1", "bob"}, {}});
  EXPECT_EQ(world.rest_answers.back().request, 8U);
  EXPECT_EQ(call_bob("carol").phase, Phase::Inviting);
}

TEST_F(Rules, ASecondCallRingsEverywhereAndTheDeviceInTheFirstIsTold) {
  talk(alice, bob);
  EXPECT_EQ(call_bob("carol").phase, Phase::Inviting);
  EXPECT_TRUE(seen(bob).second_call);
  EXPECT_FALSE(seen(bobs_tablet).second_call);
}

TEST_F(Rules, ASecondCallRingsOnTheOtherDevicesOnly) {
  set_rules(bob, {CallWaiting::RingOtherDevices, 2, false, {}});
  talk(alice, bob);
  const auto call = call_bob("carol").call_id;
  EXPECT_NE(seen(bob).call_id, call);
  EXPECT_EQ(seen(bobs_tablet).call_id, call);
  world.send(bobs_tablet, wire::Answer{"", call});
  const auto refused = call_bob("dave");
  expect_end(refused, Outcome::Busy, Reason::InCall, Outcome::Busy);
}

TEST_F(Rules, NoCallWaitingIsBusyForAsLongAsThereIsACall) {
  set_rules(bob, {CallWaiting::Off, 2, false, {}});
  const auto call = talk(alice, bob);
  auto& carol = arrive("carol", "c1");
  expect_end(call_bob(carol), Outcome::Busy, Reason::InCall, Outcome::Busy);
  EXPECT_EQ(missed(bobs_tablet).size(), 1U) << "it never rang, so it is told that it missed the call";
  world.send(alice, wire::Hangup{"", call});
  EXPECT_EQ(call_bob(carol).phase, Phase::Inviting) << "busy is derived from live calls";
  world.send(carol, wire::Cancel{"", world.replied_call(carol).call_id});
  world.send(bob, wire::Invite{"", "dave", wire::Media::None, {}, {}});
  expect_end(call_bob(carol), Outcome::Busy, Reason::InCall, Outcome::Busy);
}

TEST_F(Rules, OnlySoManyRingAtOnce) {
  for (const auto* caller : {"carol", "dave"}) EXPECT_EQ(call_bob(caller).phase, Phase::Inviting);
  expect_end(call_bob("erin"), Outcome::Busy, Reason::RingSlotsFull, Outcome::Busy);
  world.send(bob, wire::Answer{"", seen(bob).call_id});
  world.send(bobs_tablet, wire::Decline{"", seen(bobs_tablet).call_id, wire::DeclineReason::Declined});
  EXPECT_EQ(call_bob("frank").phase, Phase::Inviting) << "one rings, one talks";
}

TEST_F(Rules, DoNotDisturb) {
  set_rules(bob, {CallWaiting::RingAll, 2, true, {}});
  const auto call = call_bob(alice);
  expect_end(call, Outcome::Declined, Reason::ByDndRule, Outcome::Declined);
  EXPECT_EQ(world.count<wire::CallEvent>(bob), 0);
  EXPECT_EQ(missed(bob), std::vector{call.call_id});
  const auto record = world.last<wire::Missed>(bob).record;
  EXPECT_EQ(record.your_outcome, Outcome::Missed);
  EXPECT_EQ(record.reason, Reason::ByDndRule);
  EXPECT_EQ(record.peer, "alice");
  EXPECT_FALSE(record.outgoing);
}

TEST_F(Rules, WhoIsBlockedIsRefusedAndBobLearnsNothing) {
  set_rules(bob, {CallWaiting::RingAll, 2, false, {"alice"}});
  expect_end(call_bob(alice), Outcome::Failed, Reason::Blocked, Outcome::Failed);
  EXPECT_EQ(world.count<wire::CallEvent>(bob), 0);
  EXPECT_TRUE(missed(bob).empty());
  EXPECT_FALSE(concerns(world.stored.back(), "bob"));
  EXPECT_TRUE(concerns(world.stored.back(), "alice"));
  EXPECT_EQ(call_bob("carol").phase, Phase::Inviting);
}

TEST(BlockedAs, WhateverTheProjectWantsTheCallerToSee) {
  const std::tuple<BlockedAs, Outcome, Reason> cases[] = {{BlockedAs::Busy, Outcome::Busy, Reason::InCall},
                                                          {BlockedAs::Declined, Outcome::Declined, Reason::ByUser},
                                                          {BlockedAs::Unreachable, Outcome::Unreachable, Reason::NoDevices}};
  for (const auto& [blocked_as, outcome, reason] : cases) {
    Settings settings;
    settings.blocked_as = blocked_as;
    World world(settings);
    auto alice = world.connect("alice", "a1");
    auto bob = world.connect("bob", "b1");
    for (auto* device : {&alice, &bob}) world.say_hello(*device);
    world.send(bob, wire::SetRules{"", {CallWaiting::RingAll, 2, false, {"alice"}}});
    world.send(alice, wire::Invite{"", "bob", wire::Media::None, {}, {}});
    EXPECT_EQ(world.replied_call(alice).outcome, outcome);
    EXPECT_EQ(world.replied_call(alice).reason, reason);
    EXPECT_EQ(world.count<wire::Missed>(bob), 0);
  }
}

// --- budgets

Settings with_budgets(std::int64_t caller, std::int64_t pair, std::int64_t callee) {
  Settings settings;
  settings.rings_per_caller = caller;
  settings.rings_per_pair = pair;
  settings.rings_per_callee = callee;
  return settings;
}

class Budgets : public testing::TestWithParam<std::tuple<Settings, const char*, const char*, bool>> {};

// alice has called bob twice; may `caller` call `callee`?
TEST_P(Budgets, AreKeptPerCallerPairAndCallee) {
  const auto& [settings, caller, callee, may] = GetParam();
  World world(settings);
  auto alice = world.connect("alice", "a1");
  auto other = world.connect(caller, "o1");
  for (auto* device : {&alice, &other}) world.say_hello(*device);
  const auto ring = [&](World::Device& from, const UserId& to) {
    world.send(from, wire::Invite{"", to, wire::Media::None, {}, {}});
    const auto call = world.replied_call(from);
    if (call.phase == Phase::Inviting) world.send(from, wire::Cancel{"", call.call_id});
    return call;
  };
  for (int i = 0; i < 2; ++i) EXPECT_EQ(ring(alice, "bob").phase, Phase::Inviting);
  const auto third = ring(other, callee);
  EXPECT_EQ(third.reason == Reason::RateLimited, !may);
  EXPECT_EQ(third.outcome == Outcome::Failed, !may);
  world.run(30s);  // a ring comes back every 30 s
  EXPECT_EQ(ring(other, callee).phase, Phase::Inviting);
}

INSTANTIATE_TEST_SUITE_P(Rings, Budgets,
                         testing::Values(std::tuple{with_budgets(2, 100, 100), "alice", "carol", false},
                                         std::tuple{with_budgets(2, 100, 100), "dave", "carol", true},
                                         std::tuple{with_budgets(100, 2, 100), "alice", "bob", false},
                                         std::tuple{with_budgets(100, 2, 100), "alice", "carol", true},
                                         std::tuple{with_budgets(100, 100, 2), "dave", "bob", false},
                                         std::tuple{with_budgets(100, 100, 2), "alice", "carol", true}));

// --- missed calls

TEST_F(Rules, ADeviceThatComesLaterIsToldWhatItMissed) {
  const auto call = invite();
  world.send(alice, wire::Cancel{"", call});
  auto& laptop = arrive("bob", "b3");
  EXPECT_EQ(missed(laptop), std::vector{call});
  EXPECT_EQ(world.last<wire::Missed>(laptop).record.outcome, Outcome::Cancelled);
  EXPECT_TRUE(missed(bob).empty()) << "it has seen the end";
  world.run(2min);  // heartbeats acknowledge the event
  world.close(laptop);
  world.say_hello(laptop);
  world.close(bob);
  world.say_hello(bob);
  EXPECT_EQ(missed(laptop), std::vector{call}) << "never twice";
  EXPECT_TRUE(missed(bob).empty());
}

TEST_F(Rules, AnEventThatWasLostIsToldAgain) {
  world.close(bob);
  const auto call = invite();
  world.send(alice, wire::Cancel{"", call});
  world.say_hello(bob);  // afresh: the snapshot that waited for the old client is lost
  EXPECT_EQ(missed(bob), std::vector{call});
  world.silence(bob);
  world.close(bob);
  bob.answers_pings = true;
  world.say_hello(bob, true);
  EXPECT_TRUE(bob.welcome.resumed);
  EXPECT_EQ(missed(bob).size(), 1U) << "a client that resumes misses nothing and sees nothing twice";
}

TEST_F(Rules, WhatTheWelcomeShowsIsNotToldOnceMore) {
  world.close(bob);
  const auto call = invite();
  world.send(alice, wire::Cancel{"", call});
  world.say_hello(bob, false, {call});
  ASSERT_EQ(bob.welcome.calls.size(), 1U);
  EXPECT_EQ(bob.welcome.calls[0].device_outcome, Outcome::Missed);
  EXPECT_TRUE(missed(bob).empty());
}

TEST_F(Rules, OnlyWhatWasMissedIsToldAsMissed) {
  auto call = invite();
  ring(bob, call);
  world.send(bob, wire::Decline{"", call, wire::DeclineReason::Declined});
  call = talk();
  world.send(alice, wire::Hangup{"", call});
  EXPECT_TRUE(missed(arrive("bob", "b3")).empty());
  call = invite();
  world.run(20s);
  EXPECT_EQ(missed(arrive("bob", "b4")), std::vector{call}) << "unreachable";
  const auto second = invite();
  ring(bob, second);
  world.run(45s);
  EXPECT_EQ(missed(arrive("bob", "b5")), (std::vector{call, second})) << "no_answer";
}

TEST_F(Rules, AHundredAreKeptForAWeek) {
  for (int i = 0; i < 101; ++i) {
    world.send(alice, wire::Cancel{"", invite()});
    world.run(10s);
  }
  auto& laptop = arrive("bob", "b3");
  EXPECT_EQ(missed(laptop).size(), 100U);
  world.run(7 * 24h);
  EXPECT_TRUE(missed(arrive("bob", "b4")).empty());
}

// --- settings of a project

TEST(Projects, HaveSettingsOfTheirOwn) {
  Settings own;
  own.wake_timeout = 2s;
  own.heartbeat_idle = 5s;
  World world({}, {{"1", own}});
  auto alice = world.connect("alice", "a1");
  world.say_hello(alice);
  EXPECT_EQ(alice.welcome.settings.wake_timeout_ms, 2000);
  EXPECT_EQ(alice.welcome.heartbeat_ms, 5000);
  world.send(alice, wire::Invite{"", "bob", wire::Media::None, {}, {}});
  world.run(2s);
  EXPECT_EQ(world.last<wire::CallEvent>(alice).call.outcome, Outcome::Unreachable);
}

TEST_F(Rules, ACallMayHaveTimersOfItsOwn) {
  wire::Invite invite{"", "bob", wire::Media::None, {}, {}};
  invite.wake_timeout_ms = 5000;
  world.send(alice, invite);
  EXPECT_EQ(world.replied_call(alice).deadlines_remaining_ms.wake, 5000);
  EXPECT_FALSE(world.replied_call(alice).drop_grace_ms);
  world.run(5s);
  expect_end(seen(alice), Outcome::Unreachable, Reason::PushUnacked, Outcome::Unreachable);
  invite = {"", "bob", wire::Media::None, {}, {}};
  invite.wait_full_ring = true;
  invite.connect_timeout_ms = 7000;
  invite.drop_grace_ms = 6000;
  invite.max_duration_ms = 60'000;
  world.send(alice, invite);
  EXPECT_FALSE(world.replied_call(alice).deadlines_remaining_ms.wake);
  world.run(59s);
  const auto call = seen(bob).call_id;
  world.send(bob, wire::Answer{"", call});
  EXPECT_EQ(seen(alice).deadlines_remaining_ms.connect, 7000);
  EXPECT_EQ(seen(alice).drop_grace_ms, 6000);
  join(bob, world.replied_call(bob));
  join(alice, seen(alice));
  EXPECT_EQ(seen(alice).deadlines_remaining_ms.max, 60'000);
  world.close(bob);
  world.run(6s);
  expect_end(seen(alice), Outcome::Dropped, Reason::CalleeLost, Outcome::Dropped);
}

TEST_F(Rules, WaitingTheFullTimeStillEndsUnreachable) {
  wire::Invite invite{"", "bob", wire::Media::None, {}, {}};
  invite.wait_full_ring = true;
  world.send(alice, invite);
  world.run(60s - 1us);
  EXPECT_EQ(world.engine.counts().live_calls, 1U);
  world.run(1us);
  expect_end(seen(alice), Outcome::Unreachable, Reason::PushUnacked, Outcome::Unreachable);
}

// --- a backend calls for a user

TEST_F(Rules, ABackendCallsAtTheDeviceHeardLast) {
  auto& phone = arrive("alice", "a2");
  world.run(1s);
  world.send(phone, wire::GetRules{""});
  wire::PlaceRequest place{"alice", {}, {"", "bob", wire::Media::None, {}, {}}};
  world.feed(AdminPlaceCall{3, "1", place});
  const auto call = std::get<CallId>(world.rest_answers.back().answer);
  EXPECT_EQ(seen(phone).call_id, call);
  EXPECT_EQ(seen(phone).you, DeviceState::Calling);
  EXPECT_EQ(seen(bob).call_id, call);
  EXPECT_EQ(world.count<wire::CallEvent>(alice), 0);
  world.send(phone, wire::Cancel{"", call});
  place.from_device = "a1";
  world.feed(AdminPlaceCall{4, "1", place});
  EXPECT_EQ(seen(alice).call_id, std::get<CallId>(world.rest_answers.back().answer));
}

TEST_F(Rules, NotForSomebodyWhoIsNotThere) {
  const wire::PlaceRequest place{"nobody", {}, {"", "bob", wire::Media::None, {}, {}}};
  world.feed(AdminPlaceCall{3, "1", place});
  EXPECT_EQ(std::get<RestRefusal>(world.rest_answers.back().answer), RestRefusal::CallerOffline);
  world.close(alice);
  world.feed(AdminPlaceCall{4, "1", {"alice", {}, place.invite}});
  EXPECT_EQ(std::get<RestRefusal>(world.rest_answers.back().answer), RestRefusal::CallerOffline);
  EXPECT_EQ(world.count<wire::CallEvent>(bob), 0);
}

}  // namespace
}  // namespace offhook::core
