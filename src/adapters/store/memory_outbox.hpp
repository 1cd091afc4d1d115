// An outbox for as long as the process lives; durable at once.
#pragma once

#include <map>
#include <set>
#include <utility>

#include "adapters/store/outbox.hpp"
#include "adapters/store/outbox_tally.hpp"
#include "adapters/store/store.hpp"

namespace offhook::store {

class MemoryOutbox : public Outbox {
 public:
  // `store` is one in memory. The default: some hundreds of megabytes for one webhook that takes nothing.
  explicit MemoryOutbox(Store& store, const OutboxLimits& limits = {200'000, 20'000}) : store_(store), tally_(limits) {}

  void put_with(core::Record record, std::vector<OutboxEntry> entries, std::function<void()> durable) override;
  void add(std::vector<OutboxEntry> entries, std::function<void()> durable) override;
  void find_due(const EndpointKey& endpoint, Instant now, std::size_t limit,
                std::function<void(std::optional<DueEntries>)> found) override;
  void settle(std::uint64_t number, OutboxVerdict verdict, Instant now, std::function<void()> durable) override;
  void list(const OutboxQuery& query, std::function<void(std::optional<std::vector<OutboxEntry>>)> found) override;
  void replay(const OutboxReplay& which, Instant now, std::function<void(OutboxReplayed)> done) override;
  void count(const ProjectId& project, std::function<void(std::vector<OutboxCounts>)> found) override;

 private:
  using Entries = std::map<std::uint64_t, OutboxEntry>;
  using Line = std::pair<EndpointKey, std::string>;  // an endpoint and an order key

  void make_due(OutboxEntry& entry, Instant at);
  void join_line(OutboxEntry& entry, Instant at);
  void leave_line(OutboxEntry& entry, Instant now);
  void bury(OutboxEntry& entry);
  void tell_news();

  Store& store_;
  OutboxTally tally_;
  std::uint64_t last_number_ = 0;
  Entries entries_;
  std::map<Line, std::set<std::uint64_t>> lines_;                              // those that are not dead
  std::map<EndpointKey, std::set<std::pair<Instant, std::uint64_t>>> due_;
  std::map<EndpointKey, std::set<std::uint64_t>> dead_;
};

}  // namespace offhook::store
