#include "adapters/webhook/target.hpp"

#include <gtest/gtest.h>

namespace offhook::webhook {
namespace {

std::string why(const std::string& text, const std::vector<Network>& allowed = {}) {
  const auto address = parse_address(text);
  EXPECT_TRUE(address) << text;
  return address ? refusal(*address, allowed).value_or("") : "";
}

TEST(Target, AddressesThatAreNotOfThePublicInternetAreRefusedWithTheReason) {
  const std::pair<const char*, const char*> bad[] = {
      {"0.0.0.0", "this network"}, {"0.1.2.3", "this network"}, {"10.0.0.1", "private"}, {"10.255.255.255", "private"},
      {"100.64.0.1", "carrier"}, {"100.127.255.255", "carrier"}, {"127.0.0.1", "loopback"}, {"127.255.255.254", "loopback"},
      {"169.254.169.254", "link-local"}, {"172.16.0.1", "private"}, {"172.31.255.255", "private"}, {"192.0.0.8", "special"},
      {"192.0.2.1", "documentation"}, {"192.88.99.1", "6to4"}, {"192.168.0.1", "private"}, {"198.18.0.1", "benchmarks"},
      {"198.19.255.255", "benchmarks"}, {"198.51.100.7", "documentation"}, {"203.0.113.9", "documentation"},
      {"224.0.0.1", "multicast"}, {"239.255.255.255", "multicast"}, {"240.0.0.1", "reserved"}, {"255.255.255.255", "reserved"},
      {"::", "unspecified"}, {"::1", "loopback"}, {"::127.0.0.1", "IPv4-compatible"}, {"::ffff:127.0.0.1", "IPv4"},
      {"::ffff:10.0.0.1", "IPv4"}, {"::ffff:8.8.8.8", "IPv4"}, {"::ffff:0:127.0.0.1", "not an address of the public"},
      {"64:ff9b::7f00:1", "NAT64"}, {"64:ff9b::a9fe:a9fe", "NAT64"}, {"64:ff9b:1::1", "NAT64"}, {"100::1", "not an address of the public"},
      {"2001::1", "special"}, {"2001:0:4136:e378::1", "special"}, {"2001:10::1", "special"}, {"2001:db8::1", "documentation"},
      {"2002:7f00:1::", "6to4"}, {"2002:a00:1::1", "6to4"}, {"3fff::1", "documentation"}, {"fc00::1", "unique local"},
      {"fd12:3456::1", "unique local"}, {"fe80::1", "link-local"}, {"febf::1", "link-local"}, {"fec0::1", "site-local"},
      {"ff02::1", "multicast"}, {"ff0e::1", "multicast"}, {"4000::1", "not an address of the public"}, {"8000::1", "not an address"},
  };
  for (const auto& [text, reason] : bad) EXPECT_NE(why(text).find(reason), std::string::npos) << text << ": " << why(text);
}

TEST(Target, AddressesOfThePublicInternetAreGood) {
  for (const auto* text : {"1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.1", "100.63.255.255", "100.128.0.0", "126.255.255.255",
                           "128.0.0.1", "169.253.255.255", "172.15.255.255", "172.32.0.0", "192.167.255.255", "223.255.255.255",
                           "2606:4700::1111", "2a00:1450::1", "2001:200::1", "2003::1"}) {
    EXPECT_EQ(why(text), "") << text;
  }
}

TEST(Target, WhatIsListedIsAllowedAndItsNeighboursAreNot) {
  const std::vector<Network> allowed = {parse_network("127.0.0.1").value(), parse_network("10.1.0.0/16").value(), parse_network("fd00::/8").value()};
  for (const auto* text : {"127.0.0.1", "10.1.255.255", "fd00::9"}) EXPECT_EQ(why(text, allowed), "") << text;
  for (const auto* text : {"127.0.0.2", "10.2.0.0", "fc00::9", "::ffff:127.0.0.1"}) EXPECT_NE(why(text, allowed), "") << text;
}

TEST(Target, NetworksAreReadStrictly) {
  for (const auto* text : {"", "localhost", "10.0.0", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8x", "::1/129", "[::1]"}) {
    EXPECT_FALSE(parse_network(text)) << text;
  }
  EXPECT_EQ(parse_network("10.0.0.0/8").value().length, 8U);
  EXPECT_EQ(parse_network("::1").value().length, 128U);
}

TEST(Target, UrlsThatNoWebhookMayHave) {
  for (const auto* url : {"", "example.org/hook", "ftp://example.org/", "file:///etc/passwd", "gopher://example.org/", "dict://example.org/",
                          "https://", "https://user@example.org/", "https://user:word@example.org/", "https://example.org/#part",
                          "http://127.0.0.1/", "http://2130706433/", "http://0x7f.1/", "http://017700000001/", "http://127.1/",
                          "http://[::1]/", "http://[::ffff:127.0.0.1]/", "http://169.254.169.254/latest/meta-data", "http://0/",
                          "http://[fe80::1%25eth0]/", "javascript:alert(1)", "https://exa mple.org/"}) {
    EXPECT_TRUE(url_problem(url, {})) << url;
  }
  for (const auto* url : {"https://example.org/hook", "http://example.org:8080/a?b=c", "https://8.8.8.8/", "https://[2606:4700::1111]/"}) {
    EXPECT_EQ(url_problem(url, {}), std::nullopt) << url;
  }
  EXPECT_EQ(url_problem("http://127.0.0.1:9/", {parse_network("127.0.0.1").value()}), std::nullopt);
}

}  // namespace
}  // namespace offhook::webhook
