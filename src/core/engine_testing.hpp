// A small world for tests of the engine: clients with links, virtual time, and what each was told.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "core/engine.hpp"

namespace offhook::core {

using namespace std::chrono_literals;

class World {
 public:
  explicit World(Settings settings = {}) : engine(std::move(settings), Seed{7}) {}

  Engine engine;
  Instant now{std::chrono::seconds{1'700'000'000}};
  std::vector<CallRecord> stored;
  bool drained = false;

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
    int commands = 0;
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
    while (engine.next_deadline() && engine.next_deadline()->at <= end) {
      now = std::max(now, engine.next_deadline()->at);
      Effects out;
      engine.advance(now, out);
      carry_out(out);
    }
    now = end;
  }

  void feed(Event event) {
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
      if (const auto* send = std::get_if<Send>(&effect)) deliver(*send);
      if (const auto* store = std::get_if<Store>(&effect)) {
        if (const auto* call = std::get_if<CallRecord>(&store->record)) stored.push_back(*call);
      }
      if (const auto* close = std::get_if<CloseLink>(&effect); close != nullptr && devices_.contains(close->link)) {
        devices_[close->link]->closed = close->code;
        devices_.erase(close->link);
      }
      if (std::holds_alternative<Drained>(effect)) drained = true;
    }
  }

  void deliver(const Send& send) {
    const auto found = devices_.find(send.link);
    if (found == devices_.end() || !found->second->answers_pings) return;
    auto& device = *found->second;
    EXPECT_FALSE(drained && std::holds_alternative<wire::CallEvent>(send.message)) << "told after the program may stop";
    if (std::holds_alternative<wire::ServerPing>(send.message)) {
      return feed(Received{send.link, wire::ClientPong{device.last_seq}, std::nullopt});
    }
    if (const auto* welcome = std::get_if<wire::Welcome>(&send.message)) {
      device.welcome = *welcome;
      if (!welcome->resumed) device.last_seq = 0;
    }
    std::visit(
        [&](const auto& message) {
          if constexpr (requires { message.seq; }) {
            EXPECT_EQ(message.seq, device.last_seq + 1) << "events are numbered without a gap";
            device.last_seq = message.seq;
          }
        },
        send.message);
    device.inbox.push_back(send.message);
  }

  std::map<LinkId, Device*> devices_;
  std::uint64_t last_link_ = 0;
};

}  // namespace offhook::core
