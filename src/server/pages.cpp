#include "server/pages.hpp"

#include "web/pages.hpp"

namespace offhook::server {
namespace {

// What a page may load and whom it may talk to: this server alone, over HTTP and WebSocket. `blob:` and `mediastream:` are the
// pictures of a call.
constexpr std::string_view k_content_security_policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self' blob: mediastream:; "
    "connect-src 'self' ws: wss:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

// The console holds a token: nothing but its own script may run, and text becomes no markup even by mistake.
constexpr std::string_view k_console_policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

// RFC 9110 section 13.1.2: a list of tags, weak or strong, or "*".
bool is_known(const web::Page& page, std::string_view if_none_match) {
  return if_none_match == "*" || if_none_match.find(page.etag) != std::string_view::npos;
}

net::HttpResponse response_with(const web::Page& found, const net::HttpRequest& request) {
  const auto* page = &found;
  net::HttpResponse response;
  response.content_type = page->content_type;
  response.headers.emplace_back("ETag", page->etag);
  response.headers.emplace_back("Cache-Control", "no-cache");  // may be kept, and is asked for again: RFC 9111 section 5.2.2.4
  response.headers.emplace_back("Referrer-Policy", "no-referrer");
  if (page->for_other_sites) response.headers.emplace_back("Access-Control-Allow-Origin", "*");
  if (is_known(*page, request.if_none_match)) {
    response.status = 304;
  } else {
    response.fixed_body = page->bytes;
  }
  return response;
}

}  // namespace

std::optional<net::HttpResponse> page_response(const net::HttpRequest& request) {
  const auto page = request.path.starts_with("/console") ? std::nullopt : web::find_page(request.path);
  if (!page) return std::nullopt;
  auto response = response_with(*page, request);
  response.headers.emplace_back("Content-Security-Policy", k_content_security_policy);
  response.headers.emplace_back("Permissions-Policy", "camera=(self), microphone=(self)");
  return response;
}

std::optional<net::HttpResponse> console_page(const net::HttpRequest& request) {
  const auto page = web::find_page(request.path == "/console/" ? "/console" : request.path);
  if (!page) return std::nullopt;
  auto response = response_with(*page, request);
  response.headers.emplace_back("Content-Security-Policy", k_console_policy);
  response.headers.emplace_back("Permissions-Policy", "camera=(), microphone=(), geolocation=()");
  response.headers.emplace_back("Cross-Origin-Opener-Policy", "same-origin");
  return response;
}

}  // namespace offhook::server
