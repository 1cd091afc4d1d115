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

// One user of a call, the caller apart.
struct LegRecord {
  UserId user;
  std::vector<DeviceRecord> devices;
  std::optional<DeviceId> winner;
  std::optional<Instant> rang_at, answered_at, ended_at;
  std::optional<wire::Outcome> outcome;
  std::optional<wire::Reason> reason;
  bool silent = false;  // the user is not to learn of it: has blocked the caller, or the invite was withdrawn before it came
};

// One call, whole, at one version; a later version replaces an earlier one.
struct CallRecord {
  CallId id;
  std::uint64_t version = 0;
  ProjectId project;
  UserId caller;
  DeviceId caller_device;
  std::optional<wire::Group> group;  // of a group; its users are those of the legs
  std::vector<LegRecord> legs;       // at least one
  wire::Media media = wire::Media::None;
  SessionId session;
  wire::Phase phase = wire::Phase::Inviting;
  Instant created_at{};
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

struct RulesRecord {
  UserKey user;
  wire::Rules rules;
};

using Record = std::variant<CallRecord, SessionRecord, RulesRecord>;

// The leg of this user, or nothing.
const LegRecord* leg_of(const CallRecord& record, const UserId& user);

// Did this user take part, and may know it?
bool concerns(const CallRecord& record, const UserId& user);

// What `user`, whom it concerns, sees of a call that has ended, for this user at least.
wire::HistoryRecord history_record(const CallRecord& record, const UserId& user);

std::vector<wire::LegView> leg_views(const CallRecord& record);

}  // namespace offhook::core
