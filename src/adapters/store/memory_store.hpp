// Keeps records in memory for as long as the process lives: of calls the newest, `max_calls`. Durable at once.
#pragma once

#include <cstdint>
#include <map>
#include <unordered_map>

#include "adapters/store/store.hpp"

namespace offhook::store {

class MemoryStore : public Store {
 public:
  explicit MemoryStore(std::size_t max_calls = 200'000) : max_calls_(max_calls) {}

  void put(core::Record record, std::function<void()> durable) override;
  std::size_t pending() const override { return 0; }
  void find_call(const CallId& id, OnCall found) override;
  void find_inputs(const CallId& id, OnInputs found) override;
  void list_calls(const CallQuery& query, OnCalls found) override;
  Found<std::vector<core::Record>> load(Instant ended_since) override;
  void purge(Instant ended_before, std::function<void()> done) override;
  void forget_user(const UserKey& user, std::function<void()> done) override;

  // Takes the record, without a word about it.
  void keep(core::Record record);

 private:
  using Place = std::pair<Instant, std::uint64_t>;  // by creation, then in the order in which they came
  struct CallEntry {
    core::CallRecord record;
    std::uint64_t number;
  };
  struct Entry {
    core::Record record;
    std::uint64_t number;
  };

  void keep_call(core::CallRecord record);

  const std::size_t max_calls_;
  std::uint64_t last_number_ = 0;
  std::unordered_map<CallId, CallEntry> calls_;
  std::map<Place, CallId> order_;
  std::map<core::RecordKey, Entry> others_;  // those the engine has too, which keeps their limits
};

}  // namespace offhook::store
