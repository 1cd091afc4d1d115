// The REST interface to webhooks: what waits, what has been given up, and another try. docs/openapi.yaml describes it.
#include <algorithm>

#include "server/http_text.hpp"
#include "server/webhooks.hpp"
#include "wire/json_object.hpp"

namespace offhook::server {
namespace {

constexpr std::string_view k_events = "/v1/webhooks/events";

std::string_view word_of(store::OutboxState state) {
  switch (state) {
    case store::OutboxState::Waiting: return "waiting";
    case store::OutboxState::Due: return "due";
    case store::OutboxState::Dead: return "dead";
  }
  return "";
}

std::string_view word_of(webhook::EndpointState state) {
  switch (state) {
    case webhook::EndpointState::Working: return "working";
    case webhook::EndpointState::Failing: return "failing";
    case webhook::EndpointState::Probed: return "probed";
    case webhook::EndpointState::Disabled: return "disabled";
  }
  return "";
}

std::string to_json(const store::OutboxEntry& entry) {
  wire::JsonObject out;
  out.number("number", static_cast<std::int64_t>(entry.number)).text("webhook", entry.endpoint.name).text("event_id", entry.event_id);
  out.text("type", entry.type).text("about", entry.order_key).number("created_at_ms", to_unix_ms(entry.created_at));
  out.text("state", word_of(entry.state));
  if (entry.state == store::OutboxState::Due) out.number("due_at_ms", to_unix_ms(entry.due_at));
  out.number("attempts", entry.attempts);
  if (!entry.problem.empty()) out.text("problem", entry.problem);
  return out.done();
}

// Gives the sentence of what is wrong.
std::optional<std::string> read_query(const Query& fields, store::OutboxQuery& query) {
  if (const auto webhook = fields.find("webhook"); webhook != fields.end()) query.endpoint = webhook->second;
  if (const auto about = fields.find("about"); about != fields.end()) query.order_key = about->second;
  if (const auto state = fields.find("state"); state != fields.end()) {
    if (state->second != "pending" && state->second != "dead") return "\"state\" must be pending or dead.";
    query.dead = state->second == "dead";
  }
  if (const auto cursor = fields.find("cursor"); cursor != fields.end()) {
    query.after = whole_number(cursor->second);
    if (!query.after) return "\"cursor\" must be the \"next\" of the page before.";
  }
  return read_limit(fields, query.limit);
}

std::string with_counts(wire::JsonObject& webhook, const store::OutboxCounts& counts) {
  const auto number = [&](std::string_view name, std::uint64_t value) { webhook.number(name, static_cast<std::int64_t>(value)); };
  number("pending", counts.pending);
  number("dead", counts.dead);
  number("dropped", counts.dropped);
  return webhook.done();
}

net::HttpResponse busy() { return failure(503, "overloaded", "The store cannot answer now; try again in 5 s."); }

}  // namespace

void Webhooks::answer(const net::HttpRequest& request, const ProjectId& project, Respond respond) {
  if (request.method == "GET" && request.path == "/v1/webhooks") return list_webhooks(project, respond);
  if (request.method == "GET" && request.path == k_events) return list_events(request, project, respond);
  if (request.method != "POST") return respond(not_found());
  if (request.path == "/v1/webhooks/replay") {
    const auto fields = parse_query(request.query);
    const auto webhook = fields.find("webhook");
    if (webhook == fields.end()) return respond(failure(400, "missing_field", R"("webhook" must be the name of a webhook.)"));
    return replay_all({project, webhook->second}, std::move(respond));
  }
  constexpr std::string_view k_replay = "/replay";
  std::string_view path = request.path;
  if (!path.starts_with(k_events) || !path.ends_with(k_replay) || path.size() < k_events.size() + k_replay.size() + 1) {
    return respond(not_found());
  }
  const auto number = whole_number(path.substr(k_events.size() + 1, path.size() - k_events.size() - 1 - k_replay.size()));
  if (!number) return respond(not_found());
  replay({project, *number}, std::move(respond));
}

// Besides those of the configuration, names under which events are kept that no webhook has any more.
void Webhooks::list_webhooks(const ProjectId& project, const Respond& respond) {
  outbox_.count(project, [this, project, respond](const std::vector<store::OutboxCounts>& counts) {
    std::map<std::string, store::OutboxCounts> left;
    for (const auto& one : counts) left[one.endpoint.name] = one;
    std::vector<std::string> list;
    for (webhook::EndpointIndex index = 0; index < endpoints_.size(); ++index) {
      const auto& [key, webhook, gone, keys, held] = endpoints_[index];
      if (gone || key.project != project) continue;
      wire::JsonObject one;
      one.text("name", webhook.name).text("url", webhook.url).text("dialect", webhook.dialect == Dialect::OpenTok ? "opentok" : "offhook");
      list.push_back(with_counts(one.text("state", word_of(schedule_.state(index))), left[webhook.name]));
      left.erase(webhook.name);
    }
    for (const auto& [name, kept] : left) {
      if (kept.pending + kept.dead == 0) continue;
      wire::JsonObject one;
      list.push_back(with_counts(one.text("name", name).text("state", "removed"), kept));
    }
    respond(json(200, wire::JsonObject().raw("webhooks", wire::json_list(list)).done()));
  });
}

void Webhooks::list_events(const net::HttpRequest& request, const ProjectId& project, const Respond& respond) {
  store::OutboxQuery query;
  query.project = project;
  if (const auto problem = read_query(parse_query(request.query), query)) return respond(failure(400, "bad_field", *problem));
  outbox_.list(query, [respond, limit = query.limit](auto found) {
    if (!found) return respond(busy());
    std::vector<std::string> events;
    for (const auto& entry : *found) events.push_back(to_json(entry));
    wire::JsonObject body;
    body.raw("events", wire::json_list(events));
    if (found->size() == limit) body.text("next", std::to_string(found->back().number));
    respond(json(200, body.done()));
  });
}

// A name that nobody has and nothing waits under is a mistake of whoever asks.
void Webhooks::replay_all(const store::EndpointKey& key, Respond respond) {
  const bool is_known = std::any_of(endpoints_.begin(), endpoints_.end(), [&](const auto& one) { return one.key == key; });
  if (!is_known) return respond(failure(404, "no_such_webhook", "The project has no webhook of this name; GET /v1/webhooks lists them."));
  replay({key.project, key.name}, std::move(respond));
}

// Whoever asks for another try believes that the receiver works: it is tried at once, even one that had said 410.
void Webhooks::replay(const store::OutboxReplay& which, Respond respond) {
  outbox_.replay(which, clock_.now(), [this, which, respond = std::move(respond)](const store::OutboxReplayed& replayed) {
    const bool is_one = std::holds_alternative<std::uint64_t>(which.which);
    if (is_one && replayed.count == 0) return respond(failure(404, "no_such_event", "No event of this number has been given up or is due; one that waits for an earlier event of its call goes after that."));
    const auto& name = is_one ? replayed.endpoint.value_or("") : std::get<std::string>(which.which);
    act([&](webhook::Actions& out) {
      for (webhook::EndpointIndex index = 0; index < endpoints_.size(); ++index) {
        if (endpoints_[index].key == store::EndpointKey{which.project, name}) schedule_.enable(clock_.now(), index, out);
      }
    });
    respond(json(200, wire::JsonObject().number("replayed", static_cast<std::int64_t>(replayed.count)).text("webhook", name).done()));
  });
}

}  // namespace offhook::server
