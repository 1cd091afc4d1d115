// Every number of the client engine that nobody can set (PROTOCOL.md sections 3 to 8). Private to the engine.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "base/time.hpp"

namespace offhook::client {

inline constexpr std::size_t k_max_pending = 256;           // commands without an answer; as many as the server remembers per device
inline constexpr std::size_t k_max_abandoned = 32;          // invites given up whose call may still turn out to exist
inline constexpr std::size_t k_max_calls = 64;              // live ones of this device, placed and incoming
inline constexpr std::size_t k_max_journal = 256;           // calls that are remembered over restarts (PROTOCOL.md section 8.1)
inline constexpr std::size_t k_max_elsewhere = 16;          // live calls of other devices; the most the server tells
inline constexpr std::size_t k_max_strangers = 64;          // calls told of before the reply to the invite that made them
inline constexpr std::size_t k_max_closed_sessions = 256;   // of ended calls; what still comes from them is passed over
inline constexpr std::size_t k_max_early_expectations = 32; // ended before the reply to their command; the server's limit per session
inline constexpr std::size_t k_max_present = 200;           // users known to be online; the most a presence reply names

inline constexpr std::uint64_t k_ack_every = 64;            // events a client may leave unacknowledged before it must say ack

inline constexpr Duration k_opening = std::chrono::seconds{10};  // socket to welcome; a dead network may never say that it is dead
inline constexpr Duration k_min_period = std::chrono::milliseconds{100};
inline constexpr Duration k_first_delay = std::chrono::milliseconds{250};
inline constexpr Duration k_max_delay = std::chrono::seconds{5};
// In a call all must be over before its drop_grace is. An opening in which a few packets are lost repeats them ever more slowly, and is
// better begun anew; but after so many of those one is given its time, for a network may just be slow.
inline constexpr Duration k_urgent_opening = std::chrono::seconds{4};
inline constexpr int k_urgent_openings = 2;
inline constexpr Duration k_max_urgent_delay = std::chrono::seconds{1};
inline constexpr Duration k_max_asked = std::chrono::seconds{60};        // the longest pause a server can ask for (retry_after_ms)
inline constexpr Duration k_max_urgent_asked = std::chrono::seconds{4};  // in a call, whose drop_grace runs
inline constexpr Duration k_settled = std::chrono::seconds{5};  // a link up for less counts as another failed attempt, or a
                                                                // server that throws us out would be stormed
inline constexpr Duration k_probe = std::chrono::seconds{5};    // after waking up, or a command on a link that was long silent: how long the
                                                                // server has to answer our ping
inline constexpr Duration k_doubt = std::chrono::milliseconds{2500};  // an idle link is heard every 25 s only; what is said on one that may
                                                                      // be dead long since must not wait until that is noticed
inline constexpr Duration k_rate_limited_pause = std::chrono::seconds{1};
inline constexpr Duration k_expect_margin = std::chrono::seconds{5};  // past the server's deadline, before the client says it alone

// An invite that is not answered is sent again, counted from the first sending.
inline constexpr std::array k_invite_resends{Duration{std::chrono::milliseconds{500}}, Duration{std::chrono::seconds{1}},
                                             Duration{std::chrono::seconds{2}}, Duration{std::chrono::seconds{4}}};

}  // namespace offhook::client
