// What an engine has in all (Capacity): what happens where it is full, and that nobody else is disturbed.
#include "core/engine_testing.hpp"
#include "core/ring_budget.hpp"

namespace offhook::core {
namespace {

using wire::ErrorWord;

Settings with(std::size_t Capacity::*limit, std::size_t most) {
  Settings settings;
  settings.capacity.*limit = most;
  return settings;
}

class Crowd {
 public:
  explicit Crowd(Settings settings) : world(std::move(settings)) {
    for (auto* each : {&alice, &bob}) world.say_hello(*each);
  }

  CallId invite(const UserId& callee) {
    world.send(alice, wire::Invite{"", callee, wire::Media::None, {}, {}});
    return world.replied_call(alice).call_id;
  }
  template <class Item>
  int kept() const {
    return static_cast<int>(std::ranges::count_if(world.kept, [](const auto& each) { return std::holds_alternative<Item>(each.second); }));
  }
  ErrorWord error(const World::Device& device) { return world.last<wire::Error>(device).error; }

  World world;
  World::Device alice = world.connect("alice", "a"), bob = world.connect("bob", "b");
};

TEST(Capacity, ClientsBeyondItAreToComeAgain) {
  Crowd crowd(with(&Capacity::clients, 2));
  auto carol = crowd.world.connect("carol", "c");
  crowd.world.say_hello(carol);
  EXPECT_EQ(carol.closed, 4005);
  EXPECT_EQ(crowd.error(carol), ErrorWord::Overloaded);
  EXPECT_EQ(crowd.world.last<wire::Error>(carol).retry_after_ms, 30'000);
  crowd.invite("bob");
  EXPECT_EQ(crowd.world.count<wire::CallEvent>(crowd.bob), 1) << "those who are there are served";
  crowd.world.send(crowd.bob, wire::GetRules{""});
  crowd.world.close(crowd.bob);
  crowd.world.say_hello(crowd.bob, true);
  EXPECT_TRUE(crowd.bob.welcome.resumed) << "and come back";
}

TEST(Capacity, ACallBeyondItEndsAsOverloaded) {
  Crowd crowd(with(&Capacity::live_calls, 1));
  const auto first = crowd.invite("bob");
  crowd.invite("carol");
  EXPECT_EQ(crowd.world.replied_call(crowd.alice).outcome, wire::Outcome::Failed);
  EXPECT_EQ(crowd.world.replied_call(crowd.alice).reason, wire::Reason::Overloaded);
  EXPECT_EQ(crowd.world.engine.counts().live_calls, 1u);
  crowd.world.send(crowd.alice, wire::Cancel{"", first});
  crowd.invite("carol");
  EXPECT_NE(crowd.world.replied_call(crowd.alice).phase, wire::Phase::Ended) << "there is room again";
}

TEST(Capacity, OfEndedCallsTheOldestIsForgotten) {
  Crowd crowd(with(&Capacity::kept_calls, 1));
  const auto first = crowd.invite("bob");
  crowd.world.send(crowd.alice, wire::Cancel{"", first});
  crowd.world.send(crowd.alice, wire::GetCall{"", first});
  EXPECT_EQ(crowd.world.replied_call(crowd.alice).call_id, first);
  const auto second = crowd.invite("bob");
  crowd.world.send(crowd.alice, wire::Cancel{"", second});
  crowd.world.send(crowd.alice, wire::GetCall{"", first});
  EXPECT_EQ(crowd.error(crowd.alice), ErrorWord::NoSuchCall);
  crowd.world.send(crowd.alice, wire::GetCall{"", second});
  EXPECT_EQ(crowd.world.replied_call(crowd.alice).call_id, second);
}

TEST(Capacity, SessionsBeyondItAreRefused) {
  Crowd crowd(with(&Capacity::sessions, 1));
  crowd.world.send(crowd.alice, wire::SessionCreate{""});
  EXPECT_EQ(crowd.world.count<wire::Error>(crowd.alice), 0);
  crowd.world.send(crowd.bob, wire::SessionCreate{""});
  EXPECT_EQ(crowd.error(crowd.bob), ErrorWord::LimitReached);
  EXPECT_EQ(crowd.world.engine.counts().sessions, 1u);
}

TEST(Capacity, UsersBeyondItAreNotKnownOnceTheyAreGone) {
  auto settings = with(&Capacity::seen_users, 1);
  settings.refuse_unknown_users = true;
  Crowd crowd(settings);
  const auto reason = [&](World::Device& caller, const UserId& callee) {
    crowd.world.send(caller, wire::Invite{"", callee, wire::Media::None, {}, {}});
    return crowd.world.replied_call(caller).reason;
  };
  EXPECT_EQ(crowd.kept<SeenRecord>(), 1);
  crowd.world.feed(Received{crowd.bob.link, wire::Bye{}, std::nullopt});
  EXPECT_EQ(reason(crowd.alice, "bob"), wire::Reason::NoSuchUser);
  crowd.world.say_hello(crowd.bob);
  crowd.world.feed(Received{crowd.alice.link, wire::Bye{}, std::nullopt});
  EXPECT_NE(reason(crowd.bob, "alice"), wire::Reason::NoSuchUser);
}

TEST(Capacity, OfTheCommandsOfDevicesThatAreGoneTheOldestAreForgotten) {
  Crowd crowd(with(&Capacity::parked_memories, 1));
  const auto place = [&](World::Device& device, const UserId& callee) {
    crowd.world.feed(Received{device.link, wire::Invite{"same", callee, wire::Media::None, {}, {}}, std::nullopt});
    return crowd.world.replied_call(device).call_id;
  };
  const auto of_alice = place(crowd.alice, "x"), of_bob = place(crowd.bob, "y");
  crowd.world.run(61s);  // both have ended
  for (auto* device : {&crowd.alice, &crowd.bob}) {
    crowd.world.feed(Received{device->link, wire::Bye{}, std::nullopt});
    crowd.world.run(1s);
  }
  for (auto* device : {&crowd.bob, &crowd.alice}) crowd.world.say_hello(*device);
  EXPECT_EQ(place(crowd.bob, "y"), of_bob) << "a repetition";
  EXPECT_NE(place(crowd.alice, "x"), of_alice) << "a new command";
}

TEST(Capacity, OfMissedCallsTheOldestIsForgotten) {
  Crowd crowd(with(&Capacity::missed, 1));
  const auto miss = [&](const UserId& callee) {
    const auto call = crowd.invite(callee);
    crowd.world.send(crowd.alice, wire::Cancel{"", call});
    return call;
  };
  miss("carol");
  const auto latest = miss("dave");
  auto carol = crowd.world.connect("carol", "c"), dave = crowd.world.connect("dave", "d");
  crowd.world.say_hello(carol);
  crowd.world.say_hello(dave);
  EXPECT_EQ(crowd.world.count<wire::Missed>(carol), 0);
  ASSERT_EQ(crowd.world.count<wire::Missed>(dave), 1);
  EXPECT_EQ(crowd.world.last<wire::Missed>(dave).record.call_id, latest);
}

TEST(Capacity, OfPushAddressesTheOldestIsForgotten) {
  auto settings = with(&Capacity::push_devices, 1);
  settings.push = true;
  Crowd crowd(settings);
  for (auto* device : {&crowd.alice, &crowd.bob}) {
    crowd.world.send(*device, wire::SetPush{"", wire::PushAddress{wire::PushProvider::Fcm, device->user}});
    crowd.world.run(1s);
  }
  ASSERT_EQ(crowd.kept<PushRecord>(), 1);
  for (const auto& [key, record] : crowd.world.kept) {
    const auto* push = std::get_if<PushRecord>(&record);
    EXPECT_TRUE(push == nullptr || push->user.user == "bob");
  }
}

TEST(Capacity, RulesOfNoMoreUsersAreKeptAndThatIsSaid) {
  Crowd crowd(with(&Capacity::rules, 1));
  wire::Rules quiet;
  quiet.do_not_disturb = true;
  crowd.world.send(crowd.alice, wire::SetRules{"", quiet});
  EXPECT_EQ(crowd.world.count<wire::Error>(crowd.alice), 0);
  crowd.world.send(crowd.bob, wire::SetRules{"", quiet});
  EXPECT_EQ(crowd.error(crowd.bob), ErrorWord::LimitReached);
  crowd.world.feed(AdminSetRules{7, {"1", "bob"}, quiet});
  EXPECT_EQ(std::get<RestRefusal>(crowd.world.rest_answers.back().answer), RestRefusal::LimitReached);
  crowd.world.send(crowd.bob, wire::GetRules{""});
  EXPECT_FALSE(std::get<wire::RulesReply>(crowd.world.last<wire::Reply>(crowd.bob).body).rules.do_not_disturb) << "as they were";
  quiet.max_parallel_rings = 1;
  crowd.world.send(crowd.alice, wire::SetRules{"", quiet});
  EXPECT_EQ(crowd.world.count<wire::Error>(crowd.alice), 0) << "who has some may change them";
}

TEST(Capacity, CancelsThatWaitAreRefusedBeyondIt) {
  Crowd crowd(with(&Capacity::early_cancels, 1));
  const wire::Cancel early{"", std::nullopt, "later"};
  crowd.world.send(crowd.alice, early);
  EXPECT_EQ(crowd.world.count<wire::Error>(crowd.alice), 0);
  crowd.world.send(crowd.bob, early);
  EXPECT_EQ(crowd.error(crowd.bob), ErrorWord::LimitReached);
}

TEST(Capacity, OfWhoHasRungTheLatestAreCounted) {
  RingBudget budget(2);
  const Instant now{std::chrono::seconds{1'700'000'000}};
  const auto may_ring = [&](const char* who) { return budget.may_ring(who, 1, now); };
  EXPECT_TRUE(may_ring("a") && may_ring("b"));
  EXPECT_TRUE(may_ring("c")) << "room is made";
  EXPECT_FALSE(may_ring("a")) << "still known";
  EXPECT_TRUE(may_ring("d") && may_ring("e") && may_ring("f"));
  EXPECT_TRUE(may_ring("b")) << "forgotten";
}

}  // namespace
}  // namespace offhook::core
