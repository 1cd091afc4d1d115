// What the simulated store promises about power cuts, full and slow disks, over many seeds.
#include "adapters/store/simulated_store.hpp"

#include "adapters/store/store_testing.hpp"

namespace offhook::store {
namespace {

using std::chrono::milliseconds;

std::vector<std::uint64_t> calls_in(Store& store) {
  std::vector<std::uint64_t> numbers;
  const auto records = store.load(Instant{}).value();
  for (const auto& record : records) numbers.push_back(std::get<core::CallRecord>(record).id.low());
  return numbers;
}

TEST(SimulatedStore, APowerCutKeepsWhatWasDurableAndOfTheRestABeginning) {
  std::size_t lost = 0, extra = 0;
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    Random chance(Seed{static_cast<std::uint32_t>(seed)});
    SimulatedDisk disk;
    Instant now{};
    std::uint64_t put = 0, durable = 0;
    for (int life = 0; life < 4; ++life) {
      SimulatedStore store(disk, {.seed = seed});
      const auto there = calls_in(store);
      ASSERT_GE(there.size(), durable) << "seed " << seed;
      ASSERT_LE(there.size(), put);
      for (std::size_t i = 0; i < there.size(); ++i) ASSERT_EQ(there[i], i + 1) << "seed " << seed;
      lost += put - there.size();
      extra += there.size() - durable;
      put = durable = there.size();
      for (auto steps = 5 + chance.below(60); steps > 0; --steps) {
        store.advance(now += Duration{chance.below(2000)});
        store.put(call_of(put + 1, "alice", "bob"), [&durable, number = put + 1] { durable = number; });
        ++put;
      }
      disk.cut_power(chance);
    }
  }
  EXPECT_GT(lost, 100U) << "cuts that lose nothing show nothing";
  EXPECT_GT(extra, 100U);
}

TEST(SimulatedStore, CommitsTakeTimeAndManyGoTogether) {
  SimulatedDisk disk;
  SimulatedStore store(disk, {.seed = 1, .min_commit = milliseconds{1}, .max_commit = milliseconds{1}});
  std::size_t durable = 0;
  const auto put = [&](std::uint64_t number) { store.put(call_of(number, "a", "b"), [&] { ++durable; }); };
  put(1);
  put(2);
  put(3);
  store.advance(Instant{Duration{999}});
  EXPECT_EQ(durable, 0U);
  store.advance(Instant{milliseconds{1}});
  EXPECT_EQ(durable, 1U) << "the first had begun when the others came";
  EXPECT_EQ(store.next_moment(), Instant{milliseconds{2}});
  store.advance(Instant{milliseconds{2}});
  EXPECT_EQ(durable, 3U);
  EXPECT_FALSE(store.next_moment());
  store.set_delay(std::chrono::seconds{5});
  put(4);
  EXPECT_EQ(store.next_moment(), Instant{milliseconds{5003}});
}

TEST(SimulatedStore, AFullDiskBreaksTheStoreAndKeepsWhatWasDurable) {
  SimulatedDisk disk;
  disk.set_capacity(2000);
  std::size_t durable = 0, broken = 0;
  std::uint64_t put = 0;
  {
    SimulatedStore store(disk, {.seed = 1, .broken = [&](const StoreError& why) {
                                  ++broken;
                                  EXPECT_NE(why.message.find("full"), std::string::npos);
                                }});
    for (Instant now{}; broken == 0; now += milliseconds{5}) {
      store.advance(now);
      store.put(call_of(++put, "a", "b"), [&] { ++durable; });
    }
    store.put(call_of(++put, "a", "b"), [&] { ++durable; });
    EXPECT_FALSE(store.next_moment());
  }
  EXPECT_EQ(broken, 1U);
  EXPECT_GT(durable, 3U);
  SimulatedStore again(disk, {});
  EXPECT_GE(calls_in(again).size(), durable);
}

TEST(SimulatedStore, ADiskThatFailsToSyncBreaksTheStore) {
  SimulatedDisk disk;
  std::size_t durable = 0, broken = 0;
  SimulatedStore store(disk, {.seed = 1, .broken = [&](const StoreError&) { ++broken; }});
  store.put(call_of(1, "a", "b"), [&] { ++durable; });
  disk.break_down();
  store.advance(*store.next_moment());
  EXPECT_EQ(broken, 1U);
  EXPECT_EQ(durable, 0U);
}

}  // namespace
}  // namespace offhook::store
