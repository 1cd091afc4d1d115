// Watching a call until it has ended, by asking the server again and again.
#pragma once

#include "cli/rest.hpp"

namespace offhook::cli {

// Prints the call at each change until it has ended, and gives the exit code: of Ctrl-C that of an interrupt, for the call goes on.
int follow(Rest& rest, const Report& report, boost::json::object call, std::optional<Outcome> expected);

// 0, or 1 if it has not ended as expected.
int verdict(const boost::json::object& call, std::optional<Outcome> expected);

}  // namespace offhook::cli
