#include "adapters/net/poller.hpp"

#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <vector>

namespace offhook::net {
namespace {

// A probe is served behind the sockets that were ready before it, and before those that are ready after it.
TEST(Poller, AProbeWaitsItsTurn) {
  boost::asio::io_context io;
  std::vector<std::uint64_t> served;
  int before[100], after = ::eventfd(0, EFD_NONBLOCK);
  Poller* running = nullptr;
  Poller poller(
      io,
      [&](std::uint64_t key, std::uint32_t) {
        served.push_back(key);
        running->remove(key == 100 ? after : before[key]);
      },
      [] {});
  running = &poller;
  for (std::uint64_t key = 0; key < 100; ++key) {
    before[key] = ::eventfd(1, EFD_NONBLOCK);
    ASSERT_TRUE(poller.add(before[key], key, Poller::k_readable));
  }
  std::size_t served_before = 0;
  poller.probe([&] { served_before = served.size(); });
  ::eventfd_write(after, 1);
  ASSERT_TRUE(poller.add(after, 100, Poller::k_readable));
  while (served.size() < 101) io.run_one();
  EXPECT_EQ(served_before, 100u);
  EXPECT_EQ(served.back(), 100u);
  bool passed_again = false;
  poller.probe([&] { passed_again = true; });
  while (!passed_again) io.run_one();
  for (const auto socket : before) ::close(socket);
  ::close(after);
}

}  // namespace
}  // namespace offhook::net
