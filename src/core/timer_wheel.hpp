// Deadlines of one engine: a hierarchical timing wheel (Varghese & Lauck 1987), eleven levels of 64 slots over
// microseconds. Arm and cancel are O(1); nothing ticks: next_deadline() says when to look again. Not thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/ids.hpp"
#include "base/time.hpp"
#include "core/timer_kind.hpp"

namespace offhook::core {

// What a deadline is for: a kind and the id of what it belongs to.
struct TimerKey {
  TimerKind kind = TimerKind::Setup;
  std::uint64_t high = 0;
  std::uint64_t low = 0;
};

// Names one armed deadline; a handle of one that was cancelled or has expired is harmless.
struct TimerHandle {
  std::uint32_t index = UINT32_MAX;
  std::uint32_t generation = 0;
};

struct Expired {
  Instant at;
  TimerKey key;
  std::uint64_t order = 0;  // of arming
};

class TimerWheel {
 public:
  TimerWheel();

  // A moment that has passed expires at the next expire().
  TimerHandle arm(Instant at, TimerKey key);
  void cancel(TimerHandle& handle);  // resets the handle

  // The moment a handle is armed for; nothing if it no longer is.
  std::optional<Instant> at(const TimerHandle& handle) const;

  // Appends all that is due at `now`, earliest first, then in the order of arming. REQUIRES: `now` never goes back.
  void expire(Instant now, std::vector<Expired>& out);

  std::optional<Expired> next() const;
  std::size_t size() const { return size_; }

 private:
  static constexpr int k_levels = 11;
  static constexpr int k_slot_bits = 6;
  static constexpr std::uint32_t k_slots = 64;
  static constexpr std::uint32_t k_none = UINT32_MAX;

  // 48 bytes: the key lies in pieces so that its kind shares a word with the rest.
  struct Entry {
    std::uint64_t at = 0;  // microseconds
    std::uint64_t order = 0;
    std::uint64_t high = 0, low = 0;  // of the key
    std::uint32_t generation = 0;
    std::uint32_t next = k_none;  // in its slot, or of those that are free
    std::uint32_t previous = k_none;
    std::uint16_t place = 0;  // level * 64 + slot
    TimerKind kind = TimerKind::Setup;
    bool armed = false;
  };
  static Expired expired(const Entry& entry);

  void insert(std::uint32_t index);
  void remove(std::uint32_t index);
  void release(std::uint32_t index);
  bool is_armed(const TimerHandle& handle) const;
  std::uint32_t look_for_earliest() const;
  std::optional<std::uint16_t> first_place() const;
  std::uint64_t start_of(std::uint16_t place) const;

  std::vector<Entry> entries_;
  std::uint32_t free_ = k_none;  // the first that is free
  std::array<std::uint32_t, k_levels * k_slots> heads_;
  std::array<std::uint64_t, k_levels> occupied_{};  // one bit per slot
  std::uint64_t cursor_ = 0;                        // everything before it has been served
  std::uint64_t next_order_ = 0;
  std::size_t size_ = 0;
  // The entry that next() tells; k_none: to be looked for. Asked after every event, and a coarse slot holds very many.
  mutable std::uint32_t earliest_ = k_none;
};

}  // namespace offhook::core
