// What the operator wants: the command line and the TOML file, checked before anything starts.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/net/address.hpp"
#include "adapters/store/keyring.hpp"
#include "adapters/store/outbox.hpp"
#include "adapters/webhook/target.hpp"
#include "base/result.hpp"
#include "core/settings.hpp"
#include "server/log.hpp"
#include "server/webhook_config.hpp"

namespace offhook::server {

inline constexpr std::string_view k_dev_key = "1000001";
inline constexpr std::string_view k_dev_secret = "offhook-development-secret";
// scrypt of "offhook", made cheap: in development everybody knows it.
inline constexpr std::string_view k_dev_console_password = "offhook";
inline constexpr std::string_view k_dev_console_hash =
    "scrypt$10$8$1$6f6666686f6f6b2d636f6e736f6c6521$2207dba3e0e1fa9bc3d3fab7698b59f319f6cfa80e1d6701206c9f4ef2caffbd";
inline constexpr std::size_t k_max_network_threads = 16;
inline constexpr Duration k_longest_duration = std::chrono::hours{24 * 36'500};  // a hundred years: what anybody sets is shorter
inline constexpr std::string_view k_in_memory = ":memory:";  // in place of a folder: nothing outlives the process

// The app's own server that hands pushes to those who carry them.
struct PushSender {
  std::string url;
  std::vector<std::string> secrets;  // "whsec_…"; each signs
};

struct Project {
  ProjectId key;
  std::string secret;
  core::Settings settings;  // those of the server, changed by the project's own tables
  bool has_own_settings = false;
  std::vector<Webhook> webhooks{};
  std::optional<PushSender> push{};  // nothing: that of all projects
};

// The operator's page at /console.
struct ConsoleConfig {
  std::string user = "operator";
  std::string password_hash;  // empty: the page is off
  Duration session_lifetime = std::chrono::hours{8};
};

// What peers may do before they have shown who they are, each for an address (IPv6: a /64). Zero: no limit.
struct NetworkConfig {
  std::vector<webhook::Network> trusted_proxies;  // whose X-Forwarded-For is believed
  std::int64_t sockets_per_address = 5'000;
  std::int64_t new_sockets_per_minute = 3'000;
  std::int64_t failures_per_minute = 300;

  bool is_trusted_proxy(const std::string& address) const;
};

struct Config {
  bool dev = false;
  net::ListenAddress listen{"127.0.0.1", 7080};
  std::size_t max_answers_waiting = 10'000;  // of /v1 and OpenTok; whoever asks beyond them is told to come again
  std::optional<std::size_t> network_threads;  // that hold the sockets; nothing: by the number of cores
  std::string data;  // folder of durable state; empty: in memory
  std::string data_key_file;                     // of the key that secrets in the folder are sealed with; empty: none
  std::vector<std::string> old_data_key_files;   // of keys that they were sealed with before
  Duration keep_calls = std::chrono::hours{90 * 24};  // history; zero: for ever
  NetworkConfig network;
  std::string certificate_file;
  std::string key_file;
  std::vector<Project> projects;
  core::Settings settings;
  std::optional<PushSender> push;
  store::OutboxLimits webhook_limits;
  std::string operator_secret;          // of who makes projects; empty: nobody does
  bool opentok_partner_auth = false;    // X-TB-PARTNER-AUTH, key and secret in the clear, of SDKs before 2016
  Duration opentok_rest_token_lifetime = std::chrono::hours{30 * 24};
  std::vector<webhook::Network> webhook_allow;  // addresses besides those of the public internet
  std::string metrics_token;  // of who may read /metrics; empty: nobody, but in development
  ConsoleConfig console;
  LogSettings log;
  Duration drain_timeout = std::chrono::seconds{10};

  std::map<ProjectId, core::Settings> own_settings() const;
};

struct ConfigError {
  std::string message;  // sentences for the operator, one per line
};

struct CommandLine {
  enum class Task { Run, CheckConfig, PrintDefaultConfig, PrintSettingsMarkdown, PrintLifeMarkdown, MakeKey, HashPassword, Version, Help };
  Task task = Task::Run;
  bool dev = false;
  std::optional<std::string> config_file, listen, network_threads, data;
  std::optional<std::string> new_key_file;  // of MakeKey
};

// Unknown options are errors that name the nearest valid one.
Result<CommandLine, ConfigError> parse_command_line(const std::vector<std::string>& arguments);

// `text` is the file's content, `name` its name for messages; unknown keys are errors that name the nearest valid one.
Result<Config, ConfigError> parse_config(std::string_view text, std::string_view name);

// Options over file, then the checks that need both. Adds the development project in dev mode.
Result<Config, ConfigError> complete(Config config, const CommandLine& line);

// "20s", "1500ms", "5m", "4h", "90d"; nothing for what is none, or longer than k_longest_duration.
std::optional<Duration> parse_duration(std::string_view text);
std::string to_text(Duration duration);

std::string default_config();
std::string settings_markdown();
std::string help();

// The candidate with the smallest edit distance, if it is near enough to be meant.
std::string nearest(std::string_view word, const std::vector<std::string_view>& candidates);

}  // namespace offhook::server
