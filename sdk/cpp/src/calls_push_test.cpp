// A push wakes this device for a call.
#include "engine_testing.hpp"

namespace offhook::client {
namespace {

using wire::DeviceState;
using wire::Outcome;
using wire::Phase;
using wire::Role;
using enum CallMoment;
using Moments = std::vector<CallMoment>;

class ClientPush : public testing::Test {
 protected:
  void push(Duration remaining = 20s) { device.give(Woken{k_call, {"alice", "phone"}, wire::Media::Audio, false, "a word", remaining}); }
  static wire::Snapshot rings(std::uint64_t version = 1) { return snapshot_of(version, Role::Callee, Phase::Inviting, DeviceState::Notified); }
  std::size_t acknowledged() { return device.all_sent<wire::RingAck>().size(); }
  void expect_end(Outcome outcome) {
    ASSERT_EQ(device.all_told<event::Ended>().size(), 1U);
    EXPECT_EQ(device.last_told<event::Ended>().outcome, outcome);
  }
  void expect_live() { EXPECT_TRUE(device.all_told<event::Ended>().empty()); }

  Device device;
};

TEST_F(ClientPush, ItRingsAtOnceAsksTheServerAndSaysSoWhenThatIsHeard) {
  push();
  ASSERT_EQ(device.moments(), (Moments{Incoming}));
  const auto& call = device.last_told<event::Call>().call;
  EXPECT_EQ(call.peer, "alice");
  EXPECT_EQ(call.data, "a word");
  EXPECT_EQ(device.disk.at(k_call).state, JournalState::Live);
  EXPECT_EQ(device.come_up(false, {rings()}).calls, (std::vector{k_call}));
  EXPECT_EQ(acknowledged(), 1U);
  device.give(Act{call.handle, Action::Answer});
  device.answer<wire::Answer>(wire::CallReply{snapshot_of(3, Role::Callee, Phase::Connecting, DeviceState::Winner)});
  EXPECT_EQ(device.moments(), (Moments{Incoming, Connecting}));
}

TEST_F(ClientPush, ASecondOneChangesNothing) {
  push();
  push();
  device.come_up(false, {rings()});
  push();
  EXPECT_EQ(device.moments(), (Moments{Incoming}));
  EXPECT_EQ(acknowledged(), 1U);
}

TEST_F(ClientPush, WithoutAServerItEndsAfterEightSecondsOrWhenItExpires) {
  push();
  device.run(8s - 1us);
  expect_live();
  device.run(1us);
  expect_end(Outcome::Missed);
  Device late;
  std::swap(device, late);
  push(2s);
  device.run(2s - 1us);
  expect_live();
  device.run(1us);
  expect_end(Outcome::Missed);
}

TEST_F(ClientPush, WhatTheServerSaysCounts) {
  push();
  device.come_up(false, {ended_with(5, Role::Callee, Outcome::Ended, Outcome::AnsweredElsewhere)});
  expect_end(Outcome::AnsweredElsewhere);
  push();
  EXPECT_EQ(device.moments(), (Moments{Incoming})) << "it never rings again";
}

TEST_F(ClientPush, ACallThatTheServerDoesNotKnowIsMissed) {
  push();
  device.come_up();
  expect_end(Outcome::Missed);
}

TEST_F(ClientPush, OneThatIsTooOldByTheClockRingsIfTheServerSaysSo) {
  push(0s);
  EXPECT_TRUE(device.moments().empty());
  EXPECT_EQ(device.come_up(false, {rings()}).calls, (std::vector{k_call}));
  EXPECT_EQ(device.moments(), (Moments{Incoming}));
}

TEST_F(ClientPush, OnALinkThatIsUpTheServerIsAsked) {
  device.start();
  push();
  device.answer<wire::GetCall>(wire::CallReply{rings()});
  EXPECT_EQ(acknowledged(), 1U);
  Device other;
  std::swap(device, other);
  device.start();
  push();
  device.refuse<wire::GetCall>(wire::ErrorWord::NoSuchCall);
  expect_end(Outcome::Missed);
}

TEST_F(ClientPush, ANewProcessRingsAgainOnlyIfTheServerSaysSo) {
  push();
  device.restart();
  push();
  EXPECT_TRUE(device.moments().empty());
  device.come_up(false, {rings()});
  EXPECT_EQ(device.moments(), (Moments{Incoming}));
  device.hear_event(wire::CallEvent{0, ended_with(9, Role::Callee, Outcome::Cancelled, Outcome::Missed)});
  device.restart();
  push();
  EXPECT_TRUE(device.moments().empty()) << "it is over";
}

TEST_F(ClientPush, AnAnswerFromBeforeTheServerIsHeardIsSentThen) {
  push();
  device.give(Act{device.last_told<event::Call>().call.handle, Action::Answer});
  device.come_up(false, {rings()});
  EXPECT_EQ(device.all_sent<wire::Answer>().size(), 1U);
  EXPECT_EQ(acknowledged(), 0U);
}

// By the simulator, seed 58: of a full journal it was the first to be forgotten, as from before the server's clock was known, and rang again.
TEST_F(ClientPush, WhatWasOverBeforeTheServerWasHeardIsNotForgottenFirst) {
  auto options = test_options();
  for (std::uint64_t i = 1; i <= 256; ++i) {
    JournalEntry entry;
    entry.call_id = CallId(9, i);
    entry.state = JournalState::Ended;
    entry.at_ms = 1'700'000'000'000;
    entry.seen = true;
    options.journal.push_back(std::move(entry));
  }
  device = Device(std::move(options));
  push();
  device.run(8s);
  expect_end(Outcome::Missed);
  device.give(Seen{k_call});
  device.give(Woken{CallId(8, 1), {"alice", "phone"}, wire::Media::Audio, false, "", 20s});  // takes the place of the oldest
  device.run(8s);
  push();
  EXPECT_EQ(device.all_told<event::Ended>().size(), 2U);
  EXPECT_EQ(device.moments(), (Moments{Incoming, Incoming})) << "one of each call";
}

TEST_F(ClientPush, TheAddressIsToldWithEveryHello) {
  auto options = test_options();
  options.push = wire::PushAddress{wire::PushProvider::Web, "t"};
  device = Device(std::move(options));
  EXPECT_EQ(device.start().push->token, "t");
  device.give(Request{1, wire::SetPush{"", wire::PushAddress{wire::PushProvider::Web, "u"}}});
  device.answer<wire::SetPush>();
  EXPECT_EQ(device.come_back(true).push->token, "u");
  device.give(Request{2, wire::SetPush{"", {}}});
  EXPECT_FALSE(device.come_back(true).push);
}

}  // namespace
}  // namespace offhook::client
