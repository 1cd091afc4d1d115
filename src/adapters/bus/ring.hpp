// Messages from one thread to another, in order: a ring with one writer and one reader, and no lock. A reader that has read everything
// sleeps, and is woken by the next message alone; while it is busy, a message costs the writer no system call.
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <functional>
#include <memory>
#include <utility>

#include "base/check.hpp"

namespace offhook::bus {

// T: movable, and default-constructible at no cost.
template <class T>
class Ring {
 public:
  // `wake` is called on the writer's thread when the reader is to call drain() soon; once for each time it has slept. The reader sleeps
  // at first. REQUIRES: `capacity` is a power of two.
  Ring(std::size_t capacity, std::function<void()> wake)
      : slots_(std::make_unique<T[]>(capacity)), mask_(capacity - 1), wake_(std::move(wake)) {
    CHECK(std::has_single_bit(capacity));
  }

  // The writer's. False where it is full; then `message` is as it was.
  bool push(T& message) {
    const auto end = written_.load(std::memory_order_relaxed);
    if (end - read_.load(std::memory_order_acquire) > mask_) return false;
    slots_[end & mask_] = std::move(message);
    written_.store(end + 1);  // seen before `asleep_` is looked at, as the reader looks the other way round: one of the two notices
    if (asleep_.load() && asleep_.exchange(false)) wake_();
    return true;
  }

  // The reader's: hands at most `most` messages to `take`. True: there are more, call again; false: the next one will wake.
  template <class Take>
  bool drain(std::size_t most, Take take) {
    auto begin = read_.load(std::memory_order_relaxed);
    const auto end = written_.load(std::memory_order_acquire);
    for (; begin != end && most > 0; ++begin, --most) {
      auto message = std::exchange(slots_[begin & mask_], T{});
      read_.store(begin + 1, std::memory_order_release);
      take(std::move(message));
    }
    if (begin != end) return true;
    asleep_.store(true);
    return written_.load() != begin && asleep_.exchange(false);  // came in between, and the writer has not woken for it
  }

  // Any thread; what it says may be over by then.
  std::size_t size() const { return written_.load() - read_.load(); }
  std::size_t capacity() const { return mask_ + 1; }

 private:
  static constexpr std::size_t k_cache_line = 64;

  const std::unique_ptr<T[]> slots_;
  const std::size_t mask_;
  const std::function<void()> wake_;
  alignas(k_cache_line) std::atomic<std::size_t> written_{0};
  alignas(k_cache_line) std::atomic<std::size_t> read_{0};
  alignas(k_cache_line) std::atomic<bool> asleep_{true};
};

}  // namespace offhook::bus
