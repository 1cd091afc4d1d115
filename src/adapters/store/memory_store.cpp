#include "adapters/store/store.hpp"

namespace offhook::store {
namespace {

bool matches(const core::CallRecord& record, const CallQuery& query) {
  return record.project == query.project && (!query.phase || record.phase == *query.phase) &&
         (!query.outcome || record.outcome == query.outcome) && (!query.from || record.created_at >= *query.from) &&
         (!query.to || record.created_at < *query.to) && (!query.user || core::concerns(record, *query.user));
}

}  // namespace

void MemoryStore::put(const core::Record& record, std::function<void()> durable) {
  if (const auto* call = std::get_if<core::CallRecord>(&record)) put_call(*call);
  durable();
}

void MemoryStore::put_call(const core::CallRecord& record) {
  const auto [place, is_new] = calls_.insert_or_assign(record.id, record);
  if (!is_new) return;
  order_.push_back(record.id);
  if (order_.size() > max_calls_) {
    calls_.erase(order_.front());
    order_.pop_front();
  }
}

std::optional<core::CallRecord> MemoryStore::call(const CallId& id) const {
  const auto found = calls_.find(id);
  return found == calls_.end() ? std::nullopt : std::optional(found->second);
}

std::vector<core::CallRecord> MemoryStore::calls(const CallQuery& query) const {
  std::vector<core::CallRecord> found;
  bool started = !query.before || !calls_.contains(*query.before);
  for (auto id = order_.rbegin(); id != order_.rend() && found.size() < query.limit; ++id) {
    const auto& record = calls_.at(*id);
    if (started && matches(record, query)) found.push_back(record);
    if (query.before == *id) started = true;
  }
  return found;
}

}  // namespace offhook::store
