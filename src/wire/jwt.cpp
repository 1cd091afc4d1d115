#include "wire/jwt.hpp"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>

#include <array>
#include <boost/json.hpp>
#include <memory>

#include "base/check.hpp"
#include "wire/base64.hpp"
#include "wire/secret.hpp"

namespace offhook::wire {
namespace {

namespace json = boost::json;

template <auto Free>
struct Freer {
  template <class T>
  void operator()(T* one) const { Free(one); }
};
using Bio = std::unique_ptr<BIO, Freer<BIO_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;
using Context = std::unique_ptr<EVP_MD_CTX, Freer<EVP_MD_CTX_free>>;

struct Parts {
  std::string_view header, payload, signature, signed_text;
};

std::optional<Parts> split(std::string_view token) {
  const auto first = token.find('.');
  const auto second = first == std::string_view::npos ? first : token.find('.', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  return Parts{token.substr(0, first), token.substr(first + 1, second - first - 1), token.substr(second + 1),
               token.substr(0, second)};
}

std::optional<json::object> parse_object(std::string_view base64url) {
  const auto text = from_base64url(base64url);
  if (!text) return std::nullopt;
  json::error_code failure;
  json::parse_options options;
  options.max_depth = 6;  // the access list of an application's token has four
  auto value = json::parse(*text, failure, {}, options);
  if (failure || !value.is_object()) return std::nullopt;
  return std::move(value.get_object());
}

std::string algorithm_of(const json::object& header) {
  const auto* algorithm = header.if_contains("alg");
  const bool is_plain = algorithm != nullptr && algorithm->is_string() && !header.contains("crit");
  return is_plain ? std::string(algorithm->get_string()) : std::string();
}

std::string text_or_number(const json::object& object, std::string_view name) {
  const auto* found = object.if_contains(name);
  if (found != nullptr && found->is_string()) return std::string(found->get_string());
  return found != nullptr && found->is_int64() ? std::to_string(found->get_int64()) : std::string();
}

bool is_signed_rs256(std::string_view text, std::string_view signature, std::string_view pem) {
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  const Key key(PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr));
  const Context context(EVP_MD_CTX_new());
  if (!key || EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_RSA) return false;
  if (EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) != 1) return false;
  const auto* bytes = reinterpret_cast<const unsigned char*>(signature.data());
  return EVP_DigestVerify(context.get(), bytes, signature.size(), reinterpret_cast<const unsigned char*>(text.data()), text.size()) == 1;
}

// As much work for a project that is not known as for one that is.
const ProjectKeys& nobody() {
  static const ProjectKeys keys{{std::string(40, '-')}, {}};
  return keys;
}

}  // namespace

std::optional<Jwt> open_jwt(std::string_view token, std::size_t max_bytes, const KeysOf& keys_of) {
  const auto parts = token.size() <= max_bytes ? split(token) : std::nullopt;
  auto header = parts ? parse_object(parts->header) : std::nullopt;
  auto payload = parts ? parse_object(parts->payload) : std::nullopt;
  const auto signature = parts ? from_base64url(parts->signature) : std::nullopt;
  if (!header || !payload || !signature) return std::nullopt;
  Jwt jwt{{}, std::move(*header), std::move(*payload), false};
  const auto algorithm = algorithm_of(jwt.header);
  jwt.is_rs256 = algorithm == "RS256";
  if (!jwt.is_rs256 && algorithm != "HS256") return std::nullopt;
  jwt.project = jwt.is_rs256 ? text_or_number(jwt.payload, "application_id") : std::string();
  if (jwt.project.empty()) jwt.project = text_or_number(jwt.payload, "iss");
  const auto keys = keys_of(jwt.project);
  if (jwt.is_rs256) {
    const bool is_right = keys && !keys->public_key.empty() && is_signed_rs256(parts->signed_text, *signature, keys->public_key);
    return is_right ? std::optional(std::move(jwt)) : std::nullopt;
  }
  const bool is_right = is_signed(Digest::Sha256, parts->signed_text, *signature, keys ? *keys : nobody());
  return is_right && keys ? std::optional(std::move(jwt)) : std::nullopt;
}

std::string sign_hs256(const json::object& payload, std::string_view secret) {
  CHECK(!secret.empty());
  const auto text = to_base64url(R"({"alg":"HS256","typ":"JWT"})") + "." + to_base64url(json::serialize(payload));
  return text + "." + to_base64url(hmac(Digest::Sha256, text, secret));
}

std::string hmac(Digest digest, std::string_view text, std::string_view secret) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
  unsigned length = 0;
  const auto* done = HMAC(digest == Digest::Sha1 ? EVP_sha1() : EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
                          reinterpret_cast<const unsigned char*>(text.data()), text.size(), bytes.data(), &length);
  CHECK(done != nullptr);
  return {reinterpret_cast<const char*>(bytes.data()), length};
}

bool is_signed(Digest digest, std::string_view text, std::string_view signature, const ProjectKeys& keys) {
  bool right = false;
  for (const auto& secret : keys.secrets) {
    const auto expected = hmac(digest, text, secret);
    const bool equal = equal_in_constant_time(signature, expected);
    right = right || (equal && !secret.empty());
  }
  return right;
}

const json::value* Claims::find(std::string_view name) const {
  const auto* found = object_.if_contains(name);
  return found == nullptr || found->is_null() ? nullptr : found;
}

bool Claims::has(std::string_view name) const { return find(name) != nullptr; }

std::optional<std::string> Claims::text(std::string_view name, std::size_t max_bytes) {
  const auto* found = find(name);
  if (found == nullptr) return std::nullopt;
  if (!found->is_string() || found->get_string().size() > max_bytes) {
    sound_ = false;
    return std::nullopt;
  }
  return std::string(found->get_string());
}

std::optional<Instant> Claims::moment(std::string_view name) {
  const auto* found = find(name);
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

}  // namespace offhook::wire
