// What every outbox must do.
#include "adapters/store/outbox.hpp"

#include <gtest/gtest.h>

#include <memory>

#include "adapters/store/memory_outbox.hpp"
#include "adapters/store/memory_store.hpp"
#include "adapters/store/sqlite_store.hpp"
#include "adapters/store/store_testing.hpp"

namespace offhook::store {
namespace {

using namespace std::chrono_literals;

// Run over both: every answer may come later, from another thread.
class OutboxConformance : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    if (GetParam()) return open();
    outbox_ = std::make_unique<MemoryOutbox>(memory_, limits_);
    watch();
  }
  void watch() { outbox().tell_full([this](const auto& full) { told_.push_back(full); }); }
  void open() {
    durable_.reset();
    loop_ = std::make_unique<HandLoop>();
    auto opened = open_sqlite({folder_.file(), loop_->poster(), [](const StoreError& why) { FAIL() << why.message; }, limits_});
    ASSERT_TRUE(opened) << opened.error().message;
    durable_ = std::move(opened.value());
    watch();
  }
  // The process ends and starts again; of one in memory nothing would be left.
  void reopen() {
    if (GetParam()) open();
  }
  Outbox& outbox() { return GetParam() ? static_cast<Outbox&>(*durable_) : *outbox_; }
  Store& store() { return GetParam() ? static_cast<Store&>(*durable_) : memory_; }

  // Calls and waits for the answer.
  template <class Begin>
  void wait(Begin begin) {
    bool done = false;
    begin([&] { done = true; });
    if (!done) loop_->run_until([&] { return done; });
  }

  const EndpointKey hook{"1", "hook"};
  Instant now{1000s};

  OutboxEntry entry_of(EndpointKey endpoint, const std::string& key, const std::string& id) {
    OutboxEntry entry;
    entry.endpoint = std::move(endpoint);
    entry.order_key = key;
    entry.event_id = id;
    entry.type = "call.created";
    entry.body = "{}";
    entry.created_at = now;
    return entry;
  }
  void add(const std::string& key, const std::string& id) { add({"1", "hook"}, key, id); }
  void add(EndpointKey endpoint, const std::string& key, const std::string& id) {
    wait([&](auto done) { outbox().add({entry_of(std::move(endpoint), key, id)}, done); });
  }
  DueEntries due(std::size_t limit = 100) {
    DueEntries got;
    wait([&](auto done) {
      outbox().find_due(hook, now, limit, [&got, done](auto found) {
        got = *found;
        done();
      });
    });
    return got;
  }
  std::vector<std::string> due_ids() {
    std::vector<std::string> ids;
    for (const auto& entry : due().entries) ids.push_back(entry.event_id);
    return ids;
  }
  void settle(const std::string& id, const OutboxVerdict& verdict) {
    for (const auto& entry : due().entries) {
      if (entry.event_id == id) settle(entry.number, verdict);
    }
  }
  void settle(std::uint64_t number, const OutboxVerdict& verdict) {
    wait([&](auto done) { outbox().settle(number, verdict, now, done); });
  }
  std::vector<OutboxEntry> list(OutboxQuery query) {
    query.project = "1";
    std::vector<OutboxEntry> got;
    wait([&](auto done) {
      outbox().list(query, [&got, done](auto found) {
        got = *found;
        done();
      });
    });
    return got;
  }
  std::size_t replay(std::variant<std::uint64_t, std::string> which) {
    OutboxReplayed got;
    const bool is_one = std::holds_alternative<std::uint64_t>(which);
    wait([&](auto done) {
      outbox().replay({"1", std::move(which)}, now, [&got, done](const auto& replayed) {
        got = replayed;
        done();
      });
    });
    EXPECT_EQ(got.endpoint, is_one && got.count > 0 ? std::optional<std::string>("hook") : std::nullopt);
    return got.count;
  }
  // pending, dead, dropped of the hook
  std::vector<std::uint64_t> counts() {
    std::vector<std::uint64_t> got{0, 0, 0};
    wait([&](auto done) {
      outbox().count("1", [&got, done](const auto& found) {
        for (const auto& one : found) {
          if (one.endpoint.name == "hook") got = {one.pending, one.dead, one.dropped};
        }
        done();
      });
    });
    return got;
  }
  std::vector<OutboxFull>& told() { return told_; }

 private:
  const OutboxLimits limits_{5, 3};
  std::vector<OutboxFull> told_;
  MemoryStore memory_;
  std::unique_ptr<MemoryOutbox> outbox_;
  Folder folder_;
  std::unique_ptr<HandLoop> loop_;
  std::unique_ptr<DurableStore> durable_;
};

INSTANTIATE_TEST_SUITE_P(Outbox, OutboxConformance, testing::Values(false, true),
                         [](const auto& sqlite) { return std::string(sqlite.param ? "Sqlite" : "Memory"); });

using Ids = std::vector<std::string>;

TEST_P(OutboxConformance, OfEachLineOneIsDueAndTheNextFollowsItsDelivery) {
  for (const auto* id : {"a1", "a2"}) add("a", id);
  add("b", "b1");
  EXPECT_EQ(due_ids(), (Ids{"a1", "b1"}));
  settle("a1", OutboxDelivered{});
  EXPECT_EQ(due_ids(), (Ids{"a2", "b1"}));
  EXPECT_EQ(due(1).entries.size(), 1U);
}

