// What a device remembers over restarts: each call ends exactly once for the application, whatever process it meets, and a call that
// is over never rings again.
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

wire::Snapshot caller(std::uint64_t version, Phase phase) {
  return snapshot_of(version, Role::Caller, phase, phase == Phase::Inviting ? DeviceState::Calling : DeviceState::Joined);
}
wire::Snapshot callee(std::uint64_t version, Phase phase, DeviceState you) { return snapshot_of(version, Role::Callee, phase, you); }

class ClientJournal : public testing::Test {
 protected:
  void SetUp() override { device.start(); }

  void place_and_call() {
    device.give(PlaceCall{k_handle, "bob", wire::Media::None, {}, {}});
    device.answer<wire::Invite>(wire::CallReply{caller(1, Phase::Inviting)});
  }
  void talk() {
    place_and_call();
    device.hear_event(wire::CallEvent{0, caller(2, Phase::Connecting)});
    device.hear_event(wire::CallEvent{0, caller(3, Phase::Active)});
  }
  void ring() { device.hear_event(wire::CallEvent{0, callee(1, Phase::Inviting, DeviceState::Notified)}); }
  void end(Outcome outcome = Outcome::Ended) { device.hear_event(wire::CallEvent{0, ended_with(9, Role::Caller, outcome, outcome)}); }

  const JournalEntry& entry() { return device.disk.at(k_call); }
  // The one outcome that the application of this life was told of a call of an earlier one.
  JournalEntry the_unseen() {
    EXPECT_EQ(device.all_told<event::UnseenOutcome>().size(), 1U);
    return device.last_told<event::UnseenOutcome>().entry;
  }

  Device device;
};

// --- what is kept, and when

TEST_F(ClientJournal, ACallIsKeptAsLiveBeforeTheApplicationIsToldOfIt) {
  ring();
  EXPECT_EQ(entry().state, JournalState::Live);
  EXPECT_EQ(entry().peer, "alice");
  EXPECT_EQ(entry().role, Role::Callee);
}

