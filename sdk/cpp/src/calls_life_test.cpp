// The rest of the life of a call on one device: groups, taking calls over, settings of one call, calls placed by the backend.
#include "engine_testing.hpp"

namespace offhook::client {
namespace {

using wire::DeviceState;
using wire::LegState;
using wire::Outcome;
using wire::Phase;
using wire::Reason;
using wire::Role;
using enum CallMoment;

constexpr Handle k_handle = 5;
using Moments = std::vector<CallMoment>;

class ClientLife : public testing::Test {
 protected:
  void SetUp() override { device.start(); }

  static wire::Snapshot caller(std::uint64_t version, Phase phase) {
    return snapshot_of(version, Role::Caller, phase, phase == Phase::Inviting ? DeviceState::Calling : DeviceState::Joined);
  }
  static wire::Snapshot callee(std::uint64_t version, Phase phase, DeviceState you) { return snapshot_of(version, Role::Callee, phase, you); }
  static wire::Snapshot group(wire::Snapshot s, std::vector<wire::LegView> legs) {
    s.group_mode = wire::GroupMode::AllJoin;
    s.legs = std::move(legs);
    return s;
  }
  void hear(const wire::Snapshot& s) { device.hear_event(wire::CallEvent{0, s}); }
  void expect_end(Outcome outcome, std::optional<Reason> reason = {}) {
    ASSERT_EQ(device.all_told<event::Ended>().size(), 1U) << "a call ends exactly once";
    EXPECT_EQ(device.last_told<event::Ended>().outcome, outcome);
    EXPECT_EQ(device.last_told<event::Ended>().reason, reason);
  }
  void expect_live() { EXPECT_TRUE(device.all_told<event::Ended>().empty()); }

