// What `offhook load` is asked to do. Pure.
#pragma once

#include <cstdint>
#include <string>

#include "cli/arguments.hpp"
#include "wire/messages.hpp"

namespace offhook::cli {

enum class Scenario { Answered, Declined, NoAnswer, Cancelled };

struct LoadPlan {
  std::string mix;  // a scenario's word, or "mixed"
  double rate = 0;  // calls a second; 0: a call whenever two devices are free
  std::int64_t calls = 0;
  std::int64_t devices = 0;
  std::int64_t live = 0;         // at most so many calls at a time
  Milliseconds hold{0};          // from connected to the hang-up
  Milliseconds ring_timeout{0};  // of calls that nobody answers
  std::string name;              // first part of the users' names
};

// Every option in its range; what is left out has a default.
Result<LoadPlan, UsageError> make_load_plan(const Arguments& arguments);

// The scenario of call `number`: the same for the same plan. Of "mixed" seven in ten are answered, one each is declined, not
// answered, cancelled.
Scenario scenario_of(const LoadPlan& plan, std::int64_t number);

// What the two sides are told at the end.
wire::Outcome caller_outcome(Scenario scenario);
wire::Outcome callee_outcome(Scenario scenario);

}  // namespace offhook::cli
