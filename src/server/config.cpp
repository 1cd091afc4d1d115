#include "server/config.hpp"

#include <toml++/toml.h>

#include <algorithm>
#include <charconv>
#include <numeric>

#include "adapters/password/password.hpp"
#include "adapters/webhook/signature.hpp"
#include "core/notices.hpp"

namespace offhook::server {
namespace {

const std::vector<std::string_view> k_options = {"--dev", "--config", "--listen", "--network-threads", "--data", "--check-config", "--make-key",
                                                 "--print-default-config", "--print-settings-markdown", "--print-life-markdown",
                                                 "--hash-password", "--version", "--help"};

// Calls can be asked for by their devices for keep_ended, a day at most; so long they must be there.
constexpr Duration k_min_keep_calls = std::chrono::hours{24};

ConfigError error(std::string message) { return {std::move(message)}; }

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0U);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const auto substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({substituted, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

// Reads one table after another and collects every problem, so that the operator sees all of them at once.
class Reader {
 public:
  explicit Reader(std::string_view file) : file_(file) {}

  std::string problems;

  void problem(const toml::source_region& where, const std::string& what) {
    problems += std::string(file_) + ":" + std::to_string(where.begin.line) + ": " + what + "\n";
  }

  void unknown(const toml::key& key, const std::string& table, const std::vector<std::string_view>& valid) {
    const auto near = nearest(key.str(), valid);
    const auto place = table.empty() ? std::string("at the top") : "in [" + table + "]";
    problem(key.source(), "unknown key \"" + std::string(key.str()) + "\" " + place +
                              (near.empty() ? "." : "; did you mean \"" + near + "\"?"));
  }

  // Calls `take(key, node)` for every key of the table; it returns false for a key it does not know.
  template <class Take>
  void table(const toml::node& node, const std::string& name, const std::vector<std::string_view>& valid, Take take) {
    const auto* found = node.as_table();
    if (found == nullptr) return problem(node.source(), "\"" + name + "\" must be a table, written [" + name + "].");
    for (const auto& [key, value] : *found) {
      if (std::find(valid.begin(), valid.end(), key.str()) == valid.end()) {
        unknown(key, name, valid);
      } else {
        take(key.str(), value);
      }
    }
  }

  void text(const toml::node& node, std::string_view key, std::string& out) {
    const auto value = node.value_exact<std::string>();
    if (!value) return problem(node.source(), "\"" + std::string(key) + "\" must be a text in quotation marks.");
    out = *value;
  }

  void boolean(const toml::node& node, std::string_view key, bool& out) {
    const auto value = node.value_exact<bool>();
    if (!value) return problem(node.source(), "\"" + std::string(key) + "\" must be true or false.");
    out = *value;
  }

  void number(const toml::node& node, std::string_view key, std::int64_t& out) {
    const auto value = node.value_exact<std::int64_t>();
    if (!value) return problem(node.source(), "\"" + std::string(key) + "\" must be a whole number.");
    out = *value;
  }

  void duration(const toml::node& node, std::string_view key, Duration& out) {
    const auto text = node.value_exact<std::string>();
    const auto value = text ? parse_duration(*text) : std::nullopt;
    if (!value) {
      return problem(node.source(), "\"" + std::string(key) + R"(" must be a duration such as "20s", "1500ms", "5m", "4h" or "90d", of a hundred years at most.)");
    }
    out = *value;
  }

 private:
  std::string_view file_;
};

// move_timeout must stay below drop_grace. Where the file shortens the grace and says nothing of the other, it follows.
void let_move_follow(core::Settings& settings) {
  settings.move_timeout = std::min(settings.move_timeout, settings.drop_grace * 3 / 4);
}

void read_timers(Reader& reader, const toml::node& node, core::Settings& settings) {
  std::vector<std::string_view> names;
  for (const auto& setting : core::duration_settings()) names.push_back(setting.name);
  reader.table(node, "timers", names, [&](std::string_view key, const toml::node& value) {
    for (const auto& setting : core::duration_settings()) {
      if (setting.name == key) reader.duration(value, key, settings.*setting.field);
    }
  });
  const auto* table = node.as_table();
  if (table != nullptr && !table->contains("move_timeout")) let_move_follow(settings);
}

void read_calls(Reader& reader, const toml::node& node, core::Settings& settings) {
  std::vector<std::string_view> names;
  for (const auto& setting : core::word_settings()) names.push_back(setting.name);
  reader.table(node, "calls", names, [&](std::string_view key, const toml::node& value) {
    for (const auto& setting : core::word_settings()) {
      if (setting.name != key) continue;
      std::string text;
      reader.text(value, key, text);
      const auto found = std::find(setting.words.begin(), setting.words.end(), text);
      if (found != setting.words.end()) {
        setting.choose(settings, static_cast<std::size_t>(found - setting.words.begin()));
      } else {
        std::string words;
        for (const auto word : setting.words) words += (words.empty() ? "\"" : ", \"") + std::string(word) + "\"";
        reader.problem(value.source(), "\"" + std::string(key) + "\" must be one of " + words + ".");
      }
    }
  });
}

void read_limits(Reader& reader, const toml::node& node, core::Settings& settings) {
  std::vector<std::string_view> names;
  for (const auto& setting : core::count_settings()) names.push_back(setting.name);
  reader.table(node, "limits", names, [&](std::string_view key, const toml::node& value) {
    for (const auto& setting : core::count_settings()) {
      if (setting.name == key) reader.number(value, key, settings.*setting.field);
    }
  });
}

void read_switch(Reader& reader, const toml::node& node, const std::string& table, std::string_view name, bool& out) {
  reader.table(node, table, {name}, [&](std::string_view, const toml::node& value) { reader.boolean(value, name, out); });
}

// The tables that the server has for all and a project may have for itself.
const std::vector<std::string_view> k_tables_of_all = {"timers", "calls", "limits", "sessions", "presence", "users"};

void read_settings(Reader& reader, std::string_view key, const toml::node& node, core::Settings& settings) {
  if (key == "timers") read_timers(reader, node, settings);
  if (key == "calls") read_calls(reader, node, settings);
  if (key == "limits") read_limits(reader, node, settings);
  if (key == "sessions") read_switch(reader, node, "sessions", "clients_create", settings.clients_create_sessions);
  if (key == "presence") read_switch(reader, node, "presence", "enabled", settings.presence);
  if (key == "users") read_switch(reader, node, "users", "refuse_unknown", settings.refuse_unknown_users);
}

template <class ReadOne>
void read_list(Reader& reader, const toml::node& node, const std::string& name, ReadOne read_one) {
  const auto* list = node.as_array();
  if (list == nullptr) return reader.problem(node.source(), "\"" + name + "\" must be written [[" + name + "]].");
  for (const auto& item : *list) read_one(item);
}

void read_texts(Reader& reader, const toml::node& node, std::string_view key, std::vector<std::string>& out) {
  const auto* list = node.as_array();
  if (list == nullptr || list->empty()) return reader.problem(node.source(), "\"" + std::string(key) + "\" must be a list of texts.");
  for (const auto& item : *list) reader.text(item, key, out.emplace_back());
}

void read_dialect(Reader& reader, const toml::node& node, std::string_view key, Webhook& webhook) {
  std::string word;
  reader.text(node, key, word);
  if (word != "offhook" && word != "opentok") return reader.problem(node.source(), R"("dialect" must be one of "offhook", "opentok".)");
  webhook.dialect = word == "opentok" ? Dialect::OpenTok : Dialect::Offhook;
}

void check_webhook(Reader& reader, const toml::node& node, const Webhook& webhook, const Config& config, const Project& project) {
  const auto problem = [&](const std::string& what) { reader.problem(node.source(), "[[project.webhook]] " + what); };
  if (webhook.url.empty()) return problem("needs a \"url\".");
  if (const auto bad = webhook::url_problem(webhook.url, config.webhook_allow)) problem(webhook.url + ": " + *bad + ".");
  if (webhook.name.size() > 256) problem("a \"name\" (the URL, if there is none) has 256 bytes at most.");
  if (webhook.dialect == Dialect::Offhook && webhook.secrets.empty()) {
    problem("needs \"secrets\", so that the receiver knows who calls: openssl rand -base64 32, after whsec_");
  }
  for (const auto& secret : webhook.secrets) {
    if (!webhook::parse_secret(secret)) problem("a secret is \"whsec_\" and base64 of 24 to 64 random bytes.");
  }
  for (const auto& event : webhook.events) {
    if (!is_pattern(event)) problem("there are no events \"" + event + "\"; docs/webhooks.md lists them.");
  }
  for (const auto& other : project.webhooks) {
    if (other.name == webhook.name) problem("two have the name \"" + webhook.name + "\"; give one a \"name\" of its own.");
  }
}

// The engine is to tell of what one of the webhooks wants.
void read_webhook(Reader& reader, const toml::node& node, const Config& config, Project& project) {
  Webhook webhook;
  reader.table(node, "project.webhook", {"name", "url", "dialect", "secrets", "events"}, [&](std::string_view key, const toml::node& value) {
    if (key == "name") reader.text(value, key, webhook.name);
    if (key == "url") reader.text(value, key, webhook.url);
    if (key == "dialect") read_dialect(reader, value, key, webhook);
    if (key == "secrets") read_texts(reader, value, key, webhook.secrets);
    if (key == "events") read_texts(reader, value, key, webhook.events);
  });
  if (webhook.name.empty()) webhook.name = webhook.url;
  check_webhook(reader, node, webhook, config, project);
  for (const auto type : core::all_types()) {
    if (webhook.wants(type)) (is_of_session(type) ? project.settings.session_notices : project.settings.call_notices) = true;
  }
  project.has_own_settings = true;
  project.webhooks.push_back(std::move(webhook));
}

void read_push(Reader& reader, const toml::node& node, const std::string& table, const Config& config, std::optional<PushSender>& out) {
  const auto problem = [&](const std::string& what) { reader.problem(node.source(), "[" + table + "] " + what); };
  auto& sender = out.emplace();
  reader.table(node, table, {"url", "secrets"}, [&](std::string_view key, const toml::node& value) {
    if (key == "url") return reader.text(value, key, sender.url);
    read_texts(reader, value, key, sender.secrets);
  });
  if (sender.url.empty()) return problem("needs a \"url\".");
  if (const auto bad = webhook::url_problem(sender.url, config.webhook_allow)) problem(sender.url + ": " + *bad + ".");
  if (sender.secrets.empty()) problem("needs \"secrets\", so that the sender knows who calls: openssl rand -base64 32, after whsec_");
  for (const auto& secret : sender.secrets) {
    if (!webhook::parse_secret(secret)) problem("a secret is \"whsec_\" and base64 of 24 to 64 random bytes.");
  }
}

// The upper end: what a disk of a terabyte and SQLite's tables still carry with ease.
void read_limit(Reader& reader, const toml::node& node, std::string_view key, std::size_t& out) {
  std::int64_t number = 1'000;
  reader.number(node, key, number);
  if (number >= 1'000 && number <= 100'000'000) out = static_cast<std::size_t>(number);
  else reader.problem(node.source(), "\"" + std::string(key) + "\" must be from 1000 to 100000000.");
}

void read_networks(Reader& reader, const toml::node& node, std::string_view key, std::vector<webhook::Network>& out) {
  std::vector<std::string> texts;
  read_texts(reader, node, key, texts);
  for (const auto& text : texts) {
    auto network = webhook::parse_network(text);
    if (network) out.push_back(network.value());
    if (!network) reader.problem(node.source(), "\"" + std::string(key) + "\": " + network.error().message + ".");
  }
}

void read_webhooks_of_all(Reader& reader, const toml::node& node, Config& config) {
  reader.table(node, "webhooks", {"allow", "max_pending", "max_dead"}, [&](std::string_view key, const toml::node& value) {
    if (key == "max_pending") return read_limit(reader, value, key, config.webhook_limits.pending);
    if (key == "max_dead") return read_limit(reader, value, key, config.webhook_limits.dead);
    read_networks(reader, value, key, config.webhook_allow);
  });
}

// Read after everything that holds for all projects.
void read_project(Reader& reader, const toml::node& node, Config& config) {
  Project project;
  project.settings = config.settings;
  std::vector<std::string_view> names = {"key", "secret", "webhook", "push"};
  names.insert(names.end(), k_tables_of_all.begin(), k_tables_of_all.end());
  reader.table(node, "project", names, [&](std::string_view key, const toml::node& value) {
    if (key == "key") return reader.text(value, key, project.key);
    if (key == "secret") return reader.text(value, key, project.secret);
    if (key == "webhook") {
      return read_list(reader, value, "project.webhook", [&](const auto& item) { read_webhook(reader, item, config, project); });
    }
    project.has_own_settings = true;
    if (key == "push") {
      project.settings.push = true;
      return read_push(reader, value, "project.push", config, project.push);
    }
    read_settings(reader, key, value, project.settings);
  });
  if (project.key.empty() || project.secret.size() < 16) {
    reader.problem(node.source(), "a [[project]] needs a \"key\" and a \"secret\" of at least 16 characters.");
  }
  config.projects.push_back(std::move(project));
}

void read_ice_server(Reader& reader, const toml::node& node, core::Settings& settings) {
  wire::IceServer server;
  reader.table(node, "ice_server", {"urls", "username", "credential"}, [&](std::string_view key, const toml::node& value) {
    if (key == "username") return reader.text(value, key, server.username.emplace());
    if (key == "credential") return reader.text(value, key, server.credential.emplace());
    const auto* urls = value.as_array();
    if (urls == nullptr || urls->empty()) return reader.problem(value.source(), "\"urls\" must be a list of texts.");
    for (const auto& url : *urls) reader.text(url, key, server.urls.emplace_back());
  });
  settings.ice_servers.push_back(std::move(server));
}

void read_network_threads(Reader& reader, const toml::node& node, Config& config) {
  std::int64_t threads = -1;
  reader.number(node, "network_threads", threads);
  if (!node.is_integer()) return;
  if (threads < 0 || threads > static_cast<std::int64_t>(k_max_network_threads)) {
    return reader.problem(node.source(), "\"network_threads\" must be from 0 (the sockets stay with the rest) to 16.");
  }
  config.network_threads = static_cast<std::size_t>(threads);
}

void read_server(Reader& reader, const toml::node& node, Config& config) {
  reader.table(node, "server", {"listen", "network_threads"}, [&](std::string_view key, const toml::node& value) {
    if (key == "network_threads") return read_network_threads(reader, value, config);
    std::string text;
    reader.text(value, key, text);
    if (auto address = net::parse_listen_address(text)) {
      config.listen = *address;
    } else {
      reader.problem(value.source(), address.error().message + ".");
    }
  });
}

void read_network(Reader& reader, const toml::node& node, NetworkConfig& network) {
  const auto read_count = [&](const toml::node& value, std::string_view key, std::int64_t& out) {
    reader.number(value, key, out);
    constexpr std::int64_t k_most = 1'000'000;
    if (out < 0 || out > k_most) reader.problem(value.source(), "\"" + std::string(key) + "\" must be from 0 (no limit) to 1000000.");
  };
  const std::vector<std::string_view> keys = {"trusted_proxies", "sockets_per_address", "new_sockets_per_minute", "failures_per_minute"};
  reader.table(node, "network", keys, [&](std::string_view key, const toml::node& value) {
    if (key == "sockets_per_address") return read_count(value, key, network.sockets_per_address);
    if (key == "new_sockets_per_minute") return read_count(value, key, network.new_sockets_per_minute);
    if (key == "failures_per_minute") return read_count(value, key, network.failures_per_minute);
    read_networks(reader, value, key, network.trusted_proxies);
  });
}

void read_operator(Reader& reader, const toml::node& node, Config& config) {
  reader.table(node, "operator", {"secret"}, [&](std::string_view key, const toml::node& value) {
    reader.text(value, key, config.operator_secret);
    constexpr std::size_t k_least = 16;
    if (config.operator_secret.size() < k_least) reader.problem(value.source(), "\"secret\" of [operator] needs at least 16 characters.");
  });
}

void read_opentok(Reader& reader, const toml::node& node, Config& config) {
  reader.table(node, "opentok", {"partner_auth", "rest_token_lifetime"}, [&](std::string_view key, const toml::node& value) {
    if (key == "partner_auth") return reader.boolean(value, key, config.opentok_partner_auth);
    reader.duration(value, key, config.opentok_rest_token_lifetime);
  });
}

void read_data(Reader& reader, const toml::node& node, Config& config) {
  reader.table(node, "data", {"dir", "keep_calls", "key_file", "old_key_files"}, [&](std::string_view key, const toml::node& value) {
    if (key == "dir") return reader.text(value, key, config.data);
    if (key == "key_file") return reader.text(value, key, config.data_key_file);
    if (key == "old_key_files") return read_texts(reader, value, key, config.old_data_key_files);
    reader.duration(value, key, config.keep_calls);
    if (config.keep_calls == Duration{0} || config.keep_calls >= k_min_keep_calls) return;
    reader.problem(value.source(), R"("keep_calls" must be "1d" or more, or "0s" for ever.)");
  });
}

void read_metrics(Reader& reader, const toml::node& node, Config& config) {
  reader.table(node, "metrics", {"token"}, [&](std::string_view key, const toml::node& value) {
    reader.text(value, key, config.metrics_token);
    constexpr std::size_t k_least = 16, k_most = 256;
    if (config.metrics_token.size() >= k_least && config.metrics_token.size() <= k_most) return;
    reader.problem(value.source(), "the \"token\" of [metrics] must have 16 to 256 characters.");
  });
}

void read_console(Reader& reader, const toml::node& node, ConsoleConfig& console) {
  reader.table(node, "console", {"user", "password_hash", "session_lifetime"}, [&](std::string_view key, const toml::node& value) {
    if (key == "session_lifetime") {
      reader.duration(value, key, console.session_lifetime);
      const bool is_fine = console.session_lifetime >= std::chrono::seconds{1} && console.session_lifetime <= std::chrono::hours{720};
      if (!is_fine) reader.problem(value.source(), R"("session_lifetime" of [console] must be "1s" to "30d".)");
      return;
    }
    reader.text(value, key, key == "user" ? console.user : console.password_hash);
    if (key == "user" && (console.user.empty() || console.user.size() > 64)) {
      reader.problem(value.source(), R"("user" of [console] must have 1 to 64 bytes.)");
    }
    if (key == "password_hash" && !password::is_hash(console.password_hash)) {
      reader.problem(value.source(), R"("password_hash" of [console] must be what `offhookd --hash-password` prints.)");
    }
  });
}

void read_log(Reader& reader, const toml::node& node, LogSettings& log) {
  reader.table(node, "log", {"format", "calls"}, [&](std::string_view key, const toml::node& value) {
    if (key == "calls") return reader.boolean(value, key, log.calls);
    std::string format;
    reader.text(value, key, format);
    if (format != "text" && format != "json") return reader.problem(value.source(), R"("format" must be one of "text", "json".)");
    log.json = format == "json";
  });
}

void read_top(Reader& reader, std::string_view key, const toml::node& node, Config& config) {
  auto& settings = config.settings;
  read_settings(reader, key, node, settings);
  if (key == "server") read_server(reader, node, config);
  if (key == "network") read_network(reader, node, config.network);
  if (key == "data") read_data(reader, node, config);
  if (key == "operator") read_operator(reader, node, config);
  if (key == "opentok") read_opentok(reader, node, config);
  if (key == "ice_server") {
    read_list(reader, node, "ice_server", [&](const auto& item) { read_ice_server(reader, item, settings); });
  }
  if (key == "tls") {
    reader.table(node, "tls", {"certificate", "key"}, [&](std::string_view name, const toml::node& value) {
      reader.text(value, name, name == "key" ? config.key_file : config.certificate_file);
    });
  }
  if (key == "metrics") read_metrics(reader, node, config);
  if (key == "console") read_console(reader, node, config.console);
  if (key == "log") read_log(reader, node, config.log);
  if (key == "webhooks") read_webhooks_of_all(reader, node, config);
  if (key == "drain") {
    reader.table(node, "drain", {"timeout"}, [&](std::string_view name, const toml::node& value) {
      reader.duration(value, name, config.drain_timeout);
    });
  }
}

}  // namespace

std::string nearest(std::string_view word, const std::vector<std::string_view>& candidates) {
  std::string_view best;
  std::size_t best_distance = word.size() / 2 + 1;  // half of the letters may be wrong
  for (const auto candidate : candidates) {
    const auto distance = edit_distance(word, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return std::string(best);
}

std::optional<Duration> parse_duration(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  const Duration each = unit == "ms"  ? std::chrono::milliseconds{1}
                        : unit == "s" ? std::chrono::seconds{1}
                        : unit == "m" ? std::chrono::minutes{1}
                        : unit == "h" ? std::chrono::hours{1}
                        : unit == "d" ? std::chrono::hours{24}
                                      : Duration{0};
  if (failure != std::errc{} || each == Duration{0} || value < 0 || value > k_longest_duration / each) return std::nullopt;
  return value * each;
}

std::string to_text(Duration duration) {
  const auto ms = to_ms(duration);
  if (ms % 1000 != 0) return std::to_string(ms) + "ms";
  if (ms % 3'600'000 == 0 && ms != 0) return std::to_string(ms / 3'600'000) + "h";
  if (ms % 60'000 == 0 && ms != 0) return std::to_string(ms / 60'000) + "m";
  return std::to_string(ms / 1000) + "s";
}

Result<CommandLine, ConfigError> parse_command_line(const std::vector<std::string>& arguments) {
  CommandLine line;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const auto& option = arguments[i];
    std::optional<std::string>* value = nullptr;
    if (option == "--config") value = &line.config_file;
    if (option == "--listen") value = &line.listen;
    if (option == "--network-threads") value = &line.network_threads;
    if (option == "--data") value = &line.data;
    if (option == "--make-key") value = &line.new_key_file;
    if (value != nullptr) {
      if (i + 1 == arguments.size()) return error(option + " needs a value; see --help.");
      *value = arguments[++i];
      if (line.new_key_file) line.task = CommandLine::Task::MakeKey;
    } else if (option == "--dev") {
      line.dev = true;
    } else if (option == "--check-config") {
      line.task = CommandLine::Task::CheckConfig;
    } else if (option == "--print-default-config") {
      line.task = CommandLine::Task::PrintDefaultConfig;
    } else if (option == "--print-settings-markdown") {
      line.task = CommandLine::Task::PrintSettingsMarkdown;
    } else if (option == "--print-life-markdown") {
      line.task = CommandLine::Task::PrintLifeMarkdown;
    } else if (option == "--hash-password") {
      line.task = CommandLine::Task::HashPassword;
    } else if (option == "--version") {
      line.task = CommandLine::Task::Version;
    } else if (option == "--help" || option == "-h") {
      line.task = CommandLine::Task::Help;
    } else {
      const auto near = nearest(option, k_options);
      return error("unknown option \"" + option + "\"" + (near.empty() ? "; see --help." : "; did you mean " + near + "?"));
    }
  }
  return line;
}

Result<Config, ConfigError> parse_config(std::string_view text, std::string_view name) {
  Reader reader(name);
  Config config;
  try {  // toml++ as Debian builds it reports syntax errors by exception
    const auto parsed = toml::parse(text, name);
    const std::vector<std::string_view> tables = {"server", "network", "data", "tls", "timers", "project", "ice_server", "sessions",
                                                  "presence", "users", "drain", "calls", "limits", "webhooks", "metrics", "console", "log", "operator", "opentok",
                                                  "push"};
    reader.table(parsed, "", tables, [&](std::string_view key, const toml::node& node) { read_top(reader, key, node, config); });
    if (const auto* push = parsed.get("push")) {  // after [webhooks], whose "allow" holds for it as well
      read_push(reader, *push, "push", config, config.push);
      config.settings.push = true;
    }
    if (const auto* projects = parsed.get("project")) {
      read_list(reader, *projects, "project", [&](const auto& item) { read_project(reader, item, config); });
    }
  } catch (const toml::parse_error& failure) {
    reader.problem(failure.source(), std::string(failure.description()) + ".");
  }
  if (!reader.problems.empty()) return error(reader.problems);
  return config;
}

namespace {

// A secret that an operator has made is not kept in the clear, nor is where a phone is woken. In development there is a key beside the data.
std::string problems_of_keys(const Config& config) {
  const bool keeps_data = !config.dev && !config.data.empty();
  const auto has_push = [](const Project& project) { return project.push.has_value(); };
  const bool keeps_addresses = config.push || std::any_of(config.projects.begin(), config.projects.end(), has_push);
  if (keeps_data && keeps_addresses && config.data_key_file.empty()) {
    return "[push] has push addresses kept in the data folder, sealed: make a key with offhookd --make-key FILE, outside the folder, and set key_file = \"FILE\" in [data].\n";
  }
  if (keeps_data && !config.operator_secret.empty() && config.data_key_file.empty()) {
    return "[operator] makes projects whose secrets are kept in the data folder, sealed: make a key with offhookd --make-key FILE, outside the folder, and set key_file = \"FILE\" in [data].\n";
  }
  if (!config.dev && !config.data.empty() && config.data_key_file.starts_with(config.data + "/")) {
    return "[data] key_file is within the data folder, and would be in every copy of it: put it elsewhere.\n";
  }
  if (config.data_key_file.empty() && !config.old_data_key_files.empty()) return "[data] old_key_files needs key_file, the key that is in use now.\n";
  if (config.old_data_key_files.size() >= store::k_max_keys) return "[data] old_key_files has more than " + std::to_string(store::k_max_keys - 1) + " files.\n";
  return {};
}

}  // namespace

Result<Config, ConfigError> complete(Config config, const CommandLine& line) {
  config.dev = line.dev;
  if (line.data) config.data = *line.data;
  const bool lives_nowhere = config.data.empty() && !config.dev;
  if (config.data == k_in_memory) config.data.clear();
  if (line.listen) {
    auto address = net::parse_listen_address(*line.listen);
    if (!address) return error("--listen: " + address.error().message + ".");
    config.listen = *address;
  }
  if (line.network_threads) {
    const auto& text = *line.network_threads;
    std::size_t threads = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), threads);
    const bool is_good = read.ec == std::errc{} && read.ptr == text.data() + text.size() && threads <= k_max_network_threads;
    if (!is_good) return error("--network-threads: a number from 0 (the sockets stay with the rest) to 16.");
    config.network_threads = threads;
  }
  std::string problems;
  if (config.dev && !net::is_loopback(config.listen.host)) {
    problems += "--dev listens on this machine only, because its secret is known to everybody: use 127.0.0.1 instead of " +
                config.listen.host + ", or start without --dev and with projects of your own.\n";
  }
  for (const auto& project : config.projects) {
    if (!config.dev && project.secret == k_dev_secret) {
      problems += "the project " + project.key + " uses the development secret, which everybody knows: choose another, or start with --dev.\n";
    }
  }
  if (config.dev) config.projects.push_back({std::string(k_dev_key), std::string(k_dev_secret), {}, false, {}});
  if (config.dev && config.operator_secret.empty()) config.operator_secret = k_dev_secret;
  if (config.dev && config.console.password_hash.empty()) config.console.password_hash = k_dev_console_hash;
  if (!config.dev && config.console.password_hash == k_dev_console_hash) problems += "[console] uses the development password, which everybody knows.\n";
  if (!config.dev && config.operator_secret == k_dev_secret) problems += "[operator] uses the development secret, which everybody knows.\n";
  if (config.projects.empty() && config.operator_secret.empty()) {
    problems += "there is no [[project]] with a key and a secret in the configuration, and no [operator] who could make one; to try the server out, start it with --dev.\n";
  }
  if (lives_nowhere) {
    problems += "there is no folder for what must outlive a restart: set dir in [data] or --data DIR; to forget everything at each restart, say \"" +
                std::string(k_in_memory) + "\".\n";
  }
  problems += problems_of_keys(config);
  std::size_t webhooks = 0;
  for (const auto& project : config.projects) webhooks += project.webhooks.size();
  if (webhooks > k_max_webhooks) problems += "there are more than " + std::to_string(k_max_webhooks) + " webhooks.\n";
  if (config.certificate_file.empty() != config.key_file.empty()) problems += "[tls] needs both certificate and key.\n";
  for (const auto& problem : core::check_settings(config.settings)) problems += "[timers] " + problem + "\n";
  for (const auto& project : config.projects) {
    if (!project.has_own_settings) continue;
    for (const auto& problem : core::check_settings(project.settings)) problems += "[[project]] " + project.key + ": " + problem + "\n";
  }
  if (!problems.empty()) return error(problems);
  return config;
}

std::string default_config() {
  const core::Settings settings;
  std::string out =
      "# Offhook server: every setting with its default. docs/configuration.md explains them.\n\n"
      "[server]\nlisten = \"127.0.0.1:7080\"\n# network_threads = 2\n\n"
      "[network]\n# trusted_proxies = [\"10.1.2.3\"]\nsockets_per_address = 5000\nnew_sockets_per_minute = 3000\nfailures_per_minute = 300\n\n"
      "[data]\n# dir = \"/var/lib/offhook\"\n# key_file = \"/etc/offhook/data.key\"\nkeep_calls = \"90d\"\n\n"
      "# [tls]\n# certificate = \"fullchain.pem\"\n# key = \"key.pem\"\n\n"
      "# [[project]]\n# key = \"1000002\"\n# secret = \"at least 16 characters\"\n"
      "# [[project.webhook]]\n# url = \"https://example.org/hook\"\n# secrets = [\"whsec_…\"]\n\n"
      "# [push]\n# url = \"https://example.org/push\"\n# secrets = [\"whsec_…\"]\n\n"
      "# [[ice_server]]\n# urls = [\"stun:stun.example.org\"]\n\n[timers]\n";
  for (const auto& setting : core::duration_settings()) {
    out += std::string(setting.name) + " = \"" + to_text(settings.*setting.field) + "\"\n";
  }
  out += "\n[calls]\n";
  for (const auto& setting : core::word_settings()) out += std::string(setting.name) + " = \"" + std::string(setting.words.front()) + "\"\n";
  out += "\n[limits]\n";
  for (const auto& setting : core::count_settings()) out += std::string(setting.name) + " = " + std::to_string(settings.*setting.field) + "\n";
  return out +
         "\n[opentok]\npartner_auth = false\nrest_token_lifetime = \"720h\"\n\n# [operator]\n# secret = \"at least 16 characters\"\n\n[sessions]\nclients_create = true\n\n[presence]\nenabled = true\n\n[users]\nrefuse_unknown = false\n\n"
         "[drain]\ntimeout = \"10s\"\n\n[log]\nformat = \"text\"\ncalls = false\n\n"
         "# [metrics]\n# token = \"at least 16 characters, for whoever reads /metrics\"\n\n"
         "# [console]\n# user = \"operator\"\n# password_hash = \"what offhookd --hash-password prints\"\n# session_lifetime = \"8h\"\n";
}

std::string settings_markdown() {
  const core::Settings settings;
  std::string out = "| setting in `[timers]` | default | range | meaning |\n|---|---|---|---|\n";
  for (const auto& setting : core::duration_settings()) {
    out += "| `" + std::string(setting.name) + "` | " + to_text(settings.*setting.field) + " | " + to_text(setting.min) + " – " +
           to_text(setting.max) + " | " + std::string(setting.meaning) + " |\n";
  }
  out += "\n| setting in `[calls]` | words, the default first | meaning |\n|---|---|---|\n";
  for (const auto& setting : core::word_settings()) {
    std::string words;
    for (const auto word : setting.words) words += (words.empty() ? "`" : ", `") + std::string(word) + "`";
    out += "| `" + std::string(setting.name) + "` | " + words + " | " + std::string(setting.meaning) + " |\n";
  }
  out += "\n| setting in `[limits]` | default | range | meaning |\n|---|---|---|---|\n";
  for (const auto& setting : core::count_settings()) {
    out += "| `" + std::string(setting.name) + "` | " + std::to_string(settings.*setting.field) + " | " + std::to_string(setting.min) + " – " +
           std::to_string(setting.max) + " | " + std::string(setting.meaning) + " |\n";
  }
  return out;
}

bool NetworkConfig::is_trusted_proxy(const std::string& address) const {
  const auto parsed = trusted_proxies.empty() ? std::nullopt : webhook::parse_address(address);
  return parsed && std::any_of(trusted_proxies.begin(), trusted_proxies.end(), [&](const auto& network) { return network.contains(*parsed); });
}

std::map<ProjectId, core::Settings> Config::own_settings() const {
  std::map<ProjectId, core::Settings> own;
  for (const auto& project : projects) {
    if (project.has_own_settings) own.emplace(project.key, project.settings);
  }
  return own;
}

std::string help() {
  return "usage: offhookd [OPTIONS]\n\n"
         "  --dev                    development mode: this machine only, project 1000001 with a well-known secret\n"
         "  --config FILE            settings (TOML); options below win over it\n"
         "  --listen HOST:PORT       default 127.0.0.1:7080; port 0 lets the system choose\n"
         "  --network-threads N      threads that hold the sockets, 0 to 16; by the number of cores\n"
         "  --data DIR               folder for what must outlive a restart; :memory: for nothing\n"
         "  --make-key FILE          make a key that secrets in the data folder are sealed with (key_file in [data]), and stop\n"
         "  --check-config           say whether the configuration is sound, and stop\n"
         "  --print-default-config   every setting with its default, as a file to begin with\n"
         "  --print-settings-markdown  the table of docs/configuration.md\n"
         "  --print-life-markdown    the diagrams and tables of docs/life-of-a-call.md\n"
         "  --hash-password          ask for the password of the console, and print what to put into the file\n"
         "  --version, --help\n";
}

}  // namespace offhook::server
