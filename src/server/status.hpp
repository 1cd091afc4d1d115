// What the server says of itself over REST, without secrets: how it is, and the settings in force. docs/openapi.yaml has the fields.
#pragma once

#include <string>
#include <vector>

#include "server/config.hpp"
#include "server/meter.hpp"

namespace offhook::server {

// The moment of looking, and what only the loop knows.
struct Status {
  Instant now, started_at;
  Levels levels;
  bool is_behind = false;  // the store
};

// For the operator: it counts all projects together.
std::string status_json(const Config& config, const Status& status, const Totals& totals);
// For the operator: what holds for the server as a whole.
std::string server_settings_json(const Config& config);
// For a project: those of its own, or of all where it has none. `webhooks`: those of the configuration.
std::string project_settings_json(const core::Settings& settings, const std::vector<Webhook>& webhooks);

}  // namespace offhook::server
