// What becomes of calls on one device: outcomes for caller, winner and sibling, every watchdog, resuming, lost and late words.
#include "engine_testing.hpp"

namespace offhook::client {
namespace {

using wire::DeviceState;
using wire::Outcome;
using wire::Phase;
using wire::Reason;
using wire::Role;
using enum CallMoment;

constexpr Handle k_handle = 5;
using Moments = std::vector<CallMoment>;

class ClientCalls : public testing::Test {
 protected:
  void SetUp() override { device.start(); }

  void place() { device.give(PlaceCall{k_handle, "bob", wire::Media::None, {}, {}}); }
  void place_and_call() {
    place();
    device.answer<wire::Invite>(wire::CallReply{caller(1, Phase::Inviting)});
  }
  // The engine's own handle.
  Handle ring() {
    device.hear_event(wire::CallEvent{0, callee(1, Phase::Inviting, DeviceState::Notified)});
    device.answer<wire::RingAck>(wire::CallReply{callee(2, Phase::Inviting, DeviceState::Ringing)});
    return device.last_told<event::Call>().call.handle;
  }
  void talk_as_caller() {
    place_and_call();
    device.hear_event(wire::CallEvent{0, caller(2, Phase::Connecting)});
    device.answer<wire::SessionConnect>(wire::SessionJoined{k_session, {}, {}, {}});
    device.hear_event(wire::CallEvent{0, caller(3, Phase::Active)});
  }

  static wire::Snapshot caller(std::uint64_t version, Phase phase) {
    return snapshot_of(version, Role::Caller, phase, phase == Phase::Inviting ? DeviceState::Calling : DeviceState::Joined);
  }
  static wire::Snapshot callee(std::uint64_t version, Phase phase, DeviceState you) {
    return snapshot_of(version, Role::Callee, phase, you);
  }

  void act(Handle handle, Action action) { device.give(Act{handle, action}); }
  event::Ended the_end() {
    EXPECT_EQ(device.all_told<event::Ended>().size(), 1U) << "a call ends exactly once";
    return device.last_told<event::Ended>();
  }
  void expect_end(Outcome outcome, std::optional<Reason> reason = {}) {
    const auto ended = the_end();
    EXPECT_EQ(ended.outcome, outcome);
    EXPECT_EQ(ended.reason, reason);
  }
  void expect_not_ended() { EXPECT_TRUE(device.all_told<event::Ended>().empty()); }
  void expect_gave_up(const std::string& watchdog) {
    const auto all = device.all_sent<wire::GiveUp>();
    ASSERT_EQ(all.size(), 1U);
    EXPECT_EQ(all[0].call_id, k_call);
    EXPECT_EQ(all[0].watchdog, watchdog);
  }

