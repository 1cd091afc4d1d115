// The HTTP side of the loop: health, the development token, and where the REST interface begins (rest.cpp).
#include <charconv>

#include "server/http_text.hpp"
#include "server/loop.hpp"
#include "server/pages.hpp"
#include "wire/codec.hpp"
#include "wire/limits.hpp"
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
  return json(status, "{\"error\":" + wire::quoted(word) + ",\"message\":" + wire::quoted(message) + "}");
}

net::HttpResponse not_found() { return failure(404, "not_found", "There is nothing at this path."); }

std::optional<std::string> percent_decode(std::string_view text, bool in_query) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned value = 0;
    if (text[i] != '%') {
      out.push_back(in_query && text[i] == '+' ? ' ' : text[i]);
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
    const auto value = equals == std::string_view::npos ? std::nullopt : percent_decode(part.substr(equals + 1), true);
    if (value) out[std::string(part.substr(0, equals))] = *value;
  }
  return out;
}

void Loop::on_request(net::RequestId request, net::HttpRequest message) {
  if (message.path.starts_with("/v1/")) return rest(request, message);
  if (message.method == "GET" || message.method == "HEAD") return respond(request, answer(message).value_or(not_found()));
  auto refused = failure(405, "not_allowed", "This can be read only.");
  refused.headers.emplace_back("Allow", "GET, HEAD");
  respond(request, std::move(refused));
}

void Loop::respond(net::RequestId request, net::HttpResponse response) {
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  net_.respond(request, std::move(response));
}

// Nothing if there is nothing at this path.
std::optional<net::HttpResponse> Loop::answer(const net::HttpRequest& message) {
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
    return json(200, "{\"token\":" + wire::quoted(wire::make_token(claims, k_dev_secret)) + "}");
  }
  return std::nullopt;
}

}  // namespace offhook::server
