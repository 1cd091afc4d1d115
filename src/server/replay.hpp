// A call decided again (core/replay.hpp), as the REST interface tells of it. Pure functions.
#pragma once

#include <string>

#include "core/inputs.hpp"
#include "core/records.hpp"

namespace offhook::server {

// {"call":{…},"same","inputs","cut"?,"restarted"?,"recorded":[…],"replayed":[…],"difference"?}; see docs/openapi.yaml. `call` has ended.
std::string replay_json(const core::CallRecord& call, const core::CallInputs& inputs);

}  // namespace offhook::server
