// offhook: place and answer calls from a terminal.
#include <cstdio>

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

ExitCode run(const Arguments& arguments) {
  const auto environment = read_environment();
  const auto name = arguments.command->name;
  if (name == "listen") return run_listen(arguments, environment);
  if (name == "call") return run_call(arguments, environment);
  if (name == "token") return run_token(arguments, environment);
  return run_calls(arguments, environment);
}

}  // namespace

int main(int argc, char** argv) {
  const auto arguments = parse_arguments({argv + 1, argv + argc});
  if (!arguments) return complain(arguments.error().message);
  switch (arguments->task) {
    case Arguments::Task::Help: return print(help_of(arguments->command));
    case Arguments::Task::Version: return print("offhook " OFFHOOK_VERSION "\n");
    case Arguments::Task::Run: break;
  }
  const auto code = run(*arguments);
  return code ? *code : complain(code.error().message);
}
