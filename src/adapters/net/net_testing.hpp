// For tests: a Net on a thread of its own with a scripted handler, and blocking clients.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket.hpp>
#include <condition_variable>
#include <deque>
#include <future>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "adapters/net/net.hpp"

namespace offhook::net::testing {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;
using Tcp = asio::ip::tcp;

// Writes down what it is told; answers requests with their own description and "echo" messages with themselves.
class Script : public Handler {
 public:
  void on_link_opened(Link link, const Peer& peer, Duration age) override {
    last_peer = peer;
    last_age = age;
    add("opened", link);
    const std::lock_guard lock(mutex_);
    links_.push_back(link);
  }
  void on_text(Link link, std::string text) override {
    add("text " + text, link);
    if (!hold_reading) net->read_on(link);
    if (text == "close me") net->close(link, 4002, "replaced");
    if (text == "two and close") {
      net->send(link, "one");
      net->send(link, "two");
      net->close(link, 4001, "done");
      net->send(link, "three");
    }
    if (text.starts_with("echo")) net->send(link, std::move(text));
  }
  void on_unreadable(Link link, Unreadable why) override {
    add(why == Unreadable::Binary ? "binary" : "too large", link);
    net->read_on(link);
    if (why == Unreadable::TooLarge) net->close(link, 1009, "too_large");
  }
  void on_congested(Link link) override {
    add("congested", link);
    net->close(link, 4003, "slow_consumer");
  }
  void on_link_closed(Link link) override { add("closed", link); }
  void on_request(RequestId request, HttpRequest message) override {
    HttpResponse response;
    response.body = message.method + " " + message.path + "?" + message.query + " " + message.body;
    response.headers.emplace_back("X-Test", "yes");
    if (message.path == "/unchanged") response.status = 304;
    if (message.path == "/long") response.body.assign(std::size_t{32} << 20, 'x');
    if (message.path == "/peer") response.body = message.peer.address + (message.peer.is_exempt ? " exempt" : "");
    net->respond(request, std::move(response));
  }
  bool is_known(const HttpRequest& head) override { return head.authorization != "wrong"; }
  void on_turned_away(TurnedAway why) override { add("turned away " + std::to_string(static_cast<int>(why)), Link{}); }
  void on_problem(const std::string& what) override { add("problem " + what, Link{}); }

  // Blocks until this was told; false after ten seconds. Whatever came before it is forgotten.
  bool wait_for(const std::string& what) {
    std::unique_lock lock(mutex_);
    for (;;) {
      while (!told_.empty()) {
        const auto next = told_.front();
        told_.pop_front();
        if (next == what) return true;
      }
      if (!more_.wait_for(lock, std::chrono::seconds(10), [this] { return !told_.empty(); })) return false;
    }
  }
  std::size_t count(const std::string& what) {
    const std::lock_guard lock(mutex_);
    return static_cast<std::size_t>(std::count(all_.begin(), all_.end(), what));
  }
  Link last_link() {
    const std::lock_guard lock(mutex_);
    return link_;
  }

  // All that were opened, in order.
  std::vector<Link> links() {
    const std::lock_guard lock(mutex_);
    return links_;
  }

  Net* net = nullptr;
  bool hold_reading = false;
  Peer last_peer;  // both to be read when "opened" has been waited for
  Duration last_age{};

 private:
  void add(const std::string& what, Link link) {
    const std::lock_guard lock(mutex_);
    told_.push_back(what);
    all_.push_back(what);
    link_ = link;
    more_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable more_;
  std::deque<std::string> told_;
  std::deque<std::string> all_;
  Link link_{};
  std::vector<Link> links_;
};

inline Options local_options() {
  Options options;
  options.listen = {"127.0.0.1", 0};
  return options;
}

class RunningNet {
 public:
  explicit RunningNet(Options options = local_options()) : net_(reactor_, std::move(options), script) {
    script.net = &net_;
    auto bound = net_.listen();
    if (bound) port = *bound; else error = bound.error().message;
    thread_ = std::thread([this] { reactor_.run(); });
  }
  ~RunningNet() {
    reactor_.stop();
    thread_.join();
  }

  // Runs `work` on the reactor's thread and waits for it.
  void on_reactor(const std::function<void(Net&)>& work) {
    std::promise<void> done;
    reactor_.post([&] {
      work(net_);
      done.set_value();
    });
    done.get_future().wait();
  }

  Script script;
  std::uint16_t port = 0;
  std::string error;

 private:
  Reactor reactor_;
  Net net_;
  std::thread thread_;
};

class Client {
 public:
  explicit Client(std::uint16_t port) : socket(io) { socket.connect({asio::ip::make_address("127.0.0.1"), port}); }

  void write(const std::string& bytes) { asio::write(socket, asio::buffer(bytes)); }

  // Everything until the server closes.
  std::string read_all() {
    std::string bytes;
    beast::error_code error;
    asio::read(socket, asio::dynamic_buffer(bytes), error);
    return bytes;
  }

  http::response<http::string_body> request(http::verb verb, const std::string& target, const std::string& body = {},
                                            const std::string& host = "localhost") {
    http::request<http::string_body> message(verb, target, 11);
    message.set(http::field::host, host);
    message.body() = body;
    message.prepare_payload();
    http::write(socket, message);
    http::response_parser<http::string_body> parser;
    parser.skip(verb == http::verb::head);
    http::read(socket, buffer, parser);
    return parser.release();
  }

  asio::io_context io;
  Tcp::socket socket;
  beast::flat_buffer buffer;
};

class WsClient {
 public:
  explicit WsClient(std::uint16_t port, const std::string& path = "/v1/client") : stream(io) {
    stream.next_layer().connect({asio::ip::make_address("127.0.0.1"), port});
    stream.handshake("localhost", path, handshake_error);
  }

  void send(const std::string& text) { stream.write(asio::buffer(text)); }

  // The next message, or "closed CODE" / "failed".
  std::string receive() {
    beast::flat_buffer buffer;
    beast::error_code error;
    stream.read(buffer, error);
    if (error == websocket::error::closed) return "closed " + std::to_string(stream.reason().code);
    if (error) return "failed";
    return beast::buffers_to_string(buffer.data());
  }

  asio::io_context io;
  websocket::stream<Tcp::socket> stream;
  beast::error_code handshake_error;
};

}  // namespace offhook::net::testing
