// Joins what the engine tells of, the outbox that keeps it, the schedule that says when, and the client that sends it. On the
// reactor's thread; the client's thread comes back through the reactor.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "adapters/net/net.hpp"
#include "adapters/store/outbox.hpp"
#include "adapters/webhook/client.hpp"
#include "adapters/webhook/schedule.hpp"
#include "core/effect.hpp"
#include "server/clock.hpp"
#include "server/config.hpp"
#include "server/delivery.hpp"

namespace offhook::server {

class Webhooks {
 public:
  using Respond = std::function<void(net::HttpResponse)>;

  // `problem` is told what the operator should know. All but `config` and `outbox` must stay as long as this.
  Webhooks(net::Reactor& reactor, const Config& config, store::Outbox& outbox, const Clock& clock, const Seed& seed,
           std::function<void(const std::string&)> problem);

  // `tell` hears of every attempt. At most once, before all else.
  void tell_deliveries(std::function<void(Delivery)> tell) { tell_delivery_ = std::move(tell); }

  // Events of all webhooks that wait, and those given up.
  struct Backlog { std::uint64_t pending = 0, dead = 0; };
  // As it was when this was last asked for, because the store answers later; each call has it counted anew.
  Backlog backlog();

  // Keeps one entry for each notice and each webhook that wants it, with the record in one commit; `durable` as of Store::put. They
  // are sent from then on. REQUIRES: the record is one of a call.
  void keep(core::Store effect, std::function<void()> durable);
  void keep(core::Announce effect, std::function<void()> durable);

  // One more webhook while the server runs, or one less; what waits for one that is gone stays in the outbox. False: there are
  // k_max_webhooks already.
  bool add(const ProjectId& project, Webhook webhook);
  void remove(const ProjectId& project, const std::string& name);

  // Goes on with what waits since the last start.
  void start();

  // GET /v1/webhooks, GET /v1/webhooks/events, POST /v1/webhooks/replay, POST /v1/webhooks/events/NUMBER/replay. `respond` is
  // called once, now or later.
  void answer(const net::HttpRequest& request, const ProjectId& project, Respond respond);

 private:
  struct Endpoint {
    store::EndpointKey key;
    Webhook webhook;
    bool gone = false;
    std::vector<std::string> keys;                        // of its secrets
    std::map<std::uint64_t, store::OutboxEntry> held;     // those the schedule knows
  };
  struct Sent {
    webhook::EndpointIndex endpoint = 0;
    std::uint64_t number = 0;
  };

  void open_client();
  std::vector<store::OutboxEntry> entries(const std::vector<core::CallNotice>& notices, const core::CallRecord& record) const;
  std::vector<store::OutboxEntry> entries(const core::SessionNotice& notice) const;
  void wake(const ProjectId& project);
  void act(const std::function<void(webhook::Actions&)>& step);
  void carry_out(webhook::Ask& ask);
  void carry_out(webhook::Attempt& attempt);
  void carry_out(webhook::Settle& settle);
  void carry_out(webhook::Say& say);
  void on_due(webhook::EndpointIndex index, std::optional<store::DueEntries> found);
  void on_answer(std::uint64_t tag, const webhook::Answer& answer);
  void on_full(const store::OutboxFull& full);
  void set_alarm();

  void list_webhooks(const ProjectId& project, const Respond& respond);
  void list_events(const net::HttpRequest& request, const ProjectId& project, const Respond& respond);
  void replay_all(const store::EndpointKey& key, Respond respond);
  void replay(const store::OutboxReplay& which, Respond respond);

  net::Reactor& reactor_;
  const Clock& clock_;
  store::Outbox& outbox_;
  const std::function<void(const std::string&)> problem_;
  std::function<void(Delivery)> tell_delivery_ = [](Delivery) {};
  Backlog backlog_;
  std::vector<webhook::Network> allowed_;
  std::vector<Endpoint> endpoints_;  // of a webhook that is gone the place is taken by the next
  webhook::Schedule schedule_;
  net::Timer alarm_;
  std::uint64_t last_tag_ = 0;
  std::map<std::uint64_t, Sent> sent_;           // attempts under way, by the tag of the request
  std::unique_ptr<webhook::Client> client_;      // nothing if there is no webhook; its thread ends first
};

}  // namespace offhook::server
