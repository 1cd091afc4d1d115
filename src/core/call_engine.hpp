// The key `call:`: decides what becomes of a call. Commands, losses and deadlines come in one order; whatever comes first
// decides, and everything later is answered with the call as it is.
//
//   invite ─▶ Inviting ──answer──▶ Connecting ──media both ways──▶ Active
//                │                      │                            │
//                └──────────────────────┴────────────────────────────┴──▶ Ended (one outcome, for good)
//
// Every phase but Ended has a deadline: Inviting Setup, Connecting Connect, Active MaxDuration.
//
//   call_engine.cpp    beginning, commands, devices that come and go
//   call_ringing.cpp   everything before the answer, and the answer
//   call_push.cpp      devices without a link are woken
//   call_media.cpp     everything after it
//   call_move.cpp      a user takes the call to another device
//   call_group.cpp     more than two: users who are added, and what is left when some go
//   call_end.cpp       deadlines and the end
//   call_snapshot.cpp  what is told and what is kept
//   call_notes.cpp     the time line
//   call_inputs.cpp    what a replay needs
//   call_restore.cpp   the server has started again
#pragma once

#include <deque>
#include <map>
#include <set>
#include <unordered_map>
#include <vector>

#include "core/call.hpp"

namespace offhook::core {

class CallEngine {
 public:
  explicit CallEngine(Desk& desk) : desk_(desk) {}

  // Two steps of a restart: first all calls are there and their users know, then each goes on. REQUIRES: is_needed.
  void restore(const CallRecord& kept);
  void go_on();

  void on(CreateCall&& mail);
  void on(LegFound&& mail);
  void on(InviteAgain&& mail);
  void on(const CallCommand& mail);
  void on(const DeviceAttached& mail);
  void on(const DeviceLost& mail);
  void on(const PushDone& mail);
  void on(const AskSnapshot& mail);
  void on(const SessionPresence& mail);
  void on(const AdminEndCall& event);
  void on(const ProjectDisabled& event);
  void on(const AdminRingMore& event);
  void on_timer(TimerKind kind, CallId id);

  // The engine has dealt with everything it was told: what is about to be stored gets the time line as it is now.
  void finish_records();

  // The program stops now: ends every call that is still live.
  void on_drain_over();

  std::size_t live() const { return live_.size(); }
  std::size_t kept() const { return calls_.size() - live_.size(); }

 private:
  void restore_leg(Call& call, Leg& leg, const LegRecord& kept);
  DeadlineRecord after_restart(const Call& call, const DeadlineRecord& kept) const;
  Duration length(const Call& call, TimerKind kind) const;
  void restore_timers(Call& call, Timers& timers, const std::vector<DeadlineRecord>& kept);
  void go_on(Call& call);
  void lose_all_devices(Leg& leg);

  void begin(Call& call);
  void begin_leg(Call& call, Leg& leg);
  CallDevice& add_device(Call& call, Leg& leg, const Candidate& candidate);

  bool wake_if_needed(Call& call, Leg& leg, CallDevice& device);
  void wake(Call& call, Leg& leg, CallDevice& device);
  void wake_again(Call& call, Leg& leg);
  void arm_push_again(Call& call, Leg& leg);
  void stop_pushes(Call& call, Leg& leg);
  bool is_push_pending(const Call& call) const;
  bool is_out_of_reach(const Leg& leg) const;
  void tell_if_pending_changed(Call& call, bool was_pending);
  Instant end_in_sight(const Leg& leg) const;
  void answer_place(Call& call, const Member& who, const std::string& cmd_id, std::optional<std::uint64_t> request, bool merged);
  void share(Call& call, Leg& leg);
  void note_invite(Call& call, const InviteRecord& invite);
  void command(Speaker& who, const wire::ClientMessage& command);

  void on_command(Speaker& who, const wire::RingAck& command);
  void on_command(Speaker& who, const wire::Ignore& command);
  void on_command(Speaker& who, const wire::Answer& command);
  void on_command(Speaker& who, const wire::Decline& command);
  void on_command(Speaker& who, const wire::Cancel& command);
  void on_command(Speaker& who, const wire::Hangup& command);
  void on_command(Speaker& who, const wire::GiveUp& command);
  void on_command(Speaker& who, const wire::MediaUp& command);
  void on_command(Speaker& who, const wire::MediaDown& command);
  void on_command(Speaker& who, const wire::MediaFailed& command);
  void decline(Speaker& who, wire::DeclineReason reason);
  std::optional<Refusal> refusal_of_all(const Call& call, const Leg& leg) const;
  void leave_ring(Call& call, CallDevice& device, wire::DeviceState state, wire::Outcome outcome);

  void move_here(Call& call, Leg& leg, const Member& member);
  void abort_move(Call& call, Leg& leg, const CallDevice* except = nullptr);
  void stop_move(Call& call, Leg& leg);
  void finish_move(Call& call, Leg& leg, const CallDevice* except);

