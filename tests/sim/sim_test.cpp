// Short stories in the world, with the judge looking on, and that the simulator itself can be believed: the same seed is the same
// history, and small runs show nothing. Long runs are `./dev sim`.
#include <gtest/gtest.h>

#include "sim/fan_out.hpp"
#include "sim/runner.hpp"
#include "wire/codec.hpp"

namespace offhook::sim {
namespace {

using client::Action;
using client::CallMoment;
using client::Handle;
using wire::Outcome;
namespace event = client::event;

// What each application was told of each call.
class Told : public Observer {
 public:
  std::map<std::pair<DeviceIndex, Handle>, std::vector<CallMoment>> moments;
  std::map<std::pair<DeviceIndex, Handle>, event::Ended> ends;
  std::vector<CallId> missed;
  std::vector<client::JournalEntry> unseen;
  std::map<std::pair<DeviceIndex, Handle>, CallId> ids;

  void on_told(DeviceIndex device, const client::EngineEvent& told) override {
    if (const auto* call = std::get_if<event::Call>(&told)) {
      moments[{device, call->call.handle}].push_back(call->moment);
      if (call->call.call_id) ids.insert_or_assign(std::pair(device, call->call.handle), *call->call.call_id);
    }
    if (const auto* entry = std::get_if<event::UnseenOutcome>(&told)) unseen.push_back(entry->entry);
    if (const auto* ended = std::get_if<event::Ended>(&told)) ends.insert_or_assign({device, ended->call.handle}, *ended);
    if (const auto* record = std::get_if<event::Missed>(&told)) missed.push_back(record->record.call_id);
  }
};

// Alice with one device, Bob with two, who do what a test says.
class WorldOfThree : public testing::Test {
 protected:
  WorldOfThree() : WorldOfThree(WorldOptions{}) {}
  explicit WorldOfThree(const WorldOptions& options) : world(options, all), judge(world, coverage) {
    all.add(judge);
    all.add(told);
    alice = world.add_device("alice", "a1");
    bob = world.add_device("bob", "b1");
    tablet = world.add_device("bob", "b2");
    world.run(1s);
  }
  void TearDown() override {
    world.run(300s);
    judge.finish();
    for (const auto& finding : judge.findings()) ADD_FAILURE() << name_of(finding.check) << ": " << finding.what;
  }

  Handle place(DeviceIndex device, const UserId& to, wire::Media media = wire::Media::None) {
    world.give(device, client::PlaceCall{++last_handle, to, media, {}, {}});
    return last_handle;
  }
  Handle incoming(DeviceIndex device) {
    for (const auto& [key, moments] : told.moments) {
      if (key.first == device && key.second >> 63 && !told.ends.contains(key)) return key.second;
    }
    ADD_FAILURE() << "nothing rings on device " << device;
    return 0;
  }
  void act(DeviceIndex device, Handle handle, Action action) { world.give(device, client::Act{handle, action}); }
  std::optional<Outcome> shown(DeviceIndex device, Handle handle) {
    const auto found = told.ends.find({device, handle});
    return found == told.ends.end() ? std::nullopt : std::optional(found->second.outcome);
  }
  std::vector<CallMoment> moments(DeviceIndex device, Handle handle) { return told.moments[{device, handle}]; }
  // Both are in a call.
  Handle talk() {
    const auto call = place(alice, "bob");
    world.run(1s);
    act(bob, incoming(bob), Action::Answer);
    world.run(1s);
    return call;
  }

