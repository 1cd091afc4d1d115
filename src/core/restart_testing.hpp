// Scripts of calls that are cut off by a crash of the server after any record it stores, and what comes then.
#pragma once

#include <functional>
#include <set>
#include <tuple>

#include "core/engine_testing.hpp"

namespace offhook::core {

struct ServerCrashed {};

// People with devices that behave as clients do: they say hello again with the calls they believe in, repeat the command that
// was not answered, join the session they are shown and say that they have media.
class Scene {
 public:
  struct Person : World::Device {
    std::optional<wire::ClientMessage> unanswered;
    std::map<CallId, wire::Snapshot> believed;              // calls that go on, as this device knows
    std::map<CallId, std::set<wire::Outcome>> finals;       // what it was told of its part when that was over
    std::map<CallId, std::set<wire::Outcome>> ends;         // and of the call
    std::set<CallId> missed;
    std::size_t read = 0;                                   // of the inbox
    bool is_away = false;
  };

  explicit Scene(Settings settings = short_call()) : world(std::move(settings)) {
    for (const auto& [user, device] : {std::pair{"alice", "a1"}, {"bob", "b1"}, {"bob", "b2"}, {"carol", "c1"}}) {
      auto& person = people.emplace_back();
      person.user = user;
      person.device = device;
      world.say_hello(person);
      read(person);
    }
  }

  // Ends by itself a minute after it has become active.
  static Settings short_call() {
    Settings settings;
    settings.max_duration = 60s;
    return settings;
  }

  Person& person(const DeviceId& device) {
    return *std::find_if(people.begin(), people.end(), [&](const Person& each) { return each.device == device; });
  }

  template <class Command>
  void say(const DeviceId& device, Command command) {
    auto& from = person(device);
    command.cmd_id = device + std::to_string(++from.commands);
    from.unanswered = command;
    world.feed(Received{from.link, command, std::nullopt});
    read_all();
  }
  void invite(const DeviceId& device, const UserId& to, wire::Media media = wire::Media::None) {
    say(device, wire::Invite{"", to, media, {}, {}});
  }
  CallId call() const {
    if (world.stored.empty()) throw ServerCrashed{};
    return world.stored.front().id;
  }
  void ring(const DeviceId& device) { say(device, wire::RingAck{"", call(), false}); }
  void answer(const DeviceId& device) { say(device, wire::Answer{"", call()}); }
  void hang_up(const DeviceId& device) { say(device, wire::Hangup{"", call()}); }
  void join(const DeviceId& device) {
    const auto& session = person(device).believed.at(call()).session_id;
    ASSERT_TRUE(session) << device;
    say(device, wire::SessionConnect{"", *session, {}});
  }
  void run(Duration time) {
    world.run(time);
    read_all();
  }
  void vanish(const DeviceId& device) {
    person(device).is_away = true;
    world.close(person(device));
    read_all();
  }
  void talk() {
    invite("a1", "bob");
    ring("b1");
    answer("b1");
    join("b1");
    join("a1");
  }

  void come_back(Person& from) {
    std::vector<CallId> calls;
    for (const auto& [id, snapshot] : from.believed) calls.push_back(id);
    world.say_hello(from, true, calls);
    read(from);
    if (from.unanswered) world.feed(Received{from.link, *from.unanswered, std::nullopt});
    read(from);
    const auto known = from.believed;
    for (const auto& [id, snapshot] : known) take_part(from, snapshot);
  }
  void all_come_back() {
    for (auto& each : people) {
      if (!each.is_away) come_back(each);
    }
  }

  World world;
  std::list<Person> people;

 private:
  void take_part(Person& from, const wire::Snapshot& snapshot) {
    if (!snapshot.session_id) return;
    command_quietly(from, wire::SessionConnect{"", *snapshot.session_id, {}});
    if (snapshot.media != wire::Media::None) command_quietly(from, wire::MediaUp{"", snapshot.call_id});
  }
  template <class Command>
  void command_quietly(Person& from, Command command) {
    command.cmd_id = from.device + std::to_string(++from.commands);
    world.feed(Received{from.link, command, std::nullopt});
    read(from);
  }

  void read_all() {
    for (auto& each : people) read(each);
    if (world.is_crashed()) throw ServerCrashed{};
  }
  void read(Person& from) {
    for (; from.read < from.inbox.size(); ++from.read) note(from, from.inbox[from.read]);
  }
  void note(Person& from, const wire::ServerMessage& message) {
    if (const auto* event = std::get_if<wire::CallEvent>(&message)) note(from, event->call);
    if (const auto* missed = std::get_if<wire::Missed>(&message)) from.missed.insert(missed->record.call_id);
    if (const auto* welcome = std::get_if<wire::Welcome>(&message)) {
      if (!welcome->resumed) from.believed.clear();
      for (const auto& call : welcome->calls) note(from, call);
    }
    const auto* reply = std::get_if<wire::Reply>(&message);
    const auto* error = std::get_if<wire::Error>(&message);
    const auto* cmd_id = reply != nullptr ? &reply->cmd_id : error != nullptr && error->cmd_id ? &*error->cmd_id : nullptr;
    if (cmd_id != nullptr && from.unanswered && *wire_cmd_id(*from.unanswered) == *cmd_id) from.unanswered.reset();
    const auto* call = reply == nullptr ? nullptr : std::get_if<wire::CallReply>(&reply->body);
    if (call != nullptr) note(from, call->call);
  }
  void note(Person& from, const wire::Snapshot& call) {
    if (call.device_outcome) from.finals[call.call_id].insert(*call.device_outcome);
    if (call.phase == wire::Phase::Ended) from.ends[call.call_id].insert(*call.outcome);
    if (call.device_outcome) {
      from.believed.erase(call.call_id);
    } else {
      if (call.you == wire::DeviceState::Moving) from.finals.erase(call.call_id);  // a new part in it
      from.believed[call.call_id] = call;
    }
  }
  static const std::string* wire_cmd_id(const wire::ClientMessage& message) {
    return std::visit(
        [](const auto& m) -> const std::string* {
          if constexpr (requires { m.cmd_id; }) return &m.cmd_id;
          return nullptr;
        },
        message);
  }
};

// One course of a call.
struct Script {
  std::string_view name;
  std::function<void(Scene&)> play;
  std::size_t calls = 1;  // that there are in the end
};

inline std::ostream& operator<<(std::ostream& out, const Script& script) { return out << script.name; }

}  // namespace offhook::core
