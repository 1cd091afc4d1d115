#include "base/rate_limit.hpp"

#include <gtest/gtest.h>

namespace offhook {
namespace {

using namespace std::chrono_literals;

const Instant k_start{std::chrono::seconds{1'700'000'000}};

TEST(RateLimit, ABurstAndThenOneAtATime) {
  RateLimit limit(3, 10s, 100);
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(limit.take(1, k_start));
  EXPECT_EQ(limit.take(1, k_start), 10s);
  EXPECT_EQ(limit.take(1, k_start + 4s), 6s) << "a refused one costs nothing";
  EXPECT_EQ(limit.wait(1, k_start + 4s), 6s) << "nor does asking";
  EXPECT_FALSE(limit.take(1, k_start + 10s));
  EXPECT_EQ(limit.take(1, k_start + 10s), 10s);
  EXPECT_FALSE(limit.take(2, k_start)) << "another key";
}

TEST(RateLimit, ABucketIsFullAgainAndNoFuller) {
  RateLimit limit(2, 10s, 100);
  for (int i = 0; i < 2; ++i) EXPECT_FALSE(limit.take(1, k_start));
  for (int i = 0; i < 2; ++i) EXPECT_FALSE(limit.take(1, k_start + 1h));
  EXPECT_TRUE(limit.take(1, k_start + 1h));
}

TEST(RateLimit, WhatIsGivenBackDidNotCount) {
  RateLimit limit(2, 10s, 100);
  for (int i = 0; i < 20; ++i) {
    EXPECT_FALSE(limit.take(1, k_start));
    limit.give_back(1);
  }
  limit.give_back(7);  // never taken
}

TEST(RateLimit, ManyKeysTakeBoundedMemoryAndTheLatestAreKnown) {
  RateLimit limit(1, 10s, 100);
  for (std::uint64_t key = 0; key < 10'000; ++key) {
    EXPECT_FALSE(limit.take(key, k_start));
    EXPECT_LE(limit.keys(), 102u);
  }
  EXPECT_TRUE(limit.take(9'990, k_start));
  EXPECT_FALSE(limit.take(0, k_start)) << "forgotten";
}

}  // namespace
}  // namespace offhook
