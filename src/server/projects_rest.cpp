// The REST interface of the operator: projects. docs/openapi.yaml describes it; `offhook project` speaks it.
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>

#include "server/http_text.hpp"
#include "server/projects.hpp"
#include "wire/json_object.hpp"

namespace offhook::server {
namespace {

namespace json_tree = boost::json;

constexpr std::string_view k_path = "/v1/projects";
constexpr std::size_t k_max_name_bytes = 128;
constexpr std::size_t k_max_pem_bytes = 8'192;
constexpr std::size_t k_min_secret_bytes = 16;
constexpr std::size_t k_max_secret_bytes = 128;

net::HttpResponse bad_field(std::string_view message) { return failure(400, "bad_field", message); }

// As JSON without secrets, unless they have just been made.
std::string to_json(const core::ProjectRecord& project, bool with_secret) {
  wire::JsonObject out;
  out.text("key", project.key).text("name", project.name).flag("disabled", project.disabled);
  out.text("kind", project.public_key.empty() ? "key" : "application");
  out.number("secrets", static_cast<std::int64_t>(project.secrets.size()));
  out.number("created_at_ms", to_unix_ms(project.created_at));
  if (with_secret) out.text("secret", project.secrets.front());
  return out.done();
}

std::optional<json_tree::object> object_in(const std::string& body) {
  if (body.empty()) return json_tree::object();
  json_tree::error_code failure;
  auto value = json_tree::parse(body, failure);
  return failure || !value.is_object() ? std::nullopt : std::optional(std::move(value.get_object()));
}

// Empty where it is absent; nothing where it is no text, or longer than that.
std::optional<std::string> text_in(const json_tree::object& body, std::string_view name, std::size_t max_bytes) {
  const auto* found = body.if_contains(name);
  if (found == nullptr || found->is_null()) return std::string();
  if (!found->is_string() || found->get_string().size() > max_bytes) return std::nullopt;
  return std::string(found->get_string());
}

bool is_int32_key(std::string_view key) {
  std::int32_t number = 0;
  const auto read = std::from_chars(key.data(), key.data() + key.size(), number);
  return !key.empty() && key[0] != '0' && read.ec == std::errc{} && read.ptr == key.data() + key.size() && number > 0;
}

bool is_secret(std::string_view secret) {
  const auto is_fine = [](char c) { return c > 0x20 && c < 0x7f && c != ':'; };
  return secret.size() >= k_min_secret_bytes && secret.size() <= k_max_secret_bytes && std::all_of(secret.begin(), secret.end(), is_fine);
}

bool is_rsa_public_key(const std::string& pem) {
  BIO* bio = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  EVP_PKEY* key = PEM_read_bio_PUBKEY(bio, nullptr, nullptr, nullptr);
  constexpr int k_min_bits = 2'048;
  const bool is_one = key != nullptr && EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA && EVP_PKEY_get_bits(key) >= k_min_bits;
  EVP_PKEY_free(key);
  BIO_free(bio);
  return is_one;
}

// `KEY` and `rotate-secret` of /v1/projects/KEY/rotate-secret.
std::pair<std::string, std::string> parts_of(std::string_view path) {
  path.remove_prefix(std::min(path.size(), k_path.size() + 1));
  const auto slash = path.find('/');
  return {std::string(path.substr(0, slash)), slash == std::string_view::npos ? std::string() : std::string(path.substr(slash + 1))};
}

}  // namespace

void Projects::answer(const net::HttpRequest& request, Instant now, Respond respond) {
  if (!is_operator(request.authorization, now)) return respond(not_the_operator());
  const bool is_post = request.method == "POST";
  if (request.path == k_path) {
    if (request.method == "GET") return list(respond);
    return is_post ? create(request, now, std::move(respond)) : respond(not_found());
  }
  const auto [key, verb] = parts_of(request.path);
  const auto found = kept_.find(key);
  if (!is_post || found == kept_.end() || found->second.secrets.empty()) {
    return respond(failure(404, "no_such_project", "There is no such project, or it stands in the configuration file."));
  }
  if (verb == "rotate-secret") return rotate(found->second, request, std::move(respond));
  if (verb != "disable" && verb != "enable") return respond(not_found());
  auto changed = found->second;
  changed.disabled = verb == "disable";
  const auto shown = to_json(changed, false);
  keep(std::move(changed), [this, respond = std::move(respond), shown, disabled = verb == "disable" ? key : std::string()] {
    respond(json(200, shown));
    if (!disabled.empty()) when_disabled_(disabled);
  });
}

void Projects::list(const Respond& respond) const {
  std::vector<std::string> projects;
  for (const auto& project : config_.projects) {
    core::ProjectRecord shown;
    shown.key = project.key;
    shown.name = "from the configuration";
    shown.secrets = {project.secret};
    projects.push_back(to_json(shown, false));
  }
  for (const auto& [key, project] : kept_) {
    if (!project.secrets.empty()) projects.push_back(to_json(project, false));
  }
  respond(json(200, wire::JsonObject().raw("projects", wire::json_list(projects)).done()));
}

// A team that comes from OpenTok may bring its key and its secret along.
void Projects::create(const net::HttpRequest& request, Instant now, Respond respond) {
  const auto body = object_in(request.body);
  const auto name = body ? text_in(*body, "name", k_max_name_bytes) : std::nullopt;
  const auto key = body ? text_in(*body, "key", 16) : std::nullopt;
  const auto secret = body ? text_in(*body, "secret", k_max_secret_bytes) : std::nullopt;
  const auto pem = body ? text_in(*body, "public_key", k_max_pem_bytes) : std::nullopt;
  if (!name || !key || !secret || !pem) {
    return respond(bad_field(R"(Send {"name"?, "key"?, "secret"?, "public_key"?}, each a text.)"));
  }
  const bool is_application = !pem->empty();
  if (is_application && (!key->empty() || !is_rsa_public_key(*pem))) {
    return respond(bad_field("\"public_key\" must be the PEM of an RSA key of 2048 bits or more; the key of an application is made here."));
  }
  if (!key->empty() && !is_int32_key(*key)) return respond(bad_field("\"key\" must be a number from 1 to 2147483647, without a zero before it."));
  if (!secret->empty() && !is_secret(*secret)) return respond(bad_field("\"secret\" must be 16 to 128 printable characters without spaces and colons."));
  if (configured(*key) != nullptr || kept_.contains(*key)) return respond(failure(409, "key_taken", "There is a project with this key."));
  if (kept_.size() >= k_max_projects) return respond(failure(409, "limit_reached", "The server holds 10 000 projects, its limit."));
  core::ProjectRecord project;
  project.key = is_application ? make_uuid() : key->empty() ? free_key() : *key;
  project.name = *name;
  project.secrets = {secret->empty() ? make_secret() : *secret};
  project.public_key = *pem;
  project.created_at = now;
  const auto shown = to_json(project, true);
  keep(std::move(project), [respond = std::move(respond), shown] { respond(json(201, shown)); });
}

// A new secret beside the old one; with {"finish": true} the old one goes, and no new one is made.
void Projects::rotate(core::ProjectRecord project, const net::HttpRequest& request, Respond respond) {
  const auto body = object_in(request.body);
  const auto* finish = body ? body->if_contains("finish") : nullptr;
  if (!body || (finish != nullptr && !finish->is_bool())) return respond(bad_field(R"(Send {"finish"?: true}.)"));
  const bool finishes = finish != nullptr && finish->get_bool();
  if (!finishes) project.secrets.insert(project.secrets.begin(), make_secret());
  project.secrets.resize(std::min(project.secrets.size(), finishes ? 1 : k_max_live_secrets));
  const auto shown = to_json(project, !finishes);
  keep(std::move(project), [respond = std::move(respond), shown] { respond(json(200, shown)); });
}

}  // namespace offhook::server
