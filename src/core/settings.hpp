// Every number of the engine that an operator may set: name, default, range, meaning, in one table that the configuration
// file, its documentation and the start-up checks are made from.
#pragma once

#include <chrono>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "core/limits.hpp"
#include "wire/messages.hpp"

namespace offhook::core {

// What a second invite between two who call each other at the same time becomes.
enum class Glare { Merge, Busy };
// What the caller is told whom the callee has blocked.
enum class BlockedAs { Failed, Busy, Declined, Unreachable };

struct Settings {
  Duration place_timeout = std::chrono::seconds{10};
  Duration wake_timeout = std::chrono::seconds{20};
  Duration ring_timeout = std::chrono::seconds{45};
  Duration setup_timeout = std::chrono::seconds{60};
  Duration caller_grace = std::chrono::seconds{10};
  Duration connect_timeout = std::chrono::seconds{20};
  Duration unstable_after = std::chrono::milliseconds{2500};
  Duration drop_grace = std::chrono::seconds{20};
  Duration max_duration = std::chrono::hours{4};
  Duration heartbeat_idle = std::chrono::seconds{25};
  Duration heartbeat_live = std::chrono::seconds{1};
  Duration resume_window = std::chrono::seconds{30};
  Duration expect_timeout = std::chrono::seconds{60};
  Duration keep_ended = std::chrono::minutes{10};
  Duration move_timeout = std::chrono::seconds{15};
  Duration alone_timeout = std::chrono::seconds{60};
  Duration keep_missed = std::chrono::hours{168};
  Duration push_retry = std::chrono::seconds{5};
  Duration keep_push = std::chrono::hours{24 * 60};
  std::int64_t rings_per_caller = 60;  // a minute
  std::int64_t rings_per_pair = 20;
  std::int64_t rings_per_callee = 120;
  Glare glare = Glare::Merge;
  wire::DeclinePolicy decline_policy = wire::DeclinePolicy::FirstDecline;
  BlockedAs blocked_as = BlockedAs::Failed;
  bool clients_create_sessions = true;
  bool presence = true;
  bool refuse_unknown_users = false;
  bool call_notices = false;     // somebody wants to be told of calls
  bool session_notices = false;  // … of who comes to and leaves sessions
  bool push = false;             // there is a sender of pushes
  std::string server_name = "offhookd";
  std::vector<wire::IceServer> ice_servers;
  Capacity capacity;  // no setting of a file's: tests have little
};

// One duration of Settings. `name` is the key in the configuration file; `spec` the name in the specification.
struct DurationSetting {
  std::string_view name;
  std::string_view spec;
  Duration Settings::*field;
  Duration min;
  Duration max;
  std::string_view meaning;
};

std::span<const DurationSetting> duration_settings();

// One number of Settings: rings a minute, each over which is refused as rate_limited.
struct CountSetting {
  std::string_view name;
  std::int64_t Settings::*field;
  std::int64_t min;
  std::int64_t max;
  std::string_view meaning;
};

std::span<const CountSetting> count_settings();

// One choice of Settings among words.
struct WordSetting {
  std::string_view name;
  std::vector<std::string_view> words;  // the first is the default
  std::string_view meaning;
  void (*choose)(Settings& settings, std::size_t word);
};

std::span<const WordSetting> word_settings();

// Empty if all is well; otherwise one sentence per problem, each naming the settings it is about.
std::vector<std::string> check_settings(const Settings& settings);

// What is allowed and yet seldom meant: one sentence each.
std::vector<std::string> doubts_about(const Settings& settings);

wire::ClientSettings client_settings(const Settings& settings);

}  // namespace offhook::core
