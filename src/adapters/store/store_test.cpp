#include "adapters/store/store.hpp"

#include <gtest/gtest.h>

namespace offhook::store {
namespace {

core::CallRecord record(std::uint64_t number, UserId caller, UserId callee) {
  core::CallRecord made;
  made.id = CallId(0, number);
  made.version = 1;
  made.project = "1";
  made.caller = std::move(caller);
  made.legs.emplace_back().user = std::move(callee);
  return made;
}

class Memory : public testing::Test {
 protected:
  void put(const core::CallRecord& call) {
    store.put(call, [this] { ++durable; });
  }
  MemoryStore store{3};
  int durable = 0;
};

TEST_F(Memory, NewestFirstByUserAndPhaseInPages) {
  put(record(1, "alice", "bob"));
  put(record(2, "carol", "dave"));
  put(record(3, "bob", "carol"));
  EXPECT_EQ(durable, 3);
  const auto bobs = store.calls({.project = "1", .user = "bob", .phase = {}, .before = {}});
  ASSERT_EQ(bobs.size(), 2U);
  EXPECT_EQ(bobs[0].id, CallId(0, 3));
  const auto older = store.calls({.project = "1", .user = {}, .phase = {}, .before = CallId(0, 3), .limit = 1});
  ASSERT_EQ(older.size(), 1U);
  EXPECT_EQ(older[0].id, CallId(0, 2));
  EXPECT_TRUE(store.calls({.project = "2", .user = {}, .phase = {}, .before = {}}).empty());
  EXPECT_TRUE(store.calls({.project = "1", .user = {}, .phase = wire::Phase::Ended, .before = {}}).empty());
}

TEST_F(Memory, ByOutcomeAndTimeAndNotForWhomeverItDoesNotConcern) {
  auto call = record(1, "alice", "bob");
  call.outcome = wire::Outcome::Declined;
  call.created_at = from_unix_ms(1000);
  call.legs.front().silent = true;
  put(call);
  const auto count = [&](store::CallQuery query) {
    query.project = "1";
    return store.calls(query).size();
  };
  EXPECT_EQ(count({.project = {}, .user = "alice", .phase = {}, .before = {}}), 1U);
  EXPECT_EQ(count({.project = {}, .user = "bob", .phase = {}, .before = {}}), 0U) << "has blocked alice";
  EXPECT_EQ(count({.project = {}, .user = {}, .phase = {}, .outcome = wire::Outcome::Busy, .before = {}}), 0U);
  EXPECT_EQ(count({.project = {}, .user = {}, .phase = {}, .from = from_unix_ms(1000), .to = from_unix_ms(1001), .before = {}}), 1U);
  EXPECT_EQ(count({.project = {}, .user = {}, .phase = {}, .to = from_unix_ms(1000), .before = {}}), 0U);
}

TEST_F(Memory, ALaterVersionReplacesAndTheOldestIsForgotten) {
  auto call = record(1, "alice", "bob");
  put(call);
  call.version = 2;
  put(call);
  EXPECT_EQ(store.call(call.id)->version, 2U);
  for (std::uint64_t i = 2; i <= 4; ++i) put(record(i, "a", "b"));
  EXPECT_FALSE(store.call(call.id));
  EXPECT_EQ(store.calls({.project = "1", .user = {}, .phase = {}, .before = {}}).size(), 3U);
}

}  // namespace
}  // namespace offhook::store
