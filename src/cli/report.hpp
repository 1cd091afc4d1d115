// What the program prints: for each event one line, a JSON object or a sentence. Every line is flushed, because programs read along.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "offhook/call.hpp"

namespace offhook::cli {

// A JSON object that grows field by field.
class Json {
 public:
  Json() = default;
  explicit Json(std::string_view event) { text("event", event); }
  Json& text(std::string_view name, std::string_view value);
  Json& text_if(std::string_view name, const std::optional<std::string>& value);  // nothing: no field
  Json& number(std::string_view name, std::int64_t value);
  std::string done() const { return "{" + fields_ + "}"; }

 private:
  void name(std::string_view name);
  std::string fields_;
};

class Report {
 public:
  explicit Report(bool json) : json_(json) {}

  // One of the two; an empty sentence prints nothing.
  void say(const Json& event, const std::string& sentence) const;
  // What went wrong: on stderr for people, with JSON also as a line {"event":"error"}.
  void complain(std::string_view word, const std::string& sentence) const;

 private:
  bool json_;
};

// What a call says of itself, at each of its moments.
Json call_event(std::string_view event, const Call& call);
Json ended_event(const Call& call, const CallEnd& end);
// "bob hung up. The call took 3s."
std::string ended_sentence(const CallEnd& end);

}  // namespace offhook::cli
