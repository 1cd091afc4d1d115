// A connected socket, plain or TLS, that is read and written without waiting. Owns the socket. Private to this folder.
#pragma once

#include <memory>

#include "adapters/net/tls.hpp"

namespace offhook::net {

class Channel {
 public:
  // Takes `socket`, -1 for one that is gone already.
  Channel(int socket, std::unique_ptr<TlsSession> tls);
  Channel(Channel&& other) noexcept;
  Channel& operator=(Channel&&) = delete;
  ~Channel() { close(); }

  int socket() const { return socket_; }
  bool is_secure() const { return tls_ != nullptr; }

  Attempt read(char* to, std::size_t bytes);
  Attempt write(const char* from, std::size_t bytes);
  // Nothing will be written any more: the peer is told, and what it still has to say can be read. Once or more.
  void finish();
  // Nothing can be read or written afterwards.
  void close();

 private:
  int socket_;
  std::unique_ptr<TlsSession> tls_;
  bool finished_ = false;
};

}  // namespace offhook::net
