#include "cli/report.hpp"

#include <cstdio>

#include "cli/arguments.hpp"
#include "wire/codec.hpp"

namespace offhook::cli {

void Report::say(const Json& event, const std::string& sentence) const { say_line(event.done(), sentence); }

void Report::say_line(const std::string& object, const std::string& sentence) const {
  const auto& line = json_ ? object : sentence;
  if (line.empty()) return;
  std::printf("%s\n", line.c_str());
  std::fflush(stdout);
}

void Report::complain(std::string_view word, const std::string& sentence) const {
  if (json_) say(event_json("error").text("error", word).text("message", sentence), "");
  std::fprintf(stderr, "offhook: %s\n", sentence.c_str());
}

Json call_event(std::string_view event, const Call& call) {
  auto json = event_json(event);
  const auto id = call.id();
  if (id) json.text("call", id->text());
  return json.text("peer", call.peer());
}

Json ended_event(const Call& call, const CallEnd& end) {
  auto json = event_json("ended");
  json.text("outcome", wire::word(end.outcome)).word_if("reason", end.reason);
  if (const auto id = call.id()) json.text("call", id->text());
  return json.text("peer", call.peer()).number("duration_ms", end.duration.count());
}

Json legs_event(const Call& call, const std::vector<Leg>& legs) {
  std::vector<std::string> list;
  for (const auto& leg : legs) {
    Json one;
    one.text("user", leg.user).text("state", wire::word(leg.state)).word_if("outcome", leg.outcome).word_if("reason", leg.reason);
    list.push_back(one.done());
  }
  return call_event("legs", call).raw("legs", wire::json_list(list));
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
