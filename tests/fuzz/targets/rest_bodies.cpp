// Bodies of the REST interface and of pushes.
#include "tests/fuzz/fuzz.hpp"
#include "wire/codec.hpp"

using namespace offhook;

FUZZ(bytes) {
  wire::decode_place_request(bytes);
  wire::decode_ring_request(bytes);
  wire::decode_push_payload(bytes);
  const auto rules = wire::decode_rules(bytes);
  if (!rules) return;
  const auto text = wire::encode(*rules);
  const auto again = wire::decode_rules(text);
  MUST(again && wire::encode(*again) == text);
}
