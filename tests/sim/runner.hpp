// One run: a world with its people, from its beginning until all has come to an end.
#pragma once

#include <functional>

#include "sim/coverage.hpp"
#include "sim/judge.hpp"
#include "sim/swarm.hpp"

namespace offhook::sim {

struct Result {
  std::uint64_t fingerprint = 0;
  std::uint64_t calls = 0;
  std::uint64_t messages = 0;  // that the server has sent
  Duration lived{};
  std::vector<Finding> findings;
  std::array<std::uint64_t, k_checks> looked_at{};
  std::map<std::string, std::uint64_t> pairs;  // as Coverage::counts
  std::string time_line;                       // if it was asked for
};

// How much of the history is wanted.
enum class Story { None, OfTheFirstFinding, All };

// Ends early at a finding. The same seed and swarm give the same result.
Result live_through(std::uint64_t seed, const Swarm& swarm, Story story = Story::None);

}  // namespace offhook::sim
