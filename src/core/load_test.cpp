// What is refused when there is too much to do, what is not, and how those who were refused come back.
#include <algorithm>
#include <set>

#include "core/engine_testing.hpp"
#include "core/hello_pace.hpp"
#include "core/limits.hpp"
#include "core/load_watch.hpp"

namespace offhook::core {
namespace {

class Overload : public ::testing::Test {
 protected:
  World world;
  World::Device alice = world.connect("alice", "a"), bob = world.connect("bob", "b");

  void SetUp() override {
    world.say_hello(alice);
    world.say_hello(bob);
  }
  CallId invite() {
    world.send(alice, wire::Invite{"", "bob", wire::Media::None, {}, {}});
    return world.replied_call(alice).call_id;
  }
};

TEST_F(Overload, NewCallsAreRefusedWithAMomentToComeAgain) {
  world.feed(LoadChanged{1});
  std::set<std::int64_t> moments;
  for (int i = 0; i < 20; ++i) {
    world.send(alice, wire::Invite{"", "bob", wire::Media::None, {}, {}});
    const auto refusal = world.last<wire::Error>(alice);
    EXPECT_EQ(refusal.error, wire::ErrorWord::Overloaded);
    EXPECT_FALSE(refusal.fatal);
    ASSERT_TRUE(refusal.retry_after_ms);
    EXPECT_GE(*refusal.retry_after_ms, 1'000);
    EXPECT_LE(*refusal.retry_after_ms, 5'000);
    moments.insert(*refusal.retry_after_ms);
  }
  EXPECT_GT(moments.size(), 10u) << "all would come back together";
  EXPECT_EQ(world.engine.counts().live_calls, 0u);
  world.feed(LoadChanged{0});
  invite();
  EXPECT_EQ(world.engine.counts().live_calls, 1u);
}

TEST_F(Overload, WhatGoesOnGoesOn) {
  const auto call = invite();
  world.feed(LoadChanged{1});
  world.send(bob, wire::RingAck{"", call});
  world.send(bob, wire::Answer{"", call});
  EXPECT_EQ(world.replied_call(bob).phase, wire::Phase::Connecting);
  const auto pings = alice.periods_ms.size();
  world.run(3s);
  EXPECT_GT(alice.periods_ms.size(), pings) << "heartbeats";
  world.send(alice, wire::Hangup{"", call});
  EXPECT_EQ(world.replied_call(alice).phase, wire::Phase::Ended);
}

TEST_F(Overload, ADeviceInACallIsLetInAndOthersWait) {
  const auto call = invite();
  world.feed(LoadChanged{1});
  for (std::int64_t i = 0; i < k_hello_burst; ++i) {
    auto other = world.connect("u" + std::to_string(i), "d");
    world.say_hello(other);
    if (other.closed) break;
  }
  auto idle = world.connect("idle", "i");
  world.say_hello(idle);
  ASSERT_EQ(idle.closed, 4005);
  const auto refusal = world.last<wire::Error>(idle);
  EXPECT_EQ(refusal.error, wire::ErrorWord::Overloaded);
  EXPECT_TRUE(refusal.fatal);
  EXPECT_GE(refusal.retry_after_ms, 1'000);
  world.close(alice);
  world.say_hello(alice, true);
  EXPECT_TRUE(alice.welcome.resumed) << "its client has a live call";
  world.close(bob);
  world.say_hello(bob, false, {call});
  EXPECT_FALSE(bob.closed) << "it names a call";
  EXPECT_EQ(bob.welcome.calls.size(), 1u);
}

TEST_F(Overload, AShareIsRefusedEvenly) {
  world.feed(LoadChanged{0.25});
  std::vector<int> refused;
  for (int i = 1; i <= 20; ++i) {
    world.send(alice, wire::SetRules{"", {}});
    if (std::holds_alternative<wire::Error>(alice.inbox.back())) refused.push_back(i);
  }
  EXPECT_EQ(refused, (std::vector{4, 8, 12, 16, 20}));
}

// A server that carries `k_rate` pieces of work a second, and is offered `times` as many, in steps of a millisecond.
class Queue {
 public:
  explicit Queue(double times) : times_(times) {}

  void run(Duration time) {
    for (const auto end = now_ + time; now_ < end; now_ += 1ms) {
      to_come_ += k_rate / 1000 * times_;
      for (; to_come_ >= 1; to_come_ -= 1) {
        thinning_.share = watch.refused_share();
        if (!thinning_.refuses_next()) {
          waiting_ += 1;
          waits.push_back(waiting_ / k_rate);
        }
      }
      const auto done = std::min(waiting_, k_rate / 1000);
      waiting_ -= done;
      carried += done;
      watch.note(Duration{static_cast<std::int64_t>(waiting_ / k_rate * 1e6)}, now_);
    }
  }

  static constexpr double k_rate = 2'000;
  LoadWatch watch{100ms};
  double carried = 0;
  std::vector<double> waits;  // seconds

 private:
  double times_, to_come_ = 0, waiting_ = 0;
  Thinning thinning_;
  Instant now_{std::chrono::seconds{1'700'000'000}};
};

TEST(LoadWatch, WhatCanBeCarriedIsCarriedAndNobodyWaitsForLong) {
  for (const double times : {0.9, 1.0, 1.2, 2.0, 4.0, 10.0}) {
    Queue queue(times);
    queue.run(5s);
    queue.carried = 0;
    queue.waits.clear();
    queue.run(20s);
    EXPECT_GE(queue.carried, 0.98 * std::min(1.0, times) * Queue::k_rate * 20) << times;
    std::sort(queue.waits.begin(), queue.waits.end());
    EXPECT_LE(queue.waits[queue.waits.size() * 99 / 100], 0.2) << times;
  }
}

TEST(LoadWatch, NothingIsRefusedForOneStallOrAQueueThatComesAndGoes) {
  const Instant start{std::chrono::seconds{1'700'000'000}};
  LoadWatch watch(100ms);
  for (auto at = start; at < start + 5s; at += 50ms) {
    watch.note(at.time_since_epoch() % 200ms == 0ms ? 10ms : 900ms, at);
    EXPECT_EQ(watch.refused_share(), 0) << "it is empty now and then";
  }
  watch.note(2s, start + 7s);
  watch.note(2s, start + 7s + 100ms);
  EXPECT_EQ(watch.refused_share(), 0) << "the process was stopped for a while";
  watch.note(1ms, start + 7s + 150ms);
  auto at = start + 8s;
  while (watch.refused_share() == 0 && at < start + 10s) watch.note(101ms, at += 50ms);
  EXPECT_EQ(at, start + 8s + 50ms + LoadWatch::k_patience);
  watch.note(101ms, at + 2s);
  EXPECT_EQ(watch.refused_share(), 0) << "nobody has come for a while, so nobody waits";
}

TEST(HelloPace, ABurstThenOneAtATimeAndEachHasAMomentOfItsOwn) {
  HelloPace pace;
  const Instant now{std::chrono::seconds{1'700'000'000}};
  for (std::int64_t i = 0; i < k_hello_burst; ++i) EXPECT_FALSE(pace.take(now, false));
  const auto first = pace.take(now, false), second = pace.take(now, false);
  ASSERT_TRUE(first && second);
  EXPECT_GE(*first, k_min_retry);
  EXPECT_EQ(*second - *first, Duration{1'000'000 / k_hellos_per_second});
  EXPECT_FALSE(pace.take(now + 1ms, false));
  for (int i = 0; i < 1'000'000; ++i) pace.take(now, false);
  EXPECT_LE(*pace.take(now, false), k_max_retry);
}

TEST(HelloPace, OverloadedItIsSlower) {
  HelloPace pace;
  const Instant now{std::chrono::seconds{1'700'000'000}};
  std::int64_t in = 0;
  for (auto at = now; at < now + 10s; at += 100us) in += pace.take(at, true) ? 0 : 1;
  const auto most = (k_hello_burst + 10 * k_hellos_per_second) / k_overloaded_hellos_one_in;
  EXPECT_NEAR(static_cast<double>(in), static_cast<double>(most), 2.0);
}

// Five thousand come at once, and again when they are told to, with up to a fifth on top as the clients do.
TEST(HelloPace, AStormIsOverWithinTenSeconds) {
  HelloPace pace;
  const Instant start{std::chrono::seconds{1'700'000'000}};
  std::multimap<Instant, int> arrivals;
  for (int client = 0; client < 5'000; ++client) arrivals.emplace(start, client);
  Instant last = start;
  std::uint64_t attempts = 0;
  while (!arrivals.empty()) {
    const auto [at, client] = *arrivals.begin();
    arrivals.erase(arrivals.begin());
    ++attempts;
    last = at;
    if (const auto wait = pace.take(at, false)) arrivals.emplace(at + *wait + *wait * (client % 20) / 100, client);
  }
  EXPECT_LE(last - start, 10s);
  EXPECT_LE(attempts, 15'000u);
}

}  // namespace
}  // namespace offhook::core
