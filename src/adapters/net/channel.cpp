#include "adapters/net/channel.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace offhook::net {
namespace {

Attempt outcome(ssize_t returned, Attempt::State if_it_would_wait) {
  if (returned > 0) return {Attempt::State::Done, static_cast<std::size_t>(returned)};
  const bool would_wait = returned < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
  return {would_wait ? if_it_would_wait : Attempt::State::Ended};
}

}  // namespace

Channel::Channel(int socket, std::unique_ptr<TlsSession> tls) : socket_(socket), tls_(std::move(tls)) {
  if (socket_ >= 0) ::fcntl(socket_, F_SETFL, ::fcntl(socket_, F_GETFL) | O_NONBLOCK);
}

Channel::Channel(Channel&& other) noexcept : socket_(std::exchange(other.socket_, -1)), tls_(std::move(other.tls_)), finished_(other.finished_) {}

Attempt Channel::read(char* to, std::size_t bytes) {
  if (socket_ < 0) return {};
  return tls_ ? tls_->read(to, bytes) : outcome(::recv(socket_, to, bytes, 0), Attempt::State::WantsRead);
}

Attempt Channel::write(const char* from, std::size_t bytes) {
  if (socket_ < 0) return {};
  return tls_ ? tls_->write(from, bytes) : outcome(::send(socket_, from, bytes, MSG_NOSIGNAL), Attempt::State::WantsWrite);
}

void Channel::finish() {
  if (socket_ < 0 || std::exchange(finished_, true)) return;
  if (tls_) tls_->say_goodbye();
  ::shutdown(socket_, SHUT_WR);
}

void Channel::close() {
  if (socket_ < 0) return;
  tls_.reset();
  ::close(std::exchange(socket_, -1));
}

}  // namespace offhook::net
