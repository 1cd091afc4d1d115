#include "adapters/password/password.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <array>
#include <charconv>
#include <vector>

#include "base/check.hpp"

namespace offhook::password {
namespace {

constexpr std::size_t k_key_bytes = 32;
constexpr std::size_t k_salt_bytes = 16;
constexpr std::uint64_t k_max_memory = 256ULL * 1024 * 1024;
constexpr std::uint64_t k_spare_memory = 1024 * 1024;  // OpenSSL counts some buffers of its own

struct Parsed {
  Cost cost;
  std::string salt, key;
};

std::string to_hex(std::string_view bytes) {
  constexpr std::string_view k_digits = "0123456789abcdef";
  std::string text;
  for (const auto c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text.push_back(k_digits[byte >> 4]);
    text.push_back(k_digits[byte & 15]);
  }
  return text;
}

std::optional<std::string> from_hex(std::string_view text, std::size_t bytes) {
  if (text.size() != 2 * bytes) return std::nullopt;
  std::string out;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    unsigned byte = 0;
    const auto read = std::from_chars(text.data() + i, text.data() + i + 2, byte, 16);
    if (read.ec != std::errc{} || read.ptr != text.data() + i + 2) return std::nullopt;
    out.push_back(static_cast<char>(byte));
  }
  return out;
}

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> parts;
  for (auto end = text.find('$'); end != text.npos; end = text.find('$')) {
    parts.push_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  parts.push_back(text);
  return parts;
}

std::optional<unsigned> number(std::string_view text, unsigned most) {
  unsigned value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = !text.empty() && read.ec == std::errc{} && read.ptr == text.data() + text.size();
  return whole && value >= 1 && value <= most ? std::optional(value) : std::nullopt;
}

std::uint64_t memory(const Cost& cost) { return (std::uint64_t{128} << cost.log2_n) * cost.r; }

std::optional<Parsed> parse(std::string_view text) {
  const auto parts = split(text);
  if (parts.size() != 6 || parts[0] != "scrypt") return std::nullopt;
  const auto log2_n = number(parts[1], 24), r = number(parts[2], 64), p = number(parts[3], 16);
  auto salt = from_hex(parts[4], k_salt_bytes), key = from_hex(parts[5], k_key_bytes);
  if (!log2_n || !r || !p || !salt || !key) return std::nullopt;
  const Cost cost{*log2_n, *r, *p};
  if (memory(cost) > k_max_memory) return std::nullopt;
  return Parsed{cost, std::move(*salt), std::move(*key)};
}

std::string derive(std::string_view password, std::string_view salt, const Cost& cost) {
  std::array<unsigned char, k_key_bytes> key{};
  const auto* salt_bytes = reinterpret_cast<const unsigned char*>(salt.data());
  const auto done = EVP_PBE_scrypt(password.data(), password.size(), salt_bytes, salt.size(), std::uint64_t{1} << cost.log2_n, cost.r,
                                   cost.p, memory(cost) + memory({1, cost.r, cost.p}) * cost.p + k_spare_memory, key.data(), key.size());
  CHECK(done == 1);
  return {reinterpret_cast<const char*>(key.data()), key.size()};
}

}  // namespace

std::string hash(std::string_view password, std::string_view salt, const Cost& cost) {
  CHECK(salt.size() == k_salt_bytes);
  return "scrypt$" + std::to_string(cost.log2_n) + "$" + std::to_string(cost.r) + "$" + std::to_string(cost.p) + "$" + to_hex(salt) + "$" +
         to_hex(derive(password, salt, cost));
}

bool is_hash(std::string_view text) { return parse(text).has_value(); }

bool matches(std::string_view password, std::string_view hash) {
  const auto parsed = parse(hash);
  if (!parsed) return false;
  const auto key = derive(password, parsed->salt, parsed->cost);
  return CRYPTO_memcmp(key.data(), parsed->key.data(), key.size()) == 0;
}

}  // namespace offhook::password
