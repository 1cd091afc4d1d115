#include <gtest/gtest.h>

#include "server/console_session.hpp"

namespace offhook::server {
namespace {

using namespace std::chrono_literals;

const Instant k_now{std::chrono::seconds{1'700'000'000}};

TEST(ConsoleSessions, ACookieIsGoodUntilItsTimeIsOver) {
  const ConsoleSessions sessions("hash");
  const auto value = sessions.make({"abc", k_now + 1h});
  const auto read = sessions.read(value, k_now);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->id, "abc");
  EXPECT_EQ(read->expires_at, k_now + 1h);
  EXPECT_TRUE(sessions.read(value, k_now + 59min));
  EXPECT_FALSE(sessions.read(value, k_now + 1h));
}

TEST(ConsoleSessions, NothingElseIsGood) {
  const ConsoleSessions sessions("hash");
  const auto value = sessions.make({"abc", k_now + 1h});
  EXPECT_FALSE(ConsoleSessions("another").read(value, k_now)) << "another password";
  for (const auto& forged : {std::string(), std::string("."), std::string(".."), std::string("a.b"), value + "x", value.substr(1), "x" + value,
                             value.substr(0, value.rfind('.')), value.substr(0, value.rfind('.') + 1)}) {
    EXPECT_FALSE(sessions.read(forged, k_now)) << forged;
  }
}

TEST(ConsoleSessions, WhoSignedOutIsOutAndTheMemoryOfItIsBounded) {
  ConsoleSessions sessions("hash");
  const auto value = sessions.make({"abc", k_now + 1h});
  sessions.end("abc");
  EXPECT_FALSE(sessions.read(value, k_now));
  for (std::size_t i = 0; i < ConsoleSessions::k_max_ended; ++i) sessions.end(std::to_string(i));
  EXPECT_TRUE(sessions.read(value, k_now)) << "so long ago that it is forgotten";
}

TEST(ConsoleSessions, OneCookieIsFoundAmongOthers) {
  EXPECT_EQ(cookie_in("a=1; offhook_console=x.y; b=2", "offhook_console"), "x.y");
  EXPECT_EQ(cookie_in("offhook_console=", "offhook_console"), "");
  for (const auto* none : {"", "a=1", "xoffhook_console=1", "offhook_console2=1", ";;", "offhook_console"}) EXPECT_FALSE(cookie_in(none, "offhook_console")) << none;
}

}  // namespace
}  // namespace offhook::server
