#include "adapters/net/tls.hpp"

#include <openssl/err.h>

#include <utility>

#include "base/check.hpp"

namespace offhook::net {
namespace {

using boost::asio::ssl::context;

NetError file_error(const char* what, const std::string& file, const boost::system::error_code& error) {
  return {std::string("cannot use ") + what + " \"" + file + "\": " + error.message()};
}

}  // namespace

Result<context, NetError> make_tls_context(const std::string& certificate_file, const std::string& key_file) {
  context tls(context::tls_server);
  boost::system::error_code error;
  tls.set_options(context::default_workarounds | context::no_sslv2 | context::no_sslv3 | context::no_tlsv1 |
                  context::no_tlsv1_1 | context::single_dh_use);
  SSL_CTX_set_min_proto_version(tls.native_handle(), TLS1_2_VERSION);
  SSL_CTX_set_options(tls.native_handle(), SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_mode(tls.native_handle(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_session_cache_mode(tls.native_handle(), SSL_SESS_CACHE_OFF);  // tickets resume without memory of ours
  tls.use_certificate_chain_file(certificate_file, error);
  if (error) return file_error("the certificate", certificate_file, error);
  tls.use_private_key_file(key_file, context::pem, error);
  if (error) return file_error("the private key", key_file, error);
  if (SSL_CTX_check_private_key(tls.native_handle()) != 1) {
    return NetError{"the private key \"" + key_file + "\" does not belong to the certificate \"" + certificate_file + "\""};
  }
  return tls;
}

TlsSession::TlsSession(SSL_CTX* context, int socket) : ssl_(SSL_new(context)) {
  CHECK(ssl_ != nullptr && SSL_set_fd(ssl_.get(), socket) == 1);
  SSL_set_accept_state(ssl_.get());
}

Attempt TlsSession::outcome(int returned, std::size_t bytes) {
  if (returned > 0) return {Attempt::State::Done, bytes};
  switch (SSL_get_error(ssl_.get(), returned)) {
    case SSL_ERROR_WANT_READ: return {Attempt::State::WantsRead};
    case SSL_ERROR_WANT_WRITE: return {Attempt::State::WantsWrite};
    case SSL_ERROR_SSL:
    case SSL_ERROR_SYSCALL: broken_ = true; break;
    default: break;
  }
  return {Attempt::State::Ended};
}

Attempt TlsSession::handshake() {
  ERR_clear_error();
  return outcome(SSL_do_handshake(ssl_.get()), 0);
}

Attempt TlsSession::read(char* to, std::size_t bytes) {
  ERR_clear_error();
  std::size_t done = 0;
  const auto returned = SSL_read_ex(ssl_.get(), to, bytes, &done);
  return outcome(returned, done);
}

Attempt TlsSession::write(const char* from, std::size_t bytes) {
  ERR_clear_error();
  std::size_t done = 0;
  const auto returned = SSL_write_ex(ssl_.get(), from, bytes, &done);
  return outcome(returned, done);
}

void TlsSession::say_goodbye() {
  ERR_clear_error();
  if (!broken_ && SSL_is_init_finished(ssl_.get()) == 1) SSL_shutdown(ssl_.get());
}

}  // namespace offhook::net
