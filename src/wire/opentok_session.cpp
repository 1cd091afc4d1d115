#include "wire/opentok_session.hpp"

#include <vector>

#include "wire/base64.hpp"

namespace offhook::wire {
namespace {

constexpr std::size_t k_max_text_bytes = 256;  // ours have 70 to 120

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> fields;
  while (true) {
    const auto end = text.find('~');
    fields.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return fields;
    text.remove_prefix(end + 1);
  }
}

// The fields of an id, or none for what is none; they lie in `plain`.
std::vector<std::string_view> fields_of_session(std::string_view text, std::string& plain) {
  const bool is_prefixed = text.starts_with("1_") || text.starts_with("2_");  // both are seen; neither means anything
  if (!is_prefixed || text.size() > k_max_text_bytes) return {};
  auto decoded = from_any_base64(text.substr(2));
  if (!decoded) return {};
  plain = std::move(*decoded);
  auto fields = split(plain);
  return fields.size() < 5 || fields[0] != "1" ? std::vector<std::string_view>() : fields;
}

}  // namespace

std::string to_opentok_session(const SessionId& id, std::string_view project) {
  const auto plain = "1~" + std::string(project) + "~~" + std::to_string(milliseconds_in(id)) + "~" + base32_encode(id.high(), id.low()) + "~~";
  return "1_" + to_base64url(plain);
}

std::optional<SessionId> from_opentok_session(std::string_view text, std::string_view project) {
  std::string plain;
  const auto fields = fields_of_session(text, plain);
  if (fields.empty() || fields[1] != project) return std::nullopt;
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  if (!base32_decode(fields[4], high, low)) return std::nullopt;
  const SessionId id(high, low);
  const bool is_whole = is_session_of(id, project) && fields[3] == std::to_string(milliseconds_in(id));
  return is_whole ? std::optional(id) : std::nullopt;
}

bool is_session_of_opentok(std::string_view text) {
  std::string plain;
  const auto fields = fields_of_session(text, plain);
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  return !fields.empty() && !base32_decode(fields[4], high, low);
}

std::optional<SessionId> parse_any_session(std::string_view text, std::string_view project) {
  auto own = SessionId::parse(text);
  return own ? own : from_opentok_session(text, project);
}

}  // namespace offhook::wire
