#include "wire/opentok_token.hpp"

#include <gtest/gtest.h>

#include "wire/codec.hpp"
#include "wire/opentok_auth.hpp"
#include "wire/opentok_session.hpp"
#include "wire/opentok_testing.hpp"

namespace offhook::wire {
namespace {

using namespace std::chrono_literals;
using boost::json::object;

std::string result_of(const std::string& token, Instant now = k_now) {
  const auto verified = verify_token(token, keys_of, now);
  if (!verified) return std::string(word(verified.error().error)) + ": " + verified.error().message;
  return "ok";
}

std::optional<TokenClaims> claims_of(const std::string& token) {
  const auto verified = verify_token(token, keys_of, k_now);
  EXPECT_TRUE(verified) << (verified ? "" : verified.error().message);
  return verified ? std::optional(*verified) : std::nullopt;
}

// --- what the SDKs make

TEST(OpenTokToken, T1OfEverySdkIsTaken) {
  const auto id = to_opentok_session(k_session, k_key);
  const std::vector<std::string> datas = {
      "session_id=" + id + "&create_time=1700000000&nonce=0.52&role=publisher&expire_time=1700086400&connection_data=a%20b&initial_layout_class_list=focus%20full&scope=session.connect",
      "session_id=" + id + "&create_time=1700000000&expire_time=1700086400&role=publisher&nonce=999999&initial_layout_class_list=focus+full&connection_data=a+b",
      "role=publisher&session_id=" + id + "&create_time=1700000000&nonce=0.1&connection_data=a+b&initial_layout_class_list=focus+full",
      "session_id=" + id + "&create_time=1700000000&role=publisher&nonce=1795477185.0196132225601&connection_data=a+b&initial_layout_class_list=focus+full",
      "create_time=1700000000&expire_time=1700086400&session_id=" + id + "&nonce=-1795477185&role=publisher&scope=session.connect&initial_layout_class_list=focus full&connection_data=a+b"};
  for (const auto& data : datas) {
    const auto claims = claims_of(t1(data));
    ASSERT_TRUE(claims) << data;
    EXPECT_EQ(claims->project, k_key);
    EXPECT_EQ(claims->session, k_session);
    EXPECT_EQ(claims->data, "a b");
    EXPECT_EQ(claims->layout_classes, (std::vector<std::string>{"focus", "full"}));
    EXPECT_EQ(claims->expires_at, k_now + 24h);
    EXPECT_TRUE(claims->revives && !claims->user && claims->role == SessionRole::Publisher);
  }
}

TEST(OpenTokToken, EitherBase64AlphabetAndPaddingIsTaken) {
  auto token = t1(t1_data({{"connection_data", "%C3%BF%C3%BE~~~?x?>>>"}}));
  EXPECT_EQ(result_of(token), "ok");
  for (char& c : token) c = c == '-' ? '+' : c == '_' ? '/' : c;
  EXPECT_EQ(result_of(token), "ok");
  EXPECT_EQ(result_of(token + "="), "ok");
  EXPECT_EQ(result_of(token + "=="), "ok");
}

TEST(OpenTokToken, JwtOfEverySdkIsTaken) {
  const auto base = client_claims();
  const std::vector<object> payloads = {
      with(base, [](auto& c) { c["create_time"] = 1'700'000'000, c["expire_time"] = 1'700'086'400; }),   // Node
      with(base, [](auto& c) { c["nonce"] = 999'999, c["jti"] = "0.123"; }),                            // Python
      with(base, [](auto& c) { c["nonce"] = -1'795'477'185, c["jti"] = "x"; }),                         // Java
      with(base, [](auto& c) { c.erase("exp"); }),                                                       // Ruby
      with(base, [](auto& c) { c["expireTime"] = nullptr, c["data"] = nullptr; }),                      // PHP
      with(base, [](auto& c) { c["exp"] = nullptr; }),
      with(base, [](auto& c) { c["iss"] = 45'828'062; })};
  for (const auto& payload : payloads) {
    const auto claims = claims_of(jwt(payload));
    ASSERT_TRUE(claims);
    EXPECT_EQ(claims->session, k_session);
    EXPECT_EQ(claims->data, "name=Bob");
    EXPECT_EQ(claims->expires_at, k_now + 24h);
  }
}

object application_claims() {
  return {{"application_id", k_application}, {"scope", "session.connect"}, {"iat", 1'700'000'000}, {"exp", 1'700'086'400},
          {"jti", "x"}, {"role", "moderator"}, {"sub", "video"},
          {"session_id", to_opentok_session(k_session_of_application, k_application)},
          {"acl", object{{"paths", object{{"/session/**", object{}}}}}}};
}

TEST(OpenTokToken, AnApplicationSignsWithItsKey) {
  const auto claims = claims_of(jwt_rs256(application_claims()));
  ASSERT_TRUE(claims);
  EXPECT_EQ(claims->project, k_application);
  EXPECT_EQ(claims->role, SessionRole::Moderator);
}

TEST(OpenTokToken, RolesExpiryAndLimits) {
  for (const auto role : {"subscriber", "publisher", "moderator", "publisheronly"}) {
    EXPECT_EQ(word(claims_of(t1(t1_data({{"role", role}})))->role), role);
  }
  EXPECT_EQ(claims_of(t1(t1_data({{"role", "(none)"}})))->role, SessionRole::Publisher);
  EXPECT_EQ(result_of(t1(t1_data()), k_now + 24h + 30s), "ok");
  EXPECT_EQ(result_of(t1(t1_data()), k_now + 24h + 31s), "token_expired: " + expired_token().message);
  EXPECT_EQ(claims_of(t1(t1_data({{"expire_time", "1800000000"}})))->expires_at, k_now + 30 * 24h) << "no longer than 30 days";
  EXPECT_EQ(result_of(t1(t1_data({{"create_time", "1700000001"}}))), "ok") << "Node rounds up";
  EXPECT_EQ(result_of(t1(t1_data({{"connection_data", std::string(1024, 'x')}}))), "ok");
  std::string umlauts;
  for (int i = 0; i < 1024; ++i) umlauts += "\xc3\xa4";
  EXPECT_EQ(result_of(jwt(with(client_claims(), [&](auto& c) { c["connection_data"] = umlauts; }))), "ok") << "characters are counted";
}

TEST(OpenTokToken, EitherSecretIsGoodDuringARotation) {
  EXPECT_EQ(result_of(t1(t1_data(), k_old_secret)), "ok");
  EXPECT_EQ(result_of(jwt(client_claims(), k_old_secret)), "ok");
}

// --- what nobody may come in with

using Bad = std::vector<std::pair<std::string, std::string>>;

Bad bad_t1() {
  const auto good = t1(t1_data());
  const auto foreign = make_session_id(Slot{5}, "46000000", k_now, 1, 2);
  auto flipped = good;
  flipped[flipped.size() - 3] = flipped[flipped.size() - 3] == 'A' ? 'B' : 'A';
  const auto inner = [](const std::string& text) { return "T1==" + to_base64url(text); };
  return {{"nothing behind the prefix", "T1=="},
          {"cut in the middle", good.substr(0, good.size() / 2)},
          {"cut by one", good.substr(0, good.size() - 1)},
          {"one letter changed", flipped},
          {"a letter that is none of base64", good + "!"},
          {"three pads", good + "==="},
          {"another secret", t1(t1_data(), "guess")},
          {"an empty secret", t1(t1_data(), "")},
          {"an unknown key", t1(t1_data(), k_secret, "45828063")},
          {"no key", t1(t1_data(), k_secret, "")},
          {"the key of an application", t1(t1_data(), k_secret, k_application)},
          {"no colon", inner("partner_id=45828062&sig=00")},
          {"no signature", inner("partner_id=45828062:" + t1_data())},
          {"an empty signature", inner("partner_id=45828062&sig=:" + t1_data())},
          {"a signature of zeros", inner("partner_id=45828062&sig=" + std::string(40, '0') + ":" + t1_data())},
          {"a signature in capitals", inner("partner_id=45828062&sig=" + std::string(40, 'A') + ":" + t1_data())},
          {"no session", t1(t1_data({{"session_id", "(none)"}}))},
          {"a session of another project", t1(t1_data({{"session_id", to_opentok_session(foreign, "46000000")}}))},
          {"a session whose key was exchanged", t1(t1_data({{"session_id", to_opentok_session(foreign, k_key)}}))},
          {"a session that is none", t1(t1_data({{"session_id", "1_abc"}}))},
          {"a session in Offhook's form", t1(t1_data({{"session_id", k_session.text()}}))},
          {"an unknown role", t1(t1_data({{"role", "admin"}}))},
          {"a role in capitals", t1(t1_data({{"role", "MODERATOR"}}))},
          {"an empty role", t1(t1_data({{"role", ""}}))},
          {"made in the future", t1(t1_data({{"create_time", "1700000031"}}))},
          {"without the moment it was made", t1(t1_data({{"create_time", "(none)"}}))},
          {"made at no moment", t1(t1_data({{"create_time", "now"}}))},
          {"made before 1970", t1(t1_data({{"create_time", "-1"}}))},
          {"expiring at no moment", t1(t1_data({{"expire_time", "never"}}))},
          {"another scope", t1(t1_data({{"scope", "session.disconnect"}}))},
          {"data of 1025 characters", t1(t1_data({{"connection_data", std::string(1025, 'x')}}))},
          {"layout classes of 1025 bytes", t1(t1_data({{"initial_layout_class_list", std::string(1025, 'x')}}))},
          {"65 layout classes", t1(t1_data({{"initial_layout_class_list", [] { std::string all; for (int i = 0; i < 65; ++i) all += "a+"; return all; }()}}))},
          {"longer than a token may be", t1(t1_data({{"x", std::string(8'192, 'x')}}))}};
}

Bad bad_jwts() {
  const auto base = client_claims();
  const auto good = jwt(base);
  const auto changed = [&](auto change) { return jwt(with(base, change)); };
  const auto foreign = to_opentok_session(make_session_id(Slot{5}, "46000000", k_now, 1, 2), "46000000");
  const auto payload = good.substr(good.find('.'), good.rfind('.') - good.find('.') + 1);
  return {{"empty", ""},
          {"one part", "abc"},
          {"two parts", good.substr(0, good.rfind('.'))},
          {"four parts", good + ".x"},
          {"no signature", good.substr(0, good.rfind('.') + 1)},
          {"alg none", to_base64url(R"({"alg":"none"})") + payload},
          {"alg none with the signature", to_base64url(R"({"alg":"none"})") + payload + good.substr(good.rfind('.') + 1)},
          {"alg in small letters", jwt(base, k_secret, R"({"alg":"hs256"})")},
          {"alg HS512", jwt(base, k_secret, R"({"alg":"HS512"})")},
          {"alg ES256", jwt(base, k_secret, R"({"alg":"ES256"})")},
          {"alg RS256 with an HMAC", jwt(base, k_secret, R"({"alg":"RS256"})")},
          {"no alg", jwt(base, k_secret, R"({"typ":"JWT"})")},
          {"alg is a list", jwt(base, k_secret, R"({"alg":["HS256"]})")},
          {"crit", jwt(base, k_secret, R"({"alg":"HS256","crit":["exp"]})")},
          {"the header is no JSON", jwt(base, k_secret, "{")},
          {"signed with another secret", jwt(base, "guess")},
          {"signed with the empty secret", jwt(base, "")},
          {"signed with the public key", jwt(with(application_claims(), [](auto&) {}), public_pem())},
          {"an application signed with its secret", jwt(with(base, [](auto& c) {
             c["iss"] = k_application, c["session_id"] = to_opentok_session(k_session_of_application, k_application); }))},
          {"a project that signs like an application", jwt_rs256(with(application_claims(), [](auto& c) {
             c["application_id"] = k_key, c["session_id"] = to_opentok_session(k_session, k_key); }))},
          {"RS256, another session's application", jwt_rs256(with(application_claims(), [](auto& c) { c["session_id"] = to_opentok_session(k_session, k_key); }))},
          {"payload exchanged", good.substr(0, good.find('.')) + "." + to_base64url(boost::json::serialize(with(base, [](auto& c) { c["role"] = "moderator"; }))) + good.substr(good.rfind('.'))},
          {"signature in padded base64", good + "="},
          {"unknown project", changed([](auto& c) { c["iss"] = "45828063"; })},
          {"no project", changed([](auto& c) { c.erase("iss"); })},
          {"project as a list", changed([](auto& c) { c["iss"] = boost::json::array{k_key}; })},
          {"no scope", changed([](auto& c) { c.erase("scope"); })},
          {"another scope", changed([](auto& c) { c["scope"] = "admin"; })},
          {"a foreign session", changed([&](auto& c) { c["session_id"] = foreign; })},
          {"session as a number", changed([](auto& c) { c["session_id"] = 5; })},
          {"unknown role", changed([](auto& c) { c["role"] = "root"; })},
          {"role as a number", changed([](auto& c) { c["role"] = 1; })},
          {"issued in the future", changed([](auto& c) { c["iat"] = 1'700'000'031; })},
          {"not before the future", changed([](auto& c) { c["nbf"] = 1'700'000'031; })},
          {"no moment at all", changed([](auto& c) { c.erase("iat"); })},
          {"expiry as a text", changed([](auto& c) { c["exp"] = "1700086400"; })},
          {"expiry below zero", changed([](auto& c) { c["exp"] = -1; })},
          {"expiry beyond all numbers", changed([](auto& c) { c["exp"] = 1e300; })},
          {"data as an object", changed([](auto& c) { c["connection_data"] = object{}; })},
          {"data of 1025 characters", changed([](auto& c) { c["connection_data"] = std::string(1025, 'x'); })},
          {"payload is no object", [&] { const auto text = to_base64url(R"({"alg":"HS256"})") + "." + to_base64url("[]"); return text + "." + to_base64url(hmac(Digest::Sha256, text, k_secret)); }()},
          {"payload too deep", changed([](auto& c) { c["x"] = boost::json::parse("[[[[[[[[]]]]]]]]"); })},
          {"a backend's REST token", jwt(rest_claims())},
          {"longer than a token may be", changed([](auto& c) { c["x"] = std::string(8'192, 'x'); })}};
}

TEST(OpenTokToken, WhatIsWrongIsRefusedAlike) {
  auto all = bad_t1();
  for (auto& bad : bad_jwts()) all.push_back(std::move(bad));
  EXPECT_GE(all.size(), 60u);
  const auto answer = "bad_token: " + bad_token().message;
  for (const auto& [name, token] : all) EXPECT_EQ(result_of(token), answer) << name;
}

TEST(OpenTokToken, ASessionThatOpenTokHasMadeIsRefusedWithWhatToDo) {
  const std::string theirs = "1_MX40NTgyODA2Mn5-MTcwMDAwMDAwMDAwMH5YeFlaK3h6eWxIUUhtSjhmZEtTbmZ6dGV-fg";
  EXPECT_EQ(result_of(t1(t1_data({{"session_id", theirs}}))), "bad_token: " + std::string(k_not_made_here));
  EXPECT_TRUE(is_session_of_opentok(theirs));
  EXPECT_TRUE(is_session_of_opentok("2_" + theirs.substr(2)));
  EXPECT_FALSE(is_session_of_opentok(to_opentok_session(SessionId(1, 2), "1")));
  for (const auto* none : {"", "1_", "1_abc", "sess_1", "3_MX40NTgyODA2Mn5-MTcwMDAwMDAwMDAwMH5YeFlaK3h6eWxIUUhtSjhmZEtTbmZ6dGV-fg"}) EXPECT_FALSE(is_session_of_opentok(none));
}

TEST(OpenTokToken, EveryTruncationIsRefused) {
  for (const auto& token : {t1(t1_data()), jwt(client_claims())}) {
    for (std::size_t size = 0; size < token.size(); ++size) ASSERT_NE(result_of(token.substr(0, size)), "ok") << size;
  }
}

// --- REST

std::optional<ProjectId> asks(const std::string& token, RestRules rules = {}) {
  return authenticate_rest({token, "", ""}, keys_of, k_now, rules);
}

TEST(OpenTokRestToken, OfEverySdkIsTaken) {
  EXPECT_EQ(asks(jwt(rest_claims())), k_key);
  EXPECT_EQ(asks(jwt(with(rest_claims(), [](auto& c) { c["jti"] = "0.123"; }))), k_key);
  EXPECT_EQ(asks(jwt(with(rest_claims(), [](auto& c) { c.erase("ist"); }), k_secret, R"({"ist":"project","alg":"HS256"})")), k_key) << "Ruby";
  EXPECT_EQ(asks(jwt(rest_claims(), k_old_secret)), k_key);
  const object application{{"application_id", k_application}, {"ist", "project"}, {"iat", 1'700'000'000}, {"exp", 1'700'000'300}, {"jti", "x"}};
  EXPECT_EQ(asks(jwt_rs256(application)), k_application) << "PHP: in X-OPENTOK-AUTH";
  EXPECT_EQ(authenticate_rest({"", "Bearer " + jwt_rs256(application), ""}, keys_of, k_now, {}), k_application);
}

TEST(OpenTokRestToken, WhatIsWrongIsRefused) {
  const auto base = rest_claims();
  const auto changed = [&](auto change) { return jwt(with(base, change)); };
  const Bad bad = {{"nothing", ""},
                   {"a client's token", jwt(client_claims())},
                   {"a client's token in Offhook's form", jwt({{"iss", k_key}, {"sub", "alice"}, {"iat", 1'700'000'000}, {"exp", 1'700'000'300}})},
                   {"a session token in Offhook's form", jwt({{"iss", k_key}, {"session", k_session.text()}, {"exp", 1'700'000'300}})},
                   {"a T1 token", t1(t1_data())},
                   {"expired", changed([](auto& c) { c["exp"] = 1'699'999'939; })},
                   {"no expiry", changed([](auto& c) { c.erase("exp"); })},
                   {"issued in the future", changed([](auto& c) { c["iat"] = 1'700'000'061; })},
                   {"of an account of somebody", changed([](auto& c) { c["ist"] = "user"; })},
                   {"ist as a number", changed([](auto& c) { c["ist"] = 1; })},
                   {"unknown issuer", changed([](auto& c) { c["iss"] = "1"; })},
                   {"another secret", jwt(base, "guess")},
                   {"signed with the public key", jwt({{"application_id", k_application}, {"iss", k_application}, {"exp", 1'700'000'300}}, public_pem())},
                   {"an application by its secret", jwt({{"iss", k_application}, {"exp", 1'700'000'300}})},
                   {"alg none", to_base64url(R"({"alg":"none"})") + "." + to_base64url(boost::json::serialize(base)) + "."}};
  for (const auto& [name, token] : bad) EXPECT_FALSE(asks(token)) << name;
  EXPECT_FALSE(asks(jwt(with(base, [](auto& c) { c["exp"] = 1'700'000'361; })), {false, 300s})) << "longer than the rule";
  EXPECT_TRUE(asks(jwt(with(base, [](auto& c) { c["exp"] = 1'700'000'360; })), {false, 300s}));
}

TEST(OpenTokRestToken, KeyAndSecretInTheClearOnlyWhereAllowed) {
  const std::string text = k_key + ":" + k_secret;
  const RestRules allowed{true, 300s};
  EXPECT_FALSE(authenticate_rest({"", "", text}, keys_of, k_now, {}));
  EXPECT_EQ(authenticate_rest({"", "", text}, keys_of, k_now, allowed), k_key);
  for (const auto& wrong : {k_key + ":", k_key, k_key + ":" + k_secret + "a", ":" + k_secret, k_application + ":" + k_secret}) {
    EXPECT_FALSE(authenticate_rest({"", "", wrong}, keys_of, k_now, allowed)) << wrong;
  }
  EXPECT_FALSE(authenticate_rest({"x.y.z", "", text}, keys_of, k_now, allowed)) << "the first header counts";
}

}  // namespace
}  // namespace offhook::wire
