#include "adapters/store/kept_notes.hpp"

#include "adapters/store/blob.hpp"

namespace offhook::store {
namespace {

constexpr std::uint64_t k_places = 64;  // numbers for a leg: itself, and more devices than it can have

// `who` is (leg + 1) × 64 + device + 1, where the caller's leg is 0, and device + 1 is 0 for the user alone. It holds for good: legs
// and devices are only ever added. Somebody who is not in the record is named in full.
struct KeptNote {
  std::int64_t at = 0;  // µs after the creation
  core::NoteKind kind = core::NoteKind::Placed;
  std::optional<std::uint64_t> who;
  std::optional<std::string> user, device, command;
  std::optional<wire::Phase> phase;
  std::optional<wire::DeviceState> state;
  std::optional<wire::Outcome> outcome;
  std::optional<wire::Reason> reason;
  std::optional<core::TimerKind> timer;
  std::optional<std::int64_t> due;  // µs after the creation
};

struct KeptNotes {
  std::vector<KeptNote> list;
};

template <class Visitor>
void describe(Visitor& visit, Is<KeptNote> auto& note) {
  visit(1, note.at);
  visit(2, note.kind);
  visit(3, note.who);
  visit(4, note.user);
  visit(5, note.device);
  visit(6, note.command);
  visit(7, note.phase);
  visit(8, note.state);
  visit(9, note.outcome);
  visit(10, note.reason);
  visit(11, note.timer);
  visit(12, note.due);
}

template <class Visitor>
void describe(Visitor& visit, Is<KeptNotes> auto& notes) {
  visit(1, notes.list);
}

const core::LegRecord* leg_at(const core::CallRecord& call, std::size_t number) {
  if (number == 0) return &call.caller_leg;
  return number <= call.legs.size() ? &call.legs[number - 1] : nullptr;
}

std::optional<std::uint64_t> place_in(const core::LegRecord& leg, const DeviceId& device) {
  if (device.empty()) return 0;
  for (std::size_t i = 0; i < leg.devices.size() && i + 1 < k_places; ++i) {
    if (leg.devices[i].device == device) return i + 1;
  }
  return std::nullopt;
}

std::optional<std::uint64_t> number_of(const core::CallRecord& call, const UserId& user, const DeviceId& device) {
  for (std::size_t i = 0; i <= call.legs.size(); ++i) {
    const auto& leg = *leg_at(call, i);
    const auto place = leg.user == user ? place_in(leg, device) : std::nullopt;
    if (place) return (i + 1) * k_places + *place;
  }
  return std::nullopt;
}

KeptNote to_kept(const core::CallRecord& call, const core::Note& note) {
  KeptNote kept;
  kept.at = (note.at - call.created_at).count();
  kept.kind = note.kind;
  if (!note.user.empty() || !note.device.empty()) {
    kept.who = number_of(call, note.user, note.device);
    if (!kept.who) kept.user = note.user, kept.device = note.device;
  }
  if (!note.command.empty()) kept.command = note.command;
  kept.phase = note.phase;
  kept.state = note.state;
  kept.outcome = note.outcome;
  kept.reason = note.reason;
  kept.timer = note.timer;
  if (note.due) kept.due = (*note.due - call.created_at).count();
  return kept;
}

// False: there is nobody with this number.
bool name(const core::CallRecord& call, std::uint64_t who, core::Note& note) {
  const auto* leg = who < k_places ? nullptr : leg_at(call, who / k_places - 1);
  const auto device = who % k_places;
  if (leg == nullptr || device > leg->devices.size()) return false;
  note.user = leg->user;
  if (device > 0) note.device = leg->devices[device - 1].device;
  return true;
}

bool from_kept(const core::CallRecord& call, KeptNote&& kept, core::Note& note) {
  note.at = call.created_at + Duration{kept.at};
  note.kind = kept.kind;
  if (kept.user) note.user = std::move(*kept.user);
  if (kept.device) note.device = std::move(*kept.device);
  if (kept.command) note.command = std::move(*kept.command);
  note.phase = kept.phase;
  note.state = kept.state;
  note.outcome = kept.outcome;
  note.reason = kept.reason;
  note.timer = kept.timer;
  if (kept.due) note.due = call.created_at + Duration{*kept.due};
  return !kept.who || name(call, *kept.who, note);
}

}  // namespace

void append_notes(std::string& out, const core::CallRecord& call, std::size_t from) {
  BlobWriter writer(out);
  for (std::size_t i = from; i < call.notes.size(); ++i) writer(1, to_kept(call, call.notes[i]));
}

bool read_notes(std::string_view kept, core::CallRecord& call) {
  KeptNotes notes;
  if (!from_blob(kept, notes)) return false;
  for (auto& one : notes.list) {
    if (!from_kept(call, std::move(one), call.notes.emplace_back())) return false;
  }
  return true;
}

}  // namespace offhook::store
