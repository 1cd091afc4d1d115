#include "adapters/net/poller.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <utility>

#include "base/check.hpp"

namespace offhook::net {
namespace {

namespace asio = boost::asio;

// Sockets of one turn: enough that its costs are shared, and few enough that the first answer does not wait for long.
constexpr int k_sockets_per_turn = 64;

constexpr std::uint64_t k_bell = UINT64_MAX;  // no key of a socket

std::uint32_t to_epoll(std::uint32_t wanted) {
  return ((wanted & Poller::k_readable) != 0 ? EPOLLIN : 0u) | ((wanted & Poller::k_writable) != 0 ? EPOLLOUT : 0u);
}

std::uint32_t from_epoll(std::uint32_t events) {
  if ((events & (EPOLLERR | EPOLLHUP)) != 0) return Poller::k_readable | Poller::k_writable;
  return ((events & EPOLLIN) != 0 ? Poller::k_readable : 0u) | ((events & EPOLLOUT) != 0 ? Poller::k_writable : 0u);
}

epoll_event event_for(std::uint64_t key, std::uint32_t wanted) {
  epoll_event event{};
  event.events = to_epoll(wanted);
  event.data.u64 = key;
  return event;
}

}  // namespace

struct Poller::State : std::enable_shared_from_this<State> {
  explicit State(asio::io_context& io) : set(io, ::epoll_create1(EPOLL_CLOEXEC)), bell(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    auto event = event_for(k_bell, Poller::k_readable);
    CHECK(::epoll_ctl(set.native_handle(), EPOLL_CTL_ADD, bell, &event) == 0);
  }
  ~State() { ::close(bell); }

  void wait();
  void serve();
  void on_bell();

  asio::posix::basic_stream_descriptor<asio::io_context::executor_type> set;
  const int bell;  // of the probe
  std::function<void()> passed;
  std::function<void(std::uint64_t, std::uint32_t)> on_ready;
  std::function<void()> on_turn_over;
};

void Poller::State::wait() {
  set.async_wait(asio::posix::descriptor_base::wait_read, [weak = weak_from_this()](const boost::system::error_code& error) {
    const auto self = weak.lock();
    if (error || !self) return;
    self->serve();
    if (self->set.is_open()) self->wait();
  });
}

void Poller::State::serve() {
  std::array<epoll_event, k_sockets_per_turn> ready;
  const int count = ::epoll_wait(set.native_handle(), ready.data(), k_sockets_per_turn, 0);
  for (int i = 0; i < count && set.is_open(); ++i) {
    const auto& event = ready[static_cast<std::size_t>(i)];
    event.data.u64 == k_bell ? on_bell() : on_ready(event.data.u64, from_epoll(event.events));
  }
  on_turn_over();
}

void Poller::State::on_bell() {
  eventfd_t rung = 0;
  ::eventfd_read(bell, &rung);
  if (passed) std::exchange(passed, nullptr)();
}

Poller::Poller(asio::io_context& io, std::function<void(std::uint64_t, std::uint32_t)> on_ready, std::function<void()> on_turn_over)
    : state_(std::make_shared<State>(io)) {
  state_->on_ready = std::move(on_ready);
  state_->on_turn_over = std::move(on_turn_over);
  state_->wait();
}

Poller::~Poller() { state_->set.close(); }

bool Poller::add(int socket, std::uint64_t key, std::uint32_t wanted) {
  auto event = event_for(key, wanted);
  return ::epoll_ctl(state_->set.native_handle(), EPOLL_CTL_ADD, socket, &event) == 0;
}

void Poller::change(int socket, std::uint64_t key, std::uint32_t wanted) {
  auto event = event_for(key, wanted);
  CHECK(::epoll_ctl(state_->set.native_handle(), EPOLL_CTL_MOD, socket, &event) == 0);
}

void Poller::probe(std::function<void()> passed) {
  state_->passed = std::move(passed);
  ::eventfd_write(state_->bell, 1);
}

void Poller::remove(int socket) { ::epoll_ctl(state_->set.native_handle(), EPOLL_CTL_DEL, socket, nullptr); }

}  // namespace offhook::net
