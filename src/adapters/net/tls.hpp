// TLS for the port: 1.2 and 1.3, the certificate from files; and one session of it. Private to this folder.
#pragma once

#include <openssl/ssl.h>

#include <boost/asio/ssl/context.hpp>
#include <cstddef>
#include <memory>
#include <string>

#include "adapters/net/net.hpp"
#include "base/result.hpp"

namespace offhook::net {

Result<boost::asio::ssl::context, NetError> make_tls_context(const std::string& certificate_file, const std::string& key_file);

// What became of one attempt to read or write without waiting.
struct Attempt {
  enum class State { Done, WantsRead, WantsWrite, Ended };  // Ended: closed by the peer, or broken
  State state = State::Ended;
  std::size_t bytes = 0;  // of Done, never 0 for those that carry data
};

// The server's side of one connection. It works on the socket itself, which must not block and stays its owner's; so while a
// connection is idle OpenSSL holds no buffers for it (SSL_MODE_RELEASE_BUFFERS), where a stream of Asio holds 70 KB.
class TlsSession {
 public:
  TlsSession(SSL_CTX* context, int socket);

  Attempt handshake();
  Attempt read(char* to, std::size_t bytes);
  // After WantsRead or WantsWrite the same bytes come again, perhaps at another place and with more behind them.
  Attempt write(const char* from, std::size_t bytes);
  // Tells the peer that nothing more will come (RFC 8446 section 6.1), if there is room for it.
  void say_goodbye();

 private:
  struct Free {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };
  Attempt outcome(int returned, std::size_t bytes);

  std::unique_ptr<SSL, Free> ssl_;
  bool broken_ = false;  // OpenSSL forbids any further word
};

}  // namespace offhook::net
