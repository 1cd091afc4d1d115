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

TEST(Subnet, AnIpv6NetworkIsOneAndAMappedAddressIsItself) {
  EXPECT_EQ(subnet_of("2001:db8:1:2:3::4"), subnet_of("2001:db8:1:2::5"));
  EXPECT_NE(subnet_of("2001:db8:1:2::5"), subnet_of("2001:db8:1:3::5"));
  EXPECT_NE(subnet_of("192.0.2.1"), subnet_of("192.0.2.2"));
  EXPECT_EQ(subnet_of("::ffff:192.0.2.1"), subnet_of("192.0.2.1"));
  EXPECT_EQ(subnet_of("fe80::1%eth0"), subnet_of("fe80::2%eth0"));
  EXPECT_EQ(subnet_of("no address"), Subnet{0});
}

TEST(ClientAddress, IsTheLastThatNoTrustedProxyHas) {
  const auto is_trusted = [](const std::string& address) { return address.starts_with("10."); };
  const auto address = [&](const std::string& peer, std::string_view forwarded_for) { return client_address(peer, forwarded_for, is_trusted); };
  EXPECT_EQ(address("10.0.0.1", "192.0.2.7"), "192.0.2.7");
  EXPECT_EQ(address("10.0.0.1", "6.6.6.6, 192.0.2.7 ,10.0.0.2"), "192.0.2.7") << "who writes 6.6.6.6 in front is not believed";
  EXPECT_EQ(address("10.0.0.1", "192.0.2.7:4711"), "192.0.2.7");
  EXPECT_EQ(address("10.0.0.1", "[2001:db8::1]:80"), "2001:db8::1");
  EXPECT_EQ(address("10.0.0.1", "2001:db8::1"), "2001:db8::1");
  EXPECT_EQ(address("198.51.100.1", "192.0.2.7"), "198.51.100.1") << "it is no proxy of ours";
  for (const auto* nothing : {"", "unknown", ",", "192.0.2.7,", "_hidden"}) EXPECT_EQ(address("10.0.0.1", nothing), "10.0.0.1") << nothing;
}

}  // namespace
}  // namespace offhook::net
