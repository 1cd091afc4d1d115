#include "server/log.hpp"

#include <cstdio>
#include <ctime>

#include "wire/json_object.hpp"

namespace offhook::server {
namespace {

wire::JsonObject begin(Instant now, std::string_view level, std::string_view event) {
  wire::JsonObject json;
  json.text("ts", to_rfc3339(now)).text("level", level).text("event", event);
  return json;
}

std::optional<std::int64_t> ms_between(const std::optional<Instant>& from, const std::optional<Instant>& to) {
  return from && to ? std::optional(to_ms(*to - *from)) : std::nullopt;
}

std::string call_json(Instant now, const core::CallRecord& record) {
  auto json = begin(now, "info", "call_ended");
  json.text("call", record.id.text()).text("project", record.project).text("outcome", wire::word(*record.outcome));
  json.word_if("reason", record.reason);
  json.number_if("answered_after_ms", ms_between(record.created_at, record.answered_at));
  json.number_if("duration_ms", ms_between(record.active_at, record.ended_at));
  json.number_if("total_ms", ms_between(record.created_at, record.ended_at));
  return json.done();
}

std::string call_sentence(const core::CallRecord& record) {
  std::string text = record.id.text() + " " + std::string(wire::word(*record.outcome));
  if (record.reason) text += "/" + std::string(wire::word(*record.reason));
  const auto after = ms_between(record.created_at, record.ended_at).value_or(0);
  text += " after " + std::to_string(after) + " ms";
  if (const auto talk = ms_between(record.active_at, record.ended_at)) text += ", connected for " + std::to_string(*talk) + " ms";
  return text;
}

}  // namespace

std::string to_rfc3339(Instant moment) {
  const auto ms = to_unix_ms(moment);
  const std::time_t seconds = static_cast<std::time_t>(ms / 1000);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[40];
  const auto length = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  std::snprintf(text + length, sizeof text - length, ".%03dZ", static_cast<int>(ms % 1000));
  return text;
}

Log::Log(LogSettings settings, std::function<void(const std::string& line)> write) : settings_(settings), write_(std::move(write)) {}

void Log::line(const std::string& text) const {
  if (write_) return write_(text);
  std::fprintf(stderr, "%s\n", text.c_str());
}

void Log::problem(Instant now, std::string_view what) const {
  line(settings_.json ? begin(now, "warning", "problem").text("message", what).done() : "offhookd: " + std::string(what));
}

void Log::event(Instant now, std::string_view event, std::string_view sentence) const {
  line(settings_.json ? begin(now, "info", event).text("message", sentence).done() : "offhookd: " + std::string(sentence));
}

void Log::ended(Instant now, const core::CallRecord& record) const {
  if (settings_.calls) line(settings_.json ? call_json(now, record) : "offhookd: " + call_sentence(record));
}

}  // namespace offhook::server