TEST_P(OutboxConformance, AFailureHoldsBackItsOwnLineOnlyAndIsDueLater) {
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

TEST_P(OutboxConformance, TheDeadMakeWayAndAreKeptForAReplayInTheirOldPlace) {
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

TEST_P(OutboxConformance, AllDeadOnesOfAnEndpointAreReplayedAndNoOthers) {
  add("a", "a1");
  add("b", "b1");
  add({"1", "other"}, "a", "o1");
  for (const auto* id : {"a1", "b1"}) settle(id, OutboxDead{"gone"});
  EXPECT_EQ(replay("elsewhere"), 0U);
  EXPECT_EQ(replay("hook"), 2U);
  EXPECT_EQ(due_ids(), (Ids{"a1", "b1"}));
}

TEST_P(OutboxConformance, ListsInPagesByEndpointAndLineOfOneProject) {
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

TEST_P(OutboxConformance, WhatIsNotDueIsNotSettled) {
  for (const auto* id : {"a1", "a2"}) add("a", id);
  settle(list({}).back().number, OutboxDelivered{});
  settle(99, OutboxDelivered{});
  EXPECT_EQ(list({}).size(), 2U);
}

TEST_P(OutboxConformance, AReplayHurriesWhatWaitsForItsNextAttempt) {
  add("a", "a1");
  add("b", "b1");
  const auto number = due().entries.front().number;
  for (const auto* id : {"a1", "b1"}) settle(id, OutboxRetry{now + 1h, "HTTP 500"});
  EXPECT_EQ(due_ids(), Ids{});
  EXPECT_EQ(replay(number), 1U);
  EXPECT_EQ(due_ids(), Ids{"a1"});
  EXPECT_EQ(due().entries.front().attempts, 1U) << "its life goes on";
  EXPECT_EQ(replay("hook"), 1U);
  EXPECT_EQ(due_ids(), (Ids{"a1", "b1"}));
}

TEST_P(OutboxConformance, WithARecordInOneCommitAndThereAfterARestart) {
  wait([&](auto done) { outbox().put_with(call_of(1, "alice", "bob"), {entry_of(hook, "a", "a1"), entry_of(hook, "a", "a2")}, done); });
  reopen();
  EXPECT_EQ(due_ids(), Ids{"a1"});
  bool found = false;
  wait([&](auto done) {
    store().find_call(CallId(0, 1), [&found, done](auto record) {
      found = record.value().has_value();
      done();
    });
  });
  EXPECT_TRUE(found);
  settle("a1", OutboxDelivered{});
  const auto last = list({}).back().number;
  settle("a2", OutboxDelivered{});
  reopen();
  add("a", "a3");
  EXPECT_GT(list({}).front().number, last) << "a number is never used again";
}

using Counts = std::vector<std::uint64_t>;

TEST_P(OutboxConformance, AnEventThatFindsItsQueueFullIsADeadLetterAndOtherQueuesAreNotTouched) {
  for (const auto* id : {"a1", "a2", "a3", "a4", "a5", "a6", "a7"}) add("a", id);
  add({"1", "other"}, "a", "o1");
  EXPECT_EQ(counts(), (Counts{5, 2, 0}));
  const auto dead = list({.project = {}, .dead = true});
  ASSERT_EQ(dead.size(), 2U);
  EXPECT_EQ(dead.front().event_id, "a6");
  EXPECT_EQ(dead.front().problem, "more events waited for this webhook than are kept");
  EXPECT_EQ(list({.project = {}, .endpoint = "other"}).front().state, OutboxState::Due);
  ASSERT_EQ(told().size(), 1U) << "once, not for each";
  EXPECT_EQ(told().front().endpoint, hook);
  EXPECT_FALSE(told().front().dropped);
}

TEST_P(OutboxConformance, WhatWasRefusedIsReplayedAsFarAsThereIsRoom) {
  for (const auto* id : {"a1", "a2", "a3", "a4", "a5", "a6", "a7"}) add("a", id);
  EXPECT_EQ(replay("hook"), 0U);
  settle("a1", OutboxDelivered{});
  EXPECT_EQ(replay("hook"), 1U);
  EXPECT_EQ(counts(), (Counts{5, 1, 0}));
  for (const auto* id : {"a2", "a3", "a4", "a5", "a6"}) settle(id, OutboxDelivered{});
  EXPECT_EQ(counts(), (Counts{0, 1, 0}));
}

TEST_P(OutboxConformance, OfTooManyDeadLettersTheOldestAreDroppedAndCounted) {
  for (const auto* id : {"a1", "a2", "a3", "a4", "a5"}) add("a", id);
  for (const auto* id : {"a1", "a2", "a3", "a4", "a5"}) settle(id, OutboxDead{"HTTP 500"});
  EXPECT_EQ(counts(), (Counts{0, 3, 2}));
  EXPECT_EQ(list({.project = {}, .dead = true}).front().event_id, "a3");
  ASSERT_EQ(told().size(), 1U);
  EXPECT_TRUE(told().front().dropped);
}

TEST_P(OutboxConformance, TheCountsAreThereAfterARestart) {
  for (const auto* id : {"a1", "a2", "a3", "a4", "a5"}) add("a", id);
  for (const auto* id : {"a1", "a2", "a3", "a4"}) settle(id, OutboxDead{"HTTP 500"});
  reopen();
  EXPECT_EQ(counts(), (Counts{1, 3, 1}));
}

}  // namespace
}  // namespace offhook::store
