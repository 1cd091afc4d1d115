// The REST interface for whoever looks at a running server: who is there, which sessions are live, how the server is; and sending
// somebody away. What is shown waits for the records it follows from, like everything that is told.
#include "server/http_text.hpp"
#include "server/loop.hpp"
#include "server/status.hpp"
#include "wire/json_object.hpp"
#include "wire/token.hpp"

namespace offhook::server {
namespace {

constexpr std::size_t k_default_page = 20;

net::HttpResponse no_such_session() { return failure(404, "no_such_session", "There is no such session in this project."); }

std::string texts_of(const std::vector<CallId>& calls) {
  std::vector<std::string> texts;
  for (const auto& call : calls) texts.push_back(wire::quoted(call.text()));
  return wire::json_list(texts);
}

std::string shown_json(const core::DeviceView& device) {
  wire::JsonObject out;
  return out.text("device_id", device.device).text_if("name", device.name).flag("online", device.online).flag("in_call", device.in_call).done();
}

std::string shown_json(const core::UserView& user) {
  std::vector<std::string> devices;
  bool is_online = false;
  for (const auto& device : user.devices) {
    devices.push_back(shown_json(device));
    is_online = is_online || device.online;
  }
  wire::JsonObject out;
  out.text("user", user.user).flag("online", is_online).raw("devices", wire::json_list(devices));
  return out.raw("live_calls", texts_of(user.live_calls)).done();
}

std::string shown_json(const core::LiveSession& session) {
  wire::JsonObject out;
  out.text("session_id", session.session.text()).raw("calls", texts_of(session.calls));
  out.number("connections", static_cast<std::int64_t>(session.connections)).number("streams", static_cast<std::int64_t>(session.streams));
  return out.done();
}

std::string shown_json(const wire::Connection& connection) {
  wire::JsonObject out;
  out.text("connection_id", connection.connection_id.text()).text_if("user", connection.user).text_if("data", connection.data);
  return out.number("created_at_ms", connection.created_at_ms).done();
}

std::string shown_json(const core::ShownStream& shown) {
  const auto& stream = shown.stream;
  wire::JsonObject out;
  out.text("stream_id", stream.stream_id.text()).text("connection_id", stream.connection_id.text()).text_if("name", stream.name);
  out.flag("has_audio", stream.has_audio).flag("has_video", stream.has_video).word_if("video_type", stream.video_type).number("created_at_ms", stream.created_at_ms);
  return out.done();
}

template <class Item>
std::string list_of(const std::vector<Item>& items) {
  std::vector<std::string> list;
  for (const auto& item : items) list.push_back(shown_json(item));
  return wire::json_list(list);
}

template <class Item, class CursorOf>
net::HttpResponse page(std::string_view name, const std::vector<Item>& items, std::size_t limit, CursorOf cursor_of) {
  wire::JsonObject body;
  body.raw(name, list_of(items));
  if (items.size() == limit) body.text("next", cursor_of(items.back()));
  return json(200, body.done());
}

}  // namespace

void Loop::rest_of_server(net::RequestId request, const net::HttpRequest& message) {
  if (!projects_.is_operator(message.authorization, clock_.now())) return respond(request, not_the_operator());
  if (message.method == "GET" && message.path == "/v1/server") {
    return respond(request, json(200, status_json(config_, {clock_.now(), started_at_, levels(), is_behind_}, totals())));
  }
  const bool is_settings = message.method == "GET" && message.path == "/v1/server/settings";
  respond(request, is_settings ? json(200, server_settings_json(config_)) : not_found());
}

void Loop::list_users(net::RequestId request, const net::HttpRequest& message, const ProjectId& project) {
  const auto fields = parse_query(message.query);
  core::UserQuery query{project, {}, {}, k_default_page};
  if (const auto problem = read_limit(fields, query.limit)) return respond(request, failure(400, "bad_field", *problem));
  if (const auto prefix = fields.find("prefix"); prefix != fields.end()) query.prefix = prefix->second;
  if (const auto cursor = fields.find("cursor"); cursor != fields.end()) query.after = cursor->second;
  when_durable([=, this, users = engine_.users(query)] {
    respond(request, page("users", users, query.limit, [](const auto& user) { return user.user; }));
  });
}

// One device, or all that the user has here.
void Loop::disconnect(net::RequestId request, const UserKey& user, const std::string& query) {
  const auto fields = parse_query(query);
  core::AdminDisconnect event{0, user, {}};
  if (const auto device = fields.find("device_id"); device != fields.end()) event.device = device->second;
  if (event.device && !wire::valid_device_id(*event.device)) {
    return respond(request, failure(400, "bad_field", "\"device_id\" must be the id of a device: 1 to 64 of A-Z a-z 0-9 . _ -."));
  }
  event.request = wait(request);
  feed(std::move(event));
}

void Loop::rest_of_sessions(net::RequestId request, const net::HttpRequest& message, const ProjectId& project) {
  if (message.path == "/v1/sessions") {
    if (message.method == "POST") return feed(core::AdminCreateSession{project, wait(request, 201)});
    return message.method == "GET" ? list_sessions(request, message, project) : respond(request, not_found());
  }
  const std::string_view path = message.path;
  if (const auto text = between(path, "/v1/sessions/", ""); text && message.method == "GET") {
    const auto session = SessionId::parse(*text);
    return session ? show_session(request, project, *session) : respond(request, no_such_session());
  }
  const auto mark = path.find("/connections/");
  const auto text = mark == path.npos ? std::nullopt : between(path.substr(0, mark + 1), "/v1/sessions/", "/");
  if (!text || message.method != "DELETE") return respond(request, not_found());
  const auto session = SessionId::parse(*text);
  const auto connection = ConnectionId::parse(path.substr(mark + std::string_view("/connections/").size()));
  if (!session) return respond(request, no_such_session());
  if (!connection) return respond(request, failure(404, "no_such_connection", "There is no such connection in this session."));
  send_away(request, project, *session, *connection);
}

void Loop::list_sessions(net::RequestId request, const net::HttpRequest& message, const ProjectId& project) {
  const auto fields = parse_query(message.query);
  core::LiveSessionQuery query{project, {}, k_default_page};
  if (const auto problem = read_limit(fields, query.limit)) return respond(request, failure(400, "bad_field", *problem));
  if (const auto cursor = fields.find("cursor"); cursor != fields.end()) {
    query.after = SessionId::parse(cursor->second);
    if (!query.after) return respond(request, failure(400, "bad_field", "\"cursor\" must be the \"next\" of the page before."));
  }
  when_durable([=, this, sessions = engine_.live_sessions(query)] {
    respond(request, page("sessions", sessions, query.limit, [](const auto& session) { return session.session.text(); }));
  });
}

void Loop::show_session(net::RequestId request, const ProjectId& project, const SessionId& session) {
  ask_session({0, project, session, core::ShowSession{}}, [=, this](const OpenTokRest::Answer& answer) {
    const auto* view = std::get_if<core::SessionView>(&answer);
    if (view == nullptr) return respond(request, no_such_session());
    wire::JsonObject out;
    out.text("session_id", session.text()).raw("connections", list_of(view->connections)).raw("streams", list_of(view->streams));
    respond(request, json(200, out.done()));
  });
}

void Loop::send_away(net::RequestId request, const ProjectId& project, const SessionId& session, const ConnectionId& connection) {
  ask_session({0, project, session, core::SendAway{connection}}, [=, this](const OpenTokRest::Answer& answer) {
    if (std::holds_alternative<core::SessionDone>(answer)) return respond(request, json(200, wire::JsonObject().number("disconnected", 1).done()));
    const bool is_there = std::get<core::SessionRefusal>(answer) != core::SessionRefusal::NoSuchSession;
    respond(request, is_there ? failure(404, "no_such_connection", "There is no such connection in this session.") : no_such_session());
  });
}

}  // namespace offhook::server
