// How much of each endpoint an outbox keeps, held against the limits. Private to this module; for one thread.
#pragma once

#include <map>
#include <utility>
#include <vector>

#include "adapters/store/outbox.hpp"

namespace offhook::store {

inline constexpr const char* k_queue_was_full = "more events waited for this webhook than are kept";

class OutboxTally {
 public:
  explicit OutboxTally(const OutboxLimits& limits) : limits_(limits) {}

  // False: the queue is full.
  bool has_room(const EndpointKey& endpoint) {
    auto& one = of(endpoint);
    if (one.counts.pending < limits_.pending) return true;
    if (!std::exchange(one.said_full, true)) news_.push_back({endpoint, false});
    return false;
  }
  void add_pending(const EndpointKey& endpoint, std::uint64_t count = 1) { of(endpoint).counts.pending += count; }
  void drop_pending(const EndpointKey& endpoint) {
    auto& one = of(endpoint);
    --one.counts.pending;
    if (has_tenth_free(one.counts.pending, limits_.pending)) one.said_full = false;
  }
  void add_dead(const EndpointKey& endpoint, std::uint64_t count = 1) { of(endpoint).counts.dead += count; }
  void drop_dead(const EndpointKey& endpoint) {
    auto& one = of(endpoint);
    --one.counts.dead;
    if (has_tenth_free(one.counts.dead, limits_.dead)) one.said_dropped = false;
  }
  // Is a dead letter too many there? Whoever asks drops the oldest.
  bool must_drop(const EndpointKey& endpoint) {
    auto& one = of(endpoint);
    if (one.counts.dead <= limits_.dead) return false;
    --one.counts.dead;
    ++one.counts.dropped;
    if (!std::exchange(one.said_dropped, true)) news_.push_back({endpoint, true});
    return true;
  }
  void add_dropped(const EndpointKey& endpoint, std::uint64_t count) { of(endpoint).counts.dropped += count; }

  std::vector<OutboxCounts> of_project(const ProjectId& project) const {
    std::vector<OutboxCounts> found;
    for (auto place = all_.lower_bound({project, ""}); place != all_.end() && place->first.project == project; ++place) {
      found.push_back(place->second.counts);
    }
    return found;
  }

  // What is to be told since this was asked.
  std::vector<OutboxFull> take_news() { return std::exchange(news_, {}); }

 private:
  struct One {
    OutboxCounts counts;
    bool said_full = false, said_dropped = false;
  };

  One& of(const EndpointKey& endpoint) {
    auto& one = all_[endpoint];
    one.counts.endpoint = endpoint;
    return one;
  }
  static bool has_tenth_free(std::uint64_t count, std::size_t limit) { return count <= limit - limit / 10; }

  const OutboxLimits limits_;
  std::map<EndpointKey, One> all_;  // as many as there ever were webhooks
  std::vector<OutboxFull> news_;
};

}  // namespace offhook::store
