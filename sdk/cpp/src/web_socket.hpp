// One WebSocket to a server, from its opening to its end. Lives on the loop's thread. No Boost in its face.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "loop.hpp"
#include "url.hpp"

namespace offhook::client {

// What the socket tells. `closed` is the last, and comes exactly once, whoever closed: the peer's code if it gave one, else a
// sentence that says what went wrong.
struct SocketHandlers {
  std::function<void()> opened;
  std::function<void(std::string text)> received;
  std::function<void(std::optional<std::uint16_t> code, std::string why)> closed;
};

class WebSocket {
 public:
  virtual ~WebSocket() = default;
  // Before `opened`, and after close, nothing is sent.
  virtual void send(std::string text) = 0;
  // What was sent before still goes out; then a handshake of at most 2 s.
  virtual void close(std::uint16_t code, std::string reason) = 0;
};

// Begins to resolve, connect, secure and upgrade; nothing is told before this returns. `ca_file`: PEM of the authorities to
// trust in place of the system's; empty for those.
std::shared_ptr<WebSocket> open_web_socket(Loop& loop, const Url& url, const std::string& ca_file, SocketHandlers handlers);

}  // namespace offhook::client
