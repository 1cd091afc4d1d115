#include "adapters/bus/ring.hpp"

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace offhook::bus {
namespace {

TEST(Ring, WhatIsFullRefusesAndLosesNothing) {
  int wakes = 0;
  Ring<std::string> ring(4, [&] { ++wakes; });
  for (const auto* text : {"a", "b", "c", "d"}) {
    std::string message = text;
    EXPECT_TRUE(ring.push(message));
  }
  std::string late = "late";
  EXPECT_FALSE(ring.push(late));
  EXPECT_EQ(late, "late");
  EXPECT_EQ(wakes, 1) << "it was awake after the first";
  std::string read;
  EXPECT_TRUE(ring.drain(3, [&](std::string message) { read += message; }));
  EXPECT_EQ(read, "abc");
  EXPECT_TRUE(ring.push(late));
  EXPECT_FALSE(ring.drain(10, [&](std::string message) { read += message; }));
  EXPECT_EQ(read, "abcdlate");
  EXPECT_EQ(wakes, 1);
  late = "again";
  EXPECT_TRUE(ring.push(late));
  EXPECT_EQ(wakes, 2) << "it slept";
}

// A reader that really sleeps until it is woken: a wake that is lost leaves it there, and the test with it.
TEST(Ring, EveryMessageArrivesOnceInOrderBetweenThreads) {
  constexpr int k_messages = 300'000;
  std::mutex mutex;
  std::condition_variable rung;
  bool ringing = false;
  Ring<int> ring(64, [&] {
    const std::lock_guard lock(mutex);
    ringing = true;
    rung.notify_one();
  });
  std::thread writer([&] {
    for (int i = 0; i < k_messages; ++i) {
      int message = i;
      while (!ring.push(message)) std::this_thread::yield();
    }
  });
  int expected = 0;
  bool in_order = true;
  while (expected < k_messages) {
    std::unique_lock lock(mutex);
    rung.wait(lock, [&] { return std::exchange(ringing, false); });
    lock.unlock();
    while (ring.drain(7, [&](int message) { in_order = in_order && message == expected++; })) {
    }
  }
  writer.join();
  EXPECT_TRUE(in_order);
  EXPECT_EQ(expected, k_messages);
  EXPECT_EQ(ring.size(), 0U);
}

}  // namespace
}  // namespace offhook::bus
