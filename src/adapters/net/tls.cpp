#include "adapters/net/tls.hpp"

#include <openssl/ssl.h>

#include <utility>

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
  SSL_CTX_set_mode(tls.native_handle(), SSL_MODE_RELEASE_BUFFERS);  // 32 KiB less per idle connection
  tls.use_certificate_chain_file(certificate_file, error);
  if (error) return file_error("the certificate", certificate_file, error);
  tls.use_private_key_file(key_file, context::pem, error);
  if (error) return file_error("the private key", key_file, error);
  if (SSL_CTX_check_private_key(tls.native_handle()) != 1) {
    return NetError{"the private key \"" + key_file + "\" does not belong to the certificate \"" + certificate_file + "\""};
  }
  return tls;
}

}  // namespace offhook::net
