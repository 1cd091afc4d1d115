// Every number of the core that an operator cannot set (PROTOCOL.md section 12).
#pragma once

#include <chrono>
#include <cstddef>

#include "base/time.hpp"

namespace offhook::core {

// How much of each an engine has in all, whatever it is asked for.
struct Capacity {
  std::size_t clients = 200'000;            // about 2 GiB when all are busy
  std::size_t live_calls = 100'000;
  std::size_t kept_calls = 100'000;         // ended ones; the oldest are forgotten first
  std::size_t sessions = 200'000;
  std::size_t seen_users = 1'000'000;       // remembered for users.refuse_unknown
  std::size_t parked_memories = 100'000;    // answers to devices that are gone
  std::size_t missed = 500'000;             // of all users; the oldest are forgotten first
  std::size_t push_devices = 500'000;       // registered ones of all users, about 1 KiB each; the oldest go first
  std::size_t rules = 1'000'000;            // users with rules of their own
  std::size_t ring_buckets = 200'000;       // in each of three maps
  std::size_t early_cancels = 100'000;      // of all devices, within k_early_cancel_lifetime
};

inline constexpr std::size_t k_max_calls_per_device = 16;       // live ones it has placed
inline constexpr std::size_t k_max_calls_elsewhere = 16;        // told to a device; the oldest ids first
inline constexpr std::size_t k_max_devices_per_call = 32;
inline constexpr std::size_t k_max_legs = 16;                   // users called by one call
inline constexpr std::size_t k_max_notes = 200;                  // in the time line of a call; its end comes on top
inline constexpr std::size_t k_max_early_cancels = 16;          // per device, of invites that have not come yet
inline constexpr std::size_t k_max_missed_per_user = 100;
inline constexpr std::size_t k_max_push_devices_per_user = 10;  // the one not seen for longest goes
inline constexpr Duration k_push_touch_period = std::chrono::hours{24};  // how exactly it is kept when a device was seen
inline constexpr std::size_t k_max_sessions_per_client = 16;
inline constexpr std::size_t k_max_connections_per_session = 1'000;
inline constexpr std::size_t k_max_streams_per_session = 64;
inline constexpr std::size_t k_max_expectations_per_session = 32;
inline constexpr std::size_t k_max_remembered_commands = 256;   // per device
inline constexpr std::size_t k_max_unacknowledged_events = 512;
inline constexpr std::size_t k_max_unacknowledged_bytes = 1'048'576;
inline constexpr std::size_t k_max_presence_reply = 200;
inline constexpr std::int64_t k_commands_per_second = 50;
inline constexpr std::int64_t k_command_burst = 200;
inline constexpr Duration k_hello_timeout = std::chrono::seconds{5};  // from the accepted socket on
inline constexpr std::int64_t k_hellos_per_second = 2'000;  // each of some 0.1 ms; those of devices in a call are not counted
inline constexpr std::int64_t k_hello_burst = 2'000;
inline constexpr std::int64_t k_overloaded_hellos_one_in = 8;  // of both, while the program is overloaded
inline constexpr Duration k_min_retry = std::chrono::seconds{1};   // what those are told who are to come again
inline constexpr Duration k_max_retry = std::chrono::seconds{30};
inline constexpr Duration k_session_lifetime = std::chrono::hours{24};  // after the last connection left

// A restart gives the sides of an answered call time to come back, but no crash loop keeps a call alive.
inline constexpr Duration k_restart_extension = std::chrono::seconds{5};
inline constexpr Duration k_max_restart_extension = std::chrono::seconds{15};  // of one deadline, however many restarts
inline constexpr std::size_t k_max_invites_per_call = 16;         // sent again after a restart they return the call

inline constexpr Duration k_early_cancel_lifetime = std::chrono::seconds{60};
inline constexpr Duration k_parked_lifetime = std::chrono::minutes{10};

}  // namespace offhook::core
