// Planted failures of whole calls in the real engine: the explanation names the cause.
#include "server/explain.hpp"

#include "core/engine_testing.hpp"
#include "core/limits.hpp"

namespace offhook::server {
namespace {

using namespace std::chrono_literals;
using core::NoteKind;
using wire::Outcome;

class Explained : public core::CallTest {
 protected:
  explicit Explained(core::Settings settings = {}) : CallTest(std::move(settings)) {}

  const core::CallRecord& record() const { return world.stored.back(); }

  void expect_said(std::string_view why, std::string_view advice = {}) {
    const auto said = explain(record());
    EXPECT_NE(said.why.find(why), std::string::npos) << said.why;
    EXPECT_NE(said.advice.find(advice), std::string::npos) << said.advice;
    EXPECT_FALSE(said.last_good.empty());
  }
  core::World::Device& other(const UserId& user) { return arrive(user, user + "-1"); }
  void call(core::World::Device& from, const UserId& to, wire::Media media = wire::Media::None) {
    world.send(from, wire::Invite{"", to, media, {}, {}});
  }
  CallId answered(wire::Media media) {
    const auto id = invite(media);
    ring(bob, id);
    world.send(bob, wire::Answer{"", id});
    return id;
  }
};

TEST_F(Explained, NoDeviceOnline) {
  call(alice, "nobody");
  world.run(20s);
  expect_said("nobody had no device online, and none came within 20 s", "Is the app of nobody running");
}

TEST_F(Explained, TheDeviceGotTheCallAndDidNothing) {
  invite();
  world.run(20s);
  expect_said("(b1, b2) were told and their links were up, but none acknowledged", "ring_ack");
}

TEST_F(Explained, TheDeviceWasLostBeforeItRang) {
  world.close(bobs_tablet);
  world.run(40s);
  invite();
  world.run(2s);
  world.close(bob);
  world.run(30s);
  expect_said("device b1 of bob was told of the call and lost its link 2 s after the invite", "network");
}

// Bob's phone and tablet are asleep; what became of their pushes is said by the test.
class ExplainedPush : public Explained {
 protected:
  ExplainedPush() : Explained([] {
    core::Settings settings;
    settings.push = true;
    return settings;
  }()) {}
  void SetUp() override {
    world.say_hello(alice);
    for (auto* device : {&bob, &bobs_tablet}) {
      device->push = wire::PushAddress{wire::PushProvider::Fcm, device->device};
      world.say_hello(*device);
      world.feed(core::Received{device->link, wire::Bye{}, std::nullopt});
    }
    invite();
  }
  void settle(std::size_t push, core::PushState state) {
    const auto& sent = world.pushes.at(push);
    world.feed(core::PushSettled{sent.call, sent.user, sent.device, sent.address, state});
  }
};

TEST_F(ExplainedPush, EveryAddressIsGone) {
  settle(0, core::PushState::Refused);
  settle(1, core::PushState::Refused);
  expect_said("pushes to all of them (b1, b2) were refused", "app was removed");
}

TEST_F(ExplainedPush, TheSenderTookNothing) {
  settle(0, core::PushState::Refused);
  settle(1, core::PushState::Failed);
  world.run(20s);
  expect_said("push that was to wake bob (b2) was not taken by the sender", "server's log");
}

TEST_F(ExplainedPush, TheSenderSaidNothing) {
  world.run(20s);
  expect_said("sender of pushes had not answered yet for bob (b1)", "within a few seconds");
}

TEST_F(ExplainedPush, ThePhoneDidNotWake) {
  settle(0, core::PushState::Accepted);
  world.run(6s);
  settle(2, core::PushState::Accepted);
  settle(1, core::PushState::Refused);
  world.run(20s);
  expect_said("A push for bob (b1) was accepted twice, but the device did not connect within 20 s", "high priority");
}

TEST_F(ExplainedPush, ThePhoneWokeAndDidNotRing) {
  settle(0, core::PushState::Accepted);
  settle(1, core::PushState::Accepted);
  world.say_hello(bobs_tablet, false, {record().id});
  world.say_hello(bob, false, {record().id});
  world.run(20s);
  expect_said("none acknowledged", "ring_ack");
}

TEST_F(Explained, NobodyAnswered) {
  const auto id = invite();
  world.run(1s);
  ring(bob, id);
  world.run(60s);
  expect_said("It rang at bob (b1, b2) for 45 s, and nobody answered", "ring_timeout");
}

TEST_F(Explained, TheCallersAppWasKilledWhileItRang) {
  const auto id = invite();
  ring(bob, id);
  world.run(3s);
  world.close(alice);
  world.run(20s);
  expect_said("link of alice (a1) was lost 3 s after the invite and did not come back within caller_grace", "caller's device");
}

TEST_F(Explained, TheCallerChangedHisMind) {
  const auto id = invite();
  world.run(4s);
  world.send(alice, wire::Cancel{"", id, {}});
  expect_said("alice withdrew the call 4 s after the invite");
}

TEST_F(Explained, APersonDeclined) {
  const auto id = invite();
  ring(bob, id);
  world.run(2s);
  world.send(bob, wire::Decline{"", id, wire::DeclineReason::Declined});
  expect_said("bob (b1) declined 2 s after the invite");
}

TEST_F(Explained, APersonSaidBusy) {
  const auto id = invite();
  ring(bobs_tablet, id);
  world.send(bobs_tablet, wire::Decline{"", id, wire::DeclineReason::Busy});
  expect_said("said \"busy\" on bob (b2)");
}

TEST_F(Explained, InAnotherCallWithoutCallWaiting) {
  world.send(bob, wire::SetRules{"", {wire::CallWaiting::Off, 2, false, {}}});
  talk();
  call(other("carol"), "bob");
  expect_said("bob was in a call", "call_waiting");
}

TEST_F(Explained, DoNotDisturbAndBlocked) {
  world.send(bob, wire::SetRules{"", {wire::CallWaiting::RingAll, 2, true, {"mallory"}}});
  call(alice, "bob");
  expect_said("does not want to be disturbed", "rules");
  call(other("mallory"), "bob");
  expect_said("bob has blocked mallory");
}

class ExplainedWithFewRings : public Explained {
 protected:
  ExplainedWithFewRings()
      : Explained([] {
          core::Settings settings;
          settings.rings_per_pair = 1;
          return settings;
        }()) {}
};

TEST_F(ExplainedWithFewRings, TooManyCalls) {
  for (int i = 0; i < 3; ++i) world.send(alice, wire::Cancel{"", invite(), {}});
  expect_said("more rings a minute than [limits] allows", "rings_per_pair");
}

TEST_F(Explained, OneSideNeverHadMedia) {
  const auto id = answered(wire::Media::Audio);
  world.send(alice, wire::MediaUp{"", id});
  world.run(20s);
  expect_said("within connect_timeout bob (b1) never said that it receives", "TURN");
}

TEST_F(Explained, ACallWithoutMediaWhoseSessionNobodyJoined) {
  answered(wire::Media::None);
  world.run(20s);
  expect_said("neither alice (a1) nor bob (b1) joined the session", "session");
}

TEST_F(Explained, NoPathAndNoPermission) {
  world.send(bob, wire::MediaFailed{"", answered(wire::Media::Audio), wire::MediaFailure::IceFailed});
  expect_said("bob (b1) found no network path", "TURN");
  world.send(alice, wire::MediaFailed{"", answered(wire::Media::Audio), wire::MediaFailure::Permission});
  expect_said("person at alice (a1) did not allow", "permission");
}

TEST_F(Explained, LostInTheMiddleOfACall) {
  talk();
  world.run(5s);
  world.close(bob);
  world.run(30s);
  expect_said("link of bob (b1) was lost 5 s after the invite and did not come back within 20 s (drop_grace)", "killed");
}

TEST_F(Explained, MediaLostThoughBothWereThere) {
  const auto id = answered(wire::Media::Audio);
  world.send(alice, wire::MediaUp{"", id});
  world.send(bob, wire::MediaUp{"", id});
  world.run(10s);
  world.send(alice, wire::MediaDown{"", id});
  world.run(20s);
  expect_said("alice (a1) stopped receiving the other side's media 10 s after the invite", "TURN");
}

TEST_F(Explained, ARestartOfTheServerIsSaid) {
  talk();
  world.run(5s);
  world.crash();
  world.restart();
  world.run(60s);
  expect_said("The server was restarted during this call.");
}

TEST_F(Explained, EndsOnPurpose) {
  auto id = talk();
  world.run(61s);
  world.send(bob, wire::Hangup{"", id});
  expect_said("bob (b1) hung up after 61 s of talking");
  id = talk();
  world.feed(core::AdminEndCall{id});
  expect_said("The app's backend or the operator ended the call");
}

TEST_F(Explained, EveryEndThereIsHasItsWords) {
  auto id = talk();
  world.send(alice, wire::Hangup{"", id});
  for (const auto& ending : core::endings()) {
    auto call = record();
    call.outcome = ending.outcome;
    call.reason = ending.reason;
    const auto said = explain(call);
    const bool is_fault = said.why.starts_with("A fault of the server");
    EXPECT_FALSE(is_fault || said.why.empty()) << ending.meaning;
  }
}

// --- the time line itself

TEST_F(Explained, TheTimeLineOfAnAnsweredCall) {
  const auto id = talk();
  world.send(alice, wire::Hangup{"", id});
  std::vector<std::string> lines;
  for (const auto& note : record().notes) lines.push_back(sentence(note));
  const std::vector<std::string> expected_first = {
      "alice (a1) places the call", "the deadline \"setup\" of bob runs, for 60 s", "the deadline \"wake\" of bob runs, for 20 s",
      "bob (b1) is online and is to be told", "bob (b2) is online and is to be told"};
  ASSERT_GT(lines.size(), expected_first.size());
  EXPECT_TRUE(std::equal(expected_first.begin(), expected_first.end(), lines.begin())) << lines[0] << lines[1] << lines[2];
  for (const std::string line : {"bob (b1) says ring_ack", "bob (b1) says answer", "bob (b2) is told: connecting, it is elsewhere, for it answered_elsewhere",
                                 "alice (a1) is told: active, it is joined", "bob (b1) joins the session of the call", "alice (a1) says hangup",
                                 "the call ends: ended (by_caller)", "bob (b1) is told: ended, it is done, for it ended",
                                 "alice (a1) is told: ended, it is done, for it ended"}) {
    EXPECT_NE(std::find(lines.begin(), lines.end(), line), lines.end()) << line;
  }
}

TEST_F(Explained, AFlappingCallKeepsALimitedTimeLineAndItsEnd) {
  const auto id = talk();
  for (int i = 0; i < 300; ++i) {
    world.close(bob);
    world.run(100ms);
    world.say_hello(bob, true);
  }
  world.send(alice, wire::Hangup{"", id});
  const auto& notes = record().notes;
  EXPECT_LE(notes.size(), core::k_max_notes + 2);
  EXPECT_EQ(std::count_if(notes.begin(), notes.end(), [](const auto& note) { return note.kind == NoteKind::LeftOut; }), 1);
  EXPECT_EQ(notes.back().kind, NoteKind::Decided);
}

TEST_F(Explained, AsJson) {
  const auto id = talk();
  world.send(alice, wire::Hangup{"", id});
  const auto text = time_line_json(record());
  for (const auto& part : {"{\"call\":{\"call_id\":\"" + id.text(), std::string("\"why\":\"alice (a1) hung up"), std::string("\"entries\":[{\"at_ms\":1700000000000,\"after_ms\":0,\"kind\":\"placed\""),
                                 std::string("\"kind\":\"armed\",\"user\":\"bob\",\"timer\":\"setup\",\"due_at_ms\":1700000060000")}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
  }
}

}  // namespace
}  // namespace offhook::server
