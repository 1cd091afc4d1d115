#include "base/ids.hpp"

#include <array>

namespace offhook {
namespace {

constexpr std::string_view k_alphabet = "0123456789abcdefghjkmnpqrstvwxyz";

// -1 for a character that is no digit.
constexpr auto k_digits = [] {
  std::array<signed char, 256> digits{};
  digits.fill(-1);
  for (std::size_t i = 0; i < k_alphabet.size(); ++i) digits[static_cast<unsigned char>(k_alphabet[i])] = static_cast<signed char>(i);
  return digits;
}();

int digit_of(char c) { return k_digits[static_cast<unsigned char>(c)]; }

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
  std::string text(k_base32_length, '0');
  base32_write(high, low, text.data());
  return text;
}

void base32_write(std::uint64_t high, std::uint64_t low, char* to) {
  for (auto i = k_base32_length; i-- > 0;) {
    to[i] = k_alphabet[low & 31];
    low = (low >> 5) | (high << 59);
    high >>= 5;
  }
}

bool base32_decode(std::string_view text, std::uint64_t& high, std::uint64_t& low) {
  if (text.size() != k_base32_length || digit_of(text[0]) > 7) return false;
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
