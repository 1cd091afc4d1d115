// Opening, limits and sessions, through the engine's whole face.
#include "core/engine_testing.hpp"
#include "core/limits.hpp"

namespace offhook::core {
namespace {

using wire::ErrorWord;

wire::TokenClaims session_token(SessionId session, std::optional<UserId> user, std::optional<std::string> data = {}) {
  wire::TokenClaims claims;
  claims.project = "1";
  claims.user = std::move(user);
  claims.session = session;
  claims.data = std::move(data);
  return claims;
}

class Sessions : public testing::Test {
 protected:
  void SetUp() override {
    for (auto* device : {&alice, &bob}) world.say_hello(*device);
    world.send(alice, wire::SessionCreate{""});
    Effects out;
    world.engine.handle(world.now, AdminCreateSession{"1", 5}, out);
    for (const auto& effect : out) {
      if (const auto* made = std::get_if<SessionMade>(&effect)) session = made->session;
    }
    ASSERT_FALSE(session.nil());
  }

  void join(World::Device& device, std::optional<std::string> data = {}) {
    world.feed(Received{device.link, wire::SessionConnect{"join" + std::to_string(++joins), session, "t"},
                        session_token(session, device.user, std::move(data))});
  }

  World world;
  World::Device alice = world.connect("alice", "a1");
  World::Device bob = world.connect("bob", "b1");
  SessionId session;
  int joins = 0;
};

TEST_F(Sessions, ConnectionsStreamsAndSignals) {
  join(alice);
  join(bob, "blue");
  EXPECT_EQ(world.last<wire::ConnectionCreated>(alice).connection.data, "blue");
  world.send(bob, wire::Publish{"", session, "camera", true, true});
  const auto stream = world.last<wire::StreamCreated>(alice).stream;
  world.send(bob, wire::UpdateStream{"", session, stream.stream_id, {}, false});
  EXPECT_FALSE(world.last<wire::StreamUpdated>(alice).stream.has_video);
  world.send(alice, wire::Signal{"", session, "chat", "hello", {}});
  EXPECT_EQ(world.last<wire::SignalEvent>(bob).data, "hello");
  EXPECT_EQ(world.count<wire::SignalEvent>(alice), 1) << "the sender hears a signal to all";
  world.send(alice, wire::Signal{"", session, "chat", "psst", stream.connection_id});
  EXPECT_EQ(world.last<wire::SignalEvent>(bob).data, "psst");
  EXPECT_EQ(world.count<wire::SignalEvent>(alice), 1);
  world.send(bob, wire::SessionDisconnect{"", session});
  EXPECT_EQ(world.last<wire::StreamDestroyed>(alice).stream_id, stream.stream_id);
  EXPECT_EQ(world.last<wire::ConnectionDestroyed>(alice).reason, wire::LeaveReason::ClientDisconnected);
}

TEST_F(Sessions, ALostClientLeavesWhenItsWindowIsOver) {
  join(alice);
  join(bob);
  world.close(bob);
  world.run(29s);
  EXPECT_EQ(world.count<wire::ConnectionDestroyed>(alice), 0);
  world.run(1s);
  EXPECT_EQ(world.last<wire::ConnectionDestroyed>(alice).reason, wire::LeaveReason::NetworkDisconnected);
}

TEST_F(Sessions, AnExpectationIsMetOrMissedOnce) {
  join(alice);
  world.send(alice, wire::Expect{"", session, 5000, "bob", {}});
  world.send(alice, wire::Expect{"", session, 5000, "carol", {}});
  join(bob);
  EXPECT_EQ(world.last<wire::ExpectationMet>(alice).connection.user, "bob");
  world.run(10s);
  EXPECT_EQ(world.count<wire::ExpectationMet>(alice), 1);
  EXPECT_EQ(world.count<wire::ConnectionMissed>(alice), 1);
  EXPECT_EQ(world.last<wire::ConnectionMissed>(alice).reason, wire::MissReason::Timeout);
  world.send(alice, wire::Expect{"", session, 5000, "bob", {}});
  EXPECT_EQ(world.count<wire::ExpectationMet>(alice), 2) << "somebody who is there already meets it at once";
}

TEST_F(Sessions, ARejectionAndALeavingExpecterEndIt) {
  join(alice);
  world.send(alice, wire::Expect{"", session, {}, "bob", {}});
  world.feed(Received{bob.link, wire::SessionReject{"no", "t"}, session_token(session, "bob")});
  EXPECT_EQ(world.last<wire::ConnectionMissed>(alice).reason, wire::MissReason::Rejected);
  world.send(alice, wire::Expect{"", session, {}, "bob", {}});
  world.send(alice, wire::SessionDisconnect{"", session});
  EXPECT_EQ(world.last<wire::ConnectionMissed>(alice).reason, wire::MissReason::ExpecterLeft);
  EXPECT_EQ(world.count<wire::ConnectionMissed>(alice), 2);
}

TEST_F(Sessions, NothingWithoutAToken) {
  world.send(bob, wire::SessionConnect{"", session, {}});
  EXPECT_EQ(world.last<wire::Error>(bob).error, ErrorWord::NoSuchSession);
  join(alice);
  world.send(bob, wire::Signal{"", session, "chat", "x", {}});
  EXPECT_EQ(world.last<wire::Error>(bob).error, ErrorWord::NoSuchSession);
  EXPECT_EQ(world.count<wire::SignalEvent>(alice), 0);
}

TEST_F(Sessions, AThousandConnectionsAreTheLimit) {
  std::vector<World::Device> crowd;
  crowd.reserve(k_max_connections_per_session + 1);
  for (std::size_t i = 0; i < k_max_connections_per_session + 1; ++i) {
    for (auto& device : crowd) device.inbox.clear();  // that somebody has come
    crowd.push_back(world.connect("u" + std::to_string(i), "d"));
    world.say_hello(crowd.back());
    join(crowd.back());
  }
  EXPECT_EQ(world.last<wire::Error>(crowd.back()).error, ErrorWord::LimitReached);
  EXPECT_EQ(world.count<wire::Error>(crowd[k_max_connections_per_session - 1]), 0);
}

TEST_F(Sessions, ARepeatedConnectShowsTheSessionAsItIsByThen) {
  join(alice);
  const Received again{alice.link, wire::SessionConnect{"join1", session, "t"}, session_token(session, "alice")};
  join(bob);
  world.feed(again);
  const auto shown = std::get<wire::SessionJoined>(world.last<wire::Reply>(alice).body);
  EXPECT_EQ(shown.connections.size(), 1U);
  EXPECT_EQ(world.count<wire::ConnectionCreated>(bob), 0);
  world.send(alice, wire::SessionDisconnect{"", session});
  world.feed(again);
  EXPECT_EQ(world.last<wire::Error>(alice).error, ErrorWord::NotConnected);
  EXPECT_EQ(world.count<wire::ConnectionCreated>(bob), 0) << "a late repetition joins nobody";
}

TEST_F(Sessions, ANewerClientOfADeviceReplacesTheOlder) {
  auto again = world.connect("alice", "a1");
  world.say_hello(again);
  EXPECT_EQ(world.last<wire::Error>(alice).error, ErrorWord::Replaced);
  EXPECT_EQ(alice.closed, 4002);
  EXPECT_FALSE(again.closed);
}

// A number that a socket had which is gone; those of later sockets are higher.
LinkId next_link(World& world) {
  auto somebody = world.connect("somebody", "s1");
  world.say_hello(somebody);
  world.close(somebody);
  return somebody.link;
}

// A socket whose hello is held up on its way, as TCP does for a process that is dead or has given the socket up.
class HeldUp {
 public:
  HeldUp(World& world, const World::Device& device) : world_(world), device_(device), link_(next_link(world)) { handle(LinkOpened{link_}); }

