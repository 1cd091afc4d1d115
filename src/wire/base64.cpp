#include "wire/base64.hpp"

#include <cstdint>

namespace offhook::wire {
namespace {

constexpr std::string_view k_alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

}  // namespace

std::string to_base64url(std::string_view bytes) {
  std::string text;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : bytes) {
    bits = (bits << 8) | static_cast<unsigned char>(c);
    for (count += 8; count >= 6; count -= 6) text.push_back(k_alphabet[(bits >> (count - 6)) & 63]);
  }
  if (count > 0) text.push_back(k_alphabet[(bits << (6 - count)) & 63]);
  return text;
}

std::optional<std::string> from_base64url(std::string_view text) {
  std::string bytes;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const auto value = k_alphabet.find(c);
    if (value == std::string_view::npos) return std::nullopt;
    bits = (bits << 6) | static_cast<std::uint32_t>(value);
    count += 6;
    if (count >= 8) {
      count -= 8;
      bytes.push_back(static_cast<char>((bits >> count) & 255));
    }
  }
  const bool left_over = count >= 6 || (bits & ((1U << count) - 1)) != 0;
  return left_over ? std::nullopt : std::optional(bytes);
}

std::optional<std::string> from_any_base64(std::string_view text) {
  constexpr std::size_t k_max_padding = 2;
  for (std::size_t i = 0; i < k_max_padding && text.ends_with('='); ++i) text.remove_suffix(1);
  std::string url(text);
  for (char& c : url) c = c == '+' ? '-' : c == '/' ? '_' : c;
  return from_base64url(url);
}

}  // namespace offhook::wire
