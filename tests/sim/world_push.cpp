// Pushes: the server's own queue of them, the app's sender, and who carries them to devices. docs/push.md says what each promises.
#include <algorithm>

#include "base/check.hpp"
#include "sim/world_parts.hpp"

namespace offhook::sim {
namespace {

constexpr Duration k_sender_timeout = 5s;    // as docs/push.md says
constexpr Duration k_latest = 60s;           // so late a push may be
constexpr Duration k_carrier_retry = 5s;     // to a device that has no network
constexpr int k_carrier_retries = 12;

core::PushState state_of(webhook::PushVerdict verdict) {
  switch (verdict) {
    case webhook::PushVerdict::Accepted: return core::PushState::Accepted;
    case webhook::PushVerdict::Refused: return core::PushState::Refused;
    case webhook::PushVerdict::Failed: return core::PushState::Failed;
  }
  return core::PushState::Failed;
}

}  // namespace

void World::renew_address(Device& device) {
  if (device.push) device.push = wire::PushAddress{wire::PushProvider::Fcm, device.id + "." + std::to_string(++last_address_)};
}

bool World::weather_is(int permille) { return permille > 0 && weather_.below(1000) < static_cast<std::uint64_t>(permille); }

// --- the server

void World::carry_out_one(core::Push& effect) {
  const auto number = ++last_push_;
  const auto expires_at = effect.expires_at;
  pushes_.emplace(number, std::move(effect));
  act_on_pushes([&](webhook::PushActions& out) { push_queue_.add(server_now(), number, 0, expires_at, out); });
}

void World::carry_out_one(core::StopPushes& effect) {
  std::erase_if(pushes_, [&](const auto& entry) {
    const bool is_meant = entry.second.call == effect.call && entry.second.user == effect.user;
    if (is_meant) push_queue_.drop(entry.first);
    return is_meant;
  });
}

void World::act_on_pushes(const std::function<void(webhook::PushActions&)>& step) {
  webhook::PushActions actions;
  step(actions);
  for (auto& action : actions) std::visit([&](auto& wanted) { carry_out_one(wanted); }, action);
  const auto next = push_queue_.next_deadline();
  if (!next) return;
  at(std::max(*next - server_ahead_, now_), [this, server = servers_] {
    if (server_ && servers_ == server) act_on_pushes([&](webhook::PushActions& out) { push_queue_.advance(server_now(), out); });
  });
}

void World::carry_out_one(webhook::PushOver& over) {
  const auto node = pushes_.extract(over.number);
  if (node.empty()) return;
  at(now_, [this, push = node.mapped(), state = state_of(over.verdict), server = servers_] {
    if (!server_ || servers_ != server) return;
    const auto device = names_.at({push.user.user, push.device});
    observer_.on_push_settled(device, push, state);
    feed_server({Cause::Kind::Sender, device}, core::PushSettled{push.call, push.user, push.device, push.address, state});
  });
}

// --- the sender

// A program of the app's: it takes its time, fails at times, and knows which addresses are of use. What it has passed on may come to the
// device although the server never hears of it.
void World::carry_out_one(webhook::PushAttempt& attempt) {
  const auto& push = pushes_.at(attempt.number);
  auto& device = *devices_[names_.at({push.user.user, push.device})];
  observer_.on_push(device.index, push, PushStep::Leaves);
  const auto answer = answer_of_sender(device, push);
  const bool has_answered = answer.status != 0;
  const bool is_passed_on = answer.status == 204 || (!has_answered && weather_.below(2) == 0);
  if (is_passed_on) carry(device, push);
  at(now_ + (has_answered ? delay() + delay() : k_sender_timeout), [this, number = attempt.number, answer, server = servers_] {
    if (!server_ || servers_ != server) return;
    act_on_pushes([&](webhook::PushActions& out) { push_queue_.on_answer(server_now(), number, answer, out); });
  });
}

// Whose address is gone has another when its application starts again.
webhook::Answer World::answer_of_sender(Device& device, const core::Push& push) {
  const auto& weather = options_.pushes;
  if (weather_is(weather.failing)) {
    observer_.on_fault(device.index, "the sender of pushes fails");
    return weather_.below(2) == 0 ? webhook::Answer{503, "HTTP 503", std::nullopt} : webhook::Answer{0, "no answer", std::nullopt};
  }
  const bool is_stale = device.push != push.address;
  if (!is_stale && !weather_is(weather.gone)) return {204, {}, std::nullopt};
  if (!is_stale) renew_address(device);
  observer_.on_fault(device.index, "the address of pushes is gone");
  return {410, "HTTP 410", std::nullopt};
}

// --- to the device

void World::carry(Device& device, const core::Push& push) {
  const auto& weather = options_.pushes;
  const bool is_doubled = weather_is(weather.doubled);
  if (is_doubled) observer_.on_fault(device.index, "a push comes twice");
  for (int copies = is_doubled ? 2 : 1; copies > 0; --copies) {
    if (weather_is(weather.lost)) {
      observer_.on_fault(device.index, "a push is lost");
      continue;
    }
    auto after = delay();
    if (weather_is(weather.late)) {
      after += Duration{static_cast<std::int64_t>(weather_.below(static_cast<std::uint64_t>(k_latest.count())))};
      observer_.on_fault(device.index, "a push is late");
    }
    at(now_ + after, [this, &device, push, sent_at = server_now()] { arrive(device, push, sent_at, k_carrier_retries); });
  }
}

// The system starts the application, or lets it run, and gives it the push. How old that is the machine's own calendar says.
void World::arrive(Device& device, const core::Push& push, Instant sent_at, int retries) {
  if (!device.has_network || device.is_off) {
    if (retries == 0) return;
    return at(now_ + k_carrier_retry, [this, &device, push, sent_at, retries] { arrive(device, push, sent_at, retries - 1); });
  }
  observer_.on_push(device.index, push, PushStep::Arrives);
  start(device.index);
  resume(device.index, true);
  const auto age = std::max<Duration>(now_ + device.calendar_off - sent_at, Duration{0});
  feed_device(device, client::Woken{push.call, push.caller, push.media, push.group, push.data, push.expires_at - sent_at - age});
  observer_.on_push(device.index, push, PushStep::Taken);
}

// --- devices that sleep

void World::doze(DeviceIndex index) {
  auto& device = *devices_[index];
  if (device.engine == nullptr || !device.push) return;
  observer_.on_fault(index, "asleep until it is woken");
  stop_application(device, Notice::Both);
  device.dozes = true;
}

}  // namespace offhook::sim
