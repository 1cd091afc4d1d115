#include "adapters/net/address.hpp"

#include <gtest/gtest.h>

namespace offhook::net {
namespace {

TEST(ListenAddress, AcceptsHostAndPort) {
  const auto ipv4 = parse_listen_address("127.0.0.1:7080");
  ASSERT_TRUE(ipv4.ok());
  EXPECT_EQ(ipv4->host, "127.0.0.1");
  EXPECT_EQ(ipv4->port, 7080);
  const auto ipv6 = parse_listen_address("[::1]:0");
  ASSERT_TRUE(ipv6.ok());
  EXPECT_EQ(ipv6->host, "::1");
  EXPECT_EQ(ipv6->port, 0);
  EXPECT_EQ(to_text(*ipv6), "[::1]:0");
  EXPECT_EQ(to_text(*parse_listen_address("localhost:65535")), "localhost:65535");
}

TEST(ListenAddress, RefusesEverythingElse) {
  for (const auto* text : {"", ":", ":7080", "127.0.0.1", "localhost:", "localhost:http", "localhost:65536", "localhost:-1",
                           "::1:80", "[::1]", "[::1]80", "[::1", "localhost:80:80"}) {
    EXPECT_FALSE(parse_listen_address(text).ok()) << text;
  }
}

TEST(Loopback, KnowsTheNamesOfThisMachine) {
  for (const auto* host : {"localhost", "LocalHost", "127.0.0.1", "127.8.9.10", "::1"}) EXPECT_TRUE(is_loopback(host)) << host;
  for (const auto* host : {"", "0.0.0.0", "::", "10.0.0.1", "127.0.0", "127.0.0.256", "127.0.0.1.example.com", "127.0.0.1.1",
                           "localhost.example.com", "128.0.0.1"}) {
    EXPECT_FALSE(is_loopback(host)) << host;
  }
}

TEST(Loopback, ReadsHostHeaders) {
  for (const auto* header : {"localhost", "localhost:7080", "127.0.0.1:1", "[::1]", "[::1]:7080"}) {
    EXPECT_TRUE(is_loopback_host_header(header)) << header;
  }
  for (const auto* header : {"", "evil.example", "evil.example:7080", "localhost:7080@evil.example", "localhost:x", "[::1]x"}) {
    EXPECT_FALSE(is_loopback_host_header(header)) << header;
  }
}

}  // namespace
}  // namespace offhook::net
