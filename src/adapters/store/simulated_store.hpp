// Records on a simulated disk, in virtual time: a log with group commit, for simulations and tests. What it keeps over a power cut
// is what a real store must keep: everything that was called durable, and of the rest a beginning in the order of the puts.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "adapters/store/memory_store.hpp"
#include "adapters/store/simulated_disk.hpp"
#include "adapters/store/store.hpp"

namespace offhook::store {

class SimulatedStore : public Store {
 public:
  struct Options {
    std::uint64_t seed = 1;
    Duration min_commit = std::chrono::microseconds{200};  // how long one takes
    Duration max_commit = std::chrono::milliseconds{3};
    std::function<void(const StoreError& why)> broken = [](const StoreError&) {};
  };

  // Takes up what is on the disk, which must outlive the store. A new store after each cut.
  SimulatedStore(SimulatedDisk& disk, Options options);

  // Commits are made as time goes on.
  std::optional<Instant> next_moment() const { return commit_over_; }
  void advance(Instant now);
  // Commits take so much longer from the next one on.
  void set_delay(Duration delay) { delay_ = delay; }

  void put(core::Record record, std::function<void()> durable) override;
  std::size_t pending() const override { return waiting_.size(); }
  void find_call(const CallId& id, OnCall found) override { index_->find_call(id, std::move(found)); }
  void find_inputs(const CallId& id, OnInputs found) override { index_->find_inputs(id, std::move(found)); }
  void list_calls(const CallQuery& query, OnCalls found) override { index_->list_calls(query, std::move(found)); }
  Found<std::vector<core::Record>> load(Instant ended_since) override { return index_->load(ended_since); }
  void purge(Instant ended_before, std::function<void()> done) override;
  void forget_user(const UserKey& user, std::function<void()> done) override;

 private:
  // Something that was written and changes the index once it is durable.
  struct Written {
    std::string entry;
    std::function<void()> durable;
  };

  void write(std::string entry, std::function<void()> durable);
  void begin_commit();
  void apply(std::string_view entry);
  void break_off(const std::string& why);

  SimulatedDisk& disk_;
  const Options options_;
  Random chance_;
  std::unique_ptr<MemoryStore> index_ = std::make_unique<MemoryStore>();  // of what is durable
  std::deque<Written> waiting_;
  std::size_t committing_ = 0;  // the first so many of them
  std::optional<Instant> commit_over_;
  Instant now_{};
  Duration delay_{};
  bool broken_ = false;
};

}  // namespace offhook::store
