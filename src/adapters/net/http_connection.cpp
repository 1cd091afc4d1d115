#include "adapters/net/http_connection.hpp"

#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <string>

#include "adapters/net/ws_connection.hpp"
#include "adapters/net/ws_upgrade.hpp"

namespace offhook::net {
namespace {

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

std::string say(TurnedAway why) {
  switch (why) {
    case TurnedAway::Full: return "This server holds as many connections as it is allowed to. Try again later.";
    case TurnedAway::TooManyStrangers: return "Too many connections have not said yet who they are. Try again later.";
    case TurnedAway::TooManyOfAddress: return "Your address has as many connections here as it may have. Close some, or try again later.";
    case TurnedAway::TooFast: return "Your address opens connections too fast. Try again later.";
    case TurnedAway::TooSlow: break;  // nobody is told
  }
  return "Too slow.";
}

HttpResponse to_response(const Refusal& refusal) {
  const bool is_of_address = refusal.why == TurnedAway::TooManyOfAddress || refusal.why == TurnedAway::TooFast;
  auto response = plain(is_of_address ? 429 : 503, say(refusal.why));
  response.headers.emplace_back("Retry-After", std::to_string((to_ms(refusal.retry_after) + 999) / 1000));
  return response;
}

}  // namespace

HttpConnection::HttpConnection(std::shared_ptr<Hub> hub, Transport transport, Peer peer, std::optional<Ticket> ticket)
    : hub_(std::move(hub)),
      transport_(std::move(transport)),
      peer_(std::move(peer)),
      ticket_(std::move(ticket)),
      alarm_(hub_->io),
      buffer_(hub_->options.header_bytes + hub_->options.body_bytes) {}

void HttpConnection::start() {
  await_request(hub_->options.first_words_timeout);
  if (!transport_.secure()) return read_header();
  transport_.async_handshake([self = shared_from_this()](const ErrorCode& error) {
    if (!error) self->read_header();
  });
}

void HttpConnection::refuse(const Refusal& refusal, std::function<void()> done) {
  refusal_ = std::shared_ptr<void>(nullptr, [done = std::move(done)](void*) { done(); });
  write(to_response(refusal));
}

void HttpConnection::read_header() {
  parser_.emplace();
  parser_->header_limit(static_cast<std::uint32_t>(hub_->options.header_bytes));
  parser_->body_limit(hub_->options.body_bytes);
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
  if (is_too_much_of_a_stranger()) {
    keep_alive_ = false;
    alarm_.cancel();
    return hand_on();  // without its body: it has no credentials, and will be told so
  }
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
    return write(plain(413, "The request body is larger than " + std::to_string(hub_->options.body_bytes) + " bytes, or than " +
                                std::to_string(hub_->options.stranger_body_bytes) + " without good credentials."));
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
  if (static_cast<std::size_t>(std::distance(request.begin(), request.end())) > hub_->options.header_fields) {
    return plain(431, "The request header has more than " + std::to_string(hub_->options.header_fields) + " fields.");
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

// Who has sent the request: for what comes from a trusted proxy, whom that names.
Peer HttpConnection::peer() const {
  if (!hub_->options.is_trusted_proxy(peer_.address)) return peer_;
  std::string forwarded_for;
  const auto [begin, end] = parser_->get().equal_range("X-Forwarded-For");
  for (auto field = begin; field != end; ++field) forwarded_for += (forwarded_for.empty() ? "" : ",") + std::string(field->value());
  return hub_->peer_at(client_address(peer_.address, forwarded_for, hub_->options.is_trusted_proxy));
}

// Has a body that is not kept for somebody without credentials; one of unknown size is read up to that.
bool HttpConnection::is_too_much_of_a_stranger() {
  const auto most = hub_->options.stranger_body_bytes;
  const auto length = parser_->content_length();
  if ((length && *length <= most) || (!length && !parser_->chunked()) || hub_->handler.is_known(head())) return false;
  parser_->body_limit(most);
  return length.has_value();
}

HttpRequest HttpConnection::head() const {
  const auto& message = parser_->get();
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
  request.peer = peer();
  return request;
}

void HttpConnection::hand_on() {
  is_awaited_ = false;
  auto request = head();
  request.body = std::move(parser_->get().body());
  const RequestId id{hub_->next_number()};
  hub_->requests.emplace(id, shared_from_this());
  hub_->handler.on_request(id, std::move(request));
}

// Bytes behind the upgrade request would be frames sent before our consent (RFC 6455 section 4.1 forbids them).
std::optional<HttpResponse> HttpConnection::objection_to_websocket(const Peer& peer) {
  if (buffer_.size() != 0) return plain(400, "Frames must not be sent before the WebSocket is open.");
  if (parser_->get()[http::field::sec_websocket_version] != "13") {
    auto response = plain(426, "This server speaks version 13 of the WebSocket protocol.");
    response.headers.emplace_back("Sec-WebSocket-Version", "13");
    return response;
  }
  if (peer.address == peer_.address || !ticket_) return std::nullopt;
  const auto refusal = ticket_->move_to(peer, steady_now());
  if (!refusal) return std::nullopt;
  hub_->handler.on_turned_away(refusal->why);
  return to_response(*refusal);
}

void HttpConnection::become_websocket() {
  keep_alive_ = false;
  const auto peer = this->peer();
  if (auto response = objection_to_websocket(peer)) return write(std::move(*response));
  auto response = upgrade_response(parser_->get()[http::field::sec_websocket_key]);
  if (!response) return write(plain(400, "Sec-WebSocket-Key must be 16 bytes in base64."));
  alarm_.cancel();
  const Link link{hub_->next_number()};
  const auto age = steady_now() - began_;
  std::make_shared<WsConnection>(hub_, link, transport_.release(), std::move(ticket_))->start(std::move(*response), peer, age);
}

void HttpConnection::respond(HttpResponse response) { write(std::move(response)); }

void HttpConnection::write(HttpResponse response) {
  const bool head = parser_ && parser_->get().method() == http::verb::head;
  const bool bodiless = response.status == 304 || response.status == 204;
  if (hub_->shutting_down) keep_alive_ = false;
  is_awaited_ = false;
  parser_.reset();  // its memory: the peer may be slow to read
  auto& [body, message] = answer_.emplace(Answer{std::move(response.body), {http::int_to_status(response.status), 11}});
  const std::string_view bytes = response.fixed_body.empty() ? std::string_view(body) : response.fixed_body;
  if (!bodiless) {
    message.set(http::field::content_type, response.content_type);
    message.content_length(bytes.size());
  }
  for (const auto& [name, value] : response.headers) message.set(name, value);
  message.keep_alive(keep_alive_);
  if (!head && !bodiless) message.body() = {bytes.data(), bytes.size()};
  set_deadline(hub_->options.answer_timeout);
  http::async_write(transport_, message,
                    [self = shared_from_this()](const ErrorCode& error, std::size_t) { self->on_written(error); });
}

void HttpConnection::on_written(const ErrorCode& error) {
  if (error) return;
  answer_.reset();
  has_answered_ = true;
  if (!keep_alive_) return linger();
  await_request(hub_->options.header_timeout);
  read_header();
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

// Until it is whole: what comes drop by drop moves no deadline.
void HttpConnection::await_request(Duration within) {
  began_ = steady_now();
  is_awaited_ = true;
  set_deadline(within);
}

// One alarm for whatever is under way; when it rings the socket closes and the operation ends with an error.
void HttpConnection::set_deadline(Duration delay) {
  alarm_.expires_after(delay);
  alarm_.async_wait([weak = weak_from_this()](const ErrorCode& error) {
    if (error) return;
    if (const auto self = weak.lock()) self->on_deadline();
  });
}

// One that idles after an answer is not too slow.
void HttpConnection::on_deadline() {
  if (is_awaited_ && !has_answered_) hub_->handler.on_turned_away(TurnedAway::TooSlow);
  transport_.close();
}

}  // namespace offhook::net
