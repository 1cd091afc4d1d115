// The words of the wire: one list per enumeration, in the order of its values. Private to this module; codec.hpp has the
// public face.
#pragma once

#include <array>
#include <optional>
#include <string_view>
#include <type_traits>

#include "base/check.hpp"
#include "wire/messages.hpp"

namespace offhook::wire {

template <class E>
inline constexpr std::array<std::string_view, 0> k_words{};

template <> inline constexpr std::array k_words<Media> = std::to_array<std::string_view>({"none", "audio", "video"});

template <> inline constexpr std::array k_words<Phase> =
    std::to_array<std::string_view>({"inviting", "connecting", "active", "ended"});

template <> inline constexpr std::array k_words<Role> = std::to_array<std::string_view>({"caller", "callee"});

template <> inline constexpr std::array k_words<DeviceState> = std::to_array<std::string_view>(
    {"calling", "notified", "ringing", "winner", "elsewhere", "declined", "busy", "joined", "bystander", "done",
     "ignored", "moving"});

template <> inline constexpr std::array k_words<DeclineReason> = std::to_array<std::string_view>({"declined", "busy"});

template <> inline constexpr std::array k_words<DeclinePolicy> =
    std::to_array<std::string_view>({"first_decline", "all_devices"});

template <> inline constexpr std::array k_words<GroupMode> = std::to_array<std::string_view>({"first_answer", "all_join"});

template <> inline constexpr std::array k_words<OwnerLeaves> = std::to_array<std::string_view>({"end", "stay"});

template <> inline constexpr std::array k_words<LegState> =
    std::to_array<std::string_view>({"invited", "ringing", "connecting", "joined", "ended"});

template <> inline constexpr std::array k_words<CallWaiting> =
    std::to_array<std::string_view>({"off", "ring_other_devices", "ring_all"});

template <> inline constexpr std::array k_words<MediaFailure> =
    std::to_array<std::string_view>({"ice_failed", "permission", "device"});

template <> inline constexpr std::array k_words<PushProvider> =
    std::to_array<std::string_view>({"apns_voip", "fcm", "web", "custom"});

template <> inline constexpr std::array k_words<Outcome> = std::to_array<std::string_view>(
    {"ended", "declined", "busy", "no_answer", "unreachable", "cancelled", "connect_failed", "dropped", "failed",
     "answered_elsewhere", "declined_elsewhere", "busy_elsewhere", "missed", "lost_contact",
     "moved_elsewhere"});

template <> inline constexpr std::array k_words<Reason> = std::to_array<std::string_view>(
    {"by_caller", "by_callee", "by_api", "max_duration", "by_user", "in_call", "ring_slots_full", "device_busy_all",
     "no_devices", "push_unacked", "caller_lost", "callee_lost", "both_lost", "media_lost", "timeout", "ice_failed",
     "caller_media", "callee_media", "permission", "no_such_user", "not_allowed", "rate_limited", "overloaded",
     "internal", "server_shutdown", "server_unreachable", "by_dnd_rule", "blocked", "alone", "all_left", "push_refused"});

template <> inline constexpr std::array k_words<LeaveReason> = std::to_array<std::string_view>(
    {"client_disconnected", "network_disconnected", "force_disconnected", "call_ended", "unpublished",
     "force_unpublished"});

template <> inline constexpr std::array k_words<MissReason> =
    std::to_array<std::string_view>({"timeout", "rejected", "expecter_left"});

template <> inline constexpr std::array k_words<VideoType> = std::to_array<std::string_view>({"camera", "screen", "custom"});

template <> inline constexpr std::array k_words<SessionRole> =
    std::to_array<std::string_view>({"subscriber", "publisher", "moderator", "publisheronly"});

template <> inline constexpr std::array k_words<ErrorWord> = std::to_array<std::string_view>(
    {"bad_json", "too_deep", "too_large", "bad_message", "unknown_type", "missing_field", "bad_field", "hello_first",
     "hello_twice", "hello_timeout", "unsupported_version", "bad_token", "token_expired", "not_allowed",
     "no_such_call", "no_such_session", "no_such_connection", "no_such_stream", "not_connected", "rate_limited",
     "limit_reached", "overloaded", "replaced", "slow_consumer", "internal", "project_disabled"});

// A list that is shorter or longer than its enumeration would shift every word after the gap.
static_assert(k_words<Media>.size() == static_cast<std::size_t>(Media::Video) + 1);
static_assert(k_words<Phase>.size() == static_cast<std::size_t>(Phase::Ended) + 1);
static_assert(k_words<DeviceState>.size() == static_cast<std::size_t>(DeviceState::Moving) + 1);
static_assert(k_words<Outcome>.size() == static_cast<std::size_t>(Outcome::MovedElsewhere) + 1);
static_assert(k_words<Reason>.size() == static_cast<std::size_t>(Reason::PushRefused) + 1);
static_assert(k_words<PushProvider>.size() == static_cast<std::size_t>(PushProvider::Custom) + 1);
static_assert(k_words<LegState>.size() == static_cast<std::size_t>(LegState::Ended) + 1);
static_assert(k_words<CallWaiting>.size() == static_cast<std::size_t>(CallWaiting::RingAll) + 1);
static_assert(k_words<LeaveReason>.size() == static_cast<std::size_t>(LeaveReason::ForceUnpublished) + 1);
static_assert(k_words<MissReason>.size() == static_cast<std::size_t>(MissReason::ExpecterLeft) + 1);
static_assert(k_words<VideoType>.size() == static_cast<std::size_t>(VideoType::Custom) + 1);
static_assert(k_words<SessionRole>.size() == static_cast<std::size_t>(SessionRole::PublisherOnly) + 1);
static_assert(k_words<ErrorWord>.size() == static_cast<std::size_t>(ErrorWord::ProjectDisabled) + 1);

template <class E>
std::string_view word_of(E value) {
  const auto index = static_cast<std::size_t>(value);
  CHECK(index < k_words<E>.size());
  return k_words<E>[index];
}

template <class E>
std::optional<E> parse_word(std::string_view text) {
  for (std::size_t i = 0; i < k_words<E>.size(); ++i) {
    if (k_words<E>[i] == text) return static_cast<E>(i);
  }
  return std::nullopt;
}

}  // namespace offhook::wire
