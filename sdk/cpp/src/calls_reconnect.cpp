// Calls that no call here stands for: of other devices, of earlier lives of this one, given up, or told of before the reply that
// makes them; and what a welcome says of all.
#include <algorithm>

#include "call_facts.hpp"
#include "calls.hpp"
#include "wire/limits.hpp"

namespace offhook::client {

using wire::DeviceState;
using wire::Outcome;
using wire::Role;

namespace {

constexpr Handle k_incoming_bit = Handle{1} << 63;

}  // namespace

void Calls::on_stranger(const wire::Snapshot& snapshot) {
  if (may_be_placed(snapshot)) return keep_stranger(snapshot);
  if (outcome_in(snapshot) || !takes_part(snapshot.you)) return learn(snapshot);
  if (!rings(snapshot.you)) return refuse_stranger(snapshot);
  if (!journal_.has_ended(snapshot.call_id)) on_incoming(snapshot);
}

// Events, the last one among them, may overtake the reply to an invite when the link was lost between the two. The reply will say
// whose call it is: one of one's own, or the call of the very user that is called, which it has become part of (glare).
bool Calls::may_be_placed(const wire::Snapshot& snapshot) {
  if (rings(snapshot.you) || journal_.has_ended(snapshot.call_id)) return false;
  return commands_.find([&](const Pending& pending) {
    const auto* invite = std::get_if<wire::Invite>(&pending.command);
    return invite != nullptr && pending.sent_on != 0 && (snapshot.role == Role::Caller || snapshot.caller.user == invite->to);
  }) != nullptr;
}

void Calls::keep_stranger(const wire::Snapshot& snapshot) {
  if (strangers_.size() >= k_max_strangers) return;  // it comes again with the next welcome
  auto& kept = strangers_.try_emplace(snapshot.call_id, snapshot).first->second;
  if (kept.version < snapshot.version) kept = snapshot;
}

void Calls::on_event(const wire::Snapshot& snapshot) {
  const bool is_known = find(snapshot.call_id) != nullptr || may_be_placed(snapshot);
  if (!is_known && is_of_backend(snapshot)) return adopt(snapshot, Stage::Calling, CallMoment::Calling);
  on_snapshot(snapshot);
}

// An invite that was given up may have made it, too; then it must not go on.
bool Calls::is_of_backend(const wire::Snapshot& snapshot) const {
  const bool is_calling = snapshot.you == DeviceState::Calling && !outcome_in(snapshot);
  return is_calling && !journal_.has_ended(snapshot.call_id) && !commands_.has_abandoned() && calls_.size() < k_max_calls;
}

void Calls::on_incoming(const wire::Snapshot& snapshot) {
  if (calls_.size() < k_max_calls) return adopt(snapshot, Stage::Ringing, CallMoment::Incoming);
  journal_.end(view_of(snapshot), {Outcome::Busy, {}, {}, false});
  journal_.see(snapshot.call_id);
  commands_.submit(wire::RingAck{"", snapshot.call_id, true}, ForEngine{});
}

// Rings by what a push says, for as long as the server may take to be heard. One that is too late by this machine's clock, or rang here
// before: only the server knows whether it still rings.
void Calls::wake(const Woken& push) {
  if (find(push.call_id) != nullptr || journal_.has_ended(push.call_id)) return;
  const auto live = journal_.live();
  const bool rang_before = journal_.is_silenced(push.call_id) || std::find(live.begin(), live.end(), push.call_id) != live.end();
  if (push.remaining <= Duration{0} || rang_before || calls_.size() >= k_max_calls) return ask_whether(push.call_id);
  const Handle handle = k_incoming_bit | ++incoming_;
  auto& call = calls_[handle];
  call.view.handle = handle;
  call.view.call_id = push.call_id;
  call.view.role = Role::Callee;
  call.view.peer = push.caller.user;
  call.view.peer_device = push.caller.device;
  call.view.media = push.media;
  call.view.data = push.data;
  if (push.group) call.view.group_mode = wire::GroupMode::AllJoin;  // until the server says which
  call.stage = Stage::Ringing;
  call.since = desk_.now;
  call.woken_until = desk_.now + std::min(push.remaining, desk_.limits.wake);
  journal_.begin(call.view);
  tell(call, CallMoment::Incoming);
  if (link_.is_up()) say(call, wire::GetCall{"", push.call_id});
}

void Calls::ask_whether(CallId id) {
  asked_.insert(id);
  if (link_.is_up()) commands_.submit(wire::GetCall{"", id}, ForEngine{});
}

// The server is heard: it says whether this device rings, and is told that it does.
void Calls::confirm(Call& call, const wire::Snapshot& snapshot) {
  call.woken_until.reset();
  const bool is_to_ring = call.stage == Stage::Ringing && snapshot.you == DeviceState::Notified;
  if (is_to_ring) say(call, wire::RingAck{"", snapshot.call_id, false});
}

// A call that has begun without a word of this application.
void Calls::adopt(const wire::Snapshot& snapshot, Stage stage, CallMoment moment) {
  const Handle handle = k_incoming_bit | ++incoming_;
  auto& call = calls_[handle];
  call.view.handle = handle;
  call.view.call_id = snapshot.call_id;
  call.stage = stage;
  call.since = desk_.now;
  call.shown = snapshot;  // without what is told of in moments of its own
  call.shown->peer_unstable = false;
  call.shown->unstable.clear();
  call.shown->legs.clear();
  if (stage == Stage::Calling) call.shown->ringing = false;
  note(call, snapshot, true);
  journal_.begin(call.view);
  tell(call, moment);
  if (stage == Stage::Ringing) say(call, wire::RingAck{"", snapshot.call_id, false});
  apply(call, snapshot);
}

// A call in which the server believes this device to be, but the application does not know it, or knows that it is over: an
// invite given up too early, or the call of an application that has started anew. It must not go on with nobody here.
void Calls::refuse_stranger(const wire::Snapshot& snapshot) {
  if (outcome_in(snapshot) || !takes_part(snapshot.you)) return;
  const auto id = snapshot.call_id;
  if (is_awaiting_last_word(id)) return;
  // What a person has said before counts.
  auto farewell = payment_of(journal_.debt(id).value_or(snapshot.you == DeviceState::Calling ? "cancel" : "unknown"), id);
  journal_.owe(view_of(snapshot), debt_of(farewell));
  commands_.submit(std::move(farewell), ForEngine{});
}

bool Calls::is_awaiting_last_word(CallId id) {
  return commands_.find([&](const Pending& p) { return is_last_word(p.command) && call_named_in(p.command) == id; }) != nullptr;
}

void Calls::settle_strangers() {
  for (const auto& [id, snapshot] : std::exchange(strangers_, {})) on_snapshot(snapshot);
}

// --- what became of calls that are over here

void Calls::learn(const wire::Snapshot& snapshot) {
  if (const auto outcome = outcome_in(snapshot)) journal_.settle(snapshot.call_id, *outcome, reason_in(snapshot, *outcome));
}

void Calls::on_missed(const wire::HistoryRecord& record) {
  if (find(record.call_id) == nullptr) journal_.settle(record.call_id, record.your_outcome, record.reason);
}

void Calls::on_other_reply(const Pending& pending, const wire::Snapshot& snapshot) {
  if (auto* call = find(snapshot.call_id)) return apply(*call, snapshot);
  if (std::holds_alternative<wire::GetCall>(pending.command) && !Commands::is_asked_for(pending)) {
    take(snapshot);  // as if a welcome had shown it: the hello had no room for it
    if (find(snapshot.call_id) == nullptr) journal_.settle(snapshot.call_id, Outcome::LostContact, std::nullopt);
    return;
  }
  learn(snapshot);
  if (is_last_word(pending.command)) journal_.acknowledge(snapshot.call_id);
}

// Whatever the error is, the server has answered.
void Calls::on_other_error(const Pending& pending) {
  const auto id = call_named_in(pending.command);
  if (!id || find(*id) != nullptr || Commands::is_asked_for(pending)) return;
  if (is_last_word(pending.command) || std::holds_alternative<wire::GetCall>(pending.command)) journal_.give_up_hope(*id);
}

// --- reconnecting

std::vector<CallId> Calls::believed() {
  named_.clear();
  std::vector<CallId> ids;
  const auto add = [&](CallId id) {
    if (ids.size() < wire::k_max_hello_calls && named_.insert(id).second) ids.push_back(id);
  };
  for (const auto& [handle, call] : calls_) {
    if (call.view.call_id) add(*call.view.call_id);
  }
  for (const auto& id : asked_.members()) add(id);
  for (const auto& id : journal_.unsettled()) add(id);
  return ids;
}

// The snapshots in a welcome are newer than the events that a resume replays, which then have nothing to add. To a fresh client
// they are complete: what was asked for and is not among them is unknown to the server.
void Calls::on_welcome(const wire::Welcome& welcome) {
  std::set<CallId> known;
  for (const auto& snapshot : welcome.calls) known.insert(snapshot.call_id);
  if (!welcome.resumed) {
    for (auto& [handle, call] : calls_) {
      if (call.shown) call.shown->version = 0;  // a server that has started anew may count versions anew
    }
    end_unknown(known);
  }
  for (const auto& snapshot : welcome.calls) {
    take(snapshot);
  }
  if (welcome.resumed) return;
  settle_earlier(known);
  pay_debts();
  for (auto& [handle, call] : calls_) rejoin_session(call);
}

// What stopped ringing for want of contact rings again.
void Calls::take(const wire::Snapshot& snapshot) {
  const bool rings_again = rings(snapshot.you) && journal_.is_silenced(snapshot.call_id) && find(snapshot.call_id) == nullptr;
  rings_again ? on_incoming(snapshot) : on_snapshot(snapshot);
}

// A hello names 16 calls at most; of the others the server is asked one by one.
void Calls::end_unknown(const std::set<CallId>& known) {
  std::vector<Handle> unknown;
  for (auto& [handle, call] : calls_) {
    const auto id = call.view.call_id;
    if (!id || known.contains(*id) || call.stage == Stage::Taking) continue;
    if (named_.contains(*id)) {
      unknown.push_back(handle);
    } else if (!is_awaiting_last_word(*id)) {
      say(call, wire::GetCall{"", *id});
    }
  }
  for (const auto handle : unknown) end_unknown(*find(handle));
}

void Calls::end_unknown(Call& call) {
  const auto id = *call.view.call_id;
  finish(call, call.woken_until ? CallEnd{Outcome::Missed, std::nullopt, 0} : CallEnd{}, true);
  journal_.give_up_hope(id);
}

// What an earlier life has left: the snapshots of this welcome have said what became of the calls among them.
void Calls::settle_earlier(const std::set<CallId>& known) {
  for (const auto& id : journal_.unsettled()) {
    if (find(id) != nullptr || known.contains(id)) continue;
    if (named_.contains(id)) {
      journal_.give_up_hope(id);
    } else if (!is_awaiting_last_word(id)) {
      commands_.submit(wire::GetCall{"", id}, ForEngine{});
    }
  }
  for (const auto& id : journal_.live()) {
    if (known.contains(id) && find(id) == nullptr) journal_.settle(id, Outcome::LostContact, std::nullopt);
  }
}

// The farewells that never got through.
void Calls::pay_debts() {
  for (const auto& entry : journal_.owing()) {
    if (is_awaiting_last_word(entry.call_id) || find(entry.call_id) != nullptr) continue;
    commands_.submit(payment_of(*entry.owes, entry.call_id), ForEngine{});
  }
}

}  // namespace offhook::client
