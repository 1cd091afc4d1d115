// Real sockets on the loopback device. A listener whose queue is full lets the kernel drop what knocks: that is an address nobody answers at.
#include "connect_race.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>

namespace offhook::client {
namespace {

using Acceptor = asio::ip::tcp::acceptor;

constexpr std::chrono::seconds k_patience{20};  // what has not come by then will not come

Endpoint loopback(std::uint16_t port = 0) { return {asio::ip::address_v4::loopback(), port}; }

// Knocks at it get no answer until drain().
class SilentListener {
 public:
  explicit SilentListener(asio::io_context& io) : acceptor_(io, loopback()) {
    ::listen(acceptor_.native_handle(), 0);
    for (int i = 0; i < 4; ++i) {
      auto& knock = knocks_.emplace_back(io);
      knock.async_connect(acceptor_.local_endpoint(), [](const ErrorCode&) {});
    }
  }

  Endpoint endpoint() const { return acceptor_.local_endpoint(); }
  void drain() {
    knocks_.clear();
    acceptor_.listen(64);
    acceptor_.non_blocking(true);
    ErrorCode error;
    while (!error) acceptor_.accept(error);
  }

 private:
  Acceptor acceptor_;
  std::list<asio::ip::tcp::socket> knocks_;
};

struct Result {
  int times = 0;
  ErrorCode error;
  std::optional<Endpoint> peer;
  std::chrono::steady_clock::duration took{};
};

class Race : public testing::Test {
 protected:
  std::shared_ptr<ConnectRace> begin(const std::vector<Endpoint>& endpoints) {
    const auto began = std::chrono::steady_clock::now();
    auto race = std::make_shared<ConnectRace>(io.get_executor(), endpoints, [this, began](const ErrorCode& error, Socket* winner) {
      ++result.times;
      result.error = error;
      result.took = std::chrono::steady_clock::now() - began;
      if (winner != nullptr) result.peer = winner->remote_endpoint();
    });
    race->start();
    return race;
  }
  // Until the race is decided.
  Result run() {
    const auto until = std::chrono::steady_clock::now() + k_patience;
    io.restart();
    while (result.times == 0 && io.run_one_until(until) > 0) continue;
    return result;
  }

  asio::io_context io{1};
  Result result;
};

TEST_F(Race, ConnectsAtOnceWhereSomebodyListens) {
  Acceptor listener(io, loopback());
  begin({listener.local_endpoint()});
  EXPECT_EQ(result.times, 0);  // never before start() returns
  const auto told = run();
  EXPECT_EQ(told.times, 1);
  EXPECT_EQ(told.peer, listener.local_endpoint());
}

TEST_F(Race, AnAddressThatIsSilentHoldsNobodyUp) {
  SilentListener silent(io);
  Acceptor listener(io, loopback());
  begin({silent.endpoint(), listener.local_endpoint()});
  EXPECT_EQ(run().peer, listener.local_endpoint());
  EXPECT_GE(result.took, k_attempt_delay);
}

TEST_F(Race, AnAddressThatRefusesCostsNoPause) {
  Acceptor listener(io, loopback()), closed(io, loopback());
  const auto refuses = closed.local_endpoint();
  closed.close();
  begin({refuses, listener.local_endpoint()});
  EXPECT_EQ(run().peer, listener.local_endpoint());
  EXPECT_EQ(result.times, 1);
}

TEST_F(Race, ASilentAddressIsKnockedAtAgainBeforeTheKernelWould) {
  SilentListener silent(io);
  begin({silent.endpoint()});
  io.run_for(k_attempt_delay / 2);  // the first knock is lost
  silent.drain();
  const auto told = run();
  EXPECT_EQ(told.peer, silent.endpoint());
  EXPECT_LT(told.took, std::chrono::milliseconds{900}) << "the kernel's own repetition takes a second";
}

TEST_F(Race, WhenAllRefuseTheErrorIsTold) {
  Acceptor one(io, loopback()), two(io, loopback());
  const std::vector endpoints{one.local_endpoint(), two.local_endpoint()};
  one.close();
  two.close();
  begin(endpoints);
  EXPECT_EQ(run().error, asio::error::connection_refused);
  EXPECT_EQ(result.times, 1);
  EXPECT_LT(result.took, k_attempt_delay);
}

TEST_F(Race, WithoutAnAddressThereIsAnError) {
  begin({});
  EXPECT_EQ(run().error, asio::error::host_not_found);
}

TEST_F(Race, CancelledItIsToldOnceAndNothingStaysOpen) {
  SilentListener silent(io);
  const auto race = begin({silent.endpoint()});
  io.run_for(k_attempt_delay * 2);
  race->cancel();
  race->cancel();
  EXPECT_EQ(result.times, 0);
  silent.drain();
  EXPECT_EQ(run().error, asio::error::operation_aborted);
  io.run_for(k_patience);
  EXPECT_TRUE(io.stopped());
  EXPECT_EQ(result.times, 1);
  EXPECT_EQ(race.use_count(), 1);
}

TEST_F(Race, LosersAreClosed) {
  Acceptor listener(io, loopback());
  SilentListener silent(io);
  begin({silent.endpoint(), listener.local_endpoint()});
  run();
  EXPECT_EQ(result.times, 1);
  silent.drain();  // whoever still knocked would now be let in, and be told as a second winner
  io.run_for(k_patience);  // until nobody waits for anything
  EXPECT_TRUE(io.stopped());
  EXPECT_EQ(result.times, 1);
}

TEST(ConnectRace, FamiliesTakeTurns) {
  const auto v4 = [](std::uint16_t port) { return loopback(port); };
  const auto v6 = [](std::uint16_t port) { return Endpoint{asio::ip::address_v6::loopback(), port}; };
  EXPECT_EQ(by_turns({v6(1), v6(2), v6(3), v4(4)}), (std::vector{v6(1), v4(4), v6(2), v6(3)}));
  EXPECT_EQ(by_turns({v4(1), v6(2)}), (std::vector{v4(1), v6(2)}));
}

}  // namespace
}  // namespace offhook::client
