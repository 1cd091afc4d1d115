// What a device remembers of its calls over restarts (PROTOCOL.md section 8.1): nothing is lost, told twice or rung again because
// a process died. Plain data; where it is kept is for the layer around the engine (client.hpp: ClientOptions::state_file).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/ids.hpp"
#include "wire/messages.hpp"

namespace offhook::client {

// Silenced: it has stopped ringing for want of contact; unlike Ended it may ring again when a welcome says that it still rings.
enum class JournalState { Live, Silenced, Ended };

// One call that this device took part in.
struct JournalEntry {
  CallId call_id;
  JournalState state = JournalState::Live;
  wire::Role role = wire::Role::Caller;
  UserId peer;
  wire::Media media = wire::Media::None;
  // Unless live: what this device has shown, or what the server has said since. LostContact: its word has not come yet.
  wire::Outcome outcome = wire::Outcome::LostContact;
  std::optional<wire::Reason> reason;
  // Milliseconds since the Unix epoch at which it became so, by the server's clock once that is known, else by the device's.
  std::int64_t at_ms = 0;
  bool seen = false;                // the application has been told of the end
  // The last word that the server has not answered: hangup, cancel, decline, busy (a decline for that reason), or else the watchdog of
  // a give_up.
  std::optional<std::string> owes;
};

}  // namespace offhook::client
