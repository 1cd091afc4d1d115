#include "adapters/store/simulated_disk.hpp"

namespace offhook::store {

bool SimulatedDisk::append(std::string bytes) {
  if (durable_.size() + cached_bytes_ + bytes.size() > capacity_) return false;
  cached_bytes_ += bytes.size();
  cache_.push_back(std::move(bytes));
  return true;
}

bool SimulatedDisk::sync(std::size_t writes) {
  if (broken_) return false;
  for (; writes > 0 && !cache_.empty(); --writes) {
    durable_ += cache_.front();
    cached_bytes_ -= cache_.front().size();
    cache_.pop_front();
  }
  return true;
}

void SimulatedDisk::cut_power(Random& chance) {
  std::string tail;
  std::size_t end = 0;  // of what has reached the disk; before it lie holes of zeros
  for (const auto& write : cache_) {
    const auto begin = tail.size();
    tail.resize(begin + write.size(), '\0');
    const auto fate = chance.below(3);  // lost, torn, whole
    const auto kept = fate == 0 ? 0 : fate == 1 ? chance.below(write.size()) : write.size();
    tail.replace(begin, kept, write, 0, kept);
    if (kept > 0) end = begin + kept;
  }
  durable_ += tail.substr(0, end);
  cache_.clear();
  cached_bytes_ = 0;
  broken_ = false;
}

std::string SimulatedDisk::content() const {
  auto all = durable_;
  for (const auto& write : cache_) all += write;
  return all;
}

}  // namespace offhook::store
