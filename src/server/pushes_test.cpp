// What a sender is given.
#include "server/pushes.hpp"

#include <gtest/gtest.h>

#include "wire/codec.hpp"

namespace offhook::server {
namespace {

using namespace std::chrono_literals;

constexpr Instant k_now{1'700'000'000s};

core::Push push() {
  core::Push made;
  made.call = CallId(1, 2);
  made.user = {"7", "bob"};
  made.device = "b1";
  made.address = {wire::PushProvider::ApnsVoip, "token"};
  made.caller = {"alice", "phone"};
  made.media = wire::Media::Video;
  made.expires_at = k_now + 20s;
  return made;
}

std::string payload_in(const std::string& body) {
  const std::string name = "\"payload\":";
  const auto begin = body.find(name) + name.size();
  return body.substr(begin, body.size() - begin - 2);  // it stands last in data, and data last in the body
}

TEST(PushBody, SaysWhereItGoesAndWhatTheDeviceIsToGet) {
  const auto body = to_body(push(), k_now + 1s);
  EXPECT_EQ(body.find(R"({"type":"call.push","timestamp":"2023-11-14T22:13:21.000Z","data":{"project":"7","user":"bob","device_id":"b1","provider":"apns_voip","token":"token","collapse_key":")" + CallId(1, 2).text() + "\""), 0U) << body;
  const auto payload = wire::decode_push_payload(payload_in(body));
  ASSERT_TRUE(payload) << payload.error().message;
  EXPECT_EQ(payload->call_id, CallId(1, 2));
  EXPECT_EQ(payload->project, "7");
  EXPECT_EQ(payload->caller.user, "alice");
  EXPECT_EQ(payload->caller.device, "phone");
  EXPECT_EQ(payload->to, "bob");
  EXPECT_EQ(payload->media, wire::Media::Video);
  EXPECT_FALSE(payload->group);
  EXPECT_EQ(payload->expires_at_ms, to_unix_ms(k_now + 20s));
  EXPECT_EQ(payload->remaining_ms, 19'000);
}

TEST(PushBody, DataThatWouldNotFitIsLeftOut) {
  auto made = push();
  made.data = std::string(1'000, 'x');
  EXPECT_EQ(wire::decode_push_payload(payload_in(to_body(made, k_now)))->data, made.data);
  made.data = std::string(1'000, '\x01');  // six bytes each in JSON
  const auto payload = payload_in(to_body(made, k_now));
  EXPECT_LE(payload.size(), 3'072U);
  EXPECT_FALSE(wire::decode_push_payload(payload)->data);
}

TEST(PushBody, NothingRemainsAfterTheEnd) {
  EXPECT_EQ(wire::decode_push_payload(payload_in(to_body(push(), k_now + 21s)))->remaining_ms, 0);
}

TEST(PushPayload, OfSomethingElseIsNone) {
  const auto good = payload_in(to_body(push(), k_now));
  EXPECT_TRUE(wire::decode_push_payload(good));
  auto other = good;
  other.replace(other.find("\"call\""), 6, "\"chat\"");
  for (const auto& text : {std::string(), std::string("[]"), std::string("{}"), other}) EXPECT_FALSE(wire::decode_push_payload(text)) << text;
}

}  // namespace
}  // namespace offhook::server
