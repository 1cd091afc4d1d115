#include "core/missed_calls.hpp"

#include <algorithm>

#include "core/limits.hpp"

namespace offhook::core {

void MissedCalls::add(const MissedCall& mail) {
  forget_old();
  auto& entries = users_[mail.user];
  auto& entry = entries.emplace_back(Entry{mail.record, {}});
  for (const auto& [device, client] : mail.told) entry.told[device] = client;
  if (entries.size() > k_max_missed_per_user) entries.pop_front();
  order_.push_back({desk_.now, mail.user, mail.record.call_id});
}

void MissedCalls::seen(const MissedSeen& mail) {
  const auto user = users_.find(mail.user);
  if (user == users_.end()) return;
  for (auto& entry : user->second) {
    if (entry.record.call_id == mail.call) entry.told[mail.device] = std::nullopt;
  }
}

void MissedCalls::tell(const Member& member, const std::vector<CallId>& shown) {
  forget_old();
  const auto user = users_.find(member.user);
  if (user == users_.end()) return;
  for (auto& entry : user->second) {
    const auto told = entry.told.find(member.device);
    // An event that this same client has not acknowledged is still on its way.
    const bool knows = told != entry.told.end() && (!told->second || *told->second == member.client);
    if (knows) continue;
    if (entry.told.size() >= k_max_devices_per_call) entry.told.erase(entry.told.begin());
    entry.told[member.device] = member.client;
    if (std::find(shown.begin(), shown.end(), entry.record.call_id) != shown.end()) continue;
    desk_.post(GiveEvent{member.client, wire::Missed{0, entry.record}});
  }
}

void MissedCalls::forget_old() {
  const auto is_over = [&](const Place& place) {
    return order_.size() > k_max_missed || place.since + desk_.settings_of(place.user.project).keep_missed <= desk_.now;
  };
  while (!order_.empty() && is_over(order_.front())) {
    forget(order_.front().user, order_.front().call);
    order_.pop_front();
  }
}

void MissedCalls::forget(const UserKey& user, CallId call) {
  const auto found = users_.find(user);
  if (found == users_.end()) return;
  std::erase_if(found->second, [&](const Entry& entry) { return entry.record.call_id == call; });
  if (found->second.empty()) users_.erase(found);
}

}  // namespace offhook::core
