#include "core/settings.hpp"

#include <array>

namespace offhook::core {
namespace {

using namespace std::chrono_literals;

constexpr std::array k_durations{
    DurationSetting{"place_timeout", "T_place", &Settings::place_timeout, 5s, 30s,
                    "a client whose invite is not answered by the server gives up after this"},
    DurationSetting{"wake_timeout", "T_wake", &Settings::wake_timeout, 1s, 60s,
                    "no device has acknowledged ringing: the call ends unreachable"},
    DurationSetting{"ring_timeout", "T_ring", &Settings::ring_timeout, 1s, 120s,
                    "nobody answers after the first device rang: the call ends no_answer"},
    DurationSetting{"setup_timeout", "T_setup_max", &Settings::setup_timeout, 1s, 180s,
                    "hard cap from the invite to an answer"},
    DurationSetting{"caller_grace", "T_caller_grace", &Settings::caller_grace, 3s, 30s,
                    "the caller is not heard while it rings: the call ends cancelled"},
    DurationSetting{"connect_timeout", "T_connect", &Settings::connect_timeout, 5s, 60s,
                    "answered, but media does not run both ways: the call ends connect_failed"},
    DurationSetting{"unstable_after", "T_hint", &Settings::unstable_after, 1s, 10s,
                    "a side is not heard: the other is told peer_unstable"},
    DurationSetting{"drop_grace", "T_grace", &Settings::drop_grace, 3s, 120s,
                    "a side is not heard after the answer: the call ends dropped"},
    DurationSetting{"max_duration", "T_max", &Settings::max_duration, 1min, 24h, "longest call"},
    DurationSetting{"heartbeat_idle", "T_hb", &Settings::heartbeat_idle, 2s, 60s,
                    "heartbeat of a device without a live call"},
    DurationSetting{"heartbeat_live", "T_hb", &Settings::heartbeat_live, 500ms, 5s,
                    "heartbeat of a device with a live call"},
    DurationSetting{"resume_window", "", &Settings::resume_window, 5s, 300s,
                    "a client whose link is lost can come back within this and miss nothing"},
    DurationSetting{"expect_timeout", "", &Settings::expect_timeout, 1s, 1h,
                    "how long an expectation waits unless the client says otherwise"},
    DurationSetting{"keep_ended", "", &Settings::keep_ended, 1min, 24h, "how long an ended call can still be asked for"},
    DurationSetting{"move_timeout", "T_move", &Settings::move_timeout, 1s, 30s,
                    "a device that takes a call over has no media by then: the old one keeps it"},
    DurationSetting{"alone_timeout", "T_alone", &Settings::alone_timeout, 0s, 600s,
                    "one is left in a group call and nobody rings: the call ends alone"},
    DurationSetting{"keep_missed", "", &Settings::keep_missed, 1h, 720h,
                    "a missed call waits so long for devices that do not know of it"},
    DurationSetting{"push_retry", "T_push_retry", &Settings::push_retry, 0s, 30s,
                    "a push was accepted and the device has not come: it is sent once more; 0s: never"},
    DurationSetting{"keep_push", "", &Settings::keep_push, 24h, 8760h,
                    "a device that has not been here for so long is not woken any more"},
};

constexpr std::array k_counts{
    CountSetting{"rings_per_caller", &Settings::rings_per_caller, 1, 100'000, "users one user may ring in a minute"},
    CountSetting{"rings_per_pair", &Settings::rings_per_pair, 1, 100'000, "how often one user may ring the same other one in a minute"},
    CountSetting{"rings_per_callee", &Settings::rings_per_callee, 1, 100'000, "how often one user is rung in a minute by all others"},
};

const std::array k_words{
    WordSetting{"glare", {"merge", "busy"}, "two call each other at the same time: their calls become one, or the second is busy",
                [](Settings& s, std::size_t word) { s.glare = static_cast<Glare>(word); }},
    WordSetting{"decline_policy", {"first_decline", "all_devices"},
                "a refusal by one device ends the ringing of all, or only its own while others ring",
                [](Settings& s, std::size_t word) { s.decline_policy = static_cast<wire::DeclinePolicy>(word); }},
    WordSetting{"blocked_as", {"failed", "busy", "declined", "unreachable"}, "outcome of a call to somebody who has blocked the caller",
                [](Settings& s, std::size_t word) { s.blocked_as = static_cast<BlockedAs>(word); }},
};

struct Relation {
  bool holds;
  std::string_view sentence;
};

std::string seconds(Duration d) {
  const auto ms = to_ms(d);
  return ms % 1000 == 0 ? std::to_string(ms / 1000) + " s" : std::to_string(ms) + " ms";
}

}  // namespace

std::span<const DurationSetting> duration_settings() { return k_durations; }

std::span<const CountSetting> count_settings() { return k_counts; }

std::span<const WordSetting> word_settings() { return k_words; }

std::vector<std::string> check_settings(const Settings& s) {
  std::vector<std::string> problems;
  for (const auto& setting : k_durations) {
    const auto value = s.*setting.field;
    if (value >= setting.min && value <= setting.max) continue;
    problems.push_back(std::string(setting.name) + " is " + seconds(value) + " and must be " + seconds(setting.min) +
                       " to " + seconds(setting.max) + ".");
  }
  for (const auto& setting : k_counts) {
    const auto value = s.*setting.field;
    if (value >= setting.min && value <= setting.max) continue;
    problems.push_back(std::string(setting.name) + " is " + std::to_string(value) + " and must be " +
                       std::to_string(setting.min) + " to " + std::to_string(setting.max) + ".");
  }
  constexpr Duration k_ring_watchdog = 10s;  // the client's W_ring
  const Relation relations[] = {
      {2 * s.heartbeat_live <= s.caller_grace, "caller_grace must be at least twice heartbeat_live, or one lost heartbeat ends a call."},
      {5 * s.heartbeat_live <= 2 * s.drop_grace, "drop_grace must be at least 2.5 times heartbeat_live, or a slow heartbeat drops a call."},
      {2 * s.heartbeat_live <= k_ring_watchdog, "heartbeat_live must be at most half of the client's ring watchdog (10 s), or a ringing device takes silence for loss."},
      {s.heartbeat_live <= s.heartbeat_idle, "heartbeat_live must not be longer than heartbeat_idle."},
      {s.wake_timeout <= s.setup_timeout, "wake_timeout must not be longer than setup_timeout, its cap."},
      {s.ring_timeout <= s.setup_timeout, "ring_timeout must not be longer than setup_timeout, its cap."},
      {s.move_timeout < s.drop_grace, "move_timeout must be less than drop_grace, or a call is dropped while it moves."},
      {2 * s.unstable_after < s.drop_grace, "unstable_after must be less than half of drop_grace, or the warning comes too late."},
  };
  for (const auto& relation : relations) {
    if (!relation.holds) problems.emplace_back(relation.sentence);
  }
  return problems;
}

std::vector<std::string> doubts_about(const Settings& s) {
  constexpr Duration k_android_rings = 60s;  // android.telecom.Connection.setRinging: then the system ends the call
  if (s.ring_timeout <= k_android_rings - 5s) return {};
  return {"ring_timeout is " + seconds(s.ring_timeout) + ": Android ends a call that has rung for 60 s, so 55 s or less is safe there."};
}

wire::ClientSettings client_settings(const Settings& s) {
  wire::ClientSettings out;
  out.place_timeout_ms = to_ms(s.place_timeout);
  out.wake_timeout_ms = to_ms(s.wake_timeout);
  out.ring_timeout_ms = to_ms(s.ring_timeout);
  out.setup_timeout_ms = to_ms(s.setup_timeout);
  out.caller_grace_ms = to_ms(s.caller_grace);
  out.connect_timeout_ms = to_ms(s.connect_timeout);
  out.unstable_after_ms = to_ms(s.unstable_after);
  out.drop_grace_ms = to_ms(s.drop_grace);
  out.max_duration_ms = to_ms(s.max_duration);
  out.heartbeat_idle_ms = to_ms(s.heartbeat_idle);
  out.heartbeat_live_ms = to_ms(s.heartbeat_live);
  out.resume_window_ms = to_ms(s.resume_window);
  out.expect_timeout_ms = to_ms(s.expect_timeout);
  return out;
}

}  // namespace offhook::core
