// The life of a call and of a device in it as tables: every step there is, every end there is, and how soon who knows. The
// engine's code takes the steps; tests and the simulator hold every record it stores against these tables, and
// docs/life-of-a-call.md is printed from them.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "core/records.hpp"
#include "core/settings.hpp"

namespace offhook::core {

struct PhaseStep {
  wire::Phase from, to;
  std::string_view when;
};

struct DeviceStep {
  wire::DeviceState from, to;
  std::string_view when;
};

// One way in which a call can end.
struct Ending {
  wire::Outcome outcome;
  std::optional<wire::Reason> reason;
  bool at_once;       // without ever having rung: the answer to its invite says so
  bool while_ringing;
  bool connecting;
  bool active;
  std::string_view meaning;
};

// How soon who learns of what, by default; each is the sum of the settings it names.
struct Bound {
  std::string_view cause;
  std::string_view who;
  std::string_view made_of;
  Duration within;    // besides one way of the network
};

std::span<const PhaseStep> phase_steps();
std::span<const DeviceStep> device_steps();
std::span<const Ending> endings();
std::vector<Bound> bounds(const Settings& settings);

// What is wrong with the step from one version of a call's record to the next one that was stored, or nothing. Without
// `before` it is the first. The records may come from any group or call.
std::optional<std::string_view> wrong_step(const CallRecord* before, const CallRecord& after);

}  // namespace offhook::core
