// A TCP socket with or without TLS as one Asio stream type, so that HTTP is compiled once. Private to this folder.
#pragma once

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <memory>
#include <utility>

#include "adapters/net/channel.hpp"

namespace offhook::net {

namespace asio = boost::asio;
using ErrorCode = boost::system::error_code;
using Executor = asio::io_context::executor_type;
using Socket = asio::basic_stream_socket<asio::ip::tcp, Executor>;
using Alarm =
    asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, Executor>;

class Transport {
 public:
  using executor_type = Executor;

  Transport(Socket socket, SSL_CTX* tls) : socket_(std::move(socket)) {
    if (tls == nullptr) return;
    ErrorCode ignored;
    socket_.native_non_blocking(true, ignored);
    tls_ = std::make_unique<TlsSession>(tls, socket_.native_handle());
  }

  executor_type get_executor() { return socket_.get_executor(); }
  Socket& socket() { return socket_; }
  bool secure() const { return tls_ != nullptr; }

  // `handler` gets an error code.
  template <class Handler>
  void async_handshake(Handler handler) {
    go_on([this] { return tls_->handshake(); },
          [handler = std::move(handler)](const ErrorCode& error, std::size_t) mutable { handler(error); }, true);
  }

  template <class Buffers, class Handler>
  void async_read_some(const Buffers& buffers, Handler&& handler) {
    if (!tls_) return socket_.async_read_some(buffers, std::forward<Handler>(handler));
    const auto to = first_of<asio::mutable_buffer>(buffers);
    go_on([this, to] { return to.size() == 0 ? Attempt{Attempt::State::Done} : tls_->read(static_cast<char*>(to.data()), to.size()); },
          std::forward<Handler>(handler), true);
  }

  template <class Buffers, class Handler>
  void async_write_some(const Buffers& buffers, Handler&& handler) {
    if (!tls_) return socket_.async_write_some(buffers, std::forward<Handler>(handler));
    const auto from = first_of<asio::const_buffer>(buffers);
    go_on([this, from] { return from.size() == 0 ? Attempt{Attempt::State::Done} : tls_->write(static_cast<const char*>(from.data()), from.size()); },
          std::forward<Handler>(handler), true);
  }

  // At once; operations under way end with an error.
  void close() {
    ErrorCode ignored;
    socket_.close(ignored);
  }

  // The socket without Asio. REQUIRES: no operation is under way. Nothing can be done here afterwards.
  Channel release() {
    ErrorCode error;
    const int socket = socket_.release(error);
    return Channel(error ? -1 : socket, std::move(tls_));
  }

 private:
  template <class Buffer, class Buffers>
  static Buffer first_of(const Buffers& buffers) {
    for (auto next = asio::buffer_sequence_begin(buffers); next != asio::buffer_sequence_end(buffers); ++next) {
      if (Buffer(*next).size() > 0) return *next;
    }
    return {};
  }

  // Tries until it is done, and waits for the socket in between. An initiating function never calls its handler itself.
  template <class Try, class Handler>
  void go_on(Try attempt, Handler handler, bool is_initiating) {
    const auto [state, bytes] = attempt();
    if (state == Attempt::State::WantsRead || state == Attempt::State::WantsWrite) {
      const auto direction = state == Attempt::State::WantsRead ? Socket::wait_read : Socket::wait_write;
      return socket_.async_wait(direction, [this, attempt, handler = std::move(handler)](const ErrorCode& error) mutable {
        if (error) return handler(error, std::size_t{0});
        go_on(attempt, std::move(handler), false);
      });
    }
    const ErrorCode error = state == Attempt::State::Done ? ErrorCode{} : ErrorCode(asio::error::eof);
    if (!is_initiating) return handler(error, bytes);
    asio::post(get_executor(), [handler = std::move(handler), error, bytes = bytes]() mutable { handler(error, bytes); });
  }

  Socket socket_;
  std::unique_ptr<TlsSession> tls_;
};

}  // namespace offhook::net
