// The signature of a webhook in the Standard Webhooks convention: HMAC-SHA256 over "id.timestamp.body". Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"

namespace offhook::webhook {

// The key of "whsec_" and base64; nothing unless it is that and holds 24 to 64 bytes.
std::optional<std::string> parse_secret(std::string_view text);

struct Signed {
  std::string id;         // webhook-id
  std::string timestamp;  // webhook-timestamp: whole seconds since the Unix epoch
  std::string signature;  // webhook-signature: "v1,…" for each key, separated by spaces, in the order of the keys
};

// A receiver that knows any of `keys` (from parse_secret) can check it, so that keys can be changed without a gap. `now` is the
// moment of the attempt: receivers refuse what is older than some minutes. REQUIRES: `id` holds no full stop.
Signed sign(std::string_view id, Instant now, std::string_view body, const std::vector<std::string>& keys);

}  // namespace offhook::webhook
