// What a deadline of the engine is for.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

namespace offhook::core {

enum class TimerKind : std::uint8_t {
  HelloTimeout, Heartbeat, ContactLost, ResumeOver,                                          // link, client
  Setup, Wake, Ring, CallerGrace, Connect, Grace, Media, MaxDuration, Move, Alone, ForgetCall, DrainOver, PushAgain,  // call
  Expectation, ForgetSession,                                                                // session
};

// Those of a call outlive the process (PushAgain follows from the devices of a leg); these are their names in a store, which never change.
inline constexpr std::array<std::pair<TimerKind, std::string_view>, 11> k_kept_timers{{
    {TimerKind::Setup, "setup"},
    {TimerKind::Wake, "wake"},
    {TimerKind::Ring, "ring"},
    {TimerKind::CallerGrace, "caller_grace"},
    {TimerKind::Connect, "connect"},
    {TimerKind::Grace, "grace"},
    {TimerKind::Media, "media"},
    {TimerKind::MaxDuration, "max"},
    {TimerKind::Move, "move"},
    {TimerKind::Alone, "alone"},
    {TimerKind::ForgetCall, "forget"},
}};

// Empty: not one that is kept.
constexpr std::string_view name_of(TimerKind kind) {
  for (const auto& [kept, name] : k_kept_timers) {
    if (kept == kind) return name;
  }
  return {};
}

constexpr std::optional<TimerKind> timer_named(std::string_view text) {
  for (const auto& [kept, name] : k_kept_timers) {
    if (name == text) return kept;
  }
  return std::nullopt;
}

}  // namespace offhook::core
