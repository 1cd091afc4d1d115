// A TCP socket with or without TLS as one Asio stream type, so that the connections are compiled once. Private to this folder.
#pragma once

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/role.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <boost/beast/websocket/teardown.hpp>
#include <chrono>
#include <memory>
#include <utility>

namespace offhook::net {

namespace asio = boost::asio;
namespace beast = boost::beast;
using ErrorCode = boost::system::error_code;
using Executor = asio::io_context::executor_type;
using Socket = asio::basic_stream_socket<asio::ip::tcp, Executor>;
using Alarm =
    asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, Executor>;

class Transport {
 public:
  using executor_type = Executor;
  using TlsStream = asio::ssl::stream<Socket&>;

  // The socket has an address of its own because the TLS stream refers to it and a Transport moves.
  Transport(Socket socket, asio::ssl::context* tls) : socket_(std::make_unique<Socket>(std::move(socket))) {
    if (tls != nullptr) tls_ = std::make_unique<TlsStream>(*socket_, *tls);
  }

  executor_type get_executor() { return socket_->get_executor(); }
  Socket& socket() { return *socket_; }
  bool secure() const { return tls_ != nullptr; }

  template <class Handler>
  void async_handshake(Handler handler) {
    tls_->async_handshake(asio::ssl::stream_base::server, std::move(handler));
  }

  template <class Buffers, class Handler>
  void async_read_some(const Buffers& buffers, Handler&& handler) {
    if (tls_) {
      tls_->async_read_some(buffers, std::forward<Handler>(handler));
    } else {
      socket_->async_read_some(buffers, std::forward<Handler>(handler));
    }
  }

  template <class Buffers, class Handler>
  void async_write_some(const Buffers& buffers, Handler&& handler) {
    if (tls_) {
      tls_->async_write_some(buffers, std::forward<Handler>(handler));
    } else {
      socket_->async_write_some(buffers, std::forward<Handler>(handler));
    }
  }

  // At once; operations under way end with an error.
  void close() {
    ErrorCode ignored;
    socket_->close(ignored);
  }

  // The two customization points of Beast's WebSocket stream: its timer closes the socket, its end of life shuts down
  // TLS (RFC 5246 section 7.2.1) and TCP.
  friend void beast_close_socket(Transport& transport) { transport.close(); }

  template <class Handler>
  friend void async_teardown(beast::role_type role, Transport& transport, Handler&& handler) {
    if (transport.tls_) {
      beast::async_teardown(role, *transport.tls_, std::forward<Handler>(handler));
    } else {
      beast::websocket::async_teardown(role, *transport.socket_, std::forward<Handler>(handler));
    }
  }

 private:
  std::unique_ptr<Socket> socket_;
  std::unique_ptr<TlsStream> tls_;
};

}  // namespace offhook::net
