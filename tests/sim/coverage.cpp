#include "sim/coverage.hpp"

#include <algorithm>

#include "wire/codec.hpp"

namespace offhook::sim {
namespace {

using wire::DeviceState;
using wire::Outcome;
using wire::Phase;
using wire::Reason;

constexpr std::string_view k_stage_words[] = {"nothing", "calling", "incoming", "ringing", "connecting", "active"};

std::string push_word(const std::optional<core::PushState>& state) {
  if (!state) return "none";
  switch (*state) {
    case core::PushState::Wanted: return "wanted";
    case core::PushState::Accepted: return "accepted";
    case core::PushState::Refused: return "refused";
    case core::PushState::Failed: return "failed";
  }
  return "";
}

std::string phase_word(std::size_t phase) { return phase == 4 ? "nothing" : std::string(wire::word(static_cast<Phase>(phase))); }

// Pairs of state and event that a long run must come through; each as counts() names it. Those of faults name their beginning.
constexpr std::string_view k_expected[] = {
    "nothing + invite", "inviting + invite", "connecting + invite", "active + invite",
    "inviting + ring_ack", "inviting + ignore", "inviting + answer", "inviting + decline", "inviting + decline(busy)", "inviting + cancel",
    "inviting + hangup", "inviting + give_up", "connecting + ring_ack", "connecting + answer", "connecting + decline", "connecting + hangup",
    "connecting + give_up", "connecting + media_up", "connecting + media_failed", "connecting + session_connect", "active + answer",
    "active + hangup", "active + give_up", "active + media_up", "active + media_down", "active + media_failed", "active + ring_more",
    "active + session_connect", "ended + ring_ack", "ended + answer", "ended + decline", "ended + cancel", "ended + hangup", "ended + give_up",
    "ended + media_up", "ended + get_call or other",

    "nothing > inviting", "inviting > connecting", "connecting > active", "inviting > ended", "connecting > ended", "active > ended",

    "nothing ends declined/by_dnd_rule", "nothing ends busy/in_call", "nothing ends busy/ring_slots_full", "nothing ends failed/not_allowed",
    "nothing ends failed/blocked", "nothing ends failed/no_such_user", "nothing ends failed/server_shutdown",
    "nothing ends unreachable/no_devices", "nothing ends declined/by_user",
    "inviting ends declined/by_user", "inviting ends busy/in_call", "inviting ends busy/device_busy_all", "inviting ends no_answer",
    "inviting ends unreachable/no_devices", "inviting ends unreachable/push_unacked", "inviting ends cancelled/by_user",
    "inviting ends cancelled/caller_lost", "inviting ends cancelled/by_api", "inviting ends failed/server_shutdown",
    "connecting ends ended/by_caller", "connecting ends ended/by_callee", "connecting ends connect_failed/timeout",
    "connecting ends connect_failed/ice_failed", "connecting ends connect_failed/permission", "connecting ends connect_failed/caller_media",
    "connecting ends connect_failed/callee_media", "connecting ends dropped/caller_lost", "connecting ends dropped/callee_lost",
    "active ends ended/by_caller", "active ends ended/by_callee", "active ends ended/by_api", "active ends ended/max_duration",
    "active ends ended/alone", "active ends ended/all_left", "active ends dropped/caller_lost", "active ends dropped/callee_lost",
    "active ends dropped/both_lost", "active ends dropped/media_lost", "active ends failed/server_shutdown",

    "device notified > ringing", "device notified > winner", "device ringing > winner", "device ringing > elsewhere", "device ringing > declined",
    "device ringing > busy", "device ringing > ignored", "device ringing > done", "device ignored > winner", "device ignored > declined",
    "device ignored > elsewhere", "device ignored > done", "device notified > elsewhere", "device notified > done", "device winner > done",
    "device winner > elsewhere", "device new > moving", "device moving > winner", "device moving > elsewhere", "device elsewhere > moving",

    "shown calling > no_answer", "shown calling > unreachable", "shown calling > declined", "shown calling > busy", "shown calling > cancelled",
    "shown calling > failed", "shown calling > lost_contact", "shown ringing > no_answer", "shown ringing > declined", "shown ringing > cancelled",
    "shown ringing > lost_contact", "shown incoming > missed", "shown incoming > answered_elsewhere", "shown incoming > declined",
    "shown incoming > declined_elsewhere", "shown incoming > busy", "shown incoming > busy_elsewhere", "shown incoming > lost_contact",
    "shown connecting > ended", "shown connecting > connect_failed", "shown connecting > dropped", "shown connecting > lost_contact",
    "shown active > ended", "shown active > dropped", "shown active > lost_contact", "shown active > moved_elsewhere", "shown nothing > failed",
    "shown nothing > busy",

    "group leg answered_elsewhere", "group leg declined", "group leg busy", "group leg no_answer", "group leg unreachable", "group leg cancelled",
    "group leg ended", "group leg connect_failed", "group leg dropped",

    "fault: socket cut", "fault: socket gone, the server does not know", "fault: socket gone, the device does not know",
    "fault: socket gone, nobody knows", "fault: network gone", "fault: stalled towards the server", "fault: stalled towards the device",
    "fault: stalled both ways", "fault: suspended", "fault: suspended, its clock stands", "fault: resumed, looks at the network",
    "fault: the application is killed", "fault: the server has crashed", "fault: the server's machine is gone",
    "fault: the disk fails", "fault: the disk is full", "fault: the disk is slow",
    "inviting ends unreachable/push_refused", "push none > wanted", "push wanted > accepted", "push wanted > refused", "push wanted > failed",
    "push accepted > wanted", "push comes while inviting", "push comes while connecting", "push comes while active", "push comes while ended",
    "push makes it ring", "push is told to who rings already", "fault: asleep until it is woken", "fault: a push is late", "fault: a push is lost",
    "fault: a push comes twice", "fault: the sender of pushes fails", "fault: the address of pushes is gone",

    "fault: a record nobody was told of has survived", "fault: a record nobody was told of is lost",
};

}  // namespace

std::string_view word(Deed deed) {
  switch (deed) {
    case Deed::Invite: return "invite";
    case Deed::RingAck: return "ring_ack";
    case Deed::RingBusy: return "ring_ack(busy)";
    case Deed::Ignore: return "ignore";
    case Deed::Answer: return "answer";
    case Deed::Decline: return "decline";
    case Deed::DeclineBusy: return "decline(busy)";
    case Deed::Cancel: return "cancel";
    case Deed::Hangup: return "hangup";
    case Deed::GiveUp: return "give_up";
    case Deed::MediaUp: return "media_up";
    case Deed::MediaDown: return "media_down";
    case Deed::MediaFailed: return "media_failed";
    case Deed::MoveHere: return "move_here";
    case Deed::RingMore: return "ring_more";
    case Deed::Join: return "session_connect";
    case Deed::Ask: return "get_call or other";
  }
  return "";
}

void Coverage::on_change(const core::CallRecord* before, const core::CallRecord& after) {
  const auto from = before == nullptr ? k_none : static_cast<std::size_t>(before->phase);
  const auto to = static_cast<std::size_t>(after.phase);
  if (from != to) ++phases_[from][to];
  if (after.outcome) ++ends_[from][static_cast<std::size_t>(*after.outcome)][after.reason ? static_cast<std::size_t>(*after.reason) : k_reasons];
  for (const auto& leg : after.legs) {
    const auto* old = before == nullptr ? nullptr : leg_of(*before, leg.user);
    if (after.group && leg.outcome && (old == nullptr || !old->outcome)) ++groups_[static_cast<std::size_t>(*leg.outcome)];
    for (const auto& device : leg.devices) {
      auto was = k_states;
      std::optional<core::PushState> push;
      if (old != nullptr) {
        for (const auto& each : old->devices) {
          if (each.device != device.device) continue;
          was = static_cast<std::size_t>(each.state);
          push = each.push;
        }
      }
      if (push != device.push) on_push(push_word(push) + " > " + push_word(device.push));
      if (was != static_cast<std::size_t>(device.state)) ++states_[was][static_cast<std::size_t>(device.state)];
    }
  }
}

void Coverage::on_final(const Part& part) {
  std::size_t stage = 0;
  if (part.was_calling || part.was_incoming) stage = part.was_calling ? 1 : 2;
  if (part.stage == client::CallMoment::Ringing) stage = 3;
  if (part.was_connecting) stage = 4;
  if (part.was_active) stage = 5;
  ++finals_[stage][static_cast<std::size_t>(part.end->outcome)];
}

std::map<std::string, std::uint64_t> Coverage::counts() const {
  std::map<std::string, std::uint64_t> counts;
  const auto note = [&](std::string name, std::uint64_t count) {
    if (count > 0) counts[std::move(name)] += count;
  };
  for (std::size_t phase = 0; phase <= k_phases; ++phase) {
    for (std::size_t deed = 0; deed < k_deeds; ++deed) note(phase_word(phase) + " + " + std::string(word(static_cast<Deed>(deed))), deeds_[phase][deed]);
    for (std::size_t to = 0; to < k_phases; ++to) note(phase_word(phase) + " > " + phase_word(to), phases_[phase][to]);
    for (std::size_t outcome = 0; outcome < k_outcomes; ++outcome) {
      for (std::size_t reason = 0; reason <= k_reasons; ++reason) {
        const auto why = reason == k_reasons ? std::string() : "/" + std::string(wire::word(static_cast<Reason>(reason)));
        note(phase_word(phase) + " ends " + std::string(wire::word(static_cast<Outcome>(outcome))) + why, ends_[phase][outcome][reason]);
      }
    }
  }
  for (std::size_t from = 0; from <= k_states; ++from) {
    const auto was = from == k_states ? std::string("new") : std::string(wire::word(static_cast<DeviceState>(from)));
    for (std::size_t to = 0; to < k_states; ++to) note("device " + was + " > " + std::string(wire::word(static_cast<DeviceState>(to))), states_[from][to]);
  }
  for (std::size_t outcome = 0; outcome < k_outcomes; ++outcome) {
    const auto shown = std::string(wire::word(static_cast<Outcome>(outcome)));
    for (std::size_t stage = 0; stage < k_stages; ++stage) note("shown " + std::string(k_stage_words[stage]) + " > " + shown, finals_[stage][outcome]);
    note("group leg " + shown, groups_[outcome]);
  }
  for (const auto& [what, count] : faults_) note("fault: " + what, count);
  for (const auto& [what, count] : pushes_) note("push " + what, count);
  return counts;
}

std::vector<std::string> Coverage::missing(const std::map<std::string, std::uint64_t>& counts) {
  std::vector<std::string> missing;
  for (const auto expected : k_expected) {
    if (!counts.contains(std::string(expected))) missing.emplace_back(expected);
  }
  return missing;
}

}  // namespace offhook::sim
