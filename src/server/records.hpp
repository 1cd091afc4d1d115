// Call records as the outside sees them.
#pragma once

#include <string>

#include "core/records.hpp"
#include "wire/messages.hpp"

namespace offhook::server {

// What `user`, who is the caller or the callee, sees of a call that has ended.
wire::HistoryRecord history_record(const core::CallRecord& record, const UserId& user);

// A call as one JSON object of the REST interface.
std::string to_json(const core::CallRecord& record);

}  // namespace offhook::server
