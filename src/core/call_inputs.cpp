// What a call is told, written down for a replay.
#include <algorithm>

#include "core/call_engine.hpp"
#include "core/input_settings.hpp"

namespace offhook::core {
namespace {

// Which input a command is. Those that only ask say that the device knows the call.
struct KindOf {
  InputKind operator()(const wire::RingAck&) const { return InputKind::RingAck; }
  InputKind operator()(const wire::Ignore&) const { return InputKind::Ignore; }
  InputKind operator()(const wire::Answer&) const { return InputKind::Answer; }
  InputKind operator()(const wire::Decline&) const { return InputKind::Decline; }
  InputKind operator()(const wire::Cancel&) const { return InputKind::Cancel; }
  InputKind operator()(const wire::Hangup&) const { return InputKind::Hangup; }
  InputKind operator()(const wire::GiveUp&) const { return InputKind::GiveUp; }
  InputKind operator()(const wire::MediaUp&) const { return InputKind::MediaUp; }
  InputKind operator()(const wire::MediaDown&) const { return InputKind::MediaDown; }
  InputKind operator()(const wire::MediaFailed&) const { return InputKind::MediaFailed; }
  InputKind operator()(const wire::MoveHere&) const { return InputKind::MoveHere; }
  InputKind operator()(const wire::RingMore&) const { return InputKind::RingMore; }
  InputKind operator()(const auto&) const { return InputKind::GetCall; }
};

// A call has few devices, and they seldom change.
std::uint64_t place_of(CallInputs& inputs, InputDevice device) {
  const auto found = std::find(inputs.devices.begin(), inputs.devices.end(), device);
  const auto place = static_cast<std::uint64_t>(found - inputs.devices.begin());
  if (found == inputs.devices.end()) inputs.devices.push_back(std::move(device));
  return place;
}

std::uint64_t place_of(CallInputs& inputs, const Member& member) {
  return place_of(inputs, InputDevice{member.user.user, member.device, member.name, member.client});
}

}  // namespace

// Nothing, if no more is kept: the call is over, or was told too much.
CallInput* CallEngine::keep_input(Call& call, InputKind kind) {
  auto& inputs = call.inputs;
  if (call.phase == wire::Phase::Ended || inputs.cut) return nullptr;
  if (inputs.list.empty()) inputs.settings = in_force(settings(call));
  inputs.cut = inputs.list.size() >= k_max_inputs;
  if (inputs.cut) return nullptr;
  auto& input = inputs.list.emplace_back();
  input.at = desk_.now;
  input.kind = kind;
  return &input;
}

CallInput* CallEngine::keep_input(Call& call, InputKind kind, const Member& who) {
  auto* input = keep_input(call, kind);
  if (input != nullptr) input->who = place_of(call.inputs, who);
  return input;
}

void CallEngine::keep_input(Call& call, const CreateCall& mail, const std::optional<Refusal>& refusal) {
  auto* input = keep_input(call, InputKind::Created, mail.caller);
  if (input == nullptr) return;
  input->invite.push_back(mail.invite);
  for (const auto& one : mail.devices) {
    input->devices.push_back({place_of(call.inputs, one.member), one.in_call, one.has_push_address, one.linked});
  }
  if (refusal) {
    input->outcome = refusal->outcome;
    input->reason = refusal->reason;
  }
  input->silent = mail.silent;
  input->by_backend = mail.request.has_value();
}

void CallEngine::keep_input(Call& call, const LegFound& mail) {
  auto* input = keep_input(call, InputKind::Asked);
  if (input == nullptr) return;
  input->users.push_back(mail.user.user);
  for (const auto& one : mail.devices) {
    input->devices.push_back({place_of(call.inputs, one.member), one.in_call, one.has_push_address, one.linked});
  }
  if (mail.refusal) {
    input->outcome = mail.refusal->outcome;
    input->reason = mail.refusal->reason;
  }
  input->silent = mail.silent;
}

void CallEngine::keep_input(Call& call, const CallDevice& device, PushState state) {
  if (auto* input = keep_input(call, InputKind::Pushed, device.self)) input->push = state;
}

void CallEngine::keep_input(Call& call, const InviteAgain& mail) {
  auto* input = keep_input(call, InputKind::InvitedAgain, mail.place.caller);
  if (input == nullptr) return;
  input->invite.push_back(mail.place.invite);
  input->by_backend = mail.place.request.has_value();
}

void CallEngine::keep_input(Call& call, const CallCommand& mail) {
  auto* input = keep_input(call, std::visit(KindOf{}, mail.command), mail.who);
  if (input == nullptr) return;
  if (const auto* said = std::get_if<wire::RingAck>(&mail.command)) input->busy = said->busy;
  if (const auto* said = std::get_if<wire::Decline>(&mail.command)) input->busy = said->reason == wire::DeclineReason::Busy;
  if (const auto* said = std::get_if<wire::MediaFailed>(&mail.command)) input->failure = said->reason;
  if (const auto* said = std::get_if<wire::RingMore>(&mail.command)) input->users = said->users;
}

void CallEngine::keep_input(Call& call, const SessionPresence& mail) {
  auto* input = keep_input(call, InputKind::Presence);
  if (input == nullptr) return;
  const auto& known = call.inputs.devices;
  const auto found = std::find_if(known.begin(), known.end(), [&](const auto& one) { return one.user == mail.user.user && one.device == mail.device; });
  input->who = found != known.end() ? static_cast<std::uint64_t>(found - known.begin())
                                    : place_of(call.inputs, InputDevice{mail.user.user, mail.device, {}, {}});
  input->joined = mail.joined;
}

}  // namespace offhook::core
