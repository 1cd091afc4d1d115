#include "server/records.hpp"

#include "wire/json_object.hpp"

namespace offhook::server {
namespace {

std::int64_t duration_ms(const core::CallRecord& record) {
  return record.active_at && record.ended_at ? to_ms(*record.ended_at - *record.active_at) : 0;
}

std::optional<std::int64_t> unix_ms(std::optional<Instant> moment) {
  return moment ? std::optional(to_unix_ms(*moment)) : std::nullopt;
}

std::string to_json(const wire::LegView& leg) {
  wire::JsonObject out;
  out.text("user", leg.user).text("state", wire::word(leg.state)).word_if("outcome", leg.outcome).word_if("reason", leg.reason);
  return out.done();
}

}  // namespace

std::string to_json(const core::CallRecord& record) {
  wire::JsonObject out;
  out.text("call_id", record.id.text()).text("caller", record.caller).text("callee", record.legs.front().user);
  out.text("media", wire::word(record.media)).text("phase", wire::word(record.phase));
  out.word_if("outcome", record.outcome).word_if("reason", record.reason);
  out.number("created_at_ms", to_unix_ms(record.created_at)).number_if("answered_at_ms", unix_ms(record.answered_at));
  out.number_if("ended_at_ms", unix_ms(record.ended_at)).number("duration_ms", duration_ms(record));
  if (!record.group) return out.done();
  std::vector<std::string> legs;
  for (const auto& leg : core::leg_views(record)) legs.push_back(to_json(leg));
  return out.text("group_mode", wire::word(record.group->mode)).raw("legs", wire::json_list(legs)).done();
}

}  // namespace offhook::server
