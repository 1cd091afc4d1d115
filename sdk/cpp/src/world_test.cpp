// The real server's engine and several client engines in one world: every call ends exactly once on each device, and what the
// devices show fits together, whatever becomes of the links.
#include "sim/world.hpp"

#include <gtest/gtest.h>

#include <set>

#include "wire/codec.hpp"

namespace offhook::sim {
namespace {

using namespace std::chrono_literals;
using client::Action;
using client::CallMoment;
using client::Handle;
using wire::Outcome;

namespace event = client::event;

// What one device's application was told of one call.
struct Seen {
  DeviceIndex device = 0;
  client::CallView view;
  std::vector<CallMoment> moments;
  std::vector<event::Ended> ends;
  Instant told_at{};  // first
  Instant ended_at{};
};

// PROTOCOL.md section 7: what a callee's device that was not the winner may show.
bool fits_other_device(Outcome call, Outcome shown) {
  switch (call) {
    case Outcome::Ended:
    case Outcome::ConnectFailed:
    case Outcome::Dropped: return shown == Outcome::AnsweredElsewhere;
    case Outcome::Declined: return shown == Outcome::Declined || shown == Outcome::DeclinedElsewhere;
    case Outcome::Busy: return shown == Outcome::Busy || shown == Outcome::BusyElsewhere || shown == Outcome::Missed;
    case Outcome::NoAnswer:
    case Outcome::Unreachable:
    case Outcome::Cancelled:
    case Outcome::Failed: return shown == Outcome::Missed;
    case Outcome::AnsweredElsewhere:
    case Outcome::DeclinedElsewhere:
    case Outcome::BusyElsewhere:
    case Outcome::Missed:
    case Outcome::MovedElsewhere:
    case Outcome::LostContact: return false;
  }
  return false;
}

// Watches a world: who is in which call, and what is wrong.
class Watcher {
 public:
  explicit Watcher(World& world) : world_(world) {
    world.when_told = [this](DeviceIndex device, const client::EngineEvent& told) {
      if (const auto* call = std::get_if<event::Call>(&told)) on_moment(device, *call);
      if (const auto* ended = std::get_if<event::Ended>(&told)) on_ended(device, *ended);
      if (const auto* closed = std::get_if<event::Closed>(&told)) ADD_FAILURE() << device << " closed: " << closed->problem.has_value();
    };
  }

  std::function<void(DeviceIndex, const event::Call&)> when_moment = [](DeviceIndex, const event::Call&) {};

  Handle place(DeviceIndex device, const UserId& to, wire::Media media = wire::Media::None) {
    const auto handle = ++last_handle_;
    seen_[{device, handle}].device = device;
    world_.give(device, client::PlaceCall{handle, to, media, {}, {}});
    return handle;
  }

  const std::map<std::pair<DeviceIndex, Handle>, Seen>& seen() const { return seen_; }
  Seen& of(DeviceIndex device, Handle handle) { return seen_.at({device, handle}); }
  std::size_t open_calls() const {
    return static_cast<std::size_t>(std::count_if(seen_.begin(), seen_.end(), [](const auto& s) { return s.second.ends.empty(); }));
  }

  // Everything has ended, once, and fits together.
  void check() const {
    for (const auto& [key, seen] : seen_) {
      EXPECT_EQ(seen.ends.size(), 1U) << "device " << seen.device << ", handle " << key.second;
      if (seen.ends.size() == 1) check_end(seen);
    }
  }

 private:
  void on_moment(DeviceIndex device, const event::Call& told) {
    auto& seen = seen_[{device, told.call.handle}];
    seen.device = device;
    seen.view = told.call;
    EXPECT_TRUE(seen.ends.empty()) << "told of a call after its end";
    if (seen.moments.empty()) seen.told_at = world_.now();
    seen.moments.push_back(told.moment);
    when_moment(device, told);
  }

  void on_ended(DeviceIndex device, const event::Ended& told) {
    auto& seen = seen_[{device, told.call.handle}];
    seen.view = told.call;
    seen.ends.push_back(told);
    seen.ended_at = world_.now();
  }

