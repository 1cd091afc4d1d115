#include "wire/opentok_session.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "wire/base64.hpp"

namespace offhook::wire {
namespace {

const Instant k_now = from_unix_ms(1'700'000'000'123);

TEST(OpenTokSession, GoesThereAndBackForKeysAndApplications) {
  for (const std::string project : {"1", "1000001", "45828062", "2147483647", "78d335fa-323d-0114-9c3d-d6f0d48968cf"}) {
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
      const auto id = make_session_id(Slot{static_cast<std::uint32_t>(seed)}, project, k_now, seed * 0x9e3779b97f4a7c15, ~seed * 0x9e3779b97f4a7c15);
      const auto text = to_opentok_session(id, project);
      ASSERT_EQ(from_opentok_session(text, project), id) << text;
      ASSERT_EQ(id.slot().value, seed);
      ASSERT_FALSE(from_opentok_session(text, project + "1"));
    }
  }
}

// What the SDKs do to find the key in it, each in its own way.
TEST(OpenTokSession, EverySdkFindsTheKey) {
  const std::string project = "45828062";
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const auto text = to_opentok_session(make_session_id(Slot{7}, project, k_now, seed, seed * 77), project);
    ASSERT_EQ(std::count(text.begin(), text.end(), '_'), 1) << ".NET splits there";
    const auto body = text.substr(2);
    const auto plain = from_any_base64(body);
    ASSERT_TRUE(plain && plain->starts_with("1~45828062~~1700000000123~"));
    ASSERT_TRUE(std::all_of(plain->begin(), plain->end(), [](char c) { return c > 0x20 && c < 0x7f && c != '?' && c != '>'; }));
    std::string pieces;  // PHP decodes what is between the minus signs by itself, as far as it goes
    for (std::size_t at = 0; at < body.size();) {
      const auto end = std::min(body.find('-', at), body.size());
      auto piece = body.substr(at, end - at);
      const auto missing = (4 - piece.size() % 4) % 4;
      auto bytes = from_any_base64(piece.append(missing, 'A')).value_or("?");
      bytes.resize(bytes.size() - missing);
      pieces += bytes + "~";
      at = end + 1;
    }
    ASSERT_NE(("~" + pieces).find("~45828062~"), std::string::npos) << text;
  }
}

TEST(OpenTokSession, WhatIsNoSessionOfTheProjectIsNone) {
  const std::string project = "45828062";
  const auto id = make_session_id(Slot{7}, project, k_now, 5, 6);
  const auto text = to_opentok_session(id, project);
  const auto encoded = [](const std::string& plain) { return "1_" + to_base64url(plain); };
  const std::string random = id.text().substr(5);
  for (const auto& wrong : std::vector<std::string>{
           "", "1_", "3_" + text.substr(2), text.substr(2), text + "!", "1_MX40NTgyODA2Mn5-MTcwMDAwMDAwMDAwMH5hYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h-fg",
           encoded("1~45828062~~1700000000123~" + random), encoded("2~45828062~~1700000000123~" + random + "~~"),
           encoded("1~45828062~~1700000000124~" + random + "~~"), encoded("1~45828062"), encoded(std::string(300, '~')),
           encoded("1~45828062~~1700000000123~" + SessionId(1, 2).text().substr(5) + "~~"), id.text()}) {
    const bool has_all_that_counts = wrong == encoded("1~45828062~~1700000000123~" + random);
    EXPECT_EQ(from_opentok_session(wrong, project).has_value(), has_all_that_counts) << wrong;
  }
  EXPECT_EQ(from_opentok_session("2_" + text.substr(2), project), id) << "either prefix";
  EXPECT_EQ(parse_any_session(id.text(), project), id);
}

TEST(OpenTokSession, AProjectCannotTakeTheIdOfAnothers) {
  const auto id = make_session_id(Slot{7}, "45828062", k_now, 5, 6);
  EXPECT_FALSE(from_opentok_session(to_opentok_session(id, "45828063"), "45828063"));
}

}  // namespace
}  // namespace offhook::wire
