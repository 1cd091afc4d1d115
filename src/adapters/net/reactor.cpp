#include "adapters/net/reactor.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <csignal>
#include <utility>

#include "adapters/net/reactor_impl.hpp"

namespace offhook::net {

// OpenSSL writes to a socket without MSG_NOSIGNAL, and so does libcurl with CURLOPT_NOSIGNAL: a peer that is gone is an error of that
// socket, and must not be the end of the process.
Reactor::Reactor() : impl_(std::make_unique<Impl>()) { std::signal(SIGPIPE, SIG_IGN); }
Reactor::~Reactor() = default;

// Without restart(): a stop() that comes before run() must not be lost.
void Reactor::run() { impl_->io.run(); }

void Reactor::stop() { impl_->io.stop(); }

void Reactor::post(std::function<void()> work) { asio::post(impl_->io, std::move(work)); }

void Reactor::on_signal(std::function<void(int signal)> handler) {
  impl_->signal_handler = std::move(handler);
  impl_->signals.emplace(impl_->io, SIGINT, SIGTERM);
  impl_->wait_for_signal();
}

void Reactor::Impl::wait_for_signal() {
  signals->async_wait([this](const boost::system::error_code& error, int signal) {
    if (error) return;
    wait_for_signal();
    signal_handler(signal);
  });
}

// `generation` tells a ring that was already queued when its alarm was replaced from the ring that is wanted.
struct Timer::Impl {
  explicit Impl(asio::io_context& io) : timer(io) {}
  asio::steady_timer timer;
  std::function<void()> ring;
  std::uint64_t generation = 0;
};

Timer::Timer(Reactor& reactor) : impl_(std::make_shared<Impl>(reactor.impl().io)) {}
Timer::~Timer() { cancel(); }

void Timer::set(Duration delay, std::function<void()> ring) {
  impl_->ring = std::move(ring);
  const auto generation = ++impl_->generation;
  impl_->timer.expires_after(delay);
  impl_->timer.async_wait([impl = impl_, generation](const boost::system::error_code& error) {
    if (error || generation != impl->generation) return;
    const auto wanted = std::exchange(impl->ring, nullptr);
    wanted();
  });
}

void Timer::cancel() {
  ++impl_->generation;
  impl_->ring = nullptr;
  impl_->timer.cancel();
}

}  // namespace offhook::net
