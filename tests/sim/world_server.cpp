// The server's process: its engine, and what it says. Its store is in world_store.cpp.
#include <algorithm>

#include "base/check.hpp"
#include "sim/world_parts.hpp"

namespace offhook::sim {
namespace {

// Tokens of this world are no JWTs: a user's is his name, a session's its id.
wire::TokenClaims claims_of(const std::string& token) {
  wire::TokenClaims claims;
  claims.project = k_project;
  if (const auto session = SessionId::parse(token)) {
    claims.session = *session;
  } else {
    claims.user = token;
  }
  return claims;
}

std::optional<wire::TokenClaims> claims_in(const wire::ClientMessage& message) {
  if (const auto* hello = std::get_if<wire::Hello>(&message)) return claims_of(hello->token);
  if (const auto* reject = std::get_if<wire::SessionReject>(&message)) return claims_of(reject->token);
  const auto* connect = std::get_if<wire::SessionConnect>(&message);
  return connect != nullptr && connect->token ? std::optional(claims_of(*connect->token)) : std::nullopt;
}

}  // namespace

void World::heard(const PipePointer& pipe, wire::ClientMessage message) {
  if (!pipe->is_open_at_server) return;
  if (is_full_ && std::holds_alternative<wire::Hello>(message)) return refuse(pipe);
  const Cause cause{Cause::Kind::Command, pipe->device->index, pipe->link, &message};
  auto claims = claims_in(message);
  feed_server(cause, core::Received{pipe->link, message, std::move(claims)});
}

void World::ask_server(core::Event event) {
  const bool drains = std::holds_alternative<core::DrainStarted>(event);
  feed_server({drains ? Cause::Kind::Drain : Cause::Kind::Backend}, std::move(event));
}

// Deadlines first and apart, so that whatever the observer sees has one cause.
void World::feed_server(const Cause& cause, core::Event event) {
  if (server_ && server_alarm_ <= now_) advance_server();
  if (!server_) return;
  observer_.on_serving(cause);
  core::Effects effects;
  server_->handle(server_now(), std::move(event), effects);
  decide(cause, std::move(effects));
}

void World::advance_server() {
  if (!server_) return;
  const Cause cause{Cause::Kind::Timer};
  observer_.on_serving(cause);
  core::Effects effects;
  server_->advance(server_now(), effects);
  decide(cause, std::move(effects));
}

void World::set_server_alarm() {
  if (!server_) return;
  const auto deadline = server_->next_deadline();
  if (!deadline) return;
  const auto moment = std::max(deadline->at - server_ahead_, now_);
  if (moment >= server_alarm_) return;
  server_alarm_ = moment;
  push(Entry{moment});
}

void World::decide(const Cause& cause, core::Effects effects) {
  store_->advance(now_);
  for (auto& effect : effects) {
    if (const auto* store = std::get_if<core::Store>(&effect)) {
      observer_.on_decided(cause, store->record);
      put_in_store(store->record);
    }
    if (const auto* close = std::get_if<core::CloseLink>(&effect)) tell_of_closing(*close);
    const auto* send = std::get_if<core::Send>(&effect);
    if (send != nullptr && send->at_once && durable_puts_ < puts_) {
      carry_out_one(std::get<core::Send>(effect));
    } else {
      outbox_.emplace_back(std::move(effect), puts_);
    }
  }
  observer_.on_served(cause);
  advance_store();
  set_server_alarm();
}

void World::tell_of_closing(const core::CloseLink& close) {
  const auto found = pipes_.find(close.link);
  if (found != pipes_.end()) observer_.on_link(found->second->device->index, close.link, false, close.code);
}

// Commit, then speak: what follows a record waits until it is durable. Heartbeats pass by.
void World::flush_outbox() {
  while (!outbox_.empty() && outbox_.front().second <= durable_puts_) {
    auto next = std::move(outbox_.front().first);
    outbox_.pop_front();
    if (const auto* store = std::get_if<core::Store>(&next)) {
      observer_.on_durable(store->record);
    } else {
      std::visit([&](auto& wanted) { carry_out_one(wanted); }, next);
    }
    if (effects_left_ && --*effects_left_ <= 0) return crash_server(false);
  }
}

void World::carry_out_one(core::LoadHistory& effect) {
  at(now_, [this, client = effect.client, cmd_id = effect.cmd_id] {
    feed_server({Cause::Kind::Backend}, core::HistoryLoaded{client, cmd_id, {}});
  });
}

void World::carry_out_one(core::MakeSessionToken& effect) {
  at(now_, [this, made = core::SessionTokenMade{effect.client, effect.cmd_id, effect.session, effect.session.text()}] {
    feed_server({Cause::Kind::Backend}, made);
  });
}

// --- faults of the server

void World::crash_server(bool silent) {
  if (!server_) return;
  observer_.on_fault(std::nullopt, silent ? "the server's machine is gone" : "the server has crashed");
  effects_left_.reset();
  server_.reset();
  store_.reset();
  if (silent || disk_has_failed_) disk_.cut_power(weather_);
  last_server_now_ = server_now();
  outbox_.clear();
  push_queue_ = webhook::PushQueue(1);
  pushes_.clear();
  puts_ = durable_puts_ = 0;
  drained_ = false;
  server_alarm_ = store_alarm_ = Instant::max();
  host_is_up_ = !silent;
  observer_.on_server(false);
  lose_all_links(silent);
  if (when_crashed_) at(now_, std::exchange(when_crashed_, nullptr));
}

void World::crash_server_after(int effects, std::function<void()> then) {
  effects_left_ = effects;
  when_crashed_ = std::move(then);
}

void World::spare_server() {
  effects_left_.reset();
  when_crashed_ = nullptr;
  slow_disk(false);
  if (disk_has_failed_) crash_server(false);
}

void World::start_server(Duration clock_jump) {
  if (server_) return;
  server_ahead_ = std::max(server_ahead_ + clock_jump, last_server_now_ - now_);
  host_is_up_ = true;
  server_ = std::make_unique<core::Engine>(options_.settings, seed_of(options_.seed, static_cast<std::uint32_t>(++servers_ + 2'000'000)));
  if (servers_ > 1) observer_.on_fault(std::nullopt, "the server has started");
  auto records = load_store();
  observer_.on_server(true);
  const Cause cause{Cause::Kind::Start};
  observer_.on_serving(cause);
  core::Effects effects;
  server_->restore(server_now(), std::move(records), effects);
  decide(cause, std::move(effects));
}

}  // namespace offhook::sim
