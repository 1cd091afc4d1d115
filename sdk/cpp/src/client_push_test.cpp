// A client that is woken: what an application gives it of a push, over real sockets and by the machine's real clock.
#include <atomic>

#include "client_testing.hpp"

namespace offhook {
namespace {

using namespace std::chrono_literals;

// As the server makes it, of a call of bob's to alice that still rings for `remaining`.
std::string payload(std::chrono::milliseconds remaining = 20s, std::chrono::milliseconds age = 0ms) {
  const auto now_ms = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
  return R"({"type":"call","project":"1","caller":{"user":"bob","device":"Phone"},"to":"alice","media":"audio","data":"a word","call_id":")" + k_call.text() +
         R"(","expires_at_ms":)" + std::to_string(now_ms + (remaining - age).count()) + R"(,"remaining_ms":)" + std::to_string(remaining.count()) + "}";
}

wire::Snapshot call_from_bob(std::uint64_t version = 1) {
  auto call = call_to_bob(wire::Phase::Inviting, version);
  call.role = Role::Callee;
  call.you = wire::DeviceState::Notified;
  std::swap(call.caller, call.callee);
  return call;
}

class Woken : public testing::Test {
 protected:
  Woken() {
    auto options = options_for(listener);
    options.push = PushAddress{PushProvider::Fcm, "token"};
    client.emplace(std::move(options));
    client->on_incoming([this](Call call) {
      if (++rings > 1) return;
      call.on_ended([this](const CallEnd& end) { ended_with.tell(end.outcome); });
      incoming.tell(std::move(call));
    });
  }
  std::string answer_to(const std::string& text) {
    Told<std::string> word;
    client->handle_push(text, [&](const std::optional<Problem>& problem) { word.tell(problem ? problem->word : "taken"); });
    return word.get();
  }

  Listener listener;
  Told<Call> incoming;
  Told<Outcome> ended_with;
  std::atomic<int> rings = 0;
  std::optional<Client> client;
};

TEST_F(Woken, ItRingsBeforeTheServerIsHeardConnectsAndSaysSo) {
  EXPECT_EQ(answer_to(payload()), "taken");
  auto call = incoming.get();
  EXPECT_EQ(call.id(), k_call);
  EXPECT_EQ(call.peer(), "bob");
  EXPECT_EQ(call.data(), "a word");
  EXPECT_EQ(call.state(), CallState::Incoming);
  wire::Hello hello;
  auto peer = listener.welcome(&hello, {call_from_bob()});
  EXPECT_EQ(hello.push, (wire::PushAddress{wire::PushProvider::Fcm, "token"}));
  EXPECT_EQ(hello.calls, std::vector{k_call});
  EXPECT_EQ(peer.expect<wire::RingAck>().call_id, k_call);
  call.answer();
  EXPECT_EQ(peer.expect<wire::Answer>().call_id, k_call);
  EXPECT_EQ(answer_to(payload()), "taken");
  EXPECT_EQ(rings, 1) << "a push that comes twice";
}

TEST_F(Woken, WhatTheServerSaysEndsIt) {
  client->handle_push(payload());
  incoming.get();
  auto over = ended(call_from_bob(), Outcome::Cancelled);
  over.device_outcome = Outcome::Missed;
  auto peer = listener.welcome(nullptr, {over});
  EXPECT_EQ(ended_with.get(), Outcome::Missed);
  EXPECT_EQ(answer_to(payload()), "taken");
  EXPECT_EQ(rings, 1) << "what is over rings no more";
}

TEST_F(Woken, OneThatIsTooOldRingsOnlyIfTheServerSaysSo) {
  EXPECT_EQ(answer_to(payload(20s, 30s)), "taken");
  EXPECT_EQ(rings, 0);
  wire::Hello hello;
  auto peer = listener.welcome(&hello, {call_from_bob()});
  EXPECT_EQ(hello.calls, std::vector{k_call}) << "the server is asked";
  EXPECT_EQ(peer.expect<wire::RingAck>().call_id, k_call);
  incoming.get();
}

TEST_F(Woken, WhatIsNoPayloadIsBadPushAndDoesNothing) {
  for (const auto* text : {"", "{}", "[1]", R"({"type":"call","call_id":"call_x"})"}) EXPECT_EQ(answer_to(text), "bad_push") << text;
  EXPECT_EQ(rings, 0);
}

TEST_F(Woken, AnAddressIsChangedAndTakenBack) {
  client->connect();
  auto peer = listener.welcome();
  Told<bool> changed, refused;
  client->set_push(PushAddress{PushProvider::Web, "other"}, [&](const std::optional<Problem>& problem) { changed.tell(!problem); });
  auto command = peer.expect<wire::SetPush>();
  EXPECT_EQ(command.push, (wire::PushAddress{wire::PushProvider::Web, "other"}));
  peer.say(wire::Reply{command.cmd_id, {}});
  EXPECT_TRUE(changed.get());
  client->set_push({}, [&](const std::optional<Problem>& problem) { refused.tell(problem && problem->word == "overloaded"); });
  command = peer.expect<wire::SetPush>();
  EXPECT_FALSE(command.push);
  peer.say(wire::Error{command.cmd_id, wire::ErrorWord::Overloaded, "later", false});
  EXPECT_TRUE(refused.get());
}

}  // namespace
}  // namespace offhook
