// The HTTP side of the loop: health, the development token, and where the REST interface begins (rest.cpp).
#include <array>
#include <charconv>

#include "server/http_text.hpp"
#include "server/loop.hpp"
#include "server/pages.hpp"
#include "wire/json_object.hpp"
#include "wire/limits.hpp"
#include "wire/secret.hpp"
#include "wire/token.hpp"

namespace offhook::server {

net::HttpResponse json(unsigned status, std::string body) {
  net::HttpResponse response;
  response.status = status;
  response.content_type = "application/json";
  response.body = std::move(body);
  response.headers.emplace_back("Cache-Control", "no-store");
  return response;
}

net::HttpResponse failure(unsigned status, std::string_view word, std::string_view message) {
  return json(status, wire::JsonObject().text("error", word).text("message", message).done());
}

net::HttpResponse not_found() { return failure(404, "not_found", "There is nothing at this path."); }

std::optional<std::string_view> between(std::string_view path, std::string_view before, std::string_view after) {
  if (!path.starts_with(before) || !path.ends_with(after) || path.size() <= before.size() + after.size()) return std::nullopt;
  path.remove_prefix(before.size());
  path.remove_suffix(after.size());
  return path.find('/') == std::string_view::npos ? std::optional(path) : std::nullopt;
}

net::HttpResponse not_the_operator() {
  return failure(401, "bad_token", "This needs a token signed with the operator's secret ([operator] in the configuration).");
}

// A weak validator (RFC 9110 section 8.8): 64 bits of FNV-1a tell two states of one list apart, and nobody gains by a collision.
void tag(net::HttpResponse& response, std::string_view known) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const auto byte : response.body) hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3;
  std::array<char, 16> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), hash, 16).ptr;
  const auto etag = "W/\"" + std::string(digits.data(), end) + "\"";
  response.headers.emplace_back("ETag", etag);
  if (known.find(etag) == std::string_view::npos) return;
  response.status = 304;
  response.body.clear();
}

std::optional<std::uint64_t> whole_number(std::string_view digits) {
  constexpr std::uint64_t k_largest = 9'007'199'254'740'991;
  std::uint64_t value = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  const bool whole = !digits.empty() && read.ec == std::errc{} && read.ptr == digits.data() + digits.size();
  return whole && value <= k_largest ? std::optional(value) : std::nullopt;
}

std::optional<std::string> read_limit(const Query& query, std::size_t& limit) {
  const auto found = query.find("limit");
  if (found == query.end()) return std::nullopt;
  const auto value = whole_number(found->second);
  if (!value || *value < 1 || *value > 100) return "\"limit\" must be a whole number from 1 to 100.";
  limit = *value;
  return std::nullopt;
}

// Before the body is read; a second look will tell what is wrong, if anything is.
bool Loop::is_known(const net::HttpRequest& head) {
  if (OpenTokRest::serves(head.path)) return OpenTokRest::project_of(head, projects_, config_, clock_.now()).has_value();
  return projects_.is_operator(head.authorization, clock_.now()) || claims_of(head).ok();
}

// Who shows credentials, and has been refused too often, is not looked at any closer.
void Loop::on_request(net::RequestId request, net::HttpRequest message) {
  ++answers_waiting_;
  mind_the_load();
  Asker asker{{}, {}, message.method == "GET" && message.path.starts_with("/v1/"), OpenTokRest::serves(message.path)};
  if (asker.is_rest) asker.known_tag = message.if_none_match;
  const bool shows_some = !message.authorization.empty() || !message.opentok_auth.empty() || !message.partner_auth.empty();
  if (shows_some && !message.peer.is_exempt) asker.subnet = message.peer.subnet;
  const auto wait = asker.subnet ? must_wait(*asker.subnet) : std::nullopt;
  if (!wait) {
    askers_.emplace(request, std::move(asker));
    return route(request, message);
  }
  auto refused = failure(429, "rate_limited", "Too many requests with bad credentials from your address; try again later.");
  refused.headers.emplace_back("Retry-After", std::to_string((to_ms(*wait) + 999) / 1000));
  respond(request, std::move(refused));
}

