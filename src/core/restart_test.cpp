// A crash of the server after every single record of many calls: each call still ends once, in time, and nobody is told
// two things.
#include "core/restart_testing.hpp"

#include <gtest/gtest.h>

namespace offhook::core {
namespace {

using wire::DeclineReason;
using wire::Media;
using wire::Outcome;
using wire::Phase;
using wire::Reason;

// Devices: a1 is alice's, b1 and b2 are bob's, c1 is carol's.
const Script k_scripts[] = {
    {"answered", [](Scene& s) { s.talk(); s.run(5s); s.hang_up("a1"); }},
    {"declined", [](Scene& s) { s.invite("a1", "bob"); s.ring("b1"); s.ring("b2"); s.say("b2", wire::Decline{"", s.call(), DeclineReason::Declined}); }},
    {"cancelled", [](Scene& s) { s.invite("a1", "bob"); s.ring("b1"); s.say("a1", wire::Cancel{"", s.call(), {}}); }},
    {"cancelled before it came", [](Scene& s) {
       s.say("a1", wire::Cancel{"", {}, "a12"});
       s.invite("a1", "bob");
     }},
    {"no answer", [](Scene& s) { s.invite("a1", "bob"); s.ring("b1"); s.say("b2", wire::Ignore{"", s.call()}); s.run(46s); }},
    {"unreachable", [](Scene& s) { s.invite("a1", "bob"); s.run(21s); }},
    {"caller lost", [](Scene& s) { s.invite("a1", "bob"); s.ring("b1"); s.vanish("a1"); s.run(11s); }},
    {"busy", [](Scene& s) {
       s.say("b1", wire::SetRules{"", {.call_waiting = {}, .max_parallel_rings = 2, .do_not_disturb = true, .blocked = {}}});
       s.invite("a1", "bob");
       s.run(1s);
     }},
    {"glare", [](Scene& s) { s.invite("a1", "bob"); s.invite("b1", "alice"); s.join("a1"); s.join("b1"); s.run(5s); s.hang_up("b1"); }},
    {"moved", [](Scene& s) {
       s.talk();
       s.say("b2", wire::MoveHere{"", s.call()});
       s.join("b2");
       s.run(1s);
       s.hang_up("b2");
     }},
    {"move not finished", [](Scene& s) { s.talk(); s.say("b2", wire::MoveHere{"", s.call()}); s.run(16s); s.hang_up("b1"); }},
    {"group that all join", [](Scene& s) {
       wire::Invite invite{"", "", Media::None, {}, {}};
       invite.group = wire::Group{{"bob", "carol"}, wire::GroupMode::AllJoin, wire::OwnerLeaves::End};
       s.say("a1", invite);
       s.ring("b1");
       s.answer("b1");
       s.answer("c1");
       for (const auto* device : {"a1", "b1", "c1"}) s.join(device);
       s.hang_up("c1");
       s.run(2s);
       s.hang_up("a1");
     }},
    {"group with one winner", [](Scene& s) {
       wire::Invite invite{"", "", Media::None, {}, {}};
       invite.group = wire::Group{{"bob", "carol"}, wire::GroupMode::FirstAnswer, wire::OwnerLeaves::End};
       s.say("a1", invite);
       s.ring("b1");
       s.ring("c1");
       s.answer("c1");
       s.join("c1");
       s.join("a1");
       s.hang_up("c1");
     }},
    {"one more is rung", [](Scene& s) {
       s.talk();
       s.say("a1", wire::RingMore{"", s.call(), {"carol"}});
       s.say("c1", wire::Decline{"", s.call(), DeclineReason::Declined});
       s.hang_up("a1");
     }},
    {"dropped", [](Scene& s) { s.talk(); s.vanish("b1"); s.run(21s); }},
    {"no media", [](Scene& s) { s.invite("a1", "bob", Media::Audio); s.answer("b1"); s.run(21s); }},
    {"media goes and comes", [](Scene& s) {
       s.invite("a1", "bob", Media::Audio);
       s.answer("b1");
       s.say("b1", wire::MediaUp{"", s.call()});
       s.say("a1", wire::MediaUp{"", s.call()});
       s.say("a1", wire::MediaDown{"", s.call()});
       s.run(15s);
       s.say("a1", wire::MediaUp{"", s.call()});
       s.run(15s);
       s.hang_up("a1");
     }},
    {"media lost", [](Scene& s) {
       s.invite("a1", "bob", Media::Audio);
       s.answer("b1");
       s.say("b1", wire::MediaUp{"", s.call()});
       s.say("a1", wire::MediaUp{"", s.call()});
       s.say("b1", wire::MediaDown{"", s.call()});
       s.run(21s);
     }},
    {"two calls at once", [](Scene& s) { s.talk(); s.invite("c1", "bob"); s.run(61s); }, 2},
};

// Until the script is through or the server is dead. Says which.
bool play(const Script& script, Scene& scene) {
  try {
    script.play(scene);
    return true;
  } catch (const ServerCrashed&) {
    return false;
  }
}

std::map<CallId, CallRecord> calls_of(const World& world) {
  std::map<CallId, CallRecord> calls;
  for (const auto& [key, record] : world.kept) {
    if (const auto* call = std::get_if<CallRecord>(&record)) calls[call->id] = *call;
  }
  return calls;
}

// `away`: how long the server was away at most.
void expect_all_over(Scene& scene, const Script& script, Duration away) {
  const auto calls = calls_of(scene.world);
  EXPECT_LE(calls.size(), script.calls);
  const Settings settings = Scene::short_call();
  for (const auto& [id, call] : calls) {
    EXPECT_EQ(call.phase, Phase::Ended);
    if (call.phase != Phase::Ended) continue;
    EXPECT_LE(call.answered_at.value_or(*call.ended_at) - call.created_at, settings.setup_timeout + std::min<Duration>(away, 15s));
    if (call.answered_at) {
      EXPECT_LE(call.active_at.value_or(*call.ended_at) - *call.answered_at, std::max<Duration>(settings.connect_timeout + 15s, away) + 1s);
    }
    for (const auto& person : scene.people) {
      EXPECT_LE(person.ends.contains(id) ? person.ends.at(id).size() : 0, 1U) << person.device << " was told two outcomes of the call";
      EXPECT_TRUE(!person.ends.contains(id) || person.ends.at(id).contains(*call.outcome)) << person.device;
      EXPECT_LE(person.finals.contains(id) ? person.finals.at(id).size() : 0, 1U) << person.device << " was told two ends of its part";
    }
  }
  EXPECT_EQ(scene.world.engine.counts().live_calls, 0U);
}

// One that never ended ended too late.
Instant ended_at(const CallRecord& call) { return call.ended_at.value_or(Instant::max()); }

class Crash : public testing::TestWithParam<Script> {
 protected:
  // Calls `check` with a scene whose server has just died after its first, second, … record.
  template <class Check>
  void at_every_boundary(Check check) {
    const auto& script = GetParam();
    Scene dry;
    const int before = dry.world.stores;
    EXPECT_TRUE(play(script, dry));
    const int boundaries = dry.world.stores - before;
    EXPECT_GT(boundaries, 0);
    for (int n = 1; n <= boundaries; ++n) {
      SCOPED_TRACE("crash after record " + std::to_string(n) + " of " + std::to_string(boundaries));
      Scene scene;
      scene.world.crash_after(n);
      play(script, scene);
      scene.world.crash();
      check(scene, n);
    }
  }
};

TEST_P(Crash, WhenAllComeBackEachHearsTheOneEnd) {
  for (const Duration away : {Duration{1s}, Duration{7s}, Duration{70s}}) {
    at_every_boundary([&](Scene& scene, int) {
      scene.world.now += away;
      scene.world.restart();
      scene.all_come_back();
      scene.run(200s);
      expect_all_over(scene, GetParam(), away);
      for (const auto& person : scene.people) {
        EXPECT_TRUE(person.is_away || person.believed.empty()) << person.device << " believes in a call that is over";
        EXPECT_TRUE(person.is_away || !person.unanswered) << person.device;
      }
    });
  }
}

// Their applications have started anew as well, or were killed for good after the server came back: they know nothing.
TEST_P(Crash, WhenAllHaveForgottenItEndsInTime) {
  at_every_boundary([&](Scene& scene, int) {
    scene.world.now += 1s;
    const auto restarted = scene.world.now;
    scene.world.restart();
    for (auto& person : scene.people) {
      person.believed.clear();
      person.unanswered.reset();
      if (!person.is_away) scene.world.say_hello(person);
    }
    scene.run(300s);
    expect_all_over(scene, GetParam(), 1s);
    for (const auto& [id, call] : calls_of(scene.world)) {
      if (call.answered_at) {
        EXPECT_LE(ended_at(call), restarted + 20s + 15s);
      }
    }
  });
}

TEST_P(Crash, WhenNobodyComesBackItEndsInTime) {
  at_every_boundary([&](Scene& scene, int) {
    scene.world.now += 1s;
    const auto restarted = scene.world.now;
    scene.world.restart();
    scene.run(300s);
    expect_all_over(scene, GetParam(), 1s);
    for (const auto& [id, call] : calls_of(scene.world)) {
      EXPECT_LE(ended_at(call), std::max(restarted, call.created_at) + 60s + 15s) << "no call outlives its sides";
      if (call.answered_at) {
        EXPECT_LE(ended_at(call), restarted + 20s + 15s);
      }
    }
  });
}

// A server that dies every second cannot keep a call alive.
TEST_P(Crash, InALoopItEndsInTime) {
  at_every_boundary([&](Scene& scene, int) {
    const auto first = scene.world.now;
    while (scene.world.now < first + 100s) {
      scene.world.now += 500ms;
      scene.world.restart();
      scene.run(500ms);
      scene.world.crash();
    }
    scene.world.restart();
    expect_all_over(scene, GetParam(), 1s);
    for (const auto& [id, call] : calls_of(scene.world)) {
      if (!call.answered_at) {
        EXPECT_LE(ended_at(call) - call.created_at, 60s + 15s);
      }
      if (call.answered_at) {
        EXPECT_LE(ended_at(call), std::max(first, *call.answered_at) + 20s + 15s + 1s);
      }
    }
  });
}

// The second crash falls into the recovery from the first.
TEST_P(Crash, WhileItRecoversIsOneMoreCrash) {
  at_every_boundary([&](Scene& scene, int n) {
    scene.world.now += 1s;
    scene.world.crash_after(n % 3);
    scene.world.restart();
    scene.world.crash();
    scene.world.now += 1s;
    scene.world.restart();
    scene.all_come_back();
    scene.run(200s);
    expect_all_over(scene, GetParam(), 2s);
  });
}

INSTANTIATE_TEST_SUITE_P(AfterEveryRecord, Crash, testing::ValuesIn(k_scripts), [](const auto& each) {
  std::string name(each.param.name);
  std::replace(name.begin(), name.end(), ' ', '_');
  return name;
});

// --- single rules

class Restart : public CallTest {
 protected:
  using CallTest::CallTest;
  void restart(Duration away = 1s) {
    world.crash();
    world.now += away;
    world.restart();
  }
  void back(World::Device& device, std::vector<CallId> calls = {}) {
    device.inbox.clear();
    world.say_hello(device, true, std::move(calls));
    EXPECT_FALSE(device.welcome.resumed);
  }
  const CallRecord& newest() { return world.stored.back(); }
  std::optional<DeadlineRecord> deadline(const LegRecord& leg, TimerKind kind) {
    for (const auto& one : leg.deadlines) {
      if (one.kind == kind) return one;
    }
    return std::nullopt;
  }
};

TEST_F(Restart, WhileItRingsDeadlinesHold) {
  const auto call = invite();
  const auto wake = newest().created_at + 20s;
  restart(5s);
  EXPECT_EQ(deadline(newest().legs[0], TimerKind::Wake)->at, wake);
  EXPECT_EQ(deadline(newest().caller_leg, TimerKind::CallerGrace)->at, world.now + 10s);
  back(alice, {call});
  back(bob);
  ring(bob, call);
  EXPECT_TRUE(seen(alice).ringing);
  world.send(bob, wire::Answer{"", call});
  EXPECT_EQ(world.replied_call(bob).you, wire::DeviceState::Winner);
}

TEST_F(Restart, OverdueWhileItRangIsOver) {
  const auto call = invite();
  restart(30s);
  EXPECT_EQ(newest().outcome, Outcome::Unreachable);
  EXPECT_EQ(newest().ended_at, world.now);
  back(alice, {call});
  ASSERT_EQ(alice.welcome.calls.size(), 1U);
  expect_end(alice.welcome.calls[0], Outcome::Unreachable, Reason::PushUnacked, Outcome::Unreachable);
}

TEST_F(Restart, TheGraceOfBothBeginsOnceAndIsExtendedFifteenSecondsAtMost) {
  talk();
  restart();
  const auto until = world.now + 20s;
  EXPECT_EQ(deadline(newest().caller_leg, TimerKind::Grace)->at, until);
  restart(4s);
  EXPECT_EQ(deadline(newest().caller_leg, TimerKind::Grace)->at, until) << "not anew";
  restart(14s);
  EXPECT_EQ(deadline(newest().caller_leg, TimerKind::Grace)->at, world.now + 5s) << "a moment to come back";
  EXPECT_EQ(deadline(newest().caller_leg, TimerKind::Grace)->extended, 3s);
  for (int i = 0; i < 10; ++i) restart(3s);
  EXPECT_EQ(newest().outcome, Outcome::Dropped);
  EXPECT_EQ(newest().reason, Reason::BothLost);
  EXPECT_LE(*newest().ended_at, until + 15s + 3s);
}

TEST_F(Restart, AClockThatWasSetBackKeepsNoCallRinging) {
  invite();
  restart(-3600s);
  world.run(20s);
  EXPECT_EQ(newest().phase, Phase::Ended);
  back(alice);
  back(bob);
  talk();
  restart(-3600s);
  world.run(20s);
  EXPECT_EQ(newest().outcome, Outcome::Dropped);
}

TEST_F(Restart, WhoIsBackTalksOn) {
  const auto call = talk();
  restart();
  back(alice, {call});
  EXPECT_TRUE(alice.welcome.calls.at(0).peer_unstable);
  back(bob, {call});
  EXPECT_FALSE(seen(alice).peer_unstable);
  for (auto* device : {&alice, &bob}) join(*device, device->welcome.calls.at(0));
  world.run(100s);
  EXPECT_EQ(world.engine.counts().live_calls, 1U);
  world.send(alice, wire::Hangup{"", call});
  expect_end(seen(bob), Outcome::Ended, Reason::ByCaller, Outcome::Ended);
}

TEST_F(Restart, ARepeatedInviteRingsNobodyAgain) {
  const wire::Invite invite{"same", "bob", wire::Media::None, {}, {}};
  world.feed(Received{alice.link, invite, std::nullopt});
  const auto call = world.replied_call(alice).call_id;
  ring(bob, call);
  world.send(bob, wire::Decline{"", call, DeclineReason::Declined});
  restart();
  back(alice);
  back(bob);
  world.feed(Received{alice.link, invite, std::nullopt});
  EXPECT_EQ(world.replied_call(alice).call_id, call);
  EXPECT_EQ(world.replied_call(alice).outcome, Outcome::Declined);
  EXPECT_EQ(world.count<wire::CallEvent>(bob), 0);
}

TEST_F(Restart, AnInviteThatBecameAnAnswerStaysOne) {
  const auto call = invite();
  const wire::Invite second{"second", "alice", wire::Media::None, {}, {}};
  world.feed(Received{bob.link, second, std::nullopt});
  restart();
  back(bob);
  world.feed(Received{bob.link, second, std::nullopt});
  EXPECT_EQ(world.replied_call(bob).call_id, call);
  EXPECT_TRUE(world.replied_call(bob).merged);
  EXPECT_EQ(world.replied_call(bob).you, wire::DeviceState::Winner);
}

TEST_F(Restart, ACancelWaitsForItsInviteAcrossIt) {
  world.send(alice, wire::Cancel{"", {}, "late"});
  restart();
  back(alice);
  back(bob);
  world.feed(Received{alice.link, wire::Invite{"late", "bob", wire::Media::None, {}, {}}, std::nullopt});
  EXPECT_EQ(world.replied_call(alice).outcome, Outcome::Cancelled);
  EXPECT_EQ(world.count<wire::CallEvent>(bob), 0);
  world.run(60s);
  world.send(alice, wire::Cancel{"", {}, "another"});
  int waiting = 0;
  for (const auto& [key, record] : world.kept) waiting += std::holds_alternative<WithdrawnRecord>(record) ? 1 : 0;
  EXPECT_EQ(waiting, 1) << "the first is not needed any more";
}

TEST_F(Restart, BusyIsDerivedFromTheCallsThatWereKept) {
  talk();
  world.send(bob, wire::SetRules{"", {.call_waiting = wire::CallWaiting::Off, .max_parallel_rings = 2, .do_not_disturb = false, .blocked = {}}});
  restart();
  auto& carol = arrive("carol", "c1");
  world.send(carol, wire::Invite{"", "bob", wire::Media::None, {}, {}});
  EXPECT_EQ(world.replied_call(carol).outcome, Outcome::Busy);
}

TEST_F(Restart, TwoWhoCallEachOtherMeetInTheCallThatWasKept) {
  const auto call = invite();
  restart();
  back(bob);
  world.send(bob, wire::Invite{"", "alice", wire::Media::None, {}, {}});
  EXPECT_EQ(world.replied_call(bob).call_id, call);
  EXPECT_EQ(world.replied_call(bob).you, wire::DeviceState::Winner);
  restart();
  back(bob, {call});
  world.send(bob, wire::Invite{"", "alice", wire::Media::None, {}, {}});
  EXPECT_EQ(world.replied_call(bob).call_id, call) << "calling again is going on";
  back(bobs_tablet);
  world.send(bobs_tablet, wire::Invite{"", "alice", wire::Media::None, {}, {}});
  EXPECT_EQ(world.replied_call(bobs_tablet).call_id, call);
  EXPECT_EQ(world.replied_call(bobs_tablet).you, wire::DeviceState::Moving);
}

TEST_F(Restart, AGroupAsksThoseItHadNotAskedYet) {
  auto& carol = arrive("carol", "c1");
  world.send(carol, wire::SetRules{"", {.call_waiting = {}, .max_parallel_rings = 2, .do_not_disturb = true, .blocked = {}}});
  wire::Invite invite{"", "", wire::Media::None, {}, {}};
  invite.group = wire::Group{{"bob", "carol"}, wire::GroupMode::AllJoin, wire::OwnerLeaves::End};
  world.crash_after(1);
  world.send(alice, invite);
  ASSERT_TRUE(world.is_crashed());
  EXPECT_FALSE(newest().legs[1].asked);
  restart();
  EXPECT_EQ(newest().legs[1].reason, Reason::ByDndRule);
  back(bob);
  ring(bob, newest().id);
  EXPECT_EQ(newest().phase, Phase::Inviting);
}

TEST_F(Restart, ASecondCallIsAnnouncedAsOne) {
  const auto call = talk();
  restart();
  back(bob, {call});
  auto& carol = arrive("carol", "c1");
  world.send(carol, wire::Invite{"", "bob", wire::Media::None, {}, {}});
  EXPECT_TRUE(seen(bob).second_call);
}

TEST_F(Restart, WhoeverWasAwayIsToldOfTheCallItMissedOnce) {
  const auto call = invite();
  ring(bob, call);
  world.close(bob);
  world.run(46s);
  ASSERT_EQ(newest().outcome, Outcome::NoAnswer);
  world.run(25s);  // the tablet acknowledges with a pong
  restart();
  back(bob);
  back(bobs_tablet);
  EXPECT_EQ(world.last<wire::Missed>(bob).record.call_id, call);
  EXPECT_EQ(world.count<wire::Missed>(bobs_tablet), 0) << "it saw the end";
  world.run(26s);
  restart();
  back(bob);
  EXPECT_EQ(world.count<wire::Missed>(bob), 0);
}

TEST_F(Restart, AMissedCallIsNotLostBetweenTwoRecords) {
  world.close(bobs_tablet);
  const auto call = invite();
  ring(bob, call);
  world.crash_after(1);
  world.run(46s);
  ASSERT_TRUE(world.is_crashed());
  ASSERT_EQ(newest().outcome, Outcome::NoAnswer);
  restart();
  back(bobs_tablet);
  EXPECT_EQ(world.last<wire::Missed>(bobs_tablet).record.call_id, call);
}

TEST_F(Restart, WaitingForMediaGoesOnWhereItWas) {
  const auto call = invite(Media::Audio);
  world.send(bob, wire::Answer{"", call});
  world.send(bob, wire::MediaUp{"", call});
  world.send(alice, wire::MediaUp{"", call});
  world.send(bob, wire::MediaDown{"", call});
  const auto until = world.now + 20s;
  world.run(10s);
  restart();
  for (auto* device : {&alice, &bob}) back(*device, {call});
  world.send(alice, wire::MediaUp{"", call});
  world.run(60s);
  EXPECT_EQ(newest().reason, Reason::MediaLost);
  EXPECT_EQ(newest().ended_at, until);
}

TEST_F(Restart, MediaThatHadComeBackIsWaitedForAnew) {
  const auto call = invite(Media::Audio);
  world.send(bob, wire::Answer{"", call});
  world.send(bob, wire::MediaUp{"", call});
  world.send(alice, wire::MediaUp{"", call});
  world.send(bob, wire::MediaDown{"", call});
  world.run(15s);
  world.send(bob, wire::MediaUp{"", call});
  restart(10s);
  EXPECT_FALSE(deadline(newest().legs[0], TimerKind::Media));
  for (auto* device : {&alice, &bob}) back(*device, {call});
  for (auto* device : {&alice, &bob}) world.send(*device, wire::MediaUp{"", call});
  world.run(60s);
  EXPECT_EQ(newest().phase, Phase::Active);
}

TEST_F(Restart, AnEndedCallIsKnownForItsTime) {
  const auto call = talk();
  world.silence(bob);
  world.send(alice, wire::Hangup{"", call});
  restart();
  bob.answers_pings = true;
  back(bob, {call});
  ASSERT_EQ(bob.welcome.calls.size(), 1U);
  expect_end(bob.welcome.calls[0], Outcome::Ended, Reason::ByCaller, Outcome::Ended);
  restart(10min);
  back(bob, {call});
  EXPECT_TRUE(bob.welcome.calls.empty());
  EXPECT_EQ(world.engine.counts().kept_calls, 0U);
  EXPECT_EQ(world.kept.count(RecordKey{"call " + call.text()}), 1U) << "history is the store's";
}

TEST_F(Restart, SessionsOutliveItAndEndInTheirTime) {
  world.send(alice, wire::SessionCreate{""});
  EXPECT_EQ(world.engine.counts().sessions, 1U);
  restart(1h);
  EXPECT_EQ(world.engine.counts().sessions, 1U);
  world.run(24h);
  EXPECT_EQ(world.engine.counts().sessions, 0U);
  restart();
  EXPECT_EQ(world.engine.counts().sessions, 0U);
}

TEST_F(Restart, HeartbeatsStoreNothing) {
  talk();
  const auto before = world.stores;
  world.run(120s);
  EXPECT_EQ(world.stores, before);
}

// What the engine does on the same records does not depend on the order a store has them in.
TEST_F(Restart, TheSameRecordsGiveTheSameEffects) {
  talk();
  world.send(bobs_tablet, wire::Invite{"", "carol", wire::Media::None, {}, {}});
  world.run(30s);
  std::vector<Record> records;
  for (const auto& [key, record] : world.kept) records.push_back(record);
  std::vector<std::vector<std::string>> told;
  for (int i = 0; i < 2; ++i) {
    Engine engine(Settings{}, Seed{9});
    Effects effects;
    engine.restore(world.now, records, effects);
    auto& lines = told.emplace_back();
    for (const auto& effect : effects) {
      const auto* store = std::get_if<Store>(&effect);
      lines.push_back(store == nullptr ? "other" : key_of(store->record).text);
    }
    lines.push_back(std::to_string(engine.next_deadline()->at.time_since_epoch().count()));
    std::reverse(records.begin(), records.end());
  }
  EXPECT_GT(told[0].size(), 1U);
  EXPECT_EQ(told[0], told[1]);
}

class RestartOfStrict : public Restart {
 protected:
  RestartOfStrict() : Restart(strict()) {}
  static Settings strict() {
    Settings settings;
    settings.refuse_unknown_users = true;
    return settings;
  }
};

TEST_F(RestartOfStrict, WhoHasBeenHereIsKnown) {
  restart();
  back(alice);
  EXPECT_NE(world.replied_call((world.send(alice, wire::Invite{"", "bob", wire::Media::None, {}, {}}), alice)).reason, Reason::NoSuchUser);
  world.send(alice, wire::Invite{"", "nobody", wire::Media::None, {}, {}});
  EXPECT_EQ(world.replied_call(alice).reason, Reason::NoSuchUser);
}

}  // namespace
}  // namespace offhook::core
