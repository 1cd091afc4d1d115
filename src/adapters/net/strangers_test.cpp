// What a peer may do before it has shown who it is.
#include <malloc.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "adapters/net/net_testing.hpp"

namespace offhook::net::testing {
namespace {

using namespace std::chrono_literals;

const std::string k_upgrade =
    "GET /v1/client HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

// A socket that takes no memory of this process but its descriptor.
class Stranger {
 public:
  explicit Stranger(std::uint16_t port, std::uint32_t from = INADDR_LOOPBACK) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in own{};
    own.sin_family = AF_INET;
    own.sin_addr.s_addr = htonl(from);
    EXPECT_EQ(::bind(socket_, reinterpret_cast<sockaddr*>(&own), sizeof own), 0);
    own.sin_port = htons(port);
    own.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(socket_, reinterpret_cast<sockaddr*>(&own), sizeof own), 0);
    const int on = 1;
    ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  Stranger(Stranger&& other) noexcept : socket_(std::exchange(other.socket_, -1)) {}
  ~Stranger() { ::close(socket_); }

  bool write(std::string_view bytes) { return ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size()); }
  // Something to read, or the end.
  bool hears(int within_ms) {
    pollfd wanted{socket_, POLLIN, 0};
    return ::poll(&wanted, 1, within_ms) == 1;
  }
  // Of what comes next.
  std::string read() {
    char bytes[512];
    const auto size = hears(10'000) ? ::recv(socket_, bytes, sizeof bytes, 0) : 0;
    return {bytes, static_cast<std::size_t>(std::max<ssize_t>(size, 0))};
  }

 private:
  int socket_;
};

std::string status_of(Stranger stranger) { return stranger.read().substr(0, 12); }

std::string frame(unsigned char first, const std::string& payload) {
  const auto size = payload.size();
  const std::string length = size < 126 ? std::string(1, static_cast<char>(0x80 | size))
                                        : std::string{static_cast<char>(0xfe), static_cast<char>(size >> 8), static_cast<char>(size & 0xff)};
  return std::string(1, static_cast<char>(first)) + length + std::string(4, '\0') + payload;
}

TEST(Stranger, ThatTricklesIsCutOffInTime) {
  auto options = local_options();
  options.first_words_timeout = 300ms;
  RunningNet server(options);
  const auto begun = std::chrono::steady_clock::now();
  Stranger trickles(server.port);
  trickles.write("GET / HTTP/1.1\r\nX: ");
  while (!trickles.hears(20)) trickles.write("x");
  EXPECT_EQ(trickles.read(), "");
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 5s);
  EXPECT_TRUE(server.script.wait_for("turned away 4"));
}

TEST(Stranger, TheAgeOfItsSocketIsToldWithTheLink) {
  RunningNet server;
  Stranger stranger(server.port);
  stranger.write(k_upgrade);
  EXPECT_FALSE(stranger.hears(200));
  stranger.write("\r\n");
  ASSERT_TRUE(server.script.wait_for("opened"));
  EXPECT_GE(server.script.last_age, 100ms) << "it may have been accepted a while after it had connected";
  EXPECT_EQ(server.script.last_peer.address, "127.0.0.1");
}

TEST(Stranger, OpensSoManySocketsAndThenOneAtATime) {
  auto options = local_options();
  options.new_sockets_per_minute = 2;
  RunningNet server(options);
  Stranger first(server.port), second(server.port), third(server.port);
  const auto refusal = third.read();
  EXPECT_TRUE(refusal.starts_with("HTTP/1.1 429 ")) << refusal;
  EXPECT_NE(refusal.find("Retry-After: 30\r\n"), std::string::npos) << refusal;
  EXPECT_TRUE(server.script.wait_for("turned away 3"));
  Stranger other(server.port, INADDR_LOOPBACK + 1);
  other.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_TRUE(other.read().starts_with("HTTP/1.1 200 ")) << "another address";
}

TEST(Stranger, OfThisMachineMayBeExempt) {
  auto options = local_options();
  options.new_sockets_per_minute = 1;
  options.max_sockets_per_address = 1;
  options.loopback_is_exempt = true;
  RunningNet server(options);
  Client first(server.port), second(server.port);
  EXPECT_EQ(second.request(http::verb::get, "/peer").body(), "127.0.0.1 exempt");
}

