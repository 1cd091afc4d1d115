// JSON text → messages. The text comes from strangers: every field is checked against its rule before anybody sees it.
#include <boost/json.hpp>

#include "wire/codec.hpp"
#include "wire/fields.hpp"
#include "wire/words.hpp"

namespace offhook::wire {
namespace {

namespace json = boost::json;

bool is_allowed(char c, Letters letters) {
  const auto byte = static_cast<unsigned char>(c);
  const bool alphanumeric = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  switch (letters) {
    case Letters::Any: return true;
    case Letters::NoControls: return byte >= 0x20 && byte != 0x7f;
    case Letters::Printable: return byte > 0x20 && byte < 0x7f;
    case Letters::Device: return alphanumeric || c == '.' || c == '_' || c == '-';
    case Letters::Signal: return alphanumeric || c == '-' || c == '_' || c == '~';
  }
  return false;
}

std::string describe(Letters letters) {
  switch (letters) {
    case Letters::Any: return "";
    case Letters::NoControls: return " without control characters";
    case Letters::Printable: return " of printable ASCII without spaces";
    case Letters::Device: return " of A-Z a-z 0-9 . _ -";
    case Letters::Signal: return " of A-Z a-z 0-9 - _ ~";
  }
  return "";
}

// Strict for the server. A client forgives what a newer server may add: an unknown word in an optional field is as if the
// field were absent (PROTOCOL.md section 13).
enum class Strictness { Strict, Forgiving };

// What a client takes an unknown word in a required field for: gone is gone, and an unknown end is not a good one.
template <class E>
constexpr std::optional<E> k_unknown{};
template <>
constexpr std::optional<LeaveReason> k_unknown<LeaveReason> = LeaveReason::NetworkDisconnected;
template <>
constexpr std::optional<Outcome> k_unknown<Outcome> = Outcome::Failed;

class Reader {
 public:
  Reader(const json::object& object, Strictness strictness, std::optional<Error>& failure, std::string path = "")
      : object_(object), strictness_(strictness), failure_(failure), path_(std::move(path)) {}

  template <class T, class Rule = NoRule>
  void field(std::string_view name, T& value, Rule rule = {}) {
    if (const auto* found = find(name)) {
      read(name, *found, value, rule);
    } else if (!failure_) {
      fail(ErrorWord::MissingField, name, "is missing");
    }
  }
  template <class T, class Rule = NoRule>
  void field(std::string_view name, std::optional<T>& value, Rule rule = {}) {
    const auto* found = find(name);
    if (found == nullptr) return;
    if constexpr (std::is_enum_v<T>) {
      if (strictness_ == Strictness::Forgiving && found->is_string() && !parse_word<T>(found->get_string())) return;
    }
    read(name, *found, value.emplace(), rule);
  }
  void with_default(std::string_view name, std::int64_t& value, IntegerRule rule) {
    if (const auto* found = find(name)) read(name, *found, value, rule);
  }
  template <class T>
  void or_default(std::string_view name, T& value) {
    if (const auto* found = find(name)) read(name, *found, value, NoRule{});
  }
  void text(std::string_view name, std::string& value, TextRule rule) {
    if (const auto* found = find(name)) read(name, *found, value, rule);
  }
  void need(bool holds, std::string_view name) {
    if (!holds) fail(ErrorWord::MissingField, name, "is missing");
  }
  void rule(bool holds, std::string_view name, const std::string& what) {
    if (!holds) fail(ErrorWord::BadField, name, what);
  }
  void flag(std::string_view name, bool& value) {
    if (const auto* found = find(name)) read(name, *found, value, NoRule{});
  }
  void choice(std::string_view name, bool& value, std::string_view when_true, std::string_view when_false) {
    std::string text;
    field(name, text, k_any_text);
    if (failure_) return;
    value = text == when_true;
    if (!value && text != when_false) {
      fail(ErrorWord::BadField, name, "must be \"" + std::string(when_true) + "\" or \"" + std::string(when_false) + "\"");
    }
  }
  template <class T, class Rule = std::conditional_t<std::is_same_v<T, std::string>, TextRule, NoRule>>
  void list(std::string_view name, std::vector<T>& values, std::size_t max, WhenEmpty when_empty, Rule rule = {}) {
    const auto* found = find(name);
    if (failure_ || (found == nullptr && when_empty != WhenEmpty::Written)) return;
    if (found == nullptr) return fail(ErrorWord::MissingField, name, "is missing");
    if (!found->is_array() || found->get_array().size() > max) {
      return fail(ErrorWord::BadField, name, "must be a list of at most " + std::to_string(max));
    }
    for (const auto& item : found->get_array()) {
      values.emplace_back();
      read(name, item, values.back(), rule);
    }
  }

 private:
  // A null is as good as absent: many JSON libraries write optional fields so.
  const json::value* find(std::string_view name) const {
    if (failure_) return nullptr;
    const auto* found = object_.if_contains(name);
    return found == nullptr || found->is_null() ? nullptr : found;
  }

