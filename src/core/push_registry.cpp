#include "core/push_registry.hpp"

#include <algorithm>

#include "core/limits.hpp"

namespace offhook::core {

void PushRegistry::restore(PushRecord&& kept) { put(std::move(kept)); }

// A device that says the same again is written anew once a day only.
void PushRegistry::keep(const Member& member, const wire::PushAddress& address) {
  const auto found = records_.find({member.user, member.device});
  const bool is_known = found != records_.end() && found->second.address == address && found->second.name == member.name;
  if (is_known && found->second.since + k_push_touch_period > desk_.now) return;
  const auto owner = owners_.find({member.user.project, address});
  const bool is_anothers = owner != owners_.end() && owner->second != Key{member.user, member.device};
  if (is_anothers) drop(records_.find(owner->second));
  PushRecord record{member.user, member.device, member.name, address, desk_.now};
  desk_.effect(Store{record});
  put(std::move(record));
  forget_old();
  auto all = of(member.user);
  const auto oldest = std::min_element(all.begin(), all.end(), [](const auto* a, const auto* b) { return a->since < b->since; });
  if (all.size() > k_max_push_devices_per_user) forget(member.user, (*oldest)->device);
}

bool PushRegistry::touch(const Member& member) {
  const auto* record = find(member.user, member.device);
  if (record == nullptr) return false;
  keep(member, wire::PushAddress(record->address));
  return true;
}

void PushRegistry::put(PushRecord&& record) {
  const Key key{record.user, record.device};
  if (const auto old = records_.find(key); old != records_.end()) {
    by_age_.erase({old->second.since, key});
    owners_.erase({key.first.project, old->second.address});
  }
  by_age_.emplace(record.since, key);
  owners_[{key.first.project, record.address}] = key;
  records_.insert_or_assign(key, std::move(record));
}

PushRegistry::Records::iterator PushRegistry::drop(Records::iterator place) {
  const auto& [key, record] = *place;
  desk_.effect(Store{GoneRecord{key_of(record)}});
  by_age_.erase({record.since, key});
  owners_.erase({key.first.project, record.address});
  return records_.erase(place);
}

void PushRegistry::forget(const UserKey& user, const DeviceId& device) {
  if (const auto found = records_.find({user, device}); found != records_.end()) drop(found);
}

void PushRegistry::forget(const UserKey& user, const DeviceId& device, const wire::PushAddress& address) {
  const auto found = records_.find({user, device});
  if (found != records_.end() && found->second.address == address) drop(found);
}

void PushRegistry::forget(const UserKey& user) {
  for (auto place = records_.lower_bound({user, {}}); place != records_.end() && place->first.first == user;) place = drop(place);
}

bool PushRegistry::is_over(const PushRecord& record) const {
  return record.since + desk_.settings_of(record.user.project).keep_push <= desk_.now;
}

void PushRegistry::forget_old() {
  while (!by_age_.empty()) {
    const auto oldest = records_.find(by_age_.begin()->second);
    if (records_.size() <= desk_.settings.capacity.push_devices && !is_over(oldest->second)) return;
    drop(oldest);
  }
}

const PushRecord* PushRegistry::find(const UserKey& user, const DeviceId& device) const {
  const auto found = records_.find({user, device});
  return found == records_.end() || is_over(found->second) ? nullptr : &found->second;
}

std::vector<const PushRecord*> PushRegistry::of(const UserKey& user) const {
  std::vector<const PushRecord*> found;
  for (auto place = records_.lower_bound({user, {}}); place != records_.end() && place->first.first == user; ++place) {
    if (!is_over(place->second)) found.push_back(&place->second);
  }
  return found;
}

}  // namespace offhook::core
