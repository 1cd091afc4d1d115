// The store port: durable records behind one face. Used by the loop's thread only; an implementation with threads of its own
// calls back on the loop's thread.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "core/records.hpp"

namespace offhook::store {

// Puts that are not durable yet: from here on whoever asks for something new is to be refused. At 40 000 records a second,
// what a small machine keeps, this is half a second; there are five or so records to a call.
inline constexpr std::size_t k_max_pending_puts = 20'000;
// Questions that wait for their answers; one more fails as Busy.
inline constexpr std::size_t k_max_pending_reads = 1'000;

struct CallQuery {
  ProjectId project;
  std::optional<UserId> user;          // whom the call concerns
  std::optional<wire::Phase> phase;
  std::optional<wire::Outcome> outcome{};
  std::optional<Instant> from{}, to{};  // created at `from` or later, before `to`
  std::optional<CallId> before;        // only calls older than this one; a call that is not kept is ignored
  std::size_t limit = 20;
};

struct StoreError {
  enum class Kind { Busy, Broken };  // Busy: too many questions at once; Broken: the store can keep or give no more
  Kind kind = Kind::Broken;
  std::string message;  // one sentence for the operator
};

template <class T>
using Found = Result<T, StoreError>;
using OnCall = std::function<void(Found<std::optional<core::CallRecord>>)>;
using OnInputs = std::function<void(Found<std::shared_ptr<const core::CallInputs>>)>;
using OnCalls = std::function<void(Found<std::vector<core::CallRecord>>)>;

class Store {
 public:
  virtual ~Store() = default;

  // `durable` is called once, when neither this record nor one before it can be lost: before put() returns, or later. In the
  // order of the puts. Never, if the store breaks.
  virtual void put(core::Record record, std::function<void()> durable) = 0;

  // Puts whose `durable` has not been called.
  virtual std::size_t pending() const = 0;

  // Called back before this returns, or later; what has been called durable is seen.
  virtual void find_call(const CallId& id, OnCall found) = 0;
  // Those of a call that has ended; nothing if there are none. What find_call and list_calls give may come without them.
  virtual void find_inputs(const CallId& id, OnInputs found) = 0;
  // Newest first, at most `limit`.
  virtual void list_calls(const CallQuery& query, OnCalls found) = 0;

  // What Engine::restore needs: calls that go on or ended at `ended_since` or later, and all other records, each kind in the
  // order in which they were put first. Before the first put.
  virtual Found<std::vector<core::Record>> load(Instant ended_since) = 0;

  // Forgets in small steps, beside the puts, the calls that ended before; `done` is called when none is left.
  virtual void purge(Instant ended_before, std::function<void()> done) = 0;

  // Blots the user's name out of the calls that have ended so far, in small steps; `done` is called when that is durable. It
  // is gone on with after a restart. The user's other records are the engine's to take back.
  virtual void forget_user(const UserKey& user, std::function<void()> done) = 0;
};

}  // namespace offhook::store
