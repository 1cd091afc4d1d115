#include "core/replay.hpp"

#include <algorithm>
#include <tuple>

#include "core/call_engine.hpp"
#include "core/input_settings.hpp"

namespace offhook::core {
namespace {

// The call engine on a desk of its own. What it says to the other engines is thrown away; their answers are among the inputs.
class Run {
 public:
  Run(const CallRecord& call, const CallInputs& inputs) : call_(call), inputs_(inputs), desk_(to_settings(inputs.settings), {}, Seed{}) {
    desk_.out = &effects_;
  }

  std::vector<CallRecord> take() {
    for (const auto& input : inputs_.list) {
      const bool is_later = input.at > desk_.now;  // within one moment deadlines wait for what is being dealt with
      desk_.now = input.at;
      if (input.kind == InputKind::Timer) {
        serve_next_deadline();
      } else {
        if (is_later) collect_deadlines();
        while (is_later && !due_.empty()) serve_next_deadline();  // there was none: the call goes another way
        tell(input);
      }
      desk_.mail = {};
      engine_.finish_records();
      collect_records();
    }
    return std::move(records_);
  }

 private:
  void collect_deadlines() {
    std::vector<Expired> expired;
    desk_.timers.expire(desk_.now, expired);
    for (const auto& one : expired) {
      if (CallId(one.key.high, one.key.low) == call_.id) due_.push_back(one.key.kind);
    }
  }

  // Nothing, if none is due: the call goes another way.
  void serve_next_deadline() {
    if (due_.empty()) collect_deadlines();
    if (due_.empty()) return;
    const auto kind = due_.front();
    due_.pop_front();
    engine_.on_timer(kind, call_.id);
  }

  void collect_records() {
    for (auto& effect : effects_) {
      auto* store = std::get_if<Store>(&effect);
      auto* record = store == nullptr ? nullptr : std::get_if<CallRecord>(&store->record);
      if (record == nullptr || record->id != call_.id) continue;
      records_.push_back(std::move(*record));
    }
    effects_.clear();
  }

  UserKey key(const UserId& user) const { return {call_.project, user}; }

  Member member(std::uint64_t place) const {
    if (place >= inputs_.devices.size()) return {};
    const auto& device = inputs_.devices[place];
    return {key(device.user), device.device, device.name, device.client};
  }

  std::vector<Candidate> candidates(const CallInput& input) const {
    std::vector<Candidate> out;
    for (const auto& one : input.devices) out.push_back({member(one.device), one.in_call, one.has_push_address, one.linked});
    return out;
  }

  static std::optional<Refusal> refusal(const CallInput& input) {
    if (!input.outcome || !input.reason) return std::nullopt;
    return Refusal{*input.outcome, *input.reason};
  }

  static std::optional<std::uint64_t> request(const CallInput& input) {
    return input.by_backend ? std::optional<std::uint64_t>(0) : std::nullopt;
  }

  void create(const CallInput& input) {
    if (input.invite.empty()) return;
    engine_.on(CreateCall{call_.id, member(input.who), input.invite.front(), candidates(input), refusal(input), input.silent, request(input), call_.session});
  }

  void invite_again(const CallInput& input) {
    if (input.invite.empty()) return;
    engine_.on(InviteAgain{call_.id, PlaceCall{member(input.who), input.invite.front(), request(input)}});
  }

  void ask(const CallInput& input) {
    if (input.users.empty()) return;
    engine_.on(LegFound{call_.id, key(input.users.front()), candidates(input), refusal(input), input.silent});
  }

  void restart() {
    if (inputs_.start.empty()) return;
    engine_.restore(inputs_.start.front());
    engine_.go_on();
  }

  void command(const CallInput& input, wire::ClientMessage said) { engine_.on(CallCommand{call_.id, member(input.who), std::move(said)}); }