  FanOut all;
  World world;
  Coverage coverage;
  Judge judge;
  Told told;
  DeviceIndex alice = 0, bob = 0, tablet = 0;
  Handle last_handle = 0;
};

using Moments = std::vector<CallMoment>;

TEST_F(WorldOfThree, AnsweredTalkedAndHungUp) {
  const auto call = place(alice, "bob");
  world.run(1s);
  const auto at_bob = incoming(bob);
  const auto at_tablet = incoming(tablet);
  act(bob, at_bob, Action::Answer);
  world.run(10s);
  act(alice, call, Action::Hangup);
  world.run(1s);
  EXPECT_EQ(moments(alice, call), (Moments{CallMoment::Calling, CallMoment::Ringing, CallMoment::Connecting, CallMoment::Active}));
  EXPECT_EQ(moments(bob, at_bob), (Moments{CallMoment::Incoming, CallMoment::Connecting, CallMoment::Active}));
  EXPECT_EQ(shown(tablet, at_tablet), Outcome::AnsweredElsewhere);
  EXPECT_EQ(shown(bob, at_bob), Outcome::Ended);
}

TEST_F(WorldOfThree, TheCallerDisappearsWhileItRings) {
  const auto call = place(alice, "bob");
  world.run(1s);
  const auto at_bob = incoming(bob);
  world.set_network(alice, false);
  world.run(15s);
  EXPECT_EQ(shown(bob, at_bob), Outcome::Missed);
  EXPECT_EQ(shown(alice, call), Outcome::LostContact);
}

TEST_F(WorldOfThree, AShortLossInTheMiddleOfACallIsNoEnd) {
  const auto call = talk();
  world.set_network(alice, false);
  world.run(8s);
  EXPECT_EQ(moments(bob, incoming(bob)).back(), CallMoment::PeerUnstable);
  world.set_network(alice, true);
  world.run(5s);
  EXPECT_EQ(moments(bob, incoming(bob)).back(), CallMoment::PeerStable);
  act(alice, call, Action::Hangup);
  world.run(1s);
  EXPECT_EQ(shown(alice, call), Outcome::Ended);
}

TEST_F(WorldOfThree, ASocketThatIsDeadWithoutNoticeIsNoEnd) {
  const auto call = talk();
  for (const auto notice : {Notice::Nobody, Notice::Device, Notice::Server, Notice::Both}) {
    world.cut(alice, notice);
    world.run(10s);
    EXPECT_EQ(shown(alice, call), std::nullopt);
    EXPECT_EQ(world.server_counts().live_calls, 1U);
  }
  act(alice, call, Action::Hangup);
  world.run(1s);
}

TEST_F(WorldOfThree, AnApplicationThatSleepsTooLongHasLostTheCall) {
  const auto call = talk();
  world.suspend(alice, true);
  world.run(40s);
  EXPECT_EQ(world.server_counts().live_calls, 0U) << "the server does not wait for ever";
  world.resume(alice, true);
  world.run(5s);
  EXPECT_EQ(shown(alice, call), Outcome::Dropped) << "its clock stood: what has come meanwhile is news to it";
}

TEST_F(WorldOfThree, WhatFollowsARecordWaitsUntilItIsDurable) {
  const auto call = place(alice, "bob");
  world.crash_server_after(1, [] {});  // the very first record is durable, and nobody has been told
  world.run(1s);
  EXPECT_FALSE(world.is_server_running());
  EXPECT_TRUE(moments(alice, call).empty());
  world.start_server();
  world.run(20s);
  EXPECT_TRUE(shown(alice, call).has_value() || !moments(alice, call).empty());
}

TEST_F(WorldOfThree, AServerThatHasLostItsRecordsIsLostContactForAll) {
  const auto call = talk();
  const auto at_bob = incoming(bob);
  world.crash_server(false);
  world.wipe_server();
  world.start_server();
  world.run(10s);
  EXPECT_EQ(shown(alice, call), Outcome::LostContact);
  EXPECT_EQ(shown(bob, at_bob), Outcome::LostContact);
}

TEST_F(WorldOfThree, TheCallOfAKilledApplicationIsNotLeftBehind) {
  talk();
  const auto at_bob = incoming(bob);
  world.kill(alice, Notice::Both);
  world.run(1s);
  world.start(alice);
  world.run(2s);
  EXPECT_EQ(shown(bob, at_bob), Outcome::Dropped);
  EXPECT_EQ(world.server_counts().live_calls, 0U);
}

// --- devices that sleep

WorldOptions with_pushes(PushWeather weather) {
  WorldOptions options;
  options.settings.push = true;
  options.pushes = weather;
  return options;
}

// Bob's devices have registered and sleep.
class WorldOfSleepers : public WorldOfThree {
 protected:
  explicit WorldOfSleepers(PushWeather weather = {}) : WorldOfThree(with_pushes(weather)) {
    for (const auto device : {bob, tablet}) {
      world.register_for_pushes(device);
      world.kill(device, Notice::Both);
      world.start(device);
      world.run(1s);
      world.doze(device);
    }
    world.run(60s);
  }
};

TEST_F(WorldOfSleepers, APushStartsTheApplicationWhichRingsAndAnswers) {
  const auto call = place(alice, "bob");
  world.run(2s);
  EXPECT_TRUE(world.is_running(bob));
  const auto at_bob = incoming(bob);
  EXPECT_EQ(moments(alice, call).back(), CallMoment::Ringing);
  act(bob, at_bob, Action::Answer);
  world.run(2s);
  EXPECT_EQ(moments(bob, at_bob).back(), CallMoment::Active);
  for (const auto& [key, end] : told.ends) EXPECT_TRUE(key.first != tablet || end.outcome == Outcome::AnsweredElsewhere);
  act(alice, call, Action::Hangup);
}

class WorldOfGoneAddresses : public WorldOfSleepers {
 protected:
  WorldOfGoneAddresses() : WorldOfSleepers([] { PushWeather weather; weather.gone = 1000; return weather; }()) {}
};

TEST_F(WorldOfGoneAddresses, NobodyCanBeWokenAndTheCallerKnowsAtOnce) {
  const auto call = place(alice, "bob");
  world.run(2s);
  EXPECT_EQ(shown(alice, call), Outcome::Unreachable);
  for (const auto device : {bob, tablet}) {
    EXPECT_FALSE(world.is_running(device));
    world.start(device);  // by hand, and learns that it has missed a call
  }
}

class WorldOfLatePushes : public WorldOfSleepers {
 protected:
  WorldOfLatePushes() : WorldOfSleepers([] { PushWeather weather; weather.late = 1000; weather.doubled = 1000; return weather; }()) {}
};

TEST_F(WorldOfLatePushes, WhatComesAfterTheEndRingsAtMostUntilTheServerIsHeard) {
  const auto call = place(alice, "bob");
  world.run(50ms);
  act(alice, call, Action::Cancel);
  world.run(90s);
  EXPECT_TRUE(world.is_running(bob));
  for (const auto& [key, end] : told.ends) EXPECT_TRUE(end.outcome == Outcome::Missed || key.first == alice);
}

// --- what long runs have found

WorldOptions steady() {
  WorldOptions options;
  options.min_delay = options.max_delay = 50ms;
  return options;
}

class WorldOfSteadyLinks : public WorldOfThree {
 protected:
  WorldOfSteadyLinks() : WorldOfThree(steady()) {}
};

// Seed 17: the watchdog of a phone that slept comes before the answer to what it has said; its call has answered what rang.
TEST_F(WorldOfSteadyLinks, WhatHasStoppedRingingMayHaveBeenAnsweredByTheCallPlacedFromHere) {
  world.give(alice, client::PlaceCall{++last_handle, "bob", wire::Media::None, 3'000, {}});
  world.run(1s);
  const auto rang = incoming(bob);
  const auto back = place(bob, "alice");
  world.suspend(bob, false);
  world.run(5s);
  world.resume(bob, false);
  world.run(3s);
  EXPECT_EQ(shown(bob, rang), Outcome::Missed);
  EXPECT_EQ(moments(bob, back).back(), CallMoment::Active);
  act(bob, back, Action::Hangup);
}

// Seed 605: it is known to the journal as soon as it has an id, though the application was told nothing more.
TEST_F(WorldOfSteadyLinks, ACallWithdrawnBeforeItHadAnIdIsToldToALaterLife) {
  const auto call = place(alice, "bob");
  act(alice, call, Action::Cancel);
  world.run(140ms);  // the invite's answer is here, that of the cancel is not
  world.kill(alice, Notice::Both);
  world.run(1s);
  world.start(alice);
  world.run(2s);
  ASSERT_EQ(told.unseen.size(), 1U);
  EXPECT_EQ(told.unseen.front().outcome, Outcome::Cancelled);
}

// Seed 705: the server has taken the move back with the socket that it came on.
TEST_F(WorldOfSteadyLinks, AMoveWhoseSocketBreaksFailsAndTheOtherDeviceKeepsTheCall) {
  talk();
  const auto at_bob = incoming(bob);
  world.give(tablet, client::MoveCall{++last_handle, told.ids.at({bob, at_bob}), wire::Role::Callee, "alice", wire::Media::None});
  world.run(75ms);  // it is at the server
  world.cut(tablet, Notice::Device);
  world.run(3s);
  EXPECT_EQ(shown(tablet, last_handle), Outcome::Failed);
  EXPECT_EQ(moments(bob, at_bob).back(), CallMoment::Active);
  act(bob, at_bob, Action::Hangup);
}

// Seed 899: a device that cannot hear the server rings no longer than 10 s after its last word, though a socket is refused meanwhile.
TEST_F(WorldOfSteadyLinks, ARefusalThatCameLateIsNoContact) {
  place(alice, "bob");
  world.run(1s);
  const auto rang = incoming(bob);
  world.stall(bob, Stall::ToDevice);
  world.run(9s);  // the socket that bob has opened was closed for want of a hello
  world.stall(bob, Stall::ToServer);
  world.run(2500ms);
  EXPECT_EQ(shown(bob, rang), Outcome::LostContact);
  world.stall(bob, Stall::None);
}

// Seed 298: commits that take longer than the server waits for a sign of life. The welcome of who comes back waits for them, and his silence
// does not count before it has left.
class WorldOfASlowDisk : public WorldOfThree {
 protected:
  WorldOfASlowDisk() : WorldOfThree([] {
    auto options = steady();
    options.settings = settings_of([] {
      Swarm swarm;
      swarm.timers = 1;
      return swarm;
    }());
    options.slow_commit = 2s;
    return options;
  }()) {}
};

TEST_F(WorldOfASlowDisk, WhoComesBackWhileTheDiskIsSlowStays) {
  const auto call = talk();
  world.slow_disk(true);
  world.cut(alice, Notice::Both);
  for (int i = 0; i < 40; ++i) {  // the disk always has something to do
    world.give(tablet, client::Request{static_cast<client::RequestNumber>(i + 1), wire::SetRules{"", {}}});
    world.run(500ms);
  }
  EXPECT_EQ(shown(alice, call), std::nullopt);
  EXPECT_EQ(moments(bob, incoming(bob)).back(), CallMoment::PeerStable);
  world.slow_disk(false);
  act(alice, call, Action::Hangup);
}

// --- long runs, small here

Swarm small(std::uint64_t seed) {
  auto swarm = draw_swarm(seed);
  swarm.calls = 300;
  return swarm;
}

TEST(Simulator, SomeSeedsShowNothingThatMustNotBe) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    const auto result = live_through(seed, small(seed));
    for (const auto& finding : result.findings) ADD_FAILURE() << "seed " << seed << ", " << name_of(finding.check) << ": " << finding.what;
  }
}

TEST(Simulator, TheSameSeedIsTheSameHistory) {
  const auto first = live_through(9, small(9), Story::All);
  const auto again = live_through(9, small(9), Story::All);
  EXPECT_EQ(first.fingerprint, again.fingerprint);
  EXPECT_EQ(first.time_line, again.time_line);
  EXPECT_EQ(first.fingerprint, live_through(9, small(9)).fingerprint) << "whoever watches changes nothing";
  EXPECT_NE(first.fingerprint, live_through(10, small(10)).fingerprint);
}

TEST(Simulator, OptionsAreReadAsTheyAreWritten) {
  const auto swarm = draw_swarm(77);
  Swarm read;
  EXPECT_EQ(set_options(text_of(swarm), read), std::nullopt);
  EXPECT_EQ(text_of(read), text_of(swarm));
  EXPECT_NE(set_options("nonsense=1", read), std::nullopt);
  EXPECT_NE(set_options("calls=", read), std::nullopt);
  EXPECT_NE(set_options("calls=1x", read), std::nullopt);
}

TEST(Simulator, EverySwarmHasSettingsTheServerAccepts) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) EXPECT_TRUE(core::check_settings(settings_of(draw_swarm(seed))).empty()) << seed;
}

}  // namespace
}  // namespace offhook::sim
