// Everything an outsider knows of one call: what the server kept, what was said to it, and what each application was told.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "core/records.hpp"
#include "sim/world.hpp"

namespace offhook::sim {

// What a device can say about a call.
enum class Deed {
  Invite, RingAck, RingBusy, Ignore, Answer, Decline, DeclineBusy, Cancel, Hangup, GiveUp, MediaUp, MediaDown, MediaFailed, MoveHere,
  RingMore, Join, Ask,
};
inline constexpr std::size_t k_deeds = 17;

// In the order in which the server served it, by its clock.
struct Said {
  Instant at;
  DeviceIndex device = 0;
  Deed deed = Deed::Ask;
};

// One application's part in a call, from the first word to its last.
struct Part {
  DeviceIndex device = 0;
  std::uint64_t life = 0;
  client::CallView view;
  std::optional<client::CallMoment> stage;  // the last of Calling, Incoming, Ringing, Connecting, Active
  bool was_calling = false, was_incoming = false, was_connecting = false, was_active = false;
  Instant told_at{}, staged_at{}, ended_at{};
  std::optional<Instant> pressed_at;        // the person has hung up
  std::optional<Instant> answered_at;       // the person has answered
  std::optional<client::event::Ended> end;
  bool takes_over = false;                  // the call is on another device of the user; the server need not have heard of it
  bool is_dead = false;                     // its application was killed before the end
  bool is_wiped = false;                    // and its journal is gone
};

struct Case {
  CallId id;
  std::optional<core::CallRecord> decided, durable;  // the last of each
  std::optional<std::int64_t> ring_timeout_ms;       // of the invite
  std::vector<Said> said;
  std::vector<std::size_t> parts;                    // numbers of parts, in the order in which they began
  std::optional<Instant> ended_at;                   // decided, by the world's clock
  bool is_forgotten = false;                         // the server has lost its records while it lived
  bool may_be_forgotten = false;                     // or at some time after it began
  bool saw_restart = false;                          // the server was away at some time during it
  std::uint64_t newest_lost = 0;                     // version of what was decided and not known to be durable as a server went
  std::optional<Instant> started_at;                 // the server, for the last time during it, by its clock
  Duration away{};                                   // for so long, by its clock
  std::map<std::pair<UserId, DeviceId>, std::set<core::PushState>> push_words;  // all that the sender said of pushes of it
  bool was_moved = false;                            // somebody asked to move, or called into it
};

// What the server can know of a device's link.
struct Contact {
  core::LinkId link;                // the last that said hello
  bool is_linked = false;
  Instant heard_at{};               // by the server's clock
  Instant lost_at{};                // while it is not linked: since when
  bool was_refused = false;         // of some push the sender has said that there is no such address
  Instant greeted_at{};             // its last hello, until a welcome says that it was resumed
  Instant fresh_at{};               // since when its client has been the one it is; a fresh one need not be back in its calls
};

inline bool is_live(const core::CallRecord& record) { return record.phase != wire::Phase::Ended; }

}  // namespace offhook::sim
