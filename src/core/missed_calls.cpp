#include "core/missed_calls.hpp"

#include <algorithm>

#include "core/limits.hpp"

namespace offhook::core {
namespace {

RecordKey missed_key(const UserKey& user, CallId call) {
  MissedRecord named;
  named.user = user;
  named.record.call_id = call;
  return key_of(named);
}

}  // namespace

// They come in the order of `since`.
void MissedCalls::restore(MissedRecord&& kept) {
  auto& entry = users_[kept.user].emplace_back(Entry{std::move(kept.record), kept.since, {}});
  for (auto& device : kept.known_by) entry.told[std::move(device)] = std::nullopt;
  order_.push_back({kept.since, std::move(kept.user), entry.record.call_id});
}

void MissedCalls::add(const MissedCall& mail) {
  forget_old();
  if (find(mail.user, mail.record.call_id) != nullptr) return;
  auto& entries = users_[mail.user];
  const bool is_too_old = entries.size() >= k_max_missed_per_user && mail.since < entries.front().since;
  if (is_too_old) return;
  auto& entry = entries.emplace_back(Entry{mail.record, mail.since, {}});
  for (const auto& [device, client] : mail.told) entry.told[device] = client;
  order_.push_back({mail.since, mail.user, mail.record.call_id});
  keep(mail.user, entry);
  if (entries.size() > k_max_missed_per_user) forget(mail.user, entries.front().record.call_id);
}

void MissedCalls::seen(const MissedSeen& mail) {
  auto* entry = find(mail.user, mail.call);
  if (entry == nullptr) return;
  const auto [told, is_new] = entry->told.try_emplace(mail.device, std::nullopt);
  const bool knew = !is_new && !told->second;
  told->second = std::nullopt;
  if (!knew) keep(mail.user, *entry);
}

MissedCalls::Entry* MissedCalls::find(const UserKey& user, CallId call) {
  const auto found = users_.find(user);
  if (found == users_.end()) return nullptr;
  const auto entry = std::find_if(found->second.begin(), found->second.end(),
                                  [&](const Entry& each) { return each.record.call_id == call; });
  return entry == found->second.end() ? nullptr : &*entry;
}

// Only what is known for good: a client that has been told and not said so may be gone after a restart.
void MissedCalls::keep(const UserKey& user, const Entry& entry) {
  MissedRecord kept{user, entry.record, entry.since, {}};
  for (const auto& [device, client] : entry.told) {
    if (!client) kept.known_by.push_back(device);
  }
  desk_.effect(Store{std::move(kept)});
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
    desk_.tell(member.client, wire::Missed{0, entry.record});
  }
}

void MissedCalls::forget_old() {
  const auto is_over = [&](const Place& place) {
    return order_.size() > desk_.settings.capacity.missed || place.since + desk_.settings_of(place.user.project).keep_missed <= desk_.now;
  };
  while (!order_.empty() && is_over(order_.front())) {
    forget(order_.front().user, order_.front().call);
    order_.pop_front();
  }
}

void MissedCalls::forget(const UserKey& user) {
  std::vector<std::pair<UserKey, CallId>> all;
  for (const auto& [owner, entries] : users_) {
    if (owner.project != user.project) continue;
    for (const auto& entry : entries) {
      const auto& legs = entry.record.legs;
      const bool in_group = std::any_of(legs.begin(), legs.end(), [&](const auto& leg) { return leg.user == user.user; });
      if (owner == user || entry.record.peer == user.user || in_group) all.emplace_back(owner, entry.record.call_id);
    }
  }
  std::sort(all.begin(), all.end());  // not in the order of a hash map
  for (const auto& [owner, call] : all) forget(owner, call);
}

void MissedCalls::forget(const UserKey& user, CallId call) {
  const auto found = users_.find(user);
  if (found == users_.end() || find(user, call) == nullptr) return;
  desk_.effect(Store{GoneRecord{missed_key(user, call)}});
  std::erase_if(found->second, [&](const Entry& entry) { return entry.record.call_id == call; });
  if (found->second.empty()) users_.erase(found);
}

}  // namespace offhook::core
