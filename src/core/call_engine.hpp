// The key `call:`: decides what becomes of a call. Commands, losses and deadlines come in one order; whatever comes first
// decides, and everything later is answered with the call as it is.
//
//   invite ─▶ Inviting ──answer──▶ Connecting ──media both ways──▶ Active
//                │                      │                            │
//                └──────────────────────┴────────────────────────────┴──▶ Ended (one outcome, for good)
//
// Every phase but Ended has a deadline: Inviting Setup, Connecting Connect, Active MaxDuration.
#pragma once

#include <array>
#include <deque>
#include <map>
#include <set>
#include <unordered_map>
#include <vector>

#include "core/mail.hpp"

namespace offhook::core {

class CallEngine {
 public:
  explicit CallEngine(Desk& desk) : desk_(desk) {}

  void on(CreateCall&& mail);
  void on(const CallCommand& mail);
  void on(const DeviceAttached& mail);
  void on(const DeviceLost& mail);
  void on(const AskSnapshot& mail);
  void on(const SessionPresence& mail);
  void on(const AdminEndCall& event);
  void on_timer(TimerKind kind, CallId id);

  // The program stops now: ends every call that is still live.
  void on_drain_over();

  std::size_t live() const { return live_.size(); }
  std::size_t kept() const { return calls_.size() - live_.size(); }

 private:
  // One device in a call, the caller's or one of the callee's.
  struct Device {
    Member self;
    wire::DeviceState state = wire::DeviceState::Notified;
    std::optional<wire::Outcome> outcome;   // decided for this device
    std::optional<Instant> lost_since;      // its link is lost
    bool in_session = false;
    bool has_media = false;                 // it receives the other side's
  };

  struct Call {
    CallId id;
    std::uint64_t version = 0;
    Device caller;
    UserKey callee;
    std::vector<Device> devices;            // the callee's
    std::optional<std::size_t> winner;      // index in devices
    wire::Media media = wire::Media::None;
    std::optional<std::string> data;
    std::optional<Duration> cap;            // invite.ring_timeout_ms
    SessionId session;
    wire::Phase phase = wire::Phase::Inviting;
    Instant created_at{};
    std::optional<Instant> rang_at, answered_at, active_at, ended_at;
    std::optional<wire::Outcome> outcome;
    std::optional<wire::Reason> reason;
    std::map<TimerKind, TimerHandle> timers;
  };

  void begin(Call& call);
  void command(Call& call, Device& who, const wire::ClientMessage& command);
  void on_command(Call& call, Device& who, const wire::RingAck& command);
  void on_command(Call& call, Device& who, const wire::Answer& command);
  void on_command(Call& call, Device& who, const wire::Decline& command);
  void on_command(Call& call, Device& who, const wire::Cancel& command);
  void on_command(Call& call, Device& who, const wire::Hangup& command);
  void on_command(Call& call, Device& who, const wire::GiveUp& command);
  void on_command(Call& call, Device& who, const wire::MediaUp& command);
  void on_command(Call& call, Device& who, const wire::MediaDown& command);
  void on_command(Call& call, Device& who, const wire::MediaFailed& command);
  void decline(Call& call, Device& who, wire::DeclineReason reason);
  void leave_ring(Call& call, Device& who, wire::DeviceState state, wire::Outcome outcome);
  void activate_if_connected(Call& call, const Device* except);
  void attach(Call& call, Device& device, const Member& member);
  void on_contact_changed(Call& call, const Device& who);
  void arm_grace(Call& call);
  void end_call(Call& call, wire::Outcome outcome, wire::Reason reason, const Device* except = nullptr);
  void end_call(Call& call, Refusal why, const Device* except = nullptr) { end_call(call, why.outcome, why.reason, except); }
  void end_unanswered(Call& call);
  void forget_oldest();

  void changed(Call& call);
  void tell(const Call& call, const Device& device);
  void tell_all(const Call& call, const Device* except);
  wire::Snapshot snapshot(const Call& call, const Member& viewer) const;
  wire::DeviceState state_of(const Call& call, const Member& viewer) const;
  wire::Remaining remaining(const Call& call) const;
  CallRecord record(const Call& call) const;

  void arm(Call& call, TimerKind kind, Instant at);
  void disarm(Call& call, TimerKind kind);
  std::optional<Instant> at(const Call& call, TimerKind kind) const;
  Call* find(CallId id);
  Device* winner(Call& call) { return call.winner ? &call.devices[*call.winner] : nullptr; }
  static Device* device_of(Call& call, const Member& member);

  Desk& desk_;
  std::unordered_map<CallId, Call> calls_;
  std::set<CallId> live_;
  std::deque<CallId> ended_;  // in the order they ended; some may be forgotten already
};

}  // namespace offhook::core
