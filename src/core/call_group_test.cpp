// Calls of more than two, in virtual time.
#include "core/engine_testing.hpp"

namespace offhook::core {
namespace {

using wire::DeviceState;
using wire::GroupMode;
using wire::LegState;
using wire::Outcome;
using wire::OwnerLeaves;
using wire::Phase;
using wire::Reason;

class Groups : public CallTest {
 protected:
  CallId call_all(GroupMode mode, OwnerLeaves owner_leaves = OwnerLeaves::End, std::vector<UserId> users = {"bob", "carol"}) {
    wire::Invite invite{"", "", wire::Media::None, {}, {}};
    invite.group = wire::Group{std::move(users), mode, owner_leaves};
    world.send(alice, invite);
    return world.replied_call(alice).call_id;
  }
  void answer(World::Device& device, CallId call) { world.send(device, wire::Answer{"", call}); }
  void answer_and_join(World::Device& device, CallId call) {
    answer(device, call);
    join(device, world.replied_call(device));
  }
  // All three talk.
  CallId talk_in_group(OwnerLeaves owner_leaves = OwnerLeaves::End) {
    const auto call = call_all(GroupMode::AllJoin, owner_leaves);
    answer_and_join(bob, call);
    join(alice, seen(alice));
    answer_and_join(carol, call);
    return call;
  }
  wire::LegView leg(const wire::Snapshot& call, const UserId& user) {
    for (const auto& each : call.legs) {
      if (each.user == user) return each;
    }
    ADD_FAILURE() << "no leg of " << user;
    return {};
  }
  void hang_up(World::Device& device, CallId call) { world.send(device, wire::Hangup{"", call}); }

