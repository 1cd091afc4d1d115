// A disk in memory for simulations: what is written lies in a cache until it is synced, and a power cut takes of the cache what
// chance wants: writes are lost, torn, or there although earlier ones are not.
#pragma once

#include <cstddef>
#include <deque>
#include <string>

#include "base/random.hpp"

namespace offhook::store {

class SimulatedDisk {
 public:
  // Bytes; beyond them append() fails as a full disk does.
  void set_capacity(std::size_t bytes) { capacity_ = bytes; }

  // Behind everything written so far. False: the disk is full, nothing was written.
  bool append(std::string bytes);
  // Makes the first `writes` of those in the cache durable. False: the disk has failed, and nobody knows what is on it.
  bool sync(std::size_t writes);
  std::size_t unsynced() const { return cache_.size(); }

  // From now on sync() fails.
  void break_down() { broken_ = true; }
  // The power is cut and comes back; a disk that broke down works again.
  void cut_power(Random& chance);

  // Everything as a program sees it, the cache included.
  std::string content() const;
  // Drops what lies behind so many bytes. REQUIRES: nothing is unsynced.
  void truncate(std::size_t bytes) { durable_.resize(bytes); }

 private:
  std::string durable_;
  std::deque<std::string> cache_;
  std::size_t cached_bytes_ = 0;
  std::size_t capacity_ = static_cast<std::size_t>(-1);
  bool broken_ = false;
};

}  // namespace offhook::store
