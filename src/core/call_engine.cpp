#include "core/call_engine.hpp"

#include <algorithm>

#include "core/addressing.hpp"
#include "core/limits.hpp"

namespace offhook::core {

using wire::DeviceState;
using wire::Outcome;
using wire::Phase;
using wire::Reason;

// --- beginning

namespace {

Plan make_plan(const Settings& settings, const wire::Invite& invite) {
  const auto chosen = [](const std::optional<std::int64_t>& ms, Duration otherwise) -> Duration {
    return ms ? std::chrono::milliseconds{*ms} : otherwise;
  };
  const auto cap = chosen(invite.ring_timeout_ms, Duration::max());
  Plan plan;
  plan.setup = std::min(settings.setup_timeout, cap);
  plan.wake = std::min(chosen(invite.wake_timeout_ms, settings.wake_timeout), plan.setup);
  plan.ring = std::min(settings.ring_timeout, cap);
  plan.connect = chosen(invite.connect_timeout_ms, settings.connect_timeout);
  plan.drop_grace = chosen(invite.drop_grace_ms, settings.drop_grace);
  plan.max_duration = chosen(invite.max_duration_ms, settings.max_duration);
  plan.move = std::min(settings.move_timeout, plan.drop_grace - std::chrono::seconds{1});  // always less than the grace
  plan.push_retry = settings.push_retry;
  plan.wait_full_ring = invite.wait_full_ring;
  plan.decline_policy = invite.decline_policy.value_or(settings.decline_policy);
  if (plan.drop_grace != settings.drop_grace) plan.own_drop_grace = plan.drop_grace;
  return plan;
}

}  // namespace

void CallEngine::on(CreateCall&& mail) {
  auto refusal = mail.refusal;
  if (desk_.drain_end) refusal = Refusal{Outcome::Failed, Reason::ServerShutdown};
  if (live_.size() >= desk_.settings.capacity.live_calls) refusal = Refusal{Outcome::Failed, Reason::Overloaded};
  auto& call = calls_[mail.call];
  call.id = mail.call;
  call.project = mail.caller.user.project;
  call.caller.user = mail.caller.user;
  auto& caller = call.caller.devices.emplace_back();
  caller.self = mail.caller;
  caller.state = DeviceState::Calling;
  call.caller.active = &caller;
  call.media = mail.invite.media;
  call.data = mail.invite.data;
  call.plan = make_plan(settings(call), mail.invite);
  call.group = mail.invite.group;
  const auto own = desk_.make_session_id(call.id.slot(), call.project);
  call.session = mail.session.value_or(own);
  call.created_at = desk_.now;
  if (!mail.request) call.invites.push_back({mail.caller.user.user, mail.caller.device, mail.invite.cmd_id, false});
  const auto users = call.group ? call.group->users : std::vector<UserId>{mail.invite.to};
  for (const auto& user : users) {
    const UserKey key{call.project, user};
    const bool is_twice = leg_of(call, key) != nullptr;  // or the caller's own, which has been refused
    if (is_twice && !call.legs.empty()) continue;
    auto& leg = call.legs.emplace_back();
    leg.user = key;
    leg.silent = mail.silent;
    leg.asked = !call.group || refusal.has_value();
  }
  live_.insert(call.id);
  keep_input(call, mail, refusal);
  note(call, NoteKind::Placed, call.caller.user.user, mail.request ? DeviceId() : caller.self.device);
  if (refusal) {
    end_call(call, refusal->outcome, refusal->reason, mail.request ? nullptr : &caller);
  } else {
    begin(call);
    for (const auto& candidate : mail.devices) add_device(call, call.legs.front(), candidate);
    if (!call.group && mail.devices.empty()) note(call, NoteKind::Asked, call.legs.front().user.user);
    changed(call);
    tell_all(call, mail.request ? nullptr : &caller);
  }
  answer_place(call, mail.caller, mail.invite.cmd_id, mail.request, false);
}

void CallEngine::begin(Call& call) {
  desk_.post(CreateSession{call.session, call.project, call.id, {}, {}});
  share(call, call.caller);
  desk_.post(LiveCall{call.caller.active->self.client, call.id, true});
  for (auto& leg : call.legs) {
    begin_leg(call, leg);
    if (call.group) desk_.post(RingLeg{call.id, call.caller.user, leg.user});
  }
}

void CallEngine::begin_leg(Call& call, Leg& leg) {
  arm(call, leg.timers, TimerKind::Setup, desk_.now + call.plan.setup);
  if (!call.plan.wait_full_ring) arm(call, leg.timers, TimerKind::Wake, desk_.now + call.plan.wake);
  share(call, leg);
}

CallDevice& CallEngine::add_device(Call& call, Leg& leg, const Candidate& candidate) {
  auto& device = leg.devices.emplace_back();
  device.self = candidate.member;
  device.second_call = candidate.in_call;
  device.has_push_address = candidate.has_push_address;
  if (!candidate.linked) device.lost_since = desk_.now;
  const bool has_client = device.self.client != ClientId{};
  if (has_client) note(call, NoteKind::Asked, device.self.user.user, device.self.device);
  if (has_client) desk_.post(LiveCall{device.self.client, call.id, true});
  wake_if_needed(call, leg, device);
  return device;
}

// The caller's own client gets a reply; if a backend asked for the call, the client has got the event.
void CallEngine::answer_place(Call& call, const Member& who, const std::string& cmd_id, std::optional<std::uint64_t> request,
                              bool merged) {
  if (request) return desk_.effect(RestAnswered{*request, call.id});
  auto shown = snapshot(call, who);
  shown.merged = merged;
  desk_.reply({who.client, cmd_id}, wire::CallReply{std::move(shown)});
}

// What the user's other calls are decided by.
void CallEngine::share(Call& call, Leg& leg) {
  const bool is_caller = &leg == &call.caller;
  Share share;
  share.peer = is_caller ? call.legs.front().user.user : call.caller.user.user;
  share.outgoing = is_caller;
  share.answered = is_caller ? is_answered(call.phase) : leg.active != nullptr;
  share.group = call.group.has_value();
  if (leg.active != nullptr) {
    share.device = leg.active->self.device;
    share.device_name = leg.active->self.name;
  }
  share.media = call.media;
  share.answered_at = call.answered_at;
  desk_.post(UserCall{leg.user, call.id, std::move(share)});
}

// Two who call each other have one call: the second invite answers the first. Somebody who calls again is back in the call
// that is there, at this device.
void CallEngine::on(InviteAgain&& mail) {
  auto& [caller, invite, request, withdrawn, session] = mail.place;
  auto* call = find(mail.call);
  auto* leg = call == nullptr || call->phase == Phase::Ended ? nullptr : leg_of(*call, caller.user);
  if (leg != nullptr) keep_input(*call, mail);
  auto* device = leg == nullptr ? nullptr : device_in(*leg, caller.device);
  bool merged = device != nullptr && device == leg->active;
  const auto before = leg != nullptr ? call->version : 0;
  const InviteRecord alias{caller.user.user, caller.device, invite.cmd_id, true};
  if (leg != nullptr && !request) note_invite(*call, alias);
  if (leg != nullptr) note_command(*call, caller, wire::ClientMessage(invite));
  if (device != nullptr && !request) confirm({*call, *leg, *device}, caller.client);
  if (leg != nullptr && is_open(*leg)) {
    if (device == nullptr) device = &add_device(*call, *leg, {caller});
    call->media = std::min(call->media, invite.media);
    Speaker who{*call, *leg, *device};
    on_command(who, wire::Answer{});
    merged = who.is_active();
  } else if (leg != nullptr && is_in(*leg) && is_answered(call->phase) && !merged) {
    move_here(*call, *leg, caller);
    merged = leg->moving != nullptr && leg->moving->self.is_same_device(caller);
  }
  if (merged) {
    if (call->version == before) changed(*call);
    if (request) tell(*call, *device_in(*leg, caller.device));
    return answer_place(*call, caller, invite.cmd_id, request, true);
  }
  if (leg != nullptr && !request) call->invites.pop_back();
  CreateCall refused;
  refused.call = desk_.make_id<CallKind>(mail.call.slot());
  refused.refusal = Refusal{Outcome::Busy, Reason::InCall};
  refused.caller = std::move(caller);
  refused.invite = std::move(invite);
  refused.request = request;
  refused.silent = true;  // they talk with each other
  on(std::move(refused));
}

// The first, which made the call, is kept whatever comes.
void CallEngine::note_invite(Call& call, const InviteRecord& invite) {
  if (call.invites.size() >= k_max_invites_per_call) call.invites.erase(call.invites.begin() + 1);
  call.invites.push_back(invite);
}

// --- commands

// Such a command of a device that has come back does not mean that it goes on with the call.
static bool leaves(const wire::ClientMessage& command) {
  return std::holds_alternative<wire::GiveUp>(command) || std::holds_alternative<wire::Hangup>(command) ||
         std::holds_alternative<wire::Cancel>(command);
}

void CallEngine::on(const CallCommand& mail) {
  const Asker asker{mail.who.client, *cmd_id_of(mail.command)};
  auto* call = find(mail.call);
  auto* leg = call == nullptr ? nullptr : leg_of(*call, mail.who.user);
  if (leg == nullptr) return desk_.refuse(asker, wire::ErrorWord::NoSuchCall, "There is no such call, or it is not yours.");
  auto* device = device_in(*leg, mail.who.device);
  const auto* more = std::get_if<wire::RingMore>(&mail.command);
  const auto before = call->version;
  const bool only_asks = std::holds_alternative<wire::GetCall>(mail.command) && (device == nullptr || !device->unconfirmed);
  if (!only_asks) keep_input(*call, mail);
  note_command(*call, mail.who, mail.command);
  if (call->phase != Phase::Ended && std::holds_alternative<wire::MoveHere>(mail.command)) {
    move_here(*call, *leg, mail.who);
  } else if (call->phase != Phase::Ended && device != nullptr && more != nullptr) {
    const bool may = device == leg->active && !leg->outcome;
    if (may && ring_more(*call, more->users)) {
      return desk_.refuse(asker, wire::ErrorWord::LimitReached, "A call rings 16 users at most.");
    }
  } else if (call->phase != Phase::Ended && device != nullptr) {
    Speaker who{*call, *leg, *device};
    if (!leaves(mail.command)) confirm(who, mail.who.client);
    command(who, mail.command);
  }
  device = device_in(*leg, mail.who.device);  // a move makes one
  if (device != nullptr && call->version != before) note_told(*call, *device);
  desk_.reply(asker, wire::CallReply{snapshot(*call, mail.who)});
}

void CallEngine::command(Speaker& who, const wire::ClientMessage& command) {
  std::visit(
      [&](const auto& said) {
        if constexpr (requires { on_command(who, said); }) on_command(who, said);
      },
      command);
}

void CallEngine::on_command(Speaker& who, const wire::Cancel&) {
  if (&who.device == who.leg.moving) return abort_move(who.call, who.leg, &who.device);
  if (!who.is_caller() || !who.is_active() || who.leg.outcome) return;
  const bool answered = is_answered(who.call.phase);
  conclude(who.call, who.leg, answered ? Refusal{Outcome::Ended, Reason::ByCaller} : Refusal{Outcome::Cancelled, Reason::ByUser},
           &who.device);
}

void CallEngine::on_command(Speaker& who, const wire::Hangup&) {
  if (who.is_caller()) return on_command(who, wire::Cancel{});
  if (is_open(who.leg)) return decline(who, wire::DeclineReason::Declined);
  if (&who.device == who.leg.moving) return abort_move(who.call, who.leg, &who.device);
  if (who.is_active() && !who.leg.outcome) conclude(who.call, who.leg, Outcome::Ended, Reason::ByCallee, &who.device);
}

void CallEngine::on_command(Speaker& who, const wire::GiveUp&) {
  auto& call = who.call;
  if (&who.device == who.leg.moving) return abort_move(call, who.leg, &who.device);
  if (who.is_active() && who.leg.outcome) return;
  if (who.is_active() && who.leg.moving != nullptr) {  // another device is about to take over
    who.device.lost_since = who.device.lost_since.value_or(desk_.now);
    changed(call);
  } else if (who.is_active()) {
    const bool answered = is_answered(call.phase);
    if (!who.is_caller()) return conclude(call, who.leg, Outcome::Dropped, Reason::CalleeLost, &who.device);
    conclude(call, who.leg, answered ? Outcome::Dropped : Outcome::Cancelled, Reason::CallerLost, &who.device);
  } else if (can_ring(who.device.state)) {
    leave_ring(call, who.device, DeviceState::Done, Outcome::Missed);
    changed(call);
  }
}

// --- devices that come and go

void CallEngine::on(const DeviceAttached& mail) {
  auto* call = find(mail.call);
  if (call == nullptr || call->phase == Phase::Ended) return;
  auto* leg = leg_of(*call, mail.who.user);
  if (leg == nullptr) return;
  if (auto* input = keep_input(*call, InputKind::Attached, mail.who)) {
    input->in_call = mail.in_call;
    input->named = mail.named;
    input->has_push_address = mail.has_push_address;
  }
  if (auto* device = device_in(*leg, mail.who.device)) {
    Speaker who{*call, *leg, *device};
    return attach(who, mail);
  }
  if (leg == &call->caller || !is_open(*leg) || leg->devices.size() >= k_max_devices_per_call) return;
  add_device(*call, *leg, {mail.who, mail.in_call, mail.has_push_address});  // it learns of the call from its welcome
  changed(*call);
}

// A new client may be an application that was started anew and knows nothing of the call. Its link is no contact in the call
// until it names it; else a device that crashes again and again would keep a call alive that nobody is in.
void CallEngine::attach(Speaker& who, const DeviceAttached& mail) {
  auto& [call, leg, device] = who;
  const bool fresh = device.self.client != mail.who.client;
  device.self = mail.who;
  device.has_push_address = mail.has_push_address;
  const bool takes_part = who.is_active() || &device == leg.moving || can_ring(device.state);
  if (takes_part && !leg.outcome) desk_.post(LiveCall{mail.who.client, call.id, true});
  device.unconfirmed = !mail.named && (fresh || device.unconfirmed);
  if (!device.unconfirmed) return come_back(who, fresh);
  if (device.lost_since) return;
  device.lost_since = desk_.now;
  note(call, NoteKind::Lost, device.self.user.user, device.self.device);
  on_contact_changed(who);
}

void CallEngine::confirm(Speaker who, ClientId client) {
  if (who.device.unconfirmed && who.device.self.client == client) come_back(who, true);
}

void CallEngine::come_back(Speaker& who, bool fresh) {
  auto& [call, leg, device] = who;
  const bool was_lost = device.lost_since.has_value();
  device.unconfirmed = false;
  device.lost_since.reset();
  if (was_lost) note(call, NoteKind::Back, device.self.user.user, device.self.device);
  const bool had_media = fresh && std::exchange(device.has_media, false);  // it must be negotiated again
  if (had_media && call.phase == Phase::Active && !leg.outcome) {
    arm(call, leg.timers, TimerKind::Media, desk_.now + call.plan.drop_grace);
  }
  if (was_lost) on_contact_changed(who);
}

void CallEngine::on(const DeviceLost& mail) {
  auto* call = find(mail.call);
  if (call == nullptr || call->phase == Phase::Ended) return;
  auto* leg = leg_of(*call, mail.who.user);
  auto* device = leg == nullptr ? nullptr : device_in(*leg, mail.who.device);
  if (device == nullptr || device->self.client != mail.who.client || device->lost_since) return;
  if (auto* input = keep_input(*call, InputKind::Lost, mail.who)) input->since = mail.since;
  device->lost_since = mail.since;
  note(*call, NoteKind::Lost, leg->user.user, device->self.device);
  Speaker who{*call, *leg, *device};
  const bool was_pending = is_push_pending(*call);
  if (wake_if_needed(*call, *leg, *device)) {
    changed(*call);
    tell_if_pending_changed(*call, was_pending);
  }
  on_contact_changed(who);
}

// It was lost or is back: those who wait for it are told.
void CallEngine::on_contact_changed(Speaker& who) {
  if (&who.device == who.leg.moving && who.device.lost_since) return abort_move(who.call, who.leg);
  if (!who.is_active() || who.leg.outcome) return;
  arm_grace(who.call, who.leg);
  changed(who.call);
  each_leg(who.call, [&](Leg& other) {
    if (&other == &who.leg) return;
    for (const auto& device : other.devices) {
      if (!device.outcome) tell(who.call, device);
    }
  });
}

void CallEngine::on(const SessionPresence& mail) {
  auto* call = find(mail.call);
  if (call == nullptr || !is_answered(call->phase)) return;
  auto* leg = leg_of(*call, mail.user);
  auto* device = leg == nullptr ? nullptr : device_in(*leg, mail.device);
  if (device == nullptr) return;
  keep_input(*call, mail);
  device->in_session = mail.joined;
  note(*call, mail.joined ? NoteKind::Joined : NoteKind::Left, leg->user.user, device->self.device);
  if (mail.joined) confirm({*call, *leg, *device}, device->self.client);
  if (call->media != wire::Media::None || !mail.joined) return;
  device->has_media = true;
  const bool was_awaited = leg->timers.contains(TimerKind::Media);
  disarm(leg->timers, TimerKind::Media);
  const bool moves = device == leg->moving;
  if (moves) finish_move(*call, *leg, nullptr);
  if (!activate_if_connected(*call, nullptr) && was_awaited && !moves) changed(*call);
}

void CallEngine::on(const AskSnapshot& mail) {
  auto* call = find(mail.call);
  auto* leg = call == nullptr ? nullptr : leg_of(*call, mail.who.user);
  SnapshotGiven given{mail.who.client, std::nullopt};
  if (leg != nullptr) {
    const auto* device = device_in(*leg, mail.who.device);
    const bool takes_part = device != nullptr && call->phase != Phase::Ended && !device->outcome;
    if (takes_part || mail.named) given.call = snapshot(*call, mail.who);
  }
  desk_.post(std::move(given));
}

// --- helpers

void CallEngine::disarm(Timers& timers, TimerKind kind) {
  auto node = timers.extract(kind);
  if (!node.empty()) desk_.timers.cancel(node.mapped().handle);
}

void CallEngine::disarm_all(Timers& timers) {
  for (auto& [kind, armed] : timers) desk_.timers.cancel(armed.handle);
  timers.clear();
}

// Was this one among those that have just expired? Of several deadlines at one moment the first may have disarmed or moved
// the others.
bool CallEngine::take_expired(Timers& timers, TimerKind kind) {
  const auto armed = timers.find(kind);
  if (armed == timers.end() || desk_.timers.at(armed->second.handle)) return false;
  timers.erase(armed);
  return true;
}

// One that has just expired and is served next is due now.
std::optional<Instant> CallEngine::at(const Timers& timers, TimerKind kind) const {
  const auto found = timers.find(kind);
  return found == timers.end() ? std::nullopt : std::optional(desk_.timers.at(found->second.handle).value_or(desk_.now));
}

Call* CallEngine::find(CallId id) {
  const auto found = calls_.find(id);
  return found == calls_.end() ? nullptr : &found->second;
}

Leg* CallEngine::leg_of(Call& call, const UserKey& user) {
  if (call.caller.user == user) return &call.caller;
  for (auto& leg : call.legs) {
    if (leg.user == user) return &leg;
  }
  return nullptr;
}

CallDevice* CallEngine::device_in(Leg& leg, const DeviceId& device) {
  for (auto& candidate : leg.devices) {
    if (candidate.self.device == device) return &candidate;
  }
  return nullptr;
}

}  // namespace offhook::core
