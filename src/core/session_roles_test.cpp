// What each role may do in a session, what moderators and the backend do to others, and calls in sessions that were there before.
#include "core/session_roles.hpp"

#include "base/session_ids.hpp"
#include "core/engine_testing.hpp"
#include "core/limits.hpp"
#include "wire/codec.hpp"

namespace offhook::core {
namespace {

using wire::ErrorWord;
using wire::LeaveReason;
using wire::SessionRole;

constexpr std::array k_roles = {SessionRole::Subscriber, SessionRole::Publisher, SessionRole::Moderator, SessionRole::PublisherOnly};

class Roles : public testing::Test {
 protected:
  Roles() : world(Settings{}, {{"1", with_notices()}}) {
    for (auto* device : {&alice, &bob}) world.say_hello(*device);
    session = make_session_id(Slot{3}, "1", world.now, 1, 2);
  }

  static Settings with_notices() {
    Settings settings;
    settings.session_notices = true;
    return settings;
  }

  static wire::TokenClaims token(SessionId session, SessionRole role, const ProjectId& project = "1") {
    wire::TokenClaims claims;
    claims.project = project;
    claims.session = session;
    claims.role = role;
    claims.revives = true;
    return claims;
  }

  wire::Connection join(World::Device& device, SessionRole role = SessionRole::Publisher, std::vector<std::string> classes = {}) {
    auto claims = token(session, role);
    claims.layout_classes = std::move(classes);
    world.feed(Received{device.link, wire::SessionConnect{"join" + std::to_string(++joins), session, "t"}, claims});
    const auto reply = world.last<wire::Reply>(device);
    const auto* joined = std::get_if<wire::SessionJoined>(&reply.body);
    EXPECT_NE(joined, nullptr);
    return joined == nullptr ? wire::Connection{} : joined->connection;
  }

  StreamId publish(World::Device& device) {
    world.send(device, wire::Publish{"", session, "camera", true, true});
    const auto reply = world.last<wire::Reply>(device);
    const auto* made = std::get_if<wire::StreamReply>(&reply.body);
    EXPECT_NE(made, nullptr);
    return made == nullptr ? StreamId() : made->stream.stream_id;
  }

  template <class Ask>
  auto ask(Ask what, const ProjectId& project = "1") {
    world.feed(AdminSession{++requests, project, session, std::move(what)});
    EXPECT_EQ(world.session_answers.back().request, requests);
    return world.session_answers.back().answer;
  }
  template <class Ask>
  std::optional<SessionRefusal> refusal(Ask what, const ProjectId& project = "1") {
    const auto answer = ask(std::move(what), project);
    const auto* refused = std::get_if<SessionRefusal>(&answer);
    return refused == nullptr ? std::nullopt : std::optional(*refused);
  }

