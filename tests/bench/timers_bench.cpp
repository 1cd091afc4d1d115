// What one deadline costs: the engine's wheel beside boost::asio::steady_timer and std::multimap, with OUTSTANDING others armed.
// Prints one line of JSON for each: nanoseconds of processor time to cancel one and arm it anew, nanoseconds to expire one, and
// bytes of heap for each that is armed.
//
//   offhook_timers_bench OUTSTANDING
#include <malloc.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <map>
#include <memory>
#include <random>
#include <vector>

#include "core/timer_wheel.hpp"

namespace {

using namespace offhook;
using namespace offhook::core;

constexpr std::size_t k_moves = 1'000'000;
constexpr std::int64_t k_span_us = 60'000'000;  // deadlines lie within a minute, as those of calls do

double cpu_ns() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

std::size_t heap_bytes() {
  const auto info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

// Each has: arm(index, microseconds from the start), move(index, microseconds), expire(): what was armed, all of it.
class Wheel {
 public:
  explicit Wheel(std::size_t count) : handles_(count) {}
  void arm(std::size_t index, std::int64_t at) { handles_[index] = wheel_.arm(Instant{Duration{at}}, {TimerKind::Ring, index, index}); }
  void move(std::size_t index, std::int64_t at) {
    wheel_.cancel(handles_[index]);
    arm(index, at);
  }
  std::size_t expire() {  // by the millisecond, as a busy loop would
    std::size_t total = 0;
    std::vector<Expired> due;
    for (std::int64_t now = 0; now <= k_span_us; now += 1'000) {
      wheel_.expire(Instant{Duration{now}}, due);
      total += due.size();
      due.clear();
    }
    return total;
  }

 private:
  TimerWheel wheel_;
  std::vector<TimerHandle> handles_;
};

class Multimap {
 public:
  explicit Multimap(std::size_t count) : places_(count) {}
  void arm(std::size_t index, std::int64_t at) { places_[index] = map_.emplace(at, index); }
  void move(std::size_t index, std::int64_t at) {
    map_.erase(places_[index]);
    arm(index, at);
  }
  std::size_t expire() {
    std::size_t total = 0;
    for (; !map_.empty(); ++total) map_.erase(map_.begin());
    return total;
  }

 private:
  std::multimap<std::int64_t, std::size_t> map_;
  std::vector<std::multimap<std::int64_t, std::size_t>::iterator> places_;
};

class Asio {
 public:
  explicit Asio(std::size_t count) : timers_(count) {}
  void arm(std::size_t index, std::int64_t at) {
    auto& timer = timers_[index];
    if (!timer) timer = std::make_unique<boost::asio::steady_timer>(io_);
    timer->expires_at(start_ + std::chrono::microseconds(at));
    timer->async_wait([this](const boost::system::error_code& error) { expired_ += error ? 0 : 1; });
  }
  void move(std::size_t index, std::int64_t at) {
    arm(index, at);
    if (++moves_ % 1'000 == 0) io_.poll();  // serves the handlers of those that were cancelled
  }
  std::size_t expire() {
    io_.poll();
    return expired_;
  }

 private:
  boost::asio::io_context io_{1};
  // Ahead of now while timers are moved; an hour ago for those that are to expire, in which case nothing was moved.
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now() + std::chrono::hours{1};
  std::vector<std::unique_ptr<boost::asio::steady_timer>> timers_;
  std::size_t expired_ = 0, moves_ = 0;

 public:
  void become_past() { start_ -= std::chrono::hours{2}; }
};

template <class Timers>
void measure(const char* name, std::size_t count) {
  std::mt19937_64 random(1);
  std::uniform_int_distribution<std::int64_t> any_moment(1, k_span_us);
  std::uniform_int_distribution<std::size_t> any_timer(0, count - 1);
  const auto heap_before = heap_bytes();
  Timers timers(count);
  for (std::size_t i = 0; i < count; ++i) timers.arm(i, any_moment(random));
  const auto bytes = static_cast<double>(heap_bytes() - heap_before) / static_cast<double>(count);
  const auto before_moves = cpu_ns();
  for (std::size_t i = 0; i < k_moves; ++i) timers.move(any_timer(random), any_moment(random));
  const auto move_ns = (cpu_ns() - before_moves) / k_moves;
  if constexpr (requires { timers.become_past(); }) {
    timers.become_past();
    for (std::size_t i = 0; i < count; ++i) timers.arm(i, any_moment(random));
  }
  const auto before_expiry = cpu_ns();
  const auto expired = timers.expire();
  const auto expire_ns = (cpu_ns() - before_expiry) / static_cast<double>(expired);
  std::printf("{\"what\":\"%s\",\"outstanding\":%zu,\"expired\":%zu,\"move_ns\":%.1f,\"expire_ns\":%.1f,\"bytes\":%.1f}\n", name, count, expired,
              move_ns, expire_ns, bytes);
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  const auto count = static_cast<std::size_t>(argc > 1 ? std::max(1, std::atoi(argv[1])) : 100'000);
  constexpr std::size_t k_most_of_asio = 2'000'000;  // ten million take gigabytes
  measure<Wheel>("wheel", count);
  measure<Multimap>("multimap", count);
  if (count <= k_most_of_asio) measure<Asio>("steady_timer", count);
}
