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
  if (entry.endpoint.project != replay.project || entry.state == OutboxState::Waiting) return false;
  const auto* number = std::get_if<std::uint64_t>(&replay.which);
  if (number != nullptr) return entry.number == *number;
  const bool is_idle = entry.state == OutboxState::Dead || entry.due_at > now;
  return is_idle && entry.endpoint.name == std::get<std::string>(replay.which);
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
    if (tally_.has_room(entry.endpoint)) {
      tally_.add_pending(entry.endpoint);
      join_line(entry, entry.created_at);
    } else {
      entry.problem = k_queue_was_full;
      bury(entry);
    }
  }
  durable();
  tell_news();
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
    return durable();
  }
  leave_line(entry, now);
  tally_.drop_pending(entry.endpoint);
  if (auto* dead = std::get_if<OutboxDead>(&verdict)) {
    ++entry.attempts;
    entry.problem = std::move(dead->problem);
    bury(entry);
  } else {
    entries_.erase(place);
  }
  durable();
  tell_news();
}

// Of too many the oldest goes, which may be this one.
void MemoryOutbox::bury(OutboxEntry& entry) {
  entry.state = OutboxState::Dead;
  const auto endpoint = entry.endpoint;
  dead_[endpoint].insert(entry.number);
  tally_.add_dead(endpoint);
  if (!tally_.must_drop(endpoint)) return;
  auto& dead = dead_[endpoint];
  entries_.erase(*dead.begin());
  dead.erase(dead.begin());
}

void MemoryOutbox::tell_news() {
  for (const auto& one : tally_.take_news()) full_(one);
}

void MemoryOutbox::count(const ProjectId& project, std::function<void(std::vector<OutboxCounts>)> found) {
  found(tally_.of_project(project));
}

void MemoryOutbox::list(const OutboxQuery& query, std::function<void(std::optional<std::vector<OutboxEntry>>)> found) {
  std::vector<OutboxEntry> entries;
  for (auto place = entries_.upper_bound(query.after.value_or(0)); place != entries_.end() && entries.size() < query.limit; ++place) {
    if (matches(place->second, query)) entries.push_back(place->second);
  }
  found(std::move(entries));
}

void MemoryOutbox::replay(const OutboxReplay& which, Instant now, std::function<void(OutboxReplayed)> done) {
  OutboxReplayed replayed;
  for (auto& [number, entry] : entries_) {
    if (!is_meant(entry, which, now)) continue;
    if (std::holds_alternative<std::uint64_t>(which.which)) replayed.endpoint = entry.endpoint.name;
    if (entry.state == OutboxState::Due) {
      ++replayed.count;
      make_due(entry, std::min(entry.due_at, now));
    } else if (tally_.has_room(entry.endpoint)) {
      ++replayed.count;
      tally_.drop_dead(entry.endpoint);
      tally_.add_pending(entry.endpoint);
      dead_[entry.endpoint].erase(number);
      entry.attempts = 0;
      entry.created_at = now;
      join_line(entry, now);
    }
  }
  done(replayed);
  tell_news();
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

}  // namespace offhook::store
