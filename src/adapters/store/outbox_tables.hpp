// The outbox in its table of schema.cpp: writing, on the thread of the writer, and reading, on the thread of the reader. Failures
// stay with the database (sqlite.hpp). Private to this module.
#pragma once

#include <map>
#include <string>

#include "adapters/store/outbox.hpp"
#include "adapters/store/outbox_tally.hpp"
#include "adapters/store/sqlite.hpp"

namespace offhook::store {

// Each function is to be called within a transaction.
class OutboxWriter {
 public:
  OutboxWriter(Database& database, const OutboxLimits& limits);

  void add(const OutboxEntry& entry);
  void settle(std::uint64_t number, const OutboxVerdict& verdict, Instant now);

  // Replays up to `k_step` dead ones with numbers above `after`, which moves on, and at first (0) all that wait for their next
  // attempt; counts them. True: there may be more.
  bool replay_step(const OutboxReplay& which, Instant now, std::uint64_t& after, OutboxReplayed& done);

  OutboxTally& tally() { return tally_; }

  static constexpr int k_step = 200;

 private:
  void count_all();
  std::optional<EndpointKey> leave_line(std::uint64_t number, Statement& leave, Instant now);
  void drop_oldest_dead(const EndpointKey& endpoint);
  void hurry(const OutboxReplay& which, Instant now, OutboxReplayed& done);

  Statement add_, add_dead_, retry_, find_line_, bury_, drop_, promote_, dead_one_, dead_all_, revive_, hurry_one_, hurry_all_, drop_dead_,
      note_dropped_;
  Database& database_;
  OutboxTally tally_;
};

class OutboxReader {
 public:
  explicit OutboxReader(Database& database);

  DueEntries find_due(const EndpointKey& endpoint, Instant now, std::size_t limit);
  std::vector<OutboxEntry> list(const OutboxQuery& query);

 private:
  Database& database_;
  Statement due_, next_;
  std::map<std::string, Statement> lists_;  // one for each set of filters: 12 at most
};

}  // namespace offhook::store
