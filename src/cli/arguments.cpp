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

// The first word of the commands that have two, e.g. "calls"; empty if there are none of that name.
std::string_view family_of(std::string_view word) {
  for (const auto& command : commands()) {
    if (command.name.size() > word.size() && command.name.starts_with(word) && command.name[word.size()] == ' ') {
      return command.name.substr(0, word.size());
    }
  }
  return {};
}

bool is_help(std::string_view word) { return word == "--help" || word == "-h"; }

// Takes the option at `word`, and its value if it has one: after an equals sign, or the next word.
std::optional<UsageError> take_option(Arguments& out, const std::vector<std::string>& words, std::size_t& i) {
  const auto equals = words[i].find('=');
  const auto name = words[i].substr(0, equals);
  const auto& known = out.command->options;
  const auto option = std::find_if(known.begin(), known.end(), [&](const auto& one) { return one.name == name; });
  if (option == known.end()) {
    return UsageError{"\"" + std::string(out.command->name) + "\" has no option " + name + "; did you mean " +
                      nearest(name, known) + "?"};
  }
  if (out.has(name) && !option->many) return UsageError{name + " is given twice."};
  auto& values = out.options[name];
  if (option->value.empty()) {
    if (equals != std::string::npos) return UsageError{name + " takes no value."};
    values.emplace_back();
  } else if (equals != std::string::npos) {
    values.push_back(words[i].substr(equals + 1));
  } else if (i + 1 < words.size()) {
    values.push_back(words[++i]);
  } else {
    return UsageError{name + " needs a value: " + name + " " + std::string(option->value) + "."};
  }
  return std::nullopt;
}

// The command that the first words name, and how many they are. "calls" alone lists them, as it always has.
struct Named {
  const Command* command = nullptr;
  std::size_t words = 0;
};
Named command_named(const std::vector<std::string>& words) {
  if (words.size() > 1) {
    if (const auto* found = find_command(words[0] + " " + words[1])) return {found, 2};
  }
  if (const auto* found = find_command(words[0])) return {found, 1};
  const bool is_bare = words.size() == 1 || words[1].starts_with("--");
  if (words[0] == "calls" && is_bare) return {find_command("calls list"), 1};
  return {};
}

UsageError unknown_command(const std::vector<std::string>& words) {
  if (!family_of(words[0]).empty()) {
    std::string all;
    for (const auto& command : commands()) {
      if (command.name.starts_with(words[0] + " "))
        all += (all.empty() ? "" : ", ") + std::string(command.name.substr(words[0].size() + 1));
    }
    return {"\"" + words[0] + "\" needs one of these after it: " + all + "."};
  }
  return {"There is no command \"" + words[0] + "\"; did you mean \"" + nearest(words[0], commands()) + "\"?"};
}

Result<Arguments, UsageError> help_on(const std::vector<std::string>& words) {
  Arguments out;
  out.task = Arguments::Task::Help;
  if (words.empty()) return out;
  out.family = words.size() == 1 ? family_of(words[0]) : std::string_view();
  if (!out.family.empty()) return out;
  out.command = command_named(words).command;
  if (out.command == nullptr) return unknown_command(words);
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
  return found == options.end() ? std::nullopt : std::optional(found->second.front());
}

std::vector<std::string> Arguments::texts(std::string_view option) const {
  const auto found = options.find(option);
  return found == options.end() ? std::vector<std::string>() : found->second;
}

Result<Arguments, UsageError> parse_arguments(const std::vector<std::string>& words) {
  if (words.empty()) return UsageError{"What shall be done? \"offhook --help\" lists the commands."};
  if (is_help(words[0]) || words[0] == "help") return help_on({words.begin() + 1, words.end()});
  Arguments out;
  if (words[0] == "--version") {
    out.task = Arguments::Task::Version;
    return out;
  }
  if (words.size() == 2 && is_help(words[1])) return help_on({words[0]});
  const auto named = command_named(words);
  if (named.command == nullptr) return unknown_command(words);
  out.command = named.command;
  for (std::size_t i = named.words; i < words.size(); ++i) {
    if (is_help(words[i])) {
      out.task = Arguments::Task::Help;
      return out;
    }
    if (!words[i].starts_with("--")) {
      out.operands.push_back(words[i]);
    } else if (auto error = take_option(out, words, i)) {
      return *error;
    }
  }
  const auto& wanted = out.command->operands;
  const bool takes_more = !wanted.empty() && wanted.back().ends_with("…");
  const bool fits = takes_more ? out.operands.size() >= wanted.size() : out.operands.size() == wanted.size();
  if (!fits) return UsageError{"It goes like this: " + usage_of(*out.command) + " [OPTION…]."};
  return out;
}

