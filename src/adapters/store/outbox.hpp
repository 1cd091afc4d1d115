// The outbox port: events for webhooks that wait to be delivered. It keeps the order: of the events of one endpoint with one
// order key just the first can be due, and the next one follows when that has been delivered or given up. Used by the loop's
// thread only; answers come before a function returns, or later on the loop's thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/ids.hpp"
#include "base/time.hpp"
#include "core/records.hpp"

namespace offhook::store {

// Whom an event is for: a webhook of a project.
struct EndpointKey {
  ProjectId project;
  std::string name;
  auto operator<=>(const EndpointKey&) const = default;
};

enum class OutboxState { Waiting, Due, Dead };  // Waiting: for an earlier one with its order key; Dead: given up, kept for a replay

// One event for one endpoint.
struct OutboxEntry {
  std::uint64_t number = 0;       // given by the store; grows
  EndpointKey endpoint;
  std::string order_key;          // a call or a session
  std::string event_id;           // the same for every endpoint and every attempt
  std::string type;
  std::string body;
  Instant created_at{};
  OutboxState state = OutboxState::Waiting;
  Instant due_at{};               // if Due: not to be tried before
  std::uint32_t attempts = 0;     // that have failed
  std::string problem;            // of the last one
};

struct OutboxDelivered {};
struct OutboxRetry { Instant at; std::string problem; };
struct OutboxDead { std::string problem; };
using OutboxVerdict = std::variant<OutboxDelivered, OutboxRetry, OutboxDead>;

struct OutboxQuery {
  ProjectId project;
  std::optional<std::string> endpoint{};
  std::optional<std::string> order_key{};
  std::optional<bool> dead{};              // only those given up, or only the others
  std::optional<std::uint64_t> after{};    // only numbers above
  std::size_t limit = 20;
};

// How much of each endpoint is kept. An event that finds its queue full is a dead letter at once; of dead letters beyond their limit
// the oldest is dropped, and counted.
struct OutboxLimits {
  std::size_t pending = 1'000'000;  // waiting or due; about a kilobyte each on the disk
  std::size_t dead = 100'000;
};

// How much of an endpoint is kept, and how many dead letters have been dropped since the file was made.
struct OutboxCounts {
  EndpointKey endpoint;
  std::uint64_t pending = 0, dead = 0, dropped = 0;
};

// A limit was reached that had not been for a while (since a tenth of it was free).
struct OutboxFull {
  EndpointKey endpoint;
  bool dropped = false;  // of the dead letters; else of those that wait
};

// Of a project: one, or all of an endpoint.
struct OutboxReplay {
  ProjectId project;
  std::variant<std::uint64_t, std::string> which;
};

struct OutboxReplayed {
  std::size_t count = 0;
  std::optional<std::string> endpoint;  // of the one that was asked for, if there is such a one
};

// The next one that becomes due after `now` says when to ask again.
struct DueEntries {
  std::vector<OutboxEntry> entries;
  std::optional<Instant> next;
};

class Outbox {
 public:
  virtual ~Outbox() = default;

  // The record goes to the store, and it and the entries are kept together or not at all. `durable` as of Store::put, with which
  // it shares one order.
  virtual void put_with(core::Record record, std::vector<OutboxEntry> entries, std::function<void()> durable) = 0;

  // In this order, all or none; numbers and states are set here.
  virtual void add(std::vector<OutboxEntry> entries, std::function<void()> durable) = 0;

  // Due at `now`, longest due first, at most `limit`; what has been called durable is seen. Nothing if the store is overloaded or
  // broken: ask again later.
  virtual void find_due(const EndpointKey& endpoint, Instant now, std::size_t limit,
                        std::function<void(std::optional<DueEntries>)> found) = 0;

  // A number that is not kept or not due (any more) is ignored. A delivered event is forgotten; after it and after a dead one the next with
  // its order key is due at `now`.
  virtual void settle(std::uint64_t number, OutboxVerdict verdict, Instant now, std::function<void()> durable) = 0;

  // By number, at most `limit`; nothing if the store is overloaded or broken.
  virtual void list(const OutboxQuery& query, std::function<void(std::optional<std::vector<OutboxEntry>>)> found) = 0;

  // Dead ones get a new life: no attempts yet, created at `now`; each takes its turn in its line again, before younger ones, though
  // some of these may have been delivered meanwhile. Those that wait for their next attempt are due at `now`. event_id and body
  // stay. No more than the limit leaves room for. `done` is told how many, when that is durable.
  virtual void replay(const OutboxReplay& which, Instant now, std::function<void(OutboxReplayed)> done) = 0;

  // Those of a project of which something is kept or has been dropped; what has been called durable is counted.
  virtual void count(const ProjectId& project, std::function<void(std::vector<OutboxCounts>)> found) = 0;

  // Who is to be told of limits that are reached; at most once, before all else.
  void tell_full(std::function<void(const OutboxFull&)> tell) { full_ = std::move(tell); }

 protected:
  std::function<void(const OutboxFull&)> full_ = [](const OutboxFull&) {};
};

}  // namespace offhook::store
