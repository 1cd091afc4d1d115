// Comparing what is secret: signatures, secrets, tokens that somebody has sent.
#pragma once

#include <string_view>

namespace offhook::wire {

// Takes as long for a near miss as for any other text of the same length. Any thread.
bool equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace offhook::wire