void Loop::route(net::RequestId request, const net::HttpRequest& message) {
  const bool is_full = answers_waiting_ > config_.max_answers_waiting;
  if (OpenTokRest::serves(message.path)) {
    if (is_full) return respond(request, OpenTokRest::overloaded());
    return opentok_.answer(message, [this, request](auto response) { respond(request, std::move(response)); });
  }
  if (message.path.starts_with("/v1/")) {
    if (is_full) return respond(request, failure(503, "overloaded", k_too_many_waiting));
    return rest(request, message);
  }
  if (Console::serves(message.path)) {
    return console_.answer(message, [this, request](auto response) { respond(request, std::move(response)); });
  }
  if (message.method == "GET" || message.method == "HEAD") return respond(request, answer(message).value_or(not_found()));
  auto refused = failure(405, "not_allowed", "This can be read only.");
  refused.headers.emplace_back("Allow", "GET, HEAD");
  respond(request, std::move(refused));
}

// Whoever looks at the same again and again is told in a few bytes that nothing has changed.
void Loop::respond(net::RequestId request, net::HttpResponse response) {
  if (const auto node = askers_.extract(request); !node.empty()) {
    const auto& asker = node.mapped();
    if (asker.is_rest && response.status == 200) tag(response, asker.known_tag);
    const bool is_refused = response.status == 401 || (response.status == 403 && asker.is_opentok);
    if (asker.subnet && is_refused) note_failure(*asker.subnet);
  }
  meter_.answered(response.status);
  --answers_waiting_;
  if (response.status == 503) response.headers.emplace_back("Retry-After", "5");
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  fronts_.respond(request, std::move(response));
}

// For whoever has the token; in development, where nobody else can connect, for everybody.
std::optional<net::HttpResponse> Loop::metrics(const net::HttpRequest& message) {
  if (config_.metrics_token.empty() && !config_.dev) return std::nullopt;
  if (!config_.metrics_token.empty() && !wire::equal_in_constant_time(message.authorization, "Bearer " + config_.metrics_token)) {
    auto refused = failure(401, "bad_token", "Send the token of [metrics]: \"Authorization: Bearer TOKEN\".");
    refused.headers.emplace_back("WWW-Authenticate", "Bearer");
    return refused;
  }
  net::HttpResponse response;
  response.content_type = metrics::k_content_type;
  totals();
  response.body = meter_.text(levels());
  return response;
}

// Nothing if there is nothing at this path.
std::optional<net::HttpResponse> Loop::answer(const net::HttpRequest& message) {
  net::HttpResponse text;
  if (message.path == "/healthz") {
    text.body = "ok\n";
    return text;
  }
  if (message.path == "/readyz") {
    text.status = when_stopped_ || is_overloaded() ? 503 : 200;
    text.body = when_stopped_ ? "draining\n" : is_overloaded() ? "overloaded\n" : "ready\n";
    return text;
  }
  if (message.path == "/metrics") return metrics(message);
  if (auto page = page_response(message)) return page;
  if (message.path == "/dev/token" && config_.dev) {
    const auto query = parse_query(message.query);
    const auto user = query.find("user");
    if (user == query.end() || !wire::valid_user(user->second)) {
      return failure(400, "bad_field", "\"user\" must be a name of 1 to 128 bytes.");
    }
    wire::TokenClaims claims;
    claims.project = k_dev_key;
    claims.user = user->second;
    if (const auto device = query.find("device"); device != query.end()) {
      if (device->second.size() > wire::k_max_device_name_bytes) {
        return failure(400, "bad_field", "\"device\" must be a name of at most 64 bytes.");
      }
      claims.device = device->second;
    }
    claims.issued_at = clock_.now();
    claims.expires_at = claims.issued_at + std::chrono::hours{24};
    return json(200, wire::JsonObject().text("token", wire::make_token(claims, k_dev_secret)).done());
  }
  return std::nullopt;
}

}  // namespace offhook::server
