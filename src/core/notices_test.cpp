// What a project's backend is told, in virtual time.
#include "core/notices.hpp"

#include <set>

#include "core/engine_testing.hpp"

namespace offhook::core {
namespace {

using Words = std::vector<std::string>;

Settings told_of_all() {
  Settings settings;
  settings.call_notices = settings.session_notices = true;
  return settings;
}

class Notices : public CallTest {
 protected:
  Notices() : CallTest(told_of_all()) {}

  // "call.leg.ended bob" of all that has been told since the last time.
  Words news() {
    Words words;
    for (const auto& notice : std::exchange(world.told, {})) {
      words.push_back(std::string(type_of(notice.news)) + (notice.user ? " " + *notice.user : ""));
      EXPECT_TRUE(ids_.insert(notice.id).second);
      EXPECT_EQ(notice.at, world.now);
    }
    return words;
  }
  CallId call_all(wire::GroupMode mode, std::vector<UserId> users) {
    wire::Invite invite{"", "", wire::Media::None, {}, {}};
    invite.group = wire::Group{std::move(users), mode, wire::OwnerLeaves::End};
    world.send(alice, invite);
    return world.replied_call(alice).call_id;
  }

  std::set<NoticeId> ids_;
};

TEST_F(Notices, EachMilestoneOfACallOnceAndWhenItHappens) {
  const auto call = invite();
  EXPECT_EQ(news(), Words{"call.created"});
  for (auto* device : {&bob, &bobs_tablet}) ring(*device, call);
  EXPECT_EQ(news(), Words{"call.ringing"});
  world.send(bob, wire::Answer{"", call});
  EXPECT_EQ(news(), Words{"call.answered"});
  join(bob, world.replied_call(bob));
  join(alice, seen(alice));
  EXPECT_EQ(news(), Words{"call.active"});
  world.send(bob, wire::Hangup{"", call});
  EXPECT_EQ(news(), Words{"call.ended"});
  world.run(1h);
  EXPECT_EQ(news(), Words{});
}

TEST_F(Notices, ACallThatIsOverAtOnceHasABeginningToo) {
  wire::Rules rules;
  rules.do_not_disturb = true;
  world.feed(AdminSetRules{1, {"1", "bob"}, rules});
  invite();
  EXPECT_EQ(news(), (Words{"call.created", "call.ended"}));
  EXPECT_EQ(world.stored.back().outcome, wire::Outcome::Declined);
}

TEST_F(Notices, OfAGroupEveryLegIsTold) {
  auto& carol = arrive("carol", "c1");
  auto& dave = arrive("dave", "d1");
  const auto call = call_all(wire::GroupMode::AllJoin, {"bob", "carol"});
  EXPECT_EQ(news(), Words{"call.created"});
  ring(bob, call);
  EXPECT_EQ(news(), (Words{"call.leg.ringing bob", "call.ringing"}));
  ring(carol, call);
  EXPECT_EQ(news(), Words{"call.leg.ringing carol"});
  world.send(bob, wire::Answer{"", call});
  EXPECT_EQ(news(), (Words{"call.leg.answered bob", "call.answered"}));
  world.send(alice, wire::RingMore{"", call, {"dave"}});
  EXPECT_EQ(news(), Words{"call.leg.added dave"});
  world.send(carol, wire::Decline{"", call, {}});
  EXPECT_EQ(news(), Words{"call.leg.ended carol"});
  world.send(dave, wire::Hangup{"", call});
  EXPECT_EQ(news(), Words{"call.leg.ended dave"});
  world.send(alice, wire::Hangup{"", call});
  EXPECT_EQ(news(), (Words{"call.leg.ended bob", "call.ended"}));
}

TEST_F(Notices, AMoveNamesWhoHasMoved) {
  const auto call = talk();
  news();
  world.send(bobs_tablet, wire::MoveHere{"", call});
  EXPECT_EQ(news(), Words{});
  join(bobs_tablet, world.replied_call(bobs_tablet));
  EXPECT_EQ(news(), Words{"call.moved bob"});
}

TEST_F(Notices, WhoComesToAndLeavesASession) {
  const auto call = talk();
  const auto types = [&] {
    Words words;
    for (const auto& notice : std::exchange(world.announced, {})) {
      words.push_back(std::string(type_of(notice.news)) + " " + notice.connection.user.value_or(""));
      EXPECT_EQ(notice.call, call);
      EXPECT_TRUE(ids_.insert(notice.id).second);
    }
    return words;
  };
  EXPECT_EQ(types(), (Words{"session.created ", "connection.created bob", "connection.created alice"}));
  const auto session = *seen(alice).session_id;
  world.send(bob, wire::Publish{"", session, "camera", true, true});
  world.send(bob, wire::Publish{"", session, {}, true, false});
  EXPECT_EQ(types(), (Words{"stream.created bob", "stream.created bob"}));
  world.send(bob, wire::Unpublish{"", session, world.last<wire::StreamCreated>(alice).stream.stream_id});
  ASSERT_EQ(world.announced.size(), 1U);
  EXPECT_EQ(world.announced.front().reason, wire::LeaveReason::Unpublished);
  EXPECT_EQ(types(), Words{"stream.destroyed bob"});
  world.send(bob, wire::Hangup{"", call});
  auto all = types();
  std::sort(all.begin(), all.end());
  EXPECT_EQ(all, (Words{"connection.destroyed alice", "connection.destroyed bob", "session.destroyed ", "stream.destroyed bob"}));
}

// However often the server dies while it tells of them.
TEST_F(Notices, ARestartTellsOnceOfThoseWhoAreInASessionNoMore) {
  const auto call = talk();
  const auto session = *seen(alice).session_id;
  world.send(bob, wire::Publish{"", session, "camera", true, false});
  const auto stream = world.last<wire::StreamCreated>(alice).stream;
  world.send(bob, wire::UpdateStream{"", session, stream.stream_id, {}, true});
  world.announced.clear();
  for (int restart = 0; restart < 6; ++restart) {
    world.crash_after(restart + 1);
    world.restart();
  }
  Words words;
  for (const auto& notice : world.announced) {
    words.push_back(std::string(type_of(notice.news)) + " " + notice.connection.user.value_or(""));
    EXPECT_EQ(notice.call, call);
    EXPECT_EQ(notice.reason.has_value(), !is_of_whole_session(notice.news));
    EXPECT_TRUE(!notice.stream || notice.stream->has_video) << "as it was last";
  }
  std::sort(words.begin(), words.end());
  EXPECT_EQ(words, (Words{"connection.destroyed alice", "connection.destroyed bob", "session.destroyed ", "stream.destroyed bob"}));
}

TEST_F(Notices, WhoHasLeftBeforeTheRestartIsNotToldOfAgain) {
  const auto call = talk();
  world.send(bob, wire::Hangup{"", call});
  world.announced.clear();
  world.crash();
  world.restart();
  EXPECT_TRUE(world.announced.empty());
}

TEST_F(Notices, ARestartTellsNothingTwiceAndLosesNothing) {
  const auto call = talk();
  news();
  Engine second(told_of_all(), Seed{8});
  Effects out;
  second.restore(world.now, {world.stored.back()}, out);
  const auto told = [&] {
    Words words;
    for (const auto& effect : std::exchange(out, {})) {
      const auto* store = std::get_if<Store>(&effect);
      if (store == nullptr) continue;
      for (const auto& notice : store->notices) words.push_back(std::string(type_of(notice.news)));
    }
    return words;
  };
  EXPECT_EQ(told(), Words{});
  second.handle(world.now, AdminEndCall{call}, out);
  EXPECT_EQ(told(), Words{"call.ended"});
}

TEST(NoNotices, NobodyIsToldWhomNobodyAsked) {
  World world;
  auto alice = world.connect("alice", "a1");
  world.say_hello(alice);
  world.send(alice, wire::Invite{"", "bob", wire::Media::None, {}, {}});
  EXPECT_FALSE(world.stored.empty());
  EXPECT_TRUE(world.told.empty());
}

}  // namespace
}  // namespace offhook::core
