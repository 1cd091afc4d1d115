// One WebSocket: reads a text message when asked, writes messages in order, closes after the last. Private to this folder;
// the reactor's thread.
#pragma once

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "adapters/net/hub.hpp"

namespace offhook::net {

class WsConnection : public std::enable_shared_from_this<WsConnection> {
 public:
  WsConnection(std::shared_ptr<Hub> hub, Link link, Transport transport, std::optional<Ticket> ticket);

  void start(boost::beast::http::request<boost::beast::http::string_body> upgrade);
  void send(std::string text);
  void close(std::uint16_t code, const std::string& reason);
  void read_on();
  void set_frame_limit(std::size_t bytes) { frame_limit_ = bytes; }

 private:
  void on_accepted(const ErrorCode& error);
  void read();
  void on_read(const ErrorCode& error);
  void deliver();
  void write_next();
  void on_written(const ErrorCode& error);
  void close_now();
  void end();
  void set_deadline(Duration delay);

  std::shared_ptr<Hub> hub_;
  const Link link_;
  std::optional<Ticket> ticket_;
  boost::beast::websocket::stream<Transport> stream_;
  boost::beast::http::request<boost::beast::http::string_body> upgrade_;
  beast::flat_buffer incoming_;
  std::size_t frame_limit_;
  std::deque<std::string> outgoing_;  // the front is being written
  std::size_t outgoing_bytes_ = 0;
  std::optional<boost::beast::websocket::close_reason> closing_;
  std::optional<Alarm> alarm_;  // only while closing: two hundred thousand idle links need no timer each
  bool open_ = false;           // from the handshake to the end
  bool reading_ = false;
  bool congested_ = false;
};

}  // namespace offhook::net
