#include "sim/runner.hpp"

#include <optional>
#include <sstream>

#include "sim/chronicle.hpp"
#include "sim/crowd.hpp"
#include "sim/fan_out.hpp"

namespace offhook::sim {
namespace {

WorldOptions world_options(std::uint64_t seed, const Swarm& swarm) {
  WorldOptions options;
  options.seed = seed;
  options.settings = settings_of(swarm);
  options.max_delay = std::max<Duration>(std::chrono::milliseconds{swarm.delay_ms}, options.min_delay);
  options.loss_permille = swarm.loss;
  options.reorder_permille = swarm.reorder;
  options.double_permille = swarm.doubled;
  options.max_commit = std::chrono::milliseconds{swarm.commit_ms};
  if (swarm.disks > 0) options.slow_commit = std::chrono::milliseconds{swarm.slow_ms};
  options.pushes = {swarm.push_late, swarm.push_lost, swarm.push_double, swarm.push_fail, swarm.push_gone};
  return options;
}

// Everything that watches, in the order in which it is told.
struct Watch {
  FanOut all;
  World world;
  Coverage coverage;
  Judge judge;
  Crowd crowd;
  Fingerprint fingerprint;
  std::optional<Chronicle> chronicle;

  Watch(std::uint64_t seed, const Swarm& swarm, Story story) : world(world_options(seed, swarm), all), judge(world, coverage), crowd(swarm) {
    if (story != Story::None) all.add(chronicle.emplace(world));
    all.add(judge);
    all.add(crowd);
    all.add(fingerprint);
  }
};

void live(Watch& watch, const Swarm& swarm) {
  auto& world = watch.world;
  const auto begun = world.now();
  const auto is_over = [&] {
    return watch.crowd.placed() >= swarm.calls || (swarm.hours > 0 && world.now() - begun >= std::chrono::hours{swarm.hours});
  };
  watch.crowd.move_in(world);
  world.run(2s);
  while (!is_over() && watch.judge.findings().empty()) {
    watch.crowd.step();
    world.run(std::chrono::milliseconds{static_cast<std::int64_t>(world.random().below(2 * static_cast<std::uint64_t>(swarm.gap_ms) + 1))});
    watch.judge.look_around();
  }
}

// L9: nothing breaks any more, and after the longest of all timers nothing is left.
void come_to_an_end(Watch& watch, const Swarm& swarm) {
  const auto& settings = watch.world.options().settings;
  const auto talk = std::chrono::milliseconds{swarm.talk_ms} * 6;
  watch.crowd.heal();
  watch.world.run(settings.setup_timeout + std::max<Duration>(settings.connect_timeout, settings.drop_grace) + std::min<Duration>(talk, settings.max_duration) + 60s);
  watch.crowd.probe();
  watch.world.run(8s * (swarm.users + 1) + settings.setup_timeout + 60s);
  watch.judge.finish();
}

}  // namespace

Result live_through(std::uint64_t seed, const Swarm& swarm, Story story) {
  Watch watch(seed, swarm, story);
  const auto begun = watch.world.now();
  live(watch, swarm);
  if (watch.judge.findings().empty()) come_to_an_end(watch, swarm);
  Result result;
  result.fingerprint = watch.fingerprint.value();
  result.messages = watch.fingerprint.messages();
  result.calls = static_cast<std::uint64_t>(watch.crowd.placed());
  result.lived = watch.world.now() - begun;
  result.findings = watch.judge.findings();
  result.looked_at = watch.judge.looked_at();
  result.pairs = watch.coverage.counts();
  if (!watch.chronicle) return result;
  std::ostringstream out;
  if (story == Story::All) {
    watch.chronicle->print(out, std::nullopt, std::nullopt);
  } else if (!result.findings.empty()) {
    watch.chronicle->print(out, result.findings.front().call, result.findings.front().device);
  }
  result.time_line = out.str();
  return result;
}

}  // namespace offhook::sim