  World world;
  World::Device alice = world.connect("alice", "a1");
  World::Device bob = world.connect("bob", "b1");
  SessionId session;
  wire::Reply last_reply;
  int joins = 0;
  std::uint64_t requests = 0;
};

// Each verb by each role, in a session with somebody else's stream; `allowed` in the order of k_roles.
TEST_F(Roles, EveryVerbOfEveryRole) {
  wire::Connection others;
  StreamId stream;
  struct Verb {
    std::string_view name;
    std::array<bool, 4> allowed;
    std::function<void(World::Device&)> send;
  };
  const auto mute_none = [&] { return wire::ForceMute{"", session, {}, {}, false}; };
  const std::vector<Verb> verbs = {
      {"session_connect", {true, true, true, true}, [&](auto& who) { world.send(who, wire::SessionConnect{"", session, {}}); }},
      {"signal", {false, true, true, false}, [&](auto& who) { world.send(who, wire::Signal{"", session, "chat", "x", {}}); }},
      {"signal to one", {false, true, true, false}, [&](auto& who) { world.send(who, wire::Signal{"", session, "chat", "x", others.connection_id}); }},
      {"publish", {false, true, true, true}, [&](auto& who) { world.send(who, wire::Publish{"", session, {}, true, true}); }},
      {"update_stream", {false, true, true, true}, [&](auto& who) {
         const auto own = std::get_if<wire::StreamReply>(&last_reply.body);
         world.send(who, wire::UpdateStream{"", session, own == nullptr ? StreamId() : own->stream.stream_id, false, {}}); }},
      {"unpublish", {false, true, true, true}, [&](auto& who) {
         const auto own = std::get_if<wire::StreamReply>(&last_reply.body);
         world.send(who, wire::Unpublish{"", session, own == nullptr ? StreamId() : own->stream.stream_id}); }},
      {"negotiate", {true, true, true, true}, [&](auto& who) { world.send(who, wire::Negotiate{"", session, others.connection_id, {}, "c"}); }},
      {"expect", {true, true, true, true}, [&](auto& who) { world.send(who, wire::Expect{"", session, {}, "nobody", {}}); }},
      {"force_mute", {false, false, true, false}, [&](auto& who) { world.send(who, mute_none()); }},
      {"force_mute one", {false, false, true, false}, [&](auto& who) { world.send(who, wire::ForceMute{"", session, stream, {}, true}); }},
      {"force_unpublish", {false, false, true, false}, [&](auto& who) { world.send(who, wire::ForceUnpublish{"", session, stream}); }},
      {"force_disconnect", {false, false, true, false}, [&](auto& who) { world.send(who, wire::ForceDisconnect{"", session, others.connection_id}); }},
      {"session_disconnect", {true, true, true, true}, [&](auto& who) { world.send(who, wire::SessionDisconnect{"", session}); }}};
  for (std::size_t role = 0; role < k_roles.size(); ++role) {
    others = join(alice);  // again, where a moderator has sent her away
    stream = publish(alice);
    join(bob, k_roles[role]);
    for (const auto& verb : verbs) {
      bob.inbox.clear();
      verb.send(bob);
      const bool refused = world.count<wire::Error>(bob) > 0;
      EXPECT_EQ(!refused, verb.allowed[role]) << verb.name << " by " << wire::word(k_roles[role]);
      if (refused) {
        EXPECT_EQ(world.last<wire::Error>(bob).error, ErrorWord::NotAllowed) << verb.name;
      } else {
        last_reply = world.last<wire::Reply>(bob);
      }
    }
  }
}

TEST_F(Roles, PublisherOnlySeesNoStreamsOfOthers) {
  join(alice);
  publish(alice);
  join(bob, SessionRole::PublisherOnly);
  const auto reply = world.last<wire::Reply>(bob);
  EXPECT_TRUE(std::get<wire::SessionJoined>(reply.body).streams.empty());
  const auto more = publish(alice);
  world.send(alice, wire::Unpublish{"", session, more});
  EXPECT_EQ(world.count<wire::StreamCreated>(bob) + world.count<wire::StreamDestroyed>(bob), 0);
  publish(bob);
  EXPECT_EQ(world.count<wire::StreamCreated>(alice), 1);
}

TEST_F(Roles, AModeratorSendsAwayAndTakesStreams) {
  const auto others = join(alice);
  join(bob, SessionRole::Moderator);
  const auto stream = publish(alice);
  world.send(bob, wire::ForceUnpublish{"", session, stream});
  EXPECT_EQ(world.last<wire::StreamDestroyed>(alice).reason, LeaveReason::ForceUnpublished);
  EXPECT_EQ(world.last<wire::StreamDestroyed>(bob).reason, LeaveReason::ForceUnpublished);
  world.send(bob, wire::ForceDisconnect{"", session, others.connection_id});
  EXPECT_EQ(world.last<wire::SessionDisconnected>(alice).reason, LeaveReason::ForceDisconnected);
  EXPECT_EQ(world.last<wire::ConnectionDestroyed>(bob).reason, LeaveReason::ForceDisconnected);
  world.send(bob, wire::ForceDisconnect{"", session, others.connection_id});
  EXPECT_EQ(world.last<wire::Error>(bob).error, ErrorWord::NoSuchConnection);
  EXPECT_EQ(world.announced.back().reason, LeaveReason::ForceDisconnected);
}

TEST_F(Roles, MutingReachesThePublisherAndWhoHearsIt) {
  join(alice);
  join(bob, SessionRole::Moderator);
  const auto stream = publish(alice);
  const auto quiet = publish(bob);
  world.send(bob, wire::ForceMute{"", session, {}, {quiet}, true});
  EXPECT_EQ(world.last<wire::MuteForced>(alice).stream_id, stream);
  EXPECT_FALSE(world.last<wire::StreamUpdated>(bob).stream.has_audio);
  EXPECT_EQ(world.count<wire::MuteForced>(bob), 0) << "excepted";
  world.send(alice, wire::UpdateStream{"", session, stream, true, {}});
  EXPECT_TRUE(world.last<wire::StreamUpdated>(bob).stream.has_audio) << "the publisher may speak again";
  const auto later = publish(alice);
  EXPECT_EQ(world.last<wire::MuteForced>(alice).stream_id, later) << "what is published later is muted, too";
  EXPECT_FALSE(world.last<wire::StreamCreated>(bob).stream.has_audio);
  world.send(bob, wire::ForceMute{"", session, {}, {}, false});
  publish(alice);
  EXPECT_TRUE(world.last<wire::StreamCreated>(bob).stream.has_audio) << "until that is over";
  EXPECT_EQ(world.count<wire::MuteForced>(alice), 2);
}

// --- the backend

TEST_F(Roles, TheBackendSeesSignalsMutesAndSendsAway) {
  const auto there = join(alice, SessionRole::Publisher, {"focus"});
  const auto stream = publish(alice);
  auto view = std::get<SessionView>(ask(ShowSession{}));
  ASSERT_EQ(view.streams.size(), 1u);
  EXPECT_EQ(view.connections.front().connection_id, there.connection_id);
  EXPECT_EQ(view.streams.front().layout_classes, std::vector<std::string>{"focus"});
  EXPECT_FALSE(refusal(SetLayouts{{{stream, {"full"}}}}));
  view = std::get<SessionView>(ask(ShowSession{}));
  EXPECT_EQ(view.streams.front().layout_classes, std::vector<std::string>{"full"});
  EXPECT_EQ(refusal(SetLayouts{{{stream, {"x"}}, {StreamId(1, 1), {}}}}), SessionRefusal::NoSuchStream);
  EXPECT_FALSE(refusal(SendSignal{{}, "a.b", "hello"}));
  EXPECT_EQ(world.last<wire::SignalEvent>(alice).data, "hello");
  EXPECT_FALSE(world.last<wire::SignalEvent>(alice).from);
  EXPECT_EQ(refusal(SendSignal{ConnectionId(1, 1), "", ""}), SessionRefusal::NoSuchConnection);
  EXPECT_FALSE(refusal(MuteStream{stream}));
  EXPECT_EQ(world.last<wire::MuteForced>(alice).stream_id, stream);
  EXPECT_EQ(refusal(MuteStream{StreamId(1, 1)}), SessionRefusal::NoSuchStream);
  EXPECT_FALSE(refusal(SendAway{there.connection_id}));
  EXPECT_EQ(world.last<wire::SessionDisconnected>(alice).reason, LeaveReason::ForceDisconnected);
  EXPECT_EQ(refusal(SendAway{there.connection_id}), SessionRefusal::NoSuchConnection);
  EXPECT_EQ(refusal(SendSignal{{}, "", ""}), SessionRefusal::NobodyThere);
}

TEST_F(Roles, ASessionNobodyHasHeardOfForLongIsThereStill) {
  EXPECT_TRUE(std::get<SessionView>(ask(ShowSession{})).connections.empty());
  EXPECT_EQ(refusal(SendSignal{{}, "", ""}), SessionRefusal::NobodyThere);
  EXPECT_FALSE(refusal(MuteSession{true, {}})) << "which is remembered";
  join(alice);
  const auto stream = publish(alice);
  EXPECT_EQ(world.last<wire::MuteForced>(alice).stream_id, stream);
  world.send(alice, wire::SessionDisconnect{"", session});
  world.run(k_session_lifetime + 1s);
  EXPECT_EQ(world.engine.counts().sessions, 0u);
  join(alice);
}

TEST_F(Roles, MutingAllOutlivesARestart) {
  for (const bool active : {true, false}) {
    EXPECT_FALSE(refusal(MuteSession{active, {}}));
    world.crash();
    world.restart();
    world.say_hello(alice);
    join(alice);
    alice.inbox.clear();
    publish(alice);
    EXPECT_EQ(world.count<wire::MuteForced>(alice), active ? 1 : 0);
  }
}

TEST_F(Roles, AStreamSaysWhatItsPictureShows) {
  join(alice);
  join(bob);
  world.send(alice, wire::Publish{"", session, "slides", false, true, wire::VideoType::Screen});
  EXPECT_EQ(world.last<wire::StreamCreated>(bob).stream.video_type, wire::VideoType::Screen);
  EXPECT_EQ(std::get<SessionView>(ask(ShowSession{})).streams.front().stream.video_type, wire::VideoType::Screen);
}

TEST_F(Roles, AnotherProjectSeesNothingOfIt) {
  join(alice);
  EXPECT_EQ(refusal(ShowSession{}, "2"), SessionRefusal::NoSuchSession);
  EXPECT_EQ(refusal(MuteSession{}, "2"), SessionRefusal::NoSuchSession);
  session = make_session_id(Slot{3}, "2", world.now, 1, 2);
  EXPECT_EQ(refusal(ShowSession{}, "1"), SessionRefusal::NoSuchSession);
}

// A token of project 2 cannot open a session of project 1, not for a user of project 1 either.
TEST_F(Roles, ATokenOpensSessionsOfItsOwnProjectOnly) {
  join(alice);
  world.feed(Received{bob.link, wire::SessionConnect{"x", session, "t"}, token(session, SessionRole::Moderator, "2")});
  EXPECT_EQ(world.last<wire::Error>(bob).error, ErrorWord::NoSuchSession);
  EXPECT_EQ(world.count<wire::ConnectionCreated>(alice), 0);
}

// --- calls

TEST_F(Roles, ACallInASessionThatWasThereBefore) {
  join(alice);
  join(bob);
  const wire::PlaceRequest place{"alice", {}, {"", "bob", wire::Media::None, {}, {}}};
  world.feed(AdminPlaceCall{3, "1", place, session});
  const auto call = std::get<CallId>(world.rest_answers.back().answer);
  world.send(bob, wire::RingAck{"", call, false});
  world.send(bob, wire::Answer{"", call});
  EXPECT_EQ(world.replied_call(bob).session_id, session);
  EXPECT_EQ(world.last<wire::CallEvent>(alice).call.phase, wire::Phase::Active) << "both are in it already";
  alice.inbox.clear();
  world.send(bob, wire::Hangup{"", call});
  EXPECT_EQ(world.last<wire::CallEvent>(alice).call.outcome, wire::Outcome::Ended);
  EXPECT_EQ(world.count<wire::SessionDisconnected>(alice), 0) << "the session outlives the call";
  world.send(alice, wire::Signal{"", session, "chat", "still here", {}});
  EXPECT_EQ(world.last<wire::SignalEvent>(bob).data, "still here");
}

TEST_F(Roles, WhoIsThereBecauseOfTheCallAloneLeavesWithIt) {
  join(alice);
  const wire::PlaceRequest place{"alice", {}, {"", "bob", wire::Media::None, {}, {}}};
  world.feed(AdminPlaceCall{3, "1", place, session});
  const auto call = std::get<CallId>(world.rest_answers.back().answer);
  world.send(bob, wire::Answer{"", call});
  world.send(bob, wire::SessionConnect{"", session, {}});
  EXPECT_EQ(world.last<wire::CallEvent>(alice).call.phase, wire::Phase::Active);
  world.send(alice, wire::Hangup{"", call});
  EXPECT_EQ(world.last<wire::SessionDisconnected>(bob).reason, LeaveReason::CallEnded);
  EXPECT_EQ(world.count<wire::SessionDisconnected>(alice), 0);
  world.send(bob, wire::SessionConnect{"", session, {}});
  EXPECT_EQ(world.last<wire::Error>(bob).error, ErrorWord::NoSuchSession) << "the call has let him in, and is over";
}

TEST_F(Roles, ACallNeedsASessionOfItsProject) {
  const wire::PlaceRequest place{"alice", {}, {"", "bob", wire::Media::None, {}, {}}};
  const auto foreign = make_session_id(Slot{3}, "2", world.now, 1, 2);
  world.feed(AdminPlaceCall{3, "1", place, foreign});
  EXPECT_EQ(std::get<RestRefusal>(world.rest_answers.back().answer), RestRefusal::NoSuchSession);
  world.feed(AdminPlaceCall{4, "1", place});
  const auto own = world.stored.back().session;
  world.feed(AdminPlaceCall{5, "1", place, own});
  EXPECT_EQ(std::get<RestRefusal>(world.rest_answers.back().answer), RestRefusal::NoSuchSession) << "that of another call";
}

TEST_F(Roles, ARestartKeepsTheSessionOfTheCall) {
  join(alice);
  const wire::PlaceRequest place{"alice", {}, {"", "bob", wire::Media::None, {}, {}}};
  world.feed(AdminPlaceCall{3, "1", place, session});
  const auto call = std::get<CallId>(world.rest_answers.back().answer);
  world.send(bob, wire::Answer{"", call});
  world.crash();
  world.restart();
  for (auto* device : {&alice, &bob}) world.say_hello(*device, false, {call});
  for (auto* device : {&alice, &bob}) world.send(*device, wire::SessionConnect{"", session, {}});
  EXPECT_EQ(world.last<wire::CallEvent>(alice).call.phase, wire::Phase::Active);
  world.send(alice, wire::Hangup{"", call});
  EXPECT_EQ(world.last<wire::SessionDisconnected>(bob).reason, LeaveReason::CallEnded);
  EXPECT_EQ(world.engine.counts().sessions, 1u) << "it stands alone";
}

}  // namespace
}  // namespace offhook::core
