#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdlib.h>

#include <boost/asio/ssl.hpp>
#include <boost/beast/ssl.hpp>
#include <filesystem>

#include "adapters/net/net_testing.hpp"

namespace offhook::net::testing {
namespace {

// A self-signed certificate and its key in a folder of their own, made with OpenSSL.
class Certificate {
 public:
  Certificate() {
    std::string pattern = (std::filesystem::temp_directory_path() / "offhook-tls-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    EVP_PKEY* const key = EVP_EC_gen("P-256");
    X509* const certificate = make(key);
    write(certificate_file(), [&](FILE* file) { PEM_write_X509(file, certificate); });
    write(key_file(), [&](FILE* file) { PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr); });
    X509_free(certificate);
    EVP_PKEY_free(key);
  }
  ~Certificate() { std::filesystem::remove_all(folder_); }

  std::string certificate_file() const { return folder_ + "/certificate.pem"; }
  std::string key_file() const { return folder_ + "/key.pem"; }

 private:
  static X509* make(EVP_PKEY* key) {
    X509* const certificate = X509_new();
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    X509_NAME* const name = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("localhost"), -1, -1, 0);
    X509_set_issuer_name(certificate, name);
    X509_sign(certificate, key, EVP_sha256());
    return certificate;
  }
  template <class Print>
  static void write(const std::string& path, Print print) {
    FILE* const file = std::fopen(path.c_str(), "w");
    ASSERT_NE(file, nullptr);
    print(file);
    std::fclose(file);
  }

  std::string folder_;
};

Options tls_options(const Certificate& certificate) {
  auto options = local_options();
  options.certificate_file = certificate.certificate_file();
  options.key_file = certificate.key_file();
  return options;
}

class TlsClient {
 public:
  explicit TlsClient(std::uint16_t port, int max_version = TLS1_3_VERSION) : stream(io, context) {
    SSL_set_min_proto_version(stream.native_handle(), TLS1_VERSION);
    SSL_set_security_level(stream.native_handle(), 0);  // else this side already refuses old versions
    SSL_set_max_proto_version(stream.native_handle(), max_version);
    stream.next_layer().connect({asio::ip::make_address("127.0.0.1"), port});
    stream.handshake(asio::ssl::stream_base::client, error);
  }

  asio::io_context io;
  asio::ssl::context context{asio::ssl::context::tls_client};
  asio::ssl::stream<Tcp::socket> stream;
  beast::error_code error;
};

TEST(Tls, ServesHttp) {
  const Certificate certificate;
  RunningNet server(tls_options(certificate));
  ASSERT_EQ(server.error, "");
  TlsClient client(server.port);
  ASSERT_FALSE(client.error) << client.error.message();
  http::request<http::string_body> request(http::verb::get, "/secure", 11);
  request.set(http::field::host, "localhost");
  http::write(client.stream, request);
  beast::flat_buffer buffer;
  http::response<http::string_body> response;
  http::read(client.stream, buffer, response);
  EXPECT_EQ(response.body(), "GET /secure? ");
}

TEST(Tls, ServesWebSockets) {
  const Certificate certificate;
  RunningNet server(tls_options(certificate));
  TlsClient client(server.port);
  ASSERT_FALSE(client.error);
  websocket::stream<asio::ssl::stream<Tcp::socket>&> stream(client.stream);
  stream.handshake("localhost", "/v1/client");
  stream.write(asio::buffer(std::string("two and close")));
  beast::flat_buffer buffer;
  stream.read(buffer);
  stream.read(buffer);
  EXPECT_EQ(beast::buffers_to_string(buffer.data()), "onetwo");
  beast::error_code error;
  stream.read(buffer, error);
  EXPECT_EQ(error, websocket::error::closed);
  EXPECT_EQ(stream.reason().code, 4001);
  EXPECT_TRUE(server.script.wait_for("closed"));
}

TEST(Tls, RefusesVersionsBefore12) {
  const Certificate certificate;
  RunningNet server(tls_options(certificate));
  EXPECT_TRUE(TlsClient(server.port, TLS1_1_VERSION).error);
  EXPECT_FALSE(TlsClient(server.port, TLS1_2_VERSION).error);
}

TEST(Tls, APlainRequestDoesNotHarmTheServer) {
  const Certificate certificate;
  RunningNet server(tls_options(certificate));
  Client plain(server.port);
  plain.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  plain.read_all();
  EXPECT_FALSE(TlsClient(server.port).error);
}

// What TLS says of the nonsense meets a socket that is gone: SIGPIPE, which once ended the server.
TEST(Tls, ClientsThatTalkNonsenseAndGoDoNotHarmTheServer) {
  const Certificate certificate;
  RunningNet server(tls_options(certificate));
  for (int i = 0; i < 200; ++i) {
    Client rude(server.port);
    rude.write("nonsense");
    if (i % 2 == 0) rude.socket.set_option(asio::socket_base::linger(true, 0));  // RST
  }
  EXPECT_FALSE(TlsClient(server.port).error);
}

TEST(Tls, MissingOrForeignFilesAreNamed) {
  const Certificate certificate;
  const Certificate other;
  auto options = tls_options(certificate);
  options.certificate_file = "/nowhere/certificate.pem";
  EXPECT_NE(RunningNet(options).error.find("/nowhere/certificate.pem"), std::string::npos);
  options = tls_options(certificate);
  options.key_file = other.key_file();
  EXPECT_NE(RunningNet(options).error.find(other.key_file()), std::string::npos);
}

}  // namespace
}  // namespace offhook::net::testing
