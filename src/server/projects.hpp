// Who may sign: the projects of the configuration, and those that an operator makes while the server runs. On the reactor's thread,
// unless it says otherwise.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/net/net.hpp"
#include "adapters/store/store.hpp"
#include "core/records.hpp"
#include "server/config.hpp"
#include "wire/keys.hpp"

namespace offhook::server {

inline constexpr std::size_t k_max_projects = 10'000;   // made while the server runs
inline constexpr std::size_t k_max_callbacks = 20;      // of a project
inline constexpr std::size_t k_max_live_secrets = 2;    // the new one and, until the rotation is finished, the old one
inline constexpr std::string_view k_operator = "operator";  // the issuer of the operator's own tokens; no project has this key

class Projects {
 public:
  using Respond = std::function<void(net::HttpResponse)>;

  // Both must stay as long as this.
  Projects(const Config& config, store::Store& store);

  // What an earlier process has kept. At most once, before all else.
  void restore(const std::vector<core::Record>& records);

  // Nothing for a project that is not known, or disabled. Any thread.
  std::optional<wire::ProjectKeys> keys_of(std::string_view project) const;
  // Of the operator: a project of the name k_operator, and no other. The first secret is the console's own, if that is on.
  std::optional<wire::ProjectKeys> operator_keys(std::string_view name) const;
  // REQUIRES: known.
  core::Settings settings_of(const ProjectId& project) const;

  // Projects with callbacks, for the engine to tell of what happens in their sessions.
  std::vector<ProjectId> with_callbacks() const;
  const std::vector<core::CallbackRecord>& callbacks_of(const ProjectId& project) const;
  // `done` when it is durable. REQUIRES: the project is known.
  void set_callbacks(const ProjectId& project, std::vector<core::CallbackRecord> callbacks, std::function<void()> done);
  core::ProjectRecord shown(const ProjectId& project) const;

  // Carries a token of the operator as "Bearer TOKEN"?
  bool is_operator(std::string_view authorization, Instant now) const;
  // `told` is called with each project that is disabled from now on, as soon as that is durable.
  void when_disabled(std::function<void(const ProjectId&)> told) { when_disabled_ = std::move(told); }
  // Webhooks of the configuration.
  const std::vector<Webhook>& webhooks_of(const ProjectId& project) const;

  // The REST interface of the operator, below /v1/projects. `respond` is called once, now or later.
  void answer(const net::HttpRequest& request, Instant now, Respond respond);

 private:
  using KeyTable = std::map<ProjectId, wire::ProjectKeys, std::less<>>;

  void publish_keys();
  const Project* configured(std::string_view project) const;
  void list(const Respond& respond) const;
  void create(const net::HttpRequest& request, Instant now, Respond respond);
  void rotate(core::ProjectRecord project, const net::HttpRequest& request, Respond respond);
  void keep(core::ProjectRecord project, std::function<void()> done);
  std::string free_key() const;

  const std::string console_key_;  // signs the operator's tokens of the console; empty where that is off
  const Config& config_;
  store::Store& store_;
  std::map<ProjectId, core::ProjectRecord, std::less<>> kept_;
  std::function<void(const ProjectId&)> when_disabled_ = [](const ProjectId&) {};
  std::atomic<std::shared_ptr<const KeyTable>> keys_;  // of all that may sign; never changed, but replaced
};

// 40 hexadecimal digits, and a UUID (RFC 4122, version 4), of the system's random numbers.
std::string make_secret();
std::string make_uuid();

}  // namespace offhook::server
