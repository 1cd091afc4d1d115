// The options of a call that "call" and "calls create" share. Ranges are the protocol's (PROTOCOL.md section 6).
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/arguments.hpp"
#include "offhook/client.hpp"

namespace offhook::cli {

// A timer of one call alone.
struct CallTimer {
  std::string_view option;
  std::string_view field;  // of the REST interface
  std::optional<Milliseconds> CallOptions::*value;
  Milliseconds least, most;
};

inline constexpr std::array k_call_timers{
    CallTimer{"--ring-timeout", "ring_timeout_ms", &CallOptions::ring_timeout, std::chrono::seconds{1}, std::chrono::minutes{3}},
    CallTimer{"--wake-timeout", "wake_timeout_ms", &CallOptions::wake_timeout, std::chrono::seconds{1}, std::chrono::minutes{1}},
    CallTimer{"--connect-timeout", "connect_timeout_ms", &CallOptions::connect_timeout, std::chrono::seconds{5}, std::chrono::minutes{1}},
    CallTimer{"--drop-grace", "drop_grace_ms", &CallOptions::drop_grace, std::chrono::seconds{3}, std::chrono::minutes{2}},
    CallTimer{"--max-duration", "max_duration_ms", &CallOptions::max_duration, std::chrono::minutes{1}, std::chrono::hours{24}}};

// Everything of these options but whom to call.
Result<CallOptions, UsageError> call_options(const Arguments& arguments);

// More than one user, or a mode, makes it a group.
bool is_group(const Arguments& arguments, const std::vector<std::string>& users);
Result<Group, UsageError> group_options(const Arguments& arguments, const std::vector<std::string>& users);

// The outcome that an option names.
Result<std::optional<Outcome>, UsageError> outcome_in(const Arguments& arguments, std::string_view option);

}  // namespace offhook::cli
