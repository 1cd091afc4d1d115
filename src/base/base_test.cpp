#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "base/fifo.hpp"
#include "base/ids.hpp"
#include "base/random.hpp"
#include "base/time.hpp"

namespace offhook {
namespace {

TEST(Ids, TextGoesThereAndBack) {
  const auto id = CallId::with_slot(Slot{1023}, 0xffff'ffff'ffff'ffff, 1);
  EXPECT_EQ(id.slot().value, 1023U);
  EXPECT_EQ(id.text().size(), 5U + 26U);
  EXPECT_EQ(CallId::parse(id.text()), id);
  EXPECT_FALSE(SessionId::parse(id.text()));
  EXPECT_FALSE(CallId::parse(id.text() + "0"));
  EXPECT_FALSE(CallId::parse(""));
}

TEST(Ids, SlotsOfUsersSpread) {
  std::map<std::uint32_t, int> used;
  for (int i = 0; i < 4096; ++i) ++used[slot_of(UserKey{"1000001", "user" + std::to_string(i)}).value];
  EXPECT_GT(used.size(), 900U);
  EXPECT_LT(used.rbegin()->first, k_slot_count);
}

TEST(Fifo, GivesBackInOrderHoweverItFillsAndEmpties) {
  Fifo<int> fifo;
  int pushed = 0;
  int popped = 0;
  for (int round = 1; round <= 200; ++round) {
    for (int i = 0; i < round * 7 % 50; ++i) fifo.push(pushed++);
    const auto taken = std::min<std::size_t>(fifo.size(), round % 3 == 0 ? 100 : 20);  // all of it now and then
    for (std::size_t i = 0; i < taken; ++i) {
      EXPECT_EQ(fifo.front(), popped);
      EXPECT_EQ(fifo.pop(), popped++);
    }
    EXPECT_EQ(fifo.size(), static_cast<std::size_t>(pushed - popped));
  }
  EXPECT_GT(popped, 1000);
}

// RFC 8439 section 2.3.2.
TEST(Random, BlockOfTheRfc) {
  const Seed key{0x03020100, 0x07060504, 0x0b0a0908, 0x0f0e0d0c, 0x13121110, 0x17161514, 0x1b1a1918, 0x1f1e1d1c};
  const auto block = chacha20_block(key, 1, {0x09000000, 0x4a000000, 0x00000000});
  EXPECT_EQ(block[0], 0xe4e7f110U);
  EXPECT_EQ(block[15], 0x4e3c50a2U);
}

TEST(Random, SameSeedSameNumbers) {
  Random a(Seed{1});
  Random b(Seed{1});
  Random c(Seed{2});
  EXPECT_EQ(a.next(), b.next());
  EXPECT_NE(a.next(), c.next());
  for (int i = 0; i < 1000; ++i) EXPECT_LT(a.below(7), 7U);
}

TEST(Time, MillisecondsRoundUpSoThatZeroMeansOver) {
  EXPECT_EQ(to_ms(Duration{1}), 1);
  EXPECT_EQ(to_ms(Duration{0}), 0);
  EXPECT_EQ(to_ms(Duration{1001}), 2);
  EXPECT_EQ(to_unix_ms(from_unix_ms(1'700'000'000'123)), 1'700'000'000'123);
}

}  // namespace
}  // namespace offhook
