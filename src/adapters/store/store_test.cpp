// What every store must do, run over all three.
#include "adapters/store/store.hpp"

#include <memory>

#include "adapters/store/memory_store.hpp"
#include "adapters/store/simulated_store.hpp"
#include "adapters/store/sqlite_store.hpp"
#include "adapters/store/store_testing.hpp"
#include "base/random.hpp"

namespace offhook::store {
namespace {

// A store and what turns the world around it.
class Rig {
 public:
  virtual ~Rig() = default;
  virtual Store& store() = 0;
  virtual void run_until(const std::function<bool()>& condition) = 0;
  // The process ends and starts again; of a store in memory there is nothing to open.
  virtual void reopen() {}
};

class MemoryRig : public Rig {
 public:
  Store& store() override { return store_; }
  void run_until(const std::function<bool()>& condition) override { ASSERT_TRUE(condition()); }

 private:
  MemoryStore store_;
};

class SqliteRig : public Rig {
 public:
  SqliteRig() { open(); }
  Store& store() override { return *store_; }
  void run_until(const std::function<bool()>& condition) override { loop_->run_until(condition); }
  void reopen() override {
    store_.reset();
    open();
  }

 private:
  void open() {
    loop_ = std::make_unique<HandLoop>();  // what the old store has posted is gone with it
    auto opened = open_sqlite({folder_.file(), loop_->poster(), [](const StoreError& why) { FAIL() << why.message; }});
    ASSERT_TRUE(opened) << opened.error().message;
    store_ = std::move(opened.value());
  }

  Folder folder_;
  std::unique_ptr<HandLoop> loop_;
  std::unique_ptr<Store> store_;
};

class SimulatedRig : public Rig {
 public:
  Store& store() override { return *store_; }
  void run_until(const std::function<bool()>& condition) override {
    while (!condition()) {
      ASSERT_TRUE(store_->next_moment()) << "nothing is going on";
      store_->advance(*store_->next_moment());
    }
  }
  void reopen() override {
    run_until([&] { return store_->pending() == 0; });
    Random chance(Seed{7});
    disk_.cut_power(chance);
    store_ = std::make_unique<SimulatedStore>(disk_, SimulatedStore::Options{});
  }

 private:
  SimulatedDisk disk_;
  std::unique_ptr<SimulatedStore> store_ = std::make_unique<SimulatedStore>(disk_, SimulatedStore::Options{});
};

template <class Made>
std::unique_ptr<Rig> make() {
  return std::make_unique<Made>();
}

class Conformance : public testing::TestWithParam<std::pair<std::string, std::unique_ptr<Rig> (*)()>> {
 protected:
  Store& store() { return rig->store(); }

  void put(core::Record record) {
    ++put_;
    store().put(std::move(record), [this] { ++durable; });
  }
  void settle() {
    rig->run_until([this] { return durable == put_; });
  }

  std::optional<core::CallRecord> find(const CallId& id) {
    std::optional<std::optional<core::CallRecord>> got;
    store().find_call(id, [&](auto found) { got = found.value(); });
    rig->run_until([&] { return got.has_value(); });
    return *got;
  }
  std::shared_ptr<const core::CallInputs> find_inputs(const CallId& id) {
    std::optional<std::shared_ptr<const core::CallInputs>> got;
    store().find_inputs(id, [&](auto found) { got = found.value(); });
    rig->run_until([&] { return got.has_value(); });
    return *got;
  }
  std::vector<std::uint64_t> list(const CallQuery& query, Store& at) {
    std::optional<std::vector<std::uint64_t>> got;
    at.list_calls(query, [&](auto found) {
      got.emplace();
      for (const auto& call : found.value()) got->push_back(call.id.low());
    });
    if (!got) rig->run_until([&] { return got.has_value(); });
    return *got;
  }
  std::vector<std::uint64_t> list(CallQuery query) {
    query.project = "1";
    return list(query, store());
  }
  std::vector<core::Record> load(std::int64_t ended_since_ms = 0) {
    auto loaded = store().load(from_unix_ms(ended_since_ms));
    EXPECT_TRUE(loaded) << loaded.error().message;
    return loaded ? loaded.value() : std::vector<core::Record>();
  }
  void chore(const std::function<void(std::function<void()>)>& start) {
    bool done = false;
    start([&] { done = true; });
    rig->run_until([&] { return done; });
  }

