#include "adapters/webhook/push_queue.hpp"

#include <gtest/gtest.h>

namespace offhook::webhook {
namespace {

using namespace std::chrono_literals;

constexpr Instant k_start{1'700'000'000s};

class Pushing : public testing::Test {
 protected:
  void add(std::uint64_t number, std::size_t sender = 0, Duration lifetime = 20s) {
    PushActions out;
    queue.add(now, number, sender, now + lifetime, out);
    take(out);
  }
  void answer(std::uint64_t number, int status, std::optional<Duration> retry_after = {}) {
    PushActions out;
    queue.on_answer(now, number, {status, status >= 200 && status < 300 ? "" : "HTTP " + std::to_string(status), retry_after}, out);
    take(out);
  }
  void drop(std::uint64_t number) {
    queue.drop(number);
  }
  // Serves all that is due on the way.
  void run(Duration time) {
    const auto end = now + time;
    while (queue.next_deadline() && *queue.next_deadline() <= end) {
      now = *queue.next_deadline();
      PushActions out;
      queue.advance(now, out);
      take(out);
    }
    now = end;
  }
  void take(const PushActions& actions) {
    for (const auto& action : actions) {
      if (const auto* attempt = std::get_if<PushAttempt>(&action)) attempts.push_back(attempt->number);
      if (const auto* over = std::get_if<PushOver>(&action)) verdicts.emplace(over->number, over->verdict);
      if (const auto* say = std::get_if<PushSay>(&action)) said.push_back(say->what);
    }
  }

  PushQueue queue{2};
  Instant now = k_start;
  std::vector<std::uint64_t> attempts;
  std::map<std::uint64_t, PushVerdict> verdicts;
  std::vector<std::string> said;
};

TEST_F(Pushing, TheAnswerSaysWhatBecameOfIt) {
  const std::pair<int, PushVerdict> answers[] = {{200, PushVerdict::Accepted}, {204, PushVerdict::Accepted}, {404, PushVerdict::Refused}, {410, PushVerdict::Refused},
                                                 {400, PushVerdict::Failed},   {401, PushVerdict::Failed},   {301, PushVerdict::Failed}};
  std::uint64_t number = 0;
  for (const auto& [status, verdict] : answers) {
    add(++number);
    answer(number, status);
    EXPECT_EQ(verdicts.at(number), verdict) << status;
  }
  EXPECT_EQ(queue.size(), 0U);
}

TEST_F(Pushing, WhatMayPassIsTriedAgainUntilItExpires) {
  add(1, 0, 5s);
  answer(1, 503);
  run(499ms);
  EXPECT_EQ(attempts.size(), 1U);
  run(1ms);
  ASSERT_EQ(attempts.size(), 2U);
  answer(1, 0);
  run(1s);
  ASSERT_EQ(attempts.size(), 3U);
  answer(1, 429);
  run(2s);
  ASSERT_EQ(attempts.size(), 4U);
  EXPECT_TRUE(verdicts.empty());
  answer(1, 500);  // the next would come after the end
  EXPECT_EQ(verdicts.at(1), PushVerdict::Failed);
  EXPECT_FALSE(queue.next_deadline());
}

TEST_F(Pushing, ASenderThatAsksForTimeGetsIt) {
  add(1);
  answer(1, 429, 3s);
  run(3s - 1us);
  EXPECT_EQ(attempts.size(), 1U);
  run(1us);
  EXPECT_EQ(attempts.size(), 2U);
  answer(1, 503, 1h);
  EXPECT_EQ(verdicts.at(1), PushVerdict::Failed);
}

TEST_F(Pushing, WhatIsDroppedIsNotTriedAgainAndNothingIsHeardOfIt) {
  add(1);
  answer(1, 503);
  drop(1);
  run(10s);
  EXPECT_EQ(attempts.size(), 1U);
  add(2);
  drop(2);
  answer(2, 200);
  EXPECT_TRUE(verdicts.empty());
  EXPECT_EQ(queue.size(), 0U);
}

TEST_F(Pushing, ASlowSenderHoldsUpItsOwnOnly) {
  for (std::uint64_t i = 1; i <= k_max_pushes_at_once + 1; ++i) add(i);
  EXPECT_EQ(attempts.size(), k_max_pushes_at_once);
  add(100, 1);
  EXPECT_EQ(attempts.back(), 100U);
  answer(1, 200);
  EXPECT_EQ(attempts.back(), k_max_pushes_at_once + 1);
}

TEST_F(Pushing, OneTooManyAndOneTooLateFailAtOnce) {
  for (std::uint64_t i = 1; i <= k_max_pushes_at_once + k_max_pushes_waiting; ++i) add(i);
  EXPECT_TRUE(verdicts.empty());
  add(9'999);
  EXPECT_EQ(verdicts.at(9'999), PushVerdict::Failed);
  add(10'000, 1, 0s);
  EXPECT_EQ(verdicts.at(10'000), PushVerdict::Failed);
  run(20s);
  answer(1, 200);  // a place is free, and all that wait have expired
  EXPECT_EQ(verdicts.at(k_max_pushes_at_once + 1), PushVerdict::Failed);
  EXPECT_EQ(queue.size(), k_max_pushes_at_once - 1);
}

TEST_F(Pushing, TheOperatorIsToldOnce) {
  add(1);
  answer(1, 500);
  add(2);
  answer(2, 500);
  EXPECT_EQ(said, (std::vector<std::string>{"takes no pushes: HTTP 500"}));
  add(3);
  answer(3, 200);
  EXPECT_EQ(said.back(), "takes pushes again");
}

}  // namespace
}  // namespace offhook::webhook
