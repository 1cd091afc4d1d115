// The command line as data: what commands and options there are, what somebody has typed, and the pages of help made of the same
// tables. Pure functions.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace offhook::cli {

struct Option {
  std::string_view name;   // with its dashes
  std::string_view value;  // what stands for the value in the help; empty: a switch
  std::string_view help;
};

struct Command {
  std::string_view name;
  std::vector<std::string_view> operands;  // e.g. "FROM", "TO"
  std::vector<Option> options;
  std::string_view summary;
  std::string_view details;
};

std::span<const Command> commands();

struct UsageError {
  std::string message;  // one sentence that says what to do
};

// What is asked for, with every name known and every value given.
struct Arguments {
  enum class Task { Run, Help, Version };
  Task task = Task::Run;
  const Command* command = nullptr;  // with Help, nothing: the page of all commands
  std::vector<std::string> operands;
  std::map<std::string, std::string, std::less<>> options;

  bool has(std::string_view option) const { return options.contains(option); }
  std::optional<std::string> text(std::string_view option) const;
};

Result<Arguments, UsageError> parse_arguments(const std::vector<std::string>& words);
std::string help_of(const Command* command);

// "500ms", "3s", "2m", "1h"; at most 24 h.
using Milliseconds = std::chrono::milliseconds;
std::optional<Milliseconds> parse_duration(std::string_view text);
Result<std::optional<Milliseconds>, UsageError> duration(const Arguments& arguments, std::string_view option,
                                                         Milliseconds least = Milliseconds{0},
                                                         Milliseconds most = std::chrono::hours{24});

// "500ms", "3s", "2min 5s": for people.
std::string to_text(Milliseconds duration);

}  // namespace offhook::cli
