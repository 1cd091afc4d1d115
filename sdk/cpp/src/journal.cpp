#include "journal.hpp"

namespace offhook::client {

using wire::Outcome;

namespace {

constexpr auto is_older = [](const auto* a, const auto* b) {
  return std::pair(a->entry.at_ms, a->entry.call_id) < std::pair(b->entry.at_ms, b->entry.call_id);
};

}  // namespace

// More than there may be can only come of a file that somebody has changed; the newest are kept.
Journal::Journal(Desk& desk) : desk_(desk) {
  for (const auto& entry : desk.options.journal) {
    entries_[entry.call_id] = {entry, false, false};
    newest_ms_ = std::max(newest_ms_, entry.at_ms);
  }
  while (entries_.size() > k_max_journal) entries_.erase(by_age().front()->entry.call_id);
}

// --- by this device

void Journal::begin(const CallView& call) {
  auto& kept = entry_for(call);
  kept.is_hopeless = false;
  kept.is_of_this_life = true;
  kept.entry.state = JournalState::Live;
  kept.entry.outcome = Outcome::LostContact;
  kept.entry.reason.reset();
  kept.entry.seen = false;
  kept.entry.owes.reset();
  stamp(kept);
  keep(kept);
}

void Journal::end(const CallView& call, End end) {
  auto& kept = entry_for(call);
  kept.is_of_this_life = true;
  kept.entry.state = end.may_ring ? JournalState::Silenced : JournalState::Ended;
  kept.entry.outcome = end.outcome;
  kept.entry.reason = end.reason;
  kept.entry.seen = false;
  kept.entry.owes = std::move(end.owes);
  stamp(kept);
  keep(kept);
}

void Journal::owe(const CallView& call, const std::string& last_word) {
  const bool is_new = find(*call.call_id) == nullptr;
  auto& kept = entry_for(call);
  kept.entry.state = JournalState::Ended;
  kept.entry.owes = last_word;
  if (is_new) kept.entry.seen = true;  // the application has never heard of it, or was told of its end before it had an id
  stamp(kept);
  keep(kept);
}

void Journal::see(CallId id) {
  const auto found = entries_.find(id);
  if (found == entries_.end() || found->second.entry.state == JournalState::Live || found->second.entry.seen) return;
  found->second.entry.seen = true;
  keep(found->second);
}

// --- by the server

void Journal::settle(CallId id, Outcome outcome, std::optional<wire::Reason> reason) {
  const auto found = entries_.find(id);
  if (found == entries_.end()) return;
  auto& entry = found->second.entry;
  const bool was_live = entry.state == JournalState::Live;
  const bool is_news = was_live || (entry.outcome == Outcome::LostContact && outcome != Outcome::LostContact);
  if (!is_news) return;
  entry.state = JournalState::Ended;
  entry.outcome = outcome;
  entry.reason = reason;
  if (was_live) stamp(found->second);
  keep(found->second);
  if (was_live) tell_if_known(found->second);
}

void Journal::acknowledge(CallId id) {
  const auto found = entries_.find(id);
  if (found == entries_.end() || !found->second.entry.owes) return;
  found->second.entry.owes.reset();
  keep(found->second);
  tell_if_known(found->second);
}

void Journal::give_up_hope(CallId id) {
  const auto found = entries_.find(id);
  if (found == entries_.end()) return;
  found->second.is_hopeless = true;
  settle(id, Outcome::LostContact, std::nullopt);
  acknowledge(id);
}

// --- questions

bool Journal::has_ended(CallId id) const {
  const auto* entry = find(id);
  return entry != nullptr && entry->state != JournalState::Live;
}

bool Journal::is_silenced(CallId id) const {
  const auto* entry = find(id);
  return entry != nullptr && entry->state == JournalState::Silenced;
}

std::vector<CallId> Journal::live() const {
  std::vector<CallId> out;
  for (const auto& [id, kept] : entries_) {
    if (kept.entry.state == JournalState::Live) out.push_back(id);
  }
  return out;
}

std::vector<CallId> Journal::unsettled() const {
  std::vector<const Kept*> open;
  for (const auto& [id, kept] : entries_) {
    const bool is_open = kept.entry.state == JournalState::Live || kept.entry.outcome == Outcome::LostContact;
    if (is_open && !kept.is_hopeless) open.push_back(&kept);
  }
  std::sort(open.rbegin(), open.rend(), is_older);
  std::vector<CallId> out;
  for (const auto* kept : open) out.push_back(kept->entry.call_id);
  return out;
}

std::vector<JournalEntry> Journal::owing() const {
  std::vector<JournalEntry> out;
  for (const auto& [id, kept] : entries_) {
    if (kept.entry.owes) out.push_back(kept.entry);
  }
  return out;
}

std::optional<std::string> Journal::debt(CallId id) const {
  const auto* entry = find(id);
  return entry == nullptr ? std::nullopt : entry->owes;
}

std::vector<JournalEntry> Journal::unseen() const {
  std::vector<JournalEntry> out;
  for (const auto* kept : by_age()) {
    if (kept->entry.state != JournalState::Live && !kept->entry.seen) out.push_back(kept->entry);
  }
  return out;
}

// --- helpers

const JournalEntry* Journal::find(CallId id) const {
  const auto found = entries_.find(id);
  return found == entries_.end() ? nullptr : &found->second.entry;
}

Journal::Kept& Journal::entry_for(const CallView& call) {
  if (!entries_.contains(*call.call_id)) make_room();
  auto& kept = entries_[*call.call_id];
  kept.entry.call_id = *call.call_id;
  kept.entry.role = call.role;
  kept.entry.peer = call.peer;
  kept.entry.media = call.media;
  return kept;
}

// The oldest goes, but rather one that nobody waits for. Live ones stay: there are fewer of them than entries.
void Journal::make_room() {
  static_assert(k_max_calls < k_max_journal);
  if (entries_.size() < k_max_journal) return;
  const auto oldest = [&](auto is_wanted) {
    const Kept* found = nullptr;
    for (const auto& [id, kept] : entries_) {
      if (is_wanted(kept.entry) && (found == nullptr || is_older(&kept, found))) found = &kept;
    }
    return found;
  };
  const auto* victim = oldest([](const JournalEntry& entry) { return entry.state != JournalState::Live && entry.seen && !entry.owes; });
  if (victim == nullptr) victim = oldest([](const JournalEntry& entry) { return entry.state != JournalState::Live; });
  if (victim == nullptr) victim = oldest([](const JournalEntry&) { return true; });  // all 256 were live in earlier lives
  const auto id = victim->entry.call_id;
  entries_.erase(id);
  desk_.output(Forget{id});
}

// A device that is woken may not have heard the server's clock yet, and its own may be wrong; what happens now is younger than all that is
// known nevertheless.
void Journal::stamp(Kept& kept) {
  newest_ms_ = std::max(desk_.unix_ms(), desk_.knows_unix_ms() ? newest_ms_ : newest_ms_ + 1);
  kept.entry.at_ms = newest_ms_;
}

void Journal::keep(const Kept& kept) { desk_.output(Keep{kept.entry}); }

// Of a call of an earlier life, once nothing more is to be learnt.
void Journal::tell_if_known(const Kept& kept) {
  const auto& entry = kept.entry;
  if (kept.is_of_this_life || entry.seen || entry.owes || entry.state == JournalState::Live) return;
  desk_.tell(event::UnseenOutcome{entry});
}

std::vector<const Journal::Kept*> Journal::by_age() const {
  std::vector<const Kept*> out;
  for (const auto& [id, kept] : entries_) out.push_back(&kept);
  std::sort(out.begin(), out.end(), is_older);
  return out;
}

}  // namespace offhook::client
