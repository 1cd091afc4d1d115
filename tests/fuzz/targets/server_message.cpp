// Frames of servers, as the C++ client reads them.
#include "tests/fuzz/fuzz.hpp"
#include "wire/codec.hpp"

using namespace offhook;

FUZZ(bytes) {
  wire::seq_in(bytes);
  const auto message = wire::decode_server(bytes);
  if (!message) return;
  const auto text = wire::encode(*message);
  const auto again = wire::decode_server(text);
  MUST(again && wire::encode(*again) == text);
  if (const auto* seq = wire::seq_of(*message)) MUST(wire::EventText(*message).with(*seq) == text);
}