namespace {

constexpr std::size_t k_column = 26;

// Of a name in characters, not bytes: the dots of "TO…" are three.
std::string help_line(std::string_view name, std::string_view help) {
  const auto width =
      static_cast<std::size_t>(std::count_if(name.begin(), name.end(), [](char c) { return (c & 0xc0) != 0x80; }));
  return "  " + std::string(name) + std::string(width < k_column ? k_column - width : 1, ' ') + std::string(help) +
         "\n";
}

std::string help_of_all(std::string_view family) {
  std::string out = "usage: offhook " + (family.empty() ? "" : std::string(family) + " ") + "COMMAND [OPTION…]\n\n";
  for (const auto& one : commands()) {
    if (family.empty() || one.name.starts_with(std::string(family) + " "))
      out += help_line(usage_of(one).substr(8), one.summary);
  }
  if (!family.empty()) return out + "\n\"offhook help " + std::string(family) + " COMMAND\" says more of each.\n";
  out += help_line("help COMMAND", "what a command can do");
  out += help_line("--version", "the version of this program");
  out += "\nEnvironment (defaults are those of a server in development mode):\n";
  out += help_line("OFFHOOK_URL", "where the server is: http://, https://, ws:// or wss://; http://127.0.0.1:7080");
  out += help_line("OFFHOOK_API_KEY", "the project's key");
  out += help_line("OFFHOOK_API_SECRET", "the project's secret; it signs the tokens");
  out += help_line("OFFHOOK_OPERATOR_SECRET", "the operator's secret, for \"project\"");
  out += help_line("OFFHOOK_CA_FILE", "PEM of the authorities to trust in place of the system's");
  return out +
         "\nDurations D are like 500ms, 3s, 2m, 1h.\n"
         "Exit code: 0 done, 1 an outcome that was not expected, 2 wrong usage, 3 the server cannot be reached or "
         "refuses.\n";
}

}  // namespace

std::string help_of(const Arguments& arguments) {
  if (arguments.command == nullptr) return help_of_all(arguments.family);
  const auto& command = *arguments.command;
  auto out = "usage: " + usage_of(command) + " [OPTION…]\n\n" + std::string(command.summary) + ".\n" +
             std::string(command.details) + "\n";
  for (const auto& option : command.options) {
    out += help_line(std::string(option.name) + (option.value.empty() ? "" : " ") + std::string(option.value),
                     option.help);
  }
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

Result<std::optional<Milliseconds>, UsageError> duration(const Arguments& arguments, std::string_view option,
                                                         Milliseconds least, Milliseconds most) {
  using Value = std::optional<Milliseconds>;
  const auto text = arguments.text(option);
  if (!text) return Value{};
  const auto value = parse_duration(*text);
  if (!value) return UsageError{std::string(option) + " needs a duration like 500ms, 3s or 2m, not \"" + *text + "\"."};
  if (*value < least || *value > most) {
    return UsageError{std::string(option) + " must be from " + to_text(least) + " to " + to_text(most) + ", not " +
                      *text + "."};
  }
  return Value(*value);
}

Result<std::optional<std::int64_t>, UsageError> whole_number(const Arguments& arguments, std::string_view option,
                                                             std::int64_t least, std::int64_t most) {
  using Value = std::optional<std::int64_t>;
  const auto text = arguments.text(option);
  if (!text) return Value{};
  std::int64_t number = 0;
  const auto read = std::from_chars(text->data(), text->data() + text->size(), number);
  if (read.ec != std::errc{} || read.ptr != text->data() + text->size() || number < least || number > most) {
    return UsageError{std::string(option) + " needs a whole number from " + std::to_string(least) + " to " +
                      std::to_string(most) + ", not \"" + *text + "\"."};
  }
  return Value(number);
}

Result<std::optional<std::string>, UsageError> choice(const Arguments& arguments, std::string_view option,
                                                      const std::vector<std::string_view>& words) {
  using Value = std::optional<std::string>;
  auto text = arguments.text(option);
  if (!text || std::find(words.begin(), words.end(), *text) != words.end()) return Value(std::move(text));
  std::string all;
  for (std::size_t i = 0; i < words.size(); ++i)
    all += (i == 0 ? "" : i + 1 == words.size() ? " or " : ", ") + std::string(words[i]);
  return UsageError{std::string(option) + " must be " + all + ", not \"" + *text + "\"."};
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
