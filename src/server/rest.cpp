// The REST interface: what a project's own backend asks for. docs/openapi.yaml describes it.
#include "server/explain.hpp"
#include "server/http_text.hpp"
#include "server/loop.hpp"
#include "server/records.hpp"
#include "server/replay.hpp"
#include "wire/json_object.hpp"
#include "wire/opentok_bodies.hpp"
#include "wire/opentok_session.hpp"
#include "wire/token.hpp"

namespace offhook::server {
namespace {

// Each of these takes one field of the query, or gives the sentence of what is wrong with it.
std::optional<std::string> read_page(const Query& fields, store::CallQuery& query) {
  if (auto problem = read_limit(fields, query.limit)) return problem;
  for (const std::string name : {"before", "cursor"}) {  // the same; `before` is the older name
    const auto found = fields.find(name);
    if (found == fields.end()) continue;
    query.before = CallId::parse(found->second);
    if (!query.before) return "\"" + name + "\" must be the id of a call.";
  }
  return std::nullopt;
}

std::optional<std::string> read_moments(const Query& fields, store::CallQuery& query) {
  for (const auto& [name, moment] : {std::pair{"from_at_ms", &query.from}, std::pair{"to_at_ms", &query.to}}) {
    const auto found = fields.find(name);
    if (found == fields.end()) continue;
    const auto value = whole_number(found->second);
    constexpr std::uint64_t k_year_5138 = 100'000'000'000'000;
    if (!value || *value > k_year_5138) return "\"" + std::string(name) + "\" must be milliseconds since the Unix epoch.";
    *moment = from_unix_ms(static_cast<std::int64_t>(*value));
  }
  return std::nullopt;
}

std::optional<std::string> read_words(const Query& fields, store::CallQuery& query) {
  if (const auto user = fields.find("user"); user != fields.end()) query.user = user->second;
  if (const auto phase = fields.find("phase"); phase != fields.end()) {
    query.phase = wire::parse_phase(phase->second);
    if (!query.phase) return "\"phase\" must be inviting, connecting, active or ended.";
  }
  if (const auto outcome = fields.find("outcome"); outcome != fields.end()) {
    query.outcome = wire::parse_outcome(outcome->second);
    if (!query.outcome) return "\"outcome\" must be the outcome of a call, such as ended or no_answer.";
  }
  return std::nullopt;
}

// Nothing if the query wants no reason.
std::optional<std::string> read_reason(const Query& fields, std::optional<wire::Reason>& reason) {
  const auto found = fields.find("reason");
  if (found == fields.end()) return std::nullopt;
  reason = wire::parse_reason(found->second);
  return reason ? std::nullopt : std::optional<std::string>("\"reason\" must be the reason of an end, such as by_caller or timeout.");
}

// A page of those with a reason looks at so many calls at most: 5 ms of the store's reader.
constexpr std::size_t k_calls_looked_at = 500;

std::string page_of(const std::vector<core::CallRecord>& records, std::size_t limit) {
  std::vector<std::string> calls;
  for (const auto& record : records) calls.push_back(server::to_json(record));
  wire::JsonObject body;
  body.raw("calls", wire::json_list(calls));
  if (records.size() == limit) body.text("next", records.back().id.text());
  return body.done();
}

net::HttpResponse no_such_call() { return failure(404, "no_such_call", "There is no such call."); }

net::HttpResponse overloaded(std::string_view why = "The server's disk is behind; try again in 5 s.") { return failure(503, "overloaded", why); }

net::HttpResponse refusal(const wire::Error& error) { return failure(400, wire::word(error.error), error.message); }

net::HttpResponse refusal(core::RestRefusal why) {
  switch (why) {
    case core::RestRefusal::CallerOffline:
      return failure(409, "caller_offline", "No device of this user (of that name, if one was named) is connected.");
    case core::RestRefusal::CallOver: return failure(409, "call_over", "The call has ended.");
    case core::RestRefusal::LimitReached:
      return failure(409, "limit_reached", "A device places 16 live calls at most and a call rings 16 users at most; or the server has all the sessions, or rules of users, that it keeps.");
    case core::RestRefusal::NoSuchSession: return failure(404, "no_such_session", "There is no such session in this project.");
    case core::RestRefusal::InCall: return failure(409, "in_call", "The user is in a call; end it first.");
  }
  return not_found();
}

}  // namespace

Result<wire::TokenClaims, wire::Error> Loop::claims_of(const net::HttpRequest& message) {
  constexpr std::string_view k_bearer = "Bearer ";
  const std::string_view header = message.authorization;
  const auto token = header.starts_with(k_bearer) ? header.substr(k_bearer.size()) : std::string_view();
  return verify(std::string(token));
}

// Everything below /v1/ is for a project's backend and needs its admin token.
void Loop::rest(net::RequestId request, const net::HttpRequest& message) {
  if (message.path.starts_with("/v1/projects")) {
    return projects_.answer(message, clock_.now(), [this, request](auto response) { respond(request, std::move(response)); });
  }
  if (message.path == "/v1/server" || message.path.starts_with("/v1/server/")) return rest_of_server(request, message);
  const auto claims = claims_of(message);
  if (!claims) return respond(request, failure(401, wire::word(claims.error().error), claims.error().message));
  if (claims->scope != wire::Scope::Admin) {
    return respond(request, failure(403, "not_allowed", "This needs a token with \"scope\":\"admin\"."));
  }
  const bool is_end = message.path.ends_with("/end") || message.path.ends_with("/disconnect");  // makes less to do, not more
  const bool is_begin = message.method != "GET" && message.method != "HEAD" && !is_end;
  if (is_behind_ && is_begin) return respond(request, overloaded());
  if (is_begin && thinning_.refuses_next()) return respond(request, overloaded("The server has too much to do at this moment; try again in 5 s."));
  if (message.path.starts_with("/v1/sessions")) return rest_of_sessions(request, message, claims->project);
  if (message.path == "/v1/settings" && message.method == "GET") {
    return respond(request, json(200, project_settings_json(projects_.settings_of(claims->project), projects_.webhooks_of(claims->project))));
  }
  if (message.path == "/v1/users" && message.method == "GET") return list_users(request, message, claims->project);
  if (message.path.starts_with("/v1/users/")) return rest_of_user(request, message, claims->project);
  if (webhooks_ != nullptr && message.path.starts_with("/v1/webhooks")) {
    return webhooks_->answer(message, claims->project, [this, request](auto response) { respond(request, std::move(response)); });
  }
  if (message.path == "/v1/calls") return rest_of_calls(request, message, claims->project);
  if (message.path.starts_with("/v1/calls/")) return rest_of_call(request, message, claims->project);
  respond(request, not_found());
}

// The answer comes as an effect of the engine.
std::uint64_t Loop::wait(net::RequestId request, unsigned status) {
  waiting_requests_.emplace(++last_request_, Waiting{request, status});
  return last_request_;
}

void Loop::rest_of_user(net::RequestId request, const net::HttpRequest& message, const ProjectId& project) {
  const bool whole = message.method == "DELETE";
  const bool goes = message.method == "POST";
  const auto name = between(message.path, "/v1/users/", whole ? "" : goes ? "/disconnect" : "/rules");
  const auto user = name ? percent_decode(*name, false) : std::nullopt;
  if (!user || !wire::valid_user(*user)) return respond(request, not_found());
  if (whole) return feed(core::AdminForgetUser{wait(request), {project, *user}});
  if (goes) return disconnect(request, {project, *user}, message.query);
  if (message.method == "GET") return feed(core::AdminGetRules{wait(request), {project, *user}});
  if (message.method != "PUT") return respond(request, not_found());
  auto rules = wire::decode_rules(message.body);
  if (!rules) return respond(request, refusal(rules.error()));
  feed(core::AdminSetRules{wait(request), {project, *user}, std::move(rules.value())});
}

void Loop::rest_of_calls(net::RequestId request, const net::HttpRequest& message, const ProjectId& project) {
  if (message.method != "POST") return list_calls(request, message, project);
  auto place = wire::decode_place_request(message.body);
  if (!place) return respond(request, refusal(place.error()));
  std::optional<SessionId> session;
  if (const auto named = wire::opentok::session_named_in(message.body)) {
    session = wire::parse_any_session(*named, project);
    if (!session && wire::is_session_of_opentok(*named)) return respond(request, failure(404, "no_such_session", wire::k_not_made_here));
    if (!session) return respond(request, refusal(core::RestRefusal::NoSuchSession));
  }
  feed(core::AdminPlaceCall{wait(request, 201), project, std::move(place.value()), session});
}

void Loop::list_calls(net::RequestId request, const net::HttpRequest& message, const ProjectId& project) {
  const auto fields = parse_query(message.query);
  store::CallQuery query;
  for (const auto read : {read_page, read_moments, read_words}) {
    if (const auto problem = read(fields, query)) return respond(request, failure(400, "bad_field", *problem));
  }
  std::optional<wire::Reason> reason;
  if (const auto problem = read_reason(fields, reason)) return respond(request, failure(400, "bad_field", *problem));
  query.project = project;
  if (reason) return list_calls_by_reason(request, std::move(query), *reason);
  store_.list_calls(query, [this, request, limit = query.limit](auto found) {
    respond(request, found ? json(200, page_of(*found, limit)) : overloaded());
  });
}

// The store finds calls by outcome, not by reason. Reasons are looked for in what it finds, a bounded number of calls for each
// page; so a page that is not full may have a next one.
void Loop::list_calls_by_reason(net::RequestId request, store::CallQuery query, wire::Reason reason) {
  const auto limit = std::exchange(query.limit, k_calls_looked_at);
  store_.list_calls(query, [=, this](auto found) {
    if (!found) return respond(request, overloaded());
    std::vector<std::string> calls;
    std::optional<CallId> last;
    for (auto record = found->begin(); record != found->end() && calls.size() < limit; ++record) {
      last = record->id;
      if (record->reason == reason) calls.push_back(to_json(*record));
    }
    wire::JsonObject body;
    body.raw("calls", wire::json_list(calls));
    if (last && (calls.size() == limit || found->size() == k_calls_looked_at)) body.text("next", last->text());
    respond(request, json(200, body.done()));
  });
}

// Of one call, which must be of this project.
void Loop::rest_of_call(net::RequestId request, const net::HttpRequest& message, const ProjectId& project) {
  const bool post = message.method == "POST";
  const auto end = post ? between(message.path, "/v1/calls/", "/end") : std::nullopt;
  const auto time_line = post ? std::nullopt : between(message.path, "/v1/calls/", "/timeline");
  const auto ring = post ? between(message.path, "/v1/calls/", "/ring") : std::nullopt;
  const auto plain = post ? std::nullopt : between(message.path, "/v1/calls/", "");
  const auto again = post ? std::nullopt : between(message.path, "/v1/calls/", "/replay");
  const auto text = end ? end : ring ? ring : time_line ? time_line : again ? again : plain;
  if (!text) return respond(request, not_found());
  const auto id = CallId::parse(*text);
  if (!id) return respond(request, no_such_call());
  if (again) return replay_call(request, *id, project);
  store_.find_call(*id, [=, this, body = message.body, ends = end.has_value(), rings = ring.has_value(), lines = time_line.has_value()](auto found) {
    if (!found) return respond(request, overloaded());
    const auto& record = *found;
    if (!record || record->project != project) return respond(request, no_such_call());
    if (lines) return respond(request, json(200, time_line_json(*record)));
    if (!ends && !rings) return respond(request, json(200, to_json(*record)));
    if (ends) {
      feed(core::AdminEndCall{*id});
      return when_durable([=, this] { respond_with_call(request, *id, 200); });
    }
    auto wanted = wire::decode_ring_request(body);
    if (!wanted) return respond(request, refusal(wanted.error()));
    feed(core::AdminRingMore{wait(request), *id, std::move(wanted.value().users)});
  });
}

// Of bounded length, some microseconds for each input: it may be done here.
void Loop::replay_call(net::RequestId request, const CallId& call, const ProjectId& project) {
  store_.find_call(call, [=, this](auto found) {
    if (!found) return respond(request, overloaded());
    if (!*found || (*found)->project != project) return respond(request, no_such_call());
    if ((*found)->phase != wire::Phase::Ended) {
      return respond(request, failure(409, "call_live", "The call goes on; it can be decided again once it has ended."));
    }
    store_.find_inputs(call, [this, request, record = std::move(**found)](auto inputs) {
      if (!inputs) return respond(request, overloaded());
      if (*inputs == nullptr) {
        return respond(request, failure(404, "no_inputs", "The inputs of this call are not kept: it was made by an older version, or "
                                                          "somebody who was in it has been deleted."));
      }
      respond(request, json(200, replay_json(record, **inputs)));
    });
  });
}

void Loop::respond_with_call(net::RequestId request, const CallId& call, unsigned status) {
  store_.find_call(call, [this, request, status](auto found) {
    if (!found) return respond(request, overloaded());
    respond(request, *found ? json(status, to_json(**found)) : not_found());
  });
}

void Loop::carry_out_one(core::RestAnswered& effect) {
  if (const auto unmade = waiting_sessions_.extract(effect.request); !unmade.empty()) return unmade.mapped()(std::nullopt);
  const auto node = waiting_requests_.extract(effect.request);
  if (node.empty()) return;
  const auto [request, status] = node.mapped();
  if (const auto* id = std::get_if<CallId>(&effect.answer)) return respond_with_call(request, *id, status);
  if (const auto* rules = std::get_if<wire::Rules>(&effect.answer)) return respond(request, json(200, wire::encode(*rules)));
  if (const auto* away = std::get_if<core::Disconnected>(&effect.answer)) {
    return respond(request, json(200, wire::JsonObject().number("disconnected", static_cast<std::int64_t>(away->devices)).done()));
  }
  if (const auto* gone = std::get_if<core::UserForgotten>(&effect.answer)) {
    return store_.forget_user(gone->user, [this, request] { respond(request, json(200, wire::JsonObject().flag("deleted", true).done())); });
  }
  respond(request, refusal(std::get<core::RestRefusal>(effect.answer)));
}

}  // namespace offhook::server
