// Call records as the outside sees them.
#pragma once

#include <string>

#include "core/records.hpp"
#include "wire/messages.hpp"

namespace offhook::server {

// A call as one JSON object of the REST interface.
std::string to_json(const core::CallRecord& record);

}  // namespace offhook::server
