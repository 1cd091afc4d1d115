// What becomes of a push that is to wake a device for a call.
#pragma once

#include <cstdint>

namespace offhook::core {

// Their numbers are in files: the list grows at its end only.
enum class PushState : std::uint8_t {
  Wanted,    // nothing is known of it yet
  Accepted,  // who carries it has taken it; whether it arrives is not known
  Refused,   // there is no such device any more
  Failed,    // nobody has taken it in time
};

}  // namespace offhook::core
