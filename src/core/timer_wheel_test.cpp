#include "core/timer_wheel.hpp"

#include <gtest/gtest.h>

#include <map>

#include "base/random.hpp"

namespace offhook::core {
namespace {

Instant at(std::int64_t us) { return Instant{Duration{us}}; }

TEST(TimerWheel, EqualMomentsExpireInTheOrderOfArming) {
  TimerWheel wheel;
  for (std::uint64_t i = 0; i < 5; ++i) wheel.arm(at(1000), {TimerKind::Ring, 0, i});
  std::vector<Expired> out;
  wheel.expire(at(999), out);
  EXPECT_TRUE(out.empty());
  wheel.expire(at(1000), out);
  ASSERT_EQ(out.size(), 5U);
  for (std::uint64_t i = 0; i < 5; ++i) EXPECT_EQ(out[i].key.low, i);
  EXPECT_EQ(wheel.size(), 0U);
}

TEST(TimerWheel, AStaleHandleTouchesNothing) {
  TimerWheel wheel;
  auto first = wheel.arm(at(5), {});
  auto copy = first;
  wheel.cancel(first);
  const auto second = wheel.arm(at(7), {});
  wheel.cancel(copy);
  EXPECT_EQ(wheel.at(second), at(7));
  EXPECT_EQ(wheel.size(), 1U);
}

TEST(TimerWheel, ThePastExpiresAtOnce) {
  TimerWheel wheel;
  std::vector<Expired> out;
  wheel.expire(at(1'000'000), out);
  wheel.arm(at(10), {});
  EXPECT_EQ(wheel.next()->at, at(10));
  wheel.expire(at(1'000'000), out);
  EXPECT_EQ(out.size(), 1U);
}

// The same deadlines in a sorted map: arm, cancel, look and expire at random, from microseconds to years.
TEST(TimerWheel, AgreesWithASortedMap) {
  Random random(Seed{42});
  TimerWheel wheel;
  std::map<std::pair<Instant, std::uint64_t>, TimerHandle> model;
  auto now = at(1'700'000'000'000'000);
  std::uint64_t order = 0;
  for (int step = 0; step < 200'000; ++step) {
    const auto choice = random.below(10);
    if (choice < 5) {
      const auto when = now + Duration{static_cast<std::int64_t>(random.next() >> (64 - random.below(48) - 1))};
      model[{when, order}] = wheel.arm(when, {TimerKind::Ring, 0, order});
      ++order;
    } else if (choice < 8 && !model.empty()) {
      auto victim = model.lower_bound({now + Duration{static_cast<std::int64_t>(random.below(1'000'000))}, 0});
      if (victim == model.end()) victim = model.begin();
      wheel.cancel(victim->second);
      model.erase(victim);
    } else {
      now += Duration{static_cast<std::int64_t>(random.next() >> (64 - random.below(40) - 1))};
      std::vector<Expired> out;
      wheel.expire(now, out);
      for (const auto& expired : out) {
        ASSERT_FALSE(model.empty());
        ASSERT_EQ(model.begin()->first, std::pair(expired.at, expired.key.low));
        model.erase(model.begin());
      }
      ASSERT_TRUE(model.empty() || model.begin()->first.first > now);
    }
    ASSERT_EQ(wheel.size(), model.size());
    ASSERT_EQ(wheel.next().has_value(), !model.empty());
    if (!model.empty()) {
      ASSERT_EQ(wheel.next()->at, model.begin()->first.first);
    }
  }
}

}  // namespace
}  // namespace offhook::core
