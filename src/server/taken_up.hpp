// What a server takes up from the one before it: what to load, and what to say of it.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "core/records.hpp"
#include "server/config.hpp"

namespace offhook::server {

struct TakenUp {
  std::size_t live_calls = 0, ended_calls = 0, sessions = 0, missed_calls = 0, rules = 0;
};

TakenUp count(const std::vector<core::Record>& records);
std::string to_text(const TakenUp& taken_up);

// The longest time for which an ended call can be asked for by its devices, of all projects.
Duration longest_keep_ended(const Config& config);

// The latest moment at which one of these records says that something has happened. A server's clock must not start before it.
Instant latest_moment(const std::vector<core::Record>& records);

}  // namespace offhook::server
