#include "wire/opentok_token.hpp"

#include <algorithm>
#include <charconv>

#include "wire/base64.hpp"
#include "wire/codec.hpp"
#include "wire/form.hpp"
#include "wire/limits.hpp"
#include "wire/opentok_session.hpp"

namespace offhook::wire {
namespace {

constexpr std::string_view k_t1 = "T1==";
constexpr std::string_view k_scope = "session.connect";
constexpr auto k_default_lifetime = std::chrono::hours{24};
constexpr auto k_longest_lifetime = std::chrono::hours{30 * 24};  // one that says more is good for so long

// What a token says, in either form, before it is judged.
struct Said {
  ProjectId project;
  std::string session;
  std::optional<std::string> role, data, layout_classes, scope;
  std::optional<Instant> created_at, expires_at;
};

std::size_t letters_in(std::string_view utf8) {
  return static_cast<std::size_t>(std::count_if(utf8.begin(), utf8.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

// Separated by spaces, or by plus signs where the PHP SDK has encoded them twice.
std::vector<std::string> classes_in(std::string_view text) {
  std::vector<std::string> classes;
  while (!text.empty()) {
    const auto word = text.substr(0, text.find_first_of(" +"));
    text.remove_prefix(std::min(text.size(), word.size() + 1));
    if (!word.empty()) classes.emplace_back(word);
  }
  return classes;
}

Result<TokenClaims, Error> judge(const Said& said, Instant now) {
  TokenClaims claims;
  claims.project = said.project;
  claims.revives = true;
  claims.session = from_opentok_session(said.session, said.project);
  if (is_session_of_opentok(said.session)) return Error{std::nullopt, ErrorWord::BadToken, std::string(k_not_made_here), true};
  const auto role = parse_session_role(said.role.value_or("publisher"));
  const auto& data = said.data;
  const auto& classes = said.layout_classes;
  // Node rounds the moment it writes, so that it may lie in the future by half a second.
  const bool has_moment = said.created_at && *said.created_at <= now + k_leeway;
  if (!claims.session || !role || !has_moment || said.scope.value_or(std::string(k_scope)) != k_scope) return bad_token();
  if (data && letters_in(*data) > k_max_opentok_data_letters) return bad_token();
  if (classes && classes->size() > k_max_layout_classes_bytes) return bad_token();
  claims.role = *role;
  if (data && !data->empty()) claims.data = *data;
  claims.layout_classes = classes_in(classes.value_or(""));
  if (claims.layout_classes.size() > k_max_layout_classes) return bad_token();
  claims.issued_at = *said.created_at;
  claims.expires_at = std::min(said.expires_at.value_or(claims.issued_at + k_default_lifetime), claims.issued_at + k_longest_lifetime);
  if (claims.expires_at + k_leeway < now) return expired_token();
  return claims;
}

std::optional<Instant> seconds_in(const Form& form, const std::string& name) {
  const auto found = form.find(name);
  if (found == form.end()) return std::nullopt;
  std::int64_t seconds = -1;
  const auto& text = found->second;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), seconds);
  const bool is_whole = read.ec == std::errc{} && read.ptr == text.data() + text.size();
  constexpr std::int64_t k_year_9999 = 253'402'300'799;
  return is_whole && seconds >= 0 && seconds <= k_year_9999 ? std::optional(Instant{std::chrono::seconds{seconds}}) : std::nullopt;
}

std::optional<std::string> text_in(const Form& form, const std::string& name) {
  const auto found = form.find(name);
  return found == form.end() ? std::nullopt : std::optional(found->second);
}

// Nothing but an even number of hexadecimal digits, in small letters as every SDK writes them.
std::optional<std::string> from_hex(std::string_view text) {
  constexpr std::string_view k_digits = "0123456789abcdef";
  std::string bytes;
  if (text.size() % 2 != 0) return std::nullopt;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const auto high = k_digits.find(text[i]);
    const auto low = k_digits.find(text[i + 1]);
    if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
    bytes.push_back(static_cast<char>(high * 16 + low));
  }
  return bytes;
}

// `partner_id=KEY&sig=HEX:DATA`, in which DATA is signed as it stands. Nothing unless the signature is right.
std::optional<Form> open_t1(std::string_view token, const KeysOf& keys_of, ProjectId& project) {
  const auto inner = token.size() <= k_max_token_bytes ? from_any_base64(token.substr(k_t1.size())) : std::nullopt;
  const auto colon = inner ? inner->find(':') : std::string::npos;
  if (colon == std::string::npos) return std::nullopt;
  const auto data = std::string_view(*inner).substr(colon + 1);
  const auto head = parse_form(std::string_view(*inner).substr(0, colon));
  project = text_in(head, "partner_id").value_or("");
  const auto signature = from_hex(text_in(head, "sig").value_or(""));
  const auto keys = keys_of(project);
  const bool by_secret = keys && keys->public_key.empty();  // an application signs with its key
  const ProjectKeys nobody{{std::string(40, '-')}, {}};     // as much work where there is nobody
  const bool is_right = is_signed(Digest::Sha1, data, signature.value_or(""), by_secret ? *keys : nobody);
  return is_right && by_secret ? std::optional(parse_form(data)) : std::nullopt;
}

}  // namespace

bool is_t1_token(std::string_view token) { return token.starts_with(k_t1); }

Result<TokenClaims, Error> verify_t1_token(std::string_view token, const KeysOf& keys_of, Instant now) {
  Said said;
  const auto form = open_t1(token, keys_of, said.project);
  if (!form) return bad_token();
  if (form->contains("expire_time") && !seconds_in(*form, "expire_time")) return bad_token();
  said.session = text_in(*form, "session_id").value_or("");
  said.role = text_in(*form, "role");
  said.data = text_in(*form, "connection_data");
  said.layout_classes = text_in(*form, "initial_layout_class_list");
  said.scope = text_in(*form, "scope");
  said.created_at = seconds_in(*form, "create_time");
  said.expires_at = seconds_in(*form, "expire_time");
  return judge(said, now);
}

bool is_opentok_jwt(const Jwt& jwt) { return jwt.payload.contains("session_id"); }

Result<TokenClaims, Error> verify_opentok_jwt(const Jwt& jwt, const KeysOf& keys_of, Instant now) {
  Claims read(jwt.payload);
  Said said;
  said.project = jwt.project;
  said.session = read.text("session_id", 256).value_or("");
  said.role = read.text("role", 32);
  said.data = read.text("connection_data", k_max_token_bytes);
  said.layout_classes = read.text("initial_layout_class_list", k_max_layout_classes_bytes);
  said.scope = read.text("scope", 32).value_or("");
  const auto issued_at = read.moment("iat");
  const auto created_at = read.moment("create_time");
  const auto expires_at = read.moment("exp");
  said.created_at = issued_at ? issued_at : created_at;
  said.expires_at = expires_at ? expires_at : read.moment("expire_time");
  const auto not_before = read.moment("nbf");
  const auto keys = keys_of(jwt.project);
  const bool by_the_right_key = keys && jwt.is_rs256 != keys->public_key.empty();
  if (!read.sound() || !by_the_right_key || (not_before && *not_before > now + k_leeway)) return bad_token();
  return judge(said, now);
}

}  // namespace offhook::wire
