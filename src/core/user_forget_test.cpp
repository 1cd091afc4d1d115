// A user of whom nothing is to be known any more.
#include "core/engine_testing.hpp"

namespace offhook::core {
namespace {

using wire::Outcome;

class Forget : public CallTest {
 protected:
  RestAnswered forget(const UserId& user) {
    world.feed(AdminForgetUser{7, {"1", user}});
    return world.rest_answers.back();
  }
  // What the engine gave the store back for `user`.
  std::vector<std::string> gone(const UserId& user) {
    Effects effects;
    world.engine.handle(world.now, AdminForgetUser{8, {"1", user}}, effects);
    std::vector<std::string> keys;
    for (const auto& effect : effects) {
      const auto* store = std::get_if<Store>(&effect);
      const auto* record = store == nullptr ? nullptr : std::get_if<GoneRecord>(&store->record);
      if (record != nullptr) keys.push_back(record->key.text.substr(0, record->key.text.find(' ')));
    }
    return keys;
  }
};

TEST_F(Forget, RulesAndMissedCallsAreTakenBackThoseOfOthersThatNameTheUserToo) {
  world.send(alice, wire::SetRules{"", {}});
  auto& carol = arrive("carol", "carol-phone");
  world.send(carol, wire::Invite{"", "alice", wire::Media::None, {}, {}});
  world.send(carol, wire::Cancel{"", world.replied_call(carol).call_id});  // missed by alice
  world.send(alice, wire::Cancel{"", invite()});                           // missed by bob
  EXPECT_EQ(gone("alice"), (std::vector<std::string>{"rules", "missed", "missed"}));
  EXPECT_TRUE(gone("alice").empty()) << "nothing is left";
}

TEST_F(Forget, NotWhileTheUserIsInACall) {
  const auto call = talk();
  for (const auto* user : {"alice", "bob"}) EXPECT_EQ(std::get<RestRefusal>(forget(user).answer), RestRefusal::InCall);
  world.send(alice, wire::Hangup{"", call});
  EXPECT_EQ(std::get<UserForgotten>(forget("alice").answer).user, (UserKey{"1", "alice"}));
  EXPECT_EQ(std::get<UserForgotten>(forget("nobody").answer).user.user, "nobody");
}

TEST_F(Forget, TheRecordOfACallKeepsItsOutcomeAndTheOtherSide) {
  const auto call = talk();
  world.send(alice, wire::Hangup{"", call});
  auto record = world.stored.back();
  forget_user(record, "alice");
  EXPECT_EQ(record.caller, k_forgotten_user);
  EXPECT_EQ(record.caller_device, "");
  EXPECT_TRUE(record.caller_leg.devices.empty());
  EXPECT_TRUE(record.invites.empty());
  EXPECT_EQ(record.legs.front().user, "bob");
  EXPECT_EQ(record.outcome, Outcome::Ended);
  EXPECT_EQ(history_record(record, "bob").peer, k_forgotten_user);
  EXPECT_TRUE(concerns(record, "bob"));
  EXPECT_FALSE(concerns(record, "alice"));
  for (const auto& note : record.notes) EXPECT_TRUE(note.user != "alice" && note.device != alice.device);
}

// A deleted caller has no devices any more in the call that a restarted server goes on from.
TEST_F(Forget, AnEndedCallOfADeletedCallerIsShownAfterARestart) {
  const auto call = talk();
  world.send(bob, wire::Hangup{"", call});
  world.feed(AdminForgetUser{1, {"1", "alice"}});
  for (auto& [key, record] : world.kept) {
    if (auto* kept = std::get_if<CallRecord>(&record)) forget_user(*kept, "alice");  // as the store does
  }
  world.crash();
  world.restart();
  world.say_hello(bob, false, {call});
  ASSERT_EQ(bob.welcome.calls.size(), 1U);
  EXPECT_EQ(bob.welcome.calls.front().caller.user, k_forgotten_user);
  EXPECT_EQ(bob.welcome.calls.front().outcome, wire::Outcome::Ended);
}

TEST_F(Forget, HistoryThatCannotBeHadIsAnErrorThatSaysWhen) {
  world.send(alice, wire::GetRules{""});
  world.feed(HistoryUnavailable{alice.welcome.client_id, "h"});
  EXPECT_EQ(world.last<wire::Error>(alice).error, wire::ErrorWord::Overloaded);
  EXPECT_EQ(world.last<wire::Error>(alice).cmd_id, "h");
}

TEST_F(Forget, WhileTheStoreIsBehindNothingIsBegunAndWhatGoesOnGoesOn) {
  const auto call = invite();
  world.feed(StoreBehind{true});
  world.send(alice, wire::Invite{"", "carol", wire::Media::None, {}, {}});
  EXPECT_EQ(world.last<wire::Error>(alice).error, wire::ErrorWord::Overloaded);
  world.send(bob, wire::Answer{"", call});
  EXPECT_EQ(world.replied_call(bob).phase, wire::Phase::Connecting);
  world.feed(Received{alice.link, wire::Invite{"c1", "bob", wire::Media::None, {}, {}}, std::nullopt});
  EXPECT_EQ(world.replied_call(alice).call_id, call) << "one that is sent again is no new one";
  world.feed(StoreBehind{false});
  world.send(alice, wire::Invite{"", "carol", wire::Media::None, {}, {}});
  EXPECT_NE(world.replied_call(alice).call_id, call);
}

}  // namespace
}  // namespace offhook::core
