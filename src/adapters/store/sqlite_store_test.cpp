// What only the store with a file has: commits of many, crashes, full disks, and files that are not what they should be.
#include "adapters/store/sqlite_store.hpp"

#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <memory>

#include "adapters/store/data_folder.hpp"
#include "adapters/store/record_tables.hpp"
#include "adapters/store/schema.hpp"
#include "adapters/store/store_testing.hpp"
#include "base/random.hpp"

namespace offhook::store {
namespace {

class Sqlite : public testing::Test {
 protected:
  SqliteOptions options(std::int64_t max_pages = 0) {
    return {folder.file(), loop.poster(), [this](const StoreError& why) { broken.push_back(why.message); }, {}, max_pages};
  }
  std::unique_ptr<Store> open(std::int64_t max_pages = 0) {
    auto opened = open_sqlite(options(max_pages));
    EXPECT_TRUE(opened) << opened.error().message;
    return std::move(opened.value());
  }
  std::string refusal() {
    const auto opened = open_sqlite(options());
    return opened ? "opened" : opened.error().message;
  }
  std::vector<std::uint64_t> calls_in(Store& store) {
    std::vector<std::uint64_t> numbers;
    const auto records = store.load(Instant{}).value();
    for (const auto& record : records) numbers.push_back(std::get<core::CallRecord>(record).id.low());
    return numbers;
  }
  void run(const std::string& statements) {
    Database database(folder.file(), Database::Mode::ReadWrite);
    database.run(statements);
    ASSERT_FALSE(database.failure()) << *database.failure();
  }
  std::string bytes() const {
    std::ifstream file(folder.file(), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  Folder folder;
  HandLoop loop;
  std::vector<std::string> broken;
};

TEST_F(Sqlite, WhatIsPutWhileOneCommitWaitsGoesIntoTheNextOne) {
  auto store = open();
  Database other(folder.file(), Database::Mode::ReadWrite);
  other.run("BEGIN IMMEDIATE");  // nobody else can commit
  std::size_t durable = 0;
  for (std::uint64_t i = 1; i <= 1000; ++i) store->put(call_of(i, "alice", "bob"), [&] { ++durable; });
  EXPECT_EQ(store->pending(), 1000U);
  other.run("ROLLBACK");
  loop.run_until([&] { return durable == 1000; });
  EXPECT_LE(loop.runs(), 3U) << "commits, each of which posts once";
  EXPECT_EQ(store->pending(), 0U);
}

TEST_F(Sqlite, AQuestionDoesNotWaitForACommit) {
  auto store = open();
  bool durable = false, answered = false;
  store->put(call_of(1, "alice", "bob"), [&] { durable = true; });
  loop.run_until([&] { return durable; });
  Database other(folder.file(), Database::Mode::ReadWrite);
  other.run("BEGIN IMMEDIATE");
  bool second = false;
  store->put(call_of(2, "alice", "bob"), [&] { second = true; });
  store->find_call(CallId(0, 1), [&](auto found) { answered = found && *found; });
  loop.run_until([&] { return answered; });
  EXPECT_FALSE(second);
  other.run("ROLLBACK");
  loop.run_until([&] { return second; });
}

TEST_F(Sqlite, TooManyQuestionsAreTurnedAwayAtOnce) {
  auto store = open();
  std::size_t answered = 0, busy = 0;
  const auto ask = [&] {
    store->find_call(CallId(0, 1), [&](auto found) { ++(found ? answered : busy); });
  };
  for (std::size_t i = 0; i < k_max_pending_reads + 5; ++i) ask();
  EXPECT_EQ(busy, 5U) << "answers come by the loop, which has not turned";
  loop.run_until([&] { return answered == k_max_pending_reads; });
  ask();
  loop.run_until([&] { return answered == k_max_pending_reads + 1; });
}

TEST_F(Sqlite, TheDestructorWritesWhatWasPut) {
  auto store = open();
  for (std::uint64_t i = 1; i <= 100; ++i) store->put(call_of(i, "alice", "bob"), [] {});
  store.reset();
  EXPECT_EQ(calls_in(*open()).size(), 100U);
}

TEST_F(Sqlite, AForgettingThatACrashInterruptedIsGoneOnWith) {
  open();
  {
    Database database(folder.file(), Database::Mode::ReadWrite);
    RecordWriter writer(database);
    database.run("BEGIN");
    for (std::uint64_t i = 1; i <= 300; ++i) writer.write(row_of(ended(call_of(i, "alice", "bob"), 1)));
    writer.start_forgetting({"1", "alice"});
    EXPECT_TRUE(writer.forget_step({"1", "alice"}));
    database.run("COMMIT");
    EXPECT_FALSE(database.failure());
  }
  auto store = open();
  bool purged = false;  // behind the forgetting
  store->purge(Instant{}, [&] { purged = true; });
  loop.run_until([&] { return purged; });
  CallQuery query;
  query.project = "1";
  query.user = "alice";
  std::optional<std::size_t> left;
  store->list_calls(query, [&](auto found) { left = found->size(); });
  loop.run_until([&] { return left.has_value(); });
  EXPECT_EQ(*left, 0U);
}

// --- crashes

// Puts calls 1, 2, 3, … for ever, and writes the number of each that became durable into the pipe.
[[noreturn]] void put_for_ever(const std::string& file, int pipe) {
  HandLoop loop;
  auto store = open_sqlite({file, loop.poster(), [](const StoreError&) { _exit(1); }}).value();
  const auto first = store->load(Instant{}).value().size() + 1;
  std::uint64_t durable = first - 1;
  for (std::uint64_t i = first;; ++i) {
    store->put(call_of(i, "alice", "bob"), [&durable, pipe, i] {
      durable = i;
      if (write(pipe, &i, sizeof i) != sizeof i) _exit(1);
    });
    if (store->pending() > 300) loop.run_until([&] { return store->pending() < 100; });
  }
}

TEST_F(Sqlite, NoDurableRecordIsLostWhenTheProcessIsKilledAndTheRestIsABeginning) {
  Random chance(Seed{11});
  for (int round = 0; round < 12; ++round) {
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    const auto child = fork();
    if (child == 0) put_for_ever(folder.file(), ends[1]);
    close(ends[1]);
    std::uint64_t acknowledged = 0;
    const auto enough = 1 + chance.below(2000);
    for (std::uint64_t heard = 0; heard < enough && read(ends[0], &acknowledged, sizeof acknowledged) == sizeof acknowledged; ++heard) {
    }
    kill(child, SIGKILL);
    while (read(ends[0], &acknowledged, sizeof acknowledged) == sizeof acknowledged) {
    }
    close(ends[0]);
    int status = 0;
    waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the child ended by itself";
    const auto there = calls_in(*open());
    ASSERT_GE(there.size(), acknowledged);
    for (std::size_t i = 0; i < there.size(); ++i) ASSERT_EQ(there[i], i + 1);
  }
}

// --- no more room

TEST_F(Sqlite, AFullDiskIsSaidOnceAndNothingIsCalledDurableThatIsNot) {
  std::size_t durable = 0;
  {
    auto store = open(60);
    for (std::uint64_t i = 1; broken.empty(); ++i) {
      ASSERT_LT(i, 100'000U);
      store->put(call_of(i, "alice", "bob"), [&] { ++durable; });
      if (store->pending() > 50) loop.run_until([&] { return store->pending() < 10 || !broken.empty(); });
    }
    bool late = false;
    store->put(call_of(200'000, "alice", "bob"), [&] { late = true; });
    EXPECT_FALSE(late);
  }
  ASSERT_EQ(broken.size(), 1U);
  EXPECT_NE(broken.front().find("full"), std::string::npos) << broken.front();
  EXPECT_NE(broken.front().find(folder.file()), std::string::npos);
  EXPECT_GT(durable, 10U);
  const auto there = calls_in(*open());
  EXPECT_GE(there.size(), durable);
  for (std::size_t i = 0; i < there.size(); ++i) ASSERT_EQ(there[i], i + 1);
}

// --- files that are not what they should be; each is left as it is

TEST_F(Sqlite, AFileOfANewerProgramIsRefused) {
  open();
  run("PRAGMA user_version = " + std::to_string(schema_version() + 1));
  const auto before = bytes();
  EXPECT_NE(refusal().find("newer version"), std::string::npos);
  EXPECT_EQ(bytes(), before);
}

TEST_F(Sqlite, ADatabaseOfAnotherProgramIsRefused) {
  run("CREATE TABLE recipes (name TEXT)");
  EXPECT_NE(refusal().find("another program"), std::string::npos);
}

TEST_F(Sqlite, AFileThatIsNoDatabaseIsRefusedAndNotReplaced) {
  const std::string text(5000, 'x');
  std::ofstream(folder.file()) << text;
  EXPECT_NE(refusal().find("not a database"), std::string::npos) << refusal();
  EXPECT_EQ(bytes(), text);
}

TEST_F(Sqlite, ADamagedFileIsFoundAtTheStartAndNotReplaced) {
  {
    auto store = open();
    for (std::uint64_t i = 1; i <= 2000; ++i) store->put(call_of(i, "alice", "bob"), [] {});
  }
  auto damaged = bytes();
  ASSERT_GT(damaged.size(), 60'000U);
  for (std::size_t at = 20'000; at < 60'000; at += 97) damaged[at] = static_cast<char>(~damaged[at]);
  std::ofstream(folder.file(), std::ios::binary) << damaged;
  EXPECT_NE(refusal().find("damaged"), std::string::npos) << refusal();
  EXPECT_EQ(bytes(), damaged);
}

TEST_F(Sqlite, AFileInAFolderThatIsNotThereIsRefused) {
  const auto opened = open_sqlite({folder.path() + "/nowhere/offhook.db", loop.poster(), [](const StoreError&) {}});
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().message.find("unable to open"), std::string::npos) << opened.error().message;
}

// --- upgrades

// The tables of version 1 as they were released, with a call in them. Not to be changed.
constexpr auto k_version_1 = R"(
CREATE TABLE calls (seq INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, project TEXT NOT NULL, created_at INTEGER NOT NULL,
  phase INTEGER NOT NULL, outcome INTEGER, ended_at INTEGER, body BLOB NOT NULL);
CREATE INDEX calls_by_time ON calls (project, created_at);
CREATE INDEX calls_live ON calls (project, created_at) WHERE phase < 3;
CREATE INDEX calls_by_end ON calls (ended_at) WHERE ended_at IS NOT NULL;
CREATE TABLE call_users (project TEXT NOT NULL, user TEXT NOT NULL, created_at INTEGER NOT NULL, seq INTEGER NOT NULL,
  silent INTEGER NOT NULL, PRIMARY KEY (project, user, created_at, seq)) WITHOUT ROWID;
CREATE TABLE records (seq INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, kind INTEGER NOT NULL, body BLOB NOT NULL);
CREATE TABLE forgotten (project TEXT NOT NULL, user TEXT NOT NULL, up_to INTEGER NOT NULL, PRIMARY KEY (project, user)) WITHOUT ROWID;
INSERT INTO calls (id, project, created_at, phase, outcome, ended_at, body) VALUES
  (X'00000000000000000000000000000007', '1', 1000, 3, 2, 2000,
   X'03100000000000000000000000000000000704010701310905616C6963651C03');
INSERT INTO call_users VALUES ('1', 'alice', 1000, 1, 0);
PRAGMA application_id = 1330006091;
PRAGMA user_version = 1;
)";

TEST_F(Sqlite, AFileOfVersion1IsUpgradedWithWhatIsInIt) {
  run(k_version_1);
  auto store = open();
  std::optional<core::CallRecord> call;
  CallQuery busy;
  busy.project = "1";
  busy.outcome = wire::Outcome::Busy;
  store->list_calls(busy, [&](auto found) { call = found->at(0); });
  loop.run_until([&] { return call.has_value(); });
  EXPECT_EQ(call->id, CallId(0, 7));
  EXPECT_EQ(call->caller, "alice");
  store.reset();
  Database database(folder.file(), Database::Mode::ReadOnly);
  EXPECT_EQ(database.number("PRAGMA user_version"), schema_version());
  EXPECT_EQ(database.number("SELECT count(*) FROM sqlite_schema WHERE name = 'calls_by_outcome'"), 1);
}

// tests/vectors/store_format_4.sql: its time lines are within the bodies and name devices in full.
class Format4 : public Sqlite {
 protected:
  void SetUp() override {
    std::ifstream file(OFFHOOK_SOURCE_DIR "/tests/vectors/store_format_4.sql");
    run({std::istreambuf_iterator<char>(file), {}});
    run("DELETE FROM records");  // secrets are for sealing_test.cpp
  }
  std::vector<core::CallRecord> calls(Store& store) {
    std::vector<core::CallRecord> calls;
    auto records = store.load(Instant{}).value();
    for (auto& record : records) {
      if (auto* call = std::get_if<core::CallRecord>(&record)) calls.push_back(std::move(*call));
    }
    return calls;
  }
};

TEST_F(Format4, ATimeLineIsTakenOverAndGoesOn) {
  auto store = open();
  auto before = calls(*store);
  ASSERT_EQ(before.size(), 2U);
  EXPECT_EQ(before[0].notes.size(), 20U);
  auto& live = before[1];
  ASSERT_EQ(live.notes.size(), 12U);
  EXPECT_EQ(live.notes[0].device, "3f1c2e9a-device");
  for (int more = 0; more < 2; ++more) {
    ++live.version;
    live.notes.push_back(live.notes.front());
    live.notes.back().command = "more " + std::to_string(more);
    store->put(live, [] {});
  }
  store.reset();
  const auto after = calls(*open());
  ASSERT_EQ(after.size(), 2U);
  EXPECT_EQ(after[0].notes, before[0].notes);
  EXPECT_EQ(after[1].notes, live.notes);
  Database database(folder.file(), Database::Mode::ReadOnly);
  EXPECT_EQ(database.number("SELECT count(*) FROM calls WHERE inputs IS NOT NULL"), 1) << "those of the ended one";
}

TEST_F(Format4, ADeletedUserIsNowhereInTheFile) {
  auto store = open();
  bool done = false;
  store->forget_user({"1000001", "caller-1"}, [&] { done = true; });
  loop.run_until([&] { return done; });
  EXPECT_EQ(calls(*store).front().notes.size(), 20U);
  store.reset();
  Database database(folder.file(), Database::Mode::ReadOnly);
  EXPECT_EQ(database.number("SELECT count(*) FROM calls WHERE instr(body, CAST('caller-1' AS BLOB)) OR instr(coalesce(notes, X''), CAST('caller-1' AS BLOB)) "
                            "OR inputs IS NOT NULL OR instr(body, CAST('3f1c2e9a' AS BLOB)) AND ended_at IS NOT NULL"),
            0);
}

TEST_F(Sqlite, AnUpgradeThatFailsLeavesTheOldVersion) {
  run(k_version_1);
  run("CREATE INDEX calls_by_outcome ON calls (id)");  // in the way of the step to version 2
  EXPECT_NE(refusal().find("already exists"), std::string::npos) << refusal();
  Database database(folder.file(), Database::Mode::ReadOnly);
  EXPECT_EQ(database.number("PRAGMA user_version"), 1);
}

// --- how questions are answered

TEST_F(Sqlite, EveryQuestionIsAnsweredFromAnIndexInItsOrder) {
  open();
  Database database(folder.file(), Database::Mode::ReadOnly);
  for (unsigned filters = 0; filters < 32; ++filters) {
    CallQuery query;
    if (filters & 1U) query.user = "alice";
    if (filters & 2U) query.phase = filters & 4U ? wire::Phase::Ended : wire::Phase::Inviting;
    if (filters & 8U) query.outcome = wire::Outcome::Busy;
    if (filters & 16U) query.from = query.to = Instant{};
    const auto text = text_of(query);
    Statement plan(database, "EXPLAIN QUERY PLAN " + text);
    while (plan.step()) {
      const std::string step(plan.blob(3));
      EXPECT_EQ(step.find("TEMP B-TREE"), std::string::npos) << text << ": " << step;
      EXPECT_EQ(step.find("SCAN"), std::string::npos) << text << ": " << step;
    }
  }
}

// --- the folder

TEST_F(Sqlite, AFolderHasOneServer) {
  const auto path = folder.path() + "/made/on/the/way";
  {
    auto first = DataFolder::open(path);
    ASSERT_TRUE(first) << first.error().message;
    const auto second = DataFolder::open(path);
    ASSERT_FALSE(second);
    EXPECT_NE(second.error().message.find(path), std::string::npos);
    EXPECT_NE(second.error().message.find("process " + std::to_string(getpid())), std::string::npos) << second.error().message;
  }
  EXPECT_TRUE(DataFolder::open(path)) << "free again";
}

TEST_F(Sqlite, TheFilesOfAFolderAreForItsOwnerAlone) {
  auto opened = DataFolder::open(folder.path());
  ASSERT_TRUE(opened) << opened.error().message;
  auto store = open();
  bool durable = false;
  store->put(call_of(1, "alice", "bob"), [&] { durable = true; });
  loop.run_until([&] { return durable; });
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    ++files;
    const auto others = std::filesystem::perms::group_all | std::filesystem::perms::others_all;
    EXPECT_EQ(entry.status().permissions() & others, std::filesystem::perms::none) << entry.path();
  }
  EXPECT_EQ(files, 4U) << "lock, database, log and its index";
}

TEST_F(Sqlite, AFolderThatCannotBeMadeIsNamed) {
  std::ofstream(folder.path() + "/file") << "x";
  const auto made = DataFolder::open(folder.path() + "/file/data");
  ASSERT_FALSE(made);
  EXPECT_NE(made.error().message.find("/file/data"), std::string::npos);
}

}  // namespace
}  // namespace offhook::store
