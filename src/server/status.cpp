#include "server/status.hpp"

#include "wire/codec.hpp"
#include "wire/json_object.hpp"

namespace offhook::server {
namespace {

std::int64_t whole(std::uint64_t number) { return static_cast<std::int64_t>(number); }
std::int64_t whole(double number) { return static_cast<std::int64_t>(number); }

std::string levels_json(const Levels& levels, const metrics::ProcessFigures& process) {
  wire::JsonObject out;
  out.number("sockets", whole(levels.sockets)).number("links", whole(levels.engine.links)).number("clients", whole(levels.engine.clients));
  out.number("users", whole(levels.engine.users)).number("live_calls", whole(levels.engine.live_calls));
  out.number("sessions", whole(levels.engine.sessions)).number("timers", whole(levels.engine.timers));
  out.number("store_pending", whole(levels.store_pending)).number("effects_waiting", whole(levels.effects_waiting));
  out.number("resident_bytes", whole(process.resident_bytes)).number("open_files", whole(process.open_fds));
  return out.done();
}

std::string totals_json(const Totals& totals, const metrics::ProcessFigures& process) {
  wire::JsonObject out;
  out.number("cpu_ms", whole(process.cpu_seconds * 1000)).number("calls_created", whole(totals.calls_created));
  out.number("frames_received", whole(totals.frames_in)).number("frames_sent", whole(totals.frames_out));
  out.number("events", whole(totals.events.count)).number("events_us", totals.events.sum.count());
  out.number("commits", whole(totals.commits.count)).number("commits_us", totals.commits.sum.count());
  out.number("alarms", whole(totals.alarms.count)).number("alarms_late_us", totals.alarms.sum.count());
  out.number("problems", whole(totals.problems));
  return out.done();
}

std::string ended_json(const Totals& totals) {
  std::vector<std::string> list;
  for (const auto& [how, count] : totals.ended) {
    wire::JsonObject one;
    list.push_back(one.text("outcome", wire::word(how.first)).word_if("reason", how.second).number("calls", whole(count)).done());
  }
  return wire::json_list(list);
}

std::string durations_json(const core::Settings& settings) {
  wire::JsonObject out;
  for (const auto& setting : core::duration_settings()) out.number(std::string(setting.name) + "_ms", to_ms(settings.*setting.field));
  return out.done();
}

std::string limits_json(const core::Settings& settings) {
  wire::JsonObject out;
  for (const auto& setting : core::count_settings()) out.number(setting.name, settings.*setting.field);
  return out.done();
}

// The table of words says how to choose one, not which has been chosen: the one that changes nothing.
std::string words_json(const core::Settings& settings) {
  const auto chosen = [](const core::Settings& of) { return std::tuple(of.glare, of.decline_policy, of.blocked_as); };
  wire::JsonObject out;
  for (const auto& setting : core::word_settings()) {
    for (std::size_t word = 0; word < setting.words.size(); ++word) {
      auto tried = settings;
      setting.choose(tried, word);
      if (chosen(tried) == chosen(settings)) out.text(setting.name, setting.words[word]);
    }
  }
  return out.done();
}

// A TURN credential is a secret; whether there is one is none.
std::string setting_json(const wire::IceServer& server) {
  return wire::JsonObject().texts("urls", server.urls).flag("has_credential", server.credential.has_value()).done();
}

std::string setting_json(const Webhook& webhook) {
  wire::JsonObject out;
  out.text("name", webhook.name).text("url", webhook.url).text("dialect", webhook.dialect == Dialect::OpenTok ? "opentok" : "offhook");
  return out.texts("events", webhook.events).done();
}

template <class Item>
std::string list_json(const std::vector<Item>& items) {
  std::vector<std::string> list;
  for (const auto& item : items) list.push_back(setting_json(item));
  return wire::json_list(list);
}

}  // namespace

std::string status_json(const Config& config, const Status& status, const Totals& totals) {
  const auto process = metrics::process_figures();
  wire::JsonObject out;
  out.text("version", OFFHOOK_VERSION).flag("dev", config.dev);
  out.text("state", status.levels.is_draining ? "draining" : status.is_behind ? "behind" : status.levels.is_overloaded ? "overloaded" : "ready");
  out.number("started_at_ms", to_unix_ms(status.started_at)).number("time_at_ms", to_unix_ms(status.now));
  out.raw("now", levels_json(status.levels, process)).raw("since_start", totals_json(totals, process));
  return out.raw("ended", ended_json(totals)).done();
}

std::string server_settings_json(const Config& config) {
  wire::JsonObject out;
  out.text("listen", net::to_text(config.listen)).flag("tls", !config.certificate_file.empty());
  out.flag("durable", !config.data.empty()).text("data", config.data.empty() ? std::string(k_in_memory) : config.data);
  out.number("keep_calls_ms", to_ms(config.keep_calls)).number("drain_timeout_ms", to_ms(config.drain_timeout));
  out.number("webhooks_max_pending", whole(config.webhook_limits.pending)).number("webhooks_max_dead", whole(config.webhook_limits.dead));
  out.flag("metrics_token", !config.metrics_token.empty()).text("log_format", config.log.json ? "json" : "text").flag("log_calls", config.log.calls);
  out.flag("opentok_partner_auth", config.opentok_partner_auth);
  out.number("sockets_per_address", config.network.sockets_per_address).number("new_sockets_per_minute", config.network.new_sockets_per_minute);
  out.number("failures_per_minute", config.network.failures_per_minute).number("trusted_proxies", whole(config.network.trusted_proxies.size()));
  out.number("opentok_rest_token_lifetime_ms", to_ms(config.opentok_rest_token_lifetime));
  return out.done();
}

std::string project_settings_json(const core::Settings& settings, const std::vector<Webhook>& webhooks) {
  wire::JsonObject out;
  out.raw("timers", durations_json(settings)).raw("calls", words_json(settings)).raw("limits", limits_json(settings));
  out.flag("clients_create_sessions", settings.clients_create_sessions).flag("presence", settings.presence);
  out.flag("refuse_unknown_users", settings.refuse_unknown_users);
  return out.raw("ice_servers", list_json(settings.ice_servers)).raw("webhooks", list_json(webhooks)).done();
}

}  // namespace offhook::server
