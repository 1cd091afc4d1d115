#include <openssl/rand.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <sstream>

#include "server/loop.hpp"

namespace {

using namespace offhook;
using namespace offhook::server;

int complain(const std::string& message) {
  std::fprintf(stderr, "offhookd: %s%s", message.c_str(), message.ends_with('\n') ? "" : "\n");
  return 2;
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

// One screen: where to go, with what, and what is insecure about it.
void print_banner(const Config& config, std::uint16_t port) {
  const auto address = net::to_text({config.listen.host, port});
  const bool tls = !config.certificate_file.empty();
  const auto base = (tls ? "https://" : "http://") + address;
  std::printf("Offhook %s is listening on %s\n", OFFHOOK_VERSION, base.c_str());
  std::printf("  clients   %s://%s/v1/client\n", tls ? "wss" : "ws", address.c_str());
  if (config.dev) {
    std::printf("  demo      %s/?user=alice   and, in a second tab,   %s/?user=bob\n", base.c_str(), base.c_str());
    std::printf("  tokens    %s/dev/token?user=NAME\n", base.c_str());
    std::printf("  key       %s\n  secret    %s\n", k_dev_key.data(), k_dev_secret.data());
    std::printf("\n"
                "Development mode, for this machine only: everybody on it can be anybody, with a secret that everybody knows.\n"
                "Calls and history live in memory: they are forgotten when the server stops.\n");
  }
  std::printf("Stop it with Ctrl-C.\n");
  std::fflush(stdout);
}

int serve(const Config& config) {
  Seed seed{};
  if (RAND_bytes(reinterpret_cast<unsigned char*>(seed.data()), sizeof seed) != 1) {
    return complain("the system gives no random numbers");
  }
  net::Reactor reactor;
  store::MemoryStore store;
  Loop loop(reactor, config, store, seed);
  const auto port = loop.start();
  if (!port) return complain(port.error().message);
  reactor.on_signal([&](int) { loop.drain([&] { reactor.stop(); }); });
  print_banner(config, *port);
  reactor.run();
  return 0;
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
    case CommandLine::Task::CheckConfig:
    case CommandLine::Task::Run: break;
  }
  const auto config = load(*line);
  if (!config) return complain(config.error().message);
  return line->task == CommandLine::Task::CheckConfig ? print("The configuration is sound.\n") : serve(*config);
}
