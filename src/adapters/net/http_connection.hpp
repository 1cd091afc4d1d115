// One HTTP/1.1 connection: reads a request, hands it on, writes the answer, again while the peer keeps it alive; becomes a
// WebSocket on request. Private to this folder; the reactor's thread.
#pragma once

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/span_body.hpp>
#include <boost/beast/http/string_body.hpp>
#include <array>
#include <memory>
#include <optional>

#include "adapters/net/hub.hpp"

namespace offhook::net {

namespace beast = boost::beast;
namespace http = beast::http;

class HttpConnection : public std::enable_shared_from_this<HttpConnection> {
 public:
  HttpConnection(std::shared_ptr<Hub> hub, Transport transport, Peer peer, std::optional<Ticket> ticket);

  void start();
  // Says why without reading anything, then closes. `done` tells that this connection is over.
  void refuse(const Refusal& refusal, std::function<void()> done);
  void respond(HttpResponse response);

 private:
  using Parser = http::request_parser<http::string_body>;

  void read_header();
  void on_header(const ErrorCode& error);
  void on_body(const ErrorCode& error);
  void on_unreadable(const ErrorCode& error);
  std::optional<HttpResponse> objection() const;
  HttpRequest head() const;
  Peer peer() const;
  bool is_too_much_of_a_stranger();
  void hand_on();
  void become_websocket();
  std::optional<HttpResponse> objection_to_websocket(const Peer& peer);
  void write(HttpResponse response);
  void on_written(const ErrorCode& error);
  void linger();
  void read_rest(std::size_t budget);
  void await_request(Duration within);
  void set_deadline(Duration delay);
  void on_deadline();

  std::shared_ptr<Hub> hub_;
  Transport transport_;
  const Peer peer_;  // of the socket itself
  std::optional<Ticket> ticket_;
  Alarm alarm_;
  beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  struct Answer {
    std::string body;
    http::response<http::span_body<const char>> message;
  };
  std::optional<Answer> answer_;
  Instant began_{};         // the socket was accepted, or the answer before this request was written
  bool is_awaited_ = false; // the deadline is that of a request
  bool has_answered_ = false;
  bool keep_alive_ = false;
  std::array<char, 512> rest_{};
  std::shared_ptr<void> refusal_;  // its end is the `done` of refuse()
};

}  // namespace offhook::net
