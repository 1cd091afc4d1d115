#include "core/timer_wheel.hpp"

#include <algorithm>
#include <bit>

#include "base/check.hpp"

namespace offhook::core {
namespace {

std::uint64_t to_number(Instant at) {
  return static_cast<std::uint64_t>(std::max<Duration::rep>(at.time_since_epoch().count(), 0));
}

Instant to_instant(std::uint64_t number) { return Instant{Duration{static_cast<Duration::rep>(number)}}; }

}  // namespace

TimerWheel::TimerWheel() { heads_.fill(k_none); }

TimerHandle TimerWheel::arm(Instant at, TimerKey key) {
  std::uint32_t index = 0;
  if (free_ == k_none) {
    index = static_cast<std::uint32_t>(entries_.size());
    entries_.emplace_back();
  } else {
    index = free_;
    free_ = entries_[index].next;
  }
  auto& entry = entries_[index];
  entry.at = to_number(at);
  entry.order = next_order_++;
  entry.kind = key.kind;
  entry.high = key.high;
  entry.low = key.low;
  entry.armed = true;
  insert(index);
  const bool is_earliest = size_ == 0 || (earliest_ != k_none && entry.at < entries_[earliest_].at);
  if (is_earliest) earliest_ = index;
  ++size_;
  return {index, entry.generation};
}

Expired TimerWheel::expired(const Entry& entry) { return {to_instant(entry.at), {entry.kind, entry.high, entry.low}, entry.order}; }

void TimerWheel::cancel(TimerHandle& handle) {
  if (is_armed(handle)) {
    remove(handle.index);
    release(handle.index);
    if (handle.index == earliest_) earliest_ = k_none;
  }
  handle = {};
}

std::optional<Instant> TimerWheel::at(const TimerHandle& handle) const {
  return is_armed(handle) ? std::optional(to_instant(entries_[handle.index].at)) : std::nullopt;
}

// Serves slot after slot; an entry of a coarse slot that is not due yet moves to a finer level.
void TimerWheel::expire(Instant now, std::vector<Expired>& out) {
  const auto limit = to_number(now);
  const auto begin = static_cast<std::ptrdiff_t>(out.size());
  const bool may_be_due = earliest_ == k_none || entries_[earliest_].at <= limit;
  if (may_be_due) earliest_ = k_none;
  for (auto place = first_place(); place && start_of(*place) <= limit; place = first_place()) {
    cursor_ = std::max(cursor_, start_of(*place));
    auto index = heads_[*place];
    heads_[*place] = k_none;
    occupied_[*place / k_slots] &= ~(std::uint64_t{1} << (*place % k_slots));
    while (index != k_none) {
      const auto next = entries_[index].next;
      if (entries_[index].at <= limit) {
        out.push_back(expired(entries_[index]));
        release(index);
      } else {
        insert(index);
      }
      index = next;
    }
  }
  cursor_ = std::max(cursor_, limit);
  std::sort(out.begin() + begin, out.end(), [](const Expired& a, const Expired& b) {
    return a.at != b.at ? a.at < b.at : a.order < b.order;
  });
}

std::optional<Expired> TimerWheel::next() const {
  if (size_ == 0) return std::nullopt;
  if (earliest_ == k_none) earliest_ = look_for_earliest();
  return expired(entries_[earliest_]);
}

// REQUIRES: something is armed.
std::uint32_t TimerWheel::look_for_earliest() const {
  auto best = heads_[*first_place()];
  for (auto index = best; index != k_none; index = entries_[index].next) {
    const auto& a = entries_[index];
    const auto& b = entries_[best];
    if (a.at < b.at || (a.at == b.at && a.order < b.order)) best = index;
  }
  return best;
}

// The level is that of the highest group of six bits in which the moment differs from the cursor, so whatever shares a
// level lies ahead of the cursor and the finest level that holds anything holds the earliest.
void TimerWheel::insert(std::uint32_t index) {
  auto& entry = entries_[index];
  const auto at = std::max(entry.at, cursor_);
  const int level = (63 - std::countl_zero((at ^ cursor_) | 1)) / k_slot_bits;
  const auto slot = (at >> (level * k_slot_bits)) & (k_slots - 1);
  entry.place = static_cast<std::uint16_t>(static_cast<std::uint64_t>(level) * k_slots + slot);
  entry.previous = k_none;
  entry.next = heads_[entry.place];
  if (entry.next != k_none) entries_[entry.next].previous = index;
  heads_[entry.place] = index;
  occupied_[static_cast<std::size_t>(level)] |= std::uint64_t{1} << slot;
}

void TimerWheel::remove(std::uint32_t index) {
  const auto& entry = entries_[index];
  if (entry.next != k_none) entries_[entry.next].previous = entry.previous;
  if (entry.previous != k_none) {
    entries_[entry.previous].next = entry.next;
  } else {
    heads_[entry.place] = entry.next;
    if (entry.next == k_none) occupied_[entry.place / k_slots] &= ~(std::uint64_t{1} << (entry.place % k_slots));
  }
}

void TimerWheel::release(std::uint32_t index) {
  entries_[index].armed = false;
  ++entries_[index].generation;
  entries_[index].next = free_;
  free_ = index;
  --size_;
}

bool TimerWheel::is_armed(const TimerHandle& handle) const {
  return handle.index < entries_.size() && entries_[handle.index].armed &&
         entries_[handle.index].generation == handle.generation;
}

std::optional<std::uint16_t> TimerWheel::first_place() const {
  for (std::size_t level = 0; level < k_levels; ++level) {
    if (occupied_[level] == 0) continue;
    return static_cast<std::uint16_t>(level * k_slots + static_cast<std::size_t>(std::countr_zero(occupied_[level])));
  }
  return std::nullopt;
}

std::uint64_t TimerWheel::start_of(std::uint16_t place) const {
  const int level = place / static_cast<int>(k_slots);
  const int shift = level * k_slot_bits;
  const int above = shift + k_slot_bits;
  const std::uint64_t base = above >= 64 ? 0 : (cursor_ >> above) << above;
  return base | (static_cast<std::uint64_t>(place % k_slots) << shift);
}

}  // namespace offhook::core
