#include "sim/swarm.hpp"

#include <charconv>

#include "base/random.hpp"

namespace offhook::sim {
namespace {

using namespace std::chrono_literals;

constexpr SwarmOption k_options[] = {
    {"calls", &Swarm::calls, 2000, 2000, 10, "calls that people place"},
    {"hours", &Swarm::hours, 0, 0, 10, "the run ends after so many virtual hours, if that is earlier; 0: no matter"},
    {"users", &Swarm::users, 2, 12, 1, "people"},
    {"devices", &Swarm::devices, 1, 3, 2, "of one person, at most"},
    {"gap_ms", &Swarm::gap_ms, 400, 7'600, 0, "mean time between two calls that are placed"},
    {"timers", &Swarm::timers, 0, 2, 3, "of the server: 0 as documented, 1 short, 2 long"},
    {"delay_ms", &Swarm::delay_ms, 10, 400, 5, "longest delay of a message"},
    {"loss", &Swarm::loss, 0, 80, 6, "permille of packets that are lost and sent again"},
    {"reorder", &Swarm::reorder, 0, 150, 8, "permille of commands that are overtaken by others (beyond TCP)"},
    {"double", &Swarm::doubled, 0, 200, 8, "permille of commands that arrive twice (beyond TCP)"},
    {"commit_ms", &Swarm::commit_ms, 0, 150, 5, "longest time until a record is durable"},
    {"drift_ppm", &Swarm::drift_ppm, 0, 50'000, 5, "clocks of devices are up to so much too fast or too slow"},
    {"groups", &Swarm::groups, 0, 150, 3, "permille of calls that are placed to a group"},
    {"selves", &Swarm::selves, 0, 20, 5, "permille to oneself, and as many to nobody"},
    {"glares", &Swarm::glares, 0, 150, 3, "permille that are called back at once by whom they call"},
    {"recalls", &Swarm::recalls, 0, 150, 3, "permille after which the same person is called again soon"},
    {"moves", &Swarm::moves, 0, 150, 3, "permille of active calls that another device of the user calls into"},
    {"media", &Swarm::media, 0, 900, 2, "permille of calls with sound or picture"},
    {"same_tick", &Swarm::same_tick, 0, 400, 3, "permille of deeds that wait for the full second, so that several coincide"},
    {"ring_more", &Swarm::ring_more, 0, 80, 4, "permille of answered calls to which somebody is added"},
    {"backend", &Swarm::backend, 0, 40, 4, "permille of calls at which the backend ends a call or adds somebody"},
    {"rules", &Swarm::rules, 0, 60, 3, "permille of calls at which somebody changes how to be called"},
    {"answers", &Swarm::answers, 200, 900, 0, "permille of ringing devices that are answered"},
    {"refusals", &Swarm::refusals, 0, 300, 1, "permille that are declined, busy or ignored"},
    {"impatience", &Swarm::impatience, 0, 500, 2, "permille of callers who withdraw while it rings"},
    {"talk_ms", &Swarm::talk_ms, 1'000, 30'000, 0, "longest talk; one in twenty is six times as long"},
    {"own_timers", &Swarm::own_timers, 0, 200, 4, "permille of calls with timers and a decline policy of their own"},
    {"choices", &Swarm::choices, 0, 31, 4, "glare, decline_policy, blocked_as and unknown users of the server, as bits"},
    {"cuts", &Swarm::cuts, 0, 300, 5, "per thousand calls: a socket breaks and both ends know"},
    {"networks", &Swarm::networks, 0, 250, 5, "a device has no network for a while"},
    {"stalls", &Swarm::stalls, 0, 250, 5, "nothing passes one way or both for a while"},
    {"rebinds", &Swarm::rebinds, 0, 250, 5, "a socket is dead and nobody is told"},
    {"half_open", &Swarm::half_open, 0, 200, 5, "a socket is gone and one end does not know"},
    {"suspends", &Swarm::suspends, 0, 200, 6, "an application does not run for a while"},
    {"kills", &Swarm::kills, 0, 150, 5, "an application is killed and started again"},
    {"wipes", &Swarm::wipes, 0, 300, 6, "permille of killed applications that come back without their journal"},
    {"crashes", &Swarm::crashes, 0, 30, 6, "the server crashes, some effects from now"},
    {"loops", &Swarm::loops, 0, 500, 6, "permille of crashes that are followed by another within seconds"},
    {"amnesia", &Swarm::amnesia, 0, 300, 8, "permille of crashes after which the server has no records"},
    {"drains", &Swarm::drains, 0, 10, 7, "the server is stopped as planned"},
    {"jumps", &Swarm::jumps, 0, 5'000, 7, "the server's clock is up to so many ms off after a restart"},
    {"disks", &Swarm::disks, 0, 20, 6, "the server's disk fails, is full or slow for a while"},
    {"slow_ms", &Swarm::slow_ms, 0, 800, 3, "a commit of a slow disk takes so much longer"},
    {"asks", &Swarm::asks, 0, 60, 3, "permille of calls of which the application asks afterwards what has become of them"},
    {"full", &Swarm::full, 0, 60, 5, "the server refuses every hello for a while, as overloaded"},
    {"sleepers", &Swarm::sleepers, 0, 1'000, 5, "permille of devices that can be woken by a push"},
    {"naps", &Swarm::naps, 100, 900, 1, "the system ends an application that can be woken, until a push or a person starts it"},
    {"push_late", &Swarm::push_late, 0, 300, 4, "permille of pushes that take up to a minute"},
    {"push_lost", &Swarm::push_lost, 0, 300, 4, "permille of pushes that never come"},
    {"push_double", &Swarm::push_double, 0, 200, 5, "permille of pushes that come twice"},
    {"push_fail", &Swarm::push_fail, 0, 400, 5, "permille of requests that the sender of pushes does not answer, or with 503"},
    {"push_gone", &Swarm::push_gone, 0, 100, 5, "permille of pushes of which the sender says that the address is gone"},
    {"calendar_s", &Swarm::calendar_s, 0, 600, 5, "calendars of devices are up to so many seconds off"},
};

core::Settings timers_of(int timers) {
  core::Settings s;
  if (timers == 1) {
    s.place_timeout = 5s;
    s.wake_timeout = 4s;
    s.ring_timeout = 9s;
    s.setup_timeout = 12s;
    s.caller_grace = 4s;
    s.connect_timeout = 6s;
    s.unstable_after = 1s;
    s.drop_grace = 6s;
    s.move_timeout = 3s;
    s.alone_timeout = 5s;
    s.max_duration = 1min;
    s.heartbeat_idle = 4s;
    s.heartbeat_live = 500ms;
    s.resume_window = 6s;
    s.keep_ended = 1min;
    s.push_retry = 2s;
  }
  if (timers == 2) {
    s.wake_timeout = 40s;
    s.ring_timeout = 90s;
    s.setup_timeout = 150s;
    s.caller_grace = 25s;
    s.connect_timeout = 40s;
    s.unstable_after = 8s;
    s.drop_grace = 60s;
    s.move_timeout = 28s;
    s.max_duration = 2min;
    s.heartbeat_idle = 50s;
    s.heartbeat_live = 4s;
    s.resume_window = 120s;
  }
  return s;
}

}  // namespace

std::span<const SwarmOption> swarm_options() { return k_options; }

Swarm draw_swarm(std::uint64_t seed) {
  Random random({static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32), 3});
  Swarm swarm;
  for (const auto& option : k_options) {
    const auto drawn = option.low + static_cast<int>(random.below(static_cast<std::uint64_t>(option.high - option.low + 1)));
    const bool none = random.below(10) < static_cast<std::uint64_t>(option.none_in_ten);
    swarm.*option.field = none ? option.low : drawn;
  }
  return swarm;
}

std::optional<std::string> set_options(std::string_view text, Swarm& swarm) {
  while (!text.empty()) {
    const auto end = std::min(text.find(','), text.size());
    const auto item = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const auto equals = std::min(item.find('='), item.size());
    const auto found = std::find_if(std::begin(k_options), std::end(k_options), [&](const auto& option) { return option.name == item.substr(0, equals); });
    if (found == std::end(k_options)) return "There is no option \"" + std::string(item.substr(0, equals)) + "\"; --help lists them.";
    const auto value = item.substr(std::min(equals + 1, item.size()));
    int number = 0;
    const auto [rest, problem] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (value.empty() || problem != std::errc{} || rest != value.data() + value.size() || number < 0) {
      return std::string(found->name) + " takes a whole number, as " + std::string(found->name) + "=" + std::to_string(found->high) + ".";
    }
    swarm.*found->field = number;
  }
  return std::nullopt;
}

std::string text_of(const Swarm& swarm) {
  std::string text;
  for (const auto& option : k_options) {
    text += (text.empty() ? "" : ",") + std::string(option.name) + "=" + std::to_string(swarm.*option.field);
  }
  return text;
}

core::Settings settings_of(const Swarm& swarm) {
  auto settings = timers_of(swarm.timers);
  settings.glare = swarm.choices & 1 ? core::Glare::Busy : core::Glare::Merge;
  settings.decline_policy = swarm.choices & 2 ? wire::DeclinePolicy::AllDevices : wire::DeclinePolicy::FirstDecline;
  settings.blocked_as = static_cast<core::BlockedAs>((swarm.choices >> 2) & 3);
  settings.refuse_unknown_users = (swarm.choices & 16) != 0;
  settings.server_name = "sim";
  settings.push = swarm.sleepers > 0;
  return settings;
}

}  // namespace offhook::sim
