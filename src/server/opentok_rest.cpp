#include "server/opentok_rest.hpp"

#include <cstdio>

#include "adapters/webhook/target.hpp"
#include "server/http_text.hpp"
#include "wire/form.hpp"
#include "wire/json_object.hpp"
#include "wire/opentok_auth.hpp"
#include "wire/opentok_bodies.hpp"
#include "wire/opentok_session.hpp"

namespace offhook::server {
namespace {

namespace opentok = wire::opentok;
using core::SessionRefusal;

// Each error has a body with a message: an SDK that finds none throws where nobody catches it.
net::HttpResponse refuse(unsigned status, std::string_view message, std::optional<int> code = std::nullopt) {
  return json(status, opentok::failure_json(code.value_or(static_cast<int>(status)), message));
}
net::HttpResponse refuse(const opentok::Problem& problem) { return refuse(problem.status, problem.message); }

net::HttpResponse done_without_body() {
  net::HttpResponse response;
  response.status = 204;
  return response;
}

net::HttpResponse nothing_here() { return refuse(404, "Not found. There is nothing at this path."); }

net::HttpResponse not_offered() { return refuse(501, "This server does not offer that (yet); docs/opentok.md lists what it does."); }

net::HttpResponse refuse(SessionRefusal why) {
  switch (why) {
    case SessionRefusal::NoSuchSession: return refuse(404, "Not found. There is no such session in this project.");
    case SessionRefusal::NobodyThere: return refuse(404, "Not found. No clients are actively connected to the OpenTok session.");
    case SessionRefusal::NoSuchConnection: return refuse(404, "Not found. That connection is not in the session.");
    case SessionRefusal::NoSuchStream: return refuse(404, "Not found. That stream is not in the session.");
  }
  return nothing_here();
}

// The parts of a path between its slashes, however many there are, decoded. Nothing for one that cannot be.
std::optional<std::vector<std::string>> segments_of(std::string_view path) {
  std::vector<std::string> segments;
  while (!path.empty()) {
    const auto part = path.substr(0, path.find('/'));
    path.remove_prefix(std::min(path.size(), part.size() + 1));
    if (part.empty()) continue;
    auto segment = wire::percent_decode(part, false);
    if (!segment) return std::nullopt;
    segments.push_back(std::move(*segment));
  }
  return segments;
}

bool is(const net::HttpRequest& request, std::string_view method) { return request.method == method; }

std::string to_json(const core::CallbackRecord& callback) {
  return wire::JsonObject().text("id", callback.id).number("createdAt", to_unix_ms(callback.created_at)).text("group", callback.group)
      .text("event", callback.event).text("url", callback.url).done();
}

Webhook to_webhook(const core::CallbackRecord& callback) {
  Webhook webhook;
  webhook.name = "callback " + callback.id;
  webhook.url = callback.url;
  webhook.dialect = Dialect::OpenTok;
  webhook.events = {callback.group + "." + callback.event};
  return webhook;
}

std::string uuid_of(const SessionId& id) {
  char text[40];
  const auto high = static_cast<unsigned long long>(id.high());
  const auto low = static_cast<unsigned long long>(id.low());
  std::snprintf(text, sizeof text, "%08llx-%04llx-%04llx-%04llx-%012llx", high >> 32, (high >> 16) & 0xffff, high & 0xffff, low >> 48, low & 0xffffffffffffULL);
  return text;
}

}  // namespace

bool OpenTokRest::serves(std::string_view path) {
  while (path.starts_with('/')) path.remove_prefix(1);
  return path.starts_with("session/create") || path.starts_with("v2/");
}

net::HttpResponse OpenTokRest::overloaded() { return refuse(503, k_too_many_waiting); }

void OpenTokRest::use(Webhooks& webhooks) {
  webhooks_ = &webhooks;
  for (const auto& project : projects_.with_callbacks()) {
    for (const auto& callback : projects_.callbacks_of(project)) webhooks.add(project, to_webhook(callback));
  }
}

std::optional<ProjectId> OpenTokRest::project_of(const net::HttpRequest& request, const Projects& projects, const Config& config, Instant now) {
  const auto keys_of = [&](std::string_view project) { return projects.keys_of(project); };
  const wire::RestCredentials credentials{request.opentok_auth, request.authorization, request.partner_auth};
  const wire::RestRules rules{config.opentok_partner_auth, config.opentok_rest_token_lifetime};
  return wire::authenticate_rest(credentials, keys_of, now, rules);
}

void OpenTokRest::answer(const net::HttpRequest& request, Respond respond) {
  const auto path = segments_of(request.path);
  if (!path || path->empty()) return respond(nothing_here());
  const auto project = project_of(request, projects_, config_, clock_.now());
  if (!project) return respond(refuse(403, "Invalid API key or secret, or a token that has expired.", -1));
  if (*path == std::vector<std::string>{"session", "create"}) {
    return is(request, "POST") ? create_session(request, *project, respond) : respond(nothing_here());
  }
  const bool is_of_project = path->size() > 3 && (*path)[0] == "v2" && ((*path)[1] == "project" || (*path)[1] == "partner");
  if (!is_of_project) return respond(nothing_here());
  if ((*path)[2] != *project) return respond(refuse(403, "Id in the token does not match the one in the url", -1));
  route({request, {path->begin() + 3, path->end()}, *project, std::move(respond)});
}

void OpenTokRest::create_session(const net::HttpRequest& request, const ProjectId& project, const Respond& respond) {
  if (const auto problem = opentok::objection_to_session(request.body)) return respond(refuse(*problem));
  const bool wants_json = opentok::wants_json(request.accept);
  engine_.create_session(project, [this, project, wants_json, respond](std::optional<SessionId> made) {
    if (!made) return respond(refuse(503, "The server cannot take more sessions now."));
    const auto id = wire::to_opentok_session(*made, project);
    if (wants_json) return respond(json(200, opentok::session_json(id, project, uuid_of(*made), clock_.now())));
    auto response = json(200, opentok::session_xml(id, project, clock_.now()));
    response.content_type = "text/xml";
    respond(std::move(response));
  });
}

void OpenTokRest::route(const Visit& visit) {
  const auto& what = visit.path.front();
  if (what == "session") return route_session(visit);
  if (what == "callback") return route_callbacks(visit);
  const bool has_list = what == "archive" || what == "broadcast" || what == "render";
  if (has_list && visit.path.size() == 1 && is(visit.request, "GET")) return visit.respond(json(200, opentok::list_json({})));
  if (has_list && visit.path.size() > 1) return visit.respond(refuse(404, "Not found. There is no such " + what + "."));
  const bool is_known = has_list || what == "captions" || what == "connect" || what == "dial" || what == "call";
  visit.respond(is_known ? not_offered() : nothing_here());
}

void OpenTokRest::route_session(const Visit& visit) {
  const auto& path = visit.path;
  if (path.size() < 3) return visit.respond(nothing_here());
  const auto session = wire::from_opentok_session(path[1], visit.project);
  if (!session && wire::is_session_of_opentok(path[1])) return visit.respond(refuse(404, "Not found. " + std::string(wire::k_not_made_here)));
  if (!session) return visit.respond(refuse(SessionRefusal::NoSuchSession));
  const Place place{visit.project, *session};
  if (path[2] == "stream") return route_streams(visit, place);
  if (path[2] == "connection") return route_connections(visit, place);
  const bool is_post = path.size() == 3 && is(visit.request, "POST");
  if (path[2] == "signal" && is_post) return signal(visit, place, std::nullopt);
  if (path[2] == "mute" && is_post) return mute_session(visit, place);
  if (path[2] == "play-dtmf" && is_post) return visit.respond(refuse(404, "Not found. There is no telephone in this session."));
  visit.respond(nothing_here());
}

void OpenTokRest::route_streams(const Visit& visit, const Place& place) {
  const auto& path = visit.path;
  const auto& request = visit.request;
  if (path.size() == 3 && is(request, "GET")) return list_streams(visit, place);
  if (path.size() == 3 && is(request, "PUT")) return set_layouts(visit, place);
  if (path.size() == 4 && is(request, "GET")) return get_stream(visit, place, path[3]);
  if (path.size() == 4 && is(request, "PUT")) return set_layout(visit, place, path[3]);
  if (path.size() != 5 || path[4] != "mute" || !is(request, "POST")) return visit.respond(nothing_here());
  const auto stream = StreamId::parse(path[3]);
  if (!stream) return visit.respond(refuse(SessionRefusal::NoSuchStream));
  ask(visit, place, core::MuteStream{*stream}, [body = project_json(place.project)](const Answer&) { return json(200, body); });
}

void OpenTokRest::route_connections(const Visit& visit, const Place& place) {
  const auto& path = visit.path;
  if (path.size() == 3 && is(visit.request, "GET")) return list_connections(visit, place);
  if (path.size() == 5 && path[4] == "signal" && is(visit.request, "POST")) return signal(visit, place, path[3]);
  if (path.size() == 5 && path[4] == "play-dtmf") return visit.respond(refuse(404, "Not found. There is no telephone in this session."));
  if (path.size() != 4 || !is(visit.request, "DELETE")) return visit.respond(nothing_here());
  const auto connection = ConnectionId::parse(path[3]);
  if (!connection) return visit.respond(refuse(SessionRefusal::NoSuchConnection));
  ask(visit, place, core::SendAway{*connection}, [](const Answer&) { return done_without_body(); });
}

// `say` is for what is no refusal.
void OpenTokRest::ask(const Visit& visit, const Place& place, decltype(core::AdminSession::ask) what,
                      std::function<net::HttpResponse(const Answer&)> say) {
  engine_.ask({0, place.project, place.session, std::move(what)}, [respond = visit.respond, say = std::move(say)](const Answer& answer) {
    const auto* refusal = std::get_if<SessionRefusal>(&answer);
    respond(refusal != nullptr ? refuse(*refusal) : say(answer));
  });
}

void OpenTokRest::list_streams(const Visit& visit, const Place& place) {
  ask(visit, place, core::ShowSession{}, [](const Answer& answer) {
    std::vector<std::string> items;
    for (const auto& [stream, classes] : std::get<core::SessionView>(answer).streams) items.push_back(opentok::stream_json(stream, classes));
    return json(200, opentok::list_json(items));
  });
}

// Not application/json: with that, npm 2.17 and later parse what they have parsed already.
void OpenTokRest::get_stream(const Visit& visit, const Place& place, const std::string& stream) {
  ask(visit, place, core::ShowSession{}, [stream](const Answer& answer) {
    for (const auto& [shown, classes] : std::get<core::SessionView>(answer).streams) {
      if (shown.stream_id.text() != stream) continue;
      auto response = json(200, opentok::stream_json(shown, classes));
      response.content_type = "text/json";
      return response;
    }
    return refuse(SessionRefusal::NoSuchStream);
  });
}

void OpenTokRest::list_connections(const Visit& visit, const Place& place) {
  ask(visit, place, core::ShowSession{}, [place](const Answer& answer) {
    const auto id = wire::to_opentok_session(place.session, place.project);
    return json(200, opentok::connection_list_json(std::get<core::SessionView>(answer).connections, place.project, id));
  });
}

void OpenTokRest::signal(const Visit& visit, const Place& place, std::optional<std::string> connection) {
  auto body = opentok::read_signal(visit.request.body);
  if (!body) return visit.respond(refuse(body.error()));
  core::SendSignal signal{{}, std::move(body->type), std::move(body->data)};
  if (connection) {
    signal.to = ConnectionId::parse(*connection);
    if (!signal.to) return visit.respond(refuse(SessionRefusal::NoSuchConnection));
  }
  ask(visit, place, std::move(signal), [](const Answer&) { return done_without_body(); });
}

void OpenTokRest::mute_session(const Visit& visit, const Place& place) {
  auto body = opentok::read_mute(visit.request.body);
  if (!body) return visit.respond(refuse(body.error()));
  ask(visit, place, core::MuteSession{body->active, std::move(body->except)},
      [shown = project_json(place.project)](const Answer&) { return json(200, shown); });
}

void OpenTokRest::set_layouts(const Visit& visit, const Place& place) {
  auto body = opentok::read_layouts(visit.request.body);
  if (!body) return visit.respond(refuse(body.error()));
  ask(visit, place, core::SetLayouts{std::move(body.value())}, [](const Answer&) { return json(200, "{}"); });
}

void OpenTokRest::set_layout(const Visit& visit, const Place& place, const std::string& stream) {
  auto classes = opentok::read_layout(visit.request.body);
  if (!classes) return visit.respond(refuse(classes.error()));
  const auto id = StreamId::parse(stream);
  if (!id) return visit.respond(refuse(SessionRefusal::NoSuchStream));
  core::SetLayouts layout{{{*id, std::move(classes.value())}}};
  const auto body = wire::JsonObject().text("id", stream).texts("layoutClassList", layout.classes.front().second).done();
  ask(visit, place, std::move(layout), [body](const Answer&) { return json(200, body); });
}

// What mute answers with; nobody is known to read it, but it must be JSON.
std::string OpenTokRest::project_json(const ProjectId& project) const {
  const auto kept = projects_.shown(project);
  return wire::JsonObject().text("projectId", project).text("status", "ACTIVE").text("name", kept.name).text("environment", "standard")
      .number("createdAt", to_unix_ms(kept.created_at)).done();
}

// --- callbacks

void OpenTokRest::route_callbacks(const Visit& visit) {
  if (visit.path.size() == 2 && is(visit.request, "DELETE")) return remove_callback(visit, visit.path[1]);
  if (visit.path.size() == 1 && is(visit.request, "POST")) return add_callback(visit);
  if (visit.path.size() != 1 || !is(visit.request, "GET")) return visit.respond(nothing_here());
  std::vector<std::string> items;
  for (const auto& callback : projects_.callbacks_of(visit.project)) items.push_back(to_json(callback));
  visit.respond(json(200, wire::json_list(items)));
}

void OpenTokRest::add_callback(const Visit& visit) {
  auto body = opentok::read_callback(visit.request.body);
  if (!body) return visit.respond(refuse(body.error()));
  if (const auto problem = webhook::url_problem(body->url, config_.webhook_allow)) return visit.respond(refuse(400, "url: " + *problem + "."));
  auto callbacks = projects_.callbacks_of(visit.project);
  if (callbacks.size() >= k_max_callbacks) return visit.respond(refuse(400, "A project has 20 callbacks at most."));
  const core::CallbackRecord made{make_uuid(), body->group, body->event, body->url, clock_.now()};
  if (webhooks_ == nullptr || !webhooks_->add(visit.project, to_webhook(made))) {
    return visit.respond(refuse(400, "The server sends to 100 URLs at most."));
  }
  callbacks.push_back(made);
  projects_.set_callbacks(visit.project, std::move(callbacks), [respond = visit.respond, made] { respond(json(200, to_json(made))); });
  engine_.project_changed(visit.project);
}

void OpenTokRest::remove_callback(const Visit& visit, const std::string& id) {
  auto callbacks = projects_.callbacks_of(visit.project);
  const auto removed = std::erase_if(callbacks, [&](const auto& callback) { return callback.id == id; });
  if (removed == 0) return visit.respond(refuse(404, "Not found. There is no such callback."));
  if (webhooks_ != nullptr) webhooks_->remove(visit.project, "callback " + id);
  projects_.set_callbacks(visit.project, std::move(callbacks), [respond = visit.respond] { respond(done_without_body()); });
  engine_.project_changed(visit.project);
}

}  // namespace offhook::server
