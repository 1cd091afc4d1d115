// A call that moves to another device of the same user, in virtual time.
#include "core/engine_testing.hpp"

namespace offhook::core {
namespace {

using wire::DeviceState;
using wire::Outcome;
using wire::Phase;
using wire::Reason;

class Moving : public CallTest {
 protected:
  CallId talk_with_audio() {
    const auto call = invite(wire::Media::Audio);
    world.send(bob, wire::Answer{"", call});
    for (auto* side : {&alice, &bob}) world.send(*side, wire::MediaUp{"", call});
    return call;
  }
  wire::Snapshot move_to(World::Device& device, CallId call) {
    world.send(device, wire::MoveHere{"", call});
    return world.replied_call(device);
  }
};

TEST_F(Moving, TheNewDeviceTakesOverWhenItHasMedia) {
  const auto call = talk_with_audio();
  const auto moving = move_to(bobs_tablet, call);
  EXPECT_EQ(moving.you, DeviceState::Moving);
  EXPECT_FALSE(moving.device_outcome);
  EXPECT_EQ(moving.deadlines_remaining_ms.move, 15'000);
  join(bobs_tablet, moving);
  EXPECT_FALSE(seen(bob).device_outcome) << "the old one has it until then";
  world.send(bobs_tablet, wire::MediaUp{"", call});
  EXPECT_EQ(world.replied_call(bobs_tablet).you, DeviceState::Winner);
  EXPECT_EQ(seen(bob).device_outcome, Outcome::MovedElsewhere);
  EXPECT_EQ(seen(bob).phase, Phase::Active);
  world.send(bob, wire::Hangup{"", call});
  EXPECT_EQ(world.replied_call(bob).phase, Phase::Active) << "it is out";
  world.run(60s);
  world.send(bobs_tablet, wire::Hangup{"", call});
  expect_end(seen(alice), Outcome::Ended, Reason::ByCallee, Outcome::Ended);
  EXPECT_EQ(world.stored.back().legs.front().winner, "b2");
  expect_one_final(bob);
}

TEST_F(Moving, WithoutMediaTheSessionDecidesAndTheOldDeviceIsPutOut) {
  const auto call = talk();
  join(bobs_tablet, move_to(bobs_tablet, call));
  EXPECT_EQ(seen(bobs_tablet).you, DeviceState::Winner);
  EXPECT_EQ(seen(bob).device_outcome, Outcome::MovedElsewhere);
  EXPECT_EQ(world.last<wire::SessionDisconnected>(bob).reason, wire::LeaveReason::ForceDisconnected);
  world.send(bob, wire::SessionConnect{"", *seen(bobs_tablet).session_id, {}});
  EXPECT_EQ(world.last<wire::Error>(bob).error, wire::ErrorWord::NoSuchSession);
}

TEST_F(Moving, TheCallersOtherDeviceToo) {
  const auto call = talk_with_audio();
  auto& phone = arrive("alice", "a2");
  EXPECT_EQ(move_to(phone, call).role, wire::Role::Caller);
  world.send(phone, wire::MediaUp{"", call});
  EXPECT_EQ(world.replied_call(phone).you, DeviceState::Joined);
  EXPECT_EQ(seen(alice).device_outcome, Outcome::MovedElsewhere);
  world.close(phone);
  world.run(20s);
  expect_end(seen(bob), Outcome::Dropped, Reason::CallerLost, Outcome::Dropped);
}

TEST_F(Moving, TooLateAndTheOldDeviceKeepsIt) {
  const auto call = talk_with_audio();
  move_to(bobs_tablet, call);
  world.run(15s);
  EXPECT_EQ(seen(bobs_tablet).you, DeviceState::Elsewhere);
  EXPECT_EQ(seen(bobs_tablet).device_outcome, Outcome::AnsweredElsewhere);
  world.send(bobs_tablet, wire::MediaUp{"", call});
  EXPECT_EQ(world.replied_call(bobs_tablet).you, DeviceState::Elsewhere);
  world.send(bob, wire::Hangup{"", call});
  expect_end(seen(alice), Outcome::Ended, Reason::ByCallee, Outcome::Ended);
}

TEST_F(Moving, ALostNewDeviceLeavesItWhereItWas) {
  const auto call = talk_with_audio();
  move_to(bobs_tablet, call);
  world.close(bobs_tablet);
  world.run(60s);
  EXPECT_EQ(world.engine.counts().live_calls, 1U);
  world.send(bob, wire::Hangup{"", call});
  expect_end(seen(alice), Outcome::Ended, Reason::ByCallee, Outcome::Ended);
}

TEST_F(Moving, ALostOldDeviceDoesNotEndItMeanwhile) {
  const auto call = talk_with_audio();
  world.close(bob);
  world.run(12s);
  move_to(bobs_tablet, call);
  world.run(14s);
  EXPECT_EQ(world.engine.counts().live_calls, 1U) << "26 s after the loss, in the overlap";
  world.send(bobs_tablet, wire::MediaUp{"", call});
  EXPECT_FALSE(seen(alice).peer_unstable);
  world.run(60s);
  EXPECT_EQ(world.engine.counts().live_calls, 1U);
}

TEST_F(Moving, BothLostEndsItAfterTheOverlap) {
  const auto call = talk_with_audio();
  world.close(bob);
  world.run(12s);
  move_to(bobs_tablet, call);
  world.run(15s);
  expect_end(seen(alice), Outcome::Dropped, Reason::CalleeLost, Outcome::Dropped);
}

TEST_F(Moving, ADeviceThatWasAboutToTakeOverHasMissedNoCallWhateverEndsIt) {
  const auto call = talk_with_audio();
  move_to(bobs_tablet, call);
  world.feed(DrainStarted{world.now + 1s});
  world.run(2s);
  expect_end(seen(bob), Outcome::Failed, Reason::ServerShutdown, Outcome::Failed);
  EXPECT_EQ(seen(bobs_tablet).device_outcome, Outcome::AnsweredElsewhere);
}

TEST_F(Moving, HangingUpOnTheNewDeviceEndsTheMoveOnly) {
  const auto call = talk_with_audio();
  move_to(bobs_tablet, call);
  world.send(bobs_tablet, wire::Hangup{"", call});
  EXPECT_EQ(world.replied_call(bobs_tablet).phase, Phase::Active);
  EXPECT_EQ(world.replied_call(bobs_tablet).you, DeviceState::Elsewhere);
}

TEST_F(Moving, NotBeforeTheAnswerAndNotForOthers) {
  const auto call = invite();
  EXPECT_EQ(move_to(bobs_tablet, call).you, DeviceState::Notified);
  auto& mallory = arrive("mallory", "m1");
  world.send(mallory, wire::MoveHere{"", call});
  EXPECT_EQ(world.last<wire::Error>(mallory).error, wire::ErrorWord::NoSuchCall);
}

// --- what the other devices of the user are told

TEST_F(Moving, OtherDevicesKnowWhatTheyCouldTakeOver) {
  const auto call = talk_with_audio();
  auto told = world.last<wire::Elsewhere>(bobs_tablet).calls;
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].call_id, call);
  EXPECT_EQ(told[0].role, wire::Role::Callee);
  EXPECT_EQ(told[0].peer, "alice");
  EXPECT_EQ(told[0].media, wire::Media::Audio);
  EXPECT_FALSE(told[0].group);
  EXPECT_EQ(world.count<wire::Elsewhere>(bob) + world.count<wire::Elsewhere>(alice), 0);
  const auto moving = move_to(bobs_tablet, call);
  join(bobs_tablet, moving);
  EXPECT_EQ(world.count<wire::Elsewhere>(bobs_tablet), 1) << "nothing has moved yet";
  world.send(bobs_tablet, wire::MediaUp{"", call});
  EXPECT_TRUE(world.last<wire::Elsewhere>(bobs_tablet).calls.empty());
  EXPECT_EQ(world.last<wire::Elsewhere>(bob).calls.size(), 1U) << "it may have it back";
  world.send(alice, wire::Hangup{"", call});
  EXPECT_TRUE(world.last<wire::Elsewhere>(bob).calls.empty());
}

TEST_F(Moving, ADeviceThatComesLaterIsToldAfterItsWelcome) {
  const auto call = talk_with_audio();
  auto& phone = arrive("alice", "a2");
  EXPECT_TRUE(phone.welcome.calls.empty());
  ASSERT_EQ(world.count<wire::Elsewhere>(phone), 1);
  EXPECT_EQ(world.last<wire::Elsewhere>(phone).calls.front().call_id, call);
  world.close(phone);
  world.say_hello(phone, true);
  EXPECT_EQ(world.count<wire::Elsewhere>(phone), 1) << "it knows";
  world.close(phone);
  world.send(alice, wire::Hangup{"", call});
  world.say_hello(phone, true);
  EXPECT_TRUE(world.last<wire::Elsewhere>(phone).calls.empty());
  EXPECT_EQ(world.count<wire::Elsewhere>(arrive("alice", "a3")), 0);
}

TEST_F(Moving, ACallThatRingsOrIsBeingPlacedCannotBeTakenOver) {
  invite(wire::Media::Audio);
  auto& phone = arrive("alice", "a2");
  EXPECT_EQ(world.count<wire::Elsewhere>(phone) + world.count<wire::Elsewhere>(bobs_tablet), 0);
}

}  // namespace
}  // namespace offhook::core
