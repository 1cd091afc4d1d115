// Every limit of the client protocol, with its unit in the name and its reason (PROTOCOL.md section 12).
#pragma once

#include <cstddef>
#include <cstdint>

namespace offhook::wire {

inline constexpr std::size_t k_max_frame_bytes = 65'536;        // the largest useful message is an SDP of a few tracks
inline constexpr std::size_t k_max_hello_bytes = 14'336;        // with what else a socket without a name makes us hold: 16 KiB
inline constexpr std::size_t k_max_json_depth = 16;             // our deepest message has five levels
inline constexpr std::size_t k_max_user_bytes = 128;
inline constexpr std::size_t k_max_device_id_bytes = 64;
inline constexpr std::size_t k_max_device_name_bytes = 64;
inline constexpr std::size_t k_max_client_bytes = 64;           // hello.client
inline constexpr std::size_t k_max_token_bytes = 8'192;        // OpenTok's data and layout classes, written in base64 of percent signs
inline constexpr std::size_t k_max_opentok_data_letters = 1'024;  // its SDKs stop at 999 to 1024 characters
inline constexpr std::size_t k_max_layout_classes_bytes = 1'024;
inline constexpr std::size_t k_max_layout_classes = 64;
inline constexpr std::size_t k_max_push_token_bytes = 4'096;    // a Web Push subscription as JSON; those of phones have some hundred
inline constexpr std::size_t k_max_cmd_id_bytes = 64;
inline constexpr std::size_t k_max_hello_calls = 16;
inline constexpr std::size_t k_max_invite_data_bytes = 1'000;   // OpenTok's size of connection data
inline constexpr std::size_t k_max_connection_data_bytes = 1'000;  // of a token in Offhook's form
inline constexpr std::size_t k_max_signal_type_bytes = 128;     // OpenTok's limit
inline constexpr std::size_t k_max_signal_data_bytes = 8'192;   // OpenTok's limit
inline constexpr std::size_t k_max_muted_except = 64;           // force_mute.except: streams of a session
inline constexpr std::size_t k_max_sdp_bytes = 32'768;
inline constexpr std::size_t k_max_candidate_bytes = 2'048;
inline constexpr std::size_t k_max_stream_name_bytes = 128;
inline constexpr std::size_t k_max_watchdog_bytes = 32;         // give_up.watchdog
inline constexpr std::int64_t k_min_ring_timeout_ms = 1'000;
inline constexpr std::int64_t k_max_ring_timeout_ms = 180'000;
inline constexpr std::int64_t k_min_wake_timeout_ms = 1'000;
inline constexpr std::int64_t k_max_wake_timeout_ms = 60'000;
inline constexpr std::int64_t k_min_connect_timeout_ms = 5'000;
inline constexpr std::int64_t k_max_connect_timeout_ms = 60'000;
inline constexpr std::int64_t k_min_drop_grace_ms = 3'000;
inline constexpr std::int64_t k_max_drop_grace_ms = 120'000;
inline constexpr std::int64_t k_min_max_duration_ms = 60'000;
inline constexpr std::int64_t k_max_max_duration_ms = 86'400'000;
inline constexpr std::int64_t k_max_parallel_rings = 5;
inline constexpr std::size_t k_max_blocked = 100;               // rules.blocked
inline constexpr std::size_t k_min_group_users = 2;
inline constexpr std::size_t k_max_group_users = 16;            // a mesh of browsers carries no more
inline constexpr std::int64_t k_min_expect_timeout_ms = 1'000;
inline constexpr std::int64_t k_max_expect_timeout_ms = 3'600'000;
inline constexpr std::int64_t k_max_history_limit = 100;

static_assert(k_max_sdp_bytes + k_max_candidate_bytes < k_max_frame_bytes, "a negotiate message must fit a frame");
static_assert(k_max_token_bytes + k_max_push_token_bytes < k_max_hello_bytes, "a hello must be able to hold its tokens");

}  // namespace offhook::wire
