// Pushes: none for what is over, and what the sender says of them.
#include <algorithm>

#include "sim/judge.hpp"
#include "wire/codec.hpp"

namespace offhook::sim {

using wire::Phase;

namespace {

bool is_wanted(const core::CallRecord& call, const UserId& user, const DeviceId& id) {
  const auto* leg = leg_of(call, user);
  if (leg == nullptr || leg->winner || leg->outcome) return false;
  return std::any_of(leg->devices.begin(), leg->devices.end(), [&](const auto& device) { return device.device == id && device.push == core::PushState::Wanted; });
}

}  // namespace

// It leaves only for a call that is durable and rings, whose record says so; however late it comes afterwards, the device sees to it (S5, L2).
void Judge::on_push(DeviceIndex device, const core::Push& push, PushStep step) {
  const auto& call = case_of(push.call);
  if (step == PushStep::Leaves) {
    const bool is_meant = call.durable && is_live(*call.durable) && is_wanted(*call.durable, push.user.user, push.device);
    must(Check::S15, is_meant, [] { return "a push leaves that the record does not want"; }, push.call, device);
    return;
  }
  woken_for_ = step == PushStep::Arrives ? std::optional(push.call) : std::nullopt;
  if (step != PushStep::Arrives) return;
  if (call.durable) coverage_.on_push("comes while " + std::string(wire::word(call.durable->phase)));
  const auto& parts = devices_[device].parts;
  const bool rings = std::any_of(parts.begin(), parts.end(), [&](const auto& entry) {
    const auto& part = parts_[entry.second];
    return part.view.call_id == push.call && part.was_incoming && !part.end;
  });
  if (rings) coverage_.on_push("is told to who rings already");
}

void Judge::on_push_settled(DeviceIndex device, const core::Push& push, core::PushState state) {
  case_of(push.call).push_words[{push.user.user, push.device}].insert(state);
  if (state != core::PushState::Refused) return;
  devices_[device].contact.was_refused = true;
  refused_ = push.call;
}

}  // namespace offhook::sim
