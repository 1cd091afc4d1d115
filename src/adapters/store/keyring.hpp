// The keys that secrets in the data folder are sealed with: AES-256-GCM, a nonce of the system's random numbers for each. Any thread.
//
// A sealed value is the id of its key (8 bytes), the nonce (12), the ciphertext, and its tag (16). What it is a value of is sealed with
// it, so that a value in the place of another one is found out.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace offhook::store {

inline constexpr std::size_t k_max_keys = 8;  // the one in use and old ones

class Keyring {
 public:
  using Key = std::array<unsigned char, 32>;
  enum class Failure { UnknownKey, Damaged };
  struct Error {
    std::string message;  // one sentence for the operator that says what to do
  };

  // Each file has one key, 64 hexadecimal digits, and can be read by its owner alone. The first seals, all of them open.
  // REQUIRES: one to k_max_keys files.
  static Result<Keyring, Error> read(const std::vector<std::string>& files);

  // Writes a new key into a new file, for its owner alone. Gives the id of the key; never replaces a file.
  static Result<std::string, Error> make_file(const std::string& file);

  // REQUIRES: not empty.
  explicit Keyring(std::vector<Key> keys) : keys_(std::move(keys)) {}

  // `about`: what it is a value of; the same must be said to open it.
  std::string seal(std::string_view plain, std::string_view about) const;
  Result<std::string, Failure> open(std::string_view sealed, std::string_view about) const;

  // Sealed with the first key?
  bool is_newest(std::string_view sealed) const;

  // For people: 16 hexadecimal digits. Of a key, or of that a value was sealed with.
  static std::string id_of(const Key& key);
  static std::string id_in(std::string_view sealed);

 private:
  std::vector<Key> keys_;
};

}  // namespace offhook::store
