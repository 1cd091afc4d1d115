// What makes one run differ from another, beside its seed: how many people, how fast the links, how often what goes wrong. All
// are drawn from the seed, many of them as nothing at all, because a run in which everything fails at once hides as much as one in
// which nothing does; any may be set by hand.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/settings.hpp"

namespace offhook::sim {

struct Swarm {
  int calls = 2000;
  int hours = 0;
  // the world
  int users = 6, devices = 2, gap_ms = 3600, timers = 0;
  int delay_ms = 60, loss = 0, reorder = 0, doubled = 0, commit_ms = 0, drift_ppm = 0;
  // what people do
  int groups = 50, selves = 10, glares = 50, recalls = 50, moves = 50, media = 500, same_tick = 100, ring_more = 20, backend = 20, rules = 20;
  int answers = 600, refusals = 150, impatience = 250, talk_ms = 12'000, own_timers = 0, choices = 0;
  // what goes wrong
  int cuts = 0, networks = 0, stalls = 0, rebinds = 0, half_open = 0, suspends = 0, kills = 0;
  int wipes = 0, crashes = 0, loops = 0, drains = 0, jumps = 0, amnesia = 0, disks = 0, slow_ms = 0, asks = 0, full = 0;
  // devices that sleep, and their pushes
  int sleepers = 0, naps = 0, push_late = 0, push_lost = 0, push_double = 0, push_fail = 0, push_gone = 0, calendar_s = 0;
};

struct SwarmOption {
  std::string_view name;
  int Swarm::*field;
  int low, high;        // drawn between these
  int none_in_ten;      // in so many runs of ten it is `low` instead
  std::string_view meaning;
};

std::span<const SwarmOption> swarm_options();

Swarm draw_swarm(std::uint64_t seed);

// Applies "key=value,key=value". Returns what is wrong with it, if anything.
std::optional<std::string> set_options(std::string_view text, Swarm& swarm);

// As set_options() reads it, every option named.
std::string text_of(const Swarm& swarm);

// The server's settings of such a run. They are consistent (core/settings.hpp).
core::Settings settings_of(const Swarm& swarm);

}  // namespace offhook::sim
