// A small world for tests of the engine: clients with links, virtual time, and what each was told.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <list>
#include <map>
#include <string>
#include <vector>

#include "core/engine.hpp"
#include "core/life.hpp"
#include "core/replay_testing.hpp"

namespace offhook::core {

using namespace std::chrono_literals;

class World {
 public:
  explicit World(Settings settings = {}, std::map<ProjectId, Settings> projects = {})
      : settings_(std::move(settings)), projects_(std::move(projects)), engine(settings_, Seed{7}, projects_) {}

 private:
  Settings settings_;
  std::map<ProjectId, Settings> projects_;

 public:
  Engine engine;
  Instant now{std::chrono::seconds{1'700'000'000}};
  std::vector<CallRecord> stored;
  std::map<RecordKey, Record> kept;  // as a store would have it
  int stores = 0;
  bool drained = false;
  bool holds_welcomes = false;  // they wait for the disk; whoever tests says that they have left
  std::vector<RestAnswered> rest_answers;
  std::vector<SessionAnswered> session_answers;
  std::vector<CallNotice> told;           // to the project's backend, if the settings want that
  std::vector<SessionNotice> announced;
  std::vector<Push> pushes;               // handed over; whoever tests answers them
  std::vector<StopPushes> stopped_pushes;
  ReplayCheck replays;

  // What one device has been told since it was last looked at, heartbeats apart.
  struct Device {
    LinkId link;
    UserId user;
    DeviceId device;
    std::vector<wire::ServerMessage> inbox;
    wire::Welcome welcome;
    std::uint64_t last_seq = 0;
    bool answers_pings = true;
    std::optional<std::uint16_t> closed;
    std::vector<std::int64_t> periods_ms;  // of every heartbeat
    int commands = 0;
    std::optional<wire::PushAddress> push;  // told with every hello
  };

  Device connect(const UserId& user, const DeviceId& device) {
    Device made;
    made.user = user;
    made.device = device;
    return made;
  }

  void say_hello(Device& device, bool resume = false, std::vector<CallId> calls = {}) {
    device.link = LinkId{++last_link_};
    device.closed.reset();
    devices_[device.link] = &device;
    feed(LinkOpened{device.link});
    wire::Hello hello{1, "t", device.device, {}, {}, std::move(calls)};
    hello.push = device.push;
    if (resume) hello.resume = wire::Resume{device.welcome.client_id, device.welcome.resume_key, device.last_seq};
    wire::TokenClaims claims;
    claims.project = "1";
    claims.user = device.user;
    feed(Received{device.link, hello, claims});
  }

  template <class Command>
  std::string send(Device& device, Command command) {
    command.cmd_id = "c" + std::to_string(++device.commands);
    feed(Received{device.link, command, std::nullopt});
    return command.cmd_id;
  }

  void close(Device& device) {
    devices_.erase(device.link);
    feed(LinkClosed{device.link});
  }

  // Nothing passes any more, and nobody is told.
  void silence(Device& device) { device.answers_pings = false; }

  // Serves every deadline on the way, as the loop would.
  void run(Duration time) {
    const auto end = now + time;
    while (!crashed_ && engine.next_deadline() && engine.next_deadline()->at <= end) {
      now = std::max(now, engine.next_deadline()->at);
      Effects out;
      engine.advance(now, out);
      carry_out(out);
    }
    if (!crashed_) now = end;
  }

  // The server dies as soon as so many records more are durable: whatever follows is not carried out.
  void crash_after(int stores_more) { crash_at_ = stores + stores_more; }
  bool is_crashed() const { return crashed_; }
  void crash() {
    crashed_ = true;
    crash_at_.reset();
    devices_.clear();
  }

  // A new process with what the old one has stored, in whatever order; it may crash again while it recovers.
  void restart() {
    crashed_ = false;
    replays.restart();
    engine = Engine(settings_, Seed{7, ++restarts_}, projects_);
    std::vector<Record> records;
    for (const auto& [key, record] : kept) {
      const auto* call = std::get_if<CallRecord>(&record);
      EXPECT_TRUE(call == nullptr || is_whole(*call)) << key.text;
      records.push_back(record);
    }
    if (restarts_ % 2 == 0) std::reverse(records.begin(), records.end());
    Effects out;
    engine.restore(now, std::move(records), out);
    carry_out(out);
  }

  void feed(Event event) {
    if (crashed_) return;
    Effects out;
    engine.handle(now, std::move(event), out);
    carry_out(out);
  }

  // The last message of type T the device was told, which must exist.
  template <class T>
  T last(const Device& device) {
    for (auto message = device.inbox.rbegin(); message != device.inbox.rend(); ++message) {
      if (const auto* found = std::get_if<T>(&*message)) return *found;
    }
    ADD_FAILURE() << device.device << " was not told";
    return T{};
  }

  template <class T>
  int count(const Device& device) {
    int found = 0;
    for (const auto& message : device.inbox) found += std::holds_alternative<T>(message) ? 1 : 0;
    return found;
  }

  wire::Snapshot replied_call(const Device& device) {
    const auto reply = last<wire::Reply>(device);
    const auto* call = std::get_if<wire::CallReply>(&reply.body);
    EXPECT_NE(call, nullptr);
    return call == nullptr ? wire::Snapshot{} : call->call;
  }

 private:
  void carry_out(const Effects& effects) {
    for (const auto& effect : effects) {
      if (crashed_) return;
      if (const auto* send = std::get_if<Send>(&effect)) deliver(*send);
      if (const auto* announce = std::get_if<Announce>(&effect)) keep(*announce);
      if (const auto* store = std::get_if<Store>(&effect)) {
        told.insert(told.end(), store->notices.begin(), store->notices.end());
        keep(store->record);
      }
      if (const auto* close = std::get_if<CloseLink>(&effect); close != nullptr && devices_.contains(close->link)) {
        devices_[close->link]->closed = close->code;
        devices_.erase(close->link);
      }
      if (const auto* push = std::get_if<Push>(&effect)) deliver(*push);
      if (const auto* stop = std::get_if<StopPushes>(&effect)) stopped_pushes.push_back(*stop);
      if (std::holds_alternative<Drained>(effect)) drained = true;
      if (const auto* answer = std::get_if<RestAnswered>(&effect)) rest_answers.push_back(*answer);
      if (const auto* answer = std::get_if<SessionAnswered>(&effect)) session_answers.push_back(*answer);
    }
  }

  void keep(const Announce& announce) {
    announced.insert(announced.end(), announce.notices.begin(), announce.notices.end());
    if (announce.record) keep(*announce.record);
  }

  void keep(const Record& record) {
    ++stores;
    if (const auto* call = std::get_if<CallRecord>(&record)) keep(*call);
    if (const auto* gone = std::get_if<GoneRecord>(&record)) {
      kept.erase(gone->key);
    } else {
      kept.insert_or_assign(key_of(record), record);
    }
    if (crash_at_ == stores) crash();
  }

  // Every step of every call of every test is one of those in life.hpp.
  void keep(const CallRecord& call) {
    const auto before = newest_.find(call.id);
    const auto wrong = wrong_step(before == newest_.end() ? nullptr : &before->second, call);
    EXPECT_FALSE(wrong) << *wrong << ", call " << call.id.text() << ", version " << call.version;
    newest_[call.id] = call;
    stored.push_back(call);
    replays.keep(call);
  }

  // Nobody is told what a crash could take back.
  void expect_durable(const wire::Snapshot& shown) {
    const auto newest = newest_.find(shown.call_id);
    if (newest == newest_.end()) return ADD_FAILURE() << "told of a call that is not stored";
    EXPECT_LE(shown.version, newest->second.version) << "told before it was stored";
    EXPECT_TRUE(shown.version < newest->second.version || shown.phase == newest->second.phase);
  }

  void expect_durable(const wire::ServerMessage& message) {
    if (const auto* event = std::get_if<wire::CallEvent>(&message)) expect_durable(event->call);
    if (const auto* welcome = std::get_if<wire::Welcome>(&message)) {
      for (const auto& call : welcome->calls) expect_durable(call);
    }
    const auto* reply = std::get_if<wire::Reply>(&message);
    const auto* call = reply == nullptr ? nullptr : std::get_if<wire::CallReply>(&reply->body);
    if (call != nullptr) expect_durable(call->call);
  }

  // Nobody is woken for a call that is over, nor before the record says so.
  void deliver(const Push& push) {
    const auto newest = newest_.find(push.call);
    ASSERT_NE(newest, newest_.end());
    EXPECT_NE(newest->second.phase, wire::Phase::Ended) << "a push after the end";
    const auto* leg = leg_of(newest->second, push.user.user);
    const auto wanted = [&](const DeviceRecord& device) { return device.device == push.device && device.push == PushState::Wanted; };
    EXPECT_TRUE(leg != nullptr && std::any_of(leg->devices.begin(), leg->devices.end(), wanted)) << "a push that is not in the record";
    EXPECT_GT(push.expires_at, now);
    pushes.push_back(push);
  }

  void deliver(const Send& send) {
    const auto message = message_in(send);
    expect_durable(message);
    if (std::holds_alternative<wire::Welcome>(message) && !holds_welcomes) feed(Welcomed{send.link});
    const auto found = devices_.find(send.link);
    if (found == devices_.end() || !found->second->answers_pings) return;
    auto& device = *found->second;
    EXPECT_FALSE(drained && std::holds_alternative<wire::CallEvent>(message)) << "told after the program may stop";
    if (const auto* ping = std::get_if<wire::ServerPing>(&message)) {
      device.periods_ms.push_back(ping->period_ms);
      return feed(Received{send.link, wire::ClientPong{device.last_seq}, std::nullopt});
    }
    if (const auto* welcome = std::get_if<wire::Welcome>(&message)) {
      device.welcome = *welcome;
      if (!welcome->resumed) device.last_seq = 0;
    }
    std::visit(
        [&](const auto& event) {
          if constexpr (requires { event.seq; }) {
            EXPECT_EQ(event.seq, device.last_seq + 1) << "events are numbered without a gap";
            device.last_seq = event.seq;
          }
        },
        message);
    device.inbox.push_back(message);
  }

  std::map<LinkId, Device*> devices_;
  std::map<CallId, CallRecord> newest_;
  std::uint64_t last_link_ = 0;
  std::optional<int> crash_at_;
  bool crashed_ = false;
  std::uint32_t restarts_ = 0;
};

// Alice with one device, Bob with two; all say hello unless a test says otherwise.
class CallTest : public testing::Test {
 protected:
  explicit CallTest(Settings settings = {}, std::map<ProjectId, Settings> projects = {})
      : world(std::move(settings), std::move(projects)) {}
  void SetUp() override {
    for (auto* device : {&alice, &bob, &bobs_tablet}) world.say_hello(*device);
  }

  CallId invite(wire::Media media = wire::Media::None) {
    world.send(alice, wire::Invite{"", "bob", media, {}, {}});
    return world.replied_call(alice).call_id;
  }
  void ring(World::Device& device, CallId call) { world.send(device, wire::RingAck{"", call, false}); }
  void join(World::Device& device, const wire::Snapshot& call) {
    ASSERT_TRUE(call.session_id);
    world.send(device, wire::SessionConnect{"", *call.session_id, {}});
  }
  CallId talk() {
    const auto call = invite();
    ring(bob, call);
    world.send(bob, wire::Answer{"", call});
    join(bob, world.replied_call(bob));
    join(alice, seen(alice));
    return call;
  }
  wire::Snapshot seen(const World::Device& device) { return world.last<wire::CallEvent>(device).call; }
  void expect_end(const wire::Snapshot& call, wire::Outcome outcome, std::optional<wire::Reason> reason, wire::Outcome device_outcome) {
    EXPECT_EQ(call.phase, wire::Phase::Ended);
    EXPECT_EQ(call.outcome, outcome);
    EXPECT_EQ(call.reason, reason);
    EXPECT_EQ(call.device_outcome, device_outcome);
  }
  void expect_one_final(const World::Device& device) {
    int finals = 0;
    for (const auto& message : device.inbox) {
      const auto* event = std::get_if<wire::CallEvent>(&message);
      finals += event != nullptr && event->call.device_outcome ? 1 : 0;
    }
    EXPECT_EQ(finals, 1) << device.device;
  }

  // A device that is there from the start.
  World::Device& arrive(const UserId& user, const DeviceId& device) {
    auto& made = arrived.emplace_back(world.connect(user, device));
    world.say_hello(made);
    return made;
  }
  // `caller` and `callee` talk.
  CallId talk(World::Device& caller, World::Device& callee) {
    world.send(caller, wire::Invite{"", callee.user, wire::Media::None, {}, {}});
    const auto call = world.replied_call(caller).call_id;
    world.send(callee, wire::Answer{"", call});
    join(callee, world.replied_call(callee));
    join(caller, seen(caller));
    return call;
  }

  World world;
  std::list<World::Device> arrived;
  World::Device alice = world.connect("alice", "a1");
  World::Device bob = world.connect("bob", "b1");
  World::Device bobs_tablet = world.connect("bob", "b2");
};

}  // namespace offhook::core
