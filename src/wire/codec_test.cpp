#include "wire/codec.hpp"

#include <gtest/gtest.h>

#include "wire/limits.hpp"

namespace offhook::wire {
namespace {

const CallId k_call(1, 2);

Invite full_invite() {
  Invite invite{"24", "bob", Media::Audio, 5000, "d"};
  invite.wake_timeout_ms = 1000;
  invite.connect_timeout_ms = 5000;
  invite.drop_grace_ms = 3000;
  invite.max_duration_ms = 60'000;
  invite.decline_policy = DeclinePolicy::AllDevices;
  invite.wait_full_ring = true;
  return invite;
}

TEST(Codec, ClientMessagesGoThereAndBack) {
  const ClientMessage messages[] = {
      Hello{1, "a.b.c", "d1", "test", Resume{ClientId(3, 4), "key", 7}, {k_call}},
      ClientPing{}, ClientPong{5}, ClientPong{}, Ack{9}, Bye{},
      Invite{"1", "bob", Media::Video, 5000, "he said \"hi\"\n\x01"}, RingAck{"2", k_call, true}, RingAck{"2", k_call, false},
      Answer{"3", k_call}, Decline{"4", k_call, DeclineReason::Busy}, Cancel{"5", k_call}, Hangup{"6", k_call},
      GiveUp{"7", k_call, "ring"}, MediaUp{"8", k_call}, MediaFailed{"9", k_call, MediaFailure::Permission},
      History{"10", 5, k_call}, SessionCreate{"11"}, SessionConnect{"12", SessionId(1, 1), "t"},
      Signal{"13", SessionId(1, 1), "chat", "hello", ConnectionId(2, 2)},
      Negotiate{"14", SessionId(1, 1), ConnectionId(2, 2), Description{"offer", "v=0\r\n"}, {}},
      Expect{"15", SessionId(1, 1), 2000, "bob", {}}, WatchPresence{"16"},
      Ignore{"17", k_call}, Cancel{"18", {}, "1"}, MoveHere{"19", k_call}, RingMore{"20", k_call, {"carol"}}, GetRules{"21"},
      SetRules{"22", {CallWaiting::Off, 3, true, {"mallory"}}}, full_invite(),
      Invite{"23", "", Media::Audio, {}, {}, {}, {}, {}, {}, {}, false, Group{{"bob", "carol"}, GroupMode::AllJoin, OwnerLeaves::Stay}}};
  for (const auto& message : messages) {
    const auto text = encode(message);
    const auto decoded = decode_client(text);
    ASSERT_TRUE(decoded) << text << ": " << decoded.error().message;
    EXPECT_EQ(decoded->index(), message.index());
    EXPECT_EQ(encode(*decoded), text);
  }
}

TEST(Codec, ServerMessagesGoThereAndBack) {
  Snapshot call;
  call.call_id = k_call;
  call.caller = {"alice", "phone"};
  call.callee = {"bob", {}};
  call.deadlines_remaining_ms.ring = 45'000;
  call.outcome = Outcome::NoAnswer;
  Welcome welcome;
  welcome.client_id = ClientId(1, 1);
  welcome.heartbeat_ms = 1000;
  welcome.calls = {call};
  welcome.ice_servers = {{{"stun:example.org"}, "u", "c"}};
  Snapshot group = call;
  group.second_call = group.merged = true;
  group.group_mode = GroupMode::FirstAnswer;
  group.drop_grace_ms = 5000;
  group.legs = {{"bob", LegState::Ended, Outcome::Declined, Reason::ByUser}, {"carol", LegState::Ringing, {}, {}}};
  HistoryRecord record;
  record.call_id = k_call;
  record.peer = "bob";
  const ServerMessage messages[] = {
      welcome, ServerPing{25'000}, ServerPong{}, Reply{"1", CallReply{call}}, Reply{"2", {}},
      Reply{"3", HistoryReply{{record}}}, Reply{"4", PresenceReply{{"a", "b"}}},
      Error{"5", ErrorWord::NoSuchCall, "gone", false}, Error{{}, ErrorWord::BadToken, "no", true}, CallEvent{3, call},
      ConnectionDestroyed{4, SessionId(1, 1), ConnectionId(1, 2), LeaveReason::NetworkDisconnected},
      SignalEvent{5, SessionId(1, 1), ConnectionId(1, 2), "t", "d"}, Presence{6, "bob", true}, Draining{7, 9}, Missed{8, record},
      Reply{"6", RulesReply{{CallWaiting::RingOtherDevices, 1, false, {"x"}}}}, CallEvent{9, group},
      Elsewhere{10, {{k_call, Role::Callee, "bob", "Phone", Media::Video, 1, true}}}, Elsewhere{11, {}}};
  for (const auto& message : messages) {
    const auto text = encode(message);
    const auto decoded = decode_server(text);
    ASSERT_TRUE(decoded) << text << ": " << decoded.error().message;
    EXPECT_EQ(decoded->index(), message.index());
    EXPECT_EQ(encode(*decoded), text);
  }
}

struct Bad {
  std::string text;
  ErrorWord word;
  std::string mentions;
  std::string cmd_id;
};

TEST(Codec, BadInputGetsAWordAndNamesTheField) {
  const auto call = k_call.text();
  const Bad cases[] = {
      {"", ErrorWord::BadJson, "JSON", ""},
      {"{", ErrorWord::BadJson, "JSON", ""},
      {"{\"type\":\"ping\"} x", ErrorWord::BadJson, "JSON", ""},
      {"\"\xff\"", ErrorWord::BadJson, "JSON", ""},
      {"[1]", ErrorWord::BadMessage, "type", ""},
      {"{\"type\":1}", ErrorWord::BadMessage, "type", ""},
      {std::string(17, '[') + std::string(17, ']'), ErrorWord::TooDeep, "16", ""},
      {R"({"type":"dance","cmd_id":"x"})", ErrorWord::UnknownType, "dance", "x"},
      {R"({"type":"invite","cmd_id":"x","media":"none"})", ErrorWord::MissingField, "\"to\"", "x"},
      {R"({"type":"invite","cmd_id":"x","to":null,"media":"none"})", ErrorWord::MissingField, "\"to\"", "x"},
      {R"({"type":"invite","cmd_id":"x","to":"","media":"none"})", ErrorWord::BadField, "\"to\"", "x"},
      {R"({"type":"invite","cmd_id":"x","to":"bob","media":"smell"})", ErrorWord::BadField, "\"audio\"", "x"},
      {R"({"type":"invite","cmd_id":"x","to":"bob","media":"none","ring_timeout_ms":999})", ErrorWord::BadField, "1000", "x"},
      {R"({"type":"invite","cmd_id":"x","to":"bob","media":"none","ring_timeout_ms":2000.5})", ErrorWord::BadField, "whole", "x"},
      {R"({"type":"answer","cmd_id":"x y","call_id":")" + call + "\"}", ErrorWord::BadField, "cmd_id", ""},
      {R"({"type":"answer","cmd_id":"x","call_id":"call_1"})", ErrorWord::BadField, "call_", "x"},
      {R"({"type":"invite","cmd_id":"x","media":"none","to":"bob","group":{"users":["a","b"],"mode":"all_join"}})", ErrorWord::BadField, "\"to\"", "x"},
      {R"({"type":"invite","cmd_id":"x","media":"none","group":{"users":["a"],"mode":"all_join"}})", ErrorWord::BadField, "2 to 16", "x"},
      {R"({"type":"invite","cmd_id":"x","media":"none","group":{"users":["a",""],"mode":"all_join"}})", ErrorWord::BadField, "group.users", "x"},
      {R"({"type":"cancel","cmd_id":"x"})", ErrorWord::MissingField, "call_id", "x"},
      {R"({"type":"set_rules","cmd_id":"x","rules":{"max_parallel_rings":6}})", ErrorWord::BadField, "1 to 5", "x"},
      {R"({"type":"hello","version":1,"token":"t","device_id":"d","resume":{"client_id":1}})", ErrorWord::BadField, "resume.client_id", ""}};
  for (const auto& bad : cases) {
    const auto decoded = decode_client(bad.text);
    ASSERT_FALSE(decoded) << bad.text;
    EXPECT_EQ(word(decoded.error().error), word(bad.word)) << bad.text;
    EXPECT_NE(decoded.error().message.find(bad.mentions), std::string::npos) << decoded.error().message;
    EXPECT_EQ(decoded.error().cmd_id.value_or(""), bad.cmd_id) << bad.text;
  }
}

TEST(Codec, BodiesOfRequestsKeepTheSameRules) {
  const auto place = decode_place_request(R"({"from":"alice","to":"bob","media":"audio","drop_grace_ms":4000})");
  ASSERT_TRUE(place) << place.error().message;
  EXPECT_EQ(place->from, "alice");
  EXPECT_EQ(place->invite.drop_grace_ms, 4000);
  EXPECT_EQ(decode_place_request(R"({"from":"alice","media":"audio"})").error().error, ErrorWord::MissingField);
  EXPECT_EQ(decode_place_request("[]").error().error, ErrorWord::BadMessage);
  EXPECT_EQ(decode_ring_request(R"({"users":[]})").error().error, ErrorWord::BadField);
  const auto rules = decode_rules(R"({"call_waiting":"off","blocked":["mallory"]})");
  ASSERT_TRUE(rules);
  EXPECT_EQ(rules->max_parallel_rings, 2) << "what is left out has its default";
  EXPECT_EQ(decode_rules(encode(*rules))->blocked, rules->blocked);
}

TEST(Codec, LimitsHoldAtTheByte) {
  const auto invite = [](std::size_t bytes) {
    return encode(Invite{"1", "bob", Media::None, {}, std::string(bytes, 'x')});
  };
  EXPECT_TRUE(decode_client(invite(k_max_invite_data_bytes)));
  EXPECT_FALSE(decode_client(invite(k_max_invite_data_bytes + 1)));
}

TEST(Codec, AClientForgivesWhatANewerServerAdds) {
  Snapshot call;
  call.call_id = k_call;
  auto text = encode(CallEvent{1, call});
  text.insert(text.size() - 2, R"(,"reason":"solar_flare","colour":"blue")");
  const auto decoded = decode_server(text);
  ASSERT_TRUE(decoded) << decoded.error().message;
  EXPECT_FALSE(std::get<CallEvent>(*decoded).call.reason);
  EXPECT_EQ(decode_server(R"({"type":"novelty","seq":3})").error().error, ErrorWord::UnknownType);
}

TEST(Codec, TheNumberOfAnEventThatCannotBeUsedIsStillKnown) {
  EXPECT_EQ(seq_in(R"({"type":"novelty","seq":3})"), 3u);
  EXPECT_EQ(seq_in(R"({"type":"call","seq":4,"call":{}})"), 4u);
  for (const auto* text : {"", "[]", R"({"seq":3})", R"({"type":"x"})", R"({"type":"x","seq":"3"})", R"({"type":"x","seq":0})"}) {
    EXPECT_FALSE(seq_in(text)) << text;
  }
}

}  // namespace
}  // namespace offhook::wire
