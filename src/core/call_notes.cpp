// The time line of a call: what is noted, and how it gets into the record that is about to be stored.
#include <algorithm>

#include "core/call_engine.hpp"
#include "core/limits.hpp"

namespace offhook::core {
namespace {

// The type on the wire of a command that is about a call; empty: not worth a note.
struct NameOf {
  std::string operator()(const wire::Invite&) const { return "invite"; }
  std::string operator()(const wire::RingAck& said) const { return said.busy ? "ring_ack busy" : "ring_ack"; }
  std::string operator()(const wire::Ignore&) const { return "ignore"; }
  std::string operator()(const wire::Answer&) const { return "answer"; }
  std::string operator()(const wire::Decline& said) const { return said.reason == wire::DeclineReason::Busy ? "decline busy" : "decline"; }
  std::string operator()(const wire::Cancel&) const { return "cancel"; }
  std::string operator()(const wire::Hangup&) const { return "hangup"; }
  std::string operator()(const wire::GiveUp&) const { return "give_up"; }
  std::string operator()(const wire::MediaUp&) const { return "media_up"; }
  std::string operator()(const wire::MediaDown&) const { return "media_down"; }
  std::string operator()(const wire::MediaFailed&) const { return "media_failed"; }
  std::string operator()(const wire::MoveHere&) const { return "move_here"; }
  std::string operator()(const wire::RingMore&) const { return "ring_more"; }
  std::string operator()(const auto&) const { return {}; }
};

}  // namespace

// A call that flaps for hours fills it up; its end is noted whatever came before.
Note& CallEngine::note(Call& call, NoteKind kind, const UserId& user, const DeviceId& device) {
  const bool is_end = kind == NoteKind::Decided && user.empty();
  const bool is_full = call.notes.size() >= k_max_notes;
  if (is_full && !is_end) {
    kind = NoteKind::LeftOut;
    const bool is_said = std::any_of(call.notes.begin() + k_max_notes, call.notes.end(), [](const Note& n) { return n.kind == NoteKind::LeftOut; });
    if (is_said) return left_out_ = {};
  }
  auto& made = call.notes.emplace_back();
  made.at = desk_.now;
  made.kind = kind;
  if (kind == NoteKind::LeftOut) return left_out_ = {};
  made.user = user;
  made.device = device;
  return made;
}

void CallEngine::note_command(Call& call, const Member& who, const wire::ClientMessage& command) {
  auto name = std::visit(NameOf{}, command);
  if (name.empty() || call.phase == wire::Phase::Ended) return;
  note(call, NoteKind::Command, who.user.user, who.device).command = std::move(name);
}

void CallEngine::note_told(Call& call, const CallDevice& device) {
  auto& made = note(call, NoteKind::Told, device.self.user.user, device.self.device);
  made.phase = call.phase;
  made.state = device.state;
  made.outcome = device.outcome;
}

void CallEngine::note_end(Call& call, const UserId& user, wire::Outcome outcome, std::optional<wire::Reason> reason) {
  auto& made = note(call, NoteKind::Decided, user);
  made.outcome = outcome;
  made.reason = reason;
}

// `due` of one that begins to run; of one that is over there is none.
void CallEngine::note_timer(Call& call, const Timers& timers, TimerKind kind, std::optional<Instant> due) {
  if (kind == TimerKind::ForgetCall || kind == TimerKind::PushAgain) return;
  UserId user;
  each_leg(call, [&](const Leg& leg) {
    if (&leg.timers == &timers) user = leg.user.user;
  });
  auto& made = note(call, due ? NoteKind::Armed : NoteKind::Fired, user);
  made.timer = kind;
  made.due = due;
}

// What a device was told after the record had been made belongs into it too: they leave together, the record first. The
// record of an end is the last one; its time line is kept there only, as are its inputs.
void CallEngine::finish_records() {
  for (const auto& [id, index] : std::exchange(fresh_records_, {})) {
    auto* store = std::get_if<Store>(&(*desk_.out)[index]);
    auto* record = store == nullptr ? nullptr : std::get_if<CallRecord>(&store->record);
    auto* call = find(id);
    if (record == nullptr || call == nullptr) continue;
    const bool is_over = call->phase == wire::Phase::Ended;
    record->notes = is_over ? std::exchange(call->notes, {}) : call->notes;
    if (is_over) record->inputs = std::make_shared<const CallInputs>(std::exchange(call->inputs, {}));
  }
}

}  // namespace offhook::core