TEST(Stranger, TheyAreLimitedInAllAndWhoIsTrustedIsNone) {
  auto options = local_options();
  options.max_strangers = 1;
  RunningNet server(options);
  WsClient first(server.port);
  ASSERT_TRUE(server.script.wait_for("opened"));
  EXPECT_EQ(status_of(Stranger(server.port)), "HTTP/1.1 503");
  EXPECT_TRUE(server.script.wait_for("turned away 1"));
  server.on_reactor([&](Net& net) { net.trust(server.script.links().front(), 65'536); });
  EXPECT_EQ(Client(server.port).request(http::verb::get, "/").result_int(), 200u);
}

TEST(Stranger, BehindATrustedProxyIsWhomItNames) {
  auto options = local_options();
  options.is_trusted_proxy = [](const std::string& address) { return address == "127.0.0.1"; };
  options.max_sockets_per_address = 1;
  RunningNet server(options);
  const auto ask = [&](const std::string& forwarded) {
    auto stranger = std::make_unique<Stranger>(server.port);
    stranger->write(k_upgrade + forwarded + "\r\n");
    const auto status = stranger->read().substr(0, 12);
    return std::pair(std::move(stranger), status);
  };
  const auto first = ask("X-Forwarded-For: 192.0.2.1\r\n");
  EXPECT_EQ(first.second, "HTTP/1.1 101");
  EXPECT_EQ(ask("X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-For: 192.0.2.1\r\n").second, "HTTP/1.1 429");
  EXPECT_EQ(ask("X-Forwarded-For: 192.0.2.2\r\n").second, "HTTP/1.1 101");
  EXPECT_EQ(ask("").second, "HTTP/1.1 101") << "the proxy itself";
  EXPECT_EQ(ask("X-Forwarded-For: unknown\r\n").second, "HTTP/1.1 101");
}

TEST(Stranger, HasFewHeaderFields) {
  RunningNet server;
  Stranger stranger(server.port);
  std::string fields;
  for (int i = 0; i < 64; ++i) fields += "a:b\r\n";
  stranger.write("GET / HTTP/1.1\r\nHost: localhost\r\n" + fields + "\r\n");
  EXPECT_TRUE(stranger.read().starts_with("HTTP/1.1 431 "));
}

TEST(Stranger, WithoutGoodCredentialsIsAnsweredBeforeItsLargeBodyIsRead) {
  RunningNet server;
  const auto ask = [&](const std::string& rest) {
    Stranger stranger(server.port);
    stranger.write("POST /x HTTP/1.1\r\nHost: localhost\r\nAuthorization: wrong\r\n" + rest);
    const auto answer = stranger.read();
    return answer.substr(9, 3) + " " + answer.substr(answer.find("\r\n\r\n") + 4);
  };
  EXPECT_EQ(ask("Content-Length: 4\r\n\r\nbody"), "200 POST /x? body");
  EXPECT_EQ(ask("Content-Length: 4097\r\n\r\n"), "200 POST /x? ");
  EXPECT_TRUE(ask("Transfer-Encoding: chunked\r\n\r\n1001\r\n" + std::string(0x1001, 'x') + "\r\n").starts_with("413 "));
}

TEST(Stranger, ThatDoesNotReadIsReportedSoon) {
  RunningNet server;
  Stranger stranger(server.port);
  stranger.write(k_upgrade + "\r\n");
  ASSERT_TRUE(server.script.wait_for("opened"));
  for (int i = 0; i < 1'000'000 && stranger.write(frame(0x89, std::string(125, 'x'))) && server.script.count("congested") == 0; ++i) {
  }
  EXPECT_TRUE(server.script.wait_for("congested"));
}

// Live bytes of this process's heap for each of many strangers that have sent `bytes` in small pieces.
std::size_t heap_bytes_of_each(const std::vector<std::string>& pieces) {
  constexpr std::size_t k_strangers = 100;
  RunningNet server;
  std::vector<Stranger> strangers;
  strangers.reserve(k_strangers);
  std::size_t before = 0;
  server.on_reactor([&](Net&) { before = mallinfo2().uordblks; });
  for (std::size_t i = 0; i < k_strangers; ++i) strangers.emplace_back(server.port);
  for (const auto& piece : pieces) {
    for (auto& stranger : strangers) EXPECT_TRUE(stranger.write(piece));
    server.on_reactor([](Net&) {});  // has read it, most likely
  }
  // What was sent last is here: a peer that comes later is answered after all have been read.
  EXPECT_EQ(Client(server.port).request(http::verb::get, "/").result_int(), 200u);
  std::size_t after = 0;
  server.on_reactor([&](Net&) { after = mallinfo2().uordblks; });
  return (after - before) / k_strangers;
}

std::vector<std::string> cut(const std::string& bytes, std::size_t size) {
  std::vector<std::string> pieces;
  for (std::size_t i = 0; i < bytes.size(); i += size) pieces.push_back(bytes.substr(i, size));
  return pieces;
}

TEST(Stranger, HoldsSixteenKibibytesAtMost) {
  constexpr std::size_t k_most = 16'384;
  const auto after_upgrade = [](std::vector<std::string> pieces) {
    pieces.insert(pieces.begin(), k_upgrade + "\r\n");
    return pieces;
  };
  const auto hello = frame(0x81, std::string(14'336, 'x'));
  std::string fragments = frame(0x01, std::string(1'000, 'x'));
  for (int i = 0; i < 12; ++i) fragments += frame(0x00, std::string(1'000, 'x'));
  fragments += frame(0x00, std::string(1'336, 'x')).substr(0, 1'300);
  EXPECT_LE(heap_bytes_of_each(cut("GET / HTTP/1.1\r\nX: " + std::string(8'000, 'x'), 900)), k_most) << "a header that does not end";
  EXPECT_LE(heap_bytes_of_each(after_upgrade({})), 4'000u) << "a WebSocket that says nothing";
  EXPECT_LE(heap_bytes_of_each(after_upgrade(cut(hello.substr(0, hello.size() - 1), 1'500))), k_most) << "a hello that lacks a byte";
  EXPECT_LE(heap_bytes_of_each(after_upgrade(cut(fragments, 700))), k_most) << "a hello in pieces";
}

}  // namespace
}  // namespace offhook::net::testing
