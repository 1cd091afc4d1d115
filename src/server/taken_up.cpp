#include "server/taken_up.hpp"

#include <algorithm>

namespace offhook::server {
namespace {

std::string counted(std::size_t number, const std::string& noun) {
  return std::to_string(number) + " " + noun + (number == 1 ? "" : "s");
}

Instant latest_moment(const core::LegRecord& leg) {
  auto latest = std::max({leg.rang_at, leg.answered_at, leg.ended_at}).value_or(Instant{});
  for (const auto& device : leg.devices) latest = std::max(latest, device.lost_since.value_or(Instant{}));
  return latest;
}

Instant latest_moment_of(const core::CallRecord& call) {
  auto latest = std::max({std::optional(call.created_at), call.answered_at, call.active_at, call.ended_at}).value();
  for (const auto& leg : call.legs) latest = std::max(latest, latest_moment(leg));
  return std::max(latest, latest_moment(call.caller_leg));
}

Instant latest_moment_of(const core::SessionRecord& session) { return session.created_at; }
Instant latest_moment_of(const core::MissedRecord& missed) { return missed.since; }
Instant latest_moment_of(const core::WithdrawnRecord& withdrawn) { return withdrawn.since; }
Instant latest_moment_of(const core::RulesRecord&) { return {}; }
Instant latest_moment_of(const core::SeenRecord&) { return {}; }
Instant latest_moment_of(const core::ConnectionRecord& joined) { return from_unix_ms(joined.shown.created_at_ms); }
Instant latest_moment_of(const core::PushRecord& push) { return push.since; }
Instant latest_moment_of(const core::ProjectRecord& project) { return project.created_at; }
Instant latest_moment_of(const core::GoneRecord&) { return {}; }

}  // namespace

TakenUp count(const std::vector<core::Record>& records) {
  TakenUp counts;
  for (const auto& record : records) {
    if (const auto* call = std::get_if<core::CallRecord>(&record)) {
      ++(call->phase == wire::Phase::Ended ? counts.ended_calls : counts.live_calls);
    }
    counts.sessions += std::holds_alternative<core::SessionRecord>(record);
    counts.missed_calls += std::holds_alternative<core::MissedRecord>(record);
    counts.rules += std::holds_alternative<core::RulesRecord>(record);
  }
  return counts;
}

std::string to_text(const TakenUp& taken_up) {
  return counted(taken_up.live_calls, "live call") + ", " + std::to_string(taken_up.ended_calls) + " just ended, " +
         counted(taken_up.sessions, "session") + ", " + counted(taken_up.missed_calls, "missed call") + ", rules of " +
         counted(taken_up.rules, "user");
}

Duration longest_keep_ended(const Config& config) {
  auto longest = config.settings.keep_ended;
  for (const auto& project : config.projects) longest = std::max(longest, project.settings.keep_ended);
  return longest;
}

Instant latest_moment(const std::vector<core::Record>& records) {
  Instant latest{};
  for (const auto& record : records) {
    latest = std::max(latest, std::visit([](const auto& one) { return latest_moment_of(one); }, record));
  }
  return latest;
}

}  // namespace offhook::server
