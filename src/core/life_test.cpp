#include "core/life.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace offhook::core {
namespace {

using namespace std::chrono_literals;
using wire::DeviceState;
using wire::Outcome;
using wire::Phase;
using wire::Reason;

constexpr Instant k_then{1'700'000'000s};

CallRecord live(Phase phase, std::uint64_t version = 1) {
  CallRecord record;
  record.version = version;
  record.phase = phase;
  record.deadline = k_then + 60s;
  auto& leg = record.legs.emplace_back();
  leg.user = "bob";
  auto& device = leg.devices.emplace_back();
  device.device = "b1";
  device.state = DeviceState::Ringing;
  return record;
}

CallRecord ended(Outcome outcome, std::optional<Reason> reason, std::uint64_t version = 2) {
  auto record = live(Phase::Ended, version);
  record.deadline.reset();
  record.outcome = outcome;
  record.reason = reason;
  record.ended_at = k_then;
  record.legs[0].devices[0].state = DeviceState::Done;
  return record;
}

TEST(Life, StepsOfAnAnsweredCallAreFine) {
  const auto ringing = live(Phase::Inviting);
  auto connecting = live(Phase::Connecting, 2);
  connecting.legs[0].devices[0].state = DeviceState::Winner;
  auto active = connecting;
  active.version = 3;
  active.phase = Phase::Active;
  EXPECT_EQ(wrong_step(nullptr, ringing), std::nullopt);
  EXPECT_EQ(wrong_step(&ringing, connecting), std::nullopt);
  EXPECT_EQ(wrong_step(&connecting, active), std::nullopt);
  EXPECT_EQ(wrong_step(&active, ended(Outcome::Ended, Reason::ByCaller, 4)), std::nullopt);
}

TEST(Life, NoOutcomeFromBeforeTheAnswerComesAfterIt) {
  auto connecting = live(Phase::Connecting);
  connecting.legs[0].devices[0].state = DeviceState::Winner;
  for (const auto& ending : endings()) {
    const auto after = ended(ending.outcome, ending.reason);
    EXPECT_EQ(wrong_step(&connecting, after).has_value(), !ending.connecting) << ending.meaning;
    const bool is_of_ringing = ending.outcome == Outcome::Declined || ending.outcome == Outcome::Busy || ending.outcome == Outcome::NoAnswer ||
                               ending.outcome == Outcome::Unreachable || ending.outcome == Outcome::Cancelled;
    EXPECT_FALSE(is_of_ringing && (ending.connecting || ending.active)) << ending.meaning;
  }
}

TEST(Life, AnEndIsForGood) {
  const auto first = ended(Outcome::Declined, Reason::ByUser, 2);
  EXPECT_EQ(wrong_step(&first, ended(Outcome::Declined, Reason::ByUser, 3)), std::nullopt);
  EXPECT_NE(wrong_step(&first, ended(Outcome::NoAnswer, std::nullopt, 3)), std::nullopt);
  EXPECT_NE(wrong_step(&first, live(Phase::Inviting, 3)), std::nullopt);
}

TEST(Life, WhatCannotBeIsFound) {
  const auto ringing = live(Phase::Inviting);
  EXPECT_NE(wrong_step(&ringing, live(Phase::Inviting, 1)), std::nullopt) << "the same version";
  EXPECT_NE(wrong_step(&ringing, live(Phase::Active, 2)), std::nullopt) << "active without an answer";
  EXPECT_NE(wrong_step(nullptr, live(Phase::Connecting)), std::nullopt) << "answered before it rang";
  EXPECT_NE(wrong_step(&ringing, ended(Outcome::NoAnswer, Reason::Timeout)), std::nullopt) << "no_answer has no reason";
  EXPECT_NE(wrong_step(&ringing, ended(Outcome::Dropped, Reason::CallerLost)), std::nullopt) << "dropped before the answer";
  auto no_deadline = live(Phase::Inviting, 2);
  no_deadline.deadline.reset();
  EXPECT_NE(wrong_step(&ringing, no_deadline), std::nullopt);
  auto vanished = live(Phase::Inviting, 2);
  vanished.legs[0].devices.clear();
  EXPECT_NE(wrong_step(&ringing, vanished), std::nullopt);
  auto again = live(Phase::Inviting, 2);
  again.legs[0].devices[0].state = DeviceState::Notified;
  EXPECT_NE(wrong_step(&ringing, again), std::nullopt) << "a device does not un-ring";
}

TEST(Life, TablesSayEachThingOnce) {
  std::set<std::pair<Outcome, std::optional<Reason>>> ends;
  for (const auto& ending : endings()) EXPECT_TRUE(ends.insert({ending.outcome, ending.reason}).second) << ending.meaning;
  std::set<std::pair<DeviceState, DeviceState>> steps;
  for (const auto& step : device_steps()) EXPECT_TRUE(steps.insert({step.from, step.to}).second) << step.when;
}

TEST(Life, BoundsFollowTheSettings) {
  Settings settings;
  settings.drop_grace = 7s;
  const auto all = bounds(settings);
  EXPECT_TRUE(std::any_of(all.begin(), all.end(), [](const Bound& bound) { return bound.within == 7s; }));
}

}  // namespace
}  // namespace offhook::core
