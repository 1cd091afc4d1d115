// What the engine shows to whoever looks, and a device that is sent away.
#include "core/engine_testing.hpp"

namespace offhook::core {
namespace {

class Views : public CallTest {
 protected:
  std::vector<UserId> names(const UserQuery& query) {
    std::vector<UserId> found;
    for (const auto& user : world.engine.users(query)) found.push_back(user.user);
    return found;
  }
  std::vector<LiveSession> sessions(std::optional<SessionId> after = {}) { return world.engine.live_sessions({"1", after, 10}); }
  std::size_t disconnect(const UserId& user, std::optional<DeviceId> device = {}) {
    world.feed(AdminDisconnect{9, {"1", user}, std::move(device)});
    return std::get<Disconnected>(world.rest_answers.back().answer).devices;
  }
};

TEST_F(Views, UsersAreInOrderByPrefixAndBehindACursor) {
  arrive("ben", "ben-phone");
  EXPECT_EQ(names({"1", "b", {}, 10}), (std::vector<UserId>{"ben", "bob"}));
  EXPECT_EQ(names({"1", "b", {}, 1}), (std::vector<UserId>{"ben"}));
  EXPECT_EQ(names({"1", "b", "ben", 10}), (std::vector<UserId>{"bob"}));
  EXPECT_EQ(names({"1", "b", "a", 10}), (std::vector<UserId>{"ben", "bob"})) << "a cursor before the prefix";
  EXPECT_EQ(names({"1", "b", "bob", 10}), (std::vector<UserId>{}));
  EXPECT_EQ(names({"2", "", {}, 10}), (std::vector<UserId>{})) << "of another project";
}

TEST_F(Views, AUserIsShownWithDevicesAndCalls) {
  const auto call = talk();
  const auto shown = world.engine.users({"1", "alice", {}, 1}).front();
  EXPECT_EQ(shown.live_calls, (std::vector<CallId>{call}));
  ASSERT_EQ(shown.devices.size(), 1u);
  EXPECT_TRUE(shown.devices[0].online && shown.devices[0].in_call);
  world.close(alice);
  EXPECT_FALSE(world.engine.users({"1", "alice", {}, 1}).front().devices[0].online);
}

TEST_F(Views, ASessionIsListedAsLongAsSomebodyIsInIt) {
  EXPECT_TRUE(sessions().empty());
  const auto call = talk();
  ASSERT_EQ(sessions().size(), 1u);
  EXPECT_EQ(sessions()[0].calls, (std::vector<CallId>{call}));
  EXPECT_EQ(sessions()[0].connections, 2u);
  EXPECT_TRUE(sessions(sessions()[0].session).empty());
  world.send(alice, wire::Hangup{"", call});
  EXPECT_TRUE(sessions().empty());
}

TEST_F(Views, ADeviceThatIsSentAwayIsToldAndGone) {
  const auto call = talk();
  EXPECT_EQ(disconnect("alice", "nothing-of-hers"), 0u);
  EXPECT_EQ(disconnect("alice"), 1u);
  EXPECT_EQ(alice.closed, 4001);
  EXPECT_EQ(disconnect("alice"), 0u);
  EXPECT_TRUE(names({"1", "alice", {}, 1}).empty() || world.engine.users({"1", "alice", {}, 1}).front().devices.empty());
  world.run(60s);
  EXPECT_EQ(world.stored.back().id, call);
  EXPECT_EQ(world.stored.back().reason, wire::Reason::CallerLost) << "its call ends like that of any device that is gone";
}

TEST_F(Views, ADisabledProjectsCallsEndAndItsDevicesAreSentAway) {
  const auto call = talk();
  world.feed(ProjectDisabled{"another"});
  EXPECT_EQ(world.engine.counts().live_calls, 1u);
  world.feed(ProjectDisabled{"1"});
  for (auto* device : {&alice, &bob}) {
    EXPECT_EQ(world.last<wire::CallEvent>(*device).call.call_id, call);
    EXPECT_EQ(world.last<wire::CallEvent>(*device).call.reason, wire::Reason::ByApi);
    EXPECT_EQ(world.last<wire::Error>(*device).error, wire::ErrorWord::ProjectDisabled);
    EXPECT_EQ(device->closed, 4001);
  }
  EXPECT_EQ(world.engine.counts().live_calls, 0u);
  EXPECT_EQ(world.engine.counts().clients, 0u);
}

}  // namespace
}  // namespace offhook::core
