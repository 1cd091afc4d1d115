// Ringing on several devices, invites that come late or twice, two who call each other: in virtual time.
#include "core/engine_testing.hpp"

namespace offhook::core {
namespace {

using wire::DeviceState;
using wire::Outcome;
using wire::Phase;
using wire::Reason;

class Ringing : public CallTest {
 protected:
  CallId invite_with(wire::DeclinePolicy policy) {
    wire::Invite invite{"", "bob", wire::Media::None, {}, {}};
    invite.decline_policy = policy;
    world.send(alice, invite);
    return world.replied_call(alice).call_id;
  }
  void decline(World::Device& device, CallId call, wire::DeclineReason reason = wire::DeclineReason::Declined) {
    world.send(device, wire::Decline{"", call, reason});
  }
};

TEST_F(Ringing, AnIgnoringDeviceIsSilentAndMayStillAnswer) {
  const auto call = invite();
  ring(bob, call);
  ring(bobs_tablet, call);
  world.send(bob, wire::Ignore{"", call});
  EXPECT_EQ(world.replied_call(bob).you, DeviceState::Ignored);
  EXPECT_FALSE(world.replied_call(bob).device_outcome);
  EXPECT_EQ(world.replied_call(bob).phase, Phase::Inviting);
  ring(bob, call);
  EXPECT_EQ(world.replied_call(bob).you, DeviceState::Ignored) << "it does not begin to ring again";
  world.send(bob, wire::Answer{"", call});
  EXPECT_EQ(world.replied_call(bob).you, DeviceState::Winner);
  EXPECT_EQ(seen(bobs_tablet).device_outcome, Outcome::AnsweredElsewhere);
}

TEST_F(Ringing, AnIgnoringDeviceLearnsOfTheEndOnce) {
  const auto call = invite();
  ring(bobs_tablet, call);
  world.send(bob, wire::Ignore{"", call});
  world.run(45s);
  expect_end(seen(bob), Outcome::NoAnswer, std::nullopt, Outcome::Missed);
  expect_one_final(bob);
}

TEST_F(Ringing, AllDevicesMustDecline) {
  const auto call = invite_with(wire::DeclinePolicy::AllDevices);
  ring(bob, call);
  ring(bobs_tablet, call);
  decline(bob, call);
  EXPECT_EQ(world.replied_call(bob).device_outcome, Outcome::Declined);
  EXPECT_EQ(world.replied_call(bob).phase, Phase::Inviting) << "the tablet still rings";
  decline(bobs_tablet, call);
  expect_end(seen(alice), Outcome::Declined, Reason::ByUser, Outcome::Declined);
  expect_end(world.replied_call(bobs_tablet), Outcome::Declined, Reason::ByUser, Outcome::Declined);
}

TEST_F(Ringing, ADeviceThatNeverRangDoesNotHoldARefusalUp) {
  auto call = invite_with(wire::DeclinePolicy::AllDevices);
  ring(bob, call);
  decline(bob, call);
  expect_end(seen(alice), Outcome::Declined, Reason::ByUser, Outcome::Declined);
  EXPECT_EQ(seen(bobs_tablet).device_outcome, Outcome::DeclinedElsewhere);
  call = invite_with(wire::DeclinePolicy::AllDevices);
  ring(bob, call);
  world.send(bobs_tablet, wire::Ignore{"", call});
  decline(bob, call);
  EXPECT_EQ(world.replied_call(bob).phase, Phase::Inviting) << "an ignored call may still be answered";
}

TEST_F(Ringing, BusyOnAllDevicesAndBusyWithADecline) {
  auto call = invite_with(wire::DeclinePolicy::AllDevices);
  for (auto* device : {&bob, &bobs_tablet}) world.send(*device, wire::RingAck{"", call, true});
  expect_end(seen(alice), Outcome::Busy, Reason::DeviceBusyAll, Outcome::Busy);
  call = invite_with(wire::DeclinePolicy::AllDevices);
  ring(bob, call);
  world.send(bobs_tablet, wire::RingAck{"", call, true});
  decline(bob, call);
  expect_end(seen(alice), Outcome::Declined, Reason::ByUser, Outcome::Declined);
}

// --- invites that come late or twice

TEST_F(Ringing, ACancelCanNameItsInvite) {
  world.feed(Received{alice.link, wire::Invite{"i1", "bob", wire::Media::None, {}, {}}, std::nullopt});
  ring(bob, seen(bob).call_id);
  world.send(alice, wire::Cancel{"", std::nullopt, "i1"});
  expect_end(world.replied_call(alice), Outcome::Cancelled, Reason::ByUser, Outcome::Cancelled);
  EXPECT_EQ(seen(bob).device_outcome, Outcome::Missed);
}

TEST_F(Ringing, ACancelBeforeItsInviteMakesItEndAtOnce) {
  world.send(alice, wire::Cancel{"", std::nullopt, "i1"});
  EXPECT_TRUE(std::holds_alternative<std::monostate>(world.last<wire::Reply>(alice).body));
  world.run(59s);
  const wire::Invite late{"i1", "bob", wire::Media::None, {}, {}};
  world.feed(Received{alice.link, late, std::nullopt});
  expect_end(world.replied_call(alice), Outcome::Cancelled, Reason::ByUser, Outcome::Cancelled);
  EXPECT_EQ(world.count<wire::CallEvent>(bob), 0);
  EXPECT_EQ(world.count<wire::Missed>(bob), 0) << "bob is not to learn of it";
  world.send(alice, wire::Cancel{"", std::nullopt, "i2"});
  world.run(60s);
  world.feed(Received{alice.link, wire::Invite{"i2", "bob", wire::Media::None, {}, {}}, std::nullopt});
  EXPECT_EQ(world.replied_call(alice).phase, Phase::Inviting) << "a cancel waits for 60 s";
}

TEST_F(Ringing, SixteenCancelsMayWait) {
  for (int i = 0; i < 16; ++i) world.send(alice, wire::Cancel{"", std::nullopt, "i" + std::to_string(i)});
  EXPECT_EQ(world.count<wire::Error>(alice), 0);
  world.send(alice, wire::Cancel{"", std::nullopt, "i16"});
  EXPECT_EQ(world.last<wire::Error>(alice).error, wire::ErrorWord::LimitReached);
}

TEST_F(Ringing, ARepeatedInviteShowsTheCallAsItIsNowAndRingsNobody) {
  const wire::Invite invite{"same", "bob", wire::Media::None, {}, {}};
  world.feed(Received{alice.link, invite, std::nullopt});
  const auto call = world.replied_call(alice).call_id;
  world.send(bob, wire::Decline{"", call, wire::DeclineReason::Declined});
  world.feed(Received{alice.link, invite, std::nullopt});
  expect_end(world.replied_call(alice), Outcome::Declined, Reason::ByUser, Outcome::Declined);
  EXPECT_EQ(world.replied_call(alice).call_id, call);
  world.close(alice);
  world.run(5min);  // its client is long gone; the device is not
  world.say_hello(alice);
  world.feed(Received{alice.link, invite, std::nullopt});
  EXPECT_EQ(world.replied_call(alice).call_id, call);
  EXPECT_EQ(world.engine.counts().live_calls, 0U);
}

TEST_F(Ringing, LateCommandsAreAnsweredWithTheEnd) {
  const auto call = invite();
  ring(bob, call);
  world.send(alice, wire::Cancel{"", call});
  world.send(bob, wire::Answer{"", call});
  expect_end(world.replied_call(bob), Outcome::Cancelled, Reason::ByUser, Outcome::Missed);
  world.send(bob, wire::Ignore{"", call});
  world.send(bob, wire::MoveHere{"", call});
  world.send(bob, wire::RingMore{"", call, {"carol"}});
  expect_end(world.replied_call(bob), Outcome::Cancelled, Reason::ByUser, Outcome::Missed);
}

// --- two who call each other

TEST_F(Ringing, TwoWhoCallEachOtherHaveOneCall) {
  const auto call = invite(wire::Media::Video);
  ring(bobs_tablet, call);
  world.feed(Received{bob.link, wire::Invite{"g", "alice", wire::Media::Audio, {}, {}}, std::nullopt});
  const auto merged = world.replied_call(bob);
  EXPECT_EQ(merged.call_id, call);
  EXPECT_TRUE(merged.merged);
  EXPECT_EQ(merged.you, DeviceState::Winner);
  EXPECT_EQ(merged.phase, Phase::Connecting);
  EXPECT_EQ(merged.media, wire::Media::Audio) << "video only if both asked for it";
  EXPECT_EQ(seen(alice).phase, Phase::Connecting);
  EXPECT_FALSE(seen(alice).merged);
  EXPECT_EQ(seen(bobs_tablet).device_outcome, Outcome::AnsweredElsewhere);
  EXPECT_EQ(world.engine.counts().live_calls, 1U);
  world.feed(Received{bob.link, wire::Invite{"g", "alice", wire::Media::Audio, {}, {}}, std::nullopt});
  EXPECT_TRUE(world.replied_call(bob).merged) << "a repeated command has the same result";
  world.send(bob, wire::Cancel{"", std::nullopt, "g"});
  expect_end(seen(alice), Outcome::Ended, Reason::ByCallee, Outcome::Ended);
}

TEST_F(Ringing, VideoWhenBothWantIt) {
  invite(wire::Media::Video);
  world.send(bob, wire::Invite{"", "alice", wire::Media::Video, {}, {}});
  EXPECT_EQ(world.replied_call(bob).media, wire::Media::Video);
}

TEST_F(Ringing, CallingAgainIsTheSameCall) {
  const auto call = invite();
  world.send(alice, wire::Invite{"", "bob", wire::Media::None, {}, {}});
  EXPECT_EQ(world.replied_call(alice).call_id, call) << "while it rings";
  world.send(bob, wire::Answer{"", call});
  world.send(bob, wire::Invite{"", "alice", wire::Media::None, {}, {}});
  EXPECT_EQ(world.replied_call(bob).call_id, call) << "from the winner";
  EXPECT_TRUE(world.replied_call(bob).merged);
  world.send(bobs_tablet, wire::Invite{"", "alice", wire::Media::None, {}, {}});
  EXPECT_EQ(world.replied_call(bobs_tablet).call_id, call);
  EXPECT_EQ(world.replied_call(bobs_tablet).you, DeviceState::Moving) << "from another device: it takes the call over";
}

TEST_F(Ringing, AnotherDeviceCannotCallWhomItsUserIsCallingAlready) {
  const auto call = invite();
  auto& phone = arrive("alice", "a2");
  world.send(phone, wire::Invite{"", "bob", wire::Media::None, {}, {}});
  expect_end(world.replied_call(phone), Outcome::Busy, Reason::InCall, Outcome::Busy);
  EXPECT_NE(world.replied_call(phone).call_id, call);
  EXPECT_EQ(world.count<wire::Missed>(bob), 0);
}

Settings busy_at_glare() {
  Settings settings;
  settings.glare = Glare::Busy;
  return settings;
}
class GlareIsBusy : public CallTest {
 protected:
  GlareIsBusy() : CallTest(busy_at_glare()) {}
};

TEST_F(GlareIsBusy, IfTheProjectWantsIt) {
  const auto call = invite();
  world.send(bob, wire::Invite{"", "alice", wire::Media::None, {}, {}});
  expect_end(world.replied_call(bob), Outcome::Busy, Reason::InCall, Outcome::Busy);
  world.send(bob, wire::Answer{"", call});
  EXPECT_EQ(world.replied_call(bob).you, DeviceState::Winner);
}

}  // namespace
}  // namespace offhook::core
