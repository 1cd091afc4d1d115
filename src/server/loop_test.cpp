// The loop with a store whose word is given by hand: what may leave when, over real sockets.
#include "server/loop.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <future>
#include <thread>

#include "adapters/net/net_testing.hpp"
#include "adapters/store/memory_store.hpp"
#include "wire/token.hpp"

namespace offhook::server {
namespace {

// Keeps everything, and calls nothing durable before it is told to. Used on the loop's thread.
class HeldStore : public store::MemoryStore {
 public:
  void put(core::Record record, std::function<void()> durable) override {
    waiting_.push_back({std::move(record), std::move(durable)});
  }
  std::size_t pending() const override { return waiting_.size() + pretended; }
  void release(std::size_t count) {
    for (; count > 0 && !waiting_.empty(); --count) {
      auto [record, durable] = std::move(waiting_.front());
      waiting_.pop_front();
      keep(std::move(record));
      durable();
    }
  }

  std::size_t pretended = 0;

 private:
  std::deque<std::pair<core::Record, std::function<void()>>> waiting_;
};

Config config() {
  CommandLine line;
  line.dev = true;
  line.listen = "127.0.0.1:0";
  Config made;
  made.settings.heartbeat_idle = std::chrono::seconds{2};
  auto config = complete(std::move(made), line).value();
  config.max_answers_waiting = 4;
  return config;
}

std::string admin_token() {
  wire::TokenClaims claims;
  claims.project = k_dev_key;
  claims.scope = wire::Scope::Admin;
  claims.expires_at = Clock().now() + std::chrono::hours{1};
  return wire::make_token(claims, k_dev_secret);
}

std::string client_token() {
  wire::TokenClaims claims;
  claims.project = k_dev_key;
  claims.user = "alice";
  claims.expires_at = Clock().now() + std::chrono::hours{1};
  return wire::make_token(claims, k_dev_secret);
}

// One HTTP request on a connection of its own.
class Request {
 public:
  Request(std::uint16_t port, const std::string& line, const std::string& body = "") : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    const auto text = line + " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + admin_token() +
                      "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    EXPECT_EQ(send(socket_, text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
  }
  ~Request() { close(socket_); }

  bool is_answered() {
    pollfd wanted{socket_, POLLIN, 0};
    return poll(&wanted, 1, 0) == 1;
  }
  std::string answer() {
    std::string text(4096, '\0');
    const auto size = recv(socket_, text.data(), text.size(), 0);
    return text.substr(0, size > 0 ? static_cast<std::size_t>(size) : 0);
  }

 private:
  int socket_;
};

class HeldLoop : public testing::Test {
 protected:
  HeldLoop() : thread([this] { reactor.run(); }) {
    on_loop([this] {
      loop.emplace(reactor, settings, store, Seed{3});
      port = loop->start().value();
    });
  }
  ~HeldLoop() override {
    on_loop([this] { loop.reset(); });
    reactor.stop();
    thread.join();
  }
  void on_loop(const std::function<void()>& work) {
    std::promise<void> done;
    reactor.post([&] {
      work();
      done.set_value();
    });
    done.get_future().wait();
  }
  void release(std::size_t count) {
    on_loop([&] { store.release(count); });
  }
  std::size_t pending() {
    std::size_t count = 0;
    on_loop([&] { count = store.pending(); });
    return count;
  }
  std::string ask(const std::string& line) { return Request(port, line).answer(); }
  // Requests reach the loop in no order of their own: each is waited for until its record is there.
  std::unique_ptr<Request> make_session(std::size_t pending_then) {
    auto request = std::make_unique<Request>(port, "POST /v1/sessions");
    while (pending() < pending_then) std::this_thread::yield();
    return request;
  }

