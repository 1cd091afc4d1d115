#include "server/records.hpp"

#include "wire/codec.hpp"

namespace offhook::server {
namespace {

std::int64_t duration_ms(const core::CallRecord& record) {
  return record.active_at && record.ended_at ? to_ms(*record.ended_at - *record.active_at) : 0;
}

// A callee whose devices did not answer has missed the call, whatever the call's own word is.
wire::Outcome outcome_for(const core::CallRecord& record, bool is_caller) {
  const auto outcome = record.outcome.value_or(wire::Outcome::Failed);
  if (is_caller || record.winner || outcome == wire::Outcome::Declined) return outcome;
  return wire::Outcome::Missed;
}

}  // namespace

wire::HistoryRecord history_record(const core::CallRecord& record, const UserId& user) {
  wire::HistoryRecord out;
  out.call_id = record.id;
  out.outgoing = record.caller == user;
  out.peer = out.outgoing ? record.callee : record.caller;
  out.media = record.media;
  out.created_at_ms = to_unix_ms(record.created_at);
  if (record.answered_at) out.answered_at_ms = to_unix_ms(*record.answered_at);
  out.ended_at_ms = to_unix_ms(record.ended_at.value_or(record.created_at));
  out.outcome = record.outcome.value_or(wire::Outcome::Failed);
  out.reason = record.reason;
  out.your_outcome = outcome_for(record, out.outgoing);
  out.duration_ms = duration_ms(record);
  return out;
}

std::string to_json(const core::CallRecord& record) {
  std::string out = "{\"call_id\":" + wire::quoted(record.id.text());
  const auto text = [&](std::string_view name, std::string_view value) {
    out += "," + wire::quoted(name) + ":" + wire::quoted(value);
  };
  const auto number = [&](std::string_view name, std::int64_t value) {
    out += "," + wire::quoted(name) + ":" + std::to_string(value);
  };
  text("caller", record.caller);
  text("callee", record.callee);
  text("media", wire::word(record.media));
  text("phase", wire::word(record.phase));
  if (record.outcome) text("outcome", wire::word(*record.outcome));
  if (record.reason) text("reason", wire::word(*record.reason));
  number("created_at_ms", to_unix_ms(record.created_at));
  if (record.answered_at) number("answered_at_ms", to_unix_ms(*record.answered_at));
  if (record.ended_at) number("ended_at_ms", to_unix_ms(*record.ended_at));
  number("duration_ms", duration_ms(record));
  return out + "}";
}

}  // namespace offhook::server