  // What the server answers to it; only this socket is told anything.
  Effects arrive(bool resumes) {
    wire::Hello hello{1, "t", device_.device, {}, {}, {}};
    if (resumes) hello.resume = wire::Resume{device_.welcome.client_id, device_.welcome.resume_key, device_.last_seq};
    wire::TokenClaims claims;
    claims.project = "1";
    claims.user = device_.user;
    return handle(Received{link_, hello, claims});
  }

 private:
  Effects handle(Event event) {
    Effects out;
    world_.engine.handle(world_.now, std::move(event), out);
    return out;
  }

  World& world_;
  World::Device device_;
  LinkId link_;
};

void expect_refused(const Effects& out) {
  ASSERT_EQ(out.size(), 2U);
  EXPECT_EQ(std::get<wire::Error>(*std::get<Send>(out[0]).message).error, ErrorWord::Replaced);
  EXPECT_EQ(std::get<CloseLink>(out[1]).code, 4002);
}

TEST_F(Sessions, AHelloThatWasHeldUpDoesNotReplaceTheProcessThatCameAfterIt) {
  world.close(alice);
  for (const bool resumes : {true, false}) {
    HeldUp ghost(world, alice);  // dies while its hello is on its way
    auto again = world.connect("alice", "a1");
    world.say_hello(again);
    expect_refused(ghost.arrive(resumes));
    EXPECT_FALSE(again.closed);
    world.close(again);
    world.say_hello(again, true);
    EXPECT_TRUE(again.welcome.resumed) << "it is the same client as before";
    world.close(again);
  }
}

TEST_F(Sessions, AHelloThatWasHeldUpDoesNotTakeTheClientFromItsNewerSocket) {
  world.close(alice);
  HeldUp first(world, alice);  // the same process has given this socket up
  world.say_hello(alice, true);
  ASSERT_TRUE(alice.welcome.resumed);
  expect_refused(first.arrive(true));
  EXPECT_FALSE(alice.closed);
  world.close(alice);  // and the same while the newer socket is lost
  HeldUp second(world, alice);
  world.say_hello(alice, true);
  world.close(alice);
  expect_refused(second.arrive(true));
  world.say_hello(alice, true);
  EXPECT_TRUE(alice.welcome.resumed);
}

TEST_F(Sessions, AProcessThatWasReplacedWhileItsLinkWasLostIsToldSo) {
  world.close(alice);
  auto again = world.connect("alice", "a1");
  world.say_hello(again);
  world.say_hello(alice, true);
  EXPECT_EQ(world.last<wire::Error>(alice).error, ErrorWord::Replaced);
  EXPECT_EQ(alice.closed, 4002);
  EXPECT_FALSE(again.closed);
  world.say_hello(alice);  // but an application that starts anew is the newer one
  EXPECT_FALSE(alice.closed);
  EXPECT_EQ(again.closed, 4002);
}

TEST_F(Sessions, WhoNeverGotTheWelcomeOfItsFreshClientIsNoStranger) {
  auto unheard = alice;  // what it knows of itself stays as it was
  world.close(alice);
  unheard.last_seq = 99;  // cannot be resumed
  auto lost = unheard;
  world.say_hello(lost, true);
  ASSERT_FALSE(lost.welcome.resumed);
  world.say_hello(unheard, true);
  EXPECT_FALSE(unheard.closed);
}

TEST_F(Sessions, TheOrderOfOpeningIsHeld) {
  auto late = world.connect("late", "d");
  late.link = LinkId{900};
  Effects out;
  world.engine.handle(world.now, LinkOpened{late.link}, out);
  world.engine.handle(world.now, Received{late.link, wire::SessionCreate{"x"}, std::nullopt}, out);
  ASSERT_EQ(out.size(), 2U);
  EXPECT_EQ(std::get<wire::Error>(*std::get<Send>(out[0]).message).error, ErrorWord::HelloFirst);
  EXPECT_EQ(std::get<CloseLink>(out[1]).code, 4000);
  out.clear();
  world.engine.handle(world.now, LinkOpened{LinkId{901}}, out);
  world.engine.advance(world.now + 5s, out);
  ASSERT_GE(out.size(), 2U);
  EXPECT_EQ(std::get<wire::Error>(*std::get<Send>(out[0]).message).error, ErrorWord::HelloTimeout);
}

TEST_F(Sessions, CommandsAreRationed) {
  for (int i = 0; i < 250; ++i) world.send(bob, wire::WatchPresence{""});
  const auto refused = world.count<wire::Error>(bob);
  EXPECT_EQ(refused, 50);
  EXPECT_EQ(world.last<wire::Error>(bob).error, ErrorWord::RateLimited);
  world.run(1s);
  world.send(bob, wire::WatchPresence{""});
  EXPECT_EQ(world.count<wire::Error>(bob), refused);
}

TEST_F(Sessions, TooManyUnacknowledgedEventsMeanAFreshStart) {
  join(alice);
  join(bob);
  world.close(bob);
  for (std::size_t i = 0; i <= k_max_unacknowledged_events; ++i) {
    world.send(alice, wire::Signal{"", session, "n", std::to_string(i), {}});
    world.run(20ms);
  }
  world.say_hello(bob, true);
  EXPECT_FALSE(bob.welcome.resumed);
}

TEST_F(Sessions, PresenceFollowsTheLinks) {
  world.send(alice, wire::WatchPresence{""});
  world.close(bob);
  EXPECT_FALSE(world.last<wire::Presence>(alice).online);
  world.say_hello(bob, true);
  EXPECT_TRUE(world.last<wire::Presence>(alice).online);
}

TEST_F(Sessions, AnonymousHoldersOfASessionTokenStayInSessions) {
  World::Device guest = world.connect("", "g1");
  guest.link = LinkId{77'000};
  Effects out;
  world.engine.handle(world.now, LinkOpened{guest.link}, out);
  world.engine.handle(world.now, Received{guest.link, wire::Hello{1, "t", "g1", {}, {}, {}}, session_token(session, {})}, out);
  world.engine.handle(world.now, Received{guest.link, wire::SessionConnect{"1", session, {}}, std::nullopt}, out);
  world.engine.handle(world.now, Received{guest.link, wire::Invite{"2", "bob", wire::Media::None, {}, {}}, std::nullopt}, out);
  const auto& refusal = *std::get<Send>(out.back()).message;
  EXPECT_EQ(std::get<wire::Error>(refusal).error, ErrorWord::NotAllowed);
  EXPECT_TRUE(std::get<wire::Reply>(*std::get<Send>(out[out.size() - 2]).message).body.index() != 0);
}

}  // namespace
}  // namespace offhook::core
