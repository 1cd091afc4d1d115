#include "core/settings.hpp"

#include <gtest/gtest.h>

namespace offhook::core {
namespace {

using namespace std::chrono_literals;

TEST(Settings, DefaultsAreSound) { EXPECT_TRUE(check_settings(Settings{}).empty()); }

TEST(Settings, RingingLongerThanAndroidAllowsIsDoubted) {
  Settings settings;
  settings.ring_timeout = 55s;
  EXPECT_TRUE(doubts_about(settings).empty());
  settings.ring_timeout = 56s;
  EXPECT_TRUE(check_settings(settings).empty()) << "but allowed";
  ASSERT_EQ(doubts_about(settings).size(), 1U);
  EXPECT_NE(doubts_about(settings)[0].find("ring_timeout is 56 s"), std::string::npos);
}

TEST(Settings, EachRangeIsHeldAtBothEnds) {
  for (const auto& setting : duration_settings()) {
    for (const auto wrong : {setting.min - 1ms, setting.max + 1ms}) {
      Settings settings;
      settings.*setting.field = wrong;
      const auto problems = check_settings(settings);
      ASSERT_FALSE(problems.empty()) << setting.name;
      EXPECT_TRUE(problems[0].starts_with(std::string(setting.name) + " is ")) << problems[0];
    }
  }
}

TEST(Settings, EveryRelationIsCheckedAndNamesWhatItIsAbout) {
  const auto problem = [](Settings settings) {
    const auto problems = check_settings(settings);
    return problems.size() == 1 ? problems[0] : "problems: " + std::to_string(problems.size());
  };
  const auto names = [](const std::string& text, std::string_view one, std::string_view other) {
    return text.find(one) != std::string::npos && text.find(other) != std::string::npos;
  };
  Settings s;
  s.heartbeat_live = 2s, s.caller_grace = 3s;
  EXPECT_TRUE(names(problem(s), "caller_grace", "heartbeat_live"));
  s = {}, s.heartbeat_live = 5s, s.drop_grace = 12s, s.move_timeout = 5s;
  EXPECT_TRUE(names(problem(s), "drop_grace", "heartbeat_live"));
  s = {}, s.heartbeat_idle = 2s, s.heartbeat_live = 3s;
  EXPECT_TRUE(names(problem(s), "heartbeat_live", "heartbeat_idle"));
  s = {}, s.setup_timeout = 45s, s.wake_timeout = 50s;
  EXPECT_TRUE(names(problem(s), "wake_timeout", "setup_timeout"));
  s = {}, s.drop_grace = 15s;
  EXPECT_TRUE(names(problem(s), "move_timeout", "drop_grace"));
  s = {}, s.unstable_after = 10s, s.drop_grace = 20s;
  EXPECT_TRUE(names(problem(s), "unstable_after", "drop_grace"));
  s = {}, s.rings_per_pair = 0;
  EXPECT_TRUE(names(problem(s), "rings_per_pair", "1 to"));
}

TEST(Settings, RelationsNameBothSettings) {
  Settings settings;
  settings.ring_timeout = 70s;
  const auto problems = check_settings(settings);
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_NE(problems[0].find("ring_timeout"), std::string::npos);
  EXPECT_NE(problems[0].find("setup_timeout"), std::string::npos);
  Settings warned_late;
  warned_late.drop_grace = 5s;
  warned_late.move_timeout = 4s;
  EXPECT_EQ(check_settings(warned_late).size(), 1U);
}

}  // namespace
}  // namespace offhook::core
