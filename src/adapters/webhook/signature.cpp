#include "adapters/webhook/signature.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>

#include "base/check.hpp"

namespace offhook::webhook {
namespace {

std::string to_base64(std::string_view bytes) {
  std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0');  // EVP_EncodeBlock writes a zero after it
  const auto length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                      reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(length));
  return text;
}

std::optional<std::string> from_base64(std::string_view text) {
  if (text.empty() || text.size() % 4 != 0) return std::nullopt;
  std::string bytes(text.size() / 4 * 3, '\0');
  const auto length = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                      reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  if (length < 0) return std::nullopt;
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  bytes.resize(static_cast<std::size_t>(length) - padding);
  return bytes;
}

std::string hmac(std::string_view text, std::string_view key) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  const auto* done = HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
                          reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(), &length);
  CHECK(done != nullptr);
  return {reinterpret_cast<const char*>(digest.data()), length};
}

}  // namespace

std::optional<std::string> parse_secret(std::string_view text) {
  constexpr std::string_view k_prefix = "whsec_";
  if (!text.starts_with(k_prefix)) return std::nullopt;
  auto key = from_base64(text.substr(k_prefix.size()));
  return key && key->size() >= 24 && key->size() <= 64 ? key : std::nullopt;
}

Signed sign(std::string_view id, Instant now, std::string_view body, const std::vector<std::string>& keys) {
  Signed made;
  made.id = id;
  made.timestamp = std::to_string(to_unix_ms(now) / 1000);
  const auto text = made.id + "." + made.timestamp + "." + std::string(body);
  for (const auto& key : keys) made.signature += (made.signature.empty() ? "v1," : " v1,") + to_base64(hmac(text, key));
  return made;
}

}  // namespace offhook::webhook
