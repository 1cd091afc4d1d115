#include <algorithm>
#include <list>

#include "adapters/net/net_testing.hpp"

namespace offhook::net::testing {
namespace {

TEST(Http, AnswersAndKeepsTheConnection) {
  RunningNet server;
  Client client(server.port);
  const auto first = client.request(http::verb::get, "/a/b?c=d");
  EXPECT_EQ(first.result_int(), 200u);
  EXPECT_EQ(first.body(), "GET /a/b?c=d ");
  EXPECT_EQ(first["X-Test"], "yes");
  const auto second = client.request(http::verb::post, "/x", "hello");
  EXPECT_EQ(second.body(), "POST /x? hello");
}

TEST(Http, HeadHasTheLengthButNoBody) {
  RunningNet server;
  Client client(server.port);
  const auto answer = client.request(http::verb::head, "/a");
  EXPECT_EQ(answer.body(), "");
  EXPECT_EQ(answer[http::field::content_length], std::to_string(std::string("HEAD /a? ").size()));
  EXPECT_EQ(client.request(http::verb::get, "/b").body(), "GET /b? ");
}

TEST(Http, NotModifiedHasNoBody) {
  RunningNet server;
  Client client(server.port);
  const auto answer = client.request(http::verb::get, "/unchanged");
  EXPECT_EQ(answer.result_int(), 304u);
  EXPECT_EQ(answer.body(), "");
  EXPECT_EQ(client.request(http::verb::get, "/b").result_int(), 200u);
}

TEST(Http, OtherMethodsAreRefusedByName) {
  RunningNet server;
  Client client(server.port);
  const auto answer = client.request(http::verb::options, "/a", "x");
  EXPECT_EQ(answer.result_int(), 405u);
  EXPECT_EQ(answer[http::field::allow], "GET, HEAD, POST, PUT, PATCH, DELETE");
}

TEST(Http, AForeignHostIsRefusedInDevelopment) {
  auto options = local_options();
  options.loopback_hosts_only = true;
  RunningNet server(options);
  const auto refused = Client(server.port).request(http::verb::get, "/", {}, "evil.example:80");
  EXPECT_EQ(refused.result_int(), 403u);
  EXPECT_NE(refused.body().find("DNS rebinding"), std::string::npos);
  EXPECT_EQ(Client(server.port).request(http::verb::get, "/", {}, "127.0.0.1:1").result_int(), 200u);
}

TEST(Http, AHeaderOverTheLimitIsRefused) {
  RunningNet server;
  Client client(server.port);
  client.write("GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: " + std::string(9'000, 'x') + "\r\n\r\n");
  EXPECT_TRUE(client.read_all().starts_with("HTTP/1.1 431 "));
}

TEST(Http, ABodyOverTheLimitIsRefused) {
  RunningNet server;
  EXPECT_EQ(Client(server.port).request(http::verb::post, "/", std::string(65'536, 'x')).result_int(), 200u);
  Client declared(server.port);
  declared.write("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 65537\r\n\r\n");
  EXPECT_TRUE(declared.read_all().starts_with("HTTP/1.1 413 "));
  Client chunked(server.port);
  const std::string chunk = "8000\r\n" + std::string(0x8000, 'x') + "\r\n";
  chunked.write("POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk + chunk + chunk + "0\r\n\r\n");
  EXPECT_TRUE(chunked.read_all().starts_with("HTTP/1.1 413 "));
}

TEST(Http, NonsenseIsRefused) {
  RunningNet server;
  Client client(server.port);
  client.write("\x16\x03\x01 this is no HTTP\r\n\r\n");
  EXPECT_TRUE(client.read_all().starts_with("HTTP/1.1 400 "));
}

TEST(Http, ASlowHeaderIsCutOff) {
  auto options = local_options();
  options.header_timeout = std::chrono::milliseconds(100);
  RunningNet server(options);
  Client client(server.port);
  EXPECT_EQ(client.request(http::verb::get, "/").result_int(), 200u);
  client.write("GET / HTTP/1.1\r\nHost: loc");
  EXPECT_EQ(client.read_all(), "");
}

TEST(Http, TooManySocketsAreToldSo) {
  auto options = local_options();
  options.max_sockets = 1;
  RunningNet server(options);
  Client first(server.port);
  EXPECT_EQ(first.request(http::verb::get, "/").result_int(), 200u);
  Client second(server.port);
  EXPECT_TRUE(second.read_all().starts_with("HTTP/1.1 503 "));
  EXPECT_EQ(first.request(http::verb::get, "/").result_int(), 200u);
}

TEST(Http, BeyondSixtyFourAtATimeThoseTooManyAreNotToldSo) {
  auto options = local_options();
  options.max_sockets = 1;
  RunningNet server(options);
  Client first(server.port);
  EXPECT_EQ(first.request(http::verb::get, "/").result_int(), 200u);
  std::list<Client> others;  // which do not close
  for (int i = 0; i < 70; ++i) others.emplace_back(server.port);
  const auto told = std::ranges::count_if(others, [](auto& each) { return each.read_all().starts_with("HTTP/1.1 503 "); });
  EXPECT_GE(told, 64);
  EXPECT_LT(told, 70);
  EXPECT_EQ(first.request(http::verb::get, "/").result_int(), 200u);
}

TEST(Http, WhoDoesNotTakeItsAnswerIsCutOff) {
  auto options = local_options();
  options.answer_timeout = std::chrono::milliseconds(50);
  options.first_words_timeout = std::chrono::milliseconds(500);
  RunningNet server(options);
  Client client(server.port), silent(server.port);
  client.write("GET /long HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(silent.read_all(), "") << "by then the other's time is over as well";
  EXPECT_LT(client.read_all().size(), std::size_t{32} << 20);
}

TEST(Http, OneAddressMayBeLimited) {
  auto options = local_options();
  options.max_sockets_per_address = 2;
  RunningNet server(options);
  Client first(server.port);
  Client second(server.port);
  EXPECT_EQ(first.request(http::verb::get, "/").result_int(), 200u);
  EXPECT_EQ(second.request(http::verb::get, "/").result_int(), 200u);
  Client third(server.port);
  EXPECT_TRUE(third.read_all().starts_with("HTTP/1.1 429 "));
}

TEST(Http, APortInUseIsAnErrorWithASentence) {
  RunningNet server;
  auto options = local_options();
  options.listen.port = server.port;
  RunningNet other(options);
  EXPECT_NE(other.error.find("cannot listen on 127.0.0.1:"), std::string::npos);
  EXPECT_NE(other.error.find("another server"), std::string::npos);
}

}  // namespace
}  // namespace offhook::net::testing
