#include "adapters/webhook/signature.hpp"

#include <gtest/gtest.h>

namespace offhook::webhook {
namespace {

// tests/integration/webhooks.test.mjs checks real deliveries with the package standardwebhooks; this value was made by it, too.
constexpr std::string_view k_secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

TEST(Signature, IsThatOfTheConvention) {
  const auto made = sign("msg_p5jXN8AQM9LWM0D4loKWxJek", from_unix_ms(1'614'265'330'000), R"({"test": 2432232314})", {*parse_secret(k_secret)});
  EXPECT_EQ(made.timestamp, "1614265330");
  EXPECT_EQ(made.signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

TEST(Signature, WhileKeysChangeEachSigns) {
  const auto one = *parse_secret(k_secret);
  const std::string two(32, 'k');
  const auto both = sign("e", from_unix_ms(1000), "{}", {one, two}).signature;
  EXPECT_EQ(both, sign("e", from_unix_ms(1000), "{}", {one}).signature + " " + sign("e", from_unix_ms(1000), "{}", {two}).signature);
}

TEST(Signature, SecretsThatAreNone) {
  for (const auto* text : {"", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_c2hvcnQ=", "whsec_not base64 at all, really not",
                           "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS"}) {
    EXPECT_FALSE(parse_secret(text)) << text;
  }
  EXPECT_EQ(parse_secret(k_secret)->size(), 24U);
}

}  // namespace
}  // namespace offhook::webhook
