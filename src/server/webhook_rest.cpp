// The REST interface to webhooks: what waits, what has been given up, and another try. docs/openapi.yaml describes it.
#include <charconv>

#include "server/http_text.hpp"
#include "server/webhooks.hpp"
#include "wire/codec.hpp"

namespace offhook::server {
namespace {

constexpr std::string_view k_events = "/v1/webhooks/events";

std::optional<std::uint64_t> parse_number(std::string_view digits) {
  std::uint64_t value = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  const bool whole = !digits.empty() && read.ec == std::errc{} && read.ptr == digits.data() + digits.size();
  constexpr std::uint64_t k_largest = 9'007'199'254'740'991;  // that a receiver in JavaScript can hold
  return whole && value <= k_largest ? std::optional(value) : std::nullopt;
}

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
    case webhook::EndpointState::Probed: return "probed";
    case webhook::EndpointState::Disabled: return "disabled";
  }
  return "";
}

std::string to_json(const store::OutboxEntry& entry) {
  std::string out = "{\"number\":" + std::to_string(entry.number);
  const auto text = [&](std::string_view name, std::string_view value) { out += "," + wire::quoted(name) + ":" + wire::quoted(value); };
  const auto number = [&](std::string_view name, std::int64_t value) { out += "," + wire::quoted(name) + ":" + std::to_string(value); };
  text("webhook", entry.endpoint.name);
  text("event_id", entry.event_id);
  text("type", entry.type);
  text("about", entry.order_key);
  number("created_at_ms", to_unix_ms(entry.created_at));
  text("state", word_of(entry.state));
  if (entry.state == store::OutboxState::Due) number("due_at_ms", to_unix_ms(entry.due_at));
  number("attempts", entry.attempts);
  if (!entry.problem.empty()) text("problem", entry.problem);
  return out + "}";
}

using Fields = std::map<std::string, std::string>;

// Gives the sentence of what is wrong.
std::optional<std::string> read_query(const Fields& fields, store::OutboxQuery& query) {
  if (const auto webhook = fields.find("webhook"); webhook != fields.end()) query.endpoint = webhook->second;
  if (const auto about = fields.find("about"); about != fields.end()) query.order_key = about->second;
  if (const auto state = fields.find("state"); state != fields.end()) {
    if (state->second != "pending" && state->second != "dead") return "\"state\" must be pending or dead.";
    query.dead = state->second == "dead";
  }
  if (const auto cursor = fields.find("cursor"); cursor != fields.end()) {
    query.after = parse_number(cursor->second);
    if (!query.after) return "\"cursor\" must be the \"next\" of the page before.";
  }
  if (const auto limit = fields.find("limit"); limit != fields.end()) {
    const auto value = parse_number(limit->second);
    if (!value || *value < 1 || *value > 100) return "\"limit\" must be a whole number from 1 to 100.";
    query.limit = *value;
  }
  return std::nullopt;
}

net::HttpResponse busy() { return failure(503, "overloaded", "The store cannot answer now; try again in 5 s."); }

}  // namespace

void Webhooks::answer(const net::HttpRequest& request, const ProjectId& project, Respond respond) {
  if (request.method == "GET" && request.path == "/v1/webhooks") return respond(json(200, list_webhooks(project)));
  if (request.method == "GET" && request.path == k_events) return list_events(request, project, respond);
  if (request.method != "POST") return respond(not_found());
  if (request.path == "/v1/webhooks/replay") {
    const auto fields = parse_query(request.query);
    const auto webhook = fields.find("webhook");
    if (webhook == fields.end()) return respond(failure(400, "missing_field", R"("webhook" must be the name of a webhook.)"));
    return replay({project, webhook->second}, std::move(respond));
  }
  constexpr std::string_view k_replay = "/replay";
  std::string_view path = request.path;
  if (!path.starts_with(k_events) || !path.ends_with(k_replay) || path.size() < k_events.size() + k_replay.size() + 1) {
    return respond(not_found());
  }
  const auto number = parse_number(path.substr(k_events.size() + 1, path.size() - k_events.size() - 1 - k_replay.size()));
  if (!number) return respond(not_found());
  replay({project, *number}, std::move(respond));
}

std::string Webhooks::list_webhooks(const ProjectId& project) const {
  std::string out = "{\"webhooks\":[";
  for (webhook::EndpointIndex index = 0; index < endpoints_.size(); ++index) {
    const auto& [key, webhook, keys, held] = endpoints_[index];
    if (key.project != project) continue;
    out += (out.ends_with('[') ? "{\"name\":" : ",{\"name\":") + wire::quoted(webhook.name) + ",\"url\":" + wire::quoted(webhook.url) +
           ",\"dialect\":" + (webhook.dialect == Dialect::OpenTok ? "\"opentok\"" : "\"offhook\"") +
           ",\"state\":" + wire::quoted(word_of(schedule_.state(index))) + "}";
  }
  return out + "]}";
}

void Webhooks::list_events(const net::HttpRequest& request, const ProjectId& project, const Respond& respond) {
  store::OutboxQuery query;
  query.project = project;
  if (const auto problem = read_query(parse_query(request.query), query)) return respond(failure(400, "bad_field", *problem));
  outbox_.list(query, [respond, limit = query.limit](auto found) {
    if (!found) return respond(busy());
    std::string body = "{\"events\":[";
    for (const auto& entry : *found) body += (body.ends_with('[') ? "" : ",") + to_json(entry);
    body += "]";
    if (found->size() == limit) body += ",\"next\":\"" + std::to_string(found->back().number) + "\"";
    respond(json(200, body + "}"));
  });
}

// Whoever asks for another try believes that the receiver works: it is tried at once, even one that had said 410.
void Webhooks::replay(const store::OutboxReplay& which, Respond respond) {
  outbox_.replay(which, clock_.now(), [this, which, respond = std::move(respond)](std::size_t count) {
    const bool is_one = std::holds_alternative<std::uint64_t>(which.which);
    if (is_one && count == 0) return respond(failure(404, "no_such_event", "There is no such event that has been given up."));
    act([&](webhook::Actions& out) {
      for (webhook::EndpointIndex index = 0; index < endpoints_.size(); ++index) {
        const auto& key = endpoints_[index].key;
        const bool is_meant = is_one || key.name == std::get<std::string>(which.which);
        if (key.project == which.project && is_meant) schedule_.enable(clock_.now(), index, out);
      }
    });
    respond(json(200, "{\"replayed\":" + std::to_string(count) + "}"));
  });
}

}  // namespace offhook::server
