// The simulator as a program; `./dev sim` builds and starts it. It ends at the first seed that shows something that must not be.
#include <charconv>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <string>
#include <string_view>

#include "sim/runner.hpp"

namespace offhook::sim {
namespace {

struct Arguments {
  std::uint64_t first_seed = 1, last_seed = 1;
  std::string swarm;
  std::string report;
  bool trace = false;
  bool help = false;
  std::optional<std::string> problem;
};

constexpr std::string_view k_usage =
    R"(usage: ./dev sim [--seed N | --seeds A..B] [--calls N] [--hours H] [--swarm key=value,…] [--trace]
       ./dev sim --mutations [NAME…]

A world of real engines in virtual time: people call each other, links, applications and the server fail, and every invariant of the life of a
call is watched. Without a seed it runs seeds 1 to 20. The same seed is the same history.

  --seed N, --seeds A..B   the runs; each has its own world and its own swarm options, drawn from the seed
  --calls N                calls placed in each run (2000)
  --hours H                each run ends after so many virtual hours, if that is earlier
  --swarm key=value,…      sets swarm options instead of drawing them
  --trace                  prints everything that happened
  --report FILE            figures for a machine
  --mutations              plants faults in the engines, one by one, and says which check finds each (tests/sim/mutate.py)

Swarm options, drawn from low to high, or low in so many runs of ten:
)";

std::optional<std::uint64_t> number_in(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  return problem == std::errc{} && end == text.data() + text.size() && !text.empty() ? std::optional(number) : std::nullopt;
}

void read_seeds(std::string_view text, Arguments& out) {
  const auto dots = text.find("..");
  const auto first = number_in(text.substr(0, dots));
  const auto last = dots == std::string_view::npos ? first : number_in(text.substr(dots + 2));
  if (!first || !last || *last < *first) {
    out.problem = "Seeds are a number or a range as 1..20, not \"" + std::string(text) + "\".";
    return;
  }
  out.first_seed = *first;
  out.last_seed = *last;
}

Arguments read_arguments(int count, char** words) {
  Arguments out;
  out.last_seed = 20;
  for (int i = 1; i < count && !out.problem; ++i) {
    const std::string_view word = words[i];
    if (word == "--trace") { out.trace = true; continue; }
    if (word == "--help" || word == "-h") { out.help = true; continue; }
    if (i + 1 == count) { out.problem = "What is \"" + std::string(word) + "\"? --help lists the options."; break; }
    const std::string_view value = words[++i];
    if (word == "--seed" || word == "--seeds") read_seeds(value, out);
    else if (word == "--calls") out.swarm += ",calls=" + std::string(value);
    else if (word == "--hours") out.swarm += ",hours=" + std::string(value);
    else if (word == "--swarm") out.swarm += "," + std::string(value);
    else if (word == "--report") out.report = value;
    else out.problem = "What is \"" + std::string(word) + "\"? --help lists the options.";
  }
  if (out.swarm.starts_with(',')) out.swarm.erase(0, 1);
  return out;
}

void print_help() {
  std::cout << k_usage;
  for (const auto& option : swarm_options()) {
    std::printf("  %-12s %6d to %-6d (%d)  %s\n", std::string(option.name).c_str(), option.low, option.high, option.none_in_ten, std::string(option.meaning).c_str());
  }
}

// What all runs have come to.
struct Sum {
  std::uint64_t calls = 0, messages = 0, seeds = 0, fingerprint = 0;
  Duration lived{};
  std::array<std::uint64_t, k_checks> looked_at{};
  std::map<std::string, std::uint64_t> pairs;

  void add(const Result& result) {
    calls += result.calls;
    messages += result.messages;
    ++seeds;
    fingerprint = fingerprint * 31 + result.fingerprint;
    lived += result.lived;
    for (std::size_t i = 0; i < k_checks; ++i) looked_at[i] += result.looked_at[i];
    for (const auto& [name, count] : result.pairs) pairs[name] += count;
  }
  double hours() const { return static_cast<double>(lived.count()) / 3.6e9; }
};

void print_sum(const Sum& sum, double seconds) {
  std::printf("%llu seeds, %llu calls, %.1f virtual hours, %llu messages of the server, %.1f s; fingerprint %016llx\n",
              static_cast<unsigned long long>(sum.seeds), static_cast<unsigned long long>(sum.calls), sum.hours(),
              static_cast<unsigned long long>(sum.messages), seconds, static_cast<unsigned long long>(sum.fingerprint));
  std::fflush(stdout);
}

void write_report(const std::string& path, const Sum& sum) {
  if (path.empty()) return;
  std::ofstream out(path);
  out << "calls " << sum.calls << "\nhours " << sum.hours() << "\n";
  for (std::size_t i = 0; i < k_checks; ++i) out << "check " << name_of(static_cast<Check>(i)) << " " << sum.looked_at[i] << "\n";
  for (const auto& [name, count] : sum.pairs) out << "pair " << count << " " << name << "\n";
  for (const auto& name : Coverage::missing(sum.pairs)) out << "missing " << name << "\n";
}

// A finding is lived through once more, this time with its story.
void print_finding(std::uint64_t seed, const Swarm& swarm, const Arguments& arguments) {
  const auto again = live_through(seed, swarm, Story::OfTheFirstFinding);
  const auto& first = again.findings.front();
  std::cout << "\nFOUND by " << name_of(first.check) << " in seed " << seed << " after " << again.calls << " calls: " << first.what << "\n"
            << (first.call ? "call " + first.call->text() + "\n" : std::string()) << again.time_line << "\nFOUND by " << name_of(first.check) << " in seed " << seed
            << " after " << again.calls << " calls: " << first.what << "\nswarm: " << text_of(swarm) << "\nreplay: ./dev sim --seed " << seed
            << (arguments.swarm.empty() ? "" : " --swarm " + arguments.swarm) << std::endl;
}

int run(const Arguments& arguments) {
  using Clock = std::chrono::steady_clock;
  const auto begun = Clock::now();
  const auto seconds = [&] { return std::chrono::duration<double>(Clock::now() - begun).count(); };
  Sum sum;
  double told_at = 0;
  for (auto seed = arguments.first_seed; seed <= arguments.last_seed; ++seed) {
    auto swarm = draw_swarm(seed);
    if (const auto problem = set_options(arguments.swarm, swarm)) {
      std::cerr << "sim: " << *problem << "\n";
      return 2;
    }
    const auto result = live_through(seed, swarm, arguments.trace ? Story::All : Story::None);
    if (arguments.trace) std::cout << "seed " << seed << ": " << text_of(swarm) << "\n" << result.time_line;
    sum.add(result);
    if (!result.findings.empty()) {
      print_finding(seed, swarm, arguments);
      return 1;
    }
    if (seconds() - told_at < 5) continue;
    told_at = seconds();
    print_sum(sum, told_at);
  }
  print_sum(sum, seconds());
  write_report(arguments.report, sum);
  return 0;
}

}  // namespace
}  // namespace offhook::sim

int main(int count, char** words) {
  const auto arguments = offhook::sim::read_arguments(count, words);
  if (arguments.help) return offhook::sim::print_help(), 0;
  if (arguments.problem) {
    std::cerr << "sim: " << *arguments.problem << "\n";
    return 2;
  }
  return offhook::sim::run(arguments);
}
