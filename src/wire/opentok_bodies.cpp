#include "wire/opentok_bodies.hpp"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <chrono>
#include <cstdio>

#include "wire/form.hpp"
#include "wire/json_object.hpp"
#include "wire/limits.hpp"

namespace offhook::wire::opentok {
namespace {

namespace json = boost::json;

constexpr std::size_t k_max_layout_class_bytes = 255;
constexpr std::size_t k_max_url_bytes = 2'048;
constexpr std::size_t k_max_archive_name = 80;

std::optional<json::object> object_in(std::string_view body) {
  json::error_code failure;
  json::parse_options options;
  options.max_depth = 8;
  auto value = json::parse(body, failure, {}, options);
  return failure || !value.is_object() ? std::nullopt : std::optional(std::move(value.get_object()));
}

Problem no_object() { return {400, "The body must be a JSON object."}; }

const json::value* find(const json::object& object, std::string_view name) {
  const auto* found = object.if_contains(name);
  return found == nullptr || found->is_null() ? nullptr : found;
}

bool is_type_letter(char c) {
  const bool alphanumeric = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  return alphanumeric || c == '-' || c == '.' || c == '_' || c == '~';
}

std::optional<std::vector<std::string>> classes_in(const json::value* found) {
  if (found == nullptr || !found->is_array() || found->get_array().size() > k_max_layout_classes) return std::nullopt;
  std::vector<std::string> classes;
  for (const auto& one : found->get_array()) {
    if (!one.is_string() || one.get_string().empty() || one.get_string().size() > k_max_layout_class_bytes) return std::nullopt;
    classes.emplace_back(one.get_string());
  }
  return classes;
}

Problem bad_classes() { return {400, "\"layoutClassList\" must be a list of at most 64 names of at most 255 bytes."}; }

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

std::string field(const Form& form, const std::string& name) {
  const auto found = form.find(name);
  return found == form.end() ? std::string() : found->second;
}

bool is_one_of(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// "Fri Feb 14 05:14:54 UTC 2025", as java.util.Date writes it.
std::string java_date(Instant moment) {
  using namespace std::chrono;
  static constexpr std::array<const char*, 7> k_days = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array<const char*, 12> k_months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const sys_time<milliseconds> time{milliseconds{to_unix_ms(moment)}};
  const auto day = floor<days>(time);
  const year_month_day date{day};
  const hh_mm_ss clock{floor<seconds>(time - day)};
  char text[64];
  std::snprintf(text, sizeof text, "%s %s %02u %02d:%02d:%02d UTC %d", k_days[weekday{day}.c_encoding()],
                k_months[static_cast<unsigned>(date.month()) - 1], static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()),
                static_cast<int>(clock.minutes().count()), static_cast<int>(clock.seconds().count()), static_cast<int>(date.year()));
  return text;
}

}  // namespace

Result<SignalBody, Problem> read_signal(std::string_view body) {
  const auto object = object_in(body);
  if (!object) return no_object();
  SignalBody signal;
  if (const auto* type = find(*object, "type")) {
    if (!type->is_string()) return Problem{400, "The \"type\" of a signal must be a text."};
    signal.type = type->get_string();
  }
  const auto* data = find(*object, "data");
  if (data == nullptr || !data->is_string()) return Problem{400, "Signal payload \"data\" must be set, and be a text."};
  signal.data = data->get_string();
  if (signal.type.size() > k_max_signal_type_bytes || signal.data.size() > k_max_signal_data_bytes) {
    return Problem{413, "A signal has a type of 128 and data of 8192 bytes at most."};
  }
  if (!std::all_of(signal.type.begin(), signal.type.end(), is_type_letter)) {
    return Problem{400, "The \"type\" of a signal has letters, digits and - . _ ~ only."};
  }
  return signal;
}

Result<MuteBody, Problem> read_mute(std::string_view body) {
  const auto object = body.empty() ? json::object() : object_in(body);
  if (!object) return no_object();
  MuteBody mute;
  if (const auto* active = find(*object, "active")) {
    const bool is_word = active->is_string() && is_one_of(active->get_string(), {"true", "false"});
    if (!active->is_bool() && !is_word) return Problem{400, "\"active\" must be true or false."};
    mute.active = active->is_bool() ? active->get_bool() : active->get_string() == "true";
  }
  for (const std::string_view name : {"excludedStreamIds", "excludedStreams"}) {
    const auto* streams = find(*object, name);
    if (streams == nullptr) continue;
    if (!streams->is_array()) return Problem{400, "The excluded streams must be a list."};
    for (const auto& stream : streams->get_array()) {
      const auto id = stream.is_string() ? StreamId::parse(stream.get_string()) : std::nullopt;
      if (id) mute.except.push_back(*id);
    }
  }
  return mute;
}

Result<LayoutBody, Problem> read_layouts(std::string_view body) {
  const auto object = object_in(body);
  const auto* items = object ? find(*object, "items") : nullptr;
  if (items == nullptr || !items->is_array()) return Problem{400, R"(Send {"items":[{"id":"…","layoutClassList":["…"]}]}.)"};
  LayoutBody layouts;
  for (const auto& item : items->get_array()) {
    const auto* entry = item.if_object();
    const auto* id = entry == nullptr ? nullptr : find(*entry, "id");
    const auto stream = id != nullptr && id->is_string() ? StreamId::parse(id->get_string()) : std::nullopt;
    if (!stream) return Problem{400, "An item names no stream."};
    auto classes = classes_in(find(*entry, "layoutClassList"));
    if (!classes) return bad_classes();
    layouts.emplace_back(*stream, std::move(*classes));
  }
  return layouts;
}

Result<std::vector<std::string>, Problem> read_layout(std::string_view body) {
  const auto object = object_in(body);
  auto classes = object ? classes_in(find(*object, "layoutClassList")) : std::nullopt;
  if (!classes) return bad_classes();
  return std::move(*classes);
}

Result<CallbackBody, Problem> read_callback(std::string_view body) {
  const auto object = object_in(body);
  if (!object) return no_object();
  CallbackBody callback;
  for (const auto& [name, place] : {std::pair{"group", &callback.group}, std::pair{"event", &callback.event}, std::pair{"url", &callback.url}}) {
    const auto* found = find(*object, name);
    const bool is_text = found != nullptr && found->is_string() && found->get_string().size() <= k_max_url_bytes;
    if (!is_text) return Problem{400, "A callback has \"group\", \"event\" and \"url\", each a text."};
    *place = found->get_string();
  }
  const bool of_sessions = is_one_of(callback.group, {"connection", "stream"}) && is_one_of(callback.event, {"created", "destroyed"});
  if (!of_sessions && !(callback.group == "archive" && callback.event == "status")) {
    return Problem{400, "Callbacks are for created and destroyed of the groups connection and stream, and for status of archive."};
  }
  return callback;
}

std::optional<std::string> session_named_in(std::string_view body) {
  const auto object = object_in(body);
  const auto* session = object ? find(*object, "session_id") : nullptr;
  if (session == nullptr) return std::nullopt;
  return session->is_string() ? std::string(session->get_string()) : std::string();
}

std::optional<Problem> objection_to_session(std::string_view body) {
  const auto form = parse_form(body);
  const bool is_routed = field(form, "p2p.preference") == "disabled";
  const bool is_encrypted = equals_ignoring_case(field(form, "e2ee"), "true");
  const auto archive_mode = field(form, "archiveMode");
  const bool is_archived = archive_mode == "always";
  const auto name = field(form, "archiveName");
  const auto resolution = field(form, "archiveResolution");
  if (!is_one_of(field(form, "p2p.preference"), {"", "enabled", "disabled"})) return Problem{400, "\"p2p.preference\" must be enabled or disabled."};
  if (!is_one_of(archive_mode, {"", "manual", "always"})) return Problem{400, "\"archiveMode\" must be manual or always."};
  if (is_archived && !is_routed) return Problem{400, "A session that is always archived must be routed."};
  if (is_encrypted && !is_routed) return Problem{400, "A session with end-to-end encryption must be routed."};
  if (is_encrypted && is_archived) return Problem{400, "A session with end-to-end encryption cannot be archived."};
  if (!is_archived && !(name.empty() && resolution.empty())) return Problem{400, "Only a session that is always archived names its archive."};
  if (name.size() > k_max_archive_name) return Problem{400, "\"archiveName\" has 80 characters at most."};
  const bool is_known = is_one_of(resolution, {"", "640x480", "480x640", "1280x720", "720x1280", "1920x1080", "1080x1920"});
  return is_known ? std::nullopt : std::optional(Problem{400, "\"archiveResolution\" is none of OpenTok's."});
}

bool wants_json(std::string_view accept) {
  while (!accept.empty()) {
    auto part = accept.substr(0, accept.find(','));
    accept.remove_prefix(std::min(accept.size(), part.size() + 1));
    part = part.substr(0, part.find(';'));
    while (part.starts_with(' ')) part.remove_prefix(1);
    while (part.ends_with(' ')) part.remove_suffix(1);
    if (equals_ignoring_case(part, "application/json")) return true;
  }
  return false;
}

std::string session_json(const std::string& session, const ProjectId& project, std::string_view segment, Instant created_at) {
  JsonObject out;
  out.text("session_id", session).text("project_id", project).text("partner_id", project).text("create_dt", java_date(created_at));
  for (const auto name : {"session_status", "status_invalid", "media_server_hostname", "messaging_server_url", "messaging_url",
                          "symphony_address", "properties", "ice_server"}) {
    out.raw(name, "null");
  }
  constexpr std::int64_t k_ice_lifetime_s = 86'100;
  out.text("session_segment_id", segment).raw("ice_servers", "null").number("ice_credential_expiration", k_ice_lifetime_s);
  return json_list({out.done()});
}

// Neither ids nor keys have a character that XML would want escaped.
std::string session_xml(const std::string& session, const ProjectId& project, Instant created_at) {
  return "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?><sessions><Session><session_id>" + session +
         "</session_id><partner_id>" + project + "</partner_id><create_dt>" + java_date(created_at) + "</create_dt></Session></sessions>";
}

std::string stream_json(const Stream& stream, const std::vector<std::string>& layout_classes) {
  JsonObject out;
  out.text("id", stream.stream_id.text());
  if (stream.has_video) out.text("videoType", word(stream.video_type.value_or(VideoType::Camera)));
  return out.text("name", stream.name.value_or("")).texts("layoutClassList", layout_classes).done();
}

std::string list_json(const std::vector<std::string>& items) {
  return JsonObject().number("count", static_cast<std::int64_t>(items.size())).raw("items", json_list(items)).done();
}

std::string connection_list_json(const std::vector<Connection>& connections, const ProjectId& project, const std::string& session) {
  std::vector<std::string> items;
  for (const auto& connection : connections) {
    items.push_back(JsonObject().text("connectionId", connection.connection_id.text()).text("connectionState", "Connected")
                        .number("createdAt", connection.created_at_ms).done());
  }
  JsonObject out;
  out.number("count", static_cast<std::int64_t>(items.size())).text("projectId", project).text("sessionId", session);
  return out.raw("items", json_list(items)).done();
}

std::string failure_json(int code, std::string_view message) {
  return JsonObject().number("code", code).text("message", message).text("description", message).done();
}

}  // namespace offhook::wire::opentok
