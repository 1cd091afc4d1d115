// tests/vectors: the texts that every implementation of the protocol must read and write alike.
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include <fstream>
#include <map>
#include <sstream>

#include "wire/codec.hpp"
#include "wire/fields.hpp"
#include "wire/token.hpp"

namespace offhook::wire {
namespace {

namespace json = boost::json;

json::object read_vectors(const std::string& name) {
  std::ifstream file(OFFHOOK_SOURCE_DIR "/tests/vectors/" + name);
  EXPECT_TRUE(file) << name;
  std::stringstream text;
  text << file.rdbuf();
  return json::parse(text.str()).as_object();
}

std::string text_of(const json::value& vector, std::string_view field) {
  const auto* found = vector.as_object().if_contains(field);
  return found == nullptr ? "" : std::string(found->as_string());
}

template <class Message>
std::string round_trip(const Result<Message, Error>& decoded) {
  return decoded ? encode(*decoded) : "refused: " + decoded.error().message;
}

TEST(Vectors, EveryMessageHasOneCanonicalText) {
  const auto file = read_vectors("messages.json");
  std::map<std::string, int> seen;
  for (const auto& vector : file.at("vectors").as_array()) {
    const auto text = text_of(vector, "text");
    const auto direction = text_of(vector, "direction");
    const auto again = direction == "client" ? round_trip(decode_client(text)) : round_trip(decode_server(text));
    EXPECT_EQ(again, text) << text_of(vector, "name");
    ++seen[direction + " " + text_of(json::parse(text), "type")];
  }
  for (const auto type : k_client_types) EXPECT_GE(seen["client " + std::string(type)], 2) << type;
  for (const auto type : k_server_types) EXPECT_GE(seen["server " + std::string(type)], 2) << type;
}

TEST(Vectors, AnEventWrittenOnceHasTheNumberOfEachWhoGetsIt) {
  const auto file = read_vectors("messages.json");
  int events = 0;
  for (const auto& vector : file.at("vectors").as_array()) {
    if (text_of(vector, "direction") == "client") continue;
    auto message = decode_server(text_of(vector, "text")).value();
    if (seq_of(message) == nullptr) continue;
    const EventText text(message);
    for (const std::uint64_t seq : {std::uint64_t{1}, std::uint64_t{90'210}, UINT64_MAX}) {
      *seq_of(message) = seq;
      EXPECT_EQ(text.with(seq), encode(message));
    }
    ++events;
  }
  EXPECT_GT(events, 20);
}

TEST(Vectors, BadMessagesGetTheirWord) {
  const auto file = read_vectors("bad_messages.json");
  for (const auto& vector : file.at("vectors").as_array()) {
    const auto text = text_of(vector, "text");
    const auto name = text_of(vector, "name");
    if (text_of(vector, "direction") == "server") {
      const auto decoded = decode_server(text);
      ASSERT_FALSE(decoded) << name;
      EXPECT_EQ(decoded.error().cmd_id.value_or(""), text_of(vector, "cmd_id")) << name;
      const auto* seq = vector.as_object().if_contains("seq");
      EXPECT_EQ(seq_in(text), seq == nullptr ? std::nullopt : std::optional<std::uint64_t>(seq->as_int64())) << name;
      continue;
    }
    const auto decoded = decode_client(text);
    ASSERT_FALSE(decoded) << name;
    EXPECT_EQ(word(decoded.error().error), text_of(vector, "error")) << name;
    EXPECT_EQ(decoded.error().cmd_id.value_or(""), text_of(vector, "cmd_id")) << name;
  }
}

TEST(Vectors, WhatANewerServerAddsIsPassedOver) {
  const auto file = read_vectors("newer_messages.json");
  for (const auto& vector : file.at("vectors").as_array()) {
    EXPECT_EQ(round_trip(decode_server(text_of(vector, "text"))), text_of(vector, "as")) << text_of(vector, "name");
  }
}

TEST(Vectors, TokensAreTakenOrRefused) {
  const auto file = read_vectors("tokens.json");
  const Instant now{std::chrono::seconds{file.at("now_s").as_int64()}};
  const auto keys_of = [&](std::string_view project) {
    return project == file.at("project").as_string() ? std::optional(ProjectKeys{{text_of(file, "secret")}, {}}) : std::nullopt;
  };
  for (const auto& vector : file.at("vectors").as_array()) {
    const auto verified = verify_token(text_of(vector, "token"), keys_of, now);
    const auto name = text_of(vector, "name");
    EXPECT_EQ(verified ? "ok" : word(verified.error().error), text_of(vector, "result")) << name;
    const auto* claims = vector.as_object().if_contains("claims");
    if (!verified || claims == nullptr) continue;
    EXPECT_EQ(verified->user.value_or(""), text_of(*claims, "user")) << name;
    EXPECT_EQ(verified->device.value_or(""), text_of(*claims, "device")) << name;
    EXPECT_EQ(verified->data.value_or(""), text_of(*claims, "data")) << name;
    EXPECT_EQ(verified->session ? verified->session->text() : "", text_of(*claims, "session")) << name;
    EXPECT_EQ(verified->scope == Scope::Admin, text_of(*claims, "scope") == "admin") << name;
  }
}

}  // namespace
}  // namespace offhook::wire
