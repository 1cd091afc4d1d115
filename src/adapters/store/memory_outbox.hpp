// An outbox for as long as the process lives; durable at once.
#pragma once

#include <map>
#include <set>
#include <utility>

#include "adapters/store/outbox.hpp"
#include "adapters/store/store.hpp"

namespace offhook::store {

class MemoryOutbox : public Outbox {
 public:
  // `store` is one in memory. Of more than `max_entries` the oldest is forgotten, delivered or not: nothing here outlives the
  // process anyway.
  explicit MemoryOutbox(Store& store, std::size_t max_entries = 200'000) : store_(store), max_entries_(max_entries) {}

  void put_with(core::Record record, std::vector<OutboxEntry> entries, std::function<void()> durable) override;
  void add(std::vector<OutboxEntry> entries, std::function<void()> durable) override;
  void find_due(const EndpointKey& endpoint, Instant now, std::size_t limit,
                std::function<void(std::optional<DueEntries>)> found) override;
  void settle(std::uint64_t number, OutboxVerdict verdict, Instant now, std::function<void()> durable) override;
  void list(const OutboxQuery& query, std::function<void(std::optional<std::vector<OutboxEntry>>)> found) override;
  void replay(const OutboxReplay& which, Instant now, std::function<void(std::size_t)> done) override;

 private:
  using Entries = std::map<std::uint64_t, OutboxEntry>;
  using Line = std::pair<EndpointKey, std::string>;  // an endpoint and an order key

  void make_due(OutboxEntry& entry, Instant at);
  void join_line(OutboxEntry& entry, Instant at);
  void leave_line(OutboxEntry& entry, Instant now);
  void forget(Entries::iterator place, Instant now);

  Store& store_;
  const std::size_t max_entries_;
  std::uint64_t last_number_ = 0;
  Entries entries_;
  std::map<Line, std::set<std::uint64_t>> lines_;                              // those that are not dead
  std::map<EndpointKey, std::set<std::pair<Instant, std::uint64_t>>> due_;
};

}  // namespace offhook::store
