#include "offhook/watchdogs.hpp"

#include <algorithm>
#include <chrono>

namespace offhook::client {
namespace {

using namespace std::chrono_literals;

constexpr Duration k_max_watchdog = 1h;
constexpr Duration k_caller_margin = 2s;
constexpr Duration k_call_margin = 5s;
constexpr Duration k_min_wake = 3s;
constexpr Duration k_max_wake = 15s;

Duration from_ms(std::int64_t ms) { return std::chrono::milliseconds{ms}; }

struct Named {
  const char* name;
  std::optional<Duration> Watchdogs::*field;
};
constexpr Named k_named[] = {
    {"place", &Watchdogs::place},     {"caller", &Watchdogs::caller},
    {"setup", &Watchdogs::setup},     {"ring", &Watchdogs::ring},
    {"ring_contact", &Watchdogs::ring_contact}, {"answer", &Watchdogs::answer},
    {"connect", &Watchdogs::connect}, {"call", &Watchdogs::call},
    {"end", &Watchdogs::end},         {"wake", &Watchdogs::wake},
};

std::optional<std::string> unless(bool holds, const char* name, Duration is, const char* must, const char* rule, Duration value) {
  if (holds) return std::nullopt;
  return "The watchdog " + std::string(name) + " is " + std::to_string(to_ms(is)) + " ms and must be at " + must + " " + rule +
         " = " + std::to_string(to_ms(value)) + " ms.";
}

std::optional<std::string> least(const char* name, Duration is, Duration value, const char* rule) {
  return unless(is >= value, name, is, "least", rule, value);
}

std::optional<std::string> most(const char* name, Duration is, Duration value, const char* rule) {
  return unless(is <= value, name, is, "most", rule, value);
}

}  // namespace

WatchdogLimits limits_of(const Watchdogs& watchdogs, const wire::ClientSettings& server) {
  WatchdogLimits limits;
  limits.place = watchdogs.place.value_or(from_ms(server.place_timeout_ms));
  limits.caller = watchdogs.caller.value_or(from_ms(server.caller_grace_ms) + k_caller_margin);
  limits.setup = watchdogs.setup.value_or(5s);
  limits.ring = watchdogs.ring.value_or(2s);
  limits.ring_contact = watchdogs.ring_contact.value_or(10s);
  limits.answer = watchdogs.answer.value_or(std::min<Duration>(10s, from_ms(server.connect_timeout_ms)));
  limits.connect = watchdogs.connect.value_or(2s);
  limits.call = watchdogs.call.value_or(from_ms(server.drop_grace_ms));
  limits.end = watchdogs.end.value_or(5s);
  limits.wake = watchdogs.wake.value_or(8s);
  return limits;
}

std::optional<std::string> problem_of(const Watchdogs& watchdogs) {
  for (const auto& [name, field] : k_named) {
    const auto value = watchdogs.*field;
    if (!value || (*value >= Duration{0} && *value <= k_max_watchdog)) continue;
    return "The watchdog " + std::string(name) + " is " + std::to_string(to_ms(*value)) + " ms; it must be 0 to " +
           std::to_string(to_ms(k_max_watchdog)) + " ms.";
  }
  if (watchdogs.wake && (*watchdogs.wake < k_min_wake || *watchdogs.wake > k_max_wake)) {
    return "The watchdog wake is " + std::to_string(to_ms(*watchdogs.wake)) + " ms; it must be " + std::to_string(to_ms(k_min_wake)) + " to " +
           std::to_string(to_ms(k_max_wake)) + " ms.";
  }
  return std::nullopt;
}

std::optional<std::string> contradiction_of(const Watchdogs& watchdogs, const wire::ClientSettings& server) {
  const auto limits = limits_of(watchdogs, server);
  const auto grace = from_ms(server.drop_grace_ms);
  if (auto found = least("caller", limits.caller, from_ms(server.caller_grace_ms) + k_caller_margin, "caller_grace_ms + 2000")) return found;
  if (auto found = least("call", limits.call, grace, "drop_grace_ms")) return found;
  if (auto found = most("call", limits.call, grace + k_call_margin, "drop_grace_ms + 5000")) return found;
  if (auto found = least("ring_contact", limits.ring_contact, from_ms(2 * server.heartbeat_live_ms), "2 × heartbeat_live_ms")) return found;
  return most("answer", limits.answer, from_ms(server.connect_timeout_ms), "connect_timeout_ms");
}

}  // namespace offhook::client
