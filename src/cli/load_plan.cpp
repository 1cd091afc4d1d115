#include "cli/load_plan.hpp"

#include <charconv>

#include "wire/codec.hpp"
#include "wire/token.hpp"

namespace offhook::cli {
namespace {

using wire::Outcome;

struct ScenarioRow {
  std::string_view word;
  Scenario scenario;
  Outcome caller, callee;
};
constexpr ScenarioRow k_scenarios[] = {{"answered", Scenario::Answered, Outcome::Ended, Outcome::Ended},
                                       {"declined", Scenario::Declined, Outcome::Declined, Outcome::Declined},
                                       {"no_answer", Scenario::NoAnswer, Outcome::NoAnswer, Outcome::Missed},
                                       {"cancelled", Scenario::Cancelled, Outcome::Cancelled, Outcome::Missed}};

constexpr double k_default_rate = 10, k_max_rate = 100'000;
constexpr std::int64_t k_default_calls = 100, k_max_calls = 10'000'000;
constexpr std::int64_t k_default_devices = 20, k_max_devices = 20'000;
constexpr Milliseconds k_default_ring_timeout{1'000};

Result<double, UsageError> read_rate(const Arguments& arguments) {
  const auto text = arguments.text("--rate");
  if (!text) return k_default_rate;
  double rate = 0;
  const auto read = std::from_chars(text->data(), text->data() + text->size(), rate);
  if (read.ec == std::errc{} && read.ptr == text->data() + text->size() && rate >= 0 && rate <= k_max_rate) return rate;
  return UsageError{"--rate needs a number of calls a second from 0 to 100000, not \"" + *text + "\"; 0 is as fast as it goes."};
}

}  // namespace

Result<LoadPlan, UsageError> make_load_plan(const Arguments& arguments) {
  LoadPlan plan;
  const auto mix = choice(arguments, "--scenario", {"answered", "declined", "no_answer", "cancelled", "mixed"});
  if (!mix) return mix.error();
  plan.mix = mix->value_or("answered");
  const auto rate = read_rate(arguments);
  if (!rate) return rate.error();
  plan.rate = *rate;
  const auto calls = whole_number(arguments, "--calls", 1, k_max_calls);
  if (!calls) return calls.error();
  plan.calls = calls->value_or(k_default_calls);
  const auto devices = whole_number(arguments, "--devices", 2, k_max_devices);
  if (!devices) return devices.error();
  plan.devices = devices->value_or(k_default_devices);
  const auto live = whole_number(arguments, "--live", 1, k_max_devices / 2);
  if (!live) return live.error();
  plan.live = live->value_or(plan.devices / 2);
  const auto hold = duration(arguments, "--hold");
  if (!hold) return hold.error();
  plan.hold = hold->value_or(Milliseconds{0});
  const auto ring_timeout = duration(arguments, "--ring-timeout", Milliseconds{1'000}, std::chrono::minutes{3});
  if (!ring_timeout) return ring_timeout.error();
  plan.ring_timeout = ring_timeout->value_or(k_default_ring_timeout);
  plan.name = arguments.text("--name").value_or("load");
  constexpr std::size_t k_max_name = 64;
  if (plan.name.size() > k_max_name || !wire::valid_device_id(plan.name)) {
    return UsageError{"--name needs 1 to 64 letters, digits and . _ -, not \"" + plan.name + "\"."};
  }
  return plan;
}

Scenario scenario_of(const LoadPlan& plan, std::int64_t number) {
  for (const auto& row : k_scenarios) {
    if (row.word == plan.mix) return row.scenario;
  }
  switch (number % 10) {
    case 3: return Scenario::Declined;
    case 5: return Scenario::Cancelled;
    case 8: return Scenario::NoAnswer;
    default: return Scenario::Answered;
  }
}

Outcome caller_outcome(Scenario scenario) { return k_scenarios[static_cast<std::size_t>(scenario)].caller; }
Outcome callee_outcome(Scenario scenario) { return k_scenarios[static_cast<std::size_t>(scenario)].callee; }

}  // namespace offhook::cli
