#include "cli/arguments.hpp"

#include <algorithm>
#include <charconv>
#include <numeric>

namespace offhook::cli {
namespace {

// The least number of letters to put in, take out or change.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    auto diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const auto change = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1, change}));
    }
  }
  return row[b.size()];
}

template <class Items>
std::string nearest(std::string_view typed, const Items& items) {
  const auto found = std::min_element(items.begin(), items.end(), [&](const auto& a, const auto& b) {
    return distance(typed, a.name) < distance(typed, b.name);
  });
  return std::string(found->name);
}

const Command* find_command(std::string_view name) {
  const auto all = commands();
  const auto found = std::find_if(all.begin(), all.end(), [&](const auto& command) { return command.name == name; });
  return found == all.end() ? nullptr : &*found;
}

UsageError unknown_command(const std::string& name) {
  return {"There is no command \"" + name + "\"; did you mean \"" + nearest(name, commands()) + "\"?"};
}

// Takes the option at `word`, and its value if it has one: after an equals sign, or the next word.
std::optional<UsageError> take_option(Arguments& out, const std::vector<std::string>& words, std::size_t& i) {
  const auto equals = words[i].find('=');
  const auto name = words[i].substr(0, equals);
  const auto& known = out.command->options;
  const auto option = std::find_if(known.begin(), known.end(), [&](const auto& one) { return one.name == name; });
  if (option == known.end()) {
    return UsageError{"\"" + std::string(out.command->name) + "\" has no option " + name + "; did you mean " + nearest(name, known) + "?"};
  }
  if (out.has(name)) return UsageError{name + " is given twice."};
  if (option->value.empty()) {
    if (equals != std::string::npos) return UsageError{name + " takes no value."};
    out.options[name] = "";
  } else if (equals != std::string::npos) {
    out.options[name] = words[i].substr(equals + 1);
  } else if (i + 1 < words.size()) {
    out.options[name] = words[++i];
  } else {
    return UsageError{name + " needs a value: " + name + " " + std::string(option->value) + "."};
  }
  return std::nullopt;
}

Result<Arguments, UsageError> ask_for_help(const std::vector<std::string>& words) {
  Arguments out{Arguments::Task::Help, nullptr, {}, {}};
  if (words.size() < 2) return out;
  out.command = find_command(words[1]);
  if (out.command == nullptr) return unknown_command(words[1]);
  return out;
}

std::string usage_of(const Command& command) {
  std::string out = "offhook " + std::string(command.name);
  for (const auto operand : command.operands) out += " " + std::string(operand);
  return out;
}

}  // namespace

std::optional<std::string> Arguments::text(std::string_view option) const {
  const auto found = options.find(option);
  return found == options.end() ? std::nullopt : std::optional(found->second);
}

Result<Arguments, UsageError> parse_arguments(const std::vector<std::string>& words) {
  if (words.empty()) return UsageError{"What shall be done? \"offhook --help\" lists the commands."};
  if (words[0] == "--help" || words[0] == "-h" || words[0] == "help") return ask_for_help(words);
  if (words[0] == "--version") return Arguments{Arguments::Task::Version, nullptr, {}, {}};
  Arguments out;
  out.command = find_command(words[0]);
  if (out.command == nullptr) return unknown_command(words[0]);
  for (std::size_t i = 1; i < words.size(); ++i) {
    if (words[i] == "--help" || words[i] == "-h") {
      out.task = Arguments::Task::Help;
      return out;
    }
    if (!words[i].starts_with("--")) {
      out.operands.push_back(words[i]);
    } else if (auto error = take_option(out, words, i)) {
      return *error;
    }
  }
  if (out.operands.size() != out.command->operands.size()) return UsageError{"It goes like this: " + usage_of(*out.command) + " [OPTION…]."};
  return out;
}

std::string help_of(const Command* command) {
  std::string out;
  const auto line = [&out](std::string_view name, std::string_view help) {
    const std::size_t k_column = 26;
    out += "  " + std::string(name) + std::string(name.size() < k_column ? k_column - name.size() : 1, ' ') + std::string(help) + "\n";
  };
  if (command == nullptr) {
    out = "usage: offhook COMMAND [OPTION…]\n\n";
    for (const auto& one : commands()) line(usage_of(one).substr(8), one.summary);
    line("help COMMAND", "what a command can do");
    line("--version", "the version of this program");
    out += "\nEnvironment (defaults are those of a server in development mode):\n";
    line("OFFHOOK_URL", "where the server is: http://, https://, ws:// or wss://; http://127.0.0.1:7080");
    line("OFFHOOK_API_KEY", "the project's key");
    line("OFFHOOK_API_SECRET", "the project's secret; it signs the tokens");
    line("OFFHOOK_CA_FILE", "PEM of the authorities to trust in place of the system's");
    out += "\nDurations D are like 500ms, 3s, 2m, 1h.\n"
           "Exit code: 0 done, 1 an outcome that was not expected, 2 wrong usage, 3 the server cannot be reached or refuses.\n";
    return out;
  }
  out = "usage: " + usage_of(*command) + " [OPTION…]\n\n" + std::string(command->summary) + ".\n" + std::string(command->details) + "\n";
  for (const auto& option : command->options) line(std::string(option.name) + (option.value.empty() ? "" : " ") + std::string(option.value), option.help);
  return out;
}

std::optional<Milliseconds> parse_duration(std::string_view text) {
  std::uint32_t number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec != std::errc{}) return std::nullopt;
  const std::string_view unit(read.ptr, static_cast<std::size_t>(text.data() + text.size() - read.ptr));
  const auto ms = unit == "ms" ? 1 : unit == "s" ? 1'000 : unit == "m" ? 60'000 : unit == "h" ? 3'600'000 : 0;
  if (ms == 0) return std::nullopt;
  return Milliseconds{std::int64_t{number} * ms};
}

Result<std::optional<Milliseconds>, UsageError> duration(const Arguments& arguments, std::string_view option, Milliseconds least,
                                                         Milliseconds most) {
  using Value = std::optional<Milliseconds>;
  const auto text = arguments.text(option);
  if (!text) return Value{};
  const auto value = parse_duration(*text);
  if (!value) return UsageError{std::string(option) + " needs a duration like 500ms, 3s or 2m, not \"" + *text + "\"."};
  if (*value < least || *value > most) {
    return UsageError{std::string(option) + " must be from " + to_text(least) + " to " + to_text(most) + ", not " + *text + "."};
  }
  return Value(*value);
}

std::string to_text(Milliseconds duration) {
  const auto ms = duration.count();
  if (ms < 1'000) return std::to_string(ms) + "ms";
  const auto seconds = ms / 1'000;
  if (seconds < 60) return std::to_string(seconds) + "s";
  const auto minutes = std::to_string(seconds / 60) + "min";
  return seconds % 60 == 0 ? minutes : minutes + " " + std::to_string(seconds % 60) + "s";
}

}  // namespace offhook::cli
