#include "cli/report.hpp"

#include <cstdio>

#include "cli/arguments.hpp"
#include "wire/codec.hpp"

namespace offhook::cli {

void Json::name(std::string_view name) {
  if (!fields_.empty()) fields_ += ",";
  fields_ += wire::quoted(name) + ":";
}

Json& Json::text(std::string_view field, std::string_view value) {
  name(field);
  fields_ += wire::quoted(value);
  return *this;
}

Json& Json::text_if(std::string_view field, const std::optional<std::string>& value) {
  return value ? text(field, *value) : *this;
}

Json& Json::number(std::string_view field, std::int64_t value) {
  name(field);
  fields_ += std::to_string(value);
  return *this;
}

void Report::say(const Json& event, const std::string& sentence) const {
  const auto line = json_ ? event.done() : sentence;
  if (line.empty()) return;
  std::printf("%s\n", line.c_str());
  std::fflush(stdout);
}

void Report::complain(std::string_view word, const std::string& sentence) const {
  if (json_) say(Json("error").text("error", word).text("message", sentence), "");
  std::fprintf(stderr, "offhook: %s\n", sentence.c_str());
}

Json call_event(std::string_view event, const Call& call) {
  Json json(event);
  const auto id = call.id();
  if (id) json.text("call", id->text());
  return json.text("peer", call.peer());
}

Json ended_event(const Call& call, const CallEnd& end) {
  Json json("ended");
  json.text("outcome", wire::word(end.outcome));
  if (end.reason) json.text("reason", wire::word(*end.reason));
  if (const auto id = call.id()) json.text("call", id->text());
  return json.text("peer", call.peer()).number("duration_ms", end.duration.count());
}

std::string ended_sentence(const CallEnd& end) {
  if (end.duration.count() == 0) return end.text;
  return end.text + " The call took " + to_text(end.duration) + ".";
}

}  // namespace offhook::cli
