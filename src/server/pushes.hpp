// Joins the pushes the engine wants, the queue that says when, and the client that hands them to the app's own sender. On the reactor's thread;
// the client's thread comes back through the reactor.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "adapters/net/net.hpp"
#include "adapters/webhook/client.hpp"
#include "adapters/webhook/push_queue.hpp"
#include "core/effect.hpp"
#include "server/clock.hpp"
#include "server/config.hpp"

namespace offhook::server {

class Pushes {
 public:
  // `problem` is told what the operator should know. All but `config` must stay as long as this.
  Pushes(net::Reactor& reactor, const Config& config, const Clock& clock, std::function<void(const std::string&)> problem);

  // Each push is answered once, unless it is stopped before; `after`: since it was asked for. At most once, before all else.
  using Settled = std::function<void(core::PushSettled, Duration after)>;
  void answer_to(Settled settled) { settled_ = std::move(settled); }

  void send(core::Push push);
  // Returns how many were stopped.
  std::size_t stop(const core::StopPushes& what);
  std::size_t waiting() const { return pending_.size(); }  // those that have no answer yet

 private:
  struct Sender {
    ProjectId project;  // empty: of all that have none of their own
    std::string url;
    std::vector<std::string> keys;
  };
  struct Pending {
    core::Push push;
    std::string id;  // the same at every attempt
    std::size_t sender = 0;
    Instant since{};
  };

  std::optional<std::size_t> sender_of(const ProjectId& project) const;
  void settle(const core::Push& push, core::PushState state, Instant since);
  void act(const std::function<void(webhook::PushActions&)>& step);
  void carry_out(webhook::PushAttempt& attempt);
  void carry_out(webhook::PushOver& over);
  void carry_out(webhook::PushSay& say);
  void set_alarm();

  net::Reactor& reactor_;
  const Clock& clock_;
  const std::function<void(const std::string&)> problem_;
  Settled settled_;
  std::vector<Sender> senders_;
  webhook::PushQueue queue_;
  net::Timer alarm_;
  std::uint64_t last_number_ = 0;
  std::map<std::uint64_t, Pending> pending_;  // those the queue knows, and dropped ones that are under way
  std::unique_ptr<webhook::Client> client_;   // nothing if there is no sender; its thread ends first
};

// {"type":"call.push","timestamp":…,"data":{"user","device_id","provider","token","collapse_key","payload":{…}}}: what a sender is given at
// this moment; `payload` is for the device, in at most 3 072 bytes (without the invite's data where they would not fit).
std::string to_body(const core::Push& push, Instant now);

}  // namespace offhook::server
