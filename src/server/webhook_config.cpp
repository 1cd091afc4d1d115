#include "server/webhook_config.hpp"

#include <algorithm>

#include "core/notices.hpp"

namespace offhook::server {
namespace {

bool matches(std::string_view type, std::string_view pattern) {
  return pattern.ends_with(".*") ? type.starts_with(pattern.substr(0, pattern.size() - 1)) : type == pattern;
}

}  // namespace

bool is_of_session(std::string_view type) {
  return type.starts_with("connection.") || type.starts_with("stream.") || type.starts_with("session.");
}

bool is_pattern(std::string_view pattern) {
  const auto types = core::all_types();
  return std::any_of(types.begin(), types.end(), [&](std::string_view type) { return matches(type, pattern); });
}

bool Webhook::wants(std::string_view type) const {
  if (dialect == Dialect::OpenTok && !is_of_session(type)) return false;
  return events.empty() || std::any_of(events.begin(), events.end(), [&](const auto& pattern) { return matches(type, pattern); });
}

}  // namespace offhook::server
