#include "adapters/net/http_connection.hpp"

#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <string>

#include "adapters/net/ws_connection.hpp"
#include "adapters/net/ws_upgrade.hpp"

namespace offhook::net {
namespace {

constexpr Duration k_write_timeout = std::chrono::seconds{60};  // the demo's files over a bad mobile link
constexpr Duration k_linger_timeout = std::chrono::seconds{2};
constexpr std::size_t k_linger_bytes = 262'144;  // what a peer may still send while it overlooks our error

struct Target {
  std::string path;
  std::string query;
};

Target split(beast::string_view target) {
  const auto mark = target.find('?');
  if (mark == beast::string_view::npos) return {std::string(target), {}};
  return {std::string(target.substr(0, mark)), std::string(target.substr(mark + 1))};
}

HttpResponse plain(unsigned status, std::string text) {
  HttpResponse response;
  response.status = status;
  response.body = std::move(text) + "\n";
  return response;
}

}  // namespace

HttpConnection::HttpConnection(std::shared_ptr<Hub> hub, Transport transport, std::optional<Ticket> ticket)
    : hub_(std::move(hub)),
      transport_(std::move(transport)),
      ticket_(std::move(ticket)),
      alarm_(hub_->io),
      buffer_(hub_->options.header_bytes + hub_->options.body_bytes) {}

void HttpConnection::start() {
  if (!transport_.secure()) return read_header();
  set_deadline(hub_->options.header_timeout);
  transport_.async_handshake([self = shared_from_this()](const ErrorCode& error) {
    if (!error) self->read_header();
  });
}

void HttpConnection::refuse(std::function<void()> done) {
  refusal_ = std::shared_ptr<void>(nullptr, [done = std::move(done)](void*) { done(); });
  if (transport_.secure()) return;  // no handshake just to say no
  auto response = plain(503, "This server holds as many connections as it is allowed to. Try again later.");
  response.headers.emplace_back("Retry-After", "5");
  write(std::move(response));
}

void HttpConnection::read_header() {
  parser_.emplace();
  parser_->header_limit(static_cast<std::uint32_t>(hub_->options.header_bytes));
  parser_->body_limit(hub_->options.body_bytes);
  set_deadline(hub_->options.header_timeout);
  http::async_read_header(transport_, buffer_, *parser_,
                          [self = shared_from_this()](const ErrorCode& error, std::size_t) { self->on_header(error); });
}

void HttpConnection::on_header(const ErrorCode& error) {
  if (error) return on_unreadable(error);
  keep_alive_ = parser_->get().keep_alive();
  if (auto response = objection()) {
    keep_alive_ = false;  // its body, if any, stays unread
    return write(std::move(*response));
  }
  if (beast::websocket::is_upgrade(parser_->get())) return become_websocket();
  http::async_read(transport_, buffer_, *parser_,
                   [self = shared_from_this()](const ErrorCode& failure, std::size_t) { self->on_body(failure); });
}

void HttpConnection::on_body(const ErrorCode& error) {
  if (error) return on_unreadable(error);
  alarm_.cancel();
  hand_on();
}

// A peer that went away gets nothing; one that broke a rule is told which.
void HttpConnection::on_unreadable(const ErrorCode& error) {
  keep_alive_ = false;
  if (error == http::error::header_limit) {
    return write(plain(431, "The request header is larger than " + std::to_string(hub_->options.header_bytes) + " bytes."));
  }
  if (error == http::error::body_limit || error == http::error::buffer_overflow) {
    return write(plain(413, "The request body is larger than " + std::to_string(hub_->options.body_bytes) + " bytes."));
  }
  const bool malformed = error.category() == http::make_error_code(http::error::bad_method).category();
  if (malformed && error != http::error::end_of_stream && error != http::error::partial_message) {
    return write(plain(400, "This is not a well-formed HTTP/1.1 request."));
  }
}

// What forbids the request by its header alone.
std::optional<HttpResponse> HttpConnection::objection() const {
  const auto& request = parser_->get();
  const std::string host(request[http::field::host]);
  if (hub_->options.loopback_hosts_only && !is_loopback_host_header(host)) {
    return plain(403,
                 "This server runs in development mode and answers only to the host names localhost, 127.0.0.1 and "
                 "[::1], so that web pages of other sites cannot reach it by DNS rebinding.");
  }
  const bool for_websocket = split(request.target()).path == hub_->options.websocket_path;
  const bool upgrade = beast::websocket::is_upgrade(request);
  if (upgrade && !for_websocket) return plain(404, "WebSockets are served at " + hub_->options.websocket_path + " only.");
  if (upgrade && hub_->shutting_down) return plain(503, "The server is stopping.");
  if (for_websocket && !upgrade) {
    auto response = plain(426, "This path speaks WebSocket: open it with a WebSocket client.");
    response.headers.emplace_back("Upgrade", "websocket");
    return response;
  }
  switch (request.method()) {
    case http::verb::get:
    case http::verb::head:
    case http::verb::post:
    case http::verb::put:
    case http::verb::patch:
    case http::verb::delete_: return std::nullopt;
    default: break;  // an enum of thirty methods that is not ours
  }
  auto response = plain(405, "Methods served here: GET, HEAD, POST, PUT, PATCH, DELETE.");
  response.headers.emplace_back("Allow", "GET, HEAD, POST, PUT, PATCH, DELETE");
  return response;
}

// Empty if the peer is gone already.
std::string HttpConnection::peer_address() {
  ErrorCode error;
  const auto peer = transport_.socket().remote_endpoint(error);
  return error ? std::string() : peer.address().to_string();
}

void HttpConnection::hand_on() {
  auto& message = parser_->get();
  auto target = split(message.target());
  HttpRequest request;
  request.method = std::string(message.method_string());
  request.path = std::move(target.path);
  request.query = std::move(target.query);
  request.host = std::string(message[http::field::host]);
  request.authorization = std::string(message[http::field::authorization]);
  request.if_none_match = std::string(message[http::field::if_none_match]);
  request.accept = std::string(message[http::field::accept]);
  request.user_agent = std::string(message[http::field::user_agent]);
  request.opentok_auth = std::string(message["X-OPENTOK-AUTH"]);
  request.partner_auth = std::string(message["X-TB-PARTNER-AUTH"]);
  request.cookie = std::string(message[http::field::cookie]);
  request.console = std::string(message["X-Offhook-Console"]);
  request.forwarded_proto = std::string(message["X-Forwarded-Proto"]);
  request.address = peer_address();
  request.body = std::move(message.body());
  const RequestId id{hub_->next_number()};
  hub_->requests.emplace(id, shared_from_this());
  hub_->handler.on_request(id, std::move(request));
}

// Bytes behind the upgrade request would be frames sent before our consent (RFC 6455 section 4.1 forbids them).
void HttpConnection::become_websocket() {
  keep_alive_ = false;
  const auto& request = parser_->get();
  if (buffer_.size() != 0) return write(plain(400, "Frames must not be sent before the WebSocket is open."));
  if (request[http::field::sec_websocket_version] != "13") {
    auto response = plain(426, "This server speaks version 13 of the WebSocket protocol.");
    response.headers.emplace_back("Sec-WebSocket-Version", "13");
    return write(std::move(response));
  }
  auto response = upgrade_response(request[http::field::sec_websocket_key]);
  if (!response) return write(plain(400, "Sec-WebSocket-Key must be 16 bytes in base64."));
  alarm_.cancel();
  const Link link{hub_->next_number()};
  std::make_shared<WsConnection>(hub_, link, transport_.release(), std::move(ticket_))->start(std::move(*response));
}

void HttpConnection::respond(HttpResponse response) { write(std::move(response)); }

void HttpConnection::write(HttpResponse response) {
  const bool head = parser_ && parser_->get().method() == http::verb::head;
  const bool bodiless = response.status == 304 || response.status == 204;
  if (hub_->shutting_down) keep_alive_ = false;
  response_.emplace(http::int_to_status(response.status), 11);
  if (!bodiless) {
    response_->set(http::field::content_type, response.content_type);
    response_->content_length(response.body.size());
  }
  for (const auto& [name, value] : response.headers) response_->set(name, value);
  response_->keep_alive(keep_alive_);
  if (!head && !bodiless) response_->body() = std::move(response.body);
  set_deadline(k_write_timeout);
  http::async_write(transport_, *response_,
                    [self = shared_from_this()](const ErrorCode& error, std::size_t) { self->on_written(error); });
}

void HttpConnection::on_written(const ErrorCode& error) {
  if (error) return;
  response_.reset();
  if (keep_alive_) return read_header();
  linger();
}

// Closing while bytes of the peer are unread makes TCP send a reset, which can destroy our answer before the peer has
// read it. So our half is closed first, and the peer's bytes are drained for a while.
void HttpConnection::linger() {
  ErrorCode ignored;
  transport_.socket().shutdown(asio::socket_base::shutdown_send, ignored);
  set_deadline(k_linger_timeout);
  read_rest(k_linger_bytes);
}

void HttpConnection::read_rest(std::size_t budget) {
  transport_.socket().async_read_some(
      asio::buffer(rest_), [self = shared_from_this(), budget](const ErrorCode& error, std::size_t bytes) {
        if (error || bytes >= budget) return self->transport_.close();
        self->read_rest(budget - bytes);
      });
}

// One alarm for whatever is under way; when it rings the socket closes and the operation ends with an error.
void HttpConnection::set_deadline(Duration delay) {
  alarm_.expires_after(delay);
  alarm_.async_wait([weak = weak_from_this()](const ErrorCode& error) {
    if (error) return;
    if (const auto self = weak.lock()) self->transport_.close();
  });
}

}  // namespace offhook::net