  void fail(ErrorWord word, std::string_view name, const std::string& what) {
    if (failure_) return;
    Error error;
    error.error = word;
    error.message = "The field \"" + path_ + std::string(name) + "\" " + what + ".";
    failure_ = std::move(error);
  }

  void read(std::string_view name, const json::value& found, std::string& value, TextRule rule) {
    if (!found.is_string()) return fail(ErrorWord::BadField, name, "must be a text");
    const auto& text = found.get_string();
    const bool letters = std::all_of(text.begin(), text.end(), [&](char c) { return is_allowed(c, rule.letters); });
    if (text.size() < rule.min || text.size() > rule.max || !letters) {
      return fail(ErrorWord::BadField, name,
                  "must be a text of " + std::to_string(rule.min) + " to " + std::to_string(rule.max) + " bytes" +
                      describe(rule.letters));
    }
    value.assign(text.data(), text.size());
  }

  template <class T>
    requires(std::same_as<T, std::int64_t> || std::same_as<T, std::uint64_t>)
  void read(std::string_view name, const json::value& found, T& value, IntegerRule rule) {
    const auto* number = found.if_int64();
    if (number == nullptr || *number < rule.min || *number > rule.max) {
      const auto range = rule.max == INT64_MAX ? "not below " + std::to_string(rule.min)
                                               : std::to_string(rule.min) + " to " + std::to_string(rule.max);
      return fail(ErrorWord::BadField, name, "must be a whole number, " + range);
    }
    value = static_cast<T>(*number);
  }

  void read(std::string_view name, const json::value& found, bool& value, NoRule) {
    if (!found.is_bool()) return fail(ErrorWord::BadField, name, "must be true or false");
    value = found.get_bool();
  }

  template <class E>
    requires std::is_enum_v<E>
  void read(std::string_view name, const json::value& found, E& value, NoRule) {
    const auto parsed = found.is_string() ? parse_word<E>(found.get_string()) : std::nullopt;
    if (parsed) {
      value = *parsed;
      return;
    }
    if (strictness_ == Strictness::Forgiving && found.is_string() && k_unknown<E>) {
      value = *k_unknown<E>;
      return;
    }
    std::string words;
    for (const auto word : k_words<E>) words += (words.empty() ? "\"" : ", \"") + std::string(word) + "\"";
    fail(ErrorWord::BadField, name, "must be one of " + words);
  }

  template <class Kind>
  void read(std::string_view name, const json::value& found, Id<Kind>& value, NoRule) {
    const auto parsed = found.is_string() ? Id<Kind>::parse(found.get_string()) : std::nullopt;
    if (!parsed) return fail(ErrorWord::BadField, name, "must be an id that begins with \"" + std::string(Kind::prefix) + "\"");
    value = *parsed;
  }

  template <class M>
    requires requires(Reader& r, M& m) { fields(r, m); }
  void read(std::string_view name, const json::value& found, M& value, NoRule) {
    if (!found.is_object()) return fail(ErrorWord::BadField, name, "must be an object");
    Reader inner(found.get_object(), strictness_, failure_, path_ + std::string(name) + ".");
    fields(inner, value);
  }