  Device device;
};

// --- groups

TEST_F(ClientLife, WhoOfAGroupIsNotHeardIsNamedAgainWheneverItIsSomebodyElse) {
  auto talk = group(callee(1, Phase::Inviting, DeviceState::Notified), {{"bob", LegState::Joined, {}, {}}, {"carol", LegState::Invited, {}, {}}});
  hear(talk);
  const auto lose = [&](std::vector<UserId> users) {
    talk.version += 1;
    talk.peer_unstable = !users.empty();
    talk.unstable = std::move(users);
    hear(talk);
  };
  for (const auto& users : {std::vector<UserId>{"bob"}, {"bob"}, {"alice", "bob"}, {}}) lose(users);
  EXPECT_EQ(device.moments(), (Moments{Incoming, Legs, PeerUnstable, PeerUnstable, PeerStable}));
}

TEST_F(ClientLife, AGroupIsPlacedWithItsSettingsAndItsLegsAreTold) {
  PlaceCall place;
  place.handle = k_handle;
  place.group = wire::Group{{"bob", "carol"}, wire::GroupMode::AllJoin, wire::OwnerLeaves::Stay};
  place.wake_timeout_ms = 5'000;
  place.decline_policy = wire::DeclinePolicy::AllDevices;
  place.wait_full_ring = true;
  device.give(place);
  const auto invite = device.last_sent<wire::Invite>();
  EXPECT_EQ(invite.to, "");
  EXPECT_EQ(invite.group.value().users, (std::vector<UserId>{"bob", "carol"}));
  EXPECT_EQ(invite.group->owner_leaves, wire::OwnerLeaves::Stay);
  EXPECT_EQ(invite.wake_timeout_ms, 5'000);
  EXPECT_EQ(invite.decline_policy, wire::DeclinePolicy::AllDevices);
  EXPECT_TRUE(invite.wait_full_ring);
  device.answer<wire::Invite>(wire::CallReply{group(caller(1, Phase::Inviting), {{"bob", {}, {}, {}}, {"carol", {}, {}, {}}})});
  EXPECT_EQ(device.moments(), (Moments{Calling, Legs}));
  hear(group(caller(2, Phase::Inviting), {{"bob", {}, {}, {}}, {"carol", {}, {}, {}}}));
  EXPECT_EQ(device.moments(), (Moments{Calling, Legs})) << "nothing new about them";
  hear(group(caller(3, Phase::Connecting), {{"bob", LegState::Joined, {}, {}}, {"carol", LegState::Ended, Outcome::Busy, Reason::InCall}}));
  EXPECT_EQ(device.moments(), (Moments{Calling, Legs, Connecting, Legs}));
  const auto legs = device.last_told<event::Call>().call.legs;
  ASSERT_EQ(legs.size(), 2U);
  EXPECT_EQ(legs[1].outcome, Outcome::Busy);
}

TEST_F(ClientLife, ALegIsOverThoughTheCallGoesOn) {
  hear(callee(1, Phase::Inviting, DeviceState::Notified));
  auto over = group(callee(2, Phase::Active, DeviceState::Done), {{"bob", LegState::Ended, Outcome::Declined, Reason::ByUser}, {"carol", LegState::Joined, {}, {}}});
  over.device_outcome = Outcome::Declined;
  hear(over);
  expect_end(Outcome::Declined, Reason::ByUser);
}

TEST_F(ClientLife, ItRingsOnWhileOthersTalkAndCanStillBeAnswered) {
  const auto with = [](wire::Snapshot s, LegState own) {
    return group(std::move(s), {{"bob", own, {}, {}}, {"carol", LegState::Joined, {}, {}}});
  };
  hear(with(callee(1, Phase::Active, DeviceState::Notified), LegState::Invited));
  EXPECT_EQ(device.moments(), (Moments{Incoming, Legs}));
  const auto handle = device.last_told<event::Call>().call.handle;
  device.give(Act{handle, Action::Answer});
  device.answer<wire::Answer>(wire::CallReply{with(callee(2, Phase::Active, DeviceState::Winner), LegState::Connecting)});
  EXPECT_EQ(device.moments(), (Moments{Incoming, Legs, Connecting, Legs}));
  hear(with(callee(3, Phase::Active, DeviceState::Winner), LegState::Joined));
  EXPECT_EQ(device.moments(), (Moments{Incoming, Legs, Connecting, Legs, Active, Legs}));
}

TEST_F(ClientLife, MoreUsersAreRungByARequestThatIsAnswered) {
  device.give(PlaceCall{k_handle, "bob", wire::Media::None, {}, {}});
  device.answer<wire::Invite>(wire::CallReply{caller(1, Phase::Inviting)});
  device.give(Request{7, wire::RingMore{"", k_call, {"carol"}}});
  device.answer<wire::RingMore>(wire::CallReply{group(caller(2, Phase::Inviting), {{"bob", {}, {}, {}}, {"carol", {}, {}, {}}})});
  EXPECT_EQ(device.last_told<event::Done>().request, 7U);
  EXPECT_EQ(device.last_told<event::Call>().moment, Legs) << "its reply is the only word of the change";
  EXPECT_EQ(device.last_told<event::Call>().call.group_mode, wire::GroupMode::AllJoin);
  device.give(Request{8, wire::RingMore{"", k_call, {"dave"}}});
  device.refuse<wire::RingMore>(wire::ErrorWord::LimitReached);
  EXPECT_EQ(device.last_told<event::Failed>().problem.word, "limit_reached");
  expect_live();
}

// --- taking a call over

class ClientMoving : public ClientLife {
 protected:
  void move() { device.give(MoveCall{k_handle, k_call, Role::Callee, "alice", wire::Media::Audio}); }
  void move_and_reply() {
    move();
    auto moving = callee(5, Phase::Active, DeviceState::Moving);
    moving.deadlines_remaining_ms.move = 15'000;
    device.answer<wire::MoveHere>(wire::CallReply{moving});
  }
};

TEST_F(ClientMoving, ItIsConnectingUntilThisDeviceHasTheCall) {
  move_and_reply();
  EXPECT_EQ(device.disk.at(k_call).state, JournalState::Live);
  EXPECT_EQ(device.moments(), Moments{Connecting});
  EXPECT_TRUE(device.last_told<event::Call>().call.is_moving);
  EXPECT_EQ(device.last_sent<wire::SessionConnect>().session_id, k_session);
  device.give(Act{k_handle, Action::MediaUp});
  device.answer<wire::MediaUp>(wire::CallReply{callee(6, Phase::Active, DeviceState::Winner)});
  EXPECT_EQ(device.moments(), (Moments{Connecting, Active}));
  EXPECT_FALSE(device.last_told<event::Call>().call.is_moving);
  hear(ended_with(7, Role::Callee, Outcome::Ended, Outcome::Ended));
  expect_end(Outcome::Ended);
}

TEST_F(ClientMoving, TheOldDeviceKeepsItIfThisOneCannot) {
  move_and_reply();
  auto kept = callee(6, Phase::Active, DeviceState::Elsewhere);
  kept.device_outcome = Outcome::AnsweredElsewhere;
  hear(kept);
  expect_end(Outcome::AnsweredElsewhere);
}

TEST_F(ClientMoving, WhatItHadOfTheCallBeforeSaysNothingAboutTheMove) {
  hear(callee(1, Phase::Inviting, DeviceState::Notified));
  auto elsewhere = callee(2, Phase::Connecting, DeviceState::Elsewhere);
  elsewhere.device_outcome = Outcome::AnsweredElsewhere;
  hear(elsewhere);
  device.forget();
  move();
  device.lose();
  device.come_back(false, {elsewhere});
  expect_live();
  auto moving = callee(5, Phase::Active, DeviceState::Moving);
  device.answer<wire::MoveHere>(wire::CallReply{moving});
  EXPECT_EQ(device.moments(), Moments{Connecting});
}

TEST_F(ClientMoving, ACallThatCannotBeTakenOverIsRefused) {
  move();
  device.answer<wire::MoveHere>(wire::CallReply{callee(5, Phase::Inviting, DeviceState::Notified)});
  expect_end(Outcome::Failed, Reason::NotAllowed);
}

TEST_F(ClientMoving, ACallThatHasEndedMeanwhileEndsAsItHas) {
  move();
  device.answer<wire::MoveHere>(wire::CallReply{ended_with(9, Role::Callee, Outcome::Ended, Outcome::AnsweredElsewhere)});
  expect_end(Outcome::AnsweredElsewhere);
}

TEST_F(ClientMoving, ACallThatTheServerDoesNotKnowIsRefused) {
  move();
  device.refuse<wire::MoveHere>(wire::ErrorWord::NoSuchCall);
  ASSERT_EQ(device.all_told<event::Ended>().size(), 1U);
  EXPECT_EQ(device.last_told<event::Ended>().outcome, Outcome::Failed);
}

TEST_F(ClientMoving, ACallThatThisDeviceIsInIsNotTakenOver) {
  hear(callee(1, Phase::Inviting, DeviceState::Notified));
  move();
  expect_end(Outcome::Failed, Reason::NotAllowed);
  EXPECT_TRUE(device.all_sent<wire::MoveHere>().empty());
  EXPECT_EQ(device.disk.at(k_call).state, JournalState::Live) << "it still rings";
}

TEST_F(ClientMoving, WithoutTheServersWordItIsGivenUpAfterTheTimeOfAnAnswer) {
  move();
  device.run(9'900ms);
  expect_live();
  device.run(200ms);
  expect_end(Outcome::LostContact);
  EXPECT_EQ(device.last_sent<wire::GiveUp>().watchdog, "move");
}

TEST_F(ClientMoving, AMoveThatNeverGetsMediaIsGivenUpAfterTheServersDeadline) {
  move_and_reply();
  device.run(16'900ms);
  expect_live();
  device.run(200ms);
  expect_end(Outcome::LostContact);
}

TEST_F(ClientMoving, HangingUpBeforeTheServersWordIsAHangUp) {
  move();
  device.give(Act{k_handle, Action::Cancel});
  EXPECT_EQ(device.last_sent<wire::Hangup>().call_id, k_call);
  auto kept = callee(6, Phase::Active, DeviceState::Elsewhere);
  kept.device_outcome = Outcome::AnsweredElsewhere;
  device.answer<wire::Hangup>(wire::CallReply{kept});
  expect_end(Outcome::AnsweredElsewhere);
}

TEST_F(ClientMoving, CallsOnOtherDevicesAreToldWholeAndForgottenWithTheClient) {
  const wire::ElsewhereCall one{k_call, Role::Callee, "alice", "Phone", wire::Media::Audio, 5, false};
  device.hear_event(wire::Elsewhere{0, {one}});
  device.hear_event(wire::Elsewhere{0, {one}});
  ASSERT_EQ(device.all_told<event::LiveElsewhere>().size(), 1U);
  EXPECT_EQ(device.last_told<event::LiveElsewhere>().calls[0].device, "Phone");
  device.lose();
  device.come_back(true);
  EXPECT_EQ(device.all_told<event::LiveElsewhere>().size(), 1U) << "a resumed client is told of changes";
  device.lose();
  device.come_back(false);
  EXPECT_TRUE(device.last_told<event::LiveElsewhere>().calls.empty());
}

// --- the call's own settings

TEST_F(ClientLife, TheCallWatchdogGoesAlongWithADropGraceOfTheCallsOwn) {
  device.give(PlaceCall{k_handle, "bob", wire::Media::None, {}, {}});
  auto active = caller(3, Phase::Active);
  active.drop_grace_ms = 60'000;
  device.answer<wire::Invite>(wire::CallReply{active});
  device.lose();
  device.run(59s);
  expect_live();
  device.run(1'100ms);
  expect_end(Outcome::LostContact);
}

// --- calls that the backend places

TEST_F(ClientLife, ACallThatTheBackendPlacesForThisDeviceIsMade) {
  hear(caller(1, Phase::Inviting));
  EXPECT_EQ(device.moments(), Moments{Calling});
  EXPECT_EQ(device.last_told<event::Call>().call.handle >> 63, 1U);
  EXPECT_EQ(device.disk.at(k_call).state, JournalState::Live);
  auto ringing = caller(2, Phase::Inviting);
  ringing.ringing = true;
  hear(ringing);
  hear(caller(3, Phase::Connecting));
  EXPECT_EQ(device.moments(), (Moments{Calling, Ringing, Connecting}));
  device.give(Act{device.last_told<event::Call>().call.handle, Action::Hangup});
  device.answer<wire::Hangup>(wire::CallReply{ended_with(4, Role::Caller, Outcome::Ended, Outcome::Ended)});
  expect_end(Outcome::Ended);
}

TEST_F(ClientLife, ACallThatAGivenUpInviteHasMadeIsNotTakenForTheBackends) {
  device.give(PlaceCall{k_handle, "bob", wire::Media::None, {}, {}});
  device.run(11s);
  expect_end(Outcome::Failed, Reason::ServerUnreachable);
  hear(caller(1, Phase::Inviting));
  EXPECT_TRUE(device.moments().empty());
  EXPECT_EQ(device.all_sent<wire::Cancel>().size(), 1U);
}

}  // namespace
}  // namespace offhook::client
