#include "core/session_engine.hpp"

#include <algorithm>

#include "core/addressing.hpp"
#include "core/limits.hpp"
#include "core/session_roles.hpp"

namespace offhook::core {

using wire::ErrorWord;
using wire::LeaveReason;
using wire::MissReason;

void SessionEngine::on(const CreateSession& mail) {
  if (!mail.call && sessions_.size() >= desk_.settings.capacity.sessions) {
    if (mail.asker) desk_.refuse(*mail.asker, ErrorWord::LimitReached, "The server holds 200 000 sessions, its limit.");
    if (mail.request) desk_.effect(RestAnswered{*mail.request, RestRefusal::LimitReached});
    return;
  }
  if (!mail.call) {
    begin(mail.session, mail.project);
    return answer(mail);
  }
  auto& session = sessions_[mail.session];  // the call's record brings it back
  session.id = mail.session;
  session.project = mail.project;
  session.calls.insert(*mail.call);
}

SessionEngine::Session& SessionEngine::begin(SessionId id, const ProjectId& project) {
  auto& session = sessions_[id];
  session.id = id;
  session.project = project;
  session.stands_alone = true;
  desk_.arm(session.forget, desk_.now + k_session_lifetime, TimerKind::ForgetSession, id);
  session.created_at = desk_.now;
  desk_.effect(Store{record(session)});
  return session;
}

void SessionEngine::answer(const CreateSession& mail) {
  if (mail.asker) desk_.effect(MakeSessionToken{mail.asker->client, mail.asker->cmd_id, mail.project, mail.session});
  if (mail.request) desk_.effect(SessionMade{*mail.request, mail.session});
}

// Nobody is connected any more, so it has its lifetime before it.
void SessionEngine::restore(const SessionRecord& kept) {
  auto& session = sessions_[kept.id];
  session.id = kept.id;
  session.project = kept.project;
  session.stands_alone = true;
  session.created_at = kept.created_at;
  session.mutes_new_streams = kept.mutes_new_streams;
  desk_.arm(session.forget, desk_.now + k_session_lifetime, TimerKind::ForgetSession, kept.id);
}

SessionRecord SessionEngine::record(const Session& session) {
  return {session.id, session.project, session.created_at, session.mutes_new_streams};
}

void SessionEngine::on(const Admit& mail) {
  auto* session = find(mail.session);
  if (session == nullptr) return;
  session->admitted.insert({mail.user, mail.device});
  for (const auto& [id, joined] : session->connections) {  // of a session that was there before the call
    if (joined.member.user != mail.user || joined.member.device != mail.device) continue;
    for (const auto& call : session->calls) desk_.post(SessionPresence{call, mail.user, mail.device, true});
  }
}

void SessionEngine::on(const Expel& mail) {
  auto* session = find(mail.session);
  if (session == nullptr) return;
  session->admitted.erase({mail.user, mail.device});
  for (const auto& [id, joined] : session->connections) {
    const bool is_meant = joined.member.user == mail.user && joined.member.device == mail.device;
    if (!is_meant || (session->stands_alone && joined.by_token)) continue;
    return leave(*session, id, LeaveReason::ForceDisconnected, true);
  }
}

void SessionEngine::on(const CloseSession& mail) {
  auto* session = find(mail.session);
  if (session == nullptr) return;
  if (session->stands_alone) return detach(*session, mail.call);
  while (!session->connections.empty()) leave(*session, session->connections.begin()->first, mail.reason, true);
  desk_.timers.cancel(session->forget);
  sessions_.erase(mail.session);
}

// The call is over; who is there because of it alone has to go.
void SessionEngine::detach(Session& session, const CallId& call) {
  if (session.calls.erase(call) == 0 || !session.calls.empty()) return;
  session.admitted.clear();
  std::vector<ConnectionId> guests;
  for (const auto& [id, joined] : session.connections) {
    if (!joined.by_token) guests.push_back(id);
  }
  for (const auto& guest : guests) leave(session, guest, LeaveReason::CallEnded, true);
}

// An OpenTok session never ends: its id and the project's signature in the token are enough to begin it again.
SessionEngine::Session* SessionEngine::revive(const SessionCommand& mail) {
  const bool revives = mail.claims && mail.claims->revives && mail.claims->session == mail.session &&
                       mail.claims->project == mail.who.user.project && std::holds_alternative<wire::SessionConnect>(mail.command);
  return revives && sessions_.size() < desk_.settings.capacity.sessions ? &begin(mail.session, mail.who.user.project) : nullptr;
}

bool SessionEngine::may_name(SessionId id, const ProjectId& project) {
  if (const auto* session = find(id)) return session->project == project && session->stands_alone;
  if (!is_session_of(id, project) || sessions_.size() >= desk_.settings.capacity.sessions) return false;
  begin(id, project);
  return true;
}

void SessionEngine::on(SessionCommand&& mail) {
  const Asker asker{mail.who.client, *cmd_id_of(mail.command)};
  auto* session = find(mail.session);
  if (session == nullptr) session = revive(mail);
  const auto* sender = session == nullptr ? nullptr : find_joined(*session, mail.who.client);
  const bool opens = mail.claims && mail.claims->session == mail.session && mail.claims->project == mail.who.user.project;
  // To somebody without a right to it, a session that exists looks like one that does not.
  if (session == nullptr || session->project != mail.who.user.project ||
      (sender == nullptr && !opens && !may_join(*session, mail))) {
    return desk_.refuse(asker, ErrorWord::NoSuchSession, "There is no such session, or nothing lets you into it.");
  }
  const bool works_outside = std::holds_alternative<wire::SessionConnect>(mail.command) ||
                             std::holds_alternative<wire::SessionReject>(mail.command);
  if (sender == nullptr && !works_outside) {
    return desk_.refuse(asker, ErrorWord::NotConnected, "Send session_connect for this session first.");
  }
  if (sender != nullptr && !may_send(sender->role, mail.command)) {
    return desk_.refuse(asker, ErrorWord::NotAllowed, "The role of this connection's token does not allow that.");
  }
  Visit visit{*session, find_joined(*session, mail.who.client), mail, asker};
  std::visit(
      [&](const auto& command) {
        if constexpr (requires { on_command(visit, command); }) on_command(visit, command);
      },
      mail.command);
}

bool SessionEngine::may_join(const Session& session, const SessionCommand& mail) const {
  return session.admitted.contains({mail.who.user, mail.who.device});
}

void SessionEngine::on_command(Visit& visit, const wire::SessionConnect&) {
  auto& session = visit.session;
  const bool is_new = visit.own == nullptr;
  if (is_new) {
    if (session.connections.size() >= k_max_connections_per_session) {
      return desk_.refuse(visit.asker, ErrorWord::LimitReached, "The session holds 1000 connections, its limit.");
    }
    const auto id = desk_.make_id<ConnectionKind>(session.id.slot());
    Joined joined;
    joined.member = visit.mail.who;
    joined.shown.connection_id = id;
    if (!visit.mail.anonymous) joined.shown.user = visit.mail.who.user.user;
    if (const auto& claims = visit.mail.claims; claims && claims->session == session.id) {
      joined.shown.data = claims->data;
      joined.role = claims->role;
      joined.first_classes = claims->layout_classes;
      joined.by_token = true;
    }
    joined.shown.created_at_ms = to_unix_ms(desk_.now);
    visit.own = &session.connections.emplace(id, std::move(joined)).first->second;
    session.connection_of.emplace(visit.asker.client, id);
    if (session.connections.size() == 1) occupied_[session.project].insert(session.id);
    announce(session, SessionNews::ConnectionCreated, *visit.own, nullptr, std::nullopt);
    desk_.timers.cancel(session.forget);
    desk_.post(Membership{visit.asker.client, session.id, true});
  }
  const auto own = visit.own->shown;
  wire::SessionJoined reply{session.id, own, {}, {}};
  for (const auto& [id, other] : session.connections) {
    if (id == own.connection_id) continue;
    reply.connections.push_back(other.shown);
    if (!may_subscribe(visit.own->role)) continue;
    for (const auto& [stream_id, stream] : other.streams) reply.streams.push_back(stream);
  }
  desk_.reply(visit.asker, std::move(reply));
  if (!is_new) return;
  tell_others(session, own.connection_id, wire::ConnectionCreated{0, session.id, own});
  meet_expectations(session, *visit.own);
  for (const auto& call : session.calls) desk_.post(SessionPresence{call, visit.mail.who.user, visit.mail.who.device, true});
}

void SessionEngine::on_command(Visit& visit, const wire::SessionDisconnect&) {
  leave(visit.session, visit.own->shown.connection_id, LeaveReason::ClientDisconnected, false);
  desk_.reply(visit.asker);
}

void SessionEngine::on_command(Visit& visit, const wire::Signal& command) {
  const auto event = share_message(wire::SignalEvent{0, visit.session.id, visit.own->shown.connection_id, command.signal_type, command.data});
  if (!command.to) {
    for (const auto& [id, joined] : visit.session.connections) desk_.tell(joined.member.client, event);
    return desk_.reply(visit.asker);
  }
  const auto target = visit.session.connections.find(*command.to);
  if (target == visit.session.connections.end()) {
    return desk_.refuse(visit.asker, ErrorWord::NoSuchConnection, "That connection is not in the session (any more).");
  }
  desk_.tell(target->second.member.client, event);
  desk_.reply(visit.asker);
}

void SessionEngine::on_command(Visit& visit, const wire::Publish& command) {
  std::size_t streams = 0;
  for (const auto& [id, joined] : visit.session.connections) streams += joined.streams.size();
  if (streams >= k_max_streams_per_session) {
    return desk_.refuse(visit.asker, ErrorWord::LimitReached, "The session holds 64 streams, its limit.");
  }
  const auto& own = visit.own->shown.connection_id;
  const auto id = desk_.make_id<StreamKind>(visit.session.id.slot());
  publish(visit, {id, own, command.name, command.has_audio, command.has_video, command.video_type, to_unix_ms(desk_.now)});
}

void SessionEngine::publish(Visit& visit, const wire::Stream& asked) {
  auto& stream = visit.own->streams.emplace(asked.stream_id, asked).first->second;
  if (!visit.own->first_classes.empty()) visit.own->layout_classes[stream.stream_id] = visit.own->first_classes;
  const bool is_muted = visit.session.mutes_new_streams && stream.has_audio;
  stream.has_audio = stream.has_audio && !is_muted;
  announce(visit.session, SessionNews::StreamCreated, *visit.own, &stream, std::nullopt);
  desk_.reply(visit.asker, wire::StreamReply{stream});
  tell_subscribers(visit.session, stream.connection_id, wire::StreamCreated{0, visit.session.id, stream});
  if (is_muted) desk_.tell(visit.own->member.client, wire::MuteForced{0, visit.session.id, stream.stream_id});
}

void SessionEngine::on_command(Visit& visit, const wire::UpdateStream& command) {
  const auto found = visit.own->streams.find(command.stream_id);
  if (found == visit.own->streams.end()) {
    return desk_.refuse(visit.asker, ErrorWord::NoSuchStream, "That stream is not one of this connection's.");
  }
  auto& stream = found->second;
  stream.has_audio = command.has_audio.value_or(stream.has_audio);
  stream.has_video = command.has_video.value_or(stream.has_video);
  if (desk_.settings_of(visit.session.project).session_notices) desk_.effect(Store{record(visit.session, *visit.own)});
  desk_.reply(visit.asker, wire::StreamReply{stream});
  tell_subscribers(visit.session, visit.own->shown.connection_id, wire::StreamUpdated{0, visit.session.id, stream});
}

void SessionEngine::on_command(Visit& visit, const wire::Unpublish& command) {
  const auto found = visit.own->streams.find(command.stream_id);
  if (found == visit.own->streams.end()) {
    return desk_.refuse(visit.asker, ErrorWord::NoSuchStream, "That stream is not one of this connection's.");
  }
  visit.own->layout_classes.erase(command.stream_id);
  const auto node = visit.own->streams.extract(found);
  drop_stream(visit.session, *visit.own, node.mapped(), LeaveReason::Unpublished);
  desk_.reply(visit.asker);
}

void SessionEngine::on_command(Visit& visit, const wire::Negotiate& command) {
  const auto target = visit.session.connections.find(command.to);
  if (target == visit.session.connections.end()) {
    return desk_.refuse(visit.asker, ErrorWord::NoSuchConnection, "That connection is not in the session (any more).");
  }
  const auto& own = visit.own->shown.connection_id;
  desk_.tell(target->second.member.client, wire::Negotiation{0, visit.session.id, own, command.description, command.candidate});
  desk_.reply(visit.asker);
}

void SessionEngine::on_command(Visit& visit, const wire::Expect& command) {
  auto& session = visit.session;
  if (session.expectations.size() >= k_max_expectations_per_session) {
    return desk_.refuse(visit.asker, ErrorWord::LimitReached, "The session holds 32 open expectations, its limit.");
  }
  const auto timeout = command.timeout_ms ? Duration{std::chrono::milliseconds{*command.timeout_ms}}
                                          : desk_.settings_of(session.project).expect_timeout;
  const auto id = desk_.make_id<ExpectationKind>(session.id.slot());
  Expectation expectation{visit.own->shown.connection_id, visit.asker.client, command.user, command.data, {}};
  desk_.arm(expectation.over, desk_.now + timeout, TimerKind::Expectation, id);
  session.expectations.emplace(id, std::move(expectation));
  waiting_.emplace(id, session.id);
  desk_.reply(visit.asker, wire::ExpectReply{id, to_ms(timeout)});
  for (const auto& [other, joined] : session.connections) {
    if (!session.expectations.contains(id)) break;
    meet_expectations(session, joined);
  }
}

// Whoever holds the token may say that nobody will come with it.
void SessionEngine::on_command(Visit& visit, const wire::SessionReject&) {
  const auto& claims = *visit.mail.claims;
  wire::Connection refused;
  refused.user = claims.user;
  refused.data = claims.data;
  std::vector<ExpectationId> ended;
  for (const auto& [id, expectation] : visit.session.expectations) {
    if (expectation.client != visit.asker.client && is_met(expectation, refused)) ended.push_back(id);
  }
  for (const auto& id : ended) miss(visit.session, id, MissReason::Rejected);
  desk_.reply(visit.asker);
}

void SessionEngine::on(const LeaveSession& mail) {
  auto* session = find(mail.session);
  auto* joined = session == nullptr ? nullptr : find_joined(*session, mail.client);
  if (joined != nullptr) leave(*session, joined->shown.connection_id, mail.reason, false);
}

void SessionEngine::leave(Session& session, ConnectionId id, LeaveReason reason, bool tell_leaver) {
  const auto left = announce_leaving(session, id, reason);
  const auto client = left.member.client;
  tell_others(session, id, wire::ConnectionDestroyed{0, session.id, id, reason});
  std::vector<ExpectationId> orphans;
  for (const auto& [expectation, waits] : session.expectations) {
    if (waits.expecter == id) orphans.push_back(expectation);
  }
  for (const auto& orphan : orphans) miss(session, orphan, MissReason::ExpecterLeft);
  if (tell_leaver) desk_.tell(client, wire::SessionDisconnected{0, session.id, reason});
  desk_.post(Membership{client, session.id, false});
  for (const auto& call : session.calls) desk_.post(SessionPresence{call, left.member.user, left.member.device, false});
  if (session.stands_alone && session.connections.empty()) {
    desk_.arm(session.forget, desk_.now + k_session_lifetime, TimerKind::ForgetSession, session.id);
  }
}

// Takes it out of the session, first its streams. `id` by value: it may be the key of what goes.
SessionEngine::Joined SessionEngine::announce_leaving(Session& session, ConnectionId id, LeaveReason reason) {
  auto node = session.connections.extract(id);
  session.connection_of.erase(node.mapped().member.client);
  if (session.connections.empty()) occupied_[session.project].erase(session.id);
  auto& left = node.mapped();
  while (!left.streams.empty()) {
    const auto stream = left.streams.extract(left.streams.begin());
    drop_stream(session, left, stream.mapped(), reason);
  }
  announce(session, SessionNews::ConnectionDestroyed, left, nullptr, reason);
  return std::move(left);
}

void SessionEngine::drop_stream(Session& session, const Joined& publisher, const wire::Stream& stream, LeaveReason reason) {
  announce(session, SessionNews::StreamDestroyed, publisher, &stream, reason);
  tell_subscribers(session, publisher.shown.connection_id, wire::StreamDestroyed{0, session.id, stream.stream_id, reason});
}

// What is there from now on is kept together with the word of it, so that a restarted server can tell of its end. The first who
// comes and the last who goes begin and end the session.
void SessionEngine::announce(const Session& session, SessionNews news, const Joined& whose, const wire::Stream* stream,
                             std::optional<LeaveReason> reason) {
  if (!desk_.settings_of(session.project).session_notices) return;
  auto kept = record(session, whose);
  Announce told;
  if (news == SessionNews::ConnectionCreated && session.connections.size() == 1) {
    told.notices.push_back(notice_of(session, SessionNews::SessionCreated));
  }
  auto& notice = told.notices.emplace_back(notice_of(session, news));
  notice.connection = whose.shown;
  if (stream != nullptr) notice.stream = *stream;
  notice.reason = reason;
  if (news == SessionNews::ConnectionDestroyed) {
    if (session.connections.empty()) told.notices.push_back(notice_of(session, SessionNews::SessionDestroyed));
    told.record = GoneRecord{key_of(kept)};
  } else {
    told.record = std::move(kept);
  }
  desk_.effect(std::move(told));
}

SessionNotice SessionEngine::notice_of(const Session& session, SessionNews news) {
  SessionNotice notice;
  notice.news = news;
  notice.project = session.project;
  notice.session = session.id;
  if (session.calls.size() == 1) notice.call = *session.calls.begin();
  desk_.complete(notice, session.id.slot());
  return notice;
}

ConnectionRecord SessionEngine::record(const Session& session, const Joined& joined) const {
  ConnectionRecord kept{session.id, session.project, {}, joined.shown, {}};
  if (session.calls.size() == 1) kept.call = *session.calls.begin();
  for (const auto& [id, stream] : joined.streams) kept.streams.push_back(stream);
  return kept;
}

// They leave one after another as if their links had been lost, each in one commit with the end of its record: a crash in the midst
// of it repeats none.
void SessionEngine::go_on() {
  std::map<SessionId, Session> left;
  for (auto& kept : std::exchange(cut_off_, {})) {
    if (!desk_.settings_of(kept.project).session_notices) {
      desk_.effect(Store{GoneRecord{key_of(kept)}});
      continue;
    }
    auto& session = left[kept.session];
    session.id = kept.session;
    session.project = kept.project;
    if (kept.call) session.calls.insert(*kept.call);
    auto& joined = session.connections[kept.shown.connection_id];
    joined.shown = kept.shown;
    for (const auto& stream : kept.streams) joined.streams.emplace(stream.stream_id, stream);
  }
  for (auto& [id, session] : left) {
    while (!session.connections.empty()) announce_leaving(session, session.connections.begin()->first, LeaveReason::NetworkDisconnected);
  }
}

// --- expectations: each ends with exactly one of met and missed

bool SessionEngine::is_met(const Expectation& expectation, const wire::Connection& connection) {
  return (!expectation.user || expectation.user == connection.user) &&
         (!expectation.data || expectation.data == connection.data);
}

void SessionEngine::meet_expectations(Session& session, const Joined& arrived) {
  std::vector<ExpectationId> met;
  for (const auto& [id, expectation] : session.expectations) {
    if (expectation.client != arrived.member.client && is_met(expectation, arrived.shown)) met.push_back(id);
  }
  for (const auto& id : met) {
    auto node = session.expectations.extract(id);
    desk_.timers.cancel(node.mapped().over);
    waiting_.erase(id);
    desk_.tell(node.mapped().client, wire::ExpectationMet{0, session.id, id, arrived.shown});
  }
}

void SessionEngine::miss(Session& session, ExpectationId id, MissReason reason) {
  auto node = session.expectations.extract(id);
  if (node.empty()) return;
  desk_.timers.cancel(node.mapped().over);
  waiting_.erase(id);
  desk_.tell(node.mapped().client, wire::ConnectionMissed{0, session.id, id, reason});
}

void SessionEngine::on_expectation_over(ExpectationId id) {
  const auto found = waiting_.find(id);
  if (found == waiting_.end()) return;
  if (auto* session = find(found->second)) miss(*session, id, MissReason::Timeout);
}

void SessionEngine::on_forget_session(SessionId id) {
  auto* session = find(id);
  if (session == nullptr || desk_.timers.at(session->forget)) return;
  if (!session->calls.empty()) return desk_.arm(session->forget, desk_.now + k_session_lifetime, TimerKind::ForgetSession, id);
  desk_.effect(Store{GoneRecord{key_of(record(*session))}});
  sessions_.erase(id);
}

std::vector<LiveSession> SessionEngine::live_sessions(const LiveSessionQuery& query) const {
  std::vector<LiveSession> found;
  const auto ids = occupied_.find(query.project);
  if (ids == occupied_.end()) return found;
  auto id = query.after ? ids->second.upper_bound(*query.after) : ids->second.begin();
  for (; id != ids->second.end() && found.size() < query.limit; ++id) {
    const auto& session = sessions_.at(*id);
    auto& shown = found.emplace_back(LiveSession{*id, {session.calls.begin(), session.calls.end()}, session.connections.size(), 0});
    for (const auto& [connection, joined] : session.connections) shown.streams += joined.streams.size();
  }
  return found;
}

// --- helpers

void SessionEngine::tell_others(const Session& session, const ConnectionId& except, wire::ServerMessage&& event) {
  const auto shared = share_message(std::move(event));
  for (const auto& [id, joined] : session.connections) {
    if (id != except) desk_.tell(joined.member.client, shared);
  }
}

void SessionEngine::tell_subscribers(const Session& session, const ConnectionId& except, wire::ServerMessage&& event) {
  const auto shared = share_message(std::move(event));
  for (const auto& [id, joined] : session.connections) {
    if (id != except && may_subscribe(joined.role)) desk_.tell(joined.member.client, shared);
  }
}

SessionEngine::Joined* SessionEngine::find_joined(Session& session, ClientId client) {
  const auto found = session.connection_of.find(client);
  return found == session.connection_of.end() ? nullptr : &session.connections.at(found->second);
}

SessionEngine::Session* SessionEngine::find(SessionId id) {
  const auto found = sessions_.find(id);
  return found == sessions_.end() ? nullptr : &found->second;
}

}  // namespace offhook::core
