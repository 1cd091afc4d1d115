// Which call or session a message of a client is about. Private to the core.
#pragma once

#include <optional>
#include <variant>

#include "wire/messages.hpp"

namespace offhook::core {

inline const std::string* cmd_id_of(const wire::ClientMessage& message) {
  return std::visit(
      [](const auto& m) -> const std::string* {
        if constexpr (requires { m.cmd_id; }) return &m.cmd_id;
        return nullptr;
      },
      message);
}

inline std::optional<CallId> call_named_by(const wire::ClientMessage& message) {
  return std::visit(
      [](const auto& m) -> std::optional<CallId> {
        if constexpr (requires { m.call_id; }) return m.call_id;
        return std::nullopt;
      },
      message);
}

inline std::optional<SessionId> session_named_by(const wire::ClientMessage& message) {
  return std::visit(
      [](const auto& m) -> std::optional<SessionId> {
        if constexpr (requires { m.session_id; }) return m.session_id;
        return std::nullopt;
      },
      message);
}

}  // namespace offhook::core