  void check_end(const Seen& seen) const {
    const auto shown = seen.ends[0].outcome;
    if (!seen.view.call_id) {  // never heard of by the server, given up before its answer, or part of a call that was there
      EXPECT_TRUE(shown == Outcome::Failed || shown == Outcome::Busy || shown == Outcome::Cancelled || shown == Outcome::LostContact) << wire::word(shown);
      return;
    }
    const auto& record = world_.calls().at(*seen.view.call_id);
    ASSERT_EQ(record.phase, wire::Phase::Ended);
    const auto device = world_.device_id_of(seen.device);
    const bool is_caller = device == record.caller_device;
    const bool is_winner = device == record.legs.at(0).winner;
    if (shown == Outcome::MovedElsewhere) {  // another device of the same user called the same person and has the call now
      EXPECT_FALSE(is_caller || is_winner) << record.id.text();
      return;
    }
    const auto told = [&](CallMoment moment) { return std::find(seen.moments.begin(), seen.moments.end(), moment) != seen.moments.end(); };
    // A device that wanted to take the call over was connecting, and may not have got it.
    const bool was_answered = told(CallMoment::Active) || (told(CallMoment::Connecting) && !told(CallMoment::Calling));
    if (was_answered && seen.view.role == wire::Role::Callee && shown != Outcome::LostContact) {
      EXPECT_TRUE(is_winner) << "only the winner is told that it has answered: " << record.id.text() << " on device " << seen.device;
    }
    // Without the server's word the longest watchdog is that of a connecting call: connect_timeout and 2 s.
    EXPECT_LE(seen.ended_at, std::max(*record.ended_at, seen.told_at) + 22s) << record.id.text() << " on device " << seen.device;
    if (shown == Outcome::LostContact) return;
    // What rang here became the call placed from here at the same time, which is seen as a call of its own.
    if (shown == Outcome::AnsweredElsewhere && is_winner && !was_answered) return;
    const bool fits = is_caller || is_winner ? shown == *record.outcome : fits_other_device(*record.outcome, shown);
    EXPECT_TRUE(fits) << record.id.text() << " ended " << wire::word(*record.outcome) << ", device " << seen.device << " shows "
                      << wire::word(shown);
  }

  World& world_;
  std::map<std::pair<DeviceIndex, Handle>, Seen> seen_;
  Handle last_handle_ = 0;
};

// Alice with one device, Bob with two, who do what a test says.
class WorldOfThree : public testing::Test {
 protected:
  void SetUp() override { world.run(1s); }

  Handle incoming(DeviceIndex device) {
    for (const auto& [key, seen] : watcher.seen()) {
      if (key.first == device && key.second >> 63 && seen.ends.empty()) return key.second;
    }
    ADD_FAILURE() << "nothing rings on device " << device;
    return 0;
  }
  void act(DeviceIndex device, Handle handle, Action action) { world.give(device, client::Act{handle, action}); }
  Outcome shown(DeviceIndex device, Handle handle) {
    const auto& ends = watcher.of(device, handle).ends;
    EXPECT_EQ(ends.size(), 1U);
    return ends.empty() ? Outcome::Failed : ends[0].outcome;
  }
  std::vector<CallMoment> moments(DeviceIndex device, Handle handle) { return watcher.of(device, handle).moments; }

  World world{WorldOptions{}};
  Watcher watcher{world};
  DeviceIndex alice = world.add_device("alice", "a1");
  DeviceIndex bob = world.add_device("bob", "b1");
  DeviceIndex tablet = world.add_device("bob", "b2");
};

using Moments = std::vector<CallMoment>;

TEST_F(WorldOfThree, AnsweredTalkedAndHungUp) {
  const auto call = watcher.place(alice, "bob");
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
  watcher.check();
}

TEST_F(WorldOfThree, TheCallerDisappearsWhileItRings) {
  const auto call = watcher.place(alice, "bob");
  world.run(1s);
  const auto at_bob = incoming(bob);
  world.set_network(alice, false);
  world.run(15s);
  EXPECT_EQ(shown(bob, at_bob), Outcome::Missed);
  EXPECT_EQ(shown(alice, call), Outcome::LostContact);
  watcher.check();
}

TEST_F(WorldOfThree, AShortLossInTheMiddleOfACallIsNoEnd) {
  const auto call = watcher.place(alice, "bob");
  world.run(1s);
  act(bob, incoming(bob), Action::Answer);
  world.run(1s);
  world.set_network(alice, false);
  world.run(8s);
  EXPECT_EQ(moments(bob, incoming(bob)).back(), CallMoment::PeerUnstable);
  world.set_network(alice, true);
  world.run(5s);
  EXPECT_EQ(moments(bob, incoming(bob)).back(), CallMoment::PeerStable);
  EXPECT_EQ(watcher.open_calls(), 2U);
  act(alice, call, Action::Hangup);
  world.run(1s);
  watcher.check();
}

TEST_F(WorldOfThree, ARestartedServerWithoutMemoryIsLostContactForAll) {
  const auto call = watcher.place(alice, "bob");
  world.run(1s);
  act(bob, incoming(bob), Action::Answer);
  world.run(1s);
  world.restart_server();
  world.run(10s);
  EXPECT_EQ(watcher.open_calls(), 0U);
  EXPECT_EQ(shown(alice, call), Outcome::LostContact);
}

TEST_F(WorldOfThree, TheCallOfARestartedApplicationIsNotLeftBehind) {
  watcher.place(alice, "bob");
  world.run(1s);
  act(bob, incoming(bob), Action::Answer);
  world.run(1s);
  const auto at_bob = incoming(bob);
  world.restart_device(alice);
  world.run(2s);
  EXPECT_EQ(shown(bob, at_bob), Outcome::Dropped);
  EXPECT_EQ(world.server_counts().live_calls, 0U);
}

// --- many calls, random people, random faults

// People who call each other and do what people do, on devices whose links come and go.
class Crowd {
 public:
  Crowd(World& world, Watcher& watcher) : world_(world), watcher_(watcher) {
    for (int user = 0; user < 8; ++user) {
      const auto name = "user" + std::to_string(user);
      for (int device = 0; device <= user % 3; ++device) world.add_device(name, name + "-" + std::to_string(device));
    }
    watcher.when_moment = [this](DeviceIndex device, const event::Call& told) { react(device, told); };
  }

