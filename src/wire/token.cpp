#include "wire/token.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>

#include "base/check.hpp"
#include "wire/limits.hpp"

namespace offhook::wire {
namespace {

namespace json = boost::json;

constexpr auto k_leeway = std::chrono::seconds{30};
constexpr std::string_view k_alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";  // RFC 4648 section 5

std::string to_base64url(std::string_view bytes) {
  std::string text;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : bytes) {
    bits = (bits << 8) | static_cast<unsigned char>(c);
    for (count += 8; count >= 6; count -= 6) text.push_back(k_alphabet[(bits >> (count - 6)) & 63]);
  }
  if (count > 0) text.push_back(k_alphabet[(bits << (6 - count)) & 63]);
  return text;
}

// Strict: no padding, no foreign characters, no bits left over, so that one signature has one text.
std::optional<std::string> from_base64url(std::string_view text) {
  std::string bytes;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const auto value = k_alphabet.find(c);
    if (value == std::string_view::npos) return std::nullopt;
    bits = (bits << 6) | static_cast<std::uint32_t>(value);
    count += 6;
    if (count >= 8) {
      count -= 8;
      bytes.push_back(static_cast<char>((bits >> count) & 255));
    }
  }
  const bool left_over = count >= 6 || (bits & ((1U << count) - 1)) != 0;
  return left_over ? std::nullopt : std::optional(bytes);
}

std::string sign(std::string_view text, std::string_view secret) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  const auto* done = HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
                          reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(), &length);
  CHECK(done != nullptr);
  return {reinterpret_cast<const char*>(digest.data()), length};
}

std::optional<json::object> parse_object(std::string_view base64url) {
  const auto text = from_base64url(base64url);
  if (!text) return std::nullopt;
  json::error_code failure;
  json::parse_options options;
  options.max_depth = 4;
  auto value = json::parse(*text, failure, {}, options);
  if (failure || !value.is_object()) return std::nullopt;
  return std::move(value.get_object());
}

// One sentence for everything, so that nobody learns from the answer which part of a forgery was right.
Error bad_token() {
  Error error;
  error.error = ErrorWord::BadToken;
  error.message = "The token is not valid here: check the project key, the secret and the claims it was made with.";
  return error;
}

Error expired() {
  Error error;
  error.error = ErrorWord::TokenExpired;
  error.message = "The token has expired: ask the app's backend for a new one.";
  return error;
}

// Absent is fine; present and of the wrong form is not.
class Claims {
 public:
  explicit Claims(const json::object& object) : object_(object) {}

  std::optional<std::string> text(std::string_view name, std::size_t max) {
    const auto* found = object_.if_contains(name);
    if (found == nullptr) return std::nullopt;
    if (!found->is_string() || found->get_string().size() > max) {
      sound_ = false;
      return std::nullopt;
    }
    return std::string(found->get_string());
  }

  // Whole seconds since the Unix epoch (RFC 7519 section 2, NumericDate); fractions are cut off.
  std::optional<Instant> moment(std::string_view name) {
    const auto* found = object_.if_contains(name);
    if (found == nullptr) return std::nullopt;
    constexpr std::int64_t k_year_9999 = 253'402'300'799;
    std::int64_t seconds = -1;
    if (const auto* number = found->if_int64()) seconds = *number;
    if (const auto* number = found->if_double(); number != nullptr && *number >= 0 && *number < 253'402'300'799.0) {
      seconds = static_cast<std::int64_t>(*number);
    }
    if (seconds < 0 || seconds > k_year_9999) {
      sound_ = false;
      return std::nullopt;
    }
    return Instant{std::chrono::seconds{seconds}};
  }

  void demand(bool condition) { sound_ = sound_ && condition; }
  bool sound() const { return sound_; }

 private:
  const json::object& object_;
  bool sound_ = true;
};

