// Questions about snapshots and commands that the parts of Calls share. Private to the engine.
#pragma once

#include "commands.hpp"

namespace offhook::client {

// Does the server hold a device in this state for a part of the call?
bool takes_part(wire::DeviceState you);
// Does this device ring, or is it about to?
bool rings(wire::DeviceState you);
// In a group others may be talking while this device still rings, or is silent (PROTOCOL.md section 6.5).
bool is_still_rung(wire::DeviceState you);
// Is this device in the call, or about to take it over?
bool is_in(wire::DeviceState you);
// What this device shows, if the call is over for it. A newer server may use a word we do not know; that it is over still counts.
std::optional<wire::Outcome> outcome_in(const wire::Snapshot& snapshot);
// Why it is over: in a group this user's part may be for another reason than the call, which may well go on.
std::optional<wire::Reason> reason_in(const wire::Snapshot& snapshot, wire::Outcome outcome);
// Nobody has answered, or this user has not: in a group others may be talking already.
bool is_unanswered(const wire::Snapshot& snapshot);
// Does media run for this user? In a group one may still be connecting while the others talk.
bool is_active_here(const wire::Snapshot& snapshot);
const wire::Party& peer_in(const wire::Snapshot& snapshot);
CallView view_of(const wire::Snapshot& snapshot);

bool is_invite(const wire::ClientMessage& command);
bool is_session_connect(const wire::ClientMessage& command);
bool is_media_word(const wire::ClientMessage& command);
// Takes this device out of the call for good.
bool is_last_word(const wire::ClientMessage& command);
// How a last word is written down until the server has answered it (JournalEntry::owes), and what is said again then.
std::string debt_of(const wire::ClientMessage& last_word);
wire::ClientMessage payment_of(const std::string& debt, CallId id);
// The call that a command names, if it names one.
std::optional<CallId> call_named_in(const wire::ClientMessage& command);
bool is_for(const Pending& pending, Handle handle);

}  // namespace offhook::client