  const std::unique_ptr<Rig> rig = GetParam().second();
  std::size_t put_ = 0, durable = 0;
};

using Numbers = std::vector<std::uint64_t>;

CallQuery by_user(UserId user) {
  CallQuery query;
  query.user = std::move(user);
  return query;
}

core::CallRecord with_inputs(core::CallRecord call) {
  core::CallInputs inputs;
  inputs.devices.push_back({call.caller, "phone", "Phone", {}});
  inputs.list.emplace_back().kind = core::InputKind::Hangup;
  inputs.settings.ring_timeout = std::chrono::seconds{9};
  call.inputs = std::make_shared<const core::CallInputs>(std::move(inputs));
  return call;
}

TEST_P(Conformance, TheInputsOfACallAreKeptUntilSomebodyInItIsForgotten) {
  put(call_of(1, "alice", "bob"));
  put(with_inputs(ended(call_of(1, "alice", "bob"), 5'000)));
  put(with_inputs(ended(call_of(2, "carol", "dave"), 5'000)));
  settle();
  rig->reopen();
  const auto kept = find_inputs(CallId(0, 1));
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->devices.at(0).name, "Phone");
  EXPECT_EQ(kept->list.at(0).kind, core::InputKind::Hangup);
  EXPECT_EQ(kept->settings.ring_timeout, std::chrono::seconds{9});
  EXPECT_FALSE(find_inputs(CallId(0, 3)));
  chore([&](auto done) { store().forget_user({"1", "bob"}, done); });
  EXPECT_FALSE(find_inputs(CallId(0, 1)));
  EXPECT_TRUE(find_inputs(CallId(0, 2)));
}

core::Note note_of(core::NoteKind kind, std::int64_t at_ms, UserId user, DeviceId device) {
  core::Note note;
  note.at = from_unix_ms(at_ms);
  note.kind = kind;
  note.user = std::move(user);
  note.device = std::move(device);
  return note;
}

// One note of each kind of person: a device of either side, a user, a device that is in no leg, nobody.
std::vector<core::Note> time_line() {
  std::vector<core::Note> notes;
  notes.push_back(note_of(core::NoteKind::Placed, 1000, "alice", "a1"));
  notes.push_back(note_of(core::NoteKind::Asked, 1001, "bob", {}));
  notes.push_back(note_of(core::NoteKind::Told, 1002, "bob", "b2"));
  notes.back().phase = wire::Phase::Inviting;
  notes.back().state = wire::DeviceState::Ringing;
  notes.push_back(note_of(core::NoteKind::Armed, 1003, {}, {}));
  notes.back().timer = core::TimerKind::MaxDuration;
  notes.back().due = from_unix_ms(90'000'000);
  notes.push_back(note_of(core::NoteKind::Command, 900, "bob", "unheard of"));  // a clock that was set back
  notes.back().command = "hangup";
  notes.push_back(note_of(core::NoteKind::Decided, 9000, "carol", {}));
  notes.back().outcome = wire::Outcome::Ended;
  notes.back().reason = wire::Reason::ByCaller;
  return notes;
}

core::CallRecord with_devices(core::CallRecord call) {
  call.caller_leg.devices.push_back({"a1", {}, {}, {}, {}, false, false, false, {}, false, {}});
  for (const auto* device : {"b1", "b2"}) call.legs.front().devices.push_back({device, {}, {}, {}, {}, false, false, false, {}, false, {}});
  return call;
}

TEST_P(Conformance, ATimeLineGrowsWithEachRecordAndIsThereAsAWhole) {
  const auto notes = time_line();
  auto call = with_devices(call_of(1, "alice", "bob"));
  for (std::size_t size = 1; size < notes.size(); ++size) {
    call.notes.assign(notes.begin(), notes.begin() + static_cast<std::ptrdiff_t>(size));
    put(call);
    settle();
    ASSERT_EQ(find(call.id)->notes, call.notes);
    if (size == 3) rig->reopen();
    ++call.version;
  }
  call.notes = notes;
  put(ended(call, 9'000));
  put(ended(with_devices(call_of(2, "alice", "bob")), 9'000));
  settle();
  rig->reopen();
  EXPECT_EQ(find(call.id)->notes, notes);
  EXPECT_EQ(std::get<core::CallRecord>(load().front()).notes, notes);
  EXPECT_TRUE(find(CallId(0, 2))->notes.empty());
}

TEST_P(Conformance, AForgottenUserIsInNoTimeLine) {
  auto call = ended(with_devices(call_of(1, "alice", "bob")), 9'000);
  call.notes = time_line();
  put(call);
  settle();
  chore([&](auto done) { store().forget_user({"1", "bob"}, done); });
  const auto kept = find(call.id)->notes;
  ASSERT_EQ(kept.size(), call.notes.size());
  for (std::size_t i = 0; i < kept.size(); ++i) {
    const bool was_bob = call.notes[i].user == "bob";
    EXPECT_EQ(kept[i].user, was_bob ? UserId(core::k_forgotten_user) : call.notes[i].user);
    EXPECT_EQ(kept[i].device, was_bob ? DeviceId() : call.notes[i].device);
    EXPECT_EQ(kept[i].at, call.notes[i].at);
  }
}

TEST_P(Conformance, ConnectionsAreLoadedUntilTheyAreGone) {
  core::ConnectionRecord joined;
  joined.shown.connection_id = ConnectionId(1, 2);
  joined.streams.resize(2);
  joined.streams[1].video_type = wire::VideoType::Custom;
  put(joined);
  settle();
  rig->reopen();
  const auto loaded = load();
  ASSERT_EQ(loaded.size(), 1U);
  const auto& streams = std::get<core::ConnectionRecord>(loaded.front()).streams;
  ASSERT_EQ(streams.size(), 2U);
  EXPECT_EQ(streams[0].video_type, std::nullopt);
  EXPECT_EQ(streams[1].video_type, wire::VideoType::Custom);
  put(core::GoneRecord{core::key_of(joined)});
  settle();
  rig->reopen();
  EXPECT_TRUE(load().empty());
}

TEST_P(Conformance, DurableIsSaidOnceOfEachInTheirOrder) {
  std::vector<int> said;
  for (int i = 0; i < 500; ++i) {
    store().put(call_of(static_cast<std::uint64_t>(i + 1), "alice", "bob"), [&said, i] { said.push_back(i); });
  }
  rig->run_until([&] { return said.size() == 500; });
  for (int i = 0; i < 500; ++i) ASSERT_EQ(said[static_cast<std::size_t>(i)], i);
  EXPECT_EQ(store().pending(), 0U);
}

TEST_P(Conformance, WhatIsDurableIsSeenAtOnce) {
  for (std::uint64_t version = 1; version <= 20; ++version) {
    put(call_of(5, "alice", "bob", version));
    settle();
    ASSERT_EQ(find(CallId(0, 5))->version, version);
  }
  EXPECT_FALSE(find(CallId(0, 6)));
  EXPECT_EQ(list({}), Numbers{5});
}

TEST_P(Conformance, NewestFirstByUserAndPhaseInPages) {
  put(call_of(1, "alice", "bob"));
  put(call_of(2, "carol", "dave"));
  put(call_of(3, "bob", "carol"));
  settle();
  EXPECT_EQ(list(by_user("bob")), (Numbers{3, 1}));
  CallQuery page;
  page.limit = 1;
  page.before = CallId(0, 3);
  EXPECT_EQ(list(page), Numbers{2});
  page.before = CallId(9, 9);
  EXPECT_EQ(list(page), Numbers{3}) << "one that is not kept is ignored";
  CallQuery other;
  other.project = "2";
  EXPECT_EQ(list(other, store()), Numbers{});
  CallQuery over;
  over.phase = wire::Phase::Ended;
  EXPECT_EQ(list(over), Numbers{});
}

TEST_P(Conformance, ByOutcomeAndTimeAndNotForWhomeverItDoesNotConcern) {
  auto call = ended(call_of(1, "alice", "bob"), 5000, wire::Outcome::Declined);
  call.legs.front().silent = true;
  put(call);
  settle();
  EXPECT_EQ(list(by_user("alice")), Numbers{1});
  EXPECT_EQ(list(by_user("bob")), Numbers{}) << "has blocked alice";
  CallQuery busy, at, before;
  busy.outcome = wire::Outcome::Busy;
  EXPECT_EQ(list(busy), Numbers{});
  at.from = from_unix_ms(1000);
  at.to = from_unix_ms(1001);
  EXPECT_EQ(list(at), Numbers{1});
  before.to = from_unix_ms(1000);
  EXPECT_EQ(list(before), Numbers{});
}

TEST_P(Conformance, AUserWhoIsRungLaterFindsTheCallToo) {
  auto call = call_of(1, "alice", "bob");
  put(call);
  call.version = 2;
  call.group.emplace();
  call.legs.emplace_back().user = "carol";
  put(call);
  settle();
  EXPECT_EQ(list(by_user("carol")), Numbers{1});
}

TEST_P(Conformance, LoadGivesWhatGoesOnWhatEndedLatelyAndAllElseThatWasNotTakenBack) {
  put(ended(call_of(1, "alice", "bob"), 5'000));
  put(ended(call_of(2, "alice", "bob"), 9'000));
  put(call_of(3, "alice", "bob"));
  put(rules_of("alice", 1));
  put(rules_of("bob", 1));
  put(rules_of("alice", 3));
  put(core::GoneRecord{core::key_of(rules_of("bob", 1))});
  core::SeenRecord seen;
  seen.user = {"1", "alice"};
  put(seen);
  settle();
  rig->reopen();
  const auto loaded = load(8'000);
  ASSERT_EQ(loaded.size(), 4U);
  EXPECT_EQ(std::get<core::CallRecord>(loaded[0]).id, CallId(0, 2));
  EXPECT_EQ(std::get<core::CallRecord>(loaded[1]).id, CallId(0, 3));
  EXPECT_EQ(std::get<core::RulesRecord>(loaded[2]).rules.max_parallel_rings, 3);
  EXPECT_EQ(std::get<core::SeenRecord>(loaded[3]).user.user, "alice");
}

TEST_P(Conformance, OtherRecordsComeBackInTheOrderInWhichTheyCameFirst) {
  for (const auto* user : {"zoe", "adam", "mia"}) put(rules_of(user, 1));
  put(rules_of("zoe", 2));
  settle();
  rig->reopen();
  std::vector<UserId> order;
  for (const auto& record : load()) order.push_back(std::get<core::RulesRecord>(record).user.user);
  EXPECT_EQ(order, (std::vector<UserId>{"zoe", "adam", "mia"}));
}

TEST_P(Conformance, APurgeForgetsWhatHasEndedBeforeAndNothingElse) {
  for (std::uint64_t i = 1; i <= 1000; ++i) put(ended(call_of(i, "alice", "bob"), static_cast<std::int64_t>(i)));
  put(call_of(1001, "alice", "bob"));
  settle();
  chore([&](auto done) { store().purge(from_unix_ms(998), std::move(done)); });
  EXPECT_EQ(list({}), (Numbers{1001, 1000, 999, 998}));
  EXPECT_EQ(list(by_user("bob")), (Numbers{1001, 1000, 999, 998}));
  EXPECT_FALSE(find(CallId(0, 5)));
}

TEST_P(Conformance, AForgottenUserIsBlottedOutOfEndedCallsAndTheOtherSideKeepsItsHistory) {
  for (std::uint64_t i = 1; i <= 500; ++i) put(ended(call_of(i, i % 2 == 0 ? "alice" : "bob", i % 2 == 0 ? "bob" : "alice"), 9'000));
  put(ended(call_of(501, "bob", "carol"), 9'000));
  put(call_of(502, "alice", "bob"));
  core::MissedRecord missed;
  missed.user = {"1", "bob"};
  missed.record.call_id = CallId(0, 2);
  missed.record.peer = "alice";
  put(missed);
  settle();
  chore([&](auto done) { store().forget_user({"1", "alice"}, std::move(done)); });
  EXPECT_EQ(list(by_user("alice")), Numbers{502}) << "goes on";
  auto bobs = by_user("bob");
  bobs.limit = 1000;
  EXPECT_EQ(list(bobs).size(), 502U);
  for (const std::uint64_t number : {1U, 2U}) {
    const auto call = *find(CallId(0, number));
    EXPECT_NE(call.caller, "alice");
    EXPECT_NE(call.legs.front().user, "alice");
  }
  EXPECT_EQ(find(CallId(0, 501))->caller, "bob");
  put(ended(call_of(503, "alice", "bob"), 9'000));
  settle();
  EXPECT_EQ(list(by_user("alice")), (Numbers{503, 502})) << "what comes later is there";
  for (const auto& record : load(100'000)) EXPECT_FALSE(std::holds_alternative<core::MissedRecord>(record));
}

// Calls whose fields are drawn, and every question that a set of filters can ask, against a store that is known to be simple.
TEST_P(Conformance, AnyQuestionIsAnsweredAsTheMemoryStoreAnswersIt) {
  Random random(Seed{42});
  MemoryStore reference;
  const std::vector<UserId> users = {"a", "b", "c", "d"};
  for (std::uint64_t i = 1; i <= 300; ++i) {
    auto call = call_of(i, users[random.below(4)], users[random.below(4)]);
    call.project = random.below(5) == 0 ? "2" : "1";
    call.created_at = from_unix_ms(static_cast<std::int64_t>(random.below(50)) * 1000);  // many at the same moment
    call.legs.front().silent = random.below(6) == 0;
    if (random.below(4) > 0) call = ended(call, 100'000, static_cast<wire::Outcome>(random.below(9)));
    reference.keep(call);
    put(call);
  }
  settle();
  rig->reopen();
  for (int round = 0; round < 600; ++round) {
    CallQuery query;
    query.project = random.below(4) == 0 ? "2" : "1";
    query.limit = 1 + random.below(40);
    if (random.below(2) == 0) query.user = users[random.below(4)];
    if (random.below(3) == 0) query.phase = random.below(2) == 0 ? wire::Phase::Ended : wire::Phase::Inviting;
    if (random.below(3) == 0) query.outcome = static_cast<wire::Outcome>(random.below(9));
    if (random.below(3) == 0) query.from = from_unix_ms(static_cast<std::int64_t>(random.below(50)) * 1000);
    if (random.below(3) == 0) query.to = from_unix_ms(static_cast<std::int64_t>(random.below(50)) * 1000);
    if (random.below(2) == 0) query.before = CallId(0, 1 + random.below(300));
    ASSERT_EQ(list(query, store()), list(query, reference)) << "round " << round;
  }
}

TEST_P(Conformance, AReopenedStoreGoesOnWhereItWas) {
  for (std::uint64_t i = 1; i <= 50; ++i) put(call_of(i, "alice", "bob"));
  settle();
  rig->reopen();
  put(ended(call_of(50, "alice", "bob"), 1));
  put(call_of(51, "alice", "bob"));
  settle();
  CallQuery two;
  two.limit = 2;
  EXPECT_EQ(list(two), (Numbers{51, 50}));
  EXPECT_EQ(find(CallId(0, 50))->outcome, wire::Outcome::Ended);
  EXPECT_EQ(find(CallId(0, 1))->version, 1U);
}

INSTANTIATE_TEST_SUITE_P(Stores, Conformance,
                         testing::Values(std::pair{std::string("Memory"), &make<MemoryRig>},
                                         std::pair{std::string("Sqlite"), &make<SqliteRig>},
                                         std::pair{std::string("Simulated"), &make<SimulatedRig>}),
                         [](const auto& made) { return made.param.first; });

TEST(Memory, TheOldestCallsAreForgotten) {
  MemoryStore store(3);
  for (std::uint64_t i = 1; i <= 4; ++i) store.keep(call_of(i, "a", "b"));
  std::size_t kept = 0;
  CallQuery all;
  all.project = "1";
  store.list_calls(all, [&](auto found) { kept = found->size(); });
  EXPECT_EQ(kept, 3U);
  store.find_call(CallId(0, 1), [](auto found) { EXPECT_FALSE(*found); });
}

}  // namespace
}  // namespace offhook::store
