#include "adapters/net/ws_upgrade.hpp"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include <algorithm>

namespace offhook::net {
namespace {

bool is_base64(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' || c == '/'; }

// 16 bytes in base64.
bool is_key(std::string_view key) {
  constexpr std::size_t k_letters = 22;
  return key.size() == k_letters + 2 && key.ends_with("==") && std::all_of(key.begin(), key.begin() + k_letters, is_base64);
}

std::string accept_for(std::string_view key) {
  const auto text = std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  unsigned char digest[SHA_DIGEST_LENGTH];
  SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest);
  unsigned char letters[4 * ((SHA_DIGEST_LENGTH + 2) / 3) + 1];
  const int size = EVP_EncodeBlock(letters, digest, SHA_DIGEST_LENGTH);
  return {reinterpret_cast<const char*>(letters), static_cast<std::size_t>(size)};
}

}  // namespace

std::optional<std::string> upgrade_response(std::string_view key) {
  if (!is_key(key)) return std::nullopt;
  return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " + accept_for(key) + "\r\n\r\n";
}

}  // namespace offhook::net
