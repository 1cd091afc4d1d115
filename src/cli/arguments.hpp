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
  bool many = false;       // may be given more than once
};

struct Command {
  std::string_view name;  // one word, or two: "calls create"
  std::vector<std::string_view> operands;  // e.g. "FROM", "TO"; the last may be "TO…": one or more
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
  std::string_view family{};         // with Help: the page of all commands of this first word
  std::vector<std::string> operands;
  std::map<std::string, std::vector<std::string>, std::less<>> options;

  bool has(std::string_view option) const { return options.contains(option); }
  std::optional<std::string> text(std::string_view option) const;
  std::vector<std::string> texts(std::string_view option) const;  // of one that may be given more than once
};

Result<Arguments, UsageError> parse_arguments(const std::vector<std::string>& words);
std::string help_of(const Arguments& arguments);

// "500ms", "3s", "2m", "1h"; at most 24 h.
using Milliseconds = std::chrono::milliseconds;
std::optional<Milliseconds> parse_duration(std::string_view text);
Result<std::optional<Milliseconds>, UsageError> duration(const Arguments& arguments, std::string_view option,
                                                         Milliseconds least = Milliseconds{0},
                                                         Milliseconds most = std::chrono::hours{24});

// A whole number; the error names the option and the range.
Result<std::optional<std::int64_t>, UsageError> whole_number(const Arguments& arguments, std::string_view option, std::int64_t least,
                                                             std::int64_t most);
// One of these words.
Result<std::optional<std::string>, UsageError> choice(const Arguments& arguments, std::string_view option,
                                                      const std::vector<std::string_view>& words);

// "500ms", "3s", "2min 5s": for people.
std::string to_text(Milliseconds duration);

}  // namespace offhook::cli
