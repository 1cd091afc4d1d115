#include "adapters/net/ws_frame.hpp"

#include <cstring>

namespace offhook::net {
namespace {

constexpr std::size_t k_max_control_bytes = 125;  // section 5.5
constexpr std::size_t k_max_short_bytes = 125;    // longer ones have the length in two or eight bytes (section 5.2)
constexpr std::size_t k_mask_bytes = 4;

std::uint8_t byte_at(std::string_view bytes, std::size_t i) { return static_cast<std::uint8_t>(bytes[i]); }

std::uint64_t number_in(std::string_view bytes) {
  std::uint64_t number = 0;
  for (const char c : bytes) number = (number << 8) | static_cast<std::uint8_t>(c);
  return number;
}

bool is_known(std::uint8_t opcode) { return opcode <= 2 || (opcode >= 8 && opcode <= 10); }

// How many bytes follow the first of a letter; -1 for a byte that begins none.
int followers_of(std::uint8_t first) {
  if (first < 0x80) return 0;
  if (first >= 0xc2 && first <= 0xdf) return 1;
  if (first >= 0xe0 && first <= 0xef) return 2;
  return first >= 0xf0 && first <= 0xf4 ? 3 : -1;
}

// The second byte is where overlong forms, surrogates and what is too high show.
bool may_be_second(std::uint8_t first, std::uint8_t second) {
  if (first == 0xe0) return second >= 0xa0 && second <= 0xbf;
  if (first == 0xed) return second >= 0x80 && second <= 0x9f;
  if (first == 0xf0) return second >= 0x90 && second <= 0xbf;
  if (first == 0xf4) return second >= 0x80 && second <= 0x8f;
  return second >= 0x80 && second <= 0xbf;
}

// The length of the letter `text` begins with, 0 if it is none.
std::size_t letter_bytes(std::string_view text) {
  const auto first = byte_at(text, 0);
  const auto followers = followers_of(first);
  if (followers < 0 || text.size() <= static_cast<std::size_t>(followers)) return 0;
  if (followers > 0 && !may_be_second(first, byte_at(text, 1))) return 0;
  for (int i = 2; i <= followers; ++i) {
    if ((byte_at(text, static_cast<std::size_t>(i)) & 0xc0) != 0x80) return 0;
  }
  return static_cast<std::size_t>(followers) + 1;
}

}  // namespace

FrameHeader read_frame_header(std::string_view bytes) {
  FrameHeader header;
  if (bytes.size() < 2) return header;
  const auto first = byte_at(bytes, 0), second = byte_at(bytes, 1);
  const std::uint8_t opcode = first & 0x0f, length = second & 0x7f;
  header.is_final = (first & 0x80) != 0;
  header.opcode = Opcode{opcode};
  const bool is_masked = (second & 0x80) != 0, has_extension = (first & 0x70) != 0;
  const bool is_bad_control = opcode >= 8 && (!header.is_final || length > k_max_control_bytes);
  header.state = FrameHeader::State::Broken;
  if (has_extension || !is_known(opcode) || !is_masked || is_bad_control) return header;
  const std::size_t length_bytes = length <= k_max_short_bytes ? 0 : length == 126 ? 2 : 8;
  header.header_bytes = 2 + length_bytes + k_mask_bytes;
  header.state = FrameHeader::State::Incomplete;
  if (bytes.size() < header.header_bytes) return header;
  header.payload_bytes = length_bytes == 0 ? length : number_in(bytes.substr(2, length_bytes));
  std::memcpy(header.mask.data(), bytes.data() + 2 + length_bytes, k_mask_bytes);
  const bool has_top_bit = (header.payload_bytes >> 63) != 0;
  header.state = has_top_bit ? FrameHeader::State::Broken : FrameHeader::State::Whole;
  return header;
}

// Four bytes at a time, which compilers make sixteen or more.
void unmask(std::string& payload, const std::array<char, 4>& mask) {
  std::uint32_t key = 0, word = 0;
  std::memcpy(&key, mask.data(), sizeof key);
  std::size_t i = 0;
  for (; i + sizeof word <= payload.size(); i += sizeof word) {
    std::memcpy(&word, payload.data() + i, sizeof word);
    word ^= key;
    std::memcpy(payload.data() + i, &word, sizeof word);
  }
  for (; i < payload.size(); ++i) payload[i] = static_cast<char>(payload[i] ^ mask[i % mask.size()]);
}

void append_frame(std::string& out, Opcode opcode, std::string_view payload) {
  out.push_back(static_cast<char>(0x80 | static_cast<std::uint8_t>(opcode)));
  const auto size = static_cast<std::uint64_t>(payload.size());
  const int length_bytes = size <= k_max_short_bytes ? 0 : size <= 0xffff ? 2 : 8;
  out.push_back(static_cast<char>(length_bytes == 0 ? size : length_bytes == 2 ? 126 : 127));
  for (int i = length_bytes - 1; i >= 0; --i) out.push_back(static_cast<char>(size >> (8 * i)));
  out.append(payload);
}

bool is_utf8(std::string_view text) {
  std::uint64_t eight = 0;
  for (std::size_t i = 0; i < text.size();) {
    while (i + sizeof eight <= text.size()) {  // most of what comes is ASCII
      std::memcpy(&eight, text.data() + i, sizeof eight);
      if ((eight & 0x8080808080808080ULL) != 0) break;
      i += sizeof eight;
    }
    if (i == text.size()) break;
    const auto bytes = letter_bytes(text.substr(i));
    if (bytes == 0) return false;
    i += bytes;
  }
  return true;
}

std::uint16_t close_code_in(std::string_view payload) {
  constexpr std::uint16_t k_no_code = 1005, k_broken = 1002;
  if (payload.empty()) return k_no_code;
  if (payload.size() < 2 || !is_utf8(payload.substr(2))) return k_broken;
  const auto code = static_cast<std::uint16_t>(number_in(payload.substr(0, 2)));
  const bool is_reserved = code < 1000 || code == 1004 || code == 1005 || code == 1006 || (code >= 1015 && code < 3000) || code > 4999;
  return is_reserved ? k_broken : code;
}

std::string close_payload(std::uint16_t code, std::string_view reason) {
  std::string payload;
  payload.push_back(static_cast<char>(code >> 8));
  payload.push_back(static_cast<char>(code & 0xff));
  payload.append(reason.substr(0, k_max_control_bytes - 2));
  return payload;
}

}  // namespace offhook::net
