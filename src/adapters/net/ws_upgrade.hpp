// The server's half of the opening handshake of a WebSocket (RFC 6455 section 4.2.2). Private to this folder.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace offhook::net {

// The whole answer for the key of a request; nothing for what is no key.
std::optional<std::string> upgrade_response(std::string_view key);

}  // namespace offhook::net
