// What is kept: the durable form of calls and sessions. Written by the core, stored by adapters/store, read by the server.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/ids.hpp"
#include "base/time.hpp"
#include "wire/messages.hpp"

namespace offhook::core {

struct DeviceRecord {
  DeviceId device;
  std::optional<std::string> name;
  wire::DeviceState state = wire::DeviceState::Notified;
  std::optional<wire::Outcome> outcome;
};

// One call, whole, at one version; a later version replaces an earlier one.
struct CallRecord {
  CallId id;
  std::uint64_t version = 0;
  ProjectId project;
  UserId caller;
  DeviceId caller_device;
  UserId callee;
  wire::Media media = wire::Media::None;
  SessionId session;
  wire::Phase phase = wire::Phase::Inviting;
  std::vector<DeviceRecord> devices;  // the callee's
  std::optional<DeviceId> winner;
  Instant created_at{};
  std::optional<Instant> rang_at;
  std::optional<Instant> answered_at;
  std::optional<Instant> active_at;
  std::optional<Instant> ended_at;
  std::optional<wire::Outcome> outcome;
  std::optional<wire::Reason> reason;
  // The absolute moment by which the phase must have changed; set in every phase but Ended.
  std::optional<Instant> deadline;
};

struct SessionRecord {
  SessionId id;
  ProjectId project;
  std::optional<CallId> call;
  Instant created_at{};
};

using Record = std::variant<CallRecord, SessionRecord>;

}  // namespace offhook::core
