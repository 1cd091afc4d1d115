// One HTTP/1.1 connection: reads a request, hands it on, writes the answer, again while the peer keeps it alive; becomes a
// WebSocket on request. Private to this folder; the reactor's thread.
#pragma once

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
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
  HttpConnection(std::shared_ptr<Hub> hub, Transport transport, std::optional<Ticket> ticket);

  void start();
  // Says 503 without reading anything, then closes: the server is full. `done` tells that this connection is over.
  void refuse(std::function<void()> done);
  void respond(HttpResponse response);

 private:
  using Parser = http::request_parser<http::string_body>;

  void read_header();
  void on_header(const ErrorCode& error);
  void on_body(const ErrorCode& error);
  void on_unreadable(const ErrorCode& error);
  std::optional<HttpResponse> objection() const;
  void hand_on();
  std::string peer_address();
  void become_websocket();
  void write(HttpResponse response);
  void on_written(const ErrorCode& error);
  void linger();
  void read_rest(std::size_t budget);
  void set_deadline(Duration delay);

  std::shared_ptr<Hub> hub_;
  Transport transport_;
  std::optional<Ticket> ticket_;
  Alarm alarm_;
  beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  std::optional<http::response<http::string_body>> response_;
  bool keep_alive_ = false;
  std::array<char, 512> rest_{};
  std::shared_ptr<void> refusal_;  // its end is the `done` of refuse()
};

}  // namespace offhook::net
