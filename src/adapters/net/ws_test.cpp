#include <future>

#include "adapters/net/net_testing.hpp"

namespace offhook::net::testing {
namespace {

TEST(WebSocket, CarriesTextBothWays) {
  RunningNet server;
  WsClient client(server.port);
  ASSERT_FALSE(client.handshake_error);
  client.send("echo \xc3\xa4");
  EXPECT_EQ(client.receive(), "echo \xc3\xa4");
  client.stream.close(websocket::close_code::normal);
  EXPECT_TRUE(server.script.wait_for("closed"));
  EXPECT_EQ(server.script.count("closed"), 1u);
}

TEST(WebSocket, IsServedAtOnePathOnly) {
  RunningNet server;
  WsClient client(server.port, "/elsewhere");
  EXPECT_EQ(client.handshake_error, websocket::error::upgrade_declined);
  EXPECT_EQ(Client(server.port).request(http::verb::get, "/v1/client").result_int(), 426u);
}

TEST(WebSocket, AForeignHostIsRefusedInDevelopment) {
  auto options = local_options();
  options.loopback_hosts_only = true;
  RunningNet server(options);
  WsClient good(server.port);
  EXPECT_FALSE(good.handshake_error);
  Client client(server.port);
  client.write("GET /v1/client HTTP/1.1\r\nHost: evil.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
               "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
  EXPECT_TRUE(client.read_all().starts_with("HTTP/1.1 403 "));
}

TEST(WebSocket, WritesInOrderThenClosesWithTheCode) {
  RunningNet server;
  WsClient client(server.port);
  client.send("two and close");
  EXPECT_EQ(client.receive(), "one");
  EXPECT_EQ(client.receive(), "two");
  EXPECT_EQ(client.receive(), "closed 4001");
  EXPECT_TRUE(server.script.wait_for("closed"));
}

TEST(WebSocket, TheFrameLimitGrowsWhenToldSo) {
  RunningNet server;
  WsClient client(server.port);
  const std::string exact(14'336, 'x');
  client.send(exact);
  ASSERT_TRUE(server.script.wait_for("text " + exact));
  server.on_reactor([&](Net& net) { net.trust(server.script.last_link(), 65'536); });
  client.send("next");  // the read under way was asked for with the old limit
  ASSERT_TRUE(server.script.wait_for("text next"));
  const std::string large(65'536, 'x');
  client.send(large);
  ASSERT_TRUE(server.script.wait_for("text " + large));
  client.send(large + "x");
  EXPECT_TRUE(server.script.wait_for("too large"));
  EXPECT_EQ(client.receive(), "closed 1009");
}

TEST(WebSocket, AFrameOverTheFirstLimitClosesBeforeItIsWhole) {
  RunningNet server;
  WsClient client(server.port);
  client.stream.write_some(false, asio::buffer(std::string(14'337, 'x')));  // the message never ends
  EXPECT_TRUE(server.script.wait_for("too large"));
  EXPECT_EQ(client.receive(), "closed 1009");
  EXPECT_EQ(server.script.count("too large"), 1u);
}

TEST(WebSocket, BinaryIsReportedAndSurvived) {
  RunningNet server;
  WsClient client(server.port);
  client.stream.binary(true);
  client.send("x");
  EXPECT_TRUE(server.script.wait_for("binary"));
  client.stream.binary(false);
  client.send("echo");
  EXPECT_EQ(client.receive(), "echo");
}

TEST(WebSocket, AVanishedPeerIsReported) {
  RunningNet server;
  {
    WsClient client(server.port);
    client.send("echo");
    EXPECT_EQ(client.receive(), "echo");
    client.stream.next_layer().close();
  }
  EXPECT_TRUE(server.script.wait_for("closed"));
}

TEST(WebSocket, OneMessageWaitsAtATime) {
  RunningNet server;
  server.script.hold_reading = true;
  WsClient client(server.port);
  client.send("first");
  client.send("second");
  ASSERT_TRUE(server.script.wait_for("text first"));
  WsClient other(server.port);  // proves that the reactor has turned meanwhile
  other.send("other");
  ASSERT_TRUE(server.script.wait_for("text other"));
  EXPECT_EQ(server.script.count("text second"), 0u);
  server.on_reactor([&](Net& net) { for (const auto link : server.script.links()) net.read_on(link); });
  EXPECT_TRUE(server.script.wait_for("text second"));
}

TEST(WebSocket, ASlowPeerIsReportedOnceAndCutOff) {
  auto options = local_options();
  options.close_timeout = std::chrono::milliseconds(100);
  RunningNet server(options);
  WsClient client(server.port);
  client.send("hello");
  ASSERT_TRUE(server.script.wait_for("text hello"));
  server.on_reactor([&](Net& net) {
    net.trust(server.script.last_link(), 65'536);
    for (int i = 0; i < 600; ++i) net.send(server.script.last_link(), std::string(16'384, 'x'));
  });
  EXPECT_TRUE(server.script.wait_for("congested"));
  EXPECT_TRUE(server.script.wait_for("closed"));
  EXPECT_EQ(server.script.count("congested"), 1u);
}

// Bytes as they are, behind a good handshake.
class RawClient : public Client {
 public:
  explicit RawClient(std::uint16_t port) : Client(port) {
    write("GET /v1/client HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
          "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
    std::string head;
    asio::read_until(socket, asio::dynamic_buffer(head), "\r\n\r\n");
    EXPECT_NE(head.find("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"), std::string::npos);  // the example of RFC 6455
  }
  // A masked frame whose mask is zeros.
  void frame(unsigned char first, const std::string& payload) {
    write(std::string(1, static_cast<char>(first)) + static_cast<char>(0x80 | payload.size()) + std::string(4, '\0') + payload);
  }
};

TEST(WebSocket, AMessageInPiecesWithAPingBetweenIsOneMessage) {
  RunningNet server;
  RawClient client(server.port);
  client.frame(0x01, "echo ");
  client.frame(0x89, "there?");
  client.frame(0x00, "a");
  client.frame(0x80, "b");
  client.frame(0x88, "\x03\xe8");
  EXPECT_EQ(client.read_all(), "\x8a\x06there?\x81\x07" "echo ab\x88\x02\x03\xe8");
  EXPECT_TRUE(server.script.wait_for("closed"));
}

TEST(WebSocket, AFrameThatComesByteByByteIsWholeInTheEnd) {
  RunningNet server;
  RawClient client(server.port);
  client.socket.set_option(Tcp::no_delay(true));
  for (const char c : std::string("\x81\x84\0\0\0\0echo\x88\x80\0\0\0\0", 16)) client.write(std::string(1, c));
  EXPECT_EQ(client.read_all(), std::string("\x81\x04" "echo\x88\0", 8));
}

TEST(WebSocket, WhatBreaksTheProtocolIsClosedWithItsCode) {
  RunningNet server;
  const auto answer_to = [&](unsigned char first, const std::string& payload) {
    RawClient client(server.port);
    client.frame(first, payload);
    client.socket.shutdown(Tcp::socket::shutdown_send);
    const auto answer = client.read_all();
    return answer.size() < 4 ? -1 : static_cast<unsigned char>(answer[2]) * 256 + static_cast<unsigned char>(answer[3]);
  };
  EXPECT_EQ(answer_to(0x80, "goes on with nothing"), 1002);
  EXPECT_EQ(answer_to(0xc1, "has an extension"), 1002);
  EXPECT_EQ(answer_to(0x81, "\xff"), 1007);
  EXPECT_EQ(answer_to(0x88, "\x03"), 1002);
}

TEST(WebSocket, ManyMessagesOfOneLinkAllArriveInOrder) {
  RunningNet server;
  WsClient client(server.port);
  for (int i = 0; i < 200; ++i) client.send("echo " + std::to_string(i));
  for (int i = 0; i < 200; ++i) ASSERT_EQ(client.receive(), "echo " + std::to_string(i));
}

TEST(WebSocket, AKeyThatIsNoneIsRefused) {
  RunningNet server;
  const auto answer_to = [&](const std::string& version, const std::string& key) {
    Client client(server.port);
    client.write("GET /v1/client HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: " + version +
                 "\r\nSec-WebSocket-Key: " + key + "\r\n\r\n");
    return client.read_all().substr(0, 12);
  };
  EXPECT_EQ(answer_to("13", "dGhlIHNhbXBsZSBub25jZQ"), "HTTP/1.1 400");
  EXPECT_EQ(answer_to("8", "dGhlIHNhbXBsZSBub25jZQ=="), "HTTP/1.1 426");
}

TEST(WebSocket, ShutDownClosesEveryLinkThenTellsSo) {
  RunningNet server;
  WsClient first(server.port);
  WsClient second(server.port);
  second.send("hello");
  ASSERT_TRUE(server.script.wait_for("text hello"));
  std::promise<void> down;
  server.on_reactor([&](Net& net) { net.shut_down(1001, "stopping", [&] { down.set_value(); }); });
  EXPECT_EQ(first.receive(), "closed 1001");
  EXPECT_EQ(second.receive(), "closed 1001");
  EXPECT_EQ(down.get_future().wait_for(std::chrono::seconds(10)), std::future_status::ready);
  EXPECT_EQ(server.script.count("closed"), 2u);
}

TEST(WebSocket, SocketsAreGivenBack) {
  auto options = local_options();
  options.max_sockets = 1;
  RunningNet server(options);
  {
    WsClient client(server.port);
    ASSERT_FALSE(client.handshake_error);
    client.stream.close(websocket::close_code::normal);
  }
  ASSERT_TRUE(server.script.wait_for("closed"));
  std::size_t sockets = 1;
  server.on_reactor([&](Net& net) { sockets = net.sockets(); });
  EXPECT_EQ(sockets, 0u);
}

}  // namespace
}  // namespace offhook::net::testing
