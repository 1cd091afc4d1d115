// The engine's only source of chance: ChaCha20 (RFC 8439) over a seed, so the same seed gives the same ids on every
// machine and compiler, and nobody can guess a resume key from ids he has seen.
#pragma once

#include <array>
#include <cstdint>

namespace offhook {

using Seed = std::array<std::uint32_t, 8>;  // 256 bits; from the operating system in production, fixed in tests

class Random {
 public:
  explicit Random(const Seed& seed) : key_(seed) {}

  std::uint64_t next();

  // Uniform in [0, bound). REQUIRES: bound > 0.
  std::uint64_t below(std::uint64_t bound);

 private:
  void refill();

  Seed key_;
  std::uint64_t counter_ = 0;
  std::array<std::uint32_t, 16> block_{};
  std::size_t used_ = 16;
};

// One ChaCha20 block; exposed for the RFC's test vector. nonce is three words.
std::array<std::uint32_t, 16> chacha20_block(const Seed& key, std::uint32_t counter,
                                             const std::array<std::uint32_t, 3>& nonce);

}  // namespace offhook
