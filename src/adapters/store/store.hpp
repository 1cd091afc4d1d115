// The store port: durable records behind one face. Used by the loop's thread only; an implementation with a thread of its
// own calls back on the loop's thread.
#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <unordered_map>
#include <vector>

#include "core/records.hpp"

namespace offhook::store {

struct CallQuery {
  ProjectId project;
  std::optional<UserId> user;          // whom the call concerns
  std::optional<wire::Phase> phase;
  std::optional<wire::Outcome> outcome{};
  std::optional<Instant> from{}, to{};  // created at `from` or later, before `to`
  std::optional<CallId> before;        // only calls older than this one
  std::size_t limit = 20;
};

class Store {
 public:
  virtual ~Store() = default;

  // `durable` is called once, when neither this record nor one before it can be lost: before put() returns, or later.
  virtual void put(const core::Record& record, std::function<void()> durable) = 0;

  virtual std::optional<core::CallRecord> call(const CallId& id) const = 0;

  // Newest first, at most `limit`.
  virtual std::vector<core::CallRecord> calls(const CallQuery& query) const = 0;
};

// Keeps records in memory for as long as the process lives: the newest `max_calls`. Durable at once.
class MemoryStore : public Store {
 public:
  explicit MemoryStore(std::size_t max_calls = 200'000) : max_calls_(max_calls) {}

  void put(const core::Record& record, std::function<void()> durable) override;
  std::optional<core::CallRecord> call(const CallId& id) const override;
  std::vector<core::CallRecord> calls(const CallQuery& query) const override;

 private:
  void put_call(const core::CallRecord& record);

  const std::size_t max_calls_;
  std::unordered_map<CallId, core::CallRecord> calls_;
  std::deque<CallId> order_;  // of creation, oldest first
};

}  // namespace offhook::store
