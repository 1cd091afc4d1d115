// What the program prints: for each event one line, a JSON object or a sentence. Every line is flushed, because programs read along.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "offhook/call.hpp"
#include "wire/json_object.hpp"

namespace offhook::cli {

using Json = wire::JsonObject;

// {"event":…}, to which more is added.
inline Json event_json(std::string_view event) {
  Json json;
  json.text("event", event);
  return json;
}

class Report {
 public:
  explicit Report(bool json) : json_(json) {}

  // One of the two; an empty sentence prints nothing.
  void say(const Json& event, const std::string& sentence) const;
  // The same for what is JSON already.
  void say_line(const std::string& object, const std::string& sentence) const;
  // A hint for people, and for nobody else.
  void note(const std::string& sentence) const { say_line("", sentence); }
  // What went wrong: on stderr for people, with JSON also as a line {"event":"error"}.
  void complain(std::string_view word, const std::string& sentence) const;

 private:
  bool json_;
};

// What a call says of itself, at each of its moments.
Json call_event(std::string_view event, const Call& call);
Json ended_event(const Call& call, const CallEnd& end);
// How it stands with each user of a group.
Json legs_event(const Call& call, const std::vector<Leg>& legs);
std::string legs_sentence(const std::vector<Leg>& legs);
// "bob hung up. The call took 3s."
std::string ended_sentence(const CallEnd& end);

}  // namespace offhook::cli
