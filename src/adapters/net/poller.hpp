// Which of many sockets can be read or written: an epoll set of its own that the reactor watches as one descriptor. Where Asio
// wants an operation, a handler and its memory for each idle socket, here it is a number, and a turn serves many sockets at once.
// Private to this folder; the reactor's thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <memory>

namespace offhook::net {

class Poller {
 public:
  // Bits of readiness. A socket that is broken counts as both.
  static constexpr std::uint32_t k_readable = 1, k_writable = 2;

  // `on_ready` is called for one socket after the other, `on_turn_over` when a turn's sockets have had their say.
  Poller(boost::asio::io_context& io, std::function<void(std::uint64_t key, std::uint32_t ready)> on_ready, std::function<void()> on_turn_over);
  ~Poller();
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  // False if the system has no room for another.
  bool add(int socket, std::uint64_t key, std::uint32_t wanted);
  void change(int socket, std::uint64_t key, std::uint32_t wanted);
  // Before the socket is closed.
  void remove(int socket);
  // Joins the queue of sockets that can be read, behind those that are in it, and calls `passed` when its turn has come. One at a time.
  void probe(std::function<void()> passed);

 private:
  struct State;
  std::shared_ptr<State> state_;  // shared with the wait under way, which may be told of its end later
};

}  // namespace offhook::net
