#include "core/effect.hpp"

namespace offhook::core {

wire::ServerMessage message_in(const Send& send) {
  auto message = *send.message;
  const auto count = [&](auto& told) {
    if constexpr (requires { told.seq; }) told.seq = send.seq;
  };
  std::visit(count, message);
  return message;
}

}  // namespace offhook::core
