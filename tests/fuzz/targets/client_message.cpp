// Frames of clients: refused with a word, or read; what was read is written as it is read again.
#include "tests/fuzz/fuzz.hpp"
#include "wire/codec.hpp"

using namespace offhook;

FUZZ(bytes) {
  const auto message = wire::decode_client(bytes);
  if (!message) {
    MUST(!message.error().message.empty());
    return;
  }
  const auto text = wire::encode(*message);
  const auto again = wire::decode_client(text);
  MUST(again && wire::encode(*again) == text);
}
