#include "server/life_markdown.hpp"

#include <algorithm>

#include "core/call_engine.hpp"
#include "core/life.hpp"
#include "wire/codec.hpp"

namespace offhook::server {
namespace {

using wire::DeviceState;
using wire::Outcome;

std::string code(std::string_view word) { return "`" + std::string(word) + "`"; }

std::string arrow(std::string_view from, std::string_view to, std::string_view when) {
  return "  " + std::string(from) + " --> " + std::string(to) + ": " + std::string(when) + "\n";
}

std::string phases() {
  std::string out = "## The phases of a call\n\n```mermaid\nstateDiagram-v2\n  [*] --> inviting: invite\n  [*] --> ended: invite, refused at once\n";
  for (const auto& step : core::phase_steps()) out += arrow(wire::word(step.from), wire::word(step.to), step.when);
  return out + "  ended --> [*]\n```\n";
}

// Three states that share most of their ways out: they are drawn as one box.
constexpr DeviceState k_asked[] = {DeviceState::Notified, DeviceState::Ringing, DeviceState::Ignored};

bool leaves_all_asked(const core::DeviceStep& step) {
  return std::ranges::all_of(k_asked, [&](DeviceState from) {
    return std::ranges::any_of(core::device_steps(), [&](const auto& other) {
      return other.from == from && other.to == step.to && other.when == step.when;
    });
  });
}

std::string devices() {
  std::string inside, outside;
  for (const auto& step : core::device_steps()) {
    const bool within_box = std::ranges::find(k_asked, step.to) != std::end(k_asked);
    const bool is_shared = leaves_all_asked(step);
    if (is_shared && step.from != k_asked[0]) continue;
    auto& part = within_box ? inside : outside;
    part += (within_box ? "  " : "") + arrow(is_shared ? "asked" : wire::word(step.from), wire::word(step.to), step.when);
  }
  return "## A device of the one who is called\n\n```mermaid\nstateDiagram-v2\n  [*] --> asked: told of the call\n"
         "  [*] --> moving: move_here, by one that was not told before\n  state asked {\n    [*] --> notified\n" +
         inside + "  }\n" + outside + "  done --> [*]\n```\n";
}

std::string ends() {
  std::string out =
      "## Every end there is\n\n| outcome | reason | at once | while it rings | connecting | active | what happened |\n|---|---|:-:|:-:|:-:|:-:|---|\n";
  const auto mark = [](bool can_be) { return can_be ? std::string("● | ") : std::string("| "); };
  for (const auto& end : core::endings()) {
    out += "| " + code(wire::word(end.outcome)) + " | " + (end.reason ? code(wire::word(*end.reason)) : "–") + " | " + mark(end.at_once) +
           mark(end.while_ringing) + mark(end.connecting) + mark(end.active) + std::string(end.meaning) + " |\n";
  }
  return out;
}

// What a device shows that was neither the caller's nor the one that answered.
std::string shown() {
  std::string out =
      "## What each device shows\n\n| the call's outcome | the caller, and the device that answered | a device that rang | a device that was told and never rang |\n|---|---|---|---|\n";
  for (const auto outcome : {Outcome::Ended, Outcome::Declined, Outcome::Busy, Outcome::NoAnswer, Outcome::Unreachable, Outcome::Cancelled,
                             Outcome::ConnectFailed, Outcome::Dropped, Outcome::Failed}) {
    out += "| " + code(wire::word(outcome)) + " | " + code(wire::word(outcome)) + " | " +
           code(wire::word(core::outcome_when_rung(outcome, DeviceState::Ringing))) + " | " +
           code(wire::word(core::outcome_when_rung(outcome, DeviceState::Notified))) + " |\n";
  }
  return out;
}

std::string within(Duration time) {
  if (time == Duration{}) return "one way";
  const auto ms = to_ms(time);
  return std::to_string(ms / 1000) + (ms % 1000 == 0 ? "" : "." + std::to_string(ms % 1000 / 100)) + " s";
}

std::string promise() {
  std::string out = "## How soon who knows\n\n| what happens | who learns of it | within | setting |\n|---|---|---|---|\n";
  for (const auto& bound : core::bounds(core::Settings{})) {
    out += "| " + std::string(bound.cause) + " | " + std::string(bound.who) + " | " + within(bound.within) + " | " + std::string(bound.made_of) + " |\n";
  }
  return out;
}

}  // namespace

std::string life_markdown() { return phases() + "\n" + devices() + "\n" + ends() + "\n" + shown() + "\n" + promise(); }

}  // namespace offhook::server
