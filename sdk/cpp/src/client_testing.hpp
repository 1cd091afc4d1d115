// A listener that a test itself speaks for, and the client that talks to it: real sockets, the real thread.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <future>
#include <stdexcept>

#include "offhook/client.hpp"
#include "wire/codec.hpp"

namespace offhook {

namespace asio = boost::asio;
using asio::ip::tcp;
using WebSocketStream = boost::beast::websocket::stream<tcp::socket>;

inline constexpr std::chrono::seconds k_patience{20};  // what has not come by then will not come
inline const CallId k_call(1, 2);
inline const SessionId k_session(3, 4);
inline const ConnectionId k_mine(5, 6), k_other(7, 8);

// What a handler was told, for the thread of the test.
template <class T>
class Told {
 public:
  void tell(T value) { promise_.set_value(std::move(value)); }
  T get() {
    if (future_.wait_for(k_patience) != std::future_status::ready) throw std::runtime_error("a handler was not called");
    return future_.get();
  }

 private:
  std::promise<T> promise_;
  std::future<T> future_ = promise_.get_future();
};

// One client's socket, read and written by the test's own thread.
class Peer {
 public:
  explicit Peer(tcp::socket socket) : stream_(std::move(socket)) { stream_.accept(); }

  template <class Message>
  Message expect() {
    while (true) {
      boost::beast::flat_buffer buffer;
      stream_.read(buffer);
      const auto text = boost::beast::buffers_to_string(buffer.data());
      auto message = wire::decode_client(text);
      if (!message) throw std::runtime_error("the client said: " + text);
      if (auto* wanted = std::get_if<Message>(&*message)) return std::move(*wanted);
    }
  }
  void say(const wire::ServerMessage& message) { say_text(wire::encode(message)); }
  void say_text(const std::string& text) { stream_.write(asio::buffer(text)); }
  void cut() { stream_.next_layer().close(); }
  bool is_closed_by_client() {
    boost::beast::flat_buffer buffer;
    boost::system::error_code error;
    while (!error) stream_.read(buffer, error);
    return error == boost::beast::websocket::error::closed;
  }

 private:
  WebSocketStream stream_;
};

class Listener {
 public:
  std::string url() const { return "http://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()); }
  Peer accept() { return Peer(acceptor_.accept()); }

  // A socket that has said hello and been welcomed.
  Peer welcome(wire::Hello* said = nullptr, std::vector<wire::Snapshot> calls = {}) {
    auto peer = accept();
    auto hello = peer.expect<wire::Hello>();
    wire::Welcome welcome;
    welcome.client_id = ClientId(1, 1);
    welcome.resume_key = "key";
    welcome.user = "alice";
    welcome.device_id = hello.device_id;
    welcome.heartbeat_ms = 25'000;
    welcome.calls = std::move(calls);
    peer.say(welcome);
    if (said != nullptr) *said = std::move(hello);
    return peer;
  }
  tcp::acceptor& acceptor() { return acceptor_; }

 private:
  asio::io_context io_;
  tcp::acceptor acceptor_{io_, tcp::endpoint(asio::ip::address_v4::loopback(), 0)};
};

inline wire::Snapshot call_to_bob(wire::Phase phase = wire::Phase::Inviting, std::uint64_t version = 1) {
  wire::Snapshot call;
  call.call_id = k_call;
  call.version = version;
  call.phase = phase;
  call.caller.user = "alice";
  call.callee.user = "bob";
  call.deadlines_remaining_ms.setup = 60'000;
  return call;
}

inline wire::Snapshot ended(wire::Snapshot call, wire::Outcome outcome, std::optional<wire::Reason> reason = {}) {
  call.phase = wire::Phase::Ended;
  call.version += 1;
  call.outcome = call.device_outcome = outcome;
  call.reason = reason;
  call.duration_ms = 0;
  return call;
}

inline ClientOptions options_for(const Listener& listener) { return {.url = listener.url(), .token = "t.o.k", .device_id = "laptop"}; }

}  // namespace offhook
