// What is in the id of a session, beyond its slot. Pure functions.
#pragma once

#include <string_view>

#include "base/ids.hpp"
#include "base/time.hpp"

namespace offhook {

// 10 bits of slot, 44 of the moment in milliseconds, 24 that stand for the project, and 50 of `random`. The 24 keep a project from
// giving a session of its own the id of another's: an id is enough to begin a session again (wire/opentok_session.hpp).
SessionId make_session_id(Slot slot, std::string_view project, Instant now, std::uint64_t random_high, std::uint64_t random_low);
bool is_session_of(const SessionId& id, std::string_view project);
std::uint64_t milliseconds_in(const SessionId& id);

}  // namespace offhook
