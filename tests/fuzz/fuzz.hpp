// What every target has: a function that is given bytes, and words for what must hold.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

// What must hold whatever the bytes are; else the input is a finding.
#define MUST(condition)                                                                              \
  do {                                                                                               \
    if (!(condition)) {                                                                              \
      std::fprintf(stderr, "%s:%d: this does not hold: %s\n", __FILE__, __LINE__, #condition);       \
      std::abort();                                                                                  \
    }                                                                                                \
  } while (false)

// The body of a target: FUZZ(bytes) { … }
#define FUZZ(bytes)                                                                                  \
  static void fuzz_one(std::string_view bytes);                                                      \
  extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);                 \
  extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {                \
    fuzz_one({reinterpret_cast<const char*>(data), size});                                           \
    return 0;                                                                                        \
  }                                                                                                  \
  static void fuzz_one(std::string_view bytes)

namespace offhook::fuzz {

// Decisions drawn from the bytes, from the front; when they have run out, zeros.
class Dice {
 public:
  explicit Dice(std::string_view bytes) : rest_(bytes) {}

  bool is_empty() const { return rest_.empty(); }
  std::uint8_t byte() {
    if (rest_.empty()) return 0;
    const auto value = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return value;
  }
  std::size_t below(std::size_t limit) { return byte() % limit; }
  bool flag() { return byte() % 2 != 0; }
  // A byte says how long it is.
  std::string text(std::size_t most = 255) {
    const auto size = std::min<std::size_t>({byte(), most, rest_.size()});
    const std::string value(rest_.substr(0, size));
    rest_.remove_prefix(size);
    return value;
  }
  std::string_view rest() { return rest_; }

 private:
  std::string_view rest_;
};

}  // namespace offhook::fuzz
