// The HTTP side of the loop: health, the development token, and the calls of a project's own backend.
#include <charconv>
#include <map>

#include "server/loop.hpp"
#include "server/pages.hpp"
#include "server/records.hpp"
#include "wire/codec.hpp"
#include "wire/token.hpp"

namespace offhook::server {
namespace {

net::HttpResponse json(unsigned status, std::string body) {
  net::HttpResponse response;
  response.status = status;
  response.content_type = "application/json";
  response.body = std::move(body);
  response.headers.emplace_back("Cache-Control", "no-store");
  return response;
}

net::HttpResponse failure(unsigned status, std::string_view word, std::string_view message) {
  return json(status, "{\"error\":" + wire::quoted(word) + ",\"message\":" + wire::quoted(message) + "}");
}

net::HttpResponse not_found() { return failure(404, "not_found", "There is nothing at this path."); }

// RFC 3986 section 2.1; nothing if it is malformed.
std::optional<std::string> percent_decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned value = 0;
    if (text[i] != '%') {
      out.push_back(text[i] == '+' ? ' ' : text[i]);
    } else if (i + 2 < text.size() && std::from_chars(&text[i + 1], &text[i + 1] + 2, value, 16).ptr == &text[i + 1] + 2) {
      out.push_back(static_cast<char>(value));
      i += 2;
    } else {
      return std::nullopt;
    }
  }
  return out;
}

std::map<std::string, std::string> parse_query(std::string_view query) {
  std::map<std::string, std::string> out;
  while (!query.empty()) {
    const auto part = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), part.size() + 1));
    const auto equals = part.find('=');
    const auto value = equals == std::string_view::npos ? std::nullopt : percent_decode(part.substr(equals + 1));
    if (value) out[std::string(part.substr(0, equals))] = *value;
  }
  return out;
}

// Fills the query, or gives the sentence of what is wrong with it.
std::optional<std::string> read_query(std::string_view text, store::CallQuery& query) {
  auto fields = parse_query(text);
  if (const auto limit = fields.find("limit"); limit != fields.end()) {
    const auto& digits = limit->second;
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), query.limit);
    const bool whole = read.ec == std::errc{} && read.ptr == digits.data() + digits.size();
    if (!whole || query.limit < 1 || query.limit > 100) return "\"limit\" must be a whole number from 1 to 100.";
  }
  if (const auto user = fields.find("user"); user != fields.end()) query.user = user->second;
  if (const auto phase = fields.find("phase"); phase != fields.end()) {
    query.phase = wire::parse_phase(phase->second);
    if (!query.phase) return "\"phase\" must be inviting, connecting, active or ended.";
  }
  if (const auto before = fields.find("before"); before != fields.end()) {
    query.before = CallId::parse(before->second);
    if (!query.before) return "\"before\" must be the id of a call.";
  }
  return std::nullopt;
}

net::HttpResponse list_calls(const store::Store& store, const ProjectId& project, std::string_view text) {
  store::CallQuery query;
  query.project = project;
  if (const auto problem = read_query(text, query)) return failure(400, "bad_field", *problem);
  const auto found = store.calls(query);
  std::string body = "{\"calls\":[";
  for (const auto& record : found) body += (body.ends_with('[') ? "" : ",") + to_json(record);
  body += "]";
  if (found.size() == query.limit) body += ",\"next\":" + wire::quoted(found.back().id.text());
  return json(200, body + "}");
}

}  // namespace

void Loop::on_request(net::RequestId request, net::HttpRequest message) {
  bool later = false;
  auto response = answer(request, message, later);
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  if (!later) net_.respond(request, std::move(response));
}

net::HttpResponse Loop::answer(net::RequestId request, const net::HttpRequest& message, bool& later) {
  net::HttpResponse text;
  if (message.path == "/healthz") {
    text.body = "ok\n";
    return text;
  }
  if (message.path == "/readyz") {
    text.status = when_stopped_ ? 503 : 200;
    text.body = when_stopped_ ? "draining\n" : "ready\n";
    return text;
  }
  if (auto page = page_response(message)) return std::move(*page);
  if (message.path == "/dev/token" && config_.dev) {
    const auto query = parse_query(message.query);
    const auto user = query.find("user");
    if (user == query.end() || !wire::valid_user(user->second)) {
      return failure(400, "bad_field", "\"user\" must be a name of 1 to 128 bytes.");
    }
    wire::TokenClaims claims;
    claims.project = k_dev_key;
    claims.user = user->second;
    claims.issued_at = clock_.now();
    claims.expires_at = claims.issued_at + std::chrono::hours{24};
    return json(200, "{\"token\":" + wire::quoted(wire::make_token(claims, k_dev_secret)) + "}");
  }
  return message.path.starts_with("/v1/") ? rest(request, message, later) : not_found();
}

// Everything below /v1/ is for a project's backend and needs its admin token.
net::HttpResponse Loop::rest(net::RequestId request, const net::HttpRequest& message, bool& later) {
  constexpr std::string_view k_bearer = "Bearer ";
  const std::string_view header = message.authorization;
  const auto token = header.starts_with(k_bearer) ? header.substr(k_bearer.size()) : std::string_view();
  const auto claims = wire::verify_token(token, [this](std::string_view project) { return secret_of(project); }, clock_.now());
  if (!claims) return failure(401, wire::word(claims.error().error), claims.error().message);
  if (claims->scope != wire::Scope::Admin) return failure(403, "not_allowed", "This needs a token with \"scope\":\"admin\".");
  if (message.path == "/v1/calls" && message.method == "GET") return list_calls(store_, claims->project, message.query);
  if (message.path == "/v1/sessions" && message.method == "POST") {
    later = true;
    session_requests_.emplace(++last_request_, request);
    feed(core::AdminCreateSession{claims->project, last_request_});
    return {};
  }
  std::string_view path = message.path;
  constexpr std::string_view k_calls = "/v1/calls/";
  if (!path.starts_with(k_calls)) return not_found();
  path.remove_prefix(k_calls.size());
  const bool end = path.ends_with("/end") && message.method == "POST";
  if (end) path.remove_suffix(4);
  const auto id = CallId::parse(path);
  auto record = id ? store_.call(*id) : std::nullopt;
  if (!record || record->project != claims->project) return failure(404, "no_such_call", "There is no such call.");
  if (end) {
    feed(core::AdminEndCall{*id});
    record = store_.call(*id);
  }
  return json(200, to_json(*record));
}

}  // namespace offhook::server
