#include "server/console_session.hpp"

#include <charconv>

#include "wire/base64.hpp"
#include "wire/jwt.hpp"
#include "wire/secret.hpp"

namespace offhook::server {
namespace {

std::string signed_text(std::string_view id, std::int64_t expires_at_ms) { return std::string(id) + "." + std::to_string(expires_at_ms); }

}  // namespace

ConsoleSessions::ConsoleSessions(std::string_view password_hash)
    : key_(wire::hmac(wire::Digest::Sha256, "offhook console session", password_hash)) {}

std::string ConsoleSessions::make(const ConsoleSession& session) const {
  const auto text = signed_text(session.id, to_unix_ms(session.expires_at));
  return text + "." + wire::to_base64url(wire::hmac(wire::Digest::Sha256, text, key_));
}

std::optional<ConsoleSession> ConsoleSessions::read(std::string_view value, Instant now) const {
  const auto last = value.rfind('.');
  const auto first = value.find('.');
  if (first == value.npos || first == last) return std::nullopt;
  const auto text = value.substr(0, last);
  const auto expected = wire::to_base64url(wire::hmac(wire::Digest::Sha256, text, key_));
  if (!wire::equal_in_constant_time(value.substr(last + 1), expected)) return std::nullopt;
  std::int64_t expires_at_ms = 0;  // ours, as the signature says
  std::from_chars(text.data() + first + 1, text.data() + text.size(), expires_at_ms);
  ConsoleSession session{std::string(text.substr(0, first)), from_unix_ms(expires_at_ms)};
  return session.expires_at > now && !ended_.contains(session.id) ? std::optional(std::move(session)) : std::nullopt;
}

void ConsoleSessions::end(const std::string& id) {
  if (!ended_.insert(id).second) return;
  ended_order_.push_back(id);
  if (ended_order_.size() <= k_max_ended) return;
  ended_.erase(ended_order_.front());
  ended_order_.pop_front();
}

std::optional<std::string_view> cookie_in(std::string_view header, std::string_view name) {
  while (!header.empty()) {
    const auto end = header.find(';');
    auto pair = header.substr(0, end);
    header.remove_prefix(end == header.npos ? header.size() : end + 1);
    while (pair.starts_with(' ')) pair.remove_prefix(1);
    if (pair.starts_with(name) && pair.substr(name.size()).starts_with('=')) return pair.substr(name.size() + 1);
  }
  return std::nullopt;
}

}  // namespace offhook::server
