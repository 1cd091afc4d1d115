// What the application asks for by itself: requests, sessions without a call, expectations, presence.
#include "engine_testing.hpp"
#include "wire/limits.hpp"

namespace offhook::client {
namespace {

using wire::LeaveReason;
using wire::MissReason;

const ExpectationId k_expectation(7, 7);

class ClientSessions : public testing::Test {
 protected:
  void SetUp() override { device.start(); }

  void join() {
    device.give(Request{1, wire::SessionConnect{"", k_session, "t"}});
    device.answer<wire::SessionConnect>(wire::SessionJoined{k_session, {}, {}, {}});
  }
  void expect() { device.give(Request{2, wire::Expect{"", k_session, 10'000, {}, {}}}); }
  void expect_and_wait() {
    expect();
    device.answer<wire::Expect>(wire::ExpectReply{k_expectation, 10'000});
  }
  void expect_missed(MissReason reason) {
    ASSERT_EQ(device.all_told<event::ConnectionMissed>().size(), 1U);
    EXPECT_EQ(device.last_told<event::ConnectionMissed>().request, 2U);
    EXPECT_EQ(device.last_told<event::ConnectionMissed>().reason, reason);
  }

  Device device;
};

TEST_F(ClientSessions, EachRequestIsAnsweredOnce) {
  device.give(Request{1, wire::History{}});
  device.give(Request{2, wire::SessionCreate{}});
  device.refuse<wire::SessionCreate>(wire::ErrorWord::NotAllowed);
  device.answer<wire::History>(wire::HistoryReply{});
  device.answer<wire::History>(wire::HistoryReply{});
  ASSERT_EQ(device.all_told<event::Done>().size(), 1U);
  EXPECT_EQ(device.last_told<event::Done>().request, 1U);
  ASSERT_EQ(device.all_told<event::Failed>().size(), 1U);
  EXPECT_EQ(device.last_told<event::Failed>().problem.word, "not_allowed");
}

TEST_F(ClientSessions, RequestsWaitForTheLinkAndKeepTheirOrder) {
  device.lose();
  device.give(Request{1, wire::Signal{"", k_session, "a", "1", {}}});
  device.give(Request{2, wire::Signal{"", k_session, "a", "2", {}}});
  EXPECT_TRUE(device.all_sent<wire::Signal>().empty());
  device.come_back(true);
  const auto sent = device.all_sent<wire::Signal>();
  ASSERT_EQ(sent.size(), 2U);
  EXPECT_EQ(sent[0].data, "1");
  EXPECT_NE(sent[0].cmd_id, sent[1].cmd_id);
}

TEST_F(ClientSessions, WhatCannotBeSentFailsAtOnce) {
  device.give(Request{1, wire::Signal{"", k_session, "a", std::string(wire::k_max_frame_bytes, 'x'), {}}});
  EXPECT_EQ(device.last_told<event::Failed>().problem.word, "too_large");
  device.give(Request{2, wire::Signal{"", k_session, "a", "\xff", {}}});
  EXPECT_EQ(device.last_told<event::Failed>().problem.word, "bad_field");
  device.give(Request{3, wire::Invite{"", "bob", {}, {}, {}}});
  EXPECT_EQ(device.last_told<event::Failed>().problem.word, "bad_message");
  device.forget();
  for (RequestNumber i = 10; i < 10 + 256; ++i) device.give(Request{i, wire::SessionCreate{}});
  EXPECT_TRUE(device.all_told<event::Failed>().empty());
  device.give(Request{300, wire::SessionCreate{}});
  EXPECT_EQ(device.last_told<event::Failed>().request, 300U);
  EXPECT_EQ(device.last_told<event::Failed>().problem.word, "limit_reached");
}

TEST_F(ClientSessions, DisconnectFailsWhatIsPending) {
  device.give(Request{1, wire::SessionCreate{}});
  device.give(Disconnect{});
  EXPECT_EQ(device.last_told<event::Failed>().problem.word, "closed");
  device.give(Request{2, wire::SessionCreate{}});
  EXPECT_EQ(device.last_told<event::Failed>().request, 2U);
  EXPECT_EQ(device.all_told<event::Failed>().size(), 2U);
}

TEST_F(ClientSessions, JoinedHeardAndLeft) {
  join();
  EXPECT_FALSE(device.last_told<event::SessionConnected>().call);
  device.hear_event(wire::SignalEvent{0, k_session, ConnectionId(1, 1), "chat", "hi"});
  EXPECT_EQ(std::get<wire::SignalEvent>(device.last_told<event::Session>().event).data, "hi");
  device.give(Request{3, wire::SessionDisconnect{"", k_session}});
  device.answer<wire::SessionDisconnect>();
  EXPECT_EQ(device.last_told<event::SessionDisconnected>().reason, LeaveReason::ClientDisconnected);
  EXPECT_EQ(device.last_told<event::Done>().request, 3U);
}

TEST_F(ClientSessions, AFreshClientJoinsAgainBeforeWhatWaitsForIt) {
  join();
  device.lose();
  device.give(Request{4, wire::Signal{"", k_session, "a", "1", {}}});
  device.forget();
  device.come_back(false);
  ASSERT_EQ(device.sent.size(), 3U);  // hello first
  EXPECT_EQ(std::get<wire::SessionConnect>(device.sent[1]).token, "t");
  EXPECT_TRUE(std::holds_alternative<wire::Signal>(device.sent[2]));
  device.answer<wire::SessionConnect>(wire::SessionJoined{k_session, {ConnectionId(5, 5), {}, {}, 0}, {}, {}});
  EXPECT_EQ(device.last_told<event::SessionConnected>().connection.connection_id, ConnectionId(5, 5));
  EXPECT_TRUE(device.all_told<event::SessionDisconnected>().empty());
}

TEST_F(ClientSessions, ASessionThatCannotBeJoinedAgainIsLost) {
  join();
  device.lose();
  device.come_back(false);
  device.refuse<wire::SessionConnect>(wire::ErrorWord::NoSuchSession);
  EXPECT_EQ(device.last_told<event::SessionDisconnected>().reason, LeaveReason::NetworkDisconnected);
}

TEST_F(ClientSessions, AResumedClientStaysInItsSessions) {
  join();
  device.lose();
  device.come_back(true);
  EXPECT_EQ(device.all_sent<wire::SessionConnect>().size(), 1U);
}

TEST_F(ClientSessions, EventsThatOvertakeTheReplyComeAfterTheSession) {
  device.give(Request{1, wire::SessionConnect{"", k_session, "t"}});
  device.lose();
  device.come_back(true);
  device.hear_event(wire::SignalEvent{0, k_session, ConnectionId(1, 1), "chat", "hi"});
  EXPECT_TRUE(device.all_told<event::Session>().empty());
  device.answer<wire::SessionConnect>(wire::SessionJoined{k_session, {}, {}, {}});
  EXPECT_TRUE(std::holds_alternative<event::Session>(device.told.back()));
}

// --- expectations

TEST_F(ClientSessions, AnExpectationIsMetOnce) {
  join();
  expect_and_wait();
  device.hear_event(wire::ExpectationMet{0, k_session, k_expectation, {}});
  device.run(60s);
  ASSERT_EQ(device.all_told<event::ExpectationMet>().size(), 1U);
  EXPECT_EQ(device.last_told<event::ExpectationMet>().request, 2U);
  EXPECT_TRUE(device.all_told<event::ConnectionMissed>().empty());
}

TEST_F(ClientSessions, TheWordOfTheServerEndsAnExpectation) {
  join();
  expect_and_wait();
  device.hear_event(wire::ConnectionMissed{0, k_session, k_expectation, MissReason::Rejected});
  expect_missed(MissReason::Rejected);
}

TEST_F(ClientSessions, AnEventThatOvertakesTheReplyIsNotLost) {
  join();
  expect();
  device.lose();
  device.come_back(true);
  device.hear_event(wire::ExpectationMet{0, k_session, k_expectation, {}});
  EXPECT_TRUE(device.all_told<event::ExpectationMet>().empty());
  device.answer<wire::Expect>(wire::ExpectReply{k_expectation, 10'000});
  EXPECT_EQ(device.all_told<event::ExpectationMet>().size(), 1U);
}

TEST_F(ClientSessions, WithoutTheServersWordTheWatchdogSaysIt) {
  join();
  expect_and_wait();
  device.silence();
  device.run(15s - 1us);
  EXPECT_TRUE(device.all_told<event::ConnectionMissed>().empty());
  device.run(1us);
  expect_missed(MissReason::Timeout);
  device.come_back(true);
  device.hear_event(wire::ConnectionMissed{0, k_session, k_expectation, MissReason::Timeout});
  expect_missed(MissReason::Timeout);
}

TEST_F(ClientSessions, AnExpectationThatIsNeverAnsweredEndsToo) {
  join();
  device.lose();
  expect();
  device.run(15s);
  expect_missed(MissReason::Timeout);
  device.come_back(true);
  EXPECT_TRUE(device.all_sent<wire::Expect>().empty());
}

TEST_F(ClientSessions, AFreshClientExpectsForTheRestOfTheTime) {
  join();
  expect_and_wait();
  device.run(4s);
  device.lose();
  device.come_back(false);
  EXPECT_EQ(device.last_sent<wire::Expect>().timeout_ms, 6'000);
  device.answer<wire::SessionConnect>(wire::SessionJoined{k_session, {}, {}, {}});
  device.answer<wire::Expect>(wire::ExpectReply{ExpectationId(8, 8), 6'000});
  device.hear_event(wire::ExpectationMet{0, k_session, ExpectationId(8, 8), {}});
  EXPECT_EQ(device.last_told<event::ExpectationMet>().request, 2U);
}

TEST_F(ClientSessions, WhoLeavesExpectsNobody) {
  join();
  expect_and_wait();
  device.give(Disconnect{});
  expect_missed(MissReason::ExpecterLeft);
  EXPECT_EQ(device.last_told<event::SessionDisconnected>().reason, LeaveReason::ClientDisconnected);
}

// --- presence

TEST_F(ClientSessions, PresenceIsWatchedAgainByAFreshClient) {
  device.give(Request{1, wire::WatchPresence{}});
  device.answer<wire::WatchPresence>(wire::PresenceReply{{"bob", "carol"}});
  EXPECT_EQ(device.last_told<event::Done>().request, 1U);
  device.lose();
  device.come_back(false);
  device.answer<wire::WatchPresence>(wire::PresenceReply{{"carol", "dave"}});
  const auto told = device.all_told<event::Presence>();
  ASSERT_EQ(told.size(), 2U);
  EXPECT_EQ(told[0].user, "bob");
  EXPECT_FALSE(told[0].online);
  EXPECT_EQ(told[1].user, "dave");
  EXPECT_TRUE(told[1].online);
}

}  // namespace
}  // namespace offhook::client
