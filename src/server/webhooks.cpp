#include "server/webhooks.hpp"

#include <algorithm>
#include <set>

#include "adapters/webhook/signature.hpp"
#include "base/check.hpp"
#include "server/webhook_bodies.hpp"

namespace offhook::server {
namespace {

constexpr Duration k_ask_again = std::chrono::seconds{1};  // where the store could not answer

template <class Notice>
store::OutboxEntry make_entry(const Notice& notice, const store::EndpointKey& endpoint) {
  store::OutboxEntry entry;
  entry.endpoint = endpoint;
  entry.event_id = notice.id.text();
  entry.type = core::type_of(notice.news);
  entry.created_at = notice.at;
  return entry;
}

store::OutboxVerdict to_store(std::variant<webhook::Delivered, webhook::RetryAt, webhook::Dead>& verdict) {
  if (auto* retry = std::get_if<webhook::RetryAt>(&verdict)) return store::OutboxRetry{retry->at, std::move(retry->problem)};
  if (auto* dead = std::get_if<webhook::Dead>(&verdict)) return store::OutboxDead{std::move(dead->problem)};
  return store::OutboxDelivered{};
}

Delivery delivery_in(const std::variant<webhook::Delivered, webhook::RetryAt, webhook::Dead>& verdict) {
  if (std::holds_alternative<webhook::RetryAt>(verdict)) return Delivery::Failed;
  return std::holds_alternative<webhook::Dead>(verdict) ? Delivery::Dead : Delivery::Delivered;
}

}  // namespace

Webhooks::Webhooks(net::Reactor& reactor, const Config& config, store::Outbox& outbox, const Clock& clock, const Seed& seed,
                   std::function<void(const std::string&)> problem)
    : reactor_(reactor), clock_(clock), outbox_(outbox), problem_(std::move(problem)), allowed_(config.webhook_allow),
      schedule_(k_max_webhooks, seed), alarm_(reactor) {
  for (const auto& project : config.projects) {
    for (const auto& webhook : project.webhooks) {
      auto& endpoint = endpoints_.emplace_back();
      endpoint.key = {project.key, webhook.name};
      endpoint.webhook = webhook;
      for (const auto& secret : webhook.secrets) endpoint.keys.push_back(webhook::parse_secret(secret).value());
    }
  }
  outbox_.tell_full([this](const store::OutboxFull& full) { on_full(full); });
  if (!endpoints_.empty()) open_client();
}

void Webhooks::open_client() {
  webhook::ClientOptions options;
  options.allowed = allowed_;
  options.user_agent = "Offhook/" OFFHOOK_VERSION;
  client_ = std::make_unique<webhook::Client>(options, [this](std::uint64_t tag, webhook::Answer answer) {
    reactor_.post([this, tag, answer = std::move(answer)] { on_answer(tag, answer); });
  });
}

bool Webhooks::add(const ProjectId& project, Webhook webhook) {
  auto place = std::find_if(endpoints_.begin(), endpoints_.end(), [](const auto& endpoint) { return endpoint.gone && endpoint.held.empty(); });
  if (place == endpoints_.end()) {
    if (endpoints_.size() >= k_max_webhooks) return false;
    place = endpoints_.emplace(endpoints_.end());
  }
  place->key = {project, webhook.name};
  place->webhook = std::move(webhook);
  place->gone = false;
  if (!client_) open_client();
  return true;
}

void Webhooks::remove(const ProjectId& project, const std::string& name) {
  for (auto& endpoint : endpoints_) {
    if (endpoint.key.project == project && endpoint.key.name == name) endpoint.gone = true;
  }
}

void Webhooks::keep(core::Store effect, std::function<void()> durable) {
  const auto& record = std::get<core::CallRecord>(effect.record);
  auto made = entries(effect.notices, record);
  const auto project = record.project;
  outbox_.put_with(std::move(effect.record), std::move(made), [this, project, durable = std::move(durable)] {
    durable();
    wake(project);
  });
}

void Webhooks::keep(core::Announce effect, std::function<void()> durable) {
  std::vector<store::OutboxEntry> made;
  for (const auto& notice : effect.notices) {
    for (auto& entry : entries(notice)) made.push_back(std::move(entry));
  }
  const auto done = [this, project = effect.notices.front().project, durable = std::move(durable)] {
    durable();
    wake(project);
  };
  if (effect.record) return outbox_.put_with(std::move(*effect.record), std::move(made), done);
  outbox_.add(std::move(made), done);
}

std::vector<store::OutboxEntry> Webhooks::entries(const std::vector<core::CallNotice>& notices, const core::CallRecord& record) const {
  std::vector<store::OutboxEntry> made;
  for (const auto& notice : notices) {
    for (const auto& endpoint : endpoints_) {
      if (endpoint.gone || endpoint.key.project != record.project || !endpoint.webhook.wants(core::type_of(notice.news))) continue;
      auto& entry = made.emplace_back(make_entry(notice, endpoint.key));
      entry.order_key = record.id.text();
      entry.body = to_body(notice, record);
    }
  }
  return made;
}

std::vector<store::OutboxEntry> Webhooks::entries(const core::SessionNotice& notice) const {
  std::vector<store::OutboxEntry> made;
  for (const auto& endpoint : endpoints_) {
    if (endpoint.gone || endpoint.key.project != notice.project || !endpoint.webhook.wants(core::type_of(notice.news))) continue;
    auto& entry = made.emplace_back(make_entry(notice, endpoint.key));
    entry.order_key = notice.session.text();
    entry.body = endpoint.webhook.dialect == Dialect::OpenTok ? to_opentok_body(notice) : to_body(notice);
  }
  return made;
}

void Webhooks::start() {
  act([&](webhook::Actions& out) {
    for (webhook::EndpointIndex index = 0; index < endpoints_.size(); ++index) schedule_.wake(clock_.now(), index, out);
  });
}

void Webhooks::wake(const ProjectId& project) {
  act([&](webhook::Actions& out) {
    for (webhook::EndpointIndex index = 0; index < endpoints_.size(); ++index) {
      if (endpoints_[index].key.project == project) schedule_.wake(clock_.now(), index, out);
    }
  });
}

void Webhooks::act(const std::function<void(webhook::Actions&)>& step) {
  webhook::Actions actions;
  step(actions);
  for (auto& action : actions) std::visit([&](auto& wanted) { carry_out(wanted); }, action);
  set_alarm();
}

void Webhooks::set_alarm() {
  const auto next = schedule_.next_deadline();
  if (!next) return alarm_.cancel();
  alarm_.set(*next - clock_.now(), [this] {
    act([&](webhook::Actions& out) { schedule_.advance(clock_.now(), out); });
  });
}

// The schedule has a place for each webhook there may be; most are not there.
void Webhooks::carry_out(webhook::Ask& ask) {
  if (ask.endpoint >= endpoints_.size()) return on_due(ask.endpoint, store::DueEntries{});
  outbox_.find_due(endpoints_[ask.endpoint].key, clock_.now(), ask.limit,
                   [this, index = ask.endpoint](auto found) { on_due(index, std::move(found)); });
}

void Webhooks::on_due(webhook::EndpointIndex index, std::optional<store::DueEntries> found) {
  const auto now = clock_.now();
  if (!found) found = store::DueEntries{{}, now + k_ask_again};
  std::vector<webhook::Due> due;
  for (auto& entry : found->entries) {
    due.push_back({entry.number, entry.attempts, entry.created_at});
    endpoints_[index].held.emplace(entry.number, std::move(entry));
  }
  act([&](webhook::Actions& out) { schedule_.on_due(now, index, std::move(due), found->next, out); });
}

void Webhooks::carry_out(webhook::Attempt& attempt) {
  const auto& endpoint = endpoints_[attempt.endpoint];
  const auto& entry = endpoint.held.at(attempt.number);
  webhook::Request request;
  request.tag = ++last_tag_;
  request.url = endpoint.webhook.url;
  request.body = entry.body;
  if (!endpoint.keys.empty()) {
    const auto made = webhook::sign(entry.event_id, clock_.now(), entry.body, endpoint.keys);
    request.headers = {"webhook-id: " + made.id, "webhook-timestamp: " + made.timestamp, "webhook-signature: " + made.signature};
  }
  sent_.emplace(request.tag, Sent{attempt.endpoint, attempt.number});
  client_->send(std::move(request));
}

void Webhooks::on_answer(std::uint64_t tag, const webhook::Answer& answer) {
  const auto node = sent_.extract(tag);
  CHECK(!node.empty());
  const auto [endpoint, number] = node.mapped();
  act([&](webhook::Actions& out) { schedule_.on_answer(clock_.now(), endpoint, number, answer, out); });
}

void Webhooks::carry_out(webhook::Settle& settle) {
  tell_delivery_(delivery_in(settle.verdict));
  outbox_.settle(settle.number, to_store(settle.verdict), clock_.now(), [this, index = settle.endpoint, number = settle.number] {
    endpoints_[index].held.erase(number);
    act([&](webhook::Actions& out) { schedule_.on_settled(clock_.now(), index, number, out); });
  });
}

Webhooks::Backlog Webhooks::backlog() {
  std::set<ProjectId> projects;
  for (const auto& endpoint : endpoints_) projects.insert(endpoint.key.project);
  const auto sum = std::make_shared<Backlog>();
  const auto open = std::make_shared<std::size_t>(projects.size());
  for (const auto& project : projects) {
    outbox_.count(project, [this, sum, open](const std::vector<store::OutboxCounts>& counts) {
      for (const auto& one : counts) {
        sum->pending += one.pending;
        sum->dead += one.dead;
      }
      if (--*open == 0) backlog_ = *sum;
    });
  }
  return backlog_;
}

void Webhooks::on_full(const store::OutboxFull& full) {
  const auto& [project, name] = full.endpoint;
  problem_("webhook \"" + name + "\" of project " + project +
           (full.dropped ? ": more dead letters than webhooks.max_dead; the oldest are dropped and counted"
                         : ": more events wait than webhooks.max_pending; new ones are dead letters until there is room"));
}

void Webhooks::carry_out(webhook::Say& say) {
  const auto& key = endpoints_[say.endpoint].key;
  problem_("webhook \"" + key.name + "\" of project " + key.project + ": " + say.what);
}

}  // namespace offhook::server
