#include "adapters/store/blob.hpp"

namespace offhook::store {

// The numbers of words are in files. If one of these fails, a word was put in the middle: move it to the end of its list.
static_assert(static_cast<int>(wire::Outcome::Failed) == 8 && static_cast<int>(wire::Outcome::MovedElsewhere) == 14);
static_assert(static_cast<int>(wire::Reason::CallerLost) == 10 && static_cast<int>(wire::Reason::Timeout) == 14 &&
              static_cast<int>(wire::Reason::ServerShutdown) == 24 && static_cast<int>(wire::Reason::AllLeft) == 29 && static_cast<int>(wire::Reason::PushRefused) == 30);
static_assert(static_cast<int>(wire::DeviceState::Winner) == 3 && static_cast<int>(wire::DeviceState::Moving) == 11);
static_assert(static_cast<int>(wire::Phase::Ended) == 3);

namespace {

constexpr std::size_t k_most_bytes = 10;  // of a number

// Gives the place after it.
char* write_number(char* at, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) *at++ = static_cast<char>(value | 0x80);
  *at++ = static_cast<char>(value);
  return at;
}

}  // namespace

void append_number(std::string& out, std::uint64_t value) {
  char bytes[k_most_bytes];
  out.append(bytes, write_number(bytes, value));
}

void append_fixed(std::string& out, std::uint64_t value) {
  char bytes[8];
  for (int i = 0; i < 8; ++i) bytes[i] = static_cast<char>(value >> (56 - 8 * i));
  out.append(bytes, sizeof bytes);
}

std::uint64_t read_fixed(std::string_view eight_bytes) {
  std::uint64_t value = 0;
  for (const char byte : eight_bytes) value = (value << 8) | static_cast<unsigned char>(byte);
  return value;
}

// In one piece: a record has some hundred of them.
void BlobWriter::put_number(unsigned key, std::uint64_t value) {
  char bytes[2 * k_most_bytes];
  out_.append(bytes, write_number(write_number(bytes, key), value));
}

void BlobWriter::put_bytes(unsigned number, std::string_view bytes) {
  put_number(number * 2 + 1, bytes.size());
  out_ += bytes;
}

// Most are shorter than 128 bytes, whose length has its place already.
void BlobWriter::set_length(std::size_t place) {
  const auto size = out_.size() - place;
  char bytes[k_most_bytes];
  const auto* end = write_number(bytes, size);
  out_[place - 1] = bytes[0];
  out_.insert(place, bytes + 1, static_cast<std::size_t>(end - bytes - 1));
}

void BlobReader::fail() {
  sound_ = false;
  number_ = k_no_more;
  rest_ = {};
}

// To the next field, or past the last one.
void BlobReader::next() {
  number_ = k_no_more;
  if (rest_.empty()) return;
  std::uint64_t key = 0;
  if (!take_number(key) || key >= k_no_more || !take_number(value_)) return fail();
  has_bytes_ = key % 2 == 1;
  if (has_bytes_) {
    if (value_ > rest_.size()) return fail();
    bytes_ = rest_.substr(0, value_);
    rest_.remove_prefix(value_);
  }
  number_ = static_cast<unsigned>(key / 2);
}

bool BlobReader::take_number(std::uint64_t& out) {
  out = 0;
  for (int shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(rest_.front());
    rest_.remove_prefix(1);
    out |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

}  // namespace offhook::store
