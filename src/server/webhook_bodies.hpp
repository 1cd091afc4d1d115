// The bodies of webhooks. docs/webhooks.md describes them.
#pragma once

#include <string>

#include "core/notices.hpp"

namespace offhook::server {

// {"type":"call.ended","timestamp":"2026-01-02T03:04:05.678Z","data":{…}}. `record`: what the notice tells of.
std::string to_body(const core::CallNotice& notice, const core::CallRecord& record);
std::string to_body(const core::SessionNotice& notice);

// As OpenTok's session monitoring has them.
std::string to_opentok_body(const core::SessionNotice& notice);

// ISO 8601 in UTC with milliseconds.
std::string to_iso(Instant moment);

}  // namespace offhook::server
