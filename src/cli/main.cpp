// offhook: place and answer calls from a terminal.
#include <cstdio>
#include <string_view>
#include <utility>

#include "cli/run.hpp"
#include "cli/stage.hpp"

namespace {

using namespace offhook::cli;

int complain(const std::string& sentence) {
  std::fprintf(stderr, "offhook: %s\n", sentence.c_str());
  return k_wrong_usage;
}

int print(const std::string& text) {
  std::fputs(text.c_str(), stdout);
  return k_done;
}

using Run = ExitCode (*)(const Arguments&, const Environment&);
constexpr std::pair<std::string_view, Run> k_runs[] = {
    {"listen", run_listen},
    {"call", run_call},
    {"token", run_token},
    {"calls create", run_calls_create},
    {"calls list", run_calls_list},
    {"calls get", run_calls_get},
    {"calls end", run_calls_end},
    {"calls add", run_calls_add},
    {"explain", run_explain},
    {"replay", run_replay},
    {"load", run_load},
    {"webhooks list", run_webhooks_list},
    {"webhooks events", run_webhooks_events},
    {"webhooks replay", run_webhooks_replay},
    {"rules get", run_rules_get},
    {"rules set", run_rules_set},
    {"project create", run_project_create},
    {"project list", run_project_list},
    {"project rotate-secret", run_project_rotate},
    {"project disable", run_project_disable},
    {"project enable", run_project_enable}};

ExitCode run(const Arguments& arguments) {
  for (const auto& [name, run_it] : k_runs) {
    if (name == arguments.command->name) return run_it(arguments, read_environment());
  }
  return UsageError{"This command is not made yet."};
}

}  // namespace

int main(int argc, char** argv) {
  const auto arguments = parse_arguments({argv + 1, argv + argc});
  if (!arguments) return complain(arguments.error().message);
  switch (arguments->task) {
    case Arguments::Task::Help: return print(help_of(*arguments));
    case Arguments::Task::Version: return print("offhook " OFFHOOK_VERSION "\n");
    case Arguments::Task::Run: break;
  }
  const auto code = run(*arguments);
  return code ? *code : complain(code.error().message);
}