  std::optional<wire::ErrorWord> ring_more(Call& call, const std::vector<UserId>& users);
  void close_other_legs(Call& call, const Leg& winner, std::vector<const CallDevice*>& closed);
  std::optional<Refusal> verdict(Call& call);
  Refusal best_outcome(const Call& call) const;

  bool activate_if_connected(Call& call, const CallDevice* except);
  bool is_ready(const Call& call, const Leg& leg) const;
  void attach(Speaker& who, const DeviceAttached& mail);
  void confirm(Speaker who, ClientId client);
  void come_back(Speaker& who, bool fresh);
  void on_contact_changed(Speaker& who);
  void arm_grace(Call& call, Leg& leg);

  void on_leg_timer(Call& call, Leg& leg, TimerKind kind);
  void end_unanswered(Call& call, Leg& leg);
  void conclude(Call& call, Leg& leg, wire::Outcome outcome, wire::Reason reason, const CallDevice* except = nullptr);
  void conclude(Call& call, Leg& leg, Refusal why, const CallDevice* except = nullptr) {
    conclude(call, leg, why.outcome, why.reason, except);
  }
  void end_call(Call& call, wire::Outcome outcome, wire::Reason reason, const CallDevice* except = nullptr);
  void tell_missed(Call& call, const Leg& leg, const CallDevice* except);
  void close_leg(Call& call, Leg& leg, wire::Outcome outcome, std::optional<wire::Reason> reason);
  void forget_oldest();

  void changed(Call& call);
  void tell(Call& call, const CallDevice& device);
  void tell_all(Call& call, const CallDevice* except);
  Note& note(Call& call, NoteKind kind, const UserId& user = {}, const DeviceId& device = {});
  void note_command(Call& call, const Member& who, const wire::ClientMessage& command);
  void note_told(Call& call, const CallDevice& device);
  void note_end(Call& call, const UserId& user, wire::Outcome outcome, std::optional<wire::Reason> reason);
  void note_timer(Call& call, const Timers& timers, TimerKind kind, std::optional<Instant> due);
  CallInput* keep_input(Call& call, InputKind kind);
  CallInput* keep_input(Call& call, InputKind kind, const Member& who);
  void keep_input(Call& call, const CreateCall& mail, const std::optional<Refusal>& refusal);
  void keep_input(Call& call, const LegFound& mail);
  void keep_input(Call& call, const InviteAgain& mail);
  void keep_input(Call& call, const CallCommand& mail);
  void keep_input(Call& call, const SessionPresence& mail);
  void keep_input(Call& call, const CallDevice& device, PushState state);
  wire::Snapshot snapshot(const Call& call, const Member& viewer) const;
  wire::DeviceState state_of(const Call& call, const Leg& leg, const CallDevice* device) const;
  std::vector<wire::LegView> leg_views(const Call& call) const;
  wire::LegState leg_state(const Call& call, const Leg& leg) const;
  LegRecord leg_record(const Leg& leg) const;
  std::vector<UserId> unheard(const Call& call, const Leg& leg) const;
  wire::Remaining remaining(const Call& call, const Leg& leg) const;
  CallRecord record(const Call& call) const;
  std::vector<DeadlineRecord> deadline_records(const Timers& timers) const;

  void arm(Call& call, Timers& timers, TimerKind kind, Instant at, Duration extended = {}) {
    auto& armed = timers[kind];
    desk_.arm(armed.handle, at, kind, call.id);
    armed.extended = extended;
    note_timer(call, timers, kind, at);
  }
  void disarm(Timers& timers, TimerKind kind);
  void disarm_all(Timers& timers);
  bool take_expired(Timers& timers, TimerKind kind);
  std::optional<Instant> at(const Timers& timers, TimerKind kind) const;
  Call* find(CallId id);

  template <class Visit>
  static void each_leg(Call& call, Visit visit) {
    visit(call.caller);
    for (auto& leg : call.legs) visit(leg);
  }
  const Settings& settings(const Call& call) const { return desk_.settings_of(call.project); }
  static Leg* leg_of(Call& call, const UserKey& user);
  static CallDevice* device_in(Leg& leg, const DeviceId& device);

  Desk& desk_;
  std::unordered_map<CallId, Call> calls_;
  std::set<CallId> live_;
  Note left_out_;  // where what a full time line has no place for goes
  std::map<CallId, std::size_t> fresh_records_;  // where among the effects they are
  std::deque<CallId> ended_;  // in the order they ended; some may be forgotten already
};

// PROTOCOL.md section 7: what a callee's device that is still in the ringing is told at the end.
wire::Outcome outcome_when_rung(wire::Outcome leg, wire::DeviceState state);

}  // namespace offhook::core
