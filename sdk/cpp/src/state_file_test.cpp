// The state file: what was kept is there again after any end of the process, and a file that is of no use never stops a call.
#include "state_file.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace offhook::client {
namespace {

constexpr std::int64_t k_now_ms = 1'900'000'000'000;
constexpr std::int64_t k_hour_ms = 3'600'000;

class StateFileTest : public testing::Test {
 protected:
  void SetUp() override {
    folder = std::filesystem::path(testing::TempDir()) / ("offhook-state-" + std::string(testing::UnitTest::GetInstance()->current_test_info()->name()));
    std::filesystem::remove_all(folder);
    std::filesystem::create_directory(folder);
    path = folder / "state";
  }
  void TearDown() override { std::filesystem::remove_all(folder); }

  static JournalEntry entry(std::uint64_t number, JournalState state = JournalState::Ended) {
    return {CallId(1, number), state, wire::Role::Callee, "zoë  of %20\n", wire::Media::Video, wire::Outcome::Dropped,
            wire::Reason::CallerLost, k_now_ms, false, "call"};
  }
  std::string text() const {
    std::ifstream file(path);
    std::stringstream out;
    out << file.rdbuf();
    return out.str();
  }
  void write(const std::string& bytes) const { std::ofstream(path) << bytes; }

  std::filesystem::path folder, path;
};

TEST_F(StateFileTest, WhatWasKeptIsThereAgain) {
  {
    StateFile file(path, k_now_ms);
    EXPECT_EQ(file.device_id(), "");
    file.keep_device_id("cpp-1");
    file.keep(entry(1, JournalState::Live));
    file.keep(entry(2));
    file.keep(entry(3));
    auto changed = entry(1, JournalState::Silenced);
    changed.seen = true;
    changed.reason.reset();
    changed.owes.reset();
    file.keep(changed);
    file.forget(CallId(1, 3));
    EXPECT_FALSE(file.take_problem());
  }
  StateFile file(path, k_now_ms);
  EXPECT_FALSE(file.take_problem());
  EXPECT_EQ(file.device_id(), "cpp-1");
  const auto entries = file.entries();
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_EQ(entries[0].state, JournalState::Silenced);
  EXPECT_EQ(entries[0].peer, "zoë  of %20\n");
  EXPECT_EQ(entries[0].role, wire::Role::Callee);
  EXPECT_EQ(entries[0].media, wire::Media::Video);
  EXPECT_TRUE(entries[0].seen);
  EXPECT_FALSE(entries[0].reason);
  EXPECT_FALSE(entries[0].owes);
  EXPECT_EQ(entries[1].outcome, wire::Outcome::Dropped);
  EXPECT_EQ(entries[1].reason, wire::Reason::CallerLost);
  EXPECT_EQ(entries[1].at_ms, k_now_ms);
  EXPECT_EQ(entries[1].owes, "call");
}

TEST_F(StateFileTest, NobodyElseMayReadIt) {
  StateFile file(path, k_now_ms);
  struct stat found {};
  ASSERT_EQ(::stat(path.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777, 0600U);
}

TEST_F(StateFileTest, ALineThatWasBeingWrittenIsPassedOver) {
  {
    StateFile file(path, k_now_ms);
    file.keep(entry(1));
    file.keep(entry(2));
  }
  write(text().substr(0, text().size() - 20));
  StateFile file(path, k_now_ms);
  EXPECT_EQ(file.entries().size(), 1U);
  EXPECT_FALSE(file.take_problem()) << "that is how a file looks after a crash";
  file.keep(entry(3));
  EXPECT_EQ(text().find("\n\n"), std::string::npos);
}

TEST_F(StateFileTest, ADamagedLineIsLostAndSaidOnce) {
  {
    StateFile file(path, k_now_ms);
    file.keep(entry(1));
    file.keep(entry(2));
  }
  auto scribbled = text();
  scribbled[scribbled.find("dropped")] = 'x';
  write(scribbled);
  {
    StateFile file(path, k_now_ms);
    EXPECT_EQ(file.entries().size(), 1U);
    EXPECT_EQ(file.take_problem().value().word, "state_file");
    EXPECT_FALSE(file.take_problem());
  }
  EXPECT_FALSE(StateFile(path, k_now_ms).take_problem()) << "it is whole again";
}

TEST_F(StateFileTest, AFileThatIsSomethingElseIsLeftAlone) {
  write("Dear diary,\n");
  StateFile file(path, k_now_ms);
  EXPECT_NE(file.take_problem().value().message.find("left alone"), std::string::npos);
  file.keep(entry(1));
  EXPECT_EQ(text(), "Dear diary,\n");
}

TEST_F(StateFileTest, AFileThatCannotBeWrittenIsSaidOnceAndKeepsNothing) {
  StateFile nowhere(folder / "none" / "state", k_now_ms);
  EXPECT_NE(nowhere.take_problem().value().message.find("cannot be opened"), std::string::npos);
  nowhere.keep(entry(1));
  nowhere.keep(entry(2));
  EXPECT_FALSE(nowhere.take_problem());
  std::filesystem::create_directory(folder / "taken");
  EXPECT_TRUE(StateFile(folder / "taken", k_now_ms).take_problem());
}

TEST_F(StateFileTest, OnlyOneClientMayHaveIt) {
  StateFile first(path, k_now_ms);
  EXPECT_NE(StateFile(path, k_now_ms).take_problem().value().message.find("in use"), std::string::npos);
  first.keep(entry(1));
  EXPECT_FALSE(first.take_problem());
}

TEST_F(StateFileTest, ItIsMadeAnewBeforeItGrowsTooLong) {
  {
    StateFile file(path, k_now_ms);
    for (std::uint64_t i = 0; i < 1'100; ++i) file.keep(entry(i % 10));
    const auto lines = text();
    EXPECT_LT(std::count(lines.begin(), lines.end(), '\n'), 200);
  }
  EXPECT_EQ(StateFile(path, k_now_ms).entries().size(), 10U);
}

TEST_F(StateFileTest, EntriesThatHaveHadTheirTimeAreLeftOut) {
  {
    StateFile file(path, k_now_ms);
    auto done = entry(1);
    done.seen = true;
    done.owes.reset();
    file.keep(done);
    file.keep(entry(2));
  }
  EXPECT_EQ(StateFile(path, k_now_ms + 23 * k_hour_ms).entries().size(), 2U);
  EXPECT_EQ(StateFile(path, k_now_ms + 25 * k_hour_ms).entries().size(), 1U);
  EXPECT_EQ(StateFile(path, k_now_ms + 8 * 24 * k_hour_ms).entries().size(), 0U);
}

TEST_F(StateFileTest, WithoutAPathNothingIsKept) {
  StateFile file("", k_now_ms);
  file.keep(entry(1));
  EXPECT_TRUE(file.entries().empty());
  EXPECT_FALSE(file.take_problem());
}

}  // namespace
}  // namespace offhook::client