  Device device;
};

// --- the ways of a call

TEST_F(ClientCalls, InAGroupThatOthersHaveAnsweredThisDeviceStillRings) {
  const auto handle = ring();
  device.hear_event(wire::CallEvent{0, callee(3, Phase::Connecting, DeviceState::Ringing)});
  device.hear_event(wire::CallEvent{0, callee(4, Phase::Active, DeviceState::Ringing)});
  EXPECT_EQ(device.moments(), Moments{Incoming});
  act(handle, Action::Answer);
  device.answer<wire::Answer>(wire::CallReply{callee(5, Phase::Active, DeviceState::Winner)});
  EXPECT_EQ(device.moments(), (Moments{Incoming, Connecting, Active}));
  expect_not_ended();
}

TEST_F(ClientCalls, WhoIsSilentInAGroupIsNotInItEither) {
  act(ring(), Action::Ignore);
  device.answer<wire::Ignore>(wire::CallReply{callee(3, Phase::Active, DeviceState::Ignored)});
  EXPECT_EQ(device.moments(), Moments{Incoming});
}

TEST_F(ClientCalls, ACallersWholeCall) {
  talk_as_caller();
  auto unstable = caller(4, Phase::Active);
  unstable.peer_unstable = true;
  device.hear_event(wire::CallEvent{0, unstable});
  device.hear_event(wire::CallEvent{0, caller(5, Phase::Active)});
  auto end = ended_with(6, Role::Caller, Outcome::Ended, Outcome::Ended);
  end.reason = Reason::ByCallee;
  end.duration_ms = 61'000;
  device.hear_event(wire::CallEvent{0, end});
  EXPECT_EQ(device.moments(), (Moments{Calling, Connecting, Active, PeerUnstable, PeerStable}));
  expect_end(Outcome::Ended, Reason::ByCallee);
  EXPECT_EQ(the_end().duration_ms, 61'000);
  EXPECT_EQ(device.last_told<event::SessionConnected>().call, k_handle);
  device.hear_event(wire::SessionDisconnected{0, k_session, wire::LeaveReason::CallEnded});
  EXPECT_TRUE(std::holds_alternative<event::Ended>(device.told.back())) << "nothing comes after the end";
}

TEST_F(ClientCalls, ACalleesWholeCall) {
  const auto handle = ring();
  EXPECT_EQ(handle >> 63, 1U);
  EXPECT_EQ(device.last_told<event::Call>().call.peer, "alice");
  EXPECT_EQ(device.last_told<event::Call>().call.peer_device, "phone");
  act(handle, Action::Answer);
  device.answer<wire::Answer>(wire::CallReply{callee(3, Phase::Connecting, DeviceState::Winner)});
  EXPECT_EQ(device.last_sent<wire::SessionConnect>().session_id, k_session);
  device.hear_event(wire::CallEvent{0, callee(4, Phase::Active, DeviceState::Winner)});
  act(handle, Action::Hangup);
  device.answer<wire::Hangup>(wire::CallReply{ended_with(5, Role::Callee, Outcome::Ended, Outcome::Ended)});
  EXPECT_EQ(device.moments(), (Moments{Incoming, Connecting, Active}));
  expect_end(Outcome::Ended);
}

TEST_F(ClientCalls, RingingIsToldOnce) {
  place_and_call();
  auto ringing = caller(2, Phase::Inviting);
  ringing.ringing = true;
  device.hear_event(wire::CallEvent{0, ringing});
  ringing.version = 3;
  device.hear_event(wire::CallEvent{0, ringing});
  EXPECT_EQ(device.moments(), (Moments{Calling, Ringing}));
}

TEST_F(ClientCalls, EveryOutcomeOfTheServerIsShownAsItIs) {
  for (const auto outcome : {Outcome::Ended, Outcome::Declined, Outcome::Busy, Outcome::NoAnswer, Outcome::Unreachable, Outcome::Cancelled,
                             Outcome::ConnectFailed, Outcome::Dropped, Outcome::Failed}) {
    device = Device();
    device.start();
    place_and_call();
    device.hear_event(wire::CallEvent{0, ended_with(2, Role::Caller, outcome, outcome)});
    expect_end(outcome);
  }
  for (const auto outcome : {Outcome::AnsweredElsewhere, Outcome::DeclinedElsewhere, Outcome::BusyElsewhere, Outcome::Missed}) {
    device = Device();
    device.start();
    ring();
    device.hear_event(wire::CallEvent{0, ended_with(3, Role::Callee, Outcome::Ended, outcome)});
    expect_end(outcome);
  }
}

TEST_F(ClientCalls, TheOneWhoAnswersTooLateWasNotFirst) {
  const auto handle = ring();
  act(handle, Action::Answer);
  auto lost = callee(3, Phase::Connecting, DeviceState::Elsewhere);
  lost.session_id.reset();
  device.answer<wire::Answer>(wire::CallReply{lost});
  expect_end(Outcome::AnsweredElsewhere);
  EXPECT_TRUE(device.all_sent<wire::SessionConnect>().empty());
}

TEST_F(ClientCalls, DeclineBusyAndIgnore) {
  act(ring(), Action::Decline);
  EXPECT_EQ(device.last_sent<wire::Decline>().reason, wire::DeclineReason::Declined);
  device.answer<wire::Decline>(wire::CallReply{ended_with(3, Role::Callee, Outcome::Declined, Outcome::Declined)});
  expect_end(Outcome::Declined);
  device = Device();
  device.start();
  const auto handle = ring();
  act(handle, Action::Ignore);
  device.answer<wire::Ignore>(wire::CallReply{callee(3, Phase::Inviting, DeviceState::Ignored)});
  expect_not_ended();
  act(handle, Action::Busy);
  EXPECT_EQ(device.last_sent<wire::Decline>().reason, wire::DeclineReason::Busy);
}

TEST_F(ClientCalls, AnInviteThatBecomesPartOfTheCallOneIsInIsBusy) {
  talk_as_caller();
  device.give(PlaceCall{k_handle + 1, "bob", wire::Media::None, {}, {}});
  device.answer<wire::Invite>(wire::CallReply{caller(4, Phase::Active)});
  expect_end(Outcome::Busy, Reason::InCall);
  EXPECT_EQ(the_end().call.handle, k_handle + 1);
}

TEST_F(ClientCalls, AMissedCallIsTold) {
  wire::HistoryRecord record;
  record.call_id = k_call;
  record.peer = "alice";
  device.hear_event(wire::Missed{0, record});
  EXPECT_EQ(device.last_told<event::Missed>().record.peer, "alice");
}

TEST_F(ClientCalls, ARefusedInviteIsAFailedCall) {
  place();
  device.refuse<wire::Invite>(wire::ErrorWord::NotAllowed);
  expect_end(Outcome::Failed, Reason::NotAllowed);
  EXPECT_TRUE(device.moments().empty());
}

TEST_F(ClientCalls, AnOlderSnapshotIsPassedOver) {
  place_and_call();
  device.hear_event(wire::CallEvent{0, caller(5, Phase::Connecting)});
  auto older = caller(4, Phase::Connecting);
  older.peer_unstable = true;
  device.hear_event(wire::CallEvent{0, older});
  device.hear_event(wire::CallEvent{0, caller(4, Phase::Active)});
  device.hear_event(wire::CallEvent{0, caller(5, Phase::Connecting)});
  EXPECT_EQ(device.moments(), (Moments{Calling, Connecting}));
}

TEST_F(ClientCalls, WordsAboutMediaAreForAnsweredCalls) {
  place_and_call();
  act(k_handle, Action::MediaUp);
  EXPECT_TRUE(device.all_sent<wire::MediaUp>().empty());
  device.hear_event(wire::CallEvent{0, caller(2, Phase::Connecting)});
  act(k_handle, Action::MediaUp);
  EXPECT_EQ(device.last_sent<wire::MediaUp>().call_id, k_call);
  device.give(FailMedia{k_handle, wire::MediaFailure::Permission});
  EXPECT_EQ(device.last_sent<wire::MediaFailed>().reason, wire::MediaFailure::Permission);
}

// --- watchdogs, one test for each line of PROTOCOL.md section 8

TEST_F(ClientCalls, PlaceWatchdogAndTheCallThatTurnsOutToExist) {
  place();
  device.run(10s - 1us);
  expect_not_ended();
  EXPECT_EQ(device.all_sent<wire::Invite>().size(), 5U) << "at once, then at 0.5, 1, 2 and 4 s";
  device.run(1us);
  expect_end(Outcome::Failed, Reason::ServerUnreachable);
  device.answer<wire::Invite>(wire::CallReply{caller(1, Phase::Inviting)});
  EXPECT_EQ(device.last_sent<wire::Cancel>().call_id, k_call);
  expect_end(Outcome::Failed, Reason::ServerUnreachable);
}

TEST_F(ClientCalls, AnInviteGivenUpOnALostLinkIsCancelledWhenTheWelcomeSpeaksOfIt) {
  place();
  device.lose();
  device.run(10s);
  expect_end(Outcome::Failed, Reason::ServerUnreachable);
  device.come_back(true, {caller(1, Phase::Inviting)});
  EXPECT_EQ(device.all_sent<wire::Cancel>().size(), 1U);
}

TEST_F(ClientCalls, AnInviteThatNeverWentOutIsNotSentLater) {
  device.lose();
  place();
  device.run(10s);
  expect_end(Outcome::Failed, Reason::ServerUnreachable);
  device.come_back(true);
  EXPECT_TRUE(device.all_sent<wire::Invite>().empty());
}

TEST_F(ClientCalls, CallerWatchdogCountsFromTheLastContact) {
  place_and_call();
  device.silence();
  device.run(12s - 1us);
  expect_not_ended();
  device.run(1us);
  expect_end(Outcome::LostContact);
  device.come_back(true);
  expect_gave_up("caller");
}

TEST_F(ClientCalls, SetupWatchdogAsksFirst) {
  place_and_call();
  device.run(65s);
  EXPECT_EQ(device.all_sent<wire::GetCall>().size(), 1U);
  expect_not_ended();
  device.answer<wire::GetCall>(wire::CallReply{caller(1, Phase::Inviting)});
  device.run(65s);
  EXPECT_EQ(device.all_sent<wire::GetCall>().size(), 2U);
  device.run(5s);
  expect_end(Outcome::LostContact);
  expect_gave_up("setup");
}

TEST_F(ClientCalls, RingWatchdogIsAMissedCallThatNeverRingsAgain) {
  device.hear_event(wire::CallEvent{0, callee(1, Phase::Inviting, DeviceState::Notified)});
  auto ringing = callee(2, Phase::Inviting, DeviceState::Ringing);
  ringing.deadlines_remaining_ms.ring = 45'000;
  device.answer<wire::RingAck>(wire::CallReply{ringing});
  device.run(47s - 1us);
  expect_not_ended();
  device.run(1us);
  expect_end(Outcome::Missed);
  ringing.version = 3;
  device.hear_event(wire::CallEvent{0, ringing});
  device.lose();
  device.come_back(false, {ringing});
  EXPECT_EQ(device.moments(), Moments{Incoming});
}

TEST_F(ClientCalls, RingContactWatchdogRingsAgainOnALiveSnapshotOnly) {
  ring();
  device.silence();
  device.run(10s);
  expect_end(Outcome::LostContact);
  EXPECT_TRUE(device.all_sent<wire::GiveUp>().empty());
  device.come_back(true);
  device.hear_event(wire::CallEvent{0, callee(3, Phase::Inviting, DeviceState::Ringing)});
  EXPECT_EQ(device.moments(), Moments{Incoming}) << "a replayed event does not prove that the call lives";
  device.lose();
  device.come_back(true, {callee(4, Phase::Inviting, DeviceState::Ringing)});
  EXPECT_EQ(device.moments(), (Moments{Incoming, Incoming}));
}

TEST_F(ClientCalls, WhoeverRefusesTheHelloIsNoContact) {
  ring();
  device.lose();
  device.run(8s);  // a socket is being opened by now
  device.give(Opened{device.link, "token"});
  device.hear(wire::Error{{}, wire::ErrorWord::Overloaded, "The server is full.", true});
  device.run(2s - 1us);
  expect_not_ended();
  device.run(1us);
  expect_end(Outcome::LostContact);
}

TEST_F(ClientCalls, AnswerWatchdog) {
  act(ring(), Action::Answer);
  device.run(10s - 1us);
  expect_not_ended();
  device.run(1us);
  expect_end(Outcome::LostContact);
  expect_gave_up("answer");
}

TEST_F(ClientCalls, ConnectWatchdog) {
  place_and_call();
  auto connecting = caller(2, Phase::Connecting);
  connecting.deadlines_remaining_ms.connect = 20'000;
  device.hear_event(wire::CallEvent{0, connecting});
  device.run(22s - 1us);
  expect_not_ended();
  device.run(1us);
  expect_end(Outcome::LostContact);
  expect_gave_up("connect");
}

TEST_F(ClientCalls, CallWatchdogCountsFromTheLastContactAndTellsTheTimeTalked) {
  talk_as_caller();
  device.run(10s);
  device.lose();
  device.run(20s - 1us);
  expect_not_ended();
  device.run(1us);
  expect_end(Outcome::LostContact);
  EXPECT_EQ(the_end().duration_ms, 30'000);
  device.come_back(true, {caller(3, Phase::Active)});
  expect_gave_up("call");
}

TEST_F(ClientCalls, AnActiveCallWithItsLinkUpHasNoWatchdog) {
  talk_as_caller();
  device.run(600s);
  expect_not_ended();
}

TEST_F(ClientCalls, EndWatchdogAndTheHangUpStaysOnItsWay) {
  talk_as_caller();
  device.lose();
  act(k_handle, Action::Hangup);
  device.run(5s - 1us);
  expect_not_ended();
  device.run(1us);
  expect_end(Outcome::LostContact);
  device.come_back(true, {caller(3, Phase::Active)});
  EXPECT_EQ(device.all_sent<wire::Hangup>().size(), 1U);
  EXPECT_TRUE(device.all_sent<wire::GiveUp>().empty());
  device.answer<wire::Hangup>(wire::CallReply{ended_with(4, Role::Caller, Outcome::Ended, Outcome::Ended)});
  expect_end(Outcome::LostContact);
}

// --- hanging up before there is anything to hang up

TEST_F(ClientCalls, CancelBeforeTheInviteIsAnsweredIsRemembered) {
  place();
  act(k_handle, Action::Cancel);
  EXPECT_TRUE(device.all_sent<wire::Cancel>().empty());
  device.answer<wire::Invite>(wire::CallReply{caller(1, Phase::Inviting)});
  EXPECT_EQ(device.last_sent<wire::Cancel>().call_id, k_call);
  device.answer<wire::Cancel>(wire::CallReply{ended_with(2, Role::Caller, Outcome::Cancelled, Outcome::Cancelled)});
  expect_end(Outcome::Cancelled);
  EXPECT_TRUE(device.moments().empty()) << "the screen was gone at once";
}

TEST_F(ClientCalls, CancelOfAnInviteThatNeverWentOutIsTheEndAtOnce) {
  device.lose();
  place();
  act(k_handle, Action::Cancel);
  expect_end(Outcome::Cancelled, Reason::ByUser);
  device.come_back(true);
  EXPECT_TRUE(device.all_sent<wire::Invite>().empty());
}

// --- lost links

TEST_F(ClientCalls, NamesTheCallsItBelievesInAndSendsAgainWhatWasNotAnswered) {
  place_and_call();
  act(k_handle, Action::Hangup);
  const auto hangup = device.last_sent<wire::Hangup>();
  device.lose();
  const auto hello = device.come_back(true);
  EXPECT_EQ(hello.calls, std::vector{k_call});
  EXPECT_EQ(device.all_sent<wire::Hangup>().size(), 2U);
  EXPECT_EQ(device.last_sent<wire::Hangup>().cmd_id, hangup.cmd_id);
}

TEST_F(ClientCalls, EventsThatOvertakeTheReplyToAnInviteAreNotLost) {
  place();
  device.lose();
  device.come_back(true);
  auto ringing = caller(3, Phase::Inviting);
  ringing.ringing = true;
  device.hear_event(wire::CallEvent{0, ringing});
  EXPECT_TRUE(device.all_sent<wire::Cancel>().empty()) << "it may be the call that was just placed";
  device.answer<wire::Invite>(wire::CallReply{caller(1, Phase::Inviting)});
  EXPECT_EQ(device.moments(), (Moments{Calling, Ringing}));
}

TEST_F(ClientCalls, TheEndMayOvertakeTheReplyToItsInvite) {
  place();
  device.lose();
  device.come_back(true);
  device.hear_event(wire::CallEvent{0, ended_with(3, Role::Caller, Outcome::Declined, Outcome::Declined)});
  expect_not_ended();
  device.answer<wire::Invite>(wire::CallReply{caller(1, Phase::Inviting)});
  expect_end(Outcome::Declined);
}

// Found by calls between real processes, seed 77, call 13:392: the device said that it was not there.
TEST_F(ClientCalls, ACallThatTheInviteHasBecomePartOfMayOvertakeTheReply) {
  place();
  device.lose();
  auto merged = callee(3, Phase::Connecting, DeviceState::Winner);
  std::swap(merged.caller, merged.callee);  // it is bob's, who has called at the same time
  device.come_back(false, {merged});
  EXPECT_TRUE(device.all_sent<wire::GiveUp>().empty());
  merged.merged = true;
  device.answer<wire::Invite>(wire::CallReply{merged});
  EXPECT_EQ(device.moments(), (Moments{Calling, Connecting}));
  expect_not_ended();
}

TEST_F(ClientCalls, ReplayedEventsAfterAResumeAreShownOnce) {
  place_and_call();
  device.lose();
  device.come_back(true, {caller(3, Phase::Connecting)});
  auto ringing = caller(2, Phase::Inviting);
  ringing.ringing = true;
  device.hear_event(wire::CallEvent{0, ringing});
  device.hear_event(wire::CallEvent{0, caller(3, Phase::Connecting)});
  EXPECT_EQ(device.moments(), (Moments{Calling, Connecting}));
  EXPECT_EQ(device.all_sent<wire::SessionConnect>().size(), 1U);
}

TEST_F(ClientCalls, WhatAFreshWelcomeDoesNotNameIsLost) {
  place_and_call();
  device.lose();
  device.come_back(false);
  expect_end(Outcome::LostContact);
  EXPECT_TRUE(device.all_sent<wire::GiveUp>().empty()) << "the server knows of no such call";
}

TEST_F(ClientCalls, AFreshWelcomeBringsTheEndThatWasMissed) {
  place_and_call();
  device.lose();
  device.come_back(false, {ended_with(4, Role::Caller, Outcome::NoAnswer, Outcome::NoAnswer)});
  expect_end(Outcome::NoAnswer);
}

TEST_F(ClientCalls, AFreshClientJoinsTheSessionOfItsCallAgain) {
  talk_as_caller();
  device.lose();
  device.come_back(false, {caller(3, Phase::Active)});
  EXPECT_EQ(device.all_sent<wire::SessionConnect>().size(), 2U);
  device.answer<wire::SessionConnect>(wire::SessionJoined{k_session, {ConnectionId(9, 9), {}, {}, 0}, {}, {}});
  EXPECT_EQ(device.last_told<event::SessionConnected>().connection.connection_id, ConnectionId(9, 9));
  expect_not_ended();
}

TEST_F(ClientCalls, ACallNobodyHereKnowsIsLeft) {
  device.lose();
  device.come_back(false, {caller(1, Phase::Inviting)});
  EXPECT_EQ(device.last_sent<wire::Cancel>().call_id, k_call);
  device = Device();
  device.give(Connect{});
  device.come_up(false, {callee(1, Phase::Active, DeviceState::Winner)});
  expect_gave_up("unknown");
  EXPECT_TRUE(device.moments().empty());
}

TEST_F(ClientCalls, ARestartedApplicationRingsForALiveCall) {
  device.lose();
  device.come_back(false, {callee(4, Phase::Inviting, DeviceState::Ringing)});
  EXPECT_EQ(device.moments(), Moments{Incoming});
}

TEST_F(ClientCalls, OtherDevicesOfTheCallerShowNothing) {
  device.hear_event(wire::CallEvent{0, snapshot_of(1, Role::Caller, Phase::Inviting, DeviceState::Bystander)});
  EXPECT_TRUE(device.moments().empty());
  EXPECT_TRUE(device.all_sent<wire::Cancel>().empty());
}

TEST_F(ClientCalls, ACallTheServerHasForgottenIsLost) {
  act(ring(), Action::Answer);
  device.refuse<wire::Answer>(wire::ErrorWord::NoSuchCall);
  expect_end(Outcome::LostContact);
}

TEST_F(ClientCalls, ACommandRefusedForHasteIsSentAgainASecondLater) {
  act(ring(), Action::Answer);
  device.refuse<wire::Answer>(wire::ErrorWord::RateLimited);
  device.run(1s);
  EXPECT_EQ(device.all_sent<wire::Answer>().size(), 2U);
  expect_not_ended();
}

TEST_F(ClientCalls, DisconnectEndsEveryCallAndTellsTheServer) {
  talk_as_caller();
  device.give(Disconnect{});
  expect_end(Outcome::LostContact);
  ASSERT_GE(device.sent.size(), 2U);
  EXPECT_TRUE(std::holds_alternative<wire::Hangup>(device.sent[device.sent.size() - 2]));
  EXPECT_TRUE(std::holds_alternative<wire::Bye>(device.sent.back()));
}

TEST_F(ClientCalls, ACallThatWasLeftWithoutALinkIsHungUpByTheNextConnection) {
  talk_as_caller();
  device.lose();
  device.give(Disconnect{});
  device.give(Connect{});
  device.come_up(false, {caller(3, Phase::Active)});
  EXPECT_EQ(device.last_sent<wire::Hangup>().call_id, k_call) << "whoever closes the client has left, and was not lost";
  EXPECT_TRUE(device.all_sent<wire::GiveUp>().empty());
  expect_end(Outcome::LostContact);
}

}  // namespace
}  // namespace offhook::client
