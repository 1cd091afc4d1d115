#include "call_facts.hpp"

namespace offhook::client {

using wire::DeviceState;
using wire::Outcome;
using wire::Phase;

bool takes_part(DeviceState you) {
  switch (you) {
    case DeviceState::Calling:
    case DeviceState::Notified:
    case DeviceState::Ringing:
    case DeviceState::Winner:
    case DeviceState::Joined:
    case DeviceState::Ignored:
    case DeviceState::Moving: return true;
    case DeviceState::Elsewhere:
    case DeviceState::Declined:
    case DeviceState::Busy:
    case DeviceState::Bystander:
    case DeviceState::Done: return false;
  }
  return false;
}

bool rings(DeviceState you) { return you == DeviceState::Notified || you == DeviceState::Ringing; }

bool is_still_rung(DeviceState you) { return rings(you) || you == DeviceState::Ignored; }

bool is_in(DeviceState you) { return you == DeviceState::Moving || you == DeviceState::Winner || you == DeviceState::Joined; }

std::optional<Outcome> outcome_in(const wire::Snapshot& snapshot) {
  if (snapshot.device_outcome) return snapshot.device_outcome;
  if (snapshot.phase == Phase::Ended) return snapshot.outcome.value_or(Outcome::Failed);
  switch (snapshot.you) {
    case DeviceState::Elsewhere: return Outcome::AnsweredElsewhere;
    case DeviceState::Declined: return Outcome::Declined;
    case DeviceState::Busy: return Outcome::Busy;
    case DeviceState::Done: return Outcome::Missed;
    case DeviceState::Calling:
    case DeviceState::Notified:
    case DeviceState::Ringing:
    case DeviceState::Winner:
    case DeviceState::Joined:
    case DeviceState::Bystander:
    case DeviceState::Ignored:
    case DeviceState::Moving: return std::nullopt;
  }
  return std::nullopt;
}

namespace {

// To a callee `callee` is the own leg; the caller has none.
const wire::LegView* own_leg(const wire::Snapshot& snapshot) {
  if (snapshot.role == wire::Role::Caller) return nullptr;
  const auto& legs = snapshot.legs;
  const auto own = std::find_if(legs.begin(), legs.end(), [&](const auto& leg) { return leg.user == snapshot.callee.user; });
  return own == legs.end() ? nullptr : &*own;
}

}  // namespace

std::optional<wire::Reason> reason_in(const wire::Snapshot& snapshot, Outcome outcome) {
  const auto* own = own_leg(snapshot);
  return own != nullptr && own->state == wire::LegState::Ended && own->outcome == outcome ? own->reason : snapshot.reason;
}

bool is_unanswered(const wire::Snapshot& snapshot) {
  if (snapshot.phase == Phase::Inviting) return true;
  return snapshot.role == wire::Role::Callee && (rings(snapshot.you) || snapshot.you == DeviceState::Ignored);
}

// Who is about to take a call over from another device is not in it yet (PROTOCOL.md section 6.6).
bool is_active_here(const wire::Snapshot& snapshot) {
  if (snapshot.phase != Phase::Active || snapshot.you == DeviceState::Moving) return false;
  const auto* own = own_leg(snapshot);
  return own == nullptr || own->state == wire::LegState::Joined;
}

const wire::Party& peer_in(const wire::Snapshot& snapshot) {
  return snapshot.role == wire::Role::Caller ? snapshot.callee : snapshot.caller;
}

CallView view_of(const wire::Snapshot& snapshot) {
  CallView view;
  view.call_id = snapshot.call_id;
  view.role = snapshot.role;
  view.peer = peer_in(snapshot).user;
  view.media = snapshot.media;
  return view;
}

bool is_invite(const wire::ClientMessage& command) { return std::holds_alternative<wire::Invite>(command); }
bool is_session_connect(const wire::ClientMessage& command) { return std::holds_alternative<wire::SessionConnect>(command); }
bool is_media_word(const wire::ClientMessage& command) {
  return std::holds_alternative<wire::MediaUp>(command) || std::holds_alternative<wire::MediaDown>(command);
}
bool is_last_word(const wire::ClientMessage& command) {
  return std::holds_alternative<wire::Cancel>(command) || std::holds_alternative<wire::Hangup>(command) ||
         std::holds_alternative<wire::Decline>(command) || std::holds_alternative<wire::GiveUp>(command);
}

std::string debt_of(const wire::ClientMessage& last_word) {
  if (std::holds_alternative<wire::Hangup>(last_word)) return "hangup";
  if (std::holds_alternative<wire::Cancel>(last_word)) return "cancel";
  if (const auto* decline = std::get_if<wire::Decline>(&last_word)) return decline->reason == wire::DeclineReason::Busy ? "busy" : "decline";
  return std::get<wire::GiveUp>(last_word).watchdog;
}

wire::ClientMessage payment_of(const std::string& debt, CallId id) {
  if (debt == "hangup") return wire::Hangup{"", id};
  if (debt == "cancel") return wire::Cancel{"", id, {}};
  if (debt == "decline") return wire::Decline{"", id, wire::DeclineReason::Declined};
  if (debt == "busy") return wire::Decline{"", id, wire::DeclineReason::Busy};
  return wire::GiveUp{"", id, debt};
}

std::optional<CallId> call_named_in(const wire::ClientMessage& command) {
  return std::visit(
      [&](const auto& said) -> std::optional<CallId> {
        if constexpr (requires { said.call_id; }) {
          return said.call_id;
        } else {
          return std::nullopt;
        }
      },
      command);
}

bool is_for(const Pending& pending, Handle handle) {
  const auto* owner = std::get_if<ForCall>(&pending.owner);
  return owner != nullptr && owner->handle == handle;
}

}  // namespace offhook::client