  void tell(const CallInput& input) {
    switch (input.kind) {
      case InputKind::Created: return create(input);
      case InputKind::Asked: return ask(input);
      case InputKind::InvitedAgain: return invite_again(input);
      case InputKind::RingAck: return command(input, wire::RingAck{{}, call_.id, input.busy});
      case InputKind::Ignore: return command(input, wire::Ignore{{}, call_.id});
      case InputKind::Answer: return command(input, wire::Answer{{}, call_.id});
      case InputKind::Decline: {
        return command(input, wire::Decline{{}, call_.id, input.busy ? wire::DeclineReason::Busy : wire::DeclineReason::Declined});
      }
      case InputKind::Cancel: return command(input, wire::Cancel{{}, call_.id});
      case InputKind::Hangup: return command(input, wire::Hangup{{}, call_.id});
      case InputKind::GiveUp: return command(input, wire::GiveUp{{}, call_.id, {}});
      case InputKind::MediaUp: return command(input, wire::MediaUp{{}, call_.id});
      case InputKind::MediaDown: return command(input, wire::MediaDown{{}, call_.id});
      case InputKind::MediaFailed: {
        return command(input, wire::MediaFailed{{}, call_.id, input.failure.value_or(wire::MediaFailure::IceFailed)});
      }
      case InputKind::MoveHere: return command(input, wire::MoveHere{{}, call_.id});
      case InputKind::RingMore: return command(input, wire::RingMore{{}, call_.id, input.users});
      case InputKind::GetCall: return command(input, wire::GetCall{{}, call_.id});
      case InputKind::Attached: return engine_.on(DeviceAttached{call_.id, member(input.who), input.in_call, input.named, input.has_push_address});
      case InputKind::Lost: return engine_.on(DeviceLost{call_.id, member(input.who), input.since.value_or(input.at)});
      case InputKind::Presence: {
        const auto who = member(input.who);
        return engine_.on(SessionPresence{call_.id, who.user, who.device, input.joined});
      }
      case InputKind::EndedByBackend: return engine_.on(AdminEndCall{call_.id});
      case InputKind::MoreByBackend: return engine_.on(AdminRingMore{0, call_.id, input.users});
      case InputKind::Stopped: return engine_.on_drain_over();
      case InputKind::Restarted: return restart();
      case InputKind::Pushed: {
        const auto who = member(input.who);
        return engine_.on(PushDone{call_.id, who.user, who.device, input.push.value_or(PushState::Failed)});
      }
      case InputKind::Timer: return;
    }
  }

  const CallRecord& call_;
  const CallInputs& inputs_;
  Desk desk_;
  CallEngine engine_{desk_};
  Effects effects_;
  std::deque<TimerKind> due_;  // expired and not served yet
  std::vector<CallRecord> records_;
};

}  // namespace

std::vector<CallRecord> replay(const CallRecord& call, const CallInputs& inputs) { return Run(call, inputs).take(); }

Comparison compare(const CallRecord& call, const CallInputs& inputs) {
  Comparison out;
  auto records = replay(call, inputs);
  if (!records.empty()) out.notes = std::move(records.back().notes);
  const auto length = std::max(inputs.cut ? 0 : call.notes.size(), out.notes.size());
  for (std::size_t i = 0; i < length && !out.difference; ++i) {
    if (i >= call.notes.size() || i >= out.notes.size() || call.notes[i] != out.notes[i]) out.difference = i;
  }
  out.other_record = !out.difference && !inputs.cut && (records.empty() || !is_same_decision(call, records.back()));
  return out;
}

bool is_same_decision(const CallRecord& a, const CallRecord& b) {
  const auto parts = [](const CallRecord& call) {
    return std::tie(call.id, call.version, call.project, call.caller, call.caller_device, call.caller_leg, call.legs, call.media, call.data,
                    call.plan, call.invites, call.session, call.phase, call.created_at, call.answered_at, call.active_at, call.ended_at,
                    call.outcome, call.reason, call.deadlines, call.deadline);
  };
  const auto group = [](const CallRecord& call) {
    const auto found = call.group.value_or(wire::Group{});
    return std::tuple(call.group.has_value(), found.users, found.mode, found.owner_leaves);
  };
  return parts(a) == parts(b) && group(a) == group(b);
}

}  // namespace offhook::core
