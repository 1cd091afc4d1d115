// A queue that keeps its memory: what std::deque takes and gives back for each element that is larger than 512 bytes is taken once.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "base/check.hpp"

namespace offhook {

// First in, first out. Without a limit of its own: whoever pushes sees to one. Not thread-safe.
template <class T>
class Fifo {
 public:
  bool empty() const { return first_ == items_.size(); }
  std::size_t size() const { return items_.size() - first_; }

  // REQUIRES of both: !empty().
  const T& front() const { return items_[first_]; }
  T pop() {
    CHECK(!empty());
    T item = std::move(items_[first_++]);
    tidy_up();
    return item;
  }

  // `item`: a T, or what one is made from.
  template <class Item>
  void push(Item&& item) { items_.emplace_back(std::forward<Item>(item)); }

 private:
  static constexpr std::size_t k_kept_items = 1'024;  // beyond that a burst's memory goes back when it is over

  // What has been taken goes in one piece: when all has, or when it is the larger half.
  void tidy_up() {
    if (first_ * 2 <= items_.size() && first_ != items_.size()) return;
    items_.erase(items_.begin(), items_.begin() + static_cast<std::ptrdiff_t>(first_));
    first_ = 0;
    if (items_.empty() && items_.capacity() > k_kept_items) items_ = std::vector<T>();
  }

  std::vector<T> items_;
  std::size_t first_ = 0;  // those before it have been taken
};

}  // namespace offhook
