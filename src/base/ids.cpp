#include "base/ids.hpp"

namespace offhook {
namespace {

constexpr std::string_view k_alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
constexpr int k_text_length = 26;  // 130 bits; the first character carries only three

int digit_of(char c) {
  const auto at = k_alphabet.find(c);
  return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

}  // namespace

Slot slot_of(std::string_view key) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char c : key) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3ULL;
  }
  hash ^= hash >> 32;
  hash ^= hash >> 16;
  return Slot{static_cast<std::uint32_t>(hash % k_slot_count)};
}

Slot slot_of(const UserKey& key) { return slot_of(key.project + '/' + key.user); }

std::string base32_encode(std::uint64_t high, std::uint64_t low) {
  std::string text(k_text_length, '0');
  for (int i = k_text_length - 1; i >= 0; --i) {
    text[static_cast<std::size_t>(i)] = k_alphabet[low & 31];
    low = (low >> 5) | (high << 59);
    high >>= 5;
  }
  return text;
}

bool base32_decode(std::string_view text, std::uint64_t& high, std::uint64_t& low) {
  if (text.size() != k_text_length || digit_of(text[0]) > 7) return false;
  high = low = 0;
  for (const char c : text) {
    const int digit = digit_of(c);
    if (digit < 0) return false;
    high = (high << 5) | (low >> 59);
    low = (low << 5) | static_cast<std::uint64_t>(digit);
  }
  return true;
}

}  // namespace offhook
