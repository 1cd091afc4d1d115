#include "adapters/store/memory_store.hpp"

#include <algorithm>

namespace offhook::store {
namespace {

bool matches(const core::CallRecord& record, const CallQuery& query) {
  return record.project == query.project && (!query.phase || record.phase == *query.phase) &&
         (!query.outcome || record.outcome == query.outcome) && (!query.from || record.created_at >= *query.from) &&
         (!query.to || record.created_at < *query.to) && (!query.user || core::concerns(record, *query.user));
}

}  // namespace

void MemoryStore::put(core::Record record, std::function<void()> durable) {
  keep(std::move(record));
  durable();
}

void MemoryStore::keep(core::Record record) {
  if (auto* call = std::get_if<core::CallRecord>(&record)) return keep_call(std::move(*call));
  if (const auto* gone = std::get_if<core::GoneRecord>(&record)) {
    others_.erase(gone->key);
    return;
  }
  auto key = core::key_of(record);
  const auto known = others_.find(key);
  if (known == others_.end()) {
    others_.emplace(std::move(key), Entry{std::move(record), ++last_number_});
  } else {
    known->second.record = std::move(record);
  }
}

void MemoryStore::keep_call(core::CallRecord record) {
  const auto id = record.id;
  const auto known = calls_.find(id);
  if (known != calls_.end()) {
    known->second.record = std::move(record);
    return;
  }
  order_.emplace(Place{record.created_at, ++last_number_}, id);
  calls_.emplace(id, CallEntry{std::move(record), last_number_});
  if (order_.size() <= max_calls_) return;
  calls_.erase(order_.begin()->second);
  order_.erase(order_.begin());
}

void MemoryStore::find_call(const CallId& id, OnCall found) {
  const auto entry = calls_.find(id);
  found(entry == calls_.end() ? std::nullopt : std::optional(entry->second.record));
}

void MemoryStore::find_inputs(const CallId& id, OnInputs found) {
  const auto entry = calls_.find(id);
  found(entry == calls_.end() ? nullptr : entry->second.record.inputs);
}

void MemoryStore::list_calls(const CallQuery& query, OnCalls found) {
  std::vector<core::CallRecord> records;
  auto place = order_.rbegin();
  const auto before = query.before ? calls_.find(*query.before) : calls_.end();
  if (before != calls_.end()) {
    place = std::make_reverse_iterator(order_.find(Place{before->second.record.created_at, before->second.number}));
  }
  for (; place != order_.rend() && records.size() < query.limit; ++place) {
    const auto& record = calls_.at(place->second).record;
    if (matches(record, query)) records.push_back(record);
  }
  found(std::move(records));
}

Found<std::vector<core::Record>> MemoryStore::load(Instant ended_since) {
  std::vector<std::pair<std::uint64_t, core::Record>> found;
  for (const auto& [id, entry] : calls_) {
    const auto ended_at = entry.record.ended_at;
    if (!ended_at || *ended_at >= ended_since) found.emplace_back(entry.number, entry.record);
  }
  for (const auto& [key, entry] : others_) found.emplace_back(entry.number, entry.record);
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<core::Record> records;
  for (auto& [number, record] : found) records.push_back(std::move(record));
  return records;
}

void MemoryStore::purge(Instant ended_before, std::function<void()> done) {
  std::erase_if(order_, [&](const auto& place) {
    const auto entry = calls_.find(place.second);
    const auto ended_at = entry->second.record.ended_at;
    const bool old = ended_at && *ended_at < ended_before;
    if (old) calls_.erase(entry);
    return old;
  });
  done();
}

void MemoryStore::forget_user(const UserKey& user, std::function<void()> done) {
  for (auto& [id, entry] : calls_) {
    auto& record = entry.record;
    const bool took_part = record.caller == user.user || core::leg_of(record, user.user) != nullptr;
    if (record.project != user.project || record.phase != wire::Phase::Ended || !took_part) continue;
    for (const auto& leg : record.legs) {
      core::MissedRecord missed;
      missed.user = {record.project, leg.user};
      missed.record.call_id = id;
      others_.erase(core::key_of(missed));
    }
    core::forget_user(record, user.user);
  }
  done();
}

}  // namespace offhook::store