  const json::object& object_;
  const Strictness strictness_;
  std::optional<Error>& failure_;
  const std::string path_;
};

Error make_error(ErrorWord word, std::string message) {
  Error error;
  error.error = word;
  error.message = std::move(message);
  return error;
}

struct Parsed {
  json::value value;
  std::string_view type;
};

// The text as an object with a `type`.
Result<Parsed, Error> parse(std::string_view text, json::storage_ptr storage) {
  json::parse_options options;
  options.max_depth = k_max_json_depth;
  json::error_code failure;
  Parsed parsed{json::parse(text, failure, std::move(storage), options), {}};
  if (failure == json::error::too_deep) {
    return make_error(ErrorWord::TooDeep, "The message is nested deeper than " + std::to_string(k_max_json_depth) + " levels.");
  }
  if (failure) return make_error(ErrorWord::BadJson, "The message is not JSON: " + failure.message() + ".");
  const auto* object = parsed.value.if_object();
  const auto* type = object == nullptr ? nullptr : object->if_contains("type");
  if (type == nullptr || !type->is_string()) {
    return make_error(ErrorWord::BadMessage, "A message must be a JSON object with a text field \"type\".");
  }
  parsed.type = type->get_string();
  return parsed;
}

// The command id of a message that may be wrong in every other respect.
std::optional<std::string> usable_cmd_id(const json::object& object) {
  std::string cmd_id;
  std::optional<Error> failure;
  Reader reader(object, Strictness::Strict, failure);
  reader.field("cmd_id", cmd_id, k_cmd_id);
  return failure ? std::nullopt : std::optional(cmd_id);
}

void read_body(Reader& reader, const json::object&, auto& message) { fields(reader, message); }

// A reply does not name its command: the fields it has tell.
ReplyBody empty_body(const json::object& object) {
  if (object.contains("call")) return CallReply{};
  if (object.contains("records")) return HistoryReply{};
  if (object.contains("connections")) return SessionJoined{};
  if (object.contains("token")) return SessionCreated{};
  if (object.contains("stream")) return StreamReply{};
  if (object.contains("expectation_id")) return ExpectReply{};
  if (object.contains("users")) return PresenceReply{};
  if (object.contains("rules")) return RulesReply{};
  return std::monostate{};
}

void read_body(Reader& reader, const json::object& object, Reply& reply) {
  reader.field("cmd_id", reply.cmd_id, k_any_text);
  reply.body = empty_body(object);
  std::visit([&](auto& body) { fields(reader, body); }, reply.body);
}

// Makes the alternative of `Variant` whose type name stands at `index`.
template <class Variant, std::size_t... I>
Variant make_alternative(std::size_t index, std::index_sequence<I...>) {
  Variant message;
  (void)((index == I ? (message.template emplace<I>(), true) : false) || ...);
  return message;
}

template <class Variant>
Result<Variant, Error> decode_as(std::string_view text, Strictness strictness,
                                 const std::string_view (&types)[std::variant_size_v<Variant>]) {
  unsigned char space[8192];
  json::monotonic_resource storage(space);
  auto parsed = parse(text, &storage);
  if (!parsed) return parsed.error();
  const auto& object = parsed->value.get_object();
  const auto found = std::find(std::begin(types), std::end(types), parsed->type);
  if (found == std::end(types)) {
    auto error = make_error(ErrorWord::UnknownType, "There is no message of type \"" + std::string(parsed->type.substr(0, 64)) + "\".");
    error.cmd_id = usable_cmd_id(object);
    return error;
  }
  auto message = make_alternative<Variant>(static_cast<std::size_t>(found - std::begin(types)),
                                           std::make_index_sequence<std::variant_size_v<Variant>>{});
  std::optional<Error> failure;
  Reader reader(object, strictness, failure);
  std::visit([&](auto& m) { read_body(reader, object, m); }, message);
  if (!failure) return message;
  failure->cmd_id = usable_cmd_id(object);
  return *failure;
}

// A body without a type.
template <class Body>
Result<Body, Error> decode_body(std::string_view text) {
  json::parse_options options;
  options.max_depth = k_max_json_depth;
  json::error_code failure;
  const auto parsed = json::parse(text, failure, {}, options);
  if (failure) return make_error(ErrorWord::BadJson, "The body is not JSON: " + failure.message() + ".");
  if (!parsed.is_object()) return make_error(ErrorWord::BadMessage, "The body must be a JSON object.");
  Body body;
  std::optional<Error> wrong;
  Reader reader(parsed.get_object(), Strictness::Strict, wrong);
  fields(reader, body);
  if (wrong) return *wrong;
  return body;
}

}  // namespace

Result<PlaceRequest, Error> decode_place_request(std::string_view text) { return decode_body<PlaceRequest>(text); }
Result<RingRequest, Error> decode_ring_request(std::string_view text) { return decode_body<RingRequest>(text); }
Result<Rules, Error> decode_rules(std::string_view text) { return decode_body<Rules>(text); }
Result<PushPayload, Error> decode_push_payload(std::string_view text) { return decode_body<PushPayload>(text); }

Result<ClientMessage, Error> decode_client(std::string_view text) {
  return decode_as<ClientMessage>(text, Strictness::Strict, k_client_types);
}

Result<ServerMessage, Error> decode_server(std::string_view text) {
  return decode_as<ServerMessage>(text, Strictness::Forgiving, k_server_types);
}

std::optional<std::uint64_t> seq_in(std::string_view text) {
  unsigned char space[8192];
  json::monotonic_resource storage(space);
  const auto parsed = parse(text, &storage);
  const auto* seq = parsed ? parsed->value.get_object().if_contains("seq") : nullptr;
  if (seq == nullptr || !seq->is_int64() || seq->get_int64() < 1) return std::nullopt;
  return static_cast<std::uint64_t>(seq->get_int64());
}

const std::string* cmd_id_of(const ClientMessage& message) {
  return std::visit(
      [](const auto& m) -> const std::string* {
        if constexpr (requires { m.cmd_id; }) {
          return &m.cmd_id;
        } else {
          return nullptr;
        }
      },
      message);
}

std::uint64_t* seq_of(ServerMessage& message) {
  return std::visit(
      [](auto& m) -> std::uint64_t* {
        if constexpr (requires { m.seq; }) {
          return &m.seq;
        } else {
          return nullptr;
        }
      },
      message);
}

const std::uint64_t* seq_of(const ServerMessage& message) { return seq_of(const_cast<ServerMessage&>(message)); }

}  // namespace offhook::wire
