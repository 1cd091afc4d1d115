// JSON that is written field by field, for whoever answers in a form of their own: REST, webhooks, the command line.
// Pure; not thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wire/codec.hpp"

namespace offhook::wire {

// A list of values that are JSON already.
inline std::string json_list(const std::vector<std::string>& values) {
  std::string out = "[";
  for (const auto& value : values) out += (out.size() == 1 ? "" : ",") + value;
  return out + "]";
}

// The fields are in the order in which they were given; none may be given twice.
class JsonObject {
 public:
  JsonObject& raw(std::string_view name, std::string_view json) {  // a value that is JSON already
    fields_ += (fields_.empty() ? "" : ",") + quoted(name) + ":";
    fields_ += json;
    return *this;
  }
  JsonObject& text(std::string_view name, std::string_view value) { return raw(name, quoted(value)); }
  JsonObject& number(std::string_view name, std::int64_t value) { return raw(name, std::to_string(value)); }
  JsonObject& flag(std::string_view name, bool value) { return raw(name, value ? "true" : "false"); }
  JsonObject& texts(std::string_view name, std::vector<std::string> values) {
    for (auto& value : values) value = quoted(value);
    return raw(name, json_list(values));
  }
  JsonObject& text_if(std::string_view name, const std::optional<std::string>& value) { return value ? text(name, *value) : *this; }
  JsonObject& number_if(std::string_view name, const std::optional<std::int64_t>& value) { return value ? number(name, *value) : *this; }

  // One of the words of the wire; nothing: no field.
  template <class Word>
  JsonObject& word_if(std::string_view name, const std::optional<Word>& value) {
    return value ? text(name, word(*value)) : *this;
  }

  std::string done() const { return "{" + fields_ + "}"; }

 private:
  std::string fields_;
};

}  // namespace offhook::wire
