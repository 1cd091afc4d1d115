// Tokens as the official SDKs make them, for tests: key 45828062, and an application with a key of its own.
#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <boost/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "wire/base64.hpp"
#include "wire/jwt.hpp"
#include "wire/opentok_session.hpp"

namespace offhook::wire {

inline const Instant k_now{std::chrono::seconds{1'700'000'000}};
inline const ProjectId k_key = "45828062";
inline const ProjectId k_application = "78d335fa-323d-0114-9c3d-d6f0d48968cf";
inline const std::string k_secret(40, 'a');
inline const std::string k_old_secret(40, 'b');

inline const SessionId k_session = make_session_id(Slot{5}, k_key, k_now, 1, 2);
inline const SessionId k_session_of_application = make_session_id(Slot{5}, k_application, k_now, 1, 2);

inline EVP_PKEY* rsa_key() {
  static EVP_PKEY* key = EVP_RSA_gen(2048);
  return key;
}

inline std::string public_pem() {
  BIO* bio = BIO_new(BIO_s_mem());
  PEM_write_bio_PUBKEY(bio, rsa_key());
  char* bytes = nullptr;
  const auto size = BIO_get_mem_data(bio, &bytes);
  std::string pem(bytes, static_cast<std::size_t>(size));
  BIO_free(bio);
  return pem;
}

inline std::optional<ProjectKeys> keys_of(std::string_view project) {
  static const ProjectKeys application{{k_secret}, public_pem()};
  if (project == k_key) return ProjectKeys{{k_secret, k_old_secret}, {}};
  return project == k_application ? std::optional(application) : std::nullopt;
}

inline std::string sign_rs256(std::string_view text) {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  std::string signature(256, '\0');
  auto size = signature.size();
  EVP_DigestSignInit(context, nullptr, EVP_sha256(), nullptr, rsa_key());
  EVP_DigestSign(context, reinterpret_cast<unsigned char*>(signature.data()), &size,
                 reinterpret_cast<const unsigned char*>(text.data()), text.size());
  EVP_MD_CTX_free(context);
  return signature;
}

using Fields = std::vector<std::pair<std::string, std::string>>;

// `data` is put in as it stands: whatever it needs of encoding has been done.
inline std::string t1(const std::string& data, const std::string& secret = k_secret, const std::string& key = k_key) {
  std::string hex;
  for (const char c : hmac(Digest::Sha1, data, secret)) {
    char two[3];
    std::snprintf(two, sizeof two, "%02x", static_cast<unsigned char>(c));
    hex += two;
  }
  return "T1==" + to_base64url("partner_id=" + key + "&sig=" + hex + ":" + data);
}

inline std::string t1_data(const Fields& changed = {}) {
  Fields fields = {{"session_id", to_opentok_session(k_session, k_key)}, {"create_time", "1700000000"}, {"nonce", "0.5213"},
                   {"role", "publisher"}, {"expire_time", "1700086400"}, {"connection_data", "name=Bob"}};
  for (const auto& [name, value] : changed) {
    std::erase_if(fields, [&](const auto& field) { return field.first == name; });
    if (value != "(none)") fields.emplace_back(name, value);
  }
  std::string data;
  for (const auto& [name, value] : fields) data += (data.empty() ? "" : "&") + name + "=" + value;
  return data;
}

inline boost::json::object client_claims() {
  return {{"iss", k_key}, {"ist", "project"}, {"iat", 1'700'000'000}, {"exp", 1'700'086'400}, {"nonce", 0.5},
          {"role", "publisher"}, {"scope", "session.connect"}, {"session_id", to_opentok_session(k_session, k_key)},
          {"connection_data", "name=Bob"}, {"initial_layout_class_list", ""}};
}

inline boost::json::object rest_claims() {
  return {{"iss", k_key}, {"ist", "project"}, {"iat", 1'700'000'000}, {"exp", 1'700'000'300}};
}

inline std::string jwt(const boost::json::object& claims, const std::string& secret = k_secret,
                       const std::string& header = R"({"alg":"HS256","typ":"JWT"})") {
  const auto text = to_base64url(header) + "." + to_base64url(boost::json::serialize(claims));
  return text + "." + to_base64url(hmac(Digest::Sha256, text, secret));
}

inline std::string jwt_rs256(const boost::json::object& claims) {
  const auto text = to_base64url(R"({"alg":"RS256","typ":"JWT"})") + "." + to_base64url(boost::json::serialize(claims));
  return text + "." + to_base64url(sign_rs256(text));
}

template <class Change>
boost::json::object with(boost::json::object claims, Change change) {
  change(claims);
  return claims;
}

}  // namespace offhook::wire