// Server and device on one machine: their clocks are the same, and known to be.
TEST(ClientJournalClock, WhatIsKeptHasTheServersTimeOrElseThisMachines) {
  for (const auto server_ahead : {0s, 3600s, -3600s}) {
    Device device;
    device.now = Instant{std::chrono::seconds{1'790'000'000}};
    device.give(Woken{CallId(8, 1), {"alice", "phone"}, wire::Media::Audio, false, "", 20s});
    EXPECT_EQ(device.disk.at(CallId(8, 1)).at_ms, 1'790'000'000'000) << "nobody has been heard";
    device.give(Opened{device.link, "token"});
    auto welcome = device.welcome(false);
    welcome.time_at_ms = to_unix_ms(device.now + server_ahead);
    device.hear(welcome);
    device.hear_event(wire::CallEvent{0, callee(1, Phase::Inviting, DeviceState::Notified)});
    EXPECT_EQ(device.disk.at(k_call).at_ms, std::max<std::int64_t>(welcome.time_at_ms, 1'790'000'000'000));
  }
}

TEST_F(ClientJournal, ItsEndIsKeptBeforeItIsToldAndMarkedSeenAfterwards) {
  talk();
  end();
  EXPECT_EQ(device.order, (std::vector<std::string>{"keep ended", "tell ended", "keep seen"}));
  EXPECT_EQ(entry().outcome, Outcome::Ended);
}

TEST_F(ClientJournal, MomentsAreThoseOfTheServersClock) {
  auto welcome = device.welcome(false);
  welcome.time_at_ms = 1'900'000'000'000;
  device.lose();
  device.give(Wake{});
  device.give(Opened{device.link, "token"});
  device.hear(welcome);
  device.last_seq = 0;
  place_and_call();
  EXPECT_EQ(entry().at_ms, 1'900'000'000'000);
  device.run(2s);
  end();
  EXPECT_EQ(entry().at_ms, 1'900'000'002'000);
}

TEST_F(ClientJournal, AtMost256AreKeptAndTheOldestSeenGoesFirst) {
  device.marks_seen = false;
  place_and_call();
  end();
  device.marks_seen = true;
  for (std::uint64_t i = 0; i < 300; ++i) {
    auto snapshot = callee(1, Phase::Inviting, DeviceState::Notified);
    snapshot.call_id = CallId(9, i + 1);
    device.hear_event(wire::CallEvent{0, snapshot});
    auto over = ended_with(2, Role::Callee, Outcome::Cancelled, Outcome::Missed);
    over.call_id = snapshot.call_id;
    device.hear_event(wire::CallEvent{0, over});
    device.run(1ms);
  }
  EXPECT_EQ(device.disk.size(), 256U);
  EXPECT_TRUE(device.disk.contains(k_call)) << "nobody has seen it yet";
  EXPECT_FALSE(device.disk.contains(CallId(9, 1)));
  EXPECT_TRUE(device.disk.contains(CallId(9, 300)));
}

// --- after a restart

TEST_F(ClientJournal, AnEndThatNobodyHasSeenIsThereAfterTheRestart) {
  device.marks_seen = false;
  talk();
  end();
  device.restart();
  ASSERT_EQ(device.engine->unseen_outcomes().size(), 1U);
  EXPECT_EQ(device.engine->unseen_outcomes()[0].outcome, Outcome::Ended);
  device.give(Seen{k_call});
  EXPECT_TRUE(device.engine->unseen_outcomes().empty());
  device.restart();
  EXPECT_TRUE(device.engine->unseen_outcomes().empty());
}

TEST_F(ClientJournal, ACallThatEndedWhileTheApplicationWasDeadIsToldOnceWithTheServersWord) {
  talk();
  device.restart();
  EXPECT_TRUE(device.engine->unseen_outcomes().empty()) << "not known yet";
  auto ended = ended_with(9, Role::Caller, Outcome::Dropped, Outcome::Dropped);
  ended.reason = Reason::CallerLost;
  const auto hello = device.start({ended});
  EXPECT_EQ(hello.calls, std::vector<CallId>{k_call});
  EXPECT_EQ(the_unseen().outcome, Outcome::Dropped);
  EXPECT_EQ(the_unseen().reason, Reason::CallerLost);
  EXPECT_TRUE(device.all_told<event::Ended>().empty());
  device.restart();
  EXPECT_TRUE(device.start({}).calls.empty());
  EXPECT_TRUE(device.all_told<event::UnseenOutcome>().empty());
}

TEST_F(ClientJournal, ACallThatIsStillLiveIsLeftAndTheServerSaysWhatBecameOfIt) {
  talk();
  device.restart();
  device.start({caller(3, Phase::Active)});
  EXPECT_EQ(device.last_sent<wire::GiveUp>().call_id, k_call);
  EXPECT_TRUE(entry().owes);
  EXPECT_TRUE(device.all_told<event::UnseenOutcome>().empty()) << "the answer to the farewell will tell";
  auto ended = ended_with(9, Role::Caller, Outcome::Dropped, Outcome::Dropped);
  device.answer<wire::GiveUp>(wire::CallReply{ended});
  EXPECT_EQ(the_unseen().outcome, Outcome::Dropped);
  EXPECT_FALSE(entry().owes);
}

TEST_F(ClientJournal, ACallNobodyHasAnsweredIsCancelled) {
  place_and_call();
  device.restart();
  device.start({caller(1, Phase::Inviting)});
  device.answer<wire::Cancel>(wire::CallReply{ended_with(2, Role::Caller, Outcome::Cancelled, Outcome::Cancelled)});
  EXPECT_EQ(the_unseen().outcome, Outcome::Cancelled);
}

TEST_F(ClientJournal, WhatTheServerDoesNotKnowHasLostContact) {
  talk();
  device.restart();
  device.start({});
  EXPECT_EQ(the_unseen().outcome, Outcome::LostContact);
  EXPECT_TRUE(device.sent.size() == 1U) << "only hello";
  device.lose();
  EXPECT_TRUE(device.come_back(false).calls.empty()) << "it is not asked again";
}

TEST_F(ClientJournal, ACallThatRangAndStillRingsRingsAgain) {
  ring();
  device.restart();
  device.start({callee(1, Phase::Inviting, DeviceState::Ringing)});
  EXPECT_EQ(device.moments(), std::vector<CallMoment>{Incoming});
  EXPECT_EQ(entry().state, JournalState::Live);
  device.hear_event(wire::CallEvent{0, ended_with(5, Role::Callee, Outcome::Cancelled, Outcome::Missed)});
  EXPECT_EQ(device.all_told<event::Ended>().size(), 1U);
  EXPECT_TRUE(device.all_told<event::UnseenOutcome>().empty());
}

TEST_F(ClientJournal, ACallThatIsOverNeverRingsAgain) {
  ring();
  device.give(Act{device.last_told<event::Call>().call.handle, Action::Hangup});
  device.run(6s);  // the hang-up is not answered
  device.restart();
  device.start({callee(1, Phase::Inviting, DeviceState::Ringing)});
  EXPECT_TRUE(device.moments().empty());
  device.hear_event(wire::CallEvent{0, callee(2, Phase::Inviting, DeviceState::Ringing)});
  EXPECT_TRUE(device.moments().empty());
}

TEST_F(ClientJournal, ACallThatFellSilentForWantOfContactRingsAgainInTheNextLife) {
  ring();
  device.lose();
  device.run(11s);
  EXPECT_EQ(device.last_told<event::Ended>().outcome, Outcome::LostContact);
  EXPECT_EQ(entry().state, JournalState::Silenced);
  device.restart();
  EXPECT_EQ(device.start({callee(1, Phase::Inviting, DeviceState::Ringing)}).calls, std::vector<CallId>{k_call});
  EXPECT_EQ(device.moments(), std::vector<CallMoment>{Incoming});
}

// --- farewells that are owed

TEST_F(ClientJournal, AGiveUpThatCouldNotBeSentIsSentAfterTheRestart) {
  talk();
  device.lose();
  device.run(21s);
  EXPECT_EQ(device.last_told<event::Ended>().outcome, Outcome::LostContact);
  EXPECT_EQ(entry().owes, "call");
  device.restart();
  device.start({caller(3, Phase::Active)});
  ASSERT_EQ(device.all_sent<wire::GiveUp>().size(), 1U);
  device.answer<wire::GiveUp>(wire::CallReply{ended_with(9, Role::Caller, Outcome::Dropped, Outcome::Dropped)});
  EXPECT_EQ(entry().outcome, Outcome::Dropped) << "corrected by the server's word";
  EXPECT_TRUE(entry().seen);
  EXPECT_TRUE(device.all_told<event::UnseenOutcome>().empty()) << "the application was told of its end already";
  device.restart();
  device.start({});
  EXPECT_TRUE(device.all_sent<wire::GiveUp>().empty());
}

TEST_F(ClientJournal, ADebtIsPaidToAServerThatHasForgottenTheCall) {
  talk();
  device.lose();
  device.run(21s);
  device.restart();
  device.start({});
  EXPECT_TRUE(device.all_sent<wire::GiveUp>().empty()) << "it has said that it does not know the call";
  EXPECT_FALSE(entry().owes);
}

TEST_F(ClientJournal, AHangUpThatWasNotAnsweredIsOwedToo) {
  talk();
  device.silence();
  device.give(Act{k_handle, Action::Hangup});
  device.run(6s);
  EXPECT_EQ(entry().owes, "hangup");
  device.restart();
  device.start({caller(3, Phase::Active)});
  EXPECT_EQ(device.all_sent<wire::Hangup>().size(), 1U) << "the person has hung up, and was not lost";
  EXPECT_TRUE(device.all_sent<wire::GiveUp>().empty());
}

TEST_F(ClientJournal, WhatAPersonHasSaidIsWhatIsOwed) {
  for (const auto& [action, owed] : {std::pair{Action::Decline, "decline"}, std::pair{Action::Busy, "busy"}, std::pair{Action::Cancel, "cancel"}}) {
    device = Device();
    device.start();
    const bool is_caller = action == Action::Cancel;
    is_caller ? place_and_call() : ring();
    device.silence();
    device.give(Act{is_caller ? k_handle : device.last_told<event::Call>().call.handle, action});
    device.run(6s);
    EXPECT_EQ(entry().owes, owed);
    device.restart();
    device.start({is_caller ? caller(3, Phase::Inviting) : callee(3, Phase::Inviting, DeviceState::Ringing)});
    EXPECT_TRUE(device.moments().empty()) << "it does not ring again";
    EXPECT_EQ(device.all_sent<wire::Cancel>().size(), is_caller ? 1U : 0U);
    const auto declines = device.all_sent<wire::Decline>();
    ASSERT_EQ(declines.size(), is_caller ? 0U : 1U);
    if (!is_caller) {
      EXPECT_EQ(declines[0].reason, action == Action::Busy ? wire::DeclineReason::Busy : wire::DeclineReason::Declined);
    }
    EXPECT_TRUE(device.all_sent<wire::GiveUp>().empty());
  }
}

TEST_F(ClientJournal, AClientThatIsClosedWithoutAWayOutOwesAsIfItHadLeft) {
  talk();
  device.hear(wire::Error{{}, wire::ErrorWord::Replaced, "because", true});
  EXPECT_EQ(entry().owes, "hangup");
  device = Device();
  device.start();
  place_and_call();
  device.hear(wire::Error{{}, wire::ErrorWord::Replaced, "because", true});
  EXPECT_EQ(entry().owes, "cancel");
}

TEST_F(ClientJournal, LostContactIsCorrectedByAMissedCall) {
  ring();
  device.lose();
  device.run(11s);
  EXPECT_EQ(entry().outcome, Outcome::LostContact);
  device.come_back(false);
  device.forget();
  wire::HistoryRecord record;
  record.call_id = k_call;
  record.peer = "alice";
  record.outcome = Outcome::Cancelled;
  record.reason = Reason::ByUser;
  record.your_outcome = Outcome::Missed;
  device.hear_event(wire::Missed{0, record});
  EXPECT_EQ(entry().outcome, Outcome::Missed);
  EXPECT_EQ(entry().reason, Reason::ByUser);
  EXPECT_EQ(device.all_told<event::Missed>().size(), 1U);
  EXPECT_TRUE(device.all_told<event::Ended>().empty());
}

TEST_F(ClientJournal, LostContactIsCorrectedInTheSameLifeWithoutTellingAgain) {
  talk();
  device.lose();
  device.run(21s);
  device.come_back(false, {ended_with(9, Role::Caller, Outcome::Dropped, Outcome::Dropped)});
  EXPECT_EQ(entry().outcome, Outcome::Dropped);
  EXPECT_EQ(device.all_told<event::Ended>().size(), 1U);
  device.answer<wire::GiveUp>(wire::CallReply{ended_with(9, Role::Caller, Outcome::Dropped, Outcome::Dropped)});
  EXPECT_FALSE(entry().owes);
}

// --- more calls than a hello can name

TEST_F(ClientJournal, TheServerIsAskedOneByOneAboutCallsAHelloCannotName) {
  std::vector<CallId> ids;
  for (std::uint64_t i = 0; i < 20; ++i) {
    auto snapshot = callee(1, Phase::Inviting, DeviceState::Notified);
    snapshot.call_id = ids.emplace_back(7, i + 1);
    device.hear_event(wire::CallEvent{0, snapshot});
  }
  device.forget();
  device.lose();
  std::vector<wire::Snapshot> still;
  for (std::size_t i = 0; i < 16; ++i) {
    still.push_back(callee(2, Phase::Inviting, DeviceState::Ringing));
    still.back().call_id = ids[i];
  }
  EXPECT_EQ(device.come_back(false, still).calls.size(), 16U);
  EXPECT_TRUE(device.all_told<event::Ended>().empty());
  const auto asked = device.all_sent<wire::GetCall>();
  ASSERT_EQ(asked.size(), 4U);
  auto ended = ended_with(9, Role::Callee, Outcome::Cancelled, Outcome::Missed);
  ended.call_id = asked[0].call_id;
  device.hear(wire::Reply{asked[0].cmd_id, wire::CallReply{ended}});
  EXPECT_EQ(device.last_told<event::Ended>().outcome, Outcome::Missed) << "not lost_contact";
}

TEST_F(ClientJournal, InTheNextLifeTheAnswerAboutSuchACallCountsAsAWelcome) {
  std::vector<CallId> ids;
  for (std::uint64_t i = 0; i < 20; ++i) {
    auto snapshot = callee(1, Phase::Inviting, DeviceState::Notified);
    snapshot.call_id = ids.emplace_back(7, i + 1);
    device.hear_event(wire::CallEvent{0, snapshot});
  }
  device.restart();
  device.start(std::vector<wire::Snapshot>());
  const auto asked = device.all_sent<wire::GetCall>();
  ASSERT_EQ(asked.size(), 4U);
  const auto answer = [&](std::size_t i, wire::Snapshot snapshot) {
    snapshot.call_id = asked[i].call_id;
    device.hear(wire::Reply{asked[i].cmd_id, wire::CallReply{std::move(snapshot)}});
  };
  answer(0, callee(2, Phase::Inviting, DeviceState::Ringing));
  EXPECT_EQ(device.moments(), std::vector<CallMoment>{Incoming});
  answer(1, callee(3, Phase::Active, DeviceState::Winner));
  EXPECT_EQ(device.last_sent<wire::GiveUp>().call_id, asked[1].call_id);
  answer(2, ended_with(9, Role::Callee, Outcome::Cancelled, Outcome::Missed));
  device.hear(wire::Error{asked[3].cmd_id, wire::ErrorWord::NoSuchCall, "because", false});
  const auto outcome = [&](std::size_t i) { return device.disk.at(asked[i].call_id).outcome; };
  EXPECT_EQ(device.disk.at(asked[0].call_id).state, JournalState::Live);
  EXPECT_EQ(outcome(1), Outcome::LostContact);
  EXPECT_EQ(outcome(2), Outcome::Missed);
  EXPECT_EQ(outcome(3), Outcome::LostContact);
}

}  // namespace
}  // namespace offhook::client
