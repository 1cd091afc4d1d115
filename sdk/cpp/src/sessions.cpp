#include "sessions.hpp"

#include "wire/limits.hpp"

namespace offhook::client {
namespace {

using wire::LeaveReason;
using wire::MissReason;

bool is_for(const Pending& pending, RequestNumber number) {
  const auto* owner = std::get_if<ForRequest>(&pending.owner);
  return owner != nullptr && owner->number == number;
}

// Calls are placed and steered through their own inputs; hello and the like are the engine's own.
bool may_be_requested(const wire::ClientMessage& command) {
  return std::visit(
      [](const auto& said) {
        using Command = std::decay_t<decltype(said)>;
        constexpr bool has_answer = std::is_same_v<Command, wire::GetCall> || std::is_same_v<Command, wire::RingMore>;
        return requires { said.cmd_id; } && (has_answer || !requires { said.call_id; }) && !std::is_same_v<Command, wire::Invite>;
      },
      command);
}

}  // namespace

void Sessions::request(Request&& input) {
  const auto number = input.number;
  if (!may_be_requested(input.command)) {
    return fail(number, {"bad_message", "This command is not for requests: calls have inputs of their own."});
  }
  if (const auto* expect = std::get_if<wire::Expect>(&input.command)) {
    const auto timeout_ms = expect->timeout_ms.value_or(desk_.settings.expect_timeout_ms);
    expectations_[number] = {*expect, desk_.now + std::chrono::milliseconds{timeout_ms}, {}};
  }
  if (auto problem = commands_.submit(std::move(input.command), ForRequest{number})) fail(number, std::move(*problem));
}

// --- answers

void Sessions::on_reply(const Pending& pending, const wire::ReplyBody& body) {
  const auto* owner = std::get_if<ForRequest>(&pending.owner);
  if (const auto* connect = std::get_if<wire::SessionConnect>(&pending.command)) {
    if (const auto* joined = std::get_if<wire::SessionJoined>(&body)) on_joined(*connect, *joined);
  } else if (const auto* leave = std::get_if<wire::SessionDisconnect>(&pending.command)) {
    on_disconnected(leave->session_id, LeaveReason::ClientDisconnected);  // of which the server says nothing to who leaves
  } else if (const auto* present = std::get_if<wire::PresenceReply>(&body)) {
    owner != nullptr ? present_.emplace(present->users.begin(), present->users.end()), void() : on_watching(*present);
  } else if (const auto* expecting = std::get_if<wire::ExpectReply>(&body); expecting != nullptr && owner != nullptr) {
    return on_expecting(owner->number, *expecting);
  }
  if (owner != nullptr) desk_.tell(event::Done{owner->number, body});
}

void Sessions::on_error(const Pending& pending, const Problem& problem) {
  const auto* owner = std::get_if<ForRequest>(&pending.owner);
  if (const auto* connect = std::get_if<wire::SessionConnect>(&pending.command)) {
    on_disconnected(connect->session_id, LeaveReason::NetworkDisconnected);
  }
  // Who wants to leave and is not in (any more) has what he wanted.
  const bool is_out = problem.word == "not_connected" || problem.word == "no_such_session";
  if (is_out && std::holds_alternative<wire::SessionDisconnect>(pending.command)) return on_reply(pending, std::monostate{});
  if (owner != nullptr) fail(owner->number, problem);
}

void Sessions::on_joined(const wire::SessionConnect& command, const wire::SessionJoined& joined) {
  joined_[joined.session_id] = {command.token, Membership::Inside};
  desk_.tell(event::SessionConnected{std::nullopt, joined.session_id, joined.connection, joined.connections, joined.streams});
}

// What it expected there cannot come any more.
void Sessions::on_disconnected(SessionId session, LeaveReason reason) {
  const bool was_joined = joined_.erase(session) > 0;
  miss_all_in(session);
  if (was_joined) desk_.tell(event::SessionDisconnected{std::nullopt, session, reason});
}

bool Sessions::is_joined(SessionId session) const {
  const auto found = joined_.find(session);
  return found != joined_.end() && found->second.state == Membership::Inside;
}

// --- expectations: each ends with exactly one of met, missed and failed

void Sessions::on_expecting(RequestNumber number, const wire::ExpectReply& reply) {
  const auto found = expectations_.find(number);
  if (found == expectations_.end()) return;
  found->second.id = reply.expectation_id;
  found->second.due = desk_.now + std::chrono::milliseconds{reply.remaining_ms};
  const auto early = early_.extract(reply.expectation_id);
  if (early.empty()) return;
  if (const auto* met = std::get_if<wire::ExpectationMet>(&early.mapped())) return on_met(*met);
  on_missed(std::get<wire::ConnectionMissed>(early.mapped()));
}

void Sessions::on_met(const wire::ExpectationMet& event) {
  const auto number = take_waiting(event.expectation_id);
  if (!number) return keep_early(event);
  desk_.tell(event::ExpectationMet{*number, event.connection});
}

void Sessions::on_missed(const wire::ConnectionMissed& event) {
  const auto number = take_waiting(event.expectation_id);
  if (!number) return keep_early(event);
  desk_.tell(event::ConnectionMissed{*number, event.reason});
}

std::optional<RequestNumber> Sessions::take_waiting(ExpectationId id) {
  for (auto it = expectations_.begin(); it != expectations_.end(); ++it) {
    if (it->second.id != id) continue;
    const auto number = it->first;
    expectations_.erase(it);
    return number;
  }
  return std::nullopt;
}

// When a link is lost between the reply and the event, the event is replayed before the command is sent again.
void Sessions::keep_early(Early event) {
  const bool is_awaited = std::any_of(expectations_.begin(), expectations_.end(), [](const auto& e) { return !e.second.id; });
  if (!is_awaited || early_.size() >= k_max_early_expectations) return;
  const auto id = std::visit([](const auto& e) { return e.expectation_id; }, event);
  early_.emplace(id, std::move(event));
}

void Sessions::miss_all_in(SessionId session) {
  std::vector<RequestNumber> all;
  for (const auto& [number, expectation] : expectations_) {
    if (expectation.command.session_id == session) all.push_back(number);
  }
  for (const auto number : all) miss(number, MissReason::ExpecterLeft);
}

void Sessions::miss(RequestNumber number, MissReason reason) {
  expectations_.erase(number);
  commands_.drop([&](const Pending& pending) { return is_for(pending, number); });
  desk_.tell(event::ConnectionMissed{number, reason});
}

void Sessions::fail(RequestNumber number, Problem problem) {
  expectations_.erase(number);
  desk_.tell(event::Failed{number, std::move(problem)});
}

// --- presence

void Sessions::on_presence(const wire::Presence& event) {
  if (present_ && event.online && present_->size() < k_max_present) present_->insert(event.user);
  if (present_ && !event.online) present_->erase(event.user);
  desk_.tell(event::Presence{event.user, event.online});
}

// Watched again for a fresh client: the application is told what has changed meanwhile.
void Sessions::on_watching(const wire::PresenceReply& reply) {
  const std::set<UserId> now(reply.users.begin(), reply.users.end());
  const auto before = std::exchange(present_, now).value_or(std::set<UserId>{});
  for (const auto& user : before) {
    if (!now.contains(user)) desk_.tell(event::Presence{user, false});
  }
  for (const auto& user : now) {
    if (!before.contains(user)) desk_.tell(event::Presence{user, true});
  }
}

// --- fresh clients and the end

// The connections of the forgotten client are gone. The application is told of the new ones when they are there; until then it
// hears nothing of the session.
void Sessions::start_afresh() {
  early_.clear();
  const auto is_leaving = [](const Pending& pending) { return std::holds_alternative<wire::SessionDisconnect>(pending.command); };
  for (const auto& pending : commands_.drop(is_leaving)) on_reply(pending, std::monostate{});
  for (auto& [session, joined] : joined_) {
    if (std::exchange(joined.state, Membership::Rejoining) == Membership::Rejoining) continue;  // asked for already
    commands_.submit(wire::SessionConnect{"", session, joined.token}, ForEngine{});
  }
  renew_expectations();
  if (present_) commands_.submit(wire::WatchPresence{}, ForEngine{});
}

// What was open is opened again for the rest of its time. What the server has not answered is sent again anyway.
void Sessions::renew_expectations() {
  for (auto& [number, expectation] : expectations_) {
    if (!std::exchange(expectation.id, std::nullopt)) continue;
    auto command = expectation.command;
    command.timeout_ms = std::max(to_ms(expectation.due - desk_.now), wire::k_min_expect_timeout_ms);
    commands_.submit(std::move(command), ForRequest{number});
  }
}

void Sessions::close(const Problem& why, LeaveReason reason) {
  while (!expectations_.empty()) miss(expectations_.begin()->first, MissReason::ExpecterLeft);
  for (const auto& [session, joined] : std::exchange(joined_, {})) desk_.tell(event::SessionDisconnected{std::nullopt, session, reason});
  for (const auto& pending : commands_.drop([](const Pending&) { return true; })) {
    if (const auto* owner = std::get_if<ForRequest>(&pending.owner)) fail(owner->number, why);
  }
  early_.clear();
  present_.reset();
}

std::optional<Instant> Sessions::deadline() const {
  std::optional<Instant> first;
  for (const auto& [number, expectation] : expectations_) first = earliest(first, expectation.due + k_expect_margin);
  return first;
}

void Sessions::advance() {
  std::vector<RequestNumber> due;
  for (const auto& [number, expectation] : expectations_) {
    if (expectation.due + k_expect_margin <= desk_.now) due.push_back(number);
  }
  for (const auto number : due) miss(number, MissReason::Timeout);
}

}  // namespace offhook::client
