// What applications are told, and when.
#include <algorithm>

#include "sim/judge.hpp"
#include "wire/codec.hpp"

namespace offhook::sim {

using client::CallMoment;
using wire::Outcome;
using wire::Phase;
using wire::Role;
namespace event = client::event;

namespace {

constexpr client::Handle k_incoming_bit = client::Handle{1} << 63;

int rank(CallMoment moment) {
  switch (moment) {
    case CallMoment::Calling:
    case CallMoment::Incoming: return 0;
    case CallMoment::Ringing: return 1;
    case CallMoment::Connecting: return 2;
    case CallMoment::Active: return 3;
    case CallMoment::PeerUnstable:
    case CallMoment::PeerStable:
    case CallMoment::Legs: return -1;
  }
  return -1;
}

}  // namespace

// --- applications

void Judge::on_application(DeviceIndex device, bool is_there) {
  if (devices_.size() <= device) devices_.resize(device + 1);
  auto& watched = devices_[device];
  if (is_there) return;
  for (const auto& [handle, number] : watched.parts) {
    if (!parts_[number].end) {
      parts_[number].is_dead = true;
      parts_[number].ended_at = world_.now();
    }
  }
  watched.parts.clear();
}

// It may not even know that it has ended calls.
void Judge::on_wipe(DeviceIndex device) {
  devices_[device].finals.clear();
  for (auto& part : parts_) part.is_wiped = part.is_wiped || part.device == device;
}

void Judge::on_sleep(DeviceIndex device, bool sleeps) {
  auto& watched = devices_[device];
  if (sleeps) {
    watched.slept_since = world_.now();
  } else if (watched.slept_since) {
    watched.sleeps.emplace_back(*watched.slept_since, world_.now());
    watched.slept_since.reset();
  }
}

void Judge::on_fault(std::optional<DeviceIndex>, const std::string& what) { coverage_.on_fault(what); }

void Judge::on_given(DeviceIndex device, const client::Input& input) {
  if (const auto* move = std::get_if<client::MoveCall>(&input)) devices_[device].taken_over.insert(move->call_id);
  const auto* act = std::get_if<client::Act>(&input);
  if (act == nullptr) return;
  const auto found = devices_[device].parts.find(act->handle);
  if (found == devices_[device].parts.end()) return;
  auto& part = parts_[found->second];
  using client::Action;
  const bool leaves = act->action == Action::Hangup || act->action == Action::Cancel || act->action == Action::Decline || act->action == Action::Busy;
  if (leaves && !part.pressed_at) part.pressed_at = world_.now();
  if (act->action == Action::Answer && !part.answered_at && !part.end) part.answered_at = world_.now();
}

Part& Judge::part_of(DeviceIndex device, const client::CallView& view) {
  const auto [place, is_new] = devices_[device].parts.try_emplace(view.handle, parts_.size());
  if (is_new) {
    auto& part = parts_.emplace_back();
    part.device = device;
    part.life = world_.lives(device);
    part.told_at = world_.now();
  }
  auto& part = parts_[place->second];
  if (view.call_id && !part.view.call_id) case_of(*view.call_id).parts.push_back(place->second);
  part.view = view;
  part.takes_over = view.call_id && !(view.handle & k_incoming_bit) && devices_[device].taken_over.contains(*view.call_id);
  return part;
}

void Judge::on_told(DeviceIndex device, const client::EngineEvent& told) {
  if (const auto* call = std::get_if<event::Call>(&told)) on_moment(device, *call);
  if (const auto* ended = std::get_if<event::Ended>(&told)) on_ended(device, *ended);
  must(Check::Told, !std::holds_alternative<event::Closed>(told), [] { return "the client has closed by itself"; }, {}, device);
  if (const auto* unseen = std::get_if<event::UnseenOutcome>(&told)) on_unseen(device, *unseen);
  const auto* missed = std::get_if<event::Missed>(&told);
  if (missed == nullptr) return;
  const auto& call = case_of(missed->record.call_id);
  const bool is_his = call.durable && concerns(*call.durable, world_.user_of(device));
  const auto* leg = call.durable ? leg_of(*call.durable, world_.user_of(device)) : nullptr;
  must(Check::Told, is_his && leg != nullptr && leg->outcome && !leg->winner, [] { return "told of a missed call that was not missed"; }, missed->record.call_id, device);
  devices_[device].missed.insert(missed->record.call_id);
}

// What became of a call of an earlier life: told once, unless the application was killed before it could say that it knows.
void Judge::on_unseen(DeviceIndex device, const event::UnseenOutcome& told) {
  const auto& call = case_of(told.entry.call_id);
  auto part = std::find_if(parts_.rbegin(), parts_.rend(), [&](const Part& each) { return each.device == device && each.view.call_id == call.id; });
  // Of a call that was withdrawn before it had an id the application was told nothing more.
  const auto placed = [&](const Said& each) { return each.device == device && each.deed == Deed::Invite; };
  const bool was_here = part != parts_.rend() || devices_[device].taken_over.contains(call.id) || std::any_of(call.said.begin(), call.said.end(), placed);
  must(Check::Told, was_here, [] { return "told of an earlier call that never was here"; }, call.id, device);
  devices_[device].unseen.insert_or_assign(call.id, told.entry);
}

void Judge::on_moment(DeviceIndex device, const event::Call& told) {
  auto& part = part_of(device, told.call);
  const auto id = told.call.call_id;
  must(Check::S6, !part.end, [] { return "told of a call after its end"; }, id, device);
  if (rank(told.moment) < 0) return;
  const int before = part.stage ? rank(*part.stage) : -1;
  must(Check::S10, rank(told.moment) > before, [] { return "the call goes backwards"; }, id, device);
  part.stage = told.moment;
  part.staged_at = world_.now();
  if (told.moment == CallMoment::Calling) part.was_calling = true;
  if (told.moment == CallMoment::Incoming) {
    part.was_incoming = true;
    if (woken_for_ == id) coverage_.on_push("makes it ring");
    const auto final = devices_[device].finals.find(*id);
    const bool was_silenced = final != devices_[device].finals.end() && final->second.outcome == Outcome::LostContact;
    must(Check::S5, final == devices_[device].finals.end() || was_silenced, [] { return "rings after its own end"; }, id, device);
  }
  if (told.moment == CallMoment::Connecting) part.was_connecting = true;
  if (told.moment == CallMoment::Active) part.was_active = true;
  if (told.moment == CallMoment::Connecting || told.moment == CallMoment::Active) check_answered(part);
}

void Judge::check_answered(const Part& part) {
  const auto& call = case_of(*part.view.call_id);
  const auto id = world_.device_id_of(part.device);
  bool is_named = false;
  if (call.durable && call.durable->answered_at) {
    const auto* leg = leg_of(*call.durable, world_.user_of(part.device));
    const bool speaks = part.view.role == Role::Caller ? call.durable->caller_device == id : leg != nullptr && leg->winner == id;
    is_named = speaks || call.was_moved;
  }
  must(Check::S7, is_named, [] { return "shows the call as answered, and is not named as who is in it"; }, call.id, part.device);
}

void Judge::on_ended(DeviceIndex device, const event::Ended& told) {
  auto& part = part_of(device, told.call);
  const auto id = told.call.call_id;
  if (!must(Check::S6, !part.end, [] { return "a second end of the same call"; }, id, device)) return;
  part.end = told;
  part.ended_at = world_.now();
  coverage_.on_final(part);
  if (!id) {
    const auto shown = told.outcome;
    must(Check::Told, shown == Outcome::Failed || shown == Outcome::Busy || shown == Outcome::Cancelled || shown == Outcome::LostContact,
         [&] { return "a call that never was shows " + std::string(wire::word(shown)); }, {}, device);
    return;
  }
  check_final(part);
  devices_[device].finals.insert_or_assign(*id, told);
}

// Before the server's end a device may only show what has been decided for it alone, or that it knows nothing.
void Judge::check_final(const Part& part) {
  const auto& call = case_of(*part.view.call_id);
  const auto shown = part.end->outcome;
  if (part.view.handle & k_incoming_bit) {  // what is placed at the same time is a part of its own
    const auto& finals = devices_[part.device].finals;
    const auto before = finals.find(call.id);
    const bool had_one = before != finals.end() && before->second.outcome != Outcome::LostContact && (before->second.call.handle & k_incoming_bit);
    must(Check::S6, !had_one, [] { return "a second end of a call"; }, call.id, part.device);
  }
  if (!call.durable || !is_live(*call.durable)) return;
  const auto id = world_.device_id_of(part.device);
  const auto* leg = leg_of(*call.durable, world_.user_of(part.device));
  const bool by_itself = shown == Outcome::LostContact || (shown == Outcome::Missed && !part.end->reason && part.was_incoming);
  const bool merged = shown == Outcome::AnsweredElsewhere || shown == Outcome::MovedElsewhere || (shown == Outcome::Busy && !part.was_calling);
  bool decided = call.durable->group.has_value();
  if (leg != nullptr) {
    decided = decided || std::any_of(leg->devices.begin(), leg->devices.end(), [&](const auto& each) { return each.device == id && each.outcome == shown; });
  }
  const bool came_to_nothing = part.takes_over && !part.was_connecting && shown == Outcome::Failed;  // the other device has the call
  must(Check::S8, by_itself || merged || decided || came_to_nothing, [&] { return "shows " + std::string(wire::word(shown)) + " while the call lives"; }, call.id, part.device);
}

// --- time

Duration Judge::slept(DeviceIndex device, Instant from, Instant until) const {
  Duration sum{};
  for (const auto& [begin, end] : devices_[device].sleeps) sum += std::max<Duration>(std::min(end, until) - std::max(begin, from), 0us);
  if (devices_[device].slept_since) sum += std::max<Duration>(until - std::max(*devices_[device].slept_since, from), 0us);
  return sum;
}

// How long the server waits for a sign of life.
Duration Judge::patience() const { return std::max(settings_.heartbeat_live * 5 / 2, settings_.unstable_after); }

// What may be under way when something happens: the last word before it is contact.
Duration Judge::slack() const {
  const auto& options = world_.options();
  const auto held_back = patience();
  const Duration lost = options.loss_permille > 0 ? Duration{13s} : Duration{};
  return 1s + 4 * options.max_delay + world_.longest_commit() + held_back + lost;
}

void Judge::look_around() {
  if (!world_.is_server_running()) return;  // it has what is overdue when it is back
  for (const auto id : live_) {
    const auto& call = cases_.at(id);
    const auto problem = reference_.overdue(call, *call.decided, world_.server_now());
    heed(problem && problem->starts_with("L2") ? Check::L2 : problem && problem->starts_with("L4") ? Check::L4 : Check::L1, problem, id);
  }
}

void Judge::check_time_of_end(const Case& call, const Part& part) {
  if (!call.ended_at || call.saw_restart || part.is_dead) return;
  const auto longest = std::max({settings_.caller_grace + 2s, Duration{10s}, call.decided->plan.connect + 2s, std::max(settings_.drop_grace, call.decided->plan.drop_grace), Duration{10s}});
  const bool is_ringing = part.stage == CallMoment::Incoming && !part.answered_at;
  const auto bound = (is_ringing ? Duration{10s} : longest) * 106 / 100 + slack();
  // Whoever answers what rings without contact waits for the answer from then on; until then it was ringing (watchdogs ring contact and answer).
  const auto begun = std::max(*call.ended_at, part.told_at);
  const auto rang = part.answered_at ? *part.answered_at - begun - slept(part.device, begun, *part.answered_at) : Duration{};
  must(Check::L2, rang <= Duration{10s} * 106 / 100 + slack(), [] { return "could be answered long after the end"; }, call.id, part.device);
  const auto since = std::max(begun, part.answered_at.value_or(begun));
  const auto took = part.ended_at - since - slept(part.device, since, part.ended_at);
  must(is_ringing ? Check::L2 : Check::L3, took <= bound,
       [&] { return "told of the end " + std::to_string(to_ms(took)) + " ms after it, at most " + std::to_string(to_ms(bound)); }, call.id, part.device);
}

// From when one side of a conversation is gone until the other stops.
void Judge::check_time_of_media(const Case& call) {
  if (call.saw_restart || call.was_moved || !call.decided || call.decided->group) return;
  const Part* sides[2] = {};
  for (const auto number : call.parts) {
    const auto& part = parts_[number];
    if (part.was_active) sides[part.view.role == Role::Caller ? 0 : 1] = &part;
  }
  if (sides[0] == nullptr || sides[1] == nullptr) return;
  for (int side = 0; side < 2; ++side) {
    const auto& gone = *sides[1 - side];
    const auto& left = *sides[side];
    const auto since = std::max(gone.pressed_at ? std::min(*gone.pressed_at, gone.ended_at) : gone.ended_at, left.staged_at);
    const auto took = left.ended_at - since - slept(left.device, since, left.ended_at) - slept(gone.device, call.decided->created_at, left.ended_at);
    const auto bound = std::max(settings_.drop_grace, call.decided->plan.drop_grace) * 2 * 106 / 100 + slack();
    must(Check::L4, took <= bound, [&] { return "in a conversation with nobody for " + std::to_string(to_ms(took)) + " ms"; }, call.id, left.device);
  }
}

// --- the end of all

// Its application was killed before it was told; a later life has to be, as long as the journal is there.
void Judge::finish_dead_part(const Part& part) {
  const auto id = part.view.call_id;
  if (!id || part.is_wiped) return;
  const auto& watched = devices_[part.device];
  const auto unseen = watched.unseen.find(*id);
  const auto& numbers = cases_.at(*id).parts;
  const bool was_told_later = std::any_of(numbers.begin(), numbers.end(), [&](std::size_t number) {
    const auto& other = parts_[number];
    return other.device == part.device && other.life > part.life && other.end;
  });
  must(Check::L6, unseen != watched.unseen.end() || was_told_later, [] { return "no later life was told what became of the call"; }, *id, part.device);
  const auto& call = cases_.at(*id);
  if (unseen == watched.unseen.end() || !call.durable || call.may_be_forgotten) return;
  auto told = part;
  told.end = event::Ended{part.view, unseen->second.outcome, unseen->second.reason, 0};
  heed(Check::S9, reference_.misfit(call, *call.durable, told), *id, part.device);
}

void Judge::finish_part(const Part& part) {
  const auto id = part.view.call_id;
  if (part.is_dead) return finish_dead_part(part);
  if (!must(Check::L6, part.end.has_value(), [] { return "never told of the end"; }, id, part.device) || !id) return;
  const auto& call = cases_.at(*id);
  if (!call.durable) return;
  check_time_of_end(call, part);
  if (call.is_forgotten || call.may_be_forgotten) {
    must(Check::S9, part.end->outcome != Outcome::Ended || call.durable->answered_at, [] { return "shows as ended what was never answered"; }, *id, part.device);
    return;
  }
  heed(Check::S9, reference_.misfit(call, *call.durable, part), *id, part.device);
}

// Calls that a user has missed, the latest of them, are known to every device of that user: it was told of the call while it lived, or
// of the missed call afterwards.
void Judge::finish_missed_calls() {
  std::map<UserId, std::vector<std::pair<Instant, CallId>>> missed;
  for (const auto& [id, call] : cases_) {
    if (call.may_be_forgotten || !call.durable || is_live(*call.durable)) continue;
    for (const auto& leg : call.durable->legs) {
      const bool is_missed = leg.outcome == Outcome::NoAnswer || leg.outcome == Outcome::Unreachable || leg.outcome == Outcome::Cancelled;
      if (is_missed && !leg.winner && !leg.silent) missed[leg.user].emplace_back(*call.durable->ended_at, id);
    }
  }
  constexpr std::size_t k_surely_kept = 30;  // of the last 100 missed calls; others are among them, too
  for (auto& [user, calls] : missed) {
    std::sort(calls.rbegin(), calls.rend());
    std::vector<CallId> latest;
    for (const auto& [at, id] : calls) latest.push_back(id);
    latest.resize(std::min(latest.size(), k_surely_kept));
    check_missed(user, latest);
  }
}

void Judge::check_missed(const UserId& user, const std::vector<CallId>& missed) {
  for (DeviceIndex device = 0; device < devices_.size(); ++device) {
    if (world_.user_of(device) != user) continue;
    for (const auto id : missed) {
      const bool knows = devices_[device].heard_of.contains(id) || devices_[device].missed.contains(id);
      must(Check::L6, knows, [] { return "never told of a call that was missed"; }, id, device);
    }
  }
}

void Judge::finish() {
  for (const auto& part : parts_) finish_part(part);
  finish_missed_calls();
  for (const auto& [id, call] : cases_) {
    if (!call.decided) continue;
    check_time_of_media(call);
    must(Check::L9, call.is_forgotten || !is_live(*call.decided), [] { return "has not ended"; }, id);
  }
  const auto counts = world_.server_counts();
  must(Check::L9, counts.live_calls == 0, [&] { return std::to_string(counts.live_calls) + " calls are left at the server"; });
  must(Check::L8, std::all_of(calls_of_.begin(), calls_of_.end(), [](const auto& each) { return each.second.empty(); }),
       [] { return "somebody is left in a call"; });
}

}  // namespace offhook::sim
