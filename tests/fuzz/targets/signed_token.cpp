// Rightly signed claims of any content, in three forms: what is accepted has what a token must have.
#include <boost/json.hpp>

#include "tests/fuzz/fuzz.hpp"
#include "wire/base64.hpp"
#include "wire/jwt.hpp"
#include "wire/token.hpp"

using namespace offhook;

namespace {

constexpr std::string_view k_secret = "a secret of some length";

std::optional<wire::ProjectKeys> keys_of(std::string_view project) {
  return project == "1" ? std::optional(wire::ProjectKeys{{std::string(k_secret)}, {}}) : std::nullopt;
}

std::string to_hex(std::string_view bytes) {
  std::string text;
  for (const unsigned char byte : bytes) {
    text.push_back("0123456789abcdef"[byte >> 4]);
    text.push_back("0123456789abcdef"[byte & 15]);
  }
  return text;
}

void judge(const std::string& token) {
  const auto now = from_unix_ms(1'700'000'000'000);
  const auto claims = wire::verify_token(token, keys_of, now);
  if (!claims) return;
  MUST(claims->project == "1");
  MUST(claims->user || claims->session || claims->scope == wire::Scope::Admin);
  MUST(claims->expires_at + std::chrono::minutes{5} > now);
}

}  // namespace

FUZZ(bytes) {
  const auto t1 = "partner_id=1&sig=" + to_hex(wire::hmac(wire::Digest::Sha1, bytes, k_secret)) + ":" + std::string(bytes);
  judge("T1==" + wire::to_base64url(t1));
  const auto text = wire::to_base64url(R"({"alg":"HS256","typ":"JWT"})") + "." + wire::to_base64url(bytes);
  judge(text + "." + wire::to_base64url(wire::hmac(wire::Digest::Sha256, text, k_secret)));
  const auto head = wire::to_base64url(bytes) + "." + wire::to_base64url(R"({"iss":"1","user":"u","exp":1700000100})");
  judge(head + "." + wire::to_base64url(wire::hmac(wire::Digest::Sha256, head, k_secret)));
}
