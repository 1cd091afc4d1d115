#include "server/records.hpp"

#include "wire/codec.hpp"

namespace offhook::server {
namespace {

std::int64_t duration_ms(const core::CallRecord& record) {
  return record.active_at && record.ended_at ? to_ms(*record.ended_at - *record.active_at) : 0;
}

}  // namespace

std::string to_json(const core::CallRecord& record) {
  std::string out = "{\"call_id\":" + wire::quoted(record.id.text());
  const auto text = [&](std::string_view name, std::string_view value) {
    out += "," + wire::quoted(name) + ":" + wire::quoted(value);
  };
  const auto number = [&](std::string_view name, std::int64_t value) {
    out += "," + wire::quoted(name) + ":" + std::to_string(value);
  };
  text("caller", record.caller);
  text("callee", record.legs.front().user);
  text("media", wire::word(record.media));
  text("phase", wire::word(record.phase));
  if (record.outcome) text("outcome", wire::word(*record.outcome));
  if (record.reason) text("reason", wire::word(*record.reason));
  number("created_at_ms", to_unix_ms(record.created_at));
  if (record.answered_at) number("answered_at_ms", to_unix_ms(*record.answered_at));
  if (record.ended_at) number("ended_at_ms", to_unix_ms(*record.ended_at));
  number("duration_ms", duration_ms(record));
  if (!record.group) return out + "}";
  text("group_mode", wire::word(record.group->mode));
  out += ",\"legs\":[";
  for (const auto& leg : core::leg_views(record)) {
    out += std::string(out.ends_with('[') ? "" : ",") + "{\"user\":" + wire::quoted(leg.user);
    text("state", wire::word(leg.state));
    if (leg.outcome) text("outcome", wire::word(*leg.outcome));
    if (leg.reason) text("reason", wire::word(*leg.reason));
    out += "}";
  }
  return out + "]}";
}

}  // namespace offhook::server
