#include "adapters/store/memory_outbox.hpp"

#include <algorithm>

namespace offhook::store {
namespace {

bool matches(const OutboxEntry& entry, const OutboxQuery& query) {
  return entry.endpoint.project == query.project && (!query.endpoint || entry.endpoint.name == *query.endpoint) &&
         (!query.order_key || entry.order_key == *query.order_key) &&
         (!query.dead || (entry.state == OutboxState::Dead) == *query.dead);
}

bool is_meant(const OutboxEntry& entry, const OutboxReplay& replay, Instant now) {
  const bool is_idle = entry.state == OutboxState::Dead || (entry.state == OutboxState::Due && entry.due_at > now);
  if (entry.endpoint.project != replay.project || !is_idle) return false;
  const auto* number = std::get_if<std::uint64_t>(&replay.which);
  return number != nullptr ? entry.number == *number : entry.endpoint.name == std::get<std::string>(replay.which);
}

}  // namespace

void MemoryOutbox::put_with(core::Record record, std::vector<OutboxEntry> entries, std::function<void()> durable) {
  add(std::move(entries), [] {});
  store_.put(std::move(record), std::move(durable));
}

void MemoryOutbox::add(std::vector<OutboxEntry> entries, std::function<void()> durable) {
  for (auto& added : entries) {
    const auto number = ++last_number_;
    auto& entry = entries_.emplace(number, std::move(added)).first->second;
    entry.number = number;
    join_line(entry, entry.created_at);
    if (entries_.size() > max_entries_) forget(entries_.begin(), entry.created_at);
  }
  durable();
}

void MemoryOutbox::find_due(const EndpointKey& endpoint, Instant now, std::size_t limit,
                            std::function<void(std::optional<DueEntries>)> found) {
  DueEntries due;
  const auto of_endpoint = due_.find(endpoint);
  if (of_endpoint != due_.end()) {
    for (const auto& [at, number] : of_endpoint->second) {
      if (at > now) {
        due.next = at;
        break;
      }
      if (due.entries.size() < limit) due.entries.push_back(entries_.at(number));
    }
  }
  found(std::move(due));
}

void MemoryOutbox::settle(std::uint64_t number, OutboxVerdict verdict, Instant now, std::function<void()> durable) {
  const auto place = entries_.find(number);
  if (place == entries_.end() || place->second.state != OutboxState::Due) return durable();
  auto& entry = place->second;
  if (auto* retry = std::get_if<OutboxRetry>(&verdict)) {
    ++entry.attempts;
    entry.problem = std::move(retry->problem);
    make_due(entry, retry->at);
  } else if (auto* dead = std::get_if<OutboxDead>(&verdict)) {
    ++entry.attempts;
    entry.problem = std::move(dead->problem);
    leave_line(entry, now);
    entry.state = OutboxState::Dead;
  } else {
    forget(place, now);
  }
  durable();
}

void MemoryOutbox::list(const OutboxQuery& query, std::function<void(std::optional<std::vector<OutboxEntry>>)> found) {
  std::vector<OutboxEntry> entries;
  for (auto place = entries_.upper_bound(query.after.value_or(0)); place != entries_.end() && entries.size() < query.limit; ++place) {
    if (matches(place->second, query)) entries.push_back(place->second);
  }
  found(std::move(entries));
}

void MemoryOutbox::replay(const OutboxReplay& which, Instant now, std::function<void(std::size_t)> done) {
  std::size_t count = 0;
  for (auto& [number, entry] : entries_) {
    if (!is_meant(entry, which, now)) continue;
    ++count;
    if (entry.state == OutboxState::Due) {
      make_due(entry, now);
      continue;
    }
    entry.attempts = 0;
    entry.created_at = now;
    join_line(entry, now);
  }
  done(count);
}

void MemoryOutbox::make_due(OutboxEntry& entry, Instant at) {
  auto& due = due_[entry.endpoint];
  due.erase({entry.due_at, entry.number});
  due.emplace(at, entry.number);
  entry.state = OutboxState::Due;
  entry.due_at = at;
}

// Joins its line: of each line that is not empty just one is due.
void MemoryOutbox::join_line(OutboxEntry& entry, Instant at) {
  auto& line = lines_[{entry.endpoint, entry.order_key}];
  line.insert(entry.number);
  entry.state = OutboxState::Waiting;
  if (line.size() == 1) make_due(entry, at);
}

void MemoryOutbox::leave_line(OutboxEntry& entry, Instant now) {
  const bool was_due = due_[entry.endpoint].erase({entry.due_at, entry.number}) > 0;
  const auto line = lines_.find({entry.endpoint, entry.order_key});
  line->second.erase(entry.number);
  if (line->second.empty()) {
    lines_.erase(line);
  } else if (was_due) {
    make_due(entries_.at(*line->second.begin()), now);
  }
}

void MemoryOutbox::forget(Entries::iterator place, Instant now) {
  if (place->second.state != OutboxState::Dead) leave_line(place->second, now);
  entries_.erase(place);
}

}  // namespace offhook::store