  World::Device& carol = arrive("carol", "c1");
};

TEST_F(Groups, TheFirstAnswerOfAnybodyWins) {
  const auto call = call_all(GroupMode::FirstAnswer);
  EXPECT_EQ(world.replied_call(alice).group_mode, GroupMode::FirstAnswer);
  ring(bob, call);
  ring(carol, call);
  EXPECT_EQ(leg(seen(alice), "bob").state, LegState::Ringing);
  EXPECT_EQ(seen(carol).callee.user, "carol");
  answer_and_join(carol, call);
  expect_one_final(bob);
  EXPECT_EQ(seen(bob).device_outcome, Outcome::AnsweredElsewhere);
  EXPECT_EQ(leg(seen(alice), "bob").outcome, Outcome::AnsweredElsewhere);
  EXPECT_EQ(leg(seen(alice), "carol").state, LegState::Connecting);
  EXPECT_EQ(seen(alice).callee.user, "carol");
  join(alice, seen(alice));
  EXPECT_EQ(leg(seen(alice), "carol").state, LegState::Joined);
  world.send(bob, wire::Hangup{"", call});
  EXPECT_EQ(world.replied_call(bob).phase, Phase::Active);
  hang_up(carol, call);
  expect_end(seen(alice), Outcome::Ended, Reason::ByCallee, Outcome::Ended);
  EXPECT_EQ(world.count<wire::Missed>(bob), 0);
}

TEST_F(Groups, ARefusalByOneUserLeavesTheOthersRinging) {
  const auto call = call_all(GroupMode::FirstAnswer);
  for (auto* device : {&bob, &bobs_tablet, &carol}) ring(*device, call);
  world.send(bob, wire::Decline{"", call, wire::DeclineReason::Declined});
  EXPECT_EQ(seen(alice).phase, Phase::Inviting);
  EXPECT_EQ(leg(seen(alice), "bob").outcome, Outcome::Declined);
  EXPECT_EQ(leg(seen(alice), "bob").reason, Reason::ByUser);
  EXPECT_EQ(seen(bobs_tablet).device_outcome, Outcome::DeclinedElsewhere);
  EXPECT_EQ(seen(bobs_tablet).reason, Reason::ByUser) << "why its part is over, though the call goes on";
  EXPECT_EQ(seen(carol).phase, Phase::Inviting);
  world.run(45s);
  expect_end(seen(alice), Outcome::Declined, Reason::ByUser, Outcome::Declined);
  EXPECT_EQ(leg(seen(alice), "carol").outcome, Outcome::NoAnswer);
  EXPECT_EQ(seen(carol).device_outcome, Outcome::Missed);
  expect_one_final(carol);
  expect_one_final(bobs_tablet);
}

TEST_F(Groups, TheWordThatSaysMostIsTheOutcome) {
  auto call = call_all(GroupMode::FirstAnswer, OwnerLeaves::End, {"nobody", "carol"});
  world.send(carol, wire::Decline{"", call, wire::DeclineReason::Busy});
  world.run(20s);
  expect_end(seen(alice), Outcome::Busy, Reason::InCall, Outcome::Busy);
  EXPECT_EQ(leg(seen(alice), "nobody").reason, Reason::NoDevices);
  call = call_all(GroupMode::AllJoin, OwnerLeaves::End, {"nobody", "carol"});
  ring(carol, call);
  world.run(45s);
  expect_end(seen(alice), Outcome::NoAnswer, std::nullopt, Outcome::NoAnswer);
  call_all(GroupMode::AllJoin, OwnerLeaves::End, {"nobody", "no-one"});
  world.run(20s);
  expect_end(seen(alice), Outcome::Unreachable, Reason::NoDevices, Outcome::Unreachable);
}

TEST_F(Groups, EachUsersRulesHoldForTheOwnLeg) {
  world.send(carol, wire::SetRules{"", {wire::CallWaiting::RingAll, 2, true, {}}});
  const auto call = call_all(GroupMode::FirstAnswer);
  EXPECT_EQ(leg(seen(alice), "carol").reason, Reason::ByDndRule);
  EXPECT_EQ(world.last<wire::Missed>(carol).record.call_id, call);
  EXPECT_EQ(world.last<wire::Missed>(carol).record.legs.size(), 2U);
  ring(bob, call);
  world.send(bob, wire::Decline{"", call, wire::DeclineReason::Declined});
  EXPECT_EQ(seen(alice).phase, Phase::Ended);
}

TEST_F(Groups, AllJoinAndLeaveOneByOne) {
  const auto call = call_all(GroupMode::AllJoin);
  answer_and_join(bob, call);
  EXPECT_EQ(seen(alice).phase, Phase::Connecting);
  EXPECT_EQ(seen(carol).you, DeviceState::Notified) << "it rings on";
  join(alice, seen(alice));
  EXPECT_EQ(seen(bob).phase, Phase::Active);
  answer(carol, call);
  EXPECT_EQ(leg(seen(alice), "carol").state, LegState::Connecting);
  join(carol, world.replied_call(carol));
  EXPECT_EQ(leg(seen(alice), "carol").state, LegState::Joined);
  hang_up(bob, call);
  EXPECT_EQ(world.replied_call(bob).device_outcome, Outcome::Ended);
  EXPECT_EQ(seen(alice).phase, Phase::Active);
  EXPECT_EQ(leg(seen(carol), "bob").state, LegState::Ended);
  EXPECT_EQ(world.last<wire::SessionDisconnected>(bob).reason, wire::LeaveReason::ForceDisconnected);
  hang_up(carol, call);
  EXPECT_EQ(seen(alice).phase, Phase::Active);
  EXPECT_EQ(seen(alice).deadlines_remaining_ms.alone, 60'000);
  world.run(60s);
  expect_end(seen(alice), Outcome::Ended, Reason::Alone, Outcome::Ended);
  EXPECT_EQ(world.stored.back().legs.size(), 2U);
  EXPECT_EQ(world.stored.back().legs.front().outcome, Outcome::Ended);
}

TEST_F(Groups, TheOwnerEndsItForAll) {
  const auto call = talk_in_group();
  hang_up(alice, call);
  expect_end(seen(bob), Outcome::Ended, Reason::ByCaller, Outcome::Ended);
  expect_end(seen(carol), Outcome::Ended, Reason::ByCaller, Outcome::Ended);
}

TEST_F(Groups, OrGoesAloneIfItStays) {
  const auto call = talk_in_group(OwnerLeaves::Stay);
  hang_up(alice, call);
  EXPECT_EQ(world.replied_call(alice).device_outcome, Outcome::Ended);
  EXPECT_EQ(world.replied_call(alice).reason, Reason::ByCaller) << "why her part is over, though the call goes on";
  EXPECT_EQ(seen(bob).phase, Phase::Active);
  EXPECT_FALSE(seen(bob).reason);
  world.run(2min);
  EXPECT_EQ(world.engine.counts().live_calls, 1U) << "two still talk";
  hang_up(bob, call);
  hang_up(carol, call);
  expect_end(world.replied_call(carol), Outcome::Ended, Reason::AllLeft, Outcome::Ended);
  EXPECT_FALSE(seen(alice).device_outcome) << "the reply to her hang-up was her end";
}

TEST_F(Groups, AnAnswerAfterTheCallerHasLeftDoesNotBringTheCallerBack) {
  const auto call = call_all(GroupMode::AllJoin, OwnerLeaves::Stay);
  answer_and_join(bob, call);
  join(alice, seen(alice));
  hang_up(alice, call);
  answer_and_join(carol, call);
  hang_up(bob, call);
  hang_up(carol, call);
  EXPECT_EQ(world.engine.counts().live_calls, 0U);
  world.send(alice, wire::SetRules{"", {wire::CallWaiting::Off, 2, false, {}}});
  world.send(bob, wire::Invite{"", "alice", wire::Media::None, {}, {}});
  EXPECT_EQ(world.replied_call(bob).phase, Phase::Inviting) << "alice is in no call";
}

TEST_F(Groups, WhoAnsweredACallerWhoHasLeftIsNotToldThatNobodyAnswered) {
  const auto call = call_all(GroupMode::AllJoin, OwnerLeaves::Stay);
  ring(carol, call);
  answer(bob, call);
  hang_up(alice, call);
  EXPECT_EQ(world.replied_call(alice).device_outcome, Outcome::Ended);
  EXPECT_EQ(seen(bob).phase, Phase::Connecting) << "carol may still come";
  world.send(carol, wire::Decline{"", call, wire::DeclineReason::Declined});
  expect_end(seen(bob), Outcome::Ended, Reason::AllLeft, Outcome::Ended);
}

TEST_F(Groups, OneWhoIsLostGoesAlone) {
  talk_in_group();
  world.close(bob);
  EXPECT_TRUE(seen(alice).peer_unstable);
  EXPECT_TRUE(seen(carol).peer_unstable);
  EXPECT_EQ(seen(carol).unstable, std::vector<UserId>{"bob"}) << "who it is, is said";
  world.run(20s);
  EXPECT_EQ(leg(seen(alice), "bob").outcome, Outcome::Dropped);
  EXPECT_EQ(leg(seen(alice), "bob").reason, Reason::CalleeLost);
  EXPECT_EQ(seen(carol).phase, Phase::Active);
  EXPECT_FALSE(seen(carol).peer_unstable);
  EXPECT_TRUE(seen(carol).unstable.empty());
}

TEST_F(Groups, EachIsToldWhoOfTheOthersIsLostTheCallerToo) {
  talk_in_group();
  world.close(bob);
  world.close(alice);
  EXPECT_EQ(seen(carol).unstable, (std::vector<UserId>{"alice", "bob"}));
}

TEST_F(Groups, ALegThatNeverConnectsGoesAlone) {
  const auto call = call_all(GroupMode::AllJoin);
  answer_and_join(bob, call);
  join(alice, seen(alice));
  answer(carol, call);
  world.run(20s);
  EXPECT_EQ(seen(carol).device_outcome, Outcome::ConnectFailed);
  EXPECT_EQ(seen(alice).phase, Phase::Active);
}

TEST_F(Groups, NobodyConnects) {
  const auto call = call_all(GroupMode::AllJoin);
  answer(bob, call);
  world.send(carol, wire::Decline{"", call, wire::DeclineReason::Declined});
  world.run(20s);
  expect_end(seen(alice), Outcome::ConnectFailed, Reason::Timeout, Outcome::ConnectFailed);
}

TEST_F(Groups, WhoStillRingsWhenItEndsHasMissedIt) {
  const auto call = call_all(GroupMode::AllJoin);
  answer_and_join(bob, call);
  join(alice, seen(alice));
  ring(carol, call);
  hang_up(alice, call);
  expect_end(seen(carol), Outcome::Ended, Reason::ByCaller, Outcome::Missed);
  EXPECT_EQ(leg(seen(bob), "carol").outcome, Outcome::Cancelled);
  EXPECT_EQ(world.last<wire::Missed>(arrive("carol", "c2")).record.call_id, call);
}

TEST_F(Groups, MoreAreRungIntoACallBetweenTwo) {
  const auto call = talk();
  world.send(bob, wire::RingMore{"", call, {"carol", "alice", "carol"}});
  const auto shown = world.replied_call(bob);
  EXPECT_EQ(shown.group_mode, GroupMode::AllJoin);
  EXPECT_EQ(shown.legs.size(), 2U) << "nobody twice";
  EXPECT_EQ(seen(carol).call_id, call);
  EXPECT_EQ(seen(carol).phase, Phase::Active);
  EXPECT_EQ(seen(carol).you, DeviceState::Notified);
  answer_and_join(carol, call);
  EXPECT_EQ(leg(seen(alice), "carol").state, LegState::Joined);
  hang_up(bob, call);
  EXPECT_EQ(seen(carol).phase, Phase::Active);
}

TEST_F(Groups, MoreAreRungWhileItRings) {
  const auto call = invite();
  ring(bob, call);
  world.send(alice, wire::RingMore{"", call, {"carol"}});
  world.send(bob, wire::Decline{"", call, wire::DeclineReason::Declined});
  EXPECT_EQ(seen(alice).phase, Phase::Inviting);
  answer(carol, call);
  EXPECT_EQ(world.replied_call(carol).you, DeviceState::Winner);
}

TEST_F(Groups, OneWhoIsAloneCanRingAgain) {
  const auto call = talk_in_group();
  hang_up(bob, call);
  hang_up(carol, call);
  world.run(50s);
  world.send(alice, wire::RingMore{"", call, {"dave"}});
  auto& dave = arrive("dave", "d1");
  ASSERT_EQ(dave.welcome.calls.size(), 1U);
  world.run(15s);
  EXPECT_EQ(seen(alice).phase, Phase::Active);
  world.run(5s);  // nobody rang at dave's: alone again
  world.run(59s);
  EXPECT_EQ(seen(alice).phase, Phase::Active);
  world.run(1s);
  expect_end(seen(alice), Outcome::Ended, Reason::Alone, Outcome::Ended);
}

TEST_F(Groups, OnlyThoseInItRingMoreAndOnlySixteen) {
  const auto call = invite();
  world.send(bob, wire::RingMore{"", call, {"carol"}});
  EXPECT_TRUE(world.replied_call(bob).legs.empty()) << "bob has not answered";
  std::vector<UserId> crowd;
  for (int i = 0; i < 16; ++i) crowd.push_back("u" + std::to_string(i));
  world.send(alice, wire::RingMore{"", call, crowd});
  EXPECT_EQ(world.last<wire::Error>(alice).error, wire::ErrorWord::LimitReached);
  world.feed(AdminRingMore{1, call, {"carol"}});
  EXPECT_EQ(std::get<CallId>(world.rest_answers.back().answer), call);
  EXPECT_EQ(seen(carol).call_id, call);
  world.send(alice, wire::Cancel{"", call});
  world.feed(AdminRingMore{2, call, {"dave"}});
  EXPECT_EQ(std::get<RestRefusal>(world.rest_answers.back().answer), RestRefusal::CallOver);
}

TEST_F(Groups, WithdrawnAndWithOneself) {
  const auto call = call_all(GroupMode::AllJoin);
  ring(carol, call);
  world.send(alice, wire::Cancel{"", call});
  expect_end(seen(carol), Outcome::Cancelled, Reason::ByUser, Outcome::Missed);
  expect_end(seen(bob), Outcome::Cancelled, Reason::ByUser, Outcome::Missed);
  call_all(GroupMode::AllJoin, OwnerLeaves::End, {"alice", "carol"});
  expect_end(world.replied_call(alice), Outcome::Failed, Reason::NotAllowed, Outcome::Failed);
  call_all(GroupMode::AllJoin, OwnerLeaves::End, {"alice", "alice"});
  expect_end(world.replied_call(alice), Outcome::Failed, Reason::NotAllowed, Outcome::Failed);
  EXPECT_EQ(seen(carol).call_id, call);
}

TEST_F(Groups, AGroupIsNoCallBetweenTwo) {
  const auto call = talk_in_group();
  world.send(bobs_tablet, wire::Invite{"", "dave", wire::Media::None, {}, {}});
  world.send(alice, wire::Invite{"", "carol", wire::Media::None, {}, {}});
  EXPECT_NE(world.replied_call(alice).call_id, call);
  EXPECT_EQ(world.replied_call(alice).phase, Phase::Inviting);
  for (const auto& record : world.stored) {
    EXPECT_EQ(record.deadline.has_value(), record.phase != Phase::Ended) << record.version;
  }
}

// A group does not take the one place for ringing from itself.
TEST_F(Groups, RingsSomebodyWhoseDevicesRingForOneCallAtATime) {
  world.send(bob, wire::SetRules{"", {.call_waiting = {}, .max_parallel_rings = 1, .do_not_disturb = false, .blocked = {}}});
  wire::Invite invite{"", "", wire::Media::None, {}, {}};
  invite.group = wire::Group{{"bob", "carol"}, wire::GroupMode::FirstAnswer, wire::OwnerLeaves::End};
  world.send(alice, invite);
  EXPECT_EQ(world.replied_call(alice).legs.at(0).state, wire::LegState::Invited);
  EXPECT_EQ(world.count<wire::CallEvent>(bob), 1);
}

}  // namespace
}  // namespace offhook::core
