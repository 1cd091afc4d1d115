#include "wire/token.hpp"

#include <gtest/gtest.h>

namespace offhook::wire {
namespace {

using namespace std::chrono_literals;

const Instant k_now{std::chrono::seconds{1'700'000'000}};
const KeysOf k_keys_of = [](std::string_view project) -> std::optional<ProjectKeys> {
  return project == "1000001" ? std::optional(ProjectKeys{{"secret"}, {}}) : std::nullopt;
};

TokenClaims claims() {
  TokenClaims made;
  made.project = "1000001";
  made.user = "alice";
  made.issued_at = k_now;
  made.expires_at = k_now + 1h;
  return made;
}

ErrorWord refused(std::string_view token, Instant now = k_now) {
  const auto verified = verify_token(token, k_keys_of, now);
  EXPECT_FALSE(verified) << token;
  return verified ? ErrorWord::Internal : verified.error().error;
}

TEST(Token, GoesThereAndBack) {
  auto made = claims();
  made.device = "Alice's phone";
  made.session = SessionId(5, 6);
  made.data = "x";
  const auto verified = verify_token(make_token(made, "secret"), k_keys_of, k_now);
  ASSERT_TRUE(verified) << verified.error().message;
  EXPECT_EQ(verified->user, "alice");
  EXPECT_EQ(verified->device, made.device);
  EXPECT_EQ(verified->session, made.session);
  EXPECT_EQ(verified->expires_at, made.expires_at);
}

TEST(Token, ExpiresAfterTheLeeway) {
  const auto token = make_token(claims(), "secret");
  EXPECT_TRUE(verify_token(token, k_keys_of, k_now + 1h + 30s));
  EXPECT_EQ(refused(token, k_now + 1h + 31s), ErrorWord::TokenExpired);
}

TEST(Token, ForgeriesAreRefusedAlike) {
  const auto token = make_token(claims(), "secret");
  EXPECT_EQ(refused(make_token(claims(), "guess")), ErrorWord::BadToken);
  EXPECT_EQ(refused(token.substr(0, token.size() - 1)), ErrorWord::BadToken);
  EXPECT_EQ(refused(token + "="), ErrorWord::BadToken);
  EXPECT_EQ(refused(""), ErrorWord::BadToken);
  EXPECT_EQ(refused("a.b"), ErrorWord::BadToken);
  // {"alg":"none"} with the same payload and no signature.
  const auto payload = token.substr(token.find('.'), token.rfind('.') - token.find('.') + 1);
  EXPECT_EQ(refused("eyJhbGciOiJub25lIn0" + payload), ErrorWord::BadToken);
  auto other_project = claims();
  other_project.project = "2";
  EXPECT_EQ(refused(make_token(other_project, "secret")), ErrorWord::BadToken);
}

TEST(Token, ClaimsAreChecked) {
  auto future = claims();
  future.issued_at = k_now + 31s;
  EXPECT_EQ(refused(make_token(future, "secret")), ErrorWord::BadToken);
  auto nobody = claims();
  nobody.user.reset();
  EXPECT_EQ(refused(make_token(nobody, "secret")), ErrorWord::BadToken);
  auto anonymous = claims();
  anonymous.user = "~made-up";
  EXPECT_EQ(refused(make_token(anonymous, "secret")), ErrorWord::BadToken);
}

TEST(Token, NamesOfUsersAndDevices) {
  EXPECT_TRUE(valid_user("Zoë"));
  EXPECT_FALSE(valid_user(""));
  EXPECT_FALSE(valid_user("a\nb"));
  EXPECT_FALSE(valid_user(std::string(129, 'a')));
  EXPECT_TRUE(valid_device_id("a-1.b_2"));
  EXPECT_FALSE(valid_device_id("a b"));
}

}  // namespace
}  // namespace offhook::wire
