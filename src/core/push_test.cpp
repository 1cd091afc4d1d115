// Devices without a link, which are woken by a push.
#include "core/engine_testing.hpp"
#include "core/limits.hpp"
#include "core/push_registry.hpp"

namespace offhook::core {
namespace {

using wire::DeviceState;
using wire::Outcome;
using wire::Phase;
using wire::PushProvider;
using wire::Reason;

Settings with_push() {
  Settings settings;
  settings.push = true;
  return settings;
}

wire::PushAddress address(const std::string& token) { return {PushProvider::Fcm, token}; }

// Alice calls Bob, whose phone and tablet have registered and gone to sleep.
class Pushes : public CallTest {
 protected:
  explicit Pushes(Settings settings = with_push()) : CallTest(std::move(settings)) {}
  void SetUp() override {
    bob.push = address("bobs-phone");
    world.say_hello(alice);
    leave(bob);
  }

  // The device registers, if it has an address, and leaves.
  void leave(World::Device& device) {
    world.say_hello(device);
    EXPECT_EQ(device.welcome.push, device.push.has_value());
    world.feed(Received{device.link, wire::Bye{}, std::nullopt});
    device.inbox.clear();
  }
  void settle(const Push& push, PushState state) { world.feed(PushSettled{push.call, push.user, push.device, push.address, state}); }
  void wake(World::Device& device, CallId call) { world.say_hello(device, false, {call}); }
  std::vector<DeviceId> woken() {
    std::vector<DeviceId> devices;
    for (const auto& push : std::exchange(world.pushes, {})) devices.push_back(push.device);
    return devices;
  }
  std::vector<PushRecord> registered() {
    std::vector<PushRecord> found;
    for (const auto& [key, record] : world.kept) {
      if (const auto* push = std::get_if<PushRecord>(&record)) found.push_back(*push);
    }
    return found;
  }
  const LegRecord& leg() { return world.stored.back().legs.front(); }
};

TEST_F(Pushes, AWokenDeviceRingsAndAnswers) {
  const auto call = invite(wire::Media::Audio);
  EXPECT_TRUE(world.replied_call(alice).push_pending);
  EXPECT_FALSE(world.replied_call(alice).ringing);
  ASSERT_EQ(world.pushes.size(), 1U);
  const auto push = world.pushes.front();
  EXPECT_EQ(push.address, address("bobs-phone"));
  EXPECT_EQ(push.caller.user, "alice");
  EXPECT_EQ(push.media, wire::Media::Audio);
  EXPECT_EQ(push.expires_at, world.now + 20s) << "by then the call is over, if nobody rings";
  settle(push, PushState::Accepted);
  world.run(2s);
  wake(bob, call);
  ASSERT_EQ(bob.welcome.calls.size(), 1U);
  EXPECT_EQ(bob.welcome.calls[0].you, DeviceState::Notified);
  EXPECT_FALSE(bob.welcome.calls[0].push_pending) << "for the caller only";
  ring(bob, call);
  EXPECT_TRUE(seen(alice).ringing);
  EXPECT_FALSE(seen(alice).push_pending);
  world.send(bob, wire::Answer{"", call});
  EXPECT_EQ(world.replied_call(bob).you, DeviceState::Winner);
  world.run(10s);
  EXPECT_EQ(world.pushes.size(), 1U) << "a device that rings is not woken again";
}

TEST_F(Pushes, WithoutAWordOfTheDeviceItIsSentOnceMore) {
  const auto call = invite();
  settle(world.pushes.front(), PushState::Accepted);
  world.run(5s - 1us);
  EXPECT_EQ(world.pushes.size(), 1U);
  world.run(1us);
  ASSERT_EQ(world.pushes.size(), 2U);
  EXPECT_EQ(world.pushes[1].call, call);
  EXPECT_EQ(world.pushes[1].expires_at, world.pushes[0].expires_at);
  settle(world.pushes[1], PushState::Accepted);
  world.run(15s);
  EXPECT_EQ(world.pushes.size(), 2U);
  expect_end(seen(alice), Outcome::Unreachable, Reason::PushUnacked, Outcome::Unreachable);
}

TEST_F(Pushes, WithoutASecondPushIfTheSettingSaysSo) {
  auto settings = with_push();
  settings.push_retry = Duration{0};
  world.feed(ProjectChanged{"1", settings});
  invite();
  settle(world.pushes.front(), PushState::Accepted);
  world.run(20s);
  EXPECT_EQ(world.pushes.size(), 1U);
}

TEST_F(Pushes, AllRefusedIsUnreachableAtOnceAndTheAddressIsForgotten) {
  invite();
  settle(world.pushes.front(), PushState::Refused);
  expect_end(seen(alice), Outcome::Unreachable, Reason::PushRefused, Outcome::Unreachable);
  EXPECT_TRUE(registered().empty());
  EXPECT_TRUE(world.stopped_pushes.empty()) << "none is under way";
  invite();
  EXPECT_EQ(world.pushes.size(), 1U);
  world.run(20s);
  expect_end(seen(alice), Outcome::Unreachable, Reason::NoDevices, Outcome::Unreachable);
}

TEST_F(Pushes, WhoeverWaitsForTheWholeRingingIsNotToldUnreachableAtOnce) {
  auto patient = wire::Invite{"", "bob", wire::Media::None, 30'000, {}};
  patient.wait_full_ring = true;
  world.send(alice, patient);
  settle(world.pushes.front(), PushState::Refused);
  EXPECT_FALSE(seen(alice).push_pending);
  world.run(30s);
  expect_end(seen(alice), Outcome::Unreachable, Reason::PushRefused, Outcome::Unreachable);
}

// By the simulator, seed 441: a device rang, was lost with the server's machine, and only then the push was refused.
TEST_F(Pushes, ADeviceThatRingsIsNotOutOfReach) {
  const auto call = invite();
  wake(bob, call);
  ring(bob, call);
  world.close(bob);
  settle(world.pushes.front(), PushState::Refused);
  EXPECT_EQ(world.stored.back().phase, Phase::Inviting);
  wake(bob, call);
  world.send(bob, wire::Answer{"", call});
  EXPECT_EQ(world.replied_call(bob).you, DeviceState::Winner);
}

TEST_F(Pushes, OneRefusedAndOneTakenIsNotOver) {
  bobs_tablet.push = address("bobs-tablet");
  leave(bobs_tablet);
  invite();
  ASSERT_EQ(world.pushes.size(), 2U);
  settle(world.pushes[0], PushState::Refused);
  EXPECT_EQ(world.stored.back().phase, Phase::Inviting);
  settle(world.pushes[1], PushState::Failed);
  EXPECT_FALSE(seen(alice).push_pending);
  world.run(20s);
  expect_end(seen(alice), Outcome::Unreachable, Reason::PushUnacked, Outcome::Unreachable);
}

TEST_F(Pushes, ARefusedDeviceThatComesByItselfRings) {
  bobs_tablet.push = address("bobs-tablet");
  leave(bobs_tablet);
  const auto call = invite();
  settle(world.pushes[0], PushState::Refused);
  wake(bob, call);
  settle(world.pushes[1], PushState::Refused);
  EXPECT_EQ(world.stored.back().phase, Phase::Inviting) << "one has a link";
  ring(bob, call);
  EXPECT_TRUE(seen(alice).ringing);
}

TEST_F(Pushes, ADeviceWithALinkIsToldAndTheOthersAreWoken) {
  world.say_hello(bobs_tablet);
  const auto call = invite();
  EXPECT_EQ(seen(bobs_tablet).you, DeviceState::Notified);
  EXPECT_EQ(woken(), (std::vector<DeviceId>{"b1"}));
  world.send(bobs_tablet, wire::Answer{"", call});
  ASSERT_EQ(world.stopped_pushes.size(), 1U);
  EXPECT_EQ(world.stopped_pushes[0].call, call);
  wake(bob, call);
  EXPECT_EQ(bob.welcome.calls.at(0).device_outcome, Outcome::AnsweredElsewhere);
}

TEST_F(Pushes, ADeviceWhoseLinkIsLostBeforeItRingsIsWoken) {
  world.say_hello(bob);
  const auto call = invite();
  EXPECT_TRUE(world.pushes.empty());
  EXPECT_FALSE(world.replied_call(alice).push_pending);
  world.close(bob);
  EXPECT_EQ(woken(), (std::vector<DeviceId>{"b1"}));
  EXPECT_TRUE(seen(alice).push_pending);
  world.say_hello(bob, true);
  ring(bob, call);
  world.close(bob);
  world.run(5s);
  EXPECT_TRUE(world.pushes.empty()) << "it knows the call";
}

TEST_F(Pushes, ADeviceThatMayComeBackIsWokenAtOnce) {
  world.say_hello(bob);
  world.close(bob);
  invite();
  EXPECT_EQ(woken(), (std::vector<DeviceId>{"b1"}));
}

TEST_F(Pushes, NothingLeavesAfterTheEnd) {
  const auto call = invite();
  world.send(alice, wire::Cancel{"", call});
  ASSERT_EQ(world.stopped_pushes.size(), 1U);
  EXPECT_EQ(world.stopped_pushes[0].user.user, "bob");
  settle(world.pushes.front(), PushState::Accepted);
  world.run(60s);
  EXPECT_EQ(world.pushes.size(), 1U);
  wake(bob, call);
  expect_end(bob.welcome.calls.at(0), Outcome::Cancelled, Reason::ByUser, Outcome::Missed);
}

TEST_F(Pushes, WhoMayNotBeRungIsNotWoken) {
  const auto rule = [&](const wire::Rules& rules) { world.feed(AdminSetRules{1, {"1", "bob"}, rules}); };
  rule({wire::CallWaiting::RingAll, 2, true, {}});
  invite();
  rule({wire::CallWaiting::RingAll, 2, false, {"alice"}});
  invite();
  rule({wire::CallWaiting::Off, 2, false, {}});
  world.say_hello(bobs_tablet);
  auto& carol = arrive("carol", "c1");
  talk(carol, bobs_tablet);
  world.pushes.clear();
  invite();
  expect_end(world.replied_call(alice), Outcome::Busy, Reason::InCall, Outcome::Busy);
  EXPECT_TRUE(world.pushes.empty());
}

TEST_F(Pushes, WithoutASenderThereAreNoAddresses) {
  auto settings = with_push();
  settings.push = false;
  world.feed(ProjectChanged{"1", settings});
  world.say_hello(bob);
  EXPECT_FALSE(bob.welcome.push);
  world.send(bob, wire::SetPush{"", address("x")});
  EXPECT_EQ(world.last<wire::Error>(bob).error, wire::ErrorWord::NotAllowed);
  world.close(bob);
  invite();
  EXPECT_TRUE(world.pushes.empty());
}

TEST_F(Pushes, EachUserOfAGroupIsWokenAndTheCallerIsTold) {
  auto group = wire::Invite{"", "", wire::Media::None, {}, {}};
  group.group = wire::Group{{"bob", "carol"}, wire::GroupMode::AllJoin, {}};
  world.send(alice, group);
  EXPECT_EQ(woken(), (std::vector<DeviceId>{"b1"}));
  EXPECT_TRUE(seen(alice).push_pending);
  auto dave = world.connect("dave", "d1");
  dave.push = address("daves");
  leave(dave);
  world.send(alice, wire::RingMore{"", world.stored.back().id, {"dave"}});
  EXPECT_EQ(woken(), (std::vector<DeviceId>{"d1"}));
}

// --- after a restart

TEST_F(Pushes, AfterARestartOnlyWhatMayNotHaveBeenHandedOverIsSentAgain) {
  bobs_tablet.push = address("bobs-tablet");
  leave(bobs_tablet);
  invite();
  settle(world.pushes[0], PushState::Accepted);
  woken();
  world.crash();
  world.restart();
  EXPECT_EQ(woken(), (std::vector<DeviceId>{"b2"})) << "of b1 it is known";
  world.run(5s);
  EXPECT_EQ(woken(), (std::vector<DeviceId>{"b1"})) << "it did not come: once more, when it was due";
}

TEST_F(Pushes, ACrashBetweenRecordAndPushLosesNone) {
  world.crash_after(1);
  world.send(alice, wire::Invite{"", "bob", wire::Media::None, {}, {}});
  EXPECT_TRUE(world.pushes.empty());
  world.restart();
  EXPECT_EQ(woken(), (std::vector<DeviceId>{"b1"}));
}

TEST_F(Pushes, AddressesOutliveTheServer) {
  world.crash();
  world.restart();
  world.say_hello(alice);
  invite();
  EXPECT_EQ(woken(), (std::vector<DeviceId>{"b1"}));
}

// --- addresses

TEST_F(Pushes, AnAddressIsChangedAndTakenBackByACommand) {
  world.say_hello(bob);
  world.send(bob, wire::SetPush{"", address("new")});
  ASSERT_EQ(registered().size(), 1U);
  EXPECT_EQ(registered()[0].address.token, "new");
  world.send(bob, wire::SetPush{"", {}});
  EXPECT_TRUE(registered().empty());
}

TEST_F(Pushes, ADeviceThatSaysNothingOfItKeepsItsAddress) {
  bob.push.reset();
  world.say_hello(bob);
  EXPECT_TRUE(bob.welcome.push);
  EXPECT_EQ(registered().size(), 1U);
}

TEST_F(Pushes, AnAddressBelongsToTheDeviceThatNamedItLast) {
  auto carol = world.connect("carol", "same-phone");
  carol.push = address("bobs-phone");
  leave(carol);
  ASSERT_EQ(registered().size(), 1U);
  EXPECT_EQ(registered()[0].user.user, "carol");
  invite();
  EXPECT_TRUE(world.pushes.empty());
}

TEST_F(Pushes, OfManyDevicesTheOneNotSeenForLongestGoes) {
  for (std::size_t i = 0; i < k_max_push_devices_per_user; ++i) {
    world.run(1s);
    auto device = world.connect("bob", "more" + std::to_string(i));
    device.push = address("token" + std::to_string(i));
    leave(device);
  }
  const auto all = registered();
  EXPECT_EQ(all.size(), k_max_push_devices_per_user);
  EXPECT_TRUE(std::none_of(all.begin(), all.end(), [](const auto& record) { return record.device == "b1"; }));
}

TEST_F(Pushes, ADeviceIsRememberedAsLongAsItComesNowAndThen) {
  const auto writes = world.stores;
  world.run(23h);
  leave(bob);
  EXPECT_EQ(world.stores, writes) << "not written anew within a day";
  world.run(2h);
  leave(bob);
  EXPECT_GT(world.stores, writes);
  world.run(59 * 24h);
  world.say_hello(alice);
  invite();
  EXPECT_EQ(woken(), (std::vector<DeviceId>{"b1"}));
  world.run(2 * 24h);
  world.say_hello(alice);
  invite();
  EXPECT_TRUE(world.pushes.empty());
  bobs_tablet.push = address("bobs-tablet");
  leave(bobs_tablet);
  EXPECT_EQ(registered().size(), 1U) << "the old one is forgotten when a new one comes";
}

TEST_F(Pushes, AStoreThatIsBehindIsGivenNoAddress) {
  world.feed(StoreBehind{true});
  bobs_tablet.push = address("bobs-tablet");
  world.say_hello(bobs_tablet);
  EXPECT_FALSE(bobs_tablet.welcome.push);
  world.send(bobs_tablet, wire::SetPush{"", bobs_tablet.push});
  EXPECT_EQ(world.last<wire::Error>(bobs_tablet).error, wire::ErrorWord::Overloaded);
  world.run(25h);  // by then it would be written again that the telephone is there
  world.say_hello(bob);
  EXPECT_TRUE(bob.welcome.push) << "it has the address that it had";
  ASSERT_EQ(registered().size(), 1U);
  EXPECT_LT(registered().front().since, world.now - 24h);
  bob.push = address("another");
  world.say_hello(bob, true);
  EXPECT_FALSE(bob.welcome.push);
  world.feed(StoreBehind{false});
  world.say_hello(bob, true);
  world.say_hello(bobs_tablet, true);
  EXPECT_TRUE(bob.welcome.push);
  EXPECT_TRUE(bobs_tablet.welcome.push);
  EXPECT_EQ(registered().size(), 2U);
}

TEST_F(Pushes, AForgottenUserHasNoAddress) {
  world.feed(AdminForgetUser{7, {"1", "bob"}});
  EXPECT_TRUE(registered().empty());
}

TEST_F(Pushes, ALateRefusalDoesNotTakeANewAddress) {
  invite();
  const auto push = world.pushes.front();
  world.say_hello(bob);
  world.send(bob, wire::SetPush{"", address("new")});
  settle(push, PushState::Refused);
  EXPECT_EQ(registered().size(), 1U);
}

}  // namespace
}  // namespace offhook::core