std::optional<TokenClaims> read_claims(const json::object& object, Instant now) {
  Claims read(object);
  TokenClaims claims;
  claims.project = read.text("iss", 64).value_or("");
  claims.user = read.text("sub", k_max_user_bytes);
  claims.device = read.text("device", k_max_device_name_bytes);
  claims.data = read.text("data", k_max_connection_data_bytes);
  if (const auto session = read.text("session", 64)) {
    claims.session = SessionId::parse(*session);
    read.demand(claims.session.has_value());
  }
  const auto scope = read.text("scope", 16).value_or("client");
  read.demand(scope == "client" || scope == "admin");
  claims.scope = scope == "admin" ? Scope::Admin : Scope::Client;
  const auto expires_at = read.moment("exp");
  read.demand(expires_at.has_value());
  claims.expires_at = expires_at.value_or(Instant{});
  claims.issued_at = read.moment("iat").value_or(Instant{});
  const auto not_before = read.moment("nbf").value_or(Instant{});
  read.demand(claims.issued_at <= now + k_leeway && not_before <= now + k_leeway);
  read.demand(!claims.user || valid_user(*claims.user));
  read.demand(claims.user || claims.session || claims.scope == Scope::Admin);
  return read.sound() ? std::optional(claims) : std::nullopt;
}

struct Parts {
  std::string_view header, payload, signature, signed_text;
};

std::optional<Parts> split(std::string_view token) {
  const auto first = token.find('.');
  const auto second = first == std::string_view::npos ? first : token.find('.', first + 1);
  if (second == std::string_view::npos || token.size() > k_max_token_bytes) return std::nullopt;
  return Parts{token.substr(0, first), token.substr(first + 1, second - first - 1), token.substr(second + 1),
               token.substr(0, second)};
}

bool is_hs256(const json::object& header) {
  const auto* algorithm = header.if_contains("alg");
  return algorithm != nullptr && algorithm->is_string() && algorithm->get_string() == "HS256" && !header.contains("crit");
}

}  // namespace

std::string make_token(const TokenClaims& claims, std::string_view secret) {
  CHECK(!secret.empty());
  json::object payload;
  payload["iss"] = claims.project;
  if (claims.user) payload["sub"] = *claims.user;
  payload["iat"] = to_unix_ms(claims.issued_at) / 1000;
  payload["exp"] = to_unix_ms(claims.expires_at) / 1000;
  if (claims.device) payload["device"] = *claims.device;
  if (claims.session) payload["session"] = claims.session->text();
  if (claims.data) payload["data"] = *claims.data;
  if (claims.scope == Scope::Admin) payload["scope"] = "admin";
  const auto signed_text = to_base64url(R"({"alg":"HS256","typ":"JWT"})") + "." + to_base64url(json::serialize(payload));
  return signed_text + "." + to_base64url(sign(signed_text, secret));
}

Result<TokenClaims, Error> verify_token(std::string_view token, const SecretOf& secret_of, Instant now) {
  const auto parts = split(token);
  const auto header = parts ? parse_object(parts->header) : std::nullopt;
  const auto payload = parts ? parse_object(parts->payload) : std::nullopt;
  if (!header || !payload || !is_hs256(*header)) return bad_token();
  const auto* project = payload->if_contains("iss");
  const auto secret = project != nullptr && project->is_string() ? secret_of(project->get_string()) : std::nullopt;
  const auto signature = from_base64url(parts->signature);
  if (!secret || secret->empty() || !signature) return bad_token();
  const auto expected = sign(parts->signed_text, *secret);
  if (signature->size() != expected.size()) return bad_token();
  if (CRYPTO_memcmp(signature->data(), expected.data(), expected.size()) != 0) return bad_token();
  const auto claims = read_claims(*payload, now);
  if (!claims) return bad_token();
  if (claims->expires_at + k_leeway < now) return expired();
  return *claims;
}

// A name that begins with '~' is an anonymous one, made by the server.
bool valid_user(std::string_view user) {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  return !user.empty() && user.size() <= k_max_user_bytes && !user.starts_with('~') &&
         std::none_of(user.begin(), user.end(), is_control);
}

bool valid_device_id(std::string_view device_id) {
  const auto is_fine = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
  };
  return !device_id.empty() && device_id.size() <= k_max_device_id_bytes &&
         std::all_of(device_id.begin(), device_id.end(), is_fine);
}

}  // namespace offhook::wire
