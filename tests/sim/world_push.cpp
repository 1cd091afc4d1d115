// Pushes: the app's sender, who carries them, and the phone that they wake.
#include <algorithm>

#include "sim/world_parts.hpp"

namespace offhook::sim {

// The sender is asked after a moment, and not at all for what is over by then.
void World::carry_out_one(core::Push& effect) {
  const auto number = ++last_push_;
  pushes_.emplace(number, std::move(effect));
  at(now_ + delay(), [this, number] { hand_over(number); });
}

void World::carry_out_one(core::StopPushes& effect) {
  std::erase_if(pushes_, [&](const auto& entry) { return entry.second.call == effect.call && entry.second.user == effect.user; });
}

bool World::goes_wrong() { return weather_.below(1000) < static_cast<std::uint64_t>(options_.push_fault_permille); }

void World::hand_over(std::uint64_t number) {
  const auto node = pushes_.extract(number);
  if (node.empty() || !server_) return;
  const auto push = node.mapped();
  const auto device = names_.at({push.user.user, push.device});
  observer_.on_push(device, push);
  auto state = core::PushState::Accepted;
  if (goes_wrong()) state = core::PushState::Refused;
  if (goes_wrong() || push.expires_at <= server_now()) state = core::PushState::Failed;
  feed_server({Cause::Kind::Backend}, core::PushSettled{push.call, push.user, push.device, push.address, state});
  if (state == core::PushState::Refused) observer_.on_fault(device, "push refused");
  if (state == core::PushState::Failed) observer_.on_fault(device, "push failed");
  if (state != core::PushState::Accepted) return;
  if (goes_wrong()) return observer_.on_fault(device, "push lost");
  const bool is_late = goes_wrong();
  if (is_late) observer_.on_fault(device, "push late");
  carry(device, push, is_late ? 100s : 3s);
  if (!goes_wrong()) return;
  observer_.on_fault(device, "push twice");
  carry(device, push, 100s);
}

// Its clock may be off, so that it takes what is over for fresh, or the other way round.
void World::carry(DeviceIndex device, const core::Push& push, Duration longest) {
  constexpr Duration k_wrong_by = 3s;
  const auto drawn = [&](Duration bound) { return Duration{static_cast<std::int64_t>(weather_.below(static_cast<std::uint64_t>(bound.count())))}; };
  const auto wrong = drawn(2 * k_wrong_by) - k_wrong_by;
  at(now_ + drawn(longest), [this, device, push, wrong] {
    observer_.on_fault(device, is_running(device) ? "a push arrives" : "a push wakes the application");
    start(device);
    resume(device, false);
    give(device, client::Woken{push.call, push.caller, push.media, push.group, push.data, push.expires_at - server_now() + wrong});
  });
}

}  // namespace offhook::sim
