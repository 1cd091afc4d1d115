// From a URL to a connected stream, with TLS where the URL asks for it. Everything of Boost that the transport's two files share;
// private to them.
#pragma once

#include <openssl/ssl.h>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/role.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <boost/beast/websocket/teardown.hpp>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "connect_race.hpp"
#include "url.hpp"

namespace offhook::client {

namespace beast = boost::beast;
using Resolver = asio::ip::basic_resolver<asio::ip::tcp, Executor>;

// A TCP socket with or without TLS as one stream type, so that Beast's templates are compiled once.
class Stream {
 public:
  using executor_type = Executor;
  using TlsStream = asio::ssl::stream<Socket&>;

  Stream(const Executor& executor, std::shared_ptr<asio::ssl::context> tls) : socket_(executor), context_(std::move(tls)) {
    if (context_) tls_ = std::make_unique<TlsStream>(socket_, *context_);
  }
  Stream(const Stream&) = delete;  // tls_ refers to socket_
  Stream& operator=(const Stream&) = delete;

  executor_type get_executor() { return socket_.get_executor(); }
  Socket& socket() { return socket_; }
  TlsStream* tls() { return tls_.get(); }

  template <class Buffers, class Handler>
  void async_read_some(const Buffers& buffers, Handler&& handler) {
    tls_ ? tls_->async_read_some(buffers, std::forward<Handler>(handler))
         : socket_.async_read_some(buffers, std::forward<Handler>(handler));
  }
  template <class Buffers, class Handler>
  void async_write_some(const Buffers& buffers, Handler&& handler) {
    tls_ ? tls_->async_write_some(buffers, std::forward<Handler>(handler))
         : socket_.async_write_some(buffers, std::forward<Handler>(handler));
  }

  // At once; operations under way end with an error.
  void close() {
    ErrorCode ignored;
    socket_.close(ignored);
  }

  // What Beast's WebSocket stream asks of a stream that is not one of its own.
  friend void beast_close_socket(Stream& stream) { stream.close(); }
  template <class Handler>
  friend void async_teardown(beast::role_type role, Stream& stream, Handler&& handler) {
    if (stream.tls_) {
      beast::async_teardown(role, *stream.tls_, std::forward<Handler>(handler));
    } else {
      beast::websocket::async_teardown(role, stream.socket_, std::forward<Handler>(handler));
    }
  }

 private:
  Socket socket_;
  std::shared_ptr<asio::ssl::context> context_;
  std::unique_ptr<TlsStream> tls_;
};

// How a server is called in a sentence about what went wrong with it.
inline std::string sentence_of(const ErrorCode& error, const std::string& server) {
  if (error == asio::error::connection_refused) return server + " refuses the connection; check that the server runs there.";
  if (error == asio::error::host_not_found || error == asio::error::host_not_found_try_again) {
    return "The name of " + server + " is not known; check how it is spelled and that this machine is online.";
  }
  if (error.category() == asio::error::get_ssl_category()) {
    return "No secure connection to " + server + ": " + error.message() + "; check its certificate and whom this client trusts.";
  }
  return "No connection to " + server + ": " + error.message() + ".";
}

// The certificate must come from a trusted authority, and name the host (RFC 6125).
inline std::shared_ptr<asio::ssl::context> make_tls(const Url& url, const std::string& ca_file, ErrorCode& error) {
  if (!url.secure) return nullptr;
  auto tls = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_client);
  SSL_CTX_set_min_proto_version(tls->native_handle(), TLS1_2_VERSION);
  tls->set_verify_mode(asio::ssl::verify_peer);
  ca_file.empty() ? tls->set_default_verify_paths(error) : tls->load_verify_file(ca_file, error);
  return tls;
}

// Resolves, connects and secures. `done` is called exactly once, never before start() returns; it keeps the stream alive.
class Dialer : public std::enable_shared_from_this<Dialer> {
 public:
  using Done = std::function<void(const ErrorCode&)>;

  Dialer(Stream& stream, Url url, Done done)
      : stream_(stream), resolver_(stream.get_executor()), url_(std::move(url)), done_(std::move(done)) {}

  void start() {
    resolver_.async_resolve(url_.host, std::to_string(url_.port),
                            [self = shared_from_this()](const ErrorCode& error, const Resolver::results_type& found) {
                              self->on_resolved(error, found);
                            });
  }

  void cancel() {
    cancelled_ = true;
    resolver_.cancel();
    if (race_) race_->cancel();
    stream_.close();
  }

 private:
  void on_resolved(const ErrorCode& error, const Resolver::results_type& found) {
    if (cancelled_) return finish(asio::error::operation_aborted);
    if (error) return finish(error);
    std::vector<Endpoint> endpoints;
    for (const auto& entry : found) endpoints.push_back(entry.endpoint());
    race_ = std::make_shared<ConnectRace>(stream_.get_executor(), endpoints, [self = shared_from_this()](const ErrorCode& failed, Socket* winner) {
      self->on_connected(failed, winner);
    });
    race_->start();
  }

  void on_connected(const ErrorCode& error, Socket* winner) {
    race_.reset();
    if (cancelled_) return finish(asio::error::operation_aborted);
    if (error) return finish(error);
    stream_.socket() = std::move(*winner);
    ErrorCode ignored;
    stream_.socket().set_option(asio::ip::tcp::no_delay(true), ignored);
    auto* tls = stream_.tls();
    if (tls == nullptr) return finish({});
    asio::ip::make_address(url_.host, ignored);
    if (ignored) SSL_set_tlsext_host_name(tls->native_handle(), url_.host.c_str());  // names only (RFC 6066 section 3)
    tls->set_verify_callback(asio::ssl::host_name_verification(url_.host), ignored);
    tls->async_handshake(asio::ssl::stream_base::client,
                         [self = shared_from_this()](const ErrorCode& failed) { self->finish(failed); });
  }

  void finish(const ErrorCode& error) { std::exchange(done_, nullptr)(error); }

  Stream& stream_;
  Resolver resolver_;
  std::shared_ptr<ConnectRace> race_;  // while it connects
  Url url_;
  Done done_;
  bool cancelled_ = false;
};

}  // namespace offhook::client
