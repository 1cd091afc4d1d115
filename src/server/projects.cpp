#include "server/projects.hpp"

#include <openssl/rand.h>

#include <array>

#include "base/check.hpp"
#include "wire/token.hpp"

namespace offhook::server {
namespace {

template <std::size_t Bytes>
std::array<unsigned char, Bytes> random_bytes() {
  std::array<unsigned char, Bytes> bytes{};
  CHECK(RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) == 1);
  return bytes;
}

template <std::size_t Bytes>
std::string to_hex(const std::array<unsigned char, Bytes>& bytes) {
  constexpr std::string_view k_digits = "0123456789abcdef";
  std::string text;
  for (const auto byte : bytes) {
    text.push_back(k_digits[byte >> 4]);
    text.push_back(k_digits[byte & 15]);
  }
  return text;
}

}  // namespace

std::string make_secret() { return to_hex(random_bytes<20>()); }

std::string make_uuid() {
  auto bytes = random_bytes<16>();
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0f) | 0x40);
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3f) | 0x80);
  const auto hex = to_hex(bytes);
  return hex.substr(0, 8) + "-" + hex.substr(8, 4) + "-" + hex.substr(12, 4) + "-" + hex.substr(16, 4) + "-" + hex.substr(20);
}

Projects::Projects(const Config& config, store::Store& store)
    : console_key_(config.console.password_hash.empty() ? std::string() : make_secret()), config_(config), store_(store) {
  publish_keys();
}

void Projects::restore(const std::vector<core::Record>& records) {
  for (const auto& record : records) {
    if (const auto* project = std::get_if<core::ProjectRecord>(&record)) kept_.insert_or_assign(project->key, *project);
  }
  publish_keys();
}

void Projects::publish_keys() {
  auto table = std::make_shared<KeyTable>();
  for (const auto& known : config_.projects) table->emplace(known.key, wire::ProjectKeys{{known.secret}, {}});
  for (const auto& [key, project] : kept_) {
    if (!project.disabled && !project.secrets.empty()) table->emplace(key, wire::ProjectKeys{project.secrets, project.public_key});
  }
  keys_.store(std::move(table));
}

const Project* Projects::configured(std::string_view project) const {
  for (const auto& known : config_.projects) {
    if (known.key == project) return &known;
  }
  return nullptr;
}

std::optional<wire::ProjectKeys> Projects::keys_of(std::string_view project) const {
  const auto table = keys_.load();
  const auto found = table->find(project);
  return found == table->end() ? std::nullopt : std::optional(found->second);
}

std::optional<wire::ProjectKeys> Projects::operator_keys(std::string_view name) const {
  wire::ProjectKeys keys;
  for (const auto* secret : {&console_key_, &config_.operator_secret}) {
    if (!secret->empty()) keys.secrets.push_back(*secret);
  }
  return name == k_operator && !keys.secrets.empty() ? std::optional(std::move(keys)) : std::nullopt;
}

bool Projects::is_operator(std::string_view authorization, Instant now) const {
  constexpr std::string_view k_bearer = "Bearer ";
  const auto token = authorization.starts_with(k_bearer) ? authorization.substr(k_bearer.size()) : std::string_view();
  const auto claims = wire::verify_token(token, [this](std::string_view name) { return operator_keys(name); }, now);
  return claims && claims->scope == wire::Scope::Admin;
}

const std::vector<Webhook>& Projects::webhooks_of(const ProjectId& project) const {
  static const std::vector<Webhook> none;
  const auto* known = configured(project);
  return known == nullptr ? none : known->webhooks;
}

core::Settings Projects::settings_of(const ProjectId& project) const {
  const auto* known = configured(project);
  auto settings = known != nullptr && known->has_own_settings ? known->settings : config_.settings;
  settings.session_notices = settings.session_notices || !callbacks_of(project).empty();
  return settings;
}

std::vector<ProjectId> Projects::with_callbacks() const {
  std::vector<ProjectId> projects;
  for (const auto& [key, project] : kept_) {
    if (!project.callbacks.empty()) projects.push_back(key);
  }
  return projects;
}

const std::vector<core::CallbackRecord>& Projects::callbacks_of(const ProjectId& project) const {
  static const std::vector<core::CallbackRecord> none;
  const auto found = kept_.find(project);
  return found == kept_.end() ? none : found->second.callbacks;
}

void Projects::set_callbacks(const ProjectId& project, std::vector<core::CallbackRecord> callbacks, std::function<void()> done) {
  auto changed = shown(project);
  changed.callbacks = std::move(callbacks);
  keep(std::move(changed), std::move(done));
}

core::ProjectRecord Projects::shown(const ProjectId& project) const {
  const auto found = kept_.find(project);
  if (found != kept_.end()) return found->second;
  core::ProjectRecord of_the_configuration;
  of_the_configuration.key = project;
  return of_the_configuration;
}

// In force at once; nobody is told before it is durable.
void Projects::keep(core::ProjectRecord project, std::function<void()> done) {
  kept_.insert_or_assign(project.key, project);
  publish_keys();
  store_.put(std::move(project), std::move(done));
}

// Decimal, in the range of a signed 32-bit number, because the Java and .NET SDKs hold keys as such.
std::string Projects::free_key() const {
  constexpr std::uint32_t k_first = 10'000'000;
  constexpr std::uint32_t k_last = 2'147'483'647;
  while (true) {  // of two thousand million keys ten thousand are taken at most
    std::uint32_t number = 0;
    for (const auto byte : random_bytes<4>()) number = (number << 8) | byte;
    auto key = std::to_string(k_first + number % (k_last - k_first));
    if (configured(key) == nullptr && !kept_.contains(key)) return key;
  }
}

}  // namespace offhook::server
