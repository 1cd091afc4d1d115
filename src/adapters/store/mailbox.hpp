// Hands items from the loop's thread to a thread of the store. It holds a lock for as long as moving an item takes: the one place
// of the program where two threads meet; the way back is the loop's own queue. Private to this module.
#pragma once

#include <condition_variable>
#include <deque>
#include <iterator>
#include <mutex>

namespace offhook::store {

// Any thread. The limit is kept by whoever puts, who also knows what becomes of what does not fit.
template <class Item>
class Mailbox {
 public:
  void put(Item item) {
    {
      const std::lock_guard lock(mutex_);
      items_.push_back(std::move(item));
    }
    changed_.notify_one();
  }

  // Up to `most` of what waits, in the order of put(). With `wait` it comes back with nothing only when the box is closed.
  std::deque<Item> take(std::size_t most, bool wait) {
    std::unique_lock lock(mutex_);
    if (wait) changed_.wait(lock, [&] { return closed_ || !items_.empty(); });
    if (items_.size() <= most) return std::exchange(items_, {});
    const auto end = items_.begin() + static_cast<std::ptrdiff_t>(most);
    std::deque<Item> taken(std::make_move_iterator(items_.begin()), std::make_move_iterator(end));
    items_.erase(items_.begin(), end);
    return taken;
  }

  // What was put before is still taken.
  void close() {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
    }
    changed_.notify_one();
  }

  bool is_closed() {
    const std::lock_guard lock(mutex_);
    return closed_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Item> items_;
  bool closed_ = false;
};

}  // namespace offhook::store
