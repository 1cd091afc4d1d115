// One TCP connection out of several attempts (RFC 8305): the first that answers is taken and the others are closed. Families take turns, so
// that an address nobody answers at holds nobody up; and an address is tried again while it is silent, because the kernel repeats a first
// packet that was lost only after 1, 3 and 7 s, which in a call is too late. Private to the transport, which it brings Boost's types.
#pragma once

#include <algorithm>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace offhook::client {

namespace asio = boost::asio;
using ErrorCode = boost::system::error_code;
using Executor = asio::io_context::executor_type;
using Socket = asio::basic_stream_socket<asio::ip::tcp, Executor>;
using Endpoint = asio::ip::tcp::endpoint;
using Timer = asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, Executor>;

// The pause before the second attempt (RFC 8305 section 5); each later one is twice as long: 0, 0.25, 0.75, 1.75, 3.75 s.
inline constexpr std::chrono::milliseconds k_attempt_delay{250};
// All attempts of one race: a server that drops what it has no room for gets few packets more than from the kernel alone.
inline constexpr std::size_t k_min_attempts = 5, k_max_attempts = 8;  // more than the least if there are more addresses

// The resolver's order, but families take turns (RFC 8305 section 4).
inline std::vector<Endpoint> by_turns(const std::vector<Endpoint>& found) {
  std::vector<Endpoint> first, second, out;
  for (const auto& endpoint : found) (endpoint.protocol() == found.front().protocol() ? first : second).push_back(endpoint);
  for (std::size_t i = 0; i < std::max(first.size(), second.size()); ++i) {
    if (i < first.size()) out.push_back(first[i]);
    if (i < second.size()) out.push_back(second[i]);
  }
  return out;
}

// `done` is called exactly once, never before start() returns: with the socket, or with the last error once nothing is left to try.
// Lives until then, and on the thread of its executor.
class ConnectRace : public std::enable_shared_from_this<ConnectRace> {
 public:
  using Done = std::function<void(const ErrorCode&, Socket*)>;

  ConnectRace(const Executor& executor, const std::vector<Endpoint>& found, Done done)
      : executor_(executor), endpoints_(by_turns(found)), is_refused_(endpoints_.size()), pause_(executor), done_(std::move(done)) {}

  void start() { begin(); }

  void cancel() {
    if (!done_) return;
    error_ = asio::error::operation_aborted;
    stop();
    asio::post(executor_, [self = shared_from_this()] { self->fail(); });
  }

 private:
  using Attempt = std::list<Socket>::iterator;

  void begin() {
    const auto target = next_target();
    if (!target) {
      if (running_.empty()) asio::post(executor_, [self = shared_from_this()] { self->fail(); });
      return;
    }
    ++begun_;
    const auto attempt = running_.emplace(running_.end(), executor_);
    attempt->async_connect(endpoints_[*target], [self = shared_from_this(), round = round_, attempt, target = *target](const ErrorCode& error) {
      if (round == self->round_) self->on_connected(attempt, target, error);
    });
    pause_.expires_after(k_attempt_delay * (1 << (begun_ - 1)));
    pause_.async_wait([self = shared_from_this(), round = round_](const ErrorCode& error) {
      if (!error && round == self->round_) self->begin_unless_decided();
    });
  }

  // On a busy machine an attempt may have succeeded long ago, and only its handler has not had its turn: it gets one.
  void begin_unless_decided() {
    asio::post(executor_, [self = shared_from_this(), round = round_] {
      if (round == self->round_) self->begin();
    });
  }

  // Round and round the addresses that have not refused.
  std::optional<std::size_t> next_target() {
    const auto count = endpoints_.size();
    if (begun_ >= std::clamp(count, k_min_attempts, k_max_attempts)) return std::nullopt;
    for (std::size_t i = 0; i < count; ++i) {
      const auto target = (next_ + i) % count;
      if (is_refused_[target]) continue;
      next_ = target + 1;
      return target;
    }
    return std::nullopt;
  }

  void on_connected(Attempt attempt, std::size_t target, const ErrorCode& error) {
    if (!error) {
      Socket winner = std::move(*attempt);
      stop();
      return std::exchange(done_, nullptr)({}, &winner);
    }
    running_.erase(attempt);
    is_refused_[target] = true;
    error_ = error;
    // Whoever refuses is not waited for; an address that is silent is tried again when its moment has come.
    if (running_.empty() || begun_ < endpoints_.size()) begin();
  }

  void fail() {
    if (!done_) return;
    stop();
    std::exchange(done_, nullptr)(error_, nullptr);
  }

  // What is still on its way belongs to an earlier round and is passed over.
  void stop() {
    ++round_;
    pause_.cancel();
    running_.clear();
  }

  Executor executor_;
  std::vector<Endpoint> endpoints_;
  std::vector<bool> is_refused_;
  std::list<Socket> running_;
  Timer pause_;
  Done done_;
  ErrorCode error_ = asio::error::host_not_found;
  std::size_t begun_ = 0, next_ = 0;
  int round_ = 0;
};

}  // namespace offhook::client
