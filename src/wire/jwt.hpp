// Signed JSON tokens: JWS in compact form (RFC 7515) with HS256 or RS256 (RFC 7518 sections 3.2 and 3.3). Private to this module.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.hpp"
#include "base/time.hpp"
#include "wire/keys.hpp"

namespace offhook::wire {

inline constexpr auto k_leeway = std::chrono::seconds{30};  // between the clocks of who signs and who checks

struct Jwt {
  ProjectId project;  // that has signed
  boost::json::object header, payload;
  bool is_rs256 = false;
};

// Whose signature is right; nothing for all else. The project decides about the algorithm, never the token: HS256 is checked with
// secrets and nothing else, RS256 with the public key of an application and nothing else. Signatures are compared in constant
// time, and for a project that is not known as much is computed as for one that is.
std::optional<Jwt> open_jwt(std::string_view token, std::size_t max_bytes, const KeysOf& keys_of);

std::string sign_hs256(const boost::json::object& payload, std::string_view secret);

// Of `text`, as raw bytes.
enum class Digest { Sha1, Sha256 };
std::string hmac(Digest digest, std::string_view text, std::string_view secret);

// Whether one of the secrets has made `signature` of `text`; in constant time for secrets of the same number.
bool is_signed(Digest digest, std::string_view text, std::string_view signature, const ProjectKeys& keys);

// The claims of a token. Absent (or null) is fine; present and of the wrong form is not, and is remembered.
class Claims {
 public:
  explicit Claims(const boost::json::object& object) : object_(object) {}

  bool has(std::string_view name) const;
  std::optional<std::string> text(std::string_view name, std::size_t max_bytes);
  // Whole seconds since the Unix epoch (RFC 7519 section 2, NumericDate); fractions are cut off.
  std::optional<Instant> moment(std::string_view name);

  void demand(bool condition) { sound_ = sound_ && condition; }
  bool sound() const { return sound_; }

 private:
  const boost::json::value* find(std::string_view name) const;

  const boost::json::object& object_;
  bool sound_ = true;
};

}  // namespace offhook::wire
