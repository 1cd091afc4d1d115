// The link as the application and the server see it: opening, heartbeat, numbering, resuming, being thrown out.
#include "engine_testing.hpp"

namespace offhook::client {
namespace {

using wire::ErrorWord;

wire::Presence presence() { return {0, "bob", true}; }

TEST(ClientLink, SaysHelloAndIsOnlineAtTheWelcome) {
  Device device;
  const auto hello = device.start();
  EXPECT_EQ(hello.version, wire::k_protocol_version);
  EXPECT_EQ(hello.token, "token");
  EXPECT_EQ(hello.device_id, "d1");
  EXPECT_EQ(hello.client, "test");
  EXPECT_FALSE(hello.resume);
  EXPECT_EQ(device.last_told<event::Online>().user, "alice");
  device.hear(wire::ServerPing{1000});
  EXPECT_EQ(device.pongs, 1U);
}

TEST(ClientLink, AnswersPingsWithTheLastNumberAndAcknowledgesEvery64Events) {
  Device device;
  device.start();
  for (int i = 0; i < 63; ++i) device.hear_event(presence());
  EXPECT_FALSE(device.acknowledged);
  device.hear_event(presence());
  EXPECT_EQ(device.acknowledged, 64U);
  device.hear_event(presence());
  device.hear(wire::ServerPing{1000});
  EXPECT_EQ(device.acknowledged, 65U);
}

TEST(ClientLink, SilenceOfTwoAndAHalfPeriodsIsALostLink) {
  Device device;
  device.start();
  device.hear(wire::ServerPing{2000});
  device.silence();
  device.run(5s - 1us);
  EXPECT_TRUE(device.all_told<event::Offline>().empty());
  device.run(1us);
  EXPECT_EQ(device.all_told<event::Offline>().size(), 1U);
  EXPECT_EQ(device.closed->code, 4004);
}

TEST(ClientLink, ResumesWithTheNumberOfTheLastEventAndPassesOverWhatItHasSeen) {
  Device device;
  device.start();
  device.hear_event(presence());
  device.hear_event(presence());
  device.lose();
  const auto hello = device.come_back(true);
  ASSERT_TRUE(hello.resume);
  EXPECT_EQ(hello.resume->last_seq, 2U);
  EXPECT_EQ(hello.resume->client_id, ClientId(1, 1));
  const auto before = device.all_told<event::Presence>().size();
  device.hear(wire::Presence{2, "bob", false});
  EXPECT_EQ(device.all_told<event::Presence>().size(), before);
  device.hear(wire::Presence{3, "bob", false});
  EXPECT_EQ(device.all_told<event::Presence>().size(), before + 1);
}

TEST(ClientLink, AMissingEventIsFetchedByResuming) {
  Device device;
  device.start();
  device.hear_event(presence());
  device.hear(wire::Presence{3, "bob", false});
  EXPECT_EQ(device.closed->code, 4000);
  EXPECT_EQ(device.all_told<event::Presence>().size(), 1U);
  EXPECT_EQ(device.come_back(true).resume->last_seq, 1U);
}

TEST(ClientLink, WhatItCannotUnderstandStillCounts) {
  Device device;
  device.start();
  device.give(Undecoded{device.link, "novelty", 1, {}});
  device.hear(wire::Presence{2, "bob", true});
  EXPECT_EQ(device.all_told<event::Presence>().size(), 1U);
  device.give(Request{7, wire::History{}});
  device.give(Undecoded{device.link, "strange reply", {}, device.last_sent<wire::History>().cmd_id});
  EXPECT_EQ(device.last_told<event::Failed>().problem.word, "bad_reply");
  EXPECT_EQ(device.last_told<event::Failed>().request, 7U);
}

TEST(ClientLink, WaitsLongerAfterEachFailedAttemptUpToFiveSeconds) {
  Device device;
  device.give(Connect{});
  Duration longest{};
  for (int i = 0; i < 10; ++i) {
    device.give(Closed{device.link, {}});
    const auto pause = *device.engine->next_deadline() - device.now;
    const auto full = std::min<Duration>(250ms * (1 << i), 5s);
    EXPECT_GE(pause, full / 2);
    EXPECT_LE(pause, full);
    longest = std::max(longest, pause);
    device.run(pause);
  }
  EXPECT_GE(longest, 2500ms);
  EXPECT_EQ(device.link, 11U);
}

TEST(ClientLink, AnOpeningThatNeverEndsIsGivenUpAfterTenSeconds) {
  Device device;
  device.give(Connect{});
  device.run(10s - 1us);
  EXPECT_FALSE(device.closed);
  device.run(1us);
  EXPECT_EQ(device.closed->link, 1U);
  device.give(Opened{1, "late"});
  EXPECT_TRUE(device.sent.empty()) << "the old socket is of no use any more";
}

TEST(ClientLink, InACallAnOpeningIsBegunAnewSoonTwiceAndPausesAreShort) {
  Device device;
  device.start();
  device.give(PlaceCall{5, "bob", wire::Media::None, {}, {}});
  auto talking = snapshot_of(1, wire::Role::Caller, wire::Phase::Active, wire::DeviceState::Joined);
  talking.drop_grace_ms = 120'000;
  device.answer<wire::Invite>(wire::CallReply{talking});
  device.lose();
  for (const auto opening : {4s, 4s, 10s, 10s}) {
    const auto pause = *device.engine->next_deadline() - device.now;
    EXPECT_LE(pause, 1s);
    const auto link = device.link;
    device.run(pause);
    EXPECT_EQ(device.link, link + 1);
    device.run(opening - 1us);
    EXPECT_NE(device.closed ? device.closed->link : 0, device.link);
    device.run(1us);
    EXPECT_EQ(device.closed->link, device.link);
  }
  device.come_back(true);
  device.lose();
  device.run(1s + 4s);
  EXPECT_EQ(device.closed->link, device.link) << "after a welcome it is in a hurry again";
}

TEST(ClientLink, WakingUpAsksTheServerAtOnce) {
  Device device;
  device.start();
  device.hear(wire::ServerPing{25'000});
  device.silence();
  device.give(Wake{});
  EXPECT_EQ(device.all_sent<wire::ClientPing>().size(), 1U);
  device.run(5s);
  EXPECT_EQ(device.all_told<event::Offline>().size(), 1U);
}

TEST(ClientLink, ACallPlacedOnAnIdleLinkThatDiedUnnoticedGoesThroughOnTheNext) {
  Device device;
  device.start();
  device.hear(wire::ServerPing{25'000});
  device.give(PlaceCall{5, "bob", wire::Media::None, {}, {}});
  EXPECT_TRUE(device.all_sent<wire::ClientPing>().empty()) << "the server was heard just now";
  device.answer<wire::Invite>(wire::CallReply{ended_with(2, wire::Role::Caller, wire::Outcome::Busy, wire::Outcome::Busy)});
  device.silence();
  device.run(20s);
  device.give(PlaceCall{6, "bob", wire::Media::None, {}, {}});
  EXPECT_EQ(device.all_sent<wire::ClientPing>().size(), 1U);
  device.run(5s - 1us);
  EXPECT_TRUE(device.all_told<event::Offline>().empty());
  device.run(1us + 250ms);
  device.come_up(true);
  auto calling = snapshot_of(1, wire::Role::Caller, wire::Phase::Inviting, wire::DeviceState::Calling);
  calling.call_id = CallId(8, 8);
  device.answer<wire::Invite>(wire::CallReply{calling});
  EXPECT_EQ(device.moments(), std::vector<CallMoment>{CallMoment::Calling});
}

TEST(ClientLink, ARefusedTokenIsTheEndUnlessItCanBeRenewed) {
  for (const bool can_renew : {false, true}) {
    auto options = test_options();
    options.can_renew_token = can_renew;
    Device device(options);
    device.give(Connect{});
    device.give(Opened{device.link, "old"});
    device.hear(wire::Error{{}, ErrorWord::TokenExpired, "expired", true});
    device.give(Closed{device.link, 4001});
    EXPECT_EQ(device.all_told<event::Closed>().empty(), can_renew);
    EXPECT_EQ(device.engine->next_deadline().has_value(), can_renew);
  }
  Device device;
  device.start();
  device.give(Closed{device.link, 4001});
  EXPECT_EQ(device.last_told<event::Closed>().problem->word, "bad_token");
}

TEST(ClientLink, ReplacedIsTheEndAndPassingTroubleIsNot) {
  Device device;
  device.start();
  device.hear(wire::Error{{}, ErrorWord::Overloaded, "later", true});
  EXPECT_EQ(device.last_told<event::Error>().problem.word, "overloaded");
  device.come_back(true);
  device.hear(wire::Error{{}, ErrorWord::Replaced, "elsewhere", true});
  EXPECT_EQ(device.last_told<event::Closed>().problem->word, "replaced");
  EXPECT_FALSE(device.engine->next_deadline());
}

TEST(ClientLink, APauseTheServerAsksForIsKeptAndALittleMore) {
  for (const auto& [asked_ms, least, most] : {std::tuple{7'000, 7'000ms, 8'400ms}, std::tuple{3'600'000, 60'000ms, 72'000ms}, std::tuple{1, 125ms, 250ms}}) {
    Device device;
    device.start();
    wire::Error error{{}, ErrorWord::Overloaded, "later", true};
    error.retry_after_ms = asked_ms;
    device.hear(error);
    const auto pause = *device.engine->next_deadline() - device.now;
    EXPECT_GE(pause, least) << asked_ms;
    EXPECT_LE(pause, most) << asked_ms;
  }
}

TEST(ClientLink, SettingsThatContradictTheServersAreAnError) {
  auto options = test_options();
  options.watchdogs.caller = 11s;
  Device device(options);
  device.start();
  const auto problem = device.last_told<event::Closed>().problem;
  ASSERT_TRUE(problem);
  EXPECT_EQ(problem->word, "bad_settings");
  EXPECT_EQ(device.all_sent<wire::Bye>().size(), 1U) << "the server need not wait for it";
  EXPECT_NE(problem->message.find("caller is 11000 ms"), std::string::npos) << problem->message;
  EXPECT_NE(problem->message.find("caller_grace_ms + 2000 = 12000"), std::string::npos) << problem->message;
}

TEST(ClientLink, EveryRelationOfTheWatchdogsIsChecked) {
  const wire::ClientSettings server;
  EXPECT_FALSE(contradiction_of({}, server));
  const auto with = [](std::optional<Duration> Watchdogs::*field, Duration value) {
    Watchdogs watchdogs;
    watchdogs.*field = value;
    return watchdogs;
  };
  EXPECT_TRUE(contradiction_of(with(&Watchdogs::call, 19s), server));
  EXPECT_TRUE(contradiction_of(with(&Watchdogs::call, 26s), server));
  EXPECT_TRUE(contradiction_of(with(&Watchdogs::ring_contact, 1s), server));
  EXPECT_TRUE(contradiction_of(with(&Watchdogs::answer, 21s), server));
  EXPECT_TRUE(problem_of(with(&Watchdogs::end, 2h)));
  EXPECT_TRUE(problem_of(with(&Watchdogs::end, -1s)));
  EXPECT_FALSE(problem_of(with(&Watchdogs::end, 1h)));
}

TEST(ClientLink, DisconnectSaysByeAndStartsAfreshNextTime) {
  Device device;
  device.start();
  device.give(Disconnect{});
  EXPECT_EQ(device.all_sent<wire::Bye>().size(), 1U);
  EXPECT_FALSE(device.last_told<event::Closed>().problem);
  EXPECT_FALSE(device.start().resume);
  EXPECT_EQ(device.all_told<event::Online>().size(), 2U);
}

}  // namespace
}  // namespace offhook::client