  const Config settings = config();
  net::Reactor reactor;
  HeldStore store;
  std::optional<Loop> loop;
  std::uint16_t port = 0;
  std::thread thread;
};

TEST_F(HeldLoop, AnswersWaitForTheirRecordsAndLeaveInOrderWhileMoreAreOnTheirWay) {
  const auto first = make_session(1);
  const auto second = make_session(2);
  const auto third = make_session(3);
  EXPECT_NE(ask("GET /healthz").find("200"), std::string::npos) << "what asks for no record does not wait";
  for (const auto* request : {&first, &second, &third}) EXPECT_FALSE((*request)->is_answered());
  release(1);
  EXPECT_NE(first->answer().find("201"), std::string::npos);
  EXPECT_FALSE(second->is_answered());
  release(1);
  EXPECT_NE(second->answer().find("sess_"), std::string::npos);
  EXPECT_FALSE(third->is_answered());
  release(1);
  EXPECT_NE(third->answer().find("sess_"), std::string::npos);
}

TEST_F(HeldLoop, BeyondTheLimitOfWaitingAnswersRequestsAreToldToComeAgain) {
  std::vector<std::unique_ptr<Request>> waiting;
  for (std::size_t i = 1; i <= settings.max_answers_waiting; ++i) waiting.push_back(make_session(i));
  const auto refused = ask("POST /v1/sessions");
  EXPECT_NE(refused.find("503"), std::string::npos);
  EXPECT_NE(refused.find("\"overloaded\""), std::string::npos);
  EXPECT_NE(refused.find("Retry-After: 5"), std::string::npos);
  EXPECT_NE(ask("POST /session/create").find("\"code\":503"), std::string::npos) << "in OpenTok's form for its SDKs";
  EXPECT_NE(ask("GET /healthz").find("200"), std::string::npos) << "the process works";
  EXPECT_NE(ask("GET /metrics").find("200"), std::string::npos);
  release(1);
  EXPECT_NE(waiting.front()->answer().find("201"), std::string::npos);
  const auto again = make_session(settings.max_answers_waiting);
  release(settings.max_answers_waiting);
  EXPECT_NE(again->answer().find("201"), std::string::npos);
}

TEST_F(HeldLoop, AWelcomeWaitsForTheStoreAndHeartbeatsThatFollowItDoNot) {
  const auto session = make_session(1);
  net::testing::WsClient client(port);
  client.send(R"({"type":"hello","version":1,"device_id":"a1","token":")" + client_token() + "\"}");
  while (ask("GET /metrics").find("offhook_clients 1") == std::string::npos) std::this_thread::yield();
  EXPECT_EQ(client.stream.next_layer().available(), 0U);
  release(1);
  EXPECT_NE(client.receive().find("\"welcome\""), std::string::npos);
  client.send(R"({"type":"session_create","cmd_id":"c1"})");
  while (pending() < 1) std::this_thread::yield();
  EXPECT_NE(client.receive().find("\"ping\""), std::string::npos) << "though the answer to the command waits";
  client.send(R"({"type":"pong"})");
  release(1);
  EXPECT_NE(client.receive().find("\"reply\""), std::string::npos);
}

TEST_F(HeldLoop, WhoeverBeginsSomethingIsRefusedWhileTheStoreIsBehindAndReadingGoesOn) {
  on_loop([&] { store.pretended = store::k_max_pending_puts; });
  const auto last = make_session(store::k_max_pending_puts + 1);
  EXPECT_NE(ask("POST /v1/sessions").find("\"overloaded\""), std::string::npos);
  EXPECT_NE(ask("DELETE /v1/users/a").find("503"), std::string::npos);
  EXPECT_NE(ask("GET /v1/calls").find("{\"calls\":[]}"), std::string::npos);
  EXPECT_NE(ask("POST /v1/calls/call_00000000000000000000000001/end").find("no_such_call"), std::string::npos);
  on_loop([&] { store.pretended = 0; });
  release(1);
  EXPECT_NE(last->answer().find("201"), std::string::npos);
  const auto request = make_session(1);
  release(1);
  EXPECT_NE(request->answer().find("201"), std::string::npos);
}

TEST(RestoredLoop, ACallWhoseRecordIsDamagedIsOverAndTheRestGoesOn) {
  net::Reactor reactor;
  HeldStore store;
  const auto settings = config();
  Loop loop(reactor, settings, store, Seed{3});
  core::CallRecord damaged;
  damaged.id = CallId(1, 2);
  damaged.project = k_dev_key;
  damaged.caller = damaged.caller_leg.user = "alice";  // and nobody is called
  loop.restore({damaged, core::SessionRecord{SessionId(3, 4), std::string(k_dev_key), loop.clock().now()}});
  store.release(10);
  std::optional<core::CallRecord> kept;
  store.find_call(damaged.id, [&](auto found) { kept = found.value(); });
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->outcome, wire::Outcome::Failed);
  EXPECT_EQ(kept->reason, wire::Reason::Internal);
}

}  // namespace
}  // namespace offhook::server
