#include "server/config.hpp"

#include <gtest/gtest.h>

#include "adapters/store/keyring.hpp"

namespace offhook::server {
namespace {

using namespace std::chrono_literals;

std::string problems(const std::string& text, bool dev = true) {
  auto config = parse_config(text, "f.toml");
  if (!config) return config.error().message;
  CommandLine line;
  line.dev = dev;
  const auto whole = complete(*config, line);
  return whole ? "" : whole.error().message;
}

TEST(Config, TheDefaultFileIsSound) {
  EXPECT_EQ(problems(default_config()), "");
  EXPECT_EQ(parse_config(default_config(), "f")->settings.ring_timeout, core::Settings{}.ring_timeout);
}

TEST(Config, UnknownNamesAreErrorsThatNameTheNearest) {
  EXPECT_NE(problems("[timers]\nring_timeot = \"5s\"\n").find("f.toml:2: unknown key \"ring_timeot\" in [timers]; did you mean \"ring_timeout\"?"),
            std::string::npos);
  EXPECT_NE(problems("[timer]\n").find("\"timers\""), std::string::npos);
  const auto line = parse_command_line({"--lissen", "x"});
  ASSERT_FALSE(line);
  EXPECT_NE(line.error().message.find("--listen"), std::string::npos);
}

TEST(Config, EveryProblemIsToldAtOnce) {
  const auto said = problems("[timers]\nring_timeout = 5\n[presence]\nenabled = \"yes\"\n");
  EXPECT_NE(said.find("f.toml:2"), std::string::npos) << said;
  EXPECT_NE(said.find("f.toml:4"), std::string::npos) << said;
  EXPECT_NE(problems("= 3").find("f.toml:1"), std::string::npos);
}

TEST(Config, TheDevelopmentSecretNeedsDevelopmentMode) {
  const std::string file = "[[project]]\nkey = \"7\"\nsecret = \"offhook-development-secret\"\n";
  EXPECT_NE(problems(file, false).find("development secret"), std::string::npos);
  EXPECT_NE(problems("", false).find("--dev"), std::string::npos);
  EXPECT_EQ(problems("[data]\ndir = \"/x\"\n[[project]]\nkey = \"7\"\nsecret = \"0123456789abcdef\"\n", false), "");
  EXPECT_NE(problems("[server]\nlisten = \"0.0.0.0:80\"\n").find("this machine only"), std::string::npos);
}

TEST(Config, ProxiesAndTheLimitsOfAnAddressAreRead) {
  const auto config = parse_config("[network]\ntrusted_proxies = [\"10.1.0.0/16\", \"::1\"]\nsockets_per_address = 0\n", "f");
  ASSERT_TRUE(config);
  EXPECT_TRUE(config->network.is_trusted_proxy("10.1.2.3"));
  EXPECT_TRUE(config->network.is_trusted_proxy("::1"));
  for (const auto* other : {"10.2.0.1", "", "no address", "::2"}) EXPECT_FALSE(config->network.is_trusted_proxy(other)) << other;
  EXPECT_EQ(config->network.sockets_per_address, 0);
  EXPECT_EQ(config->network.new_sockets_per_minute, 3'000);
  EXPECT_NE(problems("[network]\ntrusted_proxies = [\"proxy.example\"]\n").find("trusted_proxies"), std::string::npos);
  EXPECT_NE(problems("[network]\nfailures_per_minute = -1\n").find("from 0 (no limit) to 1000000"), std::string::npos);
}

TEST(Config, RelationsOfTimersAreChecked) {
  EXPECT_NE(problems("[timers]\nring_timeout = \"2m\"\n").find("setup_timeout"), std::string::npos);
  const auto quick = parse_config("[timers]\nring_timeout = \"2s\"\nwake_timeout = \"1500ms\"\n", "f");
  EXPECT_EQ(quick->settings.wake_timeout, 1500ms);
}

TEST(Config, TheMoveFollowsAShorterGraceUnlessItIsWrittenItself) {
  const auto quick = parse_config("[timers]\ndrop_grace = \"4s\"\nunstable_after = \"1s\"\n", "f");
  EXPECT_EQ(quick->settings.move_timeout, 3s);
  EXPECT_EQ(problems("[timers]\ndrop_grace = \"4s\"\nunstable_after = \"1s\"\n[[project]]\nkey = \"7\"\nsecret = \"0123456789abcdef\"\n"), "");
  EXPECT_EQ(parse_config("[timers]\ndrop_grace = \"30s\"\n", "f")->settings.move_timeout, 15s);
  const auto both = problems("[timers]\ndrop_grace = \"4s\"\nunstable_after = \"1s\"\nmove_timeout = \"5s\"\n[[project]]\nkey = \"7\"\nsecret = \"0123456789abcdef\"\n");
  EXPECT_NE(both.find("move_timeout must be less than drop_grace"), std::string::npos) << both;
}

TEST(Config, AProjectMayHaveSettingsOfItsOwn) {
  const std::string file =
      "[[project]]\nkey = \"7\"\nsecret = \"0123456789abcdef\"\n[project.timers]\nring_timeout = \"30s\"\n[project.calls]\n"
      "glare = \"busy\"\n[[project]]\nkey = \"8\"\nsecret = \"0123456789abcdef\"\n[timers]\nwake_timeout = \"5s\"\n";
  const auto config = parse_config(file, "f");
  ASSERT_TRUE(config) << config.error().message;
  const auto own = config->own_settings();
  ASSERT_EQ(own.size(), 1U) << "the second project has none";
  EXPECT_EQ(own.at("7").ring_timeout, 30s);
  EXPECT_EQ(own.at("7").glare, core::Glare::Busy);
  EXPECT_EQ(own.at("7").wake_timeout, 5s) << "what it does not set is as for all, wherever that stands in the file";
  EXPECT_EQ(config->settings.ring_timeout, 45s);
  EXPECT_NE(problems("[[project]]\nkey = \"7\"\nsecret = \"0123456789abcdef\"\n[project.timers]\nring_timeout = \"2m\"\n").find("[[project]] 7: ring_timeout"),
            std::string::npos);
  EXPECT_NE(problems("[[project]]\nkey = \"7\"\nsecret = \"0123456789abcdef\"\n[project.timer]\n").find("\"timers\""), std::string::npos);
}

TEST(Config, WordsAndNumbers) {
  const auto config = parse_config("[calls]\ndecline_policy = \"all_devices\"\nblocked_as = \"busy\"\n[limits]\nrings_per_pair = 3\n", "f");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->settings.decline_policy, wire::DeclinePolicy::AllDevices);
  EXPECT_EQ(config->settings.blocked_as, core::BlockedAs::Busy);
  EXPECT_EQ(config->settings.rings_per_pair, 3);
  EXPECT_NE(problems("[calls]\nglare = \"both\"\n").find("\"merge\", \"busy\""), std::string::npos);
  EXPECT_NE(problems("[limits]\nrings_per_caller = 0\n").find("1 to 100000"), std::string::npos);
  EXPECT_NE(problems("[limits]\nrings_per_caller = \"60\"\n").find("whole number"), std::string::npos);
}

TEST(Config, AFolderOrThatThereIsNoneMustBeSaidOutsideDevelopment) {
  const std::string project = "[[project]]\nkey = \"7\"\nsecret = \"0123456789abcdef\"\n";
  EXPECT_NE(problems(project, false).find("--data DIR"), std::string::npos);
  EXPECT_EQ(problems("[data]\ndir = \":memory:\"\n" + project, false), "");
  EXPECT_EQ(problems("", true), "");
  CommandLine line;
  line.dev = true;
  EXPECT_EQ(complete(Config{}, line)->data, "");
  line.data = "/x";
  EXPECT_EQ(complete(*parse_config("[data]\ndir = \"/y\"\n", "f"), line)->data, "/x");
  line.data = ":memory:";
  EXPECT_EQ(complete(*parse_config("[data]\ndir = \"/y\"\n", "f"), line)->data, "");
}

TEST(Config, AnOperatorsProjectsNeedAKeyWhereTheyAreKept) {
  const std::string operators = "[operator]\nsecret = \"0123456789abcdef\"\n[data]\ndir = ";
  EXPECT_NE(problems(operators + "\"/x\"\n", false).find("--make-key"), std::string::npos);
  EXPECT_EQ(problems(operators + "\"/x\"\nkey_file = \"/k\"\nold_key_files = [\"/o\"]\n", false), "");
  EXPECT_NE(problems(operators + "\"/x\"\nkey_file = \"/x/k\"\n", false).find("within the data folder"), std::string::npos);
  EXPECT_EQ(problems(operators + "\":memory:\"\n", false), "");
  EXPECT_EQ(problems(operators + "\"/x\"\n", true), "") << "makes one beside the data";
  EXPECT_NE(problems("[data]\nold_key_files = [\"/o\"]\n").find("needs key_file"), std::string::npos);
  const auto line = parse_command_line({"--make-key", "FILE"});
  ASSERT_TRUE(line);
  EXPECT_EQ(line->task, CommandLine::Task::MakeKey);
  EXPECT_EQ(line->new_key_file, "FILE");
  EXPECT_FALSE(parse_command_line({"--make-key"}));
}

TEST(Config, HistoryIsKeptForADayOrMoreOrForEver) {
  EXPECT_EQ(parse_config("", "f")->keep_calls, 90 * 24h);
  EXPECT_EQ(parse_config("[data]\nkeep_calls = \"1d\"\n", "f")->keep_calls, 24h);
  EXPECT_EQ(parse_config("[data]\nkeep_calls = \"0s\"\n", "f")->keep_calls, 0s);
  EXPECT_NE(problems("[data]\nkeep_calls = \"23h\"\n").find("1d"), std::string::npos);
}

TEST(Config, OfWebhooksAndKeysThereAreOnlySoMany) {
  std::string text = "[[project]]\nkey = \"1000001\"\nsecret = \"a secret of the project\"\n";
  const auto webhook = [](std::size_t number) {
    return "[[project.webhook]]\nurl = \"https://example.org/" + std::to_string(number) + "\"\nsecrets = [\"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\"]\n";
  };
  for (std::size_t i = 0; i < k_max_webhooks; ++i) text += webhook(i);
  EXPECT_EQ(problems(text), "");
  EXPECT_NE(problems(text + webhook(k_max_webhooks)).find("more than 100 webhooks"), std::string::npos);
  std::string files;
  for (std::size_t i = 0; i < store::k_max_keys; ++i) files += (i == 0 ? "\"" : ", \"") + std::to_string(i) + ".key\"";
  EXPECT_NE(problems("[data]\ndir = \"d\"\nkey_file = \"k\"\nold_key_files = [" + files + "]\n").find("more than 7 files"), std::string::npos);
}

TEST(Config, Durations) {
  EXPECT_EQ(parse_duration("4h"), 4h);
  EXPECT_EQ(parse_duration("2d"), 48h);
  for (const auto* wrong : {"", "5", "s", "-1s", "5 s", "99999999999999999999s", "36501d", "9223372036854775807d"}) EXPECT_FALSE(parse_duration(wrong)) << wrong;
  for (const auto d : {Duration{1500ms}, Duration{20s}, Duration{5min}, Duration{4h}, Duration{24h * 9900}, k_longest_duration}) EXPECT_EQ(parse_duration(to_text(d)), d);
}

}  // namespace
}  // namespace offhook::server
