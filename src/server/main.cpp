#include <openssl/rand.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>

#include "adapters/store/data_folder.hpp"
#include "adapters/store/memory_outbox.hpp"
#include "adapters/store/memory_store.hpp"
#include "adapters/store/sqlite_store.hpp"
#include "server/hash_password.hpp"
#include "server/life_markdown.hpp"
#include "server/loop.hpp"
#include "server/taken_up.hpp"

namespace {

using namespace offhook;
using namespace offhook::server;

constexpr int k_not_started = 2;
constexpr int k_store_broken = 3;

int complain(const std::string& message, int exit_code = k_not_started) {
  std::fprintf(stderr, "offhookd: %s%s", message.c_str(), message.ends_with('\n') ? "" : "\n");
  return exit_code;
}

Result<Config, ConfigError> load(const CommandLine& line) {
  if (!line.config_file) return complete(Config{}, line);
  std::ifstream file(*line.config_file);
  if (!file) return ConfigError{"cannot read " + *line.config_file + ": " + std::strerror(errno)};
  std::stringstream text;
  text << file.rdbuf();
  auto config = parse_config(text.str(), *line.config_file);
  if (!config) return config.error();
  return complete(std::move(config.value()), line);
}

// One line of the banner; the label is bold on a terminal. An empty label goes on with the one before.
void say(const char* label, const std::string& text) {
  const bool bold = isatty(STDOUT_FILENO) != 0 && std::getenv("NO_COLOR") == nullptr;
  std::printf("  %s%-11s%s %s\n", bold ? "\033[1m" : "", label, bold ? "\033[0m" : "", text.c_str());
}

void say_invitation(const std::string& site) {
  say("Try it", site + "/?user=alice");
  say("", site + "/?user=bob       in a second tab; then let one call the other");
  std::printf("\n");
}

void say_development(const Config& config, const std::string& site) {
  say("Console", site + "/console             as operator, password " + std::string(k_dev_console_password));
  say("Metrics", site + "/metrics");
  say("Tokens", site + "/dev/token?user=NAME");
  say("Project", "key " + std::string(k_dev_key) + ", secret " + std::string(k_dev_secret));
  say("Library", site + "/offhook.js           import { OffhookClient } from …");
  say("", site + "/offhook.global.js    <script src=…> defines Offhook");
  std::printf("\n");
  say("Not secure", "Everybody on this machine can sign in as anybody, and the secret above is public.");
  say("", "For development only; no other machine can connect.");
  say("Stop", "Ctrl+C. Calls that go on get " + to_text(config.drain_timeout) + "; a second Ctrl+C cuts them off.");
}

void say_data(const Config& config, const TakenUp& taken_up) {
  if (config.data.empty()) return say("Data", "in memory: a restart forgets calls, sessions and rules (--data DIR keeps them)");
  say("Data", config.data + "; taken up: " + to_text(taken_up));
}

// One screen: where to go, with what, and what is insecure about it.
void print_banner(const Config& config, const TakenUp& taken_up, std::uint16_t port) {
  const auto address = net::to_text({config.listen.host, port});
  const bool tls = !config.certificate_file.empty();
  const auto site = (tls ? "https://" : "http://") + address;
  std::printf("\nOffhook %s%s\n\n", OFFHOOK_VERSION, config.dev ? " in development mode" : "");
  if (config.dev) say_invitation(site);
  say("Listening", site);
  say("Clients", (tls ? "wss://" : "ws://") + address + "/v1/client");
  say_data(config, taken_up);
  if (!config.dev && !config.console.password_hash.empty()) say("Console", site + "/console");
  if (config.dev) say_development(config, site);
  std::printf("\n");
  std::fflush(stdout);
}

// Told and no more: the configuration is allowed.
void say_doubts(const Config& config) {
  const auto say_each = [](const std::string& where, const core::Settings& settings) {
    for (const auto& doubt : core::doubts_about(settings)) std::fprintf(stderr, "offhookd: %s%s\n", where.c_str(), doubt.c_str());
  };
  say_each("[timers] ", config.settings);
  for (const auto& project : config.projects) {
    if (project.has_own_settings) say_each("[[project]] " + project.key + ": ", project.settings);
  }
}

// None, where nothing is to be sealed. In development mode a key is made beside the data.
Result<std::shared_ptr<const store::Keyring>, store::StoreError> read_keys(const Config& config) {
  auto files = config.old_data_key_files;
  files.insert(files.begin(), config.data_key_file);
  if (config.data_key_file.empty()) {
    if (!config.dev) return std::shared_ptr<const store::Keyring>();
    files = {config.data + "/secrets.key"};
    if (access(files.front().c_str(), F_OK) != 0) {
      if (const auto made = store::Keyring::make_file(files.front()); !made) return store::StoreError{store::StoreError::Kind::Broken, made.error().message};
    }
  }
  auto keys = store::Keyring::read(files);
  if (!keys) return store::StoreError{store::StoreError::Kind::Broken, keys.error().message};
  return std::shared_ptr<const store::Keyring>(std::make_shared<store::Keyring>(std::move(keys.value())));
}

int make_key(const std::string& file) {
  const auto id = store::Keyring::make_file(file);
  if (!id) return complain(id.error().message);
  std::printf("%s holds a new key, %s. Keep a copy apart from those of the data folder: without it the secrets in them cannot be read.\n",
              file.c_str(), id->c_str());
  return 0;
}

// The store, and the folder that is ours as long as the store is open.
struct Storage {
  std::optional<store::DataFolder> folder;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<store::Outbox> memory_outbox;
  store::Outbox* outbox = nullptr;  // one of the two above
};

Result<Storage, store::StoreError> open_storage(const Config& config, net::Reactor& reactor, std::function<void(const store::StoreError&)> broken) {
  Storage storage;
  if (config.data.empty()) {
    storage.store = std::make_unique<store::MemoryStore>();
    storage.memory_outbox = std::make_unique<store::MemoryOutbox>(*storage.store);
    storage.outbox = storage.memory_outbox.get();
    return storage;
  }
  auto folder = store::DataFolder::open(config.data);
  if (!folder) return folder.error();
  storage.folder.emplace(std::move(folder.value()));
  const auto post = [&reactor](std::function<void()> work) { reactor.post(std::move(work)); };
  auto keys = read_keys(config);
  if (!keys) return keys.error();
  auto store = store::open_sqlite({storage.folder->database_file(), post, std::move(broken), config.webhook_limits, 0, std::move(keys.value())});
  if (!store) return store.error();
  storage.outbox = store.value().get();
  storage.store = std::move(store.value());
  return storage;
}

int serve(const Config& config) {
  Seed seed{};
  if (RAND_bytes(reinterpret_cast<unsigned char*>(seed.data()), sizeof seed) != 1) {
    return complain("the system gives no random numbers");
  }
  int exit_code = 0;
  net::Reactor reactor;
  auto storage = open_storage(config, reactor, [&](const store::StoreError& why) {
    exit_code = complain(why.message + ". Stopping: what cannot be kept is not promised.", k_store_broken);
    reactor.stop();
  });
  if (!storage) return complain(storage.error().message);
  auto records = storage->store->load(Clock().now() - longest_keep_ended(config));
  if (!records) return complain(records.error().message);
  const auto taken_up = count(*records);
  Loop loop(reactor, config, *storage->store, seed, latest_moment(*records));
  Webhooks webhooks(reactor, config, *storage->outbox, loop.clock(), seed, [&](const std::string& what) { loop.on_problem(what); });
  loop.use(webhooks);
  Pushes pushes(reactor, config, loop.clock(), [&](const std::string& what) { loop.on_problem(what); });
  loop.use(pushes);
  loop.restore(std::move(records.value()));
  const auto port = loop.start();
  if (!port) return complain(port.error().message);
  reactor.on_signal([&](int) { loop.drain([&] { reactor.stop(); }); });
  webhooks.start();
  print_banner(config, taken_up, *port);
  reactor.run();
  return exit_code;
}

}  // namespace

int main(int argc, char** argv) {
  const auto line = parse_command_line({argv + 1, argv + argc});
  if (!line) return complain(line.error().message);
  const auto print = [](const std::string& text) {
    std::fputs(text.c_str(), stdout);
    return 0;
  };
  switch (line->task) {
    case CommandLine::Task::Help: return print(help());
    case CommandLine::Task::Version: return print("offhookd " OFFHOOK_VERSION "\n");
    case CommandLine::Task::PrintDefaultConfig: return print(default_config());
    case CommandLine::Task::PrintSettingsMarkdown: return print(settings_markdown());
    case CommandLine::Task::PrintLifeMarkdown: return print(life_markdown());
    case CommandLine::Task::MakeKey: return make_key(*line->new_key_file);
    case CommandLine::Task::HashPassword: return hash_password();
    case CommandLine::Task::CheckConfig:
    case CommandLine::Task::Run: break;
  }
  const auto config = load(*line);
  if (!config) return complain(config.error().message);
  say_doubts(*config);
  return line->task == CommandLine::Task::CheckConfig ? print("The configuration is sound.\n") : serve(*config);
}
