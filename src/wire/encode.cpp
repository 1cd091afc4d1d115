// Messages → JSON text. A small writer of our own: the output is always well-formed and never needs a tree.
#include <algorithm>
#include <charconv>
#include <utility>

#include "base/check.hpp"
#include "wire/codec.hpp"
#include "wire/fields.hpp"
#include "wire/words.hpp"

namespace offhook::wire {
namespace {

// Text that grows, in which small pieces are put without a call for each.
class Text {
 public:
  explicit Text(std::size_t bytes = 1'024) : space_(bytes, '\0') {}  // a snapshot, which is most of what is sent, has 600

  void put(char c) { *room(1) = c; }
  void put(std::string_view text) { text.copy(room(text.size()), text.size()); }
  // Where the next `bytes` are to be written.
  [[gnu::always_inline]] char* room(std::size_t bytes) {
    if (space_.size() - used_ < bytes) [[unlikely]] grow(bytes);
    return space_.data() + std::exchange(used_, used_ + bytes);
  }
  std::string take() {
    space_.resize(used_);
    return std::move(space_);
  }

 private:
  [[gnu::noinline]] void grow(std::size_t bytes) { space_.resize(std::max(space_.size() * 2, used_ + bytes)); }

  std::string space_;
  std::size_t used_ = 0;
};

// RFC 8259 section 7: quotation mark, backslash and what is below U+0020 must be escaped; the rest is valid UTF-8 by our
// decoder's check.
bool is_plain(char c) { return static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\'; }

void put_escaped(Text& out, char c) {
  static constexpr char k_hex[] = "0123456789abcdef";
  if (c == '"' || c == '\\') {
    out.put('\\');
    out.put(c);
  } else if (c == '\n') {
    out.put("\\n");
  } else {
    const auto byte = static_cast<unsigned char>(c);
    out.put("\\u00");
    out.put(k_hex[byte >> 4]);
    out.put(k_hex[byte & 15]);
  }
}

// Plain runs in one piece: half of what a frame cost was spent in copying it letter by letter.
void put_string(Text& out, std::string_view text) {
  out.put('"');
  for (std::size_t begin = 0; begin < text.size();) {
    auto end = begin;
    while (end < text.size() && is_plain(text[end])) ++end;
    out.put(text.substr(begin, end - begin));
    if (end < text.size()) put_escaped(out, text[end++]);
    begin = end;
  }
  out.put('"');
}

// A word of ours, of which no character needs an escape.
void put_word(Text& out, std::string_view word) {
  auto* to = out.room(word.size() + 2);
  *to = '"';
  word.copy(to + 1, word.size());
  to[word.size() + 1] = '"';
}

class Writer {
 public:
  explicit Writer(Text& out) : out_(out) {}

  void begin() { out_.put('{'); first_ = true; }
  void end() { out_.put('}'); first_ = false; }

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
    out_.put('[');
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (i > 0) out_.put(',');
      write(values[i]);
    }
    out_.put(']');
  }

 private:
  void key(std::string_view name) {
    if (!first_) out_.put(',');
    first_ = false;
    put_word(out_, name);
    out_.put(':');
  }

  void write(std::string_view text) { put_string(out_, text); }
  void write(const std::string& text) { put_string(out_, text); }
  void write(bool value) { out_.put(value ? std::string_view("true") : std::string_view("false")); }
  template <std::integral T>
  void write(T value) {
    char digits[24];
    const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
    out_.put(std::string_view(digits, end));
  }
  template <class E>
    requires std::is_enum_v<E>
  void write(E value) { put_word(out_, word_of(value)); }
  template <class Kind>
  void write(const Id<Kind>& id) {
    auto* to = out_.room(Id<Kind>::k_text_length + 2);
    *to = '"';
    id.write(to + 1);
    to[Id<Kind>::k_text_length + 1] = '"';
  }
  template <class M>
    requires requires(Writer& w, const M& m) { fields(w, m); }
  void write(const M& message) {
    begin();
    fields(*this, message);
    end();
  }

  Text& out_;
  bool first_ = true;
};

void write_body(Writer& writer, const auto& message) { fields(writer, message); }
void write_body(Writer& writer, const Reply& reply) {
  writer.field("cmd_id", reply.cmd_id);
  std::visit([&](const auto& body) { fields(writer, body); }, reply.body);
}

template <class Variant>
std::string encode_as(const Variant& message, const std::string_view (&types)[std::variant_size_v<Variant>]) {
  Text out;
  Writer writer(out);
  writer.begin();
  writer.field("type", types[message.index()]);
  std::visit([&](const auto& m) { write_body(writer, m); }, message);
  writer.end();
  return out.take();
}

}  // namespace

std::string quoted(std::string_view text) {
  Text out(text.size() + 2);
  put_string(out, text);
  return out.take();
}

std::string encode(const Rules& rules) {
  Text out;
  Writer writer(out);
  writer.begin();
  fields(writer, rules);
  writer.end();
  return out.take();
}

std::string encode(const ClientMessage& message) { return encode_as(message, k_client_types); }
std::string encode(const ServerMessage& message) { return encode_as(message, k_server_types); }

// The number of an event is its first field.
EventText::EventText(const ServerMessage& event) : text_(encode(event)) {
  CHECK(offhook::wire::seq_of(event) != nullptr);
  seq_at_ = std::string_view(R"({"type":"","seq":)").size() + k_server_types[event.index()].size();
  while (text_[seq_at_ + seq_bytes_] != ',' && text_[seq_at_ + seq_bytes_] != '}') ++seq_bytes_;
}

std::string EventText::with(std::uint64_t seq) const {
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof digits, seq).ptr;
  std::string text;
  text.reserve(text_.size() + sizeof digits);
  text.append(text_, 0, seq_at_).append(digits, end).append(text_, seq_at_ + seq_bytes_);
  return text;
}

}  // namespace offhook::wire
