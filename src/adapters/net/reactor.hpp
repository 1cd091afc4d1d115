// The event loop of one thread: waits for sockets, timers and signals at once. Hides Boost.Asio, so that whoever drives
// the program compiles without it.
#pragma once

#include <functional>
#include <memory>

#include "base/time.hpp"

namespace offhook::net {

class Reactor {
 public:
  // From now on the process ignores SIGPIPE.
  Reactor();
  ~Reactor();
  Reactor(const Reactor&) = delete;
  Reactor& operator=(const Reactor&) = delete;

  // Serves events until stop(); everything registered here is called from within run(), on its thread.
  void run();

  // Any thread. run() returns after the handler that is being served.
  void stop();

  // Any thread. `work` is called later from run(), never from within post().
  void post(std::function<void()> work);

  // SIGINT and SIGTERM arrive here, as often as they are sent, instead of ending the process.
  void on_signal(std::function<void(int signal)> handler);

  struct Impl;
  Impl& impl() { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

// One alarm at a time. Used on the reactor's thread; destroying it forgets the alarm.
class Timer {
 public:
  explicit Timer(Reactor& reactor);
  ~Timer();
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  // Replaces an alarm that is still set. A delay of zero or less rings at the next turn of the reactor.
  void set(Duration delay, std::function<void()> ring);
  void cancel();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace offhook::net
