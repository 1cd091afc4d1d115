// What every outbox must do.
#include "adapters/store/outbox.hpp"

#include <gtest/gtest.h>

#include "adapters/store/memory_outbox.hpp"

namespace offhook::store {
namespace {

using namespace std::chrono_literals;

class MemoryCase : public testing::Test {
 protected:
  Outbox& outbox() { return outbox_; }

  const EndpointKey hook{"1", "hook"};
  Instant now{1000s};

  void add(const std::string& key, const std::string& id) { add({"1", "hook"}, key, id); }
  void add(EndpointKey endpoint, const std::string& key, const std::string& id) {
    OutboxEntry entry;
    entry.endpoint = std::move(endpoint);
    entry.order_key = key;
    entry.event_id = id;
    entry.body = "{}";
    entry.created_at = now;
    outbox().add({entry}, [] {});
  }

  DueEntries due(std::size_t limit = 100) {
    DueEntries got;
    outbox().find_due(hook, now, limit, [&](auto found) { got = *found; });
    return got;
  }
  std::vector<std::string> due_ids() {
    std::vector<std::string> ids;
    for (const auto& entry : due().entries) ids.push_back(entry.event_id);
    return ids;
  }
  void settle(const std::string& id, const OutboxVerdict& verdict) {
    for (const auto& entry : due().entries) {
      if (entry.event_id == id) outbox().settle(entry.number, verdict, now, [] {});
    }
  }
  std::vector<OutboxEntry> list(OutboxQuery query) {
    query.project = "1";
    std::vector<OutboxEntry> got;
    outbox().list(query, [&](auto found) { got = *found; });
    return got;
  }
  std::size_t replay(std::variant<std::uint64_t, std::string> which) {
    std::size_t count = 0;
    outbox().replay({"1", std::move(which)}, now, [&](std::size_t replayed) { count = replayed; });
    return count;
  }

 private:
  MemoryOutbox outbox_{5};
};

using Ids = std::vector<std::string>;

TEST_F(MemoryCase, OfEachLineOneIsDueAndTheNextFollowsItsDelivery) {
  for (const auto* id : {"a1", "a2"}) add("a", id);
  add("b", "b1");
  EXPECT_EQ(due_ids(), (Ids{"a1", "b1"}));
  settle("a1", OutboxDelivered{});
  EXPECT_EQ(due_ids(), (Ids{"a2", "b1"}));
  EXPECT_EQ(due(1).entries.size(), 1U);
}

TEST_F(MemoryCase, AFailureHoldsBackItsOwnLineOnlyAndIsDueLater) {
  for (const auto* id : {"a1", "a2"}) add("a", id);
  add("b", "b1");
  settle("a1", OutboxRetry{now + 5s, "HTTP 500"});
  EXPECT_EQ(due_ids(), Ids{"b1"});
  EXPECT_EQ(due().next, now + 5s);
  now += 5s;
  EXPECT_EQ(due_ids(), (Ids{"b1", "a1"}));
  EXPECT_EQ(due().entries.back().attempts, 1U);
  EXPECT_EQ(due().entries.back().problem, "HTTP 500");
}

TEST_F(MemoryCase, TheDeadMakeWayAndAreKeptForAReplayInTheirOldPlace) {
  for (const auto* id : {"a1", "a2", "a3"}) add("a", id);
  settle("a1", OutboxDead{"HTTP 500"});
  EXPECT_EQ(due_ids(), Ids{"a2"});
  ASSERT_EQ(list({.project = {}, .dead = true}).size(), 1U);
  const auto dead = list({.project = {}, .dead = true}).front();
  EXPECT_EQ(dead.event_id, "a1");
  EXPECT_EQ(dead.problem, "HTTP 500");
  now += 1h;
  EXPECT_EQ(replay(dead.number), 1U);
  EXPECT_EQ(replay(dead.number), 0U) << "is dead no more";
  EXPECT_EQ(due_ids(), Ids{"a2"}) << "may be under way";
  settle("a2", OutboxDelivered{});
  EXPECT_EQ(due_ids(), Ids{"a1"});
  EXPECT_EQ(due().entries.front().attempts, 0U);
  EXPECT_EQ(due().entries.front().created_at, now);
  settle("a1", OutboxDelivered{});
  EXPECT_EQ(due_ids(), Ids{"a3"});
}

TEST_F(MemoryCase, AllDeadOnesOfAnEndpointAreReplayedAndNoOthers) {
  add("a", "a1");
  add("b", "b1");
  add({"1", "other"}, "a", "o1");
  for (const auto* id : {"a1", "b1"}) settle(id, OutboxDead{"gone"});
  EXPECT_EQ(replay("elsewhere"), 0U);
  EXPECT_EQ(replay("hook"), 2U);
  EXPECT_EQ(due_ids(), (Ids{"a1", "b1"}));
}

TEST_F(MemoryCase, ListsInPagesByEndpointAndLineOfOneProject) {
  add("a", "a1");
  add("a", "a2");
  add({"1", "other"}, "a", "o1");
  add({"2", "hook"}, "a", "strangers");
  EXPECT_EQ(list({}).size(), 3U);
  EXPECT_EQ(list({.project = {}, .endpoint = "hook"}).size(), 2U);
  EXPECT_EQ(list({.project = {}, .order_key = "b"}).size(), 0U);
  EXPECT_EQ(list({.project = {}, .dead = true}).size(), 0U);
  const auto page = list({.project = {}, .limit = 1});
  ASSERT_EQ(page.size(), 1U);
  EXPECT_EQ(list({.project = {}, .after = page.front().number, .limit = 1}).front().event_id, "a2");
}

TEST_F(MemoryCase, WhatIsNotDueIsNotSettled) {
  for (const auto* id : {"a1", "a2"}) add("a", id);
  const auto second = list({}).back().number;
  outbox().settle(second, OutboxDelivered{}, now, [] {});
  outbox().settle(99, OutboxDelivered{}, now, [] {});
  EXPECT_EQ(list({}).size(), 2U);
}

TEST_F(MemoryCase, InMemoryTheOldestIsForgottenAtTheLimitAndItsLineGoesOn) {
  for (const auto* id : {"a1", "a2", "a3", "a4", "a5", "a6"}) add("a", id);
  EXPECT_EQ(due_ids(), Ids{"a2"});
}

}  // namespace
}  // namespace offhook::store
