#include "sim/crowd.hpp"

#include <algorithm>

namespace offhook::sim {

using client::Action;
using client::CallMoment;
namespace event = client::event;

void Crowd::move_in(World& world) {
  world_ = &world;
  for (int user = 0; user < swarm_.users; ++user) {
    const auto name = "user" + std::to_string(user);
    const auto devices = 1 + chance(static_cast<std::uint64_t>(swarm_.devices));
    for (std::uint64_t device = 0; device < devices; ++device) {
      const auto drift = static_cast<std::int64_t>(chance(2 * static_cast<std::uint64_t>(swarm_.drift_ppm) + 1)) - swarm_.drift_ppm;
      const auto added = world.add_device(name, name + "-" + std::to_string(device), drift);
      if (swarm_.sleepers == 0 || !happens(swarm_.sleepers)) continue;
      const auto off = static_cast<std::int64_t>(chance(2 * static_cast<std::uint64_t>(swarm_.calendar_s) + 1)) - swarm_.calendar_s;
      world.register_for_pushes(added, std::chrono::seconds{off});
    }
  }
}

void Crowd::step() {
  call_somebody();
  if (happens(swarm_.rules)) change_rules();
  if (happens(swarm_.backend)) ask_backend();
  break_links();
  break_applications();
  if (swarm_.sleepers > 0) let_sleep();
  break_server();
}

// --- chance

// Some deeds wait for the full second, so that several people do something at the very same moment.
Duration Crowd::when(Duration after) {
  if (!happens(swarm_.same_tick)) return after;
  const auto moment = world_->now().time_since_epoch() + after;
  return std::chrono::ceil<std::chrono::seconds>(moment) - world_->now().time_since_epoch();
}

// How long a fault lasts: mostly moments, at times longer than any grace.
Duration Crowd::some_time() {
  const auto kind = chance(10);
  return 50ms + within(kind < 6 ? 4'000 : kind < 9 ? 40'000 : 200'000);
}

UserId Crowd::some_user() { return "user" + std::to_string(chance(static_cast<std::uint64_t>(swarm_.users))); }

std::optional<DeviceIndex> Crowd::other_device_of(const UserId& user, DeviceIndex device) {
  for (DeviceIndex other = 0; other < world_->device_count(); ++other) {
    if (other != device && world_->user_of(other) == user) return other;
  }
  return std::nullopt;
}

// --- calls

void Crowd::call_somebody() {
  const auto device = some_device();
  const auto caller = world_->user_of(device);
  client::PlaceCall call;
  call.to = some_user();
  if (call.to == caller) call.to = some_user();
  if (happens(swarm_.selves)) call.to = chance(2) == 0 ? caller : "nobody";
  if (happens(swarm_.groups)) call = to_group(caller);
  if (happens(swarm_.media)) call.media = chance(2) == 0 ? wire::Media::Audio : wire::Media::Video;
  if (chance(10) == 0) call.ring_timeout_ms = 1'000 + static_cast<std::int64_t>(chance(30'000));
  if (happens(swarm_.own_timers)) {
    call.wake_timeout_ms = 1'000 + static_cast<std::int64_t>(chance(20'000));
    call.connect_timeout_ms = 5'000 + static_cast<std::int64_t>(chance(20'000));
    call.drop_grace_ms = 3'000 + static_cast<std::int64_t>(chance(40'000));
    call.decline_policy = chance(2) == 0 ? wire::DeclinePolicy::AllDevices : wire::DeclinePolicy::FirstDecline;
    call.wait_full_ring = chance(2) == 0;
  }
  const auto callee = call.to;
  place(device, std::move(call));
  if (happens(swarm_.recalls) && !callee.empty()) {
    world_->later(within(4'000), [this, device, callee] { place(device, {0, callee, {}, {}, {}}); });
  }
  if (!happens(swarm_.glares)) return;
  for (DeviceIndex back = 0; back < world_->device_count(); ++back) {
    if (world_->user_of(back) != callee) continue;
    return world_->later(chance(3) == 0 ? Duration{0} : within(300), [this, back, caller] { place(back, {0, caller, {}, {}, {}}); });
  }
}

client::PlaceCall Crowd::to_group(const UserId& caller) {
  client::PlaceCall call;
  auto& group = call.group.emplace();
  const auto size = 2 + chance(3);
  for (std::uint64_t i = 0; i < size; ++i) {
    const auto user = some_user();
    if (user != caller || chance(20) == 0) group.users.push_back(user);
  }
  while (group.users.size() < 2) group.users.push_back("nobody" + std::to_string(group.users.size()));
  group.mode = chance(2) == 0 ? wire::GroupMode::FirstAnswer : wire::GroupMode::AllJoin;
  group.owner_leaves = chance(2) == 0 ? wire::OwnerLeaves::End : wire::OwnerLeaves::Stay;
  return call;
}

void Crowd::place(DeviceIndex device, client::PlaceCall call) {
  if (is_over_ && !is_probing_) return;
  call.handle = ++last_handle_;
  ++placed_;
  const auto handle = call.handle;
  if (world_->is_dozing(device)) world_->start(device);
  world_->give(device, std::move(call));
  if (!is_probing_ && happens(swarm_.impatience)) {
    act_later(device, handle, chance(2) == 0 ? Action::Cancel : Action::Hangup, chance(4) == 0 ? within(200) : within(15'000));
  }
}

void Crowd::change_rules() {
  const auto device = some_device();
  wire::Rules rules;
  rules.call_waiting = static_cast<wire::CallWaiting>(chance(3));
  rules.max_parallel_rings = 1 + static_cast<std::int64_t>(chance(3));
  rules.do_not_disturb = chance(6) == 0;
  if (chance(4) == 0) rules.blocked.push_back(some_user());
  request_later(device, wire::SetRules{"", std::move(rules)}, 1ms);
}

void Crowd::ask_backend() {
  std::vector<CallId> live;
  for (const auto& [key, part] : parts_) {
    if (part.view.call_id) live.push_back(*part.view.call_id);
  }
  if (live.empty()) return;
  const auto call = live[chance(live.size())];
  if (chance(2) == 0) return world_->ask_server(core::AdminEndCall{call});
  world_->ask_server(core::AdminRingMore{++last_request_, call, {some_user()}});
}

void Crowd::act_later(DeviceIndex device, client::Handle handle, Action action, Duration after) {
  world_->later(when(after), [this, device, handle, action] { world_->give(device, client::Act{handle, action}); });
}

void Crowd::request_later(DeviceIndex device, wire::ClientMessage command, Duration after) {
  world_->later(after, [this, device, asked = std::move(command)] {
    world_->give(device, client::Request{++last_request_, asked});
  });
}

// --- what people do about what they see

void Crowd::on_told(DeviceIndex device, const client::EngineEvent& told) {
  if (const auto* call = std::get_if<event::Call>(&told)) on_moment(device, *call);
  const auto* ended = std::get_if<event::Ended>(&told);
  if (ended == nullptr) return;
  parts_.erase({device, ended->call.handle});
  if (ended->call.call_id && happens(swarm_.asks)) request_later(device, wire::GetCall{"", *ended->call.call_id}, within(3'000));
}

void Crowd::on_application(DeviceIndex device, bool is_there) {
  if (!is_there) std::erase_if(parts_, [device](const auto& entry) { return entry.first.first == device; });
}

void Crowd::on_moment(DeviceIndex device, const event::Call& told) {
  auto& part = parts_[{device, told.call.handle}];
  part.view = told.call;
  switch (told.moment) {
    case CallMoment::Incoming: return on_incoming(device, told.call);
    case CallMoment::Connecting: part.is_answered = true; return on_connecting(device, told.call);
    case CallMoment::Active: part.is_answered = true; return on_active(device, told.call);
    case CallMoment::Calling:
    case CallMoment::Ringing:
    case CallMoment::PeerUnstable:
    case CallMoment::PeerStable:
    case CallMoment::Legs: return;
  }
}

void Crowd::on_incoming(DeviceIndex device, const client::CallView& call) {
  if (is_probing_) return;
  const auto soon = within(chance(3) == 0 ? 400 : 8'000);
  if (happens(swarm_.answers)) return act_later(device, call.handle, Action::Answer, soon);
  if (!happens(swarm_.refusals)) return;
  constexpr Action k_refusals[] = {Action::Decline, Action::Decline, Action::Busy, Action::Hangup, Action::Ignore};
  const auto refusal = k_refusals[chance(std::size(k_refusals))];
  act_later(device, call.handle, refusal, soon);
  if (refusal == Action::Ignore && chance(2) == 0) act_later(device, call.handle, chance(2) == 0 ? Action::Answer : Action::Decline, soon * 2);
}

void Crowd::on_connecting(DeviceIndex device, const client::CallView& call) {
  if (chance(40) == 0) act_later(device, call.handle, Action::Hangup, within(300));
  if (call.media == wire::Media::None) return;
  if (chance(50) == 0) {
    const auto reason = static_cast<wire::MediaFailure>(chance(3));
    const auto failed = client::FailMedia{call.handle, reason};
    return world_->later(within(1'000), [this, device, failed] { world_->give(device, failed); });
  }
  if (chance(30) != 0) act_later(device, call.handle, Action::MediaUp, within(chance(10) == 0 ? 5'000 : 500));
}

void Crowd::on_active(DeviceIndex device, const client::CallView& call) {
  act_later(device, call.handle, Action::Hangup, within(swarm_.talk_ms * (chance(20) == 0 ? 6 : 1)));
  if (call.media != wire::Media::None && chance(8) == 0) {
    const auto down = within(swarm_.talk_ms / 2);
    act_later(device, call.handle, Action::MediaDown, down);
    if (chance(4) != 0) act_later(device, call.handle, Action::MediaUp, down + within(5'000));
  }
  if (happens(swarm_.ring_more) && call.call_id) request_later(device, wire::RingMore{"", *call.call_id, {some_user(), some_user()}}, within(2'000));
  const auto other = other_device_of(world_->user_of(device), device);
  if (other && happens(swarm_.moves)) {
    world_->later(within(3'000), [this, there = *other, call] {
      if (chance(2) == 0) return place(there, {0, call.peer, {}, {}, {}});
      if (!is_over_ && call.call_id) world_->give(there, client::MoveCall{++last_handle_, *call.call_id, call.role, call.peer, call.media});
    });
  }
}

// --- faults

void Crowd::break_links() {
  const auto device = some_device();
  if (happens(swarm_.cuts)) world_->cut(device, Notice::Both);
  if (happens(swarm_.rebinds)) world_->cut(some_device(), Notice::Nobody);
  if (happens(swarm_.half_open)) world_->cut(some_device(), chance(2) == 0 ? Notice::Device : Notice::Server);
  if (happens(swarm_.networks)) {
    const auto alone = some_device();
    world_->set_network(alone, false);
    world_->later(some_time(), [this, alone] { world_->set_network(alone, true); });
  }
  if (happens(swarm_.stalls)) {
    const auto slow = some_device();
    world_->stall(slow, static_cast<Stall>(1 + chance(3)));
    world_->later(some_time(), [this, slow] { world_->stall(slow, Stall::None); });
  }
}

void Crowd::break_applications() {
  const auto device = some_device();
  if (happens(swarm_.suspends)) {
    const bool wakes = chance(2) == 0;
    world_->suspend(device, chance(2) == 0);
    world_->later(some_time(), [this, device, wakes] { world_->resume(device, wakes); });
  }
  if (!happens(swarm_.kills)) return;
  const auto killed = some_device();
  world_->kill(killed, chance(3) == 0 ? Notice::Device : Notice::Both);
  world_->later(some_time(), [this, killed] {
    if (!world_->is_running(killed) && happens(swarm_.wipes)) world_->wipe(killed);
    world_->start(killed);
  });
}

// Whoever is in no call may put the telephone away.
void Crowd::let_sleep() {
  const auto device = some_device();
  const auto first = parts_.lower_bound({device, 0});
  const bool is_in_a_call = first != parts_.end() && first->first.first == device;
  if (!happens(swarm_.naps) || is_in_a_call || !world_->can_be_woken(device)) return;
  world_->doze(device);
  world_->later(within(chance(3) == 0 ? 20'000 : 300'000), [this, device] {
    if (world_->is_dozing(device)) world_->start(device);
  });
}

void Crowd::break_server() {
  if (happens(swarm_.drains) && world_->is_server_running()) {
    const auto lasts = within(20'000);
    world_->ask_server(core::DrainStarted{world_->now() + lasts});
    world_->later(lasts + 100ms, [this] {
      world_->crash_server(false);
      start_server_later(0);
    });
  }
  if (happens(swarm_.full)) {
    world_->fill_server(true);
    world_->later(some_time(), [this] { world_->fill_server(false); });
  }
  if (happens(swarm_.disks)) break_disk();
  if (!happens(swarm_.crashes)) return;
  if (chance(2) == 0) {
    world_->crash_server(true);
    return start_server_later(1);
  }
  world_->crash_server_after(1 + static_cast<int>(chance(60)), [this] { start_server_later(3); });
}

void Crowd::break_disk() {
  if (chance(2) == 0) return world_->fail_disk(chance(2) == 0 ? World::DiskFault::Full : World::DiskFault::Broken, [this] { start_server_later(1); });
  if (swarm_.slow_ms == 0) return;
  world_->slow_disk(true);
  world_->later(some_time(), [this] { world_->slow_disk(false); });
}

void Crowd::start_server_later(int more_crashes) {
  const auto down = chance(6) == 0 ? within(40'000) : within(3'000);
  const auto jump = std::chrono::milliseconds{static_cast<std::int64_t>(chance(2 * static_cast<std::uint64_t>(swarm_.jumps) + 1)) - swarm_.jumps};
  world_->later(down, [this, jump, more_crashes] {
    if (!world_->is_server_running() && happens(swarm_.amnesia)) world_->wipe_server();
    world_->start_server(jump);
    if (is_over_ || more_crashes == 0 || !happens(swarm_.loops)) return;
    world_->crash_server_after(1 + static_cast<int>(chance(30)), [this, more_crashes] { start_server_later(more_crashes - 1); });
  });
}

// --- the end

void Crowd::heal() {
  is_over_ = true;
  world_->spare_server();
  world_->start_server();
  for (DeviceIndex device = 0; device < world_->device_count(); ++device) {
    world_->stall(device, Stall::None);
    world_->set_network(device, true);
    world_->resume(device, false);
    world_->start(device);
  }
  for (const auto& [key, part] : parts_) {
    if (part.is_answered) act_later(key.first, key.second, Action::Hangup, within(5'000));
  }
}

void Crowd::probe() {
  is_probing_ = true;
  for (DeviceIndex device = 0; device < world_->device_count(); ++device) {
    wire::Rules rules;
    rules.call_waiting = wire::CallWaiting::Off;
    world_->give(device, client::Request{++last_request_, wire::SetRules{"", std::move(rules)}});
  }
  for (int user = 0; user < swarm_.users; ++user) {
    // One after the other: whoever calls is in a call.
    world_->later(8s * (user + 1), [this, user] {
      const auto caller = "user" + std::to_string((user + 1) % swarm_.users);
      for (DeviceIndex device = 0; device < world_->device_count(); ++device) {
        if (world_->user_of(device) != caller) continue;
        place(device, {0, "user" + std::to_string(user), {}, {}, {}});
        return act_later(device, last_handle_, Action::Cancel, 3s);
      }
    });
  }
}

}  // namespace offhook::sim
