#include "base/random.hpp"

#include <bit>
#include <cstddef>

#include "base/check.hpp"

namespace offhook {
namespace {

void quarter_round(std::uint32_t& a, std::uint32_t& b, std::uint32_t& c, std::uint32_t& d) {
  a += b; d = std::rotl(d ^ a, 16);
  c += d; b = std::rotl(b ^ c, 12);
  a += b; d = std::rotl(d ^ a, 8);
  c += d; b = std::rotl(b ^ c, 7);
}

}  // namespace

// RFC 8439, section 2.3.
std::array<std::uint32_t, 16> chacha20_block(const Seed& key, std::uint32_t counter,
                                             const std::array<std::uint32_t, 3>& nonce) {
  std::array<std::uint32_t, 16> start{0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};
  for (std::size_t i = 0; i < 8; ++i) start[4 + i] = key[i];
  start[12] = counter;
  for (std::size_t i = 0; i < 3; ++i) start[13 + i] = nonce[i];
  auto x = start;
  for (int round = 0; round < 10; ++round) {
    for (std::size_t i = 0; i < 4; ++i) quarter_round(x[i], x[4 + i], x[8 + i], x[12 + i]);
    for (std::size_t i = 0; i < 4; ++i) {
      quarter_round(x[i], x[4 + (i + 1) % 4], x[8 + (i + 2) % 4], x[12 + (i + 3) % 4]);
    }
  }
  for (std::size_t i = 0; i < 16; ++i) x[i] += start[i];
  return x;
}

void Random::refill() {
  block_ = chacha20_block(key_, static_cast<std::uint32_t>(counter_), {static_cast<std::uint32_t>(counter_ >> 32), 0, 0});
  ++counter_;
  used_ = 0;
}

std::uint64_t Random::next() {
  if (used_ == block_.size()) refill();
  const std::uint64_t high = block_[used_];
  const std::uint64_t low = block_[used_ + 1];
  used_ += 2;
  return (high << 32) | low;
}

std::uint64_t Random::below(std::uint64_t bound) {
  CHECK(bound > 0);
  const std::uint64_t unbiased_end = bound * (UINT64_MAX / bound);
  for (;;) {
    const auto value = next();
    if (value < unbiased_end) return value % bound;
  }
}

}  // namespace offhook