  void call_somebody() {
    const auto device = chance(world_.device_count());
    const auto media = chance(2) == 0 ? wire::Media::None : wire::Media::Audio;
    const auto handle = watcher_.place(device, "user" + std::to_string(chance(8)), media);
    if (chance(4) == 0) act_later(device, handle, chance(2) == 0 ? Action::Cancel : Action::Hangup, 12'000);
  }

  void break_something() {
    const auto device = chance(world_.device_count());
    const auto lasts = std::chrono::milliseconds{50 + chance(chance(3) == 0 ? 40'000 : 4'000)};
    switch (chance(4)) {
      case 0: return world_.cut(device);
      case 1:
        world_.set_network(device, false);
        return world_.later(lasts, [this, device] { world_.set_network(device, true); });
      default:
        world_.stall(device, static_cast<Stall>(1 + chance(3)));
        return world_.later(lasts, [this, device] { world_.stall(device, Stall::None); });
    }
  }

  void heal() {
    for (DeviceIndex device = 0; device < world_.device_count(); ++device) {
      world_.stall(device, Stall::None);
      world_.set_network(device, true);
    }
  }

 private:
  std::uint64_t chance(std::uint64_t bound) { return world_.random().below(bound); }

  void act_later(DeviceIndex device, Handle handle, Action action, std::uint64_t within_ms) {
    world_.later(std::chrono::milliseconds{chance(within_ms)},
                 [this, device, handle, action] { world_.give(device, client::Act{handle, action}); });
  }

  void react(DeviceIndex device, const event::Call& told) {
    const auto handle = told.call.handle;
    if (told.moment == CallMoment::Incoming) {
      constexpr Action k_reactions[] = {Action::Answer, Action::Answer, Action::Answer, Action::Answer,
                                        Action::Decline, Action::Busy,  Action::Ignore};
      act_later(device, handle, k_reactions[chance(std::size(k_reactions))], 8'000);
    } else if (told.moment == CallMoment::Connecting && told.call.media != wire::Media::None) {
      if (chance(20) != 0) act_later(device, handle, Action::MediaUp, 500);
    } else if (told.moment == CallMoment::Active) {
      act_later(device, handle, Action::Hangup, 15'000);
    }
  }

  World& world_;
  Watcher& watcher_;
};

std::string history_of(const Watcher& watcher) {
  std::string out;
  for (const auto& [key, seen] : watcher.seen()) {
    out += std::to_string(key.first) + " " + std::to_string(key.second) + " " + std::to_string(seen.moments.size()) + " " +
           std::string(seen.ends.empty() ? "open" : wire::word(seen.ends[0].outcome)) + "\n";
  }
  return out;
}

std::string live_through(std::uint64_t seed, int calls, std::map<Outcome, int>& outcomes) {
  WorldOptions options;
  options.seed = seed;
  World world(options);
  Watcher watcher(world);
  Crowd crowd(world, watcher);
  world.run(2s);
  for (int i = 0; i < calls; ++i) {
    crowd.call_somebody();
    if (world.random().below(2) == 0) crowd.break_something();
    world.run(std::chrono::milliseconds{static_cast<std::int64_t>(world.random().below(4'000))});
  }
  world.run(45s);  // every fault heals by itself
  crowd.heal();
  world.run(120s);
  watcher.check();
  EXPECT_EQ(world.server_counts().live_calls, 0U) << "nobody is left behind in a call";
  for (const auto& [id, call] : world.calls()) ++outcomes[call.outcome.value_or(Outcome::LostContact)];
  return history_of(watcher);
}

TEST(RandomWorld, TwoThousandCallsEndOnceAndFitTogether) {
  std::map<Outcome, int> outcomes;
  for (const std::uint64_t seed : {1, 2, 3, 4}) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    live_through(seed, 500, outcomes);
  }
  for (const auto common : {Outcome::Ended, Outcome::Declined, Outcome::Busy, Outcome::NoAnswer, Outcome::Unreachable, Outcome::Cancelled,
                            Outcome::ConnectFailed, Outcome::Dropped, Outcome::Failed}) {
    EXPECT_GT(outcomes[common], 0) << wire::word(common) << " never happened: the world is too kind";
  }
}

TEST(RandomWorld, TheSameSeedIsTheSameHistory) {
  std::map<Outcome, int> outcomes;
  const auto first = live_through(9, 40, outcomes);
  EXPECT_EQ(live_through(9, 40, outcomes), first);
  EXPECT_NE(live_through(10, 40, outcomes), first);
}

}  // namespace
}  // namespace offhook::sim
