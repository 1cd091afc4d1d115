// What the server decides and says. What applications are told is in judge_shown.cpp.
#include "sim/judge.hpp"

#include <algorithm>

#include "wire/codec.hpp"

namespace offhook::sim {

using core::CallRecord;
using wire::DeviceState;
using wire::Outcome;
using wire::Phase;
using wire::Reason;

namespace {

constexpr std::size_t k_max_findings = 20;  // the first tells most

std::optional<std::pair<CallId, Deed>> deed_in(const wire::ClientMessage& message) {
  const auto is = [&](auto kind) { return std::get_if<decltype(kind)>(&message); };
  if (const auto* said = is(wire::RingAck{})) return {{said->call_id, said->busy ? Deed::RingBusy : Deed::RingAck}};
  if (const auto* said = is(wire::Ignore{})) return {{said->call_id, Deed::Ignore}};
  if (const auto* said = is(wire::Answer{})) return {{said->call_id, Deed::Answer}};
  if (const auto* said = is(wire::Decline{})) return {{said->call_id, said->reason == wire::DeclineReason::Busy ? Deed::DeclineBusy : Deed::Decline}};
  if (const auto* said = is(wire::Cancel{}); said != nullptr && said->call_id) return {{*said->call_id, Deed::Cancel}};
  if (const auto* said = is(wire::Hangup{})) return {{said->call_id, Deed::Hangup}};
  if (const auto* said = is(wire::GiveUp{})) return {{said->call_id, Deed::GiveUp}};
  if (const auto* said = is(wire::MediaUp{})) return {{said->call_id, Deed::MediaUp}};
  if (const auto* said = is(wire::MediaDown{})) return {{said->call_id, Deed::MediaDown}};
  if (const auto* said = is(wire::MediaFailed{})) return {{said->call_id, Deed::MediaFailed}};
  if (const auto* said = is(wire::MoveHere{})) return {{said->call_id, Deed::MoveHere}};
  if (const auto* said = is(wire::RingMore{})) return {{said->call_id, Deed::RingMore}};
  if (const auto* said = is(wire::GetCall{})) return {{said->call_id, Deed::Ask}};
  return std::nullopt;
}

std::vector<UserId> users_of(const CallRecord& record) {
  std::vector<UserId> users{record.caller};
  for (const auto& leg : record.legs) users.push_back(leg.user);
  return users;
}

bool is_before_answer(Outcome outcome) {
  return outcome == Outcome::Declined || outcome == Outcome::Cancelled || outcome == Outcome::NoAnswer || outcome == Outcome::Unreachable || outcome == Outcome::Busy;
}

}  // namespace

std::string_view name_of(Check check) {
  constexpr std::string_view k_names[] = {"S1", "S2", "S3", "S4", "S5", "S6", "S7", "S8", "S9", "S10", "S11", "S12", "S13", "S14", "S15", "S16",
                                          "L1", "L2", "L3", "L4", "L5", "L6", "L8", "L9", "reference", "told", "store"};
  static_assert(std::size(k_names) == k_checks);
  return k_names[static_cast<std::size_t>(check)];
}

Judge::Judge(const World& world, Coverage& coverage)
    : world_(world),
      settings_(world.options().settings),
      coverage_(coverage),
      reference_(
          settings_,
          [this](const UserId& user, const DeviceId& device) -> const Contact* {
            const auto index = world_.find_device(user, device);
            return index && *index < devices_.size() ? &devices_[*index].contact : nullptr;
          },
          [this](DeviceIndex device) { return std::pair(world_.user_of(device), world_.device_id_of(device)); }) {}

bool Judge::must(Check check, bool holds, const std::function<std::string()>& what, std::optional<CallId> call, std::optional<DeviceIndex> device) {
  ++looked_at_[static_cast<std::size_t>(check)];
  if (!holds && findings_.size() < k_max_findings) findings_.push_back({check, what(), call, device, world_.now()});
  return holds;
}

void Judge::heed(Check check, const std::optional<std::string>& problem, std::optional<CallId> call, std::optional<DeviceIndex> device) {
  must(check, !problem, [&] { return *problem; }, call, device);
}

Case& Judge::case_of(CallId id) {
  auto& found = cases_[id];
  found.id = id;
  return found;
}

// --- what is said to the server

void Judge::on_link(DeviceIndex device, core::LinkId link, bool is_there, std::optional<std::uint16_t> code) {
  auto& contact = devices_[device].contact;
  if (is_there || contact.link != link || !contact.is_linked) return;
  constexpr std::uint16_t k_no_contact = 4004;
  contact.is_linked = false;
  contact.lost_at = code == k_no_contact ? contact.heard_at : world_.server_now();
}

void Judge::on_serving(const Cause& cause) {
  asked_about_.reset();
  before_.reset();
  deed_ = Deed::Ask;
  is_certain_ = false;
  if (cause.kind != Cause::Kind::Command) return;
  auto& contact = devices_[*cause.device].contact;
  if (const auto* hello = std::get_if<wire::Hello>(cause.command)) {
    contact.greeted_at = world_.server_now();
    if (!hello->resume) contact.fresh_at = world_.server_now();
    contact.link = cause.link;
    contact.is_linked = true;
  }
  if (contact.link != cause.link || !contact.is_linked) return;  // a socket that the server has given up
  contact.heard_at = world_.server_now();
  note_command(*cause.device, *cause.command);
}

void Judge::note_command(DeviceIndex device, const wire::ClientMessage& command) {
  const auto* invite = std::get_if<wire::Invite>(&command);
  const auto* join = std::get_if<wire::SessionConnect>(&command);
  if (invite != nullptr) deed_ = Deed::Invite;
  const auto* cmd_id = wire::cmd_id_of(command);
  is_certain_ = cmd_id != nullptr && devices_[device].answers.try_emplace(*cmd_id).second;
  if (join != nullptr) {
    const auto session = sessions_.find(join->session_id);
    if (session == sessions_.end()) return;
    asked_about_ = session->second;
    deed_ = Deed::Join;
  } else if (const auto deed = deed_in(command)) {
    asked_about_ = deed->first;
    deed_ = deed->second;
  }
  if (!asked_about_) return;
  const auto found = cases_.find(*asked_about_);
  if (found == cases_.end() || !found->second.decided || found->second.is_forgotten) return asked_about_.reset();
  auto& call = found->second;
  before_ = call.decided;
  coverage_.on_deed(before_->phase, deed_);
  call.said.push_back({world_.server_now(), device, deed_});
  call.was_moved = call.was_moved || deed_ == Deed::MoveHere;
}

void Judge::on_served(const Cause& cause) {
  if (cause.kind == Cause::Kind::Sender && refused_) {
    const auto& call = cases_.at(*std::exchange(refused_, std::nullopt));
    if (call.decided) heed(Check::Reference, reference_.is_waiting_for_nobody(call, *call.decided), call.id);
  }
  if (cause.kind != Cause::Kind::Command || !asked_about_ || !before_ || !is_certain_) return;
  const auto& call = cases_.at(*asked_about_);
  if (call.was_moved || deed_ == Deed::Join) return;
  const auto problem = reference_.neglect(*before_, *call.decided, deed_, *cause.device);
  heed(Check::S4, problem, call.id, cause.device);
}

// --- what the server keeps

void Judge::on_decided(const Cause& cause, const core::Record& record) {
  if (const auto* rules = std::get_if<core::RulesRecord>(&record)) rules_[rules->user.user] = rules->rules;
  if (const auto* call = std::get_if<CallRecord>(&record)) on_call_decided(cause, *call);
}

void Judge::on_call_decided(const Cause& cause, const CallRecord& record) {
  auto& call = case_of(record.id);
  const auto* before = call.decided ? &*call.decided : nullptr;
  if (cause.kind == Cause::Kind::Command && deed_ == Deed::Invite) {
    const auto& invite = std::get<wire::Invite>(*cause.command);
    if (before == nullptr) call.ring_timeout_ms = invite.ring_timeout_ms;
    coverage_.on_deed(before == nullptr ? std::nullopt : std::optional(before->phase), Deed::Invite);
    call.said.push_back({world_.server_now(), *cause.device, Deed::Invite});
    call.was_moved = call.was_moved || (before != nullptr && before->answered_at);
  }
  heed(Check::Reference, reference_.objection(call, before, record, cause, world_.server_now()), record.id);
  if (before != nullptr) check_order(call, *before, record);
  check_record(cause, record);
  if (before == nullptr) check_busy(record);
  coverage_.on_change(before, record);
  sessions_[record.session] = record.id;
  call.decided = record;
  index(record);
  check_pairs(record);
  if (!is_live(record)) call.ended_at = world_.now();
}

void Judge::check_order(const Case& call, const CallRecord& before, const CallRecord& after) {
  const auto id = after.id;
  if (!must(Check::S1, is_live(before), [] { return "the record of an ended call has changed"; }, id)) return;
  if (before.answered_at && !is_live(after)) {
    must(Check::S3, !is_before_answer(*after.outcome), [&] { return "ended " + std::string(wire::word(*after.outcome)) + " though it was answered"; }, id);
  }
  // What was decided in time and not yet stored when the server went away is decided again when it is back.
  const auto unstored = call.saw_restart ? world_.longest_commit() : Duration{};
  if (before.phase == Phase::Inviting && after.phase != Phase::Inviting && !before.group) {
    const auto now = world_.server_now();
    must(Check::L1, now <= before.created_at + before.plan.setup + call.away + unstored, [] { return "it rang longer than setup_timeout"; }, id);
  }
  if (before.phase == Phase::Connecting && after.phase != Phase::Connecting && !before.group) {
    constexpr Duration k_restart_extension = 15s;
    const auto extension = call.saw_restart ? call.away + unstored + k_restart_extension : Duration{};
    must(Check::L5, world_.server_now() <= *before.answered_at + before.plan.connect + extension, [] { return "connecting longer than connect_timeout"; }, id);
  }
}

void Judge::check_record(const Cause& cause, const CallRecord& record) {
  for (const auto& leg : record.legs) {
    const auto winners = std::count_if(leg.devices.begin(), leg.devices.end(), [](const auto& device) { return device.state == DeviceState::Winner && !device.outcome; });
    must(Check::S2, winners <= 1, [&] { return leg.user + " has " + std::to_string(winners) + " devices in the call"; }, record.id);
  }
  if (!is_live(record) || cause.kind == Cause::Kind::Start) return;  // what is over is served next
  const auto longest = std::max({record.plan.setup, record.plan.connect, record.plan.max_duration}) + 15s;
  const auto now = world_.server_now();
  const bool is_bounded = record.deadline && *record.deadline >= now && *record.deadline <= now + longest;
  must(Check::S16, is_bounded, [&] { return "in phase " + std::string(wire::word(record.phase)) + " without a deadline, or with one that is over or far away"; }, record.id);
}

bool Judge::is_in_call(const UserId& user, CallId except) const {
  const auto found = calls_of_.find(user);
  if (found == calls_of_.end()) return false;
  return std::any_of(found->second.begin(), found->second.end(), [&](CallId id) {
    const auto& record = *cases_.at(id).decided;
    const auto* leg = leg_of(record, user);
    return id != except && ((record.caller == user && !record.caller_leg.outcome) || (leg != nullptr && leg->winner && !leg->outcome));
  });
}

// Busy is derived from live calls: nobody is busy without one, and nobody who wants to be is not.
void Judge::check_busy(const CallRecord& record) {
  if (record.group) return;
  const auto& callee = record.legs.front().user;
  const auto rules = rules_[callee];
  const bool is_blocked = std::find(rules.blocked.begin(), rules.blocked.end(), record.caller) != rules.blocked.end();
  const auto found = calls_of_.find(callee);
  const auto live = found == calls_of_.end() ? std::size_t{0} : found->second.size();
  if (is_live(record)) {
    const bool is_free = rules.call_waiting != wire::CallWaiting::Off || !is_in_call(callee, record.id);
    must(Check::S12, is_free && !is_blocked && !rules.do_not_disturb, [&] { return callee + " is rung against the rules of that user"; }, record.id);
  } else if (record.outcome == Outcome::Busy && record.reason == Reason::InCall) {
    const bool is_meant = is_blocked && settings_.blocked_as == core::BlockedAs::Busy;
    must(Check::S12, is_meant || live > 0, [&] { return callee + " is busy without a live call"; }, record.id);
  } else if (record.outcome == Outcome::Busy && record.reason == Reason::RingSlotsFull) {
    must(Check::S12, live >= static_cast<std::size_t>(rules.max_parallel_rings), [&] { return callee + " has no ring slot left, without so many calls"; }, record.id);
  }
}

void Judge::index(const CallRecord& record) {
  if (is_live(record)) {
    live_.insert(record.id);
  } else {
    live_.erase(record.id);
  }
  const auto note = [&](const UserId& user, bool is_in) {
    if (is_in) {
      calls_of_[user].insert(record.id);
    } else if (const auto found = calls_of_.find(user); found != calls_of_.end()) {
      found->second.erase(record.id);
    }
  };
  note(record.caller, is_live(record) && !record.caller_leg.outcome);
  for (const auto& leg : record.legs) note(leg.user, is_live(record) && !leg.outcome);
}

void Judge::check_pairs(const CallRecord& record) {
  if (!is_live(record) || record.group) return;
  const auto& callee = record.legs.front().user;
  for (const auto id : calls_of_[record.caller]) {
    const auto& other = *cases_.at(id).decided;
    if (id == record.id || other.group) continue;
    const bool is_same_pair = (other.caller == callee || other.legs.front().user == callee);
    must(Check::S13, !is_same_pair, [&] { return "a second live call of " + record.caller + " and " + callee; }, record.id);
  }
}

void Judge::on_durable(const core::Record& record) {
  if (const auto* rules = std::get_if<core::RulesRecord>(&record)) durable_rules_[rules->user.user] = rules->rules;
  if (const auto* call = std::get_if<CallRecord>(&record)) case_of(call->id).durable = *call;
}

// What was decided and not durable may have been lost; nobody can have been told of it.
void Judge::on_server(bool is_there) {
  if (!is_there) {
    gone_at_ = world_.server_now();
    await_what_was_kept();
    rules_ = durable_rules_;
    for (auto& [id, call] : cases_) {
      const bool is_open = call.decided && (is_live(*call.decided) || !call.durable || call.durable->version != call.decided->version);
      if (is_open && !call.is_forgotten) go_back(call);
    }
    return;
  }
  for (const auto id : awaited_) {
    const auto& kept = *cases_.at(id).durable;
    const bool is_too_old = kept.ended_at && *kept.ended_at < world_.server_now() - settings_.keep_ended;
    must(Check::Store, is_too_old, [] { return "was durable, and the server that has started does not know it"; }, id);
  }
  must(Check::Store, awaited_rules_.empty(), [] { return "rules that were durable are gone"; });
  for (const auto id : live_) {
    cases_.at(id).away += world_.server_now() - gone_at_;
    cases_.at(id).started_at = world_.server_now();
  }
}

void Judge::await_what_was_kept() {
  awaited_.clear();
  awaited_rules_.clear();
  for (const auto& [user, rules] : durable_rules_) awaited_rules_.insert(user);
  for (const auto& [id, call] : cases_) {
    if (call.may_be_forgotten || !call.durable) continue;
    if (is_live(*call.durable) || *call.durable->ended_at >= gone_at_ - settings_.keep_ended) awaited_.insert(id);
  }
}

void Judge::go_back(Case& call) {
  call.saw_restart = true;
  call.newest_lost = std::max(call.newest_lost, call.decided->version);
  for (const auto& user : users_of(*call.decided)) calls_of_[user].erase(call.id);
  live_.erase(call.id);
  call.ended_at.reset();
  call.decided = call.durable;
  if (call.decided) index(*call.decided);
}

// Everything that was durable, and of what was on its way what the disk has kept of it.
void Judge::on_found(const core::Record& record) {
  if (const auto* call = std::get_if<CallRecord>(&record)) on_call_found(*call);
  const auto* rules = std::get_if<core::RulesRecord>(&record);
  if (rules == nullptr) return;
  awaited_rules_.erase(rules->user.user);
  rules_[rules->user.user] = durable_rules_[rules->user.user] = rules->rules;
}

void Judge::on_call_found(const CallRecord& record) {
  auto& call = case_of(record.id);
  awaited_.erase(record.id);
  const auto before = call.durable ? call.durable->version : 0;
  const bool is_possible = record.version == before || (record.version > before && record.version <= call.newest_lost);
  must(Check::Store, is_possible, [&] { return "found in version " + std::to_string(record.version) + ", durable was " + std::to_string(before); }, record.id);
  const bool has_survived = record.version > before;
  if (has_survived || call.newest_lost > before) coverage_.on_fault(has_survived ? "a record nobody was told of has survived" : "a record nobody was told of is lost");
  if (!has_survived) return;
  call.saw_restart = true;
  call.durable = call.decided = record;
  index(record);
  if (!is_live(record)) call.ended_at = world_.now();
}

void Judge::on_amnesia() {
  for (const auto id : live_) cases_.at(id).is_forgotten = true;
  for (auto& [id, call] : cases_) call.may_be_forgotten = true;
  awaited_.clear();
  awaited_rules_.clear();
  live_.clear();
  calls_of_.clear();
  rules_.clear();
  durable_rules_.clear();
  for (auto& device : devices_) device.answers.clear();
}

// --- what the server says

void Judge::on_said(DeviceIndex device, const wire::ServerMessage& message) {
  if (const auto* event = std::get_if<wire::CallEvent>(&message)) devices_[device].heard_of.insert(event->call.call_id);
  if (const auto* reply = std::get_if<wire::Reply>(&message)) {
    const auto* call = std::get_if<wire::CallReply>(&reply->body);
    if (call != nullptr) check_snapshot(device, call->call);
    check_reply(device, reply->cmd_id, call == nullptr ? std::nullopt : std::optional(call->call.call_id));
    if (const auto* joined = std::get_if<wire::SessionJoined>(&reply->body)) {
      const auto session = sessions_.find(joined->session_id);
      if (session == sessions_.end()) return;
      const auto& record = cases_.at(session->second).durable;
      must(Check::S14, record && record->answered_at, [] { return "let into the session of a call that is not answered"; }, session->second, device);
    }
  } else if (const auto* welcome = std::get_if<wire::Welcome>(&message)) {
    auto& contact = devices_[device].contact;
    (welcome->resumed ? contact.greeted_at : contact.fresh_at) = welcome->resumed ? Instant{} : world_.server_now();
    for (const auto& call : welcome->calls) check_snapshot(device, call);
  }
}

// Fresh word, not a replay: after the end nobody is told that the call lives.
void Judge::check_snapshot(DeviceIndex device, const wire::Snapshot& snapshot) {
  devices_[device].heard_of.insert(snapshot.call_id);
  const auto& call = case_of(snapshot.call_id);
  if (!must(Check::S15, call.durable.has_value(), [] { return "told of a call that is not durable"; }, snapshot.call_id, device)) return;
  const bool ends = snapshot.phase == Phase::Ended;
  must(Check::S15, is_live(*call.durable) || ends, [] { return "told after the end that the call lives"; }, snapshot.call_id, device);
  must(Check::S14, !ends || !snapshot.session_id, [] { return "told the session of a call that has ended"; }, snapshot.call_id, device);
}

void Judge::check_reply(DeviceIndex device, const std::string& cmd_id, std::optional<CallId> call) {
  auto& known = devices_[device].answers[cmd_id];
  if (!call) return;
  if (known) must(Check::S11, *known == *call, [&] { return "the command " + cmd_id + " was answered with another call before"; }, call, device);
  known = call;
  ++looked_at_[static_cast<std::size_t>(Check::S11)];
}

}  // namespace offhook::sim
