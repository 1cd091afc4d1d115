// What to say to a person about how a call ended (PROTOCOL.md section 7).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "wire/messages.hpp"

namespace offhook {

using wire::Outcome;
using wire::Reason;
using wire::Role;

// One English sentence. `role`: what this side was in the call; `peer`: how to call the other side. Any thread.
std::string outcome_text(Outcome outcome, std::optional<Reason> reason, Role role, std::string_view peer);

}  // namespace offhook
