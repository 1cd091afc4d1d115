#include "core/settings.hpp"

#include <gtest/gtest.h>

namespace offhook::core {
namespace {

using namespace std::chrono_literals;

TEST(Settings, DefaultsAreSound) { EXPECT_TRUE(check_settings(Settings{}).empty()); }

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

TEST(Settings, RelationsNameBothSettings) {
  Settings settings;
  settings.ring_timeout = 70s;
  const auto problems = check_settings(settings);
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_NE(problems[0].find("ring_timeout"), std::string::npos);
  EXPECT_NE(problems[0].find("setup_timeout"), std::string::npos);
  Settings warned_late;
  warned_late.drop_grace = 5s;
  EXPECT_EQ(check_settings(warned_late).size(), 1U);
}

}  // namespace
}  // namespace offhook::core
