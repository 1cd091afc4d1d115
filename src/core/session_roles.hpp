// What each role may do in a session: one predicate a verb. Private to the core.
#pragma once

#include <variant>

#include "wire/messages.hpp"

namespace offhook::core {

inline bool may_publish(wire::SessionRole role) {
  switch (role) {
    case wire::SessionRole::Subscriber: return false;
    case wire::SessionRole::Publisher:
    case wire::SessionRole::Moderator:
    case wire::SessionRole::PublisherOnly: return true;
  }
  return false;
}

inline bool may_subscribe(wire::SessionRole role) {
  switch (role) {
    case wire::SessionRole::Subscriber:
    case wire::SessionRole::Publisher:
    case wire::SessionRole::Moderator: return true;
    case wire::SessionRole::PublisherOnly: return false;
  }
  return false;
}

inline bool may_signal(wire::SessionRole role) {
  switch (role) {
    case wire::SessionRole::Publisher:
    case wire::SessionRole::Moderator: return true;
    case wire::SessionRole::Subscriber:
    case wire::SessionRole::PublisherOnly: return false;
  }
  return false;
}

inline bool may_moderate(wire::SessionRole role) {
  switch (role) {
    case wire::SessionRole::Moderator: return true;
    case wire::SessionRole::Subscriber:
    case wire::SessionRole::Publisher:
    case wire::SessionRole::PublisherOnly: return false;
  }
  return false;
}

// Coming and going, negotiating and waiting for somebody are for everybody.
inline bool may_send(wire::SessionRole role, const wire::ClientMessage& command) {
  const auto is = [&]<class... Of>() { return (std::holds_alternative<Of>(command) || ...); };
  if (is.operator()<wire::Publish, wire::UpdateStream, wire::Unpublish>()) return may_publish(role);
  if (is.operator()<wire::Signal>()) return may_signal(role);
  if (is.operator()<wire::ForceDisconnect, wire::ForceUnpublish, wire::ForceMute>()) return may_moderate(role);
  return true;
}

}  // namespace offhook::core
