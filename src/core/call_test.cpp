// Calls as their devices see them, in virtual time, through the engine's whole face.
#include "core/engine_testing.hpp"

namespace offhook::core {
namespace {

using wire::DeviceState;
using wire::Outcome;
using wire::Phase;
using wire::Reason;

class Calls : public CallTest {};

TEST_F(Calls, AnsweredAndEnded) {
  const auto call = invite();
  EXPECT_EQ(seen(bob).you, DeviceState::Notified);
  ring(bob, call);
  EXPECT_TRUE(seen(alice).ringing);
  world.send(bob, wire::Answer{"", call});
  EXPECT_EQ(world.replied_call(bob).you, DeviceState::Winner);
  EXPECT_EQ(seen(alice).phase, Phase::Connecting);
  EXPECT_EQ(seen(bobs_tablet).device_outcome, Outcome::AnsweredElsewhere);
  EXPECT_FALSE(seen(bobs_tablet).session_id);
  join(bob, world.replied_call(bob));
  join(alice, seen(alice));
  EXPECT_EQ(seen(alice).phase, Phase::Active);
  EXPECT_EQ(seen(bob).phase, Phase::Active);
  world.run(61s);
  world.send(alice, wire::Hangup{"", call});
  expect_end(seen(bob), Outcome::Ended, Reason::ByCaller, Outcome::Ended);
  expect_end(world.replied_call(alice), Outcome::Ended, Reason::ByCaller, Outcome::Ended);
  EXPECT_EQ(seen(bob).duration_ms, 61'000);
  EXPECT_EQ(world.last<wire::SessionDisconnected>(bob).reason, wire::LeaveReason::CallEnded);
  expect_one_final(bobs_tablet);
  EXPECT_EQ(world.engine.counts().live_calls, 0U);
  EXPECT_EQ(world.stored.back().outcome, Outcome::Ended);
}

// A device whose socket dies with the end on its way must notice soon, or it would go on ringing.
TEST_F(Calls, TheSlowPaceIsToldAHeartbeatAfterTheEnd) {
  const auto call = talk();
  world.run(5s);
  bob.periods_ms.clear();
  world.send(alice, wire::Hangup{"", call});
  EXPECT_EQ(bob.periods_ms, std::vector<std::int64_t>{});
  world.run(1s);
  EXPECT_EQ(bob.periods_ms, std::vector<std::int64_t>{25'000});
  world.run(24s);
  EXPECT_EQ(bob.periods_ms.size(), 1U);
}

TEST_F(Calls, TheFirstAnswerWinsAndTheSecondIsNoError) {
  const auto call = invite();
  world.send(bob, wire::Answer{"", call});
  world.send(bobs_tablet, wire::Answer{"", call});
  EXPECT_EQ(world.replied_call(bobs_tablet).you, DeviceState::Elsewhere);
  world.send(bobs_tablet, wire::Hangup{"", call});
  EXPECT_EQ(world.replied_call(bobs_tablet).phase, Phase::Connecting) << "only the winner can end an answered call";
}

TEST_F(Calls, DeclinedByOneDeviceForAll) {
  const auto call = invite();
  ring(bob, call);
  world.send(bob, wire::Decline{"", call, wire::DeclineReason::Declined});
  expect_end(seen(alice), Outcome::Declined, Reason::ByUser, Outcome::Declined);
  expect_end(world.replied_call(bob), Outcome::Declined, Reason::ByUser, Outcome::Declined);
  expect_end(seen(bobs_tablet), Outcome::Declined, Reason::ByUser, Outcome::DeclinedElsewhere);
  world.send(bobs_tablet, wire::Answer{"", call});
  EXPECT_EQ(world.replied_call(bobs_tablet).outcome, Outcome::Declined) << "a late answer changes nothing";
}

TEST_F(Calls, BusyByAPersonAndByAllDevices) {
  auto call = invite();
  ring(bobs_tablet, call);
  world.send(bob, wire::Decline{"", call, wire::DeclineReason::Busy});
  expect_end(seen(alice), Outcome::Busy, Reason::InCall, Outcome::Busy);
  EXPECT_EQ(seen(bobs_tablet).device_outcome, Outcome::BusyElsewhere);
  call = invite();
  world.send(bob, wire::RingAck{"", call, true});
  EXPECT_EQ(world.replied_call(bob).phase, Phase::Inviting);
  world.send(bobs_tablet, wire::RingAck{"", call, true});
  expect_end(seen(alice), Outcome::Busy, Reason::DeviceBusyAll, Outcome::Busy);
}

TEST_F(Calls, NobodyAnswers) {
  const auto call = invite();
  world.run(15s);
  ring(bob, call);
  world.run(45s - 1us);
  EXPECT_EQ(seen(alice).phase, Phase::Inviting);
  world.run(1us);
  expect_end(seen(alice), Outcome::NoAnswer, std::nullopt, Outcome::NoAnswer);
  EXPECT_EQ(seen(bob).device_outcome, Outcome::Missed);
  expect_one_final(bob);
  expect_one_final(bobs_tablet);
}

TEST_F(Calls, ToldButNeverRang) {
  invite();
  world.run(20s);
  expect_end(seen(alice), Outcome::Unreachable, Reason::PushUnacked, Outcome::Unreachable);
  EXPECT_EQ(seen(bob).device_outcome, Outcome::Missed);
}

TEST_F(Calls, NobodyThereAndALateDeviceIsRung) {
  world.send(alice, wire::Invite{"", "carol", wire::Media::None, {}, {}});
  world.run(19s);
  auto carol = world.connect("carol", "c1");
  world.say_hello(carol);
  ASSERT_EQ(carol.welcome.calls.size(), 1U);
  EXPECT_EQ(carol.welcome.calls[0].you, DeviceState::Notified);
  ring(carol, carol.welcome.calls[0].call_id);
  EXPECT_TRUE(seen(alice).ringing);
  world.send(alice, wire::Invite{"", "dave", wire::Media::None, 3000, {}});
  world.run(3s);
  expect_end(seen(alice), Outcome::Unreachable, Reason::NoDevices, Outcome::Unreachable);
}

TEST_F(Calls, CancelledBeforeAndAfterTheAnswer) {
  auto call = invite();
  ring(bob, call);
  world.send(alice, wire::Cancel{"", call});
  expect_end(world.replied_call(alice), Outcome::Cancelled, Reason::ByUser, Outcome::Cancelled);
  EXPECT_EQ(seen(bob).device_outcome, Outcome::Missed);
  EXPECT_EQ(seen(bobs_tablet).device_outcome, Outcome::Missed);
  call = invite();
  world.send(bob, wire::Answer{"", call});
  world.send(alice, wire::Cancel{"", call});
  expect_end(seen(bob), Outcome::Ended, Reason::ByCaller, Outcome::Ended);
  EXPECT_EQ(seen(bob).duration_ms, 0);
}

TEST_F(Calls, CallerKilledWhileRinging) {
  const auto call = invite();
  ring(bob, call);
  world.run(3s);
  world.close(alice);
  EXPECT_TRUE(seen(bob).peer_unstable);
  world.run(10s);
  expect_end(seen(bob), Outcome::Cancelled, Reason::CallerLost, Outcome::Missed);
}

TEST_F(Calls, CallerSilentWhileRingingComesBackInTime) {
  const auto call = invite();
  ring(bob, call);
  world.silence(alice);
  world.run(3s);
  EXPECT_TRUE(seen(bob).peer_unstable);
  EXPECT_EQ(alice.closed, 4004);
  alice.answers_pings = true;
  world.say_hello(alice, true);
  EXPECT_TRUE(alice.welcome.resumed);
  EXPECT_FALSE(seen(bob).peer_unstable);
  world.send(bob, wire::Answer{"", call});
  EXPECT_EQ(seen(alice).phase, Phase::Connecting);
}

// A disk may take longer for a commit than the server waits for a sign of life.
TEST_F(Calls, AWelcomeThatHasNotLeftYetIsNoSilenceOfTheClient) {
  talk();
  world.close(alice);
  world.holds_welcomes = true;
  world.say_hello(alice, true);
  alice.periods_ms.clear();
  world.run(10s);
  EXPECT_EQ(alice.closed, std::nullopt);
  EXPECT_TRUE(alice.periods_ms.empty()) << "heartbeats begin when it has left";
  world.feed(Welcomed{alice.link});
  world.run(30s);
  EXPECT_EQ(alice.periods_ms.size(), 30U);
  EXPECT_EQ(seen(bob).phase, Phase::Active);
  EXPECT_FALSE(seen(bob).peer_unstable);
}

TEST_F(Calls, SilenceCountsFromTheWelcomeThatHasLeft) {
  talk();
  world.close(alice);
  world.holds_welcomes = true;
  world.say_hello(alice, true);
  world.silence(alice);
  world.run(10s);
  world.feed(Welcomed{alice.link});
  world.run(2s);
  EXPECT_EQ(alice.closed, std::nullopt);
  world.run(500ms);
  EXPECT_EQ(alice.closed, 4004);
  world.run(10s);
  EXPECT_EQ(seen(bob).outcome, Outcome::Dropped) << "the grace counts from the last word";
}

TEST_F(Calls, HeartbeatsNeedNotWaitForTheDiskUnlessTheyTellASlowerPace) {
  const auto call = talk();
  Effects out;
  const auto beats = [&] {
    std::vector<std::pair<std::int64_t, bool>> found;
    for (const auto& effect : out) {
      const auto* send = std::get_if<Send>(&effect);
      if (send == nullptr || send->link != alice.link) continue;
      if (const auto* ping = std::get_if<wire::ServerPing>(send->message.get())) found.emplace_back(ping->period_ms, send->at_once);
    }
    out.clear();
    return found;
  };
  using Beats = std::vector<std::pair<std::int64_t, bool>>;
  world.engine.advance(world.now += 1s, out);
  EXPECT_EQ(beats(), (Beats{{1'000, true}}));
  world.engine.handle(world.now, Received{alice.link, wire::Hangup{"h", call}, std::nullopt}, out);
  world.engine.advance(world.now += 1s, out);
  EXPECT_EQ(beats(), (Beats{{25'000, false}})) << "the end of the call comes before it";
  world.engine.handle(world.now, Received{alice.link, wire::Invite{"i", "bob", wire::Media::None, {}, {}}, std::nullopt}, out);
  EXPECT_EQ(beats(), (Beats{{1'000, true}})) << "who waits for the answer need not doubt the link";
}

TEST_F(Calls, MediaInTimeOrConnectFailed) {
  auto call = invite(wire::Media::Video);
  world.send(bob, wire::Answer{"", call});
  world.send(bob, wire::MediaUp{"", call});
  EXPECT_EQ(world.replied_call(bob).phase, Phase::Connecting);
  world.run(20s);
  expect_end(seen(alice), Outcome::ConnectFailed, Reason::Timeout, Outcome::ConnectFailed);
  call = invite(wire::Media::Video);
  world.send(bob, wire::Answer{"", call});
  world.send(bob, wire::MediaFailed{"", call, wire::MediaFailure::Permission});
  expect_end(seen(alice), Outcome::ConnectFailed, Reason::Permission, Outcome::ConnectFailed);
  call = invite(wire::Media::Video);
  world.send(bob, wire::Answer{"", call});
  world.send(bob, wire::MediaUp{"", call});
  world.send(alice, wire::MediaUp{"", call});
  EXPECT_EQ(seen(bob).phase, Phase::Active);
}

TEST_F(Calls, MediaLostWithSignallingFine) {
  const auto call = invite(wire::Media::Audio);
  world.send(bob, wire::Answer{"", call});
  for (auto* side : {&alice, &bob}) world.send(*side, wire::MediaUp{"", call});
  world.send(bob, wire::MediaDown{"", call});
  world.run(10s);
  world.send(bob, wire::MediaUp{"", call});
  world.run(30s);
  EXPECT_EQ(world.engine.counts().live_calls, 1U);
  world.send(bob, wire::MediaDown{"", call});
  world.run(20s);
  expect_end(seen(alice), Outcome::Dropped, Reason::MediaLost, Outcome::Dropped);
}

TEST_F(Calls, WinnerKilledIsToldAtOnceAndDroppedAtTheGrace) {
  talk();
  world.close(bob);
  EXPECT_TRUE(seen(alice).peer_unstable);
  world.run(20s - 1us);
  EXPECT_EQ(seen(alice).phase, Phase::Active);
  world.run(1us);
  expect_end(seen(alice), Outcome::Dropped, Reason::CalleeLost, Outcome::Dropped);
}

TEST_F(Calls, BothSidesSilent) {
  const auto call = talk();
  world.silence(alice);
  world.silence(bob);
  world.run(25s);
  EXPECT_EQ(world.stored.back().id, call);
  EXPECT_EQ(world.stored.back().reason, Reason::BothLost);
}

TEST_F(Calls, AReloadedPageIsTheSameParticipant) {
  const auto call = talk();
  world.close(bob);
  world.run(5s);
  world.say_hello(bob, false, {call});
  EXPECT_FALSE(bob.welcome.resumed);
  ASSERT_EQ(bob.welcome.calls.size(), 1U);
  EXPECT_EQ(bob.welcome.calls[0].you, DeviceState::Winner);
  EXPECT_FALSE(seen(alice).peer_unstable);
  join(bob, bob.welcome.calls[0]);
  world.run(60s);
  EXPECT_EQ(world.engine.counts().live_calls, 1U);
}

TEST_F(Calls, AReloadedPageThatDoesNotJoinAgainIsLost) {
  const auto call = talk();
  world.close(bob);
  world.say_hello(bob, false, {call});
  world.run(21s);
  expect_end(seen(alice), Outcome::Dropped, Reason::MediaLost, Outcome::Dropped);
}

// Its link alone keeps no call alive: it may know nothing of it, and be gone again before it could say so.
TEST_F(Calls, ADeviceThatHasForgottenTheCallIsNotBackInIt) {
  talk();
  for (int i = 0; i < 6; ++i) {
    world.close(bob);
    world.run(2s);
    world.say_hello(bob);
    EXPECT_EQ(bob.welcome.calls.size(), 1U) << "it is told all the same";
    EXPECT_TRUE(seen(alice).peer_unstable);
    world.run(1s);
  }
  world.run(2s);
  expect_end(seen(alice), Outcome::Dropped, Reason::CalleeLost, Outcome::Dropped);
}

TEST_F(Calls, ACommandAboutOneCallIsNoContactInAnother) {
  const auto first = talk();
  world.send(bobs_tablet, wire::Invite{"", "alice", wire::Media::None, {}, {}});  // busy: bob is in a call with her
  auto& carol = arrive("carol", "c1");
  world.send(carol, wire::Invite{"", "bob", wire::Media::None, {}, {}});
  const auto second = world.replied_call(carol).call_id;
  world.close(bob);
  world.run(10s);
  world.say_hello(bob);  // has started anew, knows of the second only because it rings now
  world.send(bob, wire::RingAck{"", second, false});
  world.send(bob, wire::GiveUp{"", second, "ring"});
  EXPECT_TRUE(seen(alice).peer_unstable);
  world.run(10s);
  EXPECT_EQ(seen(alice).call_id, first);
  expect_end(seen(alice), Outcome::Dropped, Reason::CalleeLost, Outcome::Dropped);
}

TEST_F(Calls, AnyCommandAboutTheCallBringsADeviceBack) {
  const auto call = talk();
  world.close(bob);
  world.run(10s);
  world.say_hello(bob);
  world.send(bob, wire::GetCall{"", call});
  EXPECT_FALSE(seen(alice).peer_unstable);
  join(bob, world.replied_call(bob));
  world.run(60s);
  EXPECT_EQ(world.engine.counts().live_calls, 1U);
}

TEST_F(Calls, AResumedClientMissesNothingAndSeesNothingTwice) {
  const auto call = invite();
  ring(bob, call);
  world.close(alice);
  world.send(bob, wire::Answer{"", call});
  const auto before = world.count<wire::CallEvent>(alice);
  world.say_hello(alice, true);
  EXPECT_TRUE(alice.welcome.resumed);
  EXPECT_EQ(world.count<wire::CallEvent>(alice), before + 1);  // World checks that no number is missing or doubled
  EXPECT_EQ(seen(alice).phase, Phase::Connecting);
}

TEST_F(Calls, GivingUpIsForGood) {
  auto call = invite();
  ring(bob, call);
  world.send(bob, wire::GiveUp{"", call, "ring"});
  world.send(bob, wire::Answer{"", call});
  EXPECT_EQ(world.replied_call(bob).phase, Phase::Inviting);
  world.send(alice, wire::GiveUp{"", call, "caller"});
  expect_end(seen(bobs_tablet), Outcome::Cancelled, Reason::CallerLost, Outcome::Missed);
  call = talk();
  world.send(bob, wire::GiveUp{"", call, "call"});
  expect_end(seen(alice), Outcome::Dropped, Reason::CalleeLost, Outcome::Dropped);
}

TEST_F(Calls, ARepeatedCommandIsAnsweredAsBefore) {
  const wire::Invite invite{"same", "bob", wire::Media::None, {}, {}};
  world.feed(Received{alice.link, invite, std::nullopt});
  const auto first = world.replied_call(alice).call_id;
  world.feed(Received{alice.link, invite, std::nullopt});
  EXPECT_EQ(world.replied_call(alice).call_id, first);
  EXPECT_EQ(world.engine.counts().live_calls, 1U);
  world.close(alice);
  world.say_hello(alice);  // afresh: the device is the same
  world.feed(Received{alice.link, invite, std::nullopt});
  EXPECT_EQ(world.replied_call(alice).call_id, first);
}

TEST_F(Calls, NotYourselfAndNotWhileStopping) {
  world.send(alice, wire::Invite{"", "alice", wire::Media::None, {}, {}});
  expect_end(world.replied_call(alice), Outcome::Failed, Reason::NotAllowed, Outcome::Failed);
  const auto call = talk();
  world.feed(DrainStarted{world.now + 10s});
  EXPECT_EQ(world.last<wire::Draining>(alice).remaining_ms, 10'000);
  world.send(bobs_tablet, wire::Invite{"", "carol", wire::Media::None, {}, {}});
  expect_end(world.replied_call(bobs_tablet), Outcome::Failed, Reason::ServerShutdown, Outcome::Failed);
  EXPECT_FALSE(world.drained);
  world.run(10s);
  EXPECT_TRUE(world.drained);
  EXPECT_EQ(seen(alice).call_id, call);
  expect_end(seen(alice), Outcome::Failed, Reason::ServerShutdown, Outcome::Failed);
}

TEST_F(Calls, TheBackendCanEndThem) {
  auto call = invite();
  world.feed(AdminEndCall{call});
  expect_end(seen(alice), Outcome::Cancelled, Reason::ByApi, Outcome::Cancelled);
  call = talk();
  world.feed(AdminEndCall{call});
  expect_end(seen(bob), Outcome::Ended, Reason::ByApi, Outcome::Ended);
}

TEST_F(Calls, StrangersSeeNothing) {
  const auto call = invite();
  auto mallory = world.connect("mallory", "m1");
  world.say_hello(mallory);
  world.send(mallory, wire::Answer{"", call});
  EXPECT_EQ(world.last<wire::Error>(mallory).error, wire::ErrorWord::NoSuchCall);
  world.send(mallory, wire::GetCall{"", call});
  EXPECT_EQ(world.last<wire::Error>(mallory).error, wire::ErrorWord::NoSuchCall);
}

TEST_F(Calls, EveryLiveRecordHasADeadlineAndTheLongestCallEnds) {
  talk();
  world.run(4h);
  expect_end(seen(alice), Outcome::Ended, Reason::MaxDuration, Outcome::Ended);
  for (const auto& record : world.stored) {
    EXPECT_EQ(record.deadline.has_value(), record.phase != Phase::Ended) << record.version;
  }
  world.run(11min);
  EXPECT_EQ(world.engine.counts().kept_calls, 0U);
}

TEST_F(Calls, SameSeedSameWords) {
  const auto run = [] {
    World fresh;
    auto caller = fresh.connect("alice", "a1");
    fresh.say_hello(caller);
    fresh.send(caller, wire::Invite{"", "bob", wire::Media::None, {}, {}});
    return fresh.replied_call(caller).call_id.text() + caller.welcome.resume_key;
  };
  EXPECT_EQ(run(), run());
}

}  // namespace
}  // namespace offhook::core
