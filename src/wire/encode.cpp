// Messages → JSON text. A small writer of our own: the output is always well-formed and never needs a tree.
#include <charconv>

#include "wire/codec.hpp"
#include "wire/fields.hpp"
#include "wire/words.hpp"

namespace offhook::wire {
namespace {

// RFC 8259 section 7: quotation mark, backslash and what is below U+0020 must be escaped; the rest is valid UTF-8 by our
// decoder's check.
bool is_plain(char c) { return static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\'; }

void append_escaped(std::string& out, char c) {
  static constexpr char k_hex[] = "0123456789abcdef";
  if (c == '"' || c == '\\') {
    out.push_back('\\');
    out.push_back(c);
  } else if (c == '\n') {
    out += "\\n";
  } else {
    const auto byte = static_cast<unsigned char>(c);
    out += "\\u00";
    out.push_back(k_hex[byte >> 4]);
    out.push_back(k_hex[byte & 15]);
  }
}

// Plain runs in one piece: half of what a frame cost was spent in copying it letter by letter.
void append_string(std::string& out, std::string_view text) {
  out.push_back('"');
  for (std::size_t begin = 0; begin < text.size();) {
    auto end = begin;
    while (end < text.size() && is_plain(text[end])) ++end;
    out.append(text, begin, end - begin);
    if (end < text.size()) append_escaped(out, text[end++]);
    begin = end;
  }
  out.push_back('"');
}

class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) {}

  void begin() { out_.push_back('{'); first_ = true; }
  void end() { out_.push_back('}'); first_ = false; }

  template <class T, class Rule = NoRule>
  void field(std::string_view name, const T& value, Rule = {}) {
    key(name);
    write(value);
  }
  template <class T, class Rule = NoRule>
  void field(std::string_view name, const std::optional<T>& value, Rule = {}) {
    if (value) field(name, *value);
  }
  template <class T>
  void with_default(std::string_view name, const T& value, IntegerRule) {
    field(name, value);
  }
  template <class T>
  void or_default(std::string_view name, const T& value) {
    field(name, value);
  }
  void text(std::string_view name, const std::string& value, TextRule) {
    if (!value.empty()) field(name, value);
  }
  void need(bool, std::string_view) {}
  void rule(bool, std::string_view, std::string_view) {}
  void flag(std::string_view name, bool value) {
    if (value) field(name, value);
  }
  void choice(std::string_view name, bool value, std::string_view when_true, std::string_view when_false) {
    field(name, value ? when_true : when_false);
  }
  template <class T, class Rule = NoRule>
  void list(std::string_view name, const std::vector<T>& values, std::size_t, WhenEmpty when_empty, Rule = {}) {
    if (values.empty() && when_empty == WhenEmpty::LeftOut) return;
    key(name);
    out_.push_back('[');
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (i > 0) out_.push_back(',');
      write(values[i]);
    }
    out_.push_back(']');
  }

 private:
  void key(std::string_view name) {
    out_.append(first_ ? "\"" : ",\"");
    first_ = false;
    out_.append(name);  // the names of fields.hpp hold nothing that needs an escape
    out_.append("\":");
  }

  void write(std::string_view text) { append_string(out_, text); }
  void write(const std::string& text) { append_string(out_, text); }
  void write(bool value) { out_ += value ? "true" : "false"; }
  template <std::integral T>
  void write(T value) {
    char digits[24];
    const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
    out_.append(digits, end);
  }
  template <class E>
    requires std::is_enum_v<E>
  void write(E value) { append_string(out_, word_of(value)); }
  template <class Kind>
  void write(const Id<Kind>& id) { append_string(out_, id.text()); }
  template <class M>
    requires requires(Writer& w, const M& m) { fields(w, m); }
  void write(const M& message) {
    begin();
    fields(*this, message);
    end();
  }

  std::string& out_;
  bool first_ = true;
};

void write_body(Writer& writer, const auto& message) { fields(writer, message); }
void write_body(Writer& writer, const Reply& reply) {
  writer.field("cmd_id", reply.cmd_id);
  std::visit([&](const auto& body) { fields(writer, body); }, reply.body);
}

template <class Variant>
std::string encode_as(const Variant& message, const std::string_view (&types)[std::variant_size_v<Variant>]) {
  std::string out;
  out.reserve(768);  // a snapshot, which is most of what is sent, has 600
  Writer writer(out);
  writer.begin();
  writer.field("type", types[message.index()]);
  std::visit([&](const auto& m) { write_body(writer, m); }, message);
  writer.end();
  return out;
}

}  // namespace

std::string quoted(std::string_view text) {
  std::string out;
  append_string(out, text);
  return out;
}

std::string encode(const Rules& rules) {
  std::string out;
  Writer writer(out);
  writer.begin();
  fields(writer, rules);
  writer.end();
  return out;
}

std::string encode(const ClientMessage& message) { return encode_as(message, k_client_types); }
std::string encode(const ServerMessage& message) { return encode_as(message, k_server_types); }

}  // namespace offhook::wire
