// The thread of one or more clients: whatever is posted runs there, one thing after the other. The only place of the library that
// reads a clock, and it has no Boost in its face.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "base/time.hpp"

namespace offhook::client {

using Work = std::function<void()>;

class Loop {
 public:
  Loop();   // the thread begins
  ~Loop();  // after stop()
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // The end of the thread; what was posted and has not begun is dropped. Twice is no error. REQUIRES: !is_here().
  void stop();

  // Any thread. Work keeps the order in which one thread has posted it.
  void post(Work work);
  bool is_here() const;
  // Monotonic, and within clock drift and sleeps of the machine a count from the Unix epoch.
  Instant now() const;

  // Any thread: as many as wanted, none can be taken back.
  void after(Duration delay, Work work);

  struct Parts;  // private to the transport
  Parts& parts() { return *parts_; }

 private:
  std::unique_ptr<Parts> parts_;
};

// For the loop's thread, but for its end: that may be anywhere. REQUIRES: the loop lives longer.
class Alarm {
 public:
  explicit Alarm(Loop& loop);
  ~Alarm();  // cancels
  Alarm(const Alarm&) = delete;
  Alarm& operator=(const Alarm&) = delete;

  // A new moment, or nothing, takes the place of the old.
  void set(std::optional<Instant> at, Work work);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace offhook::client
