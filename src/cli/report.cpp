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

Json& Json::raw(std::string_view field, std::string_view json) {
  name(field);
  fields_ += json;
  return *this;
}

Json& Json::flag(std::string_view field, bool value) { return raw(field, value ? "true" : "false"); }

Json& Json::texts(std::string_view field, const std::vector<std::string>& values) {
  std::string list;
  for (const auto& value : values) list += (list.empty() ? "" : ",") + wire::quoted(value);
  return raw(field, "[" + list + "]");
}

void Report::say(const Json& event, const std::string& sentence) const { say_line(event.done(), sentence); }

void Report::say_line(const std::string& object, const std::string& sentence) const {
  const auto& line = json_ ? object : sentence;
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

Json legs_event(const Call& call, const std::vector<Leg>& legs) {
  std::string list;
  for (const auto& leg : legs) {
    Json one;
    one.text("user", leg.user).text("state", wire::word(leg.state));
    if (leg.outcome) one.text("outcome", wire::word(*leg.outcome));
    if (leg.reason) one.text("reason", wire::word(*leg.reason));
    list += (list.empty() ? "" : ",") + one.done();
  }
  return call_event("legs", call).raw("legs", "[" + list + "]");
}

// "bob: joined, carol: busy"
std::string legs_sentence(const std::vector<Leg>& legs) {
  std::string out;
  for (const auto& leg : legs) {
    out += (out.empty() ? "" : ", ") + leg.user + ": " +
           std::string(leg.outcome ? wire::word(*leg.outcome) : wire::word(leg.state));
  }
  return out + ".";
}

std::string ended_sentence(const CallEnd& end) {
  if (end.duration.count() == 0) return end.text;
  return end.text + " The call took " + to_text(end.duration) + ".";
}

}  // namespace offhook::cli
