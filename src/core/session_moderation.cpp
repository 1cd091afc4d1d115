// What moderators and the project's backend do to others in a session: see who is there, speak to them, send them away, mute them.
#include <algorithm>
#include <utility>

#include "core/limits.hpp"
#include "core/session_engine.hpp"

namespace offhook::core {

using wire::ErrorWord;
using wire::LeaveReason;

// --- moderators

void SessionEngine::on_command(Visit& visit, const wire::ForceDisconnect& command) {
  if (!visit.session.connections.contains(command.connection_id)) {
    return desk_.refuse(visit.asker, ErrorWord::NoSuchConnection, "That connection is not in the session (any more).");
  }
  desk_.reply(visit.asker);
  leave(visit.session, command.connection_id, LeaveReason::ForceDisconnected, true);
}

void SessionEngine::on_command(Visit& visit, const wire::ForceUnpublish& command) {
  const auto [publisher, stream] = find_stream(visit.session, command.stream_id);
  if (stream == nullptr) return desk_.refuse(visit.asker, ErrorWord::NoSuchStream, "That stream is not in the session (any more).");
  desk_.reply(visit.asker);
  const auto node = publisher->streams.extract(command.stream_id);
  drop_stream(visit.session, *publisher, node.mapped(), LeaveReason::ForceUnpublished);
  desk_.tell(publisher->member.client, wire::StreamDestroyed{0, visit.session.id, command.stream_id, LeaveReason::ForceUnpublished});
  publisher->layout_classes.erase(command.stream_id);
}

void SessionEngine::on_command(Visit& visit, const wire::ForceMute& command) {
  if (!command.stream_id) {
    mute_all(visit.session, command.active, command.except);
    return desk_.reply(visit.asker);
  }
  const auto [publisher, stream] = find_stream(visit.session, *command.stream_id);
  if (stream == nullptr) return desk_.refuse(visit.asker, ErrorWord::NoSuchStream, "That stream is not in the session (any more).");
  mute(visit.session, *publisher, *stream);
  desk_.reply(visit.asker);
}

// The others see the stream without sound at once; its publisher is asked to send none, and may switch it on again.
void SessionEngine::mute(Session& session, Joined& publisher, wire::Stream& stream) {
  if (!stream.has_audio) return;
  stream.has_audio = false;
  if (desk_.settings_of(session.project).session_notices) desk_.effect(Store{record(session, publisher)});
  tell_subscribers(session, stream.connection_id, wire::StreamUpdated{0, session.id, stream});
  desk_.tell(publisher.member.client, wire::MuteForced{0, session.id, stream.stream_id});
}

void SessionEngine::mute_all(Session& session, bool active, const std::vector<StreamId>& except) {
  const bool is_news = std::exchange(session.mutes_new_streams, active) != active;
  if (is_news && session.stands_alone) desk_.effect(Store{record(session)});
  if (!active) return;
  for (auto& [id, joined] : session.connections) {
    for (auto& [stream_id, stream] : joined.streams) {
      if (std::find(except.begin(), except.end(), stream_id) == except.end()) mute(session, joined, stream);
    }
  }
}

std::pair<SessionEngine::Joined*, wire::Stream*> SessionEngine::find_stream(Session& session, const StreamId& id) {
  for (auto& [connection, joined] : session.connections) {
    const auto found = joined.streams.find(id);
    if (found != joined.streams.end()) return {&joined, &found->second};
  }
  return {nullptr, nullptr};
}

// --- the backend

void SessionEngine::on(AdminSession&& event) {
  auto* session = find(event.session);
  const bool is_foreign = session != nullptr && session->project != event.project;
  auto answer = is_foreign           ? SessionRefusal::NoSuchSession
                : session == nullptr ? answer_for_nobody(event)
                                     : std::visit([&](const auto& ask) { return do_for(*session, ask); }, event.ask);
  desk_.effect(SessionAnswered{event.request, std::move(answer)});
}

// Of a session that is not in memory.
SessionEngine::Answer SessionEngine::answer_for_nobody(const AdminSession& event) {
  if (!is_session_of(event.session, event.project) || sessions_.size() >= desk_.settings.capacity.sessions) return SessionRefusal::NoSuchSession;
  Session empty;
  return std::visit(
      [&](const auto& ask) -> Answer {
        if constexpr (std::is_same_v<std::decay_t<decltype(ask)>, MuteSession>) {  // there is something to remember
          return do_for(begin(event.session, event.project), ask);
        } else {
          return do_for(empty, ask);
        }
      },
      event.ask);
}

SessionEngine::Answer SessionEngine::do_for(Session& session, const ShowSession&) {
  SessionView view;
  for (const auto& [id, joined] : session.connections) {
    view.connections.push_back(joined.shown);
    for (const auto& [stream_id, stream] : joined.streams) {
      const auto classes = joined.layout_classes.find(stream_id);
      view.streams.push_back({stream, classes == joined.layout_classes.end() ? std::vector<std::string>() : classes->second});
    }
  }
  return view;
}

SessionEngine::Answer SessionEngine::do_for(Session& session, const SendSignal& ask) {
  if (session.connections.empty()) return SessionRefusal::NobodyThere;
  if (ask.to && !session.connections.contains(*ask.to)) return SessionRefusal::NoSuchConnection;
  const auto event = share_message(wire::SignalEvent{0, session.id, std::nullopt, ask.type, ask.data});
  for (const auto& [id, joined] : session.connections) {
    if (!ask.to || id == *ask.to) desk_.tell(joined.member.client, event);
  }
  return SessionDone{};
}

SessionEngine::Answer SessionEngine::do_for(Session& session, const SendAway& ask) {
  if (!session.connections.contains(ask.connection)) return SessionRefusal::NoSuchConnection;
  leave(session, ask.connection, LeaveReason::ForceDisconnected, true);
  return SessionDone{};
}

SessionEngine::Answer SessionEngine::do_for(Session& session, const MuteStream& ask) {
  const auto [publisher, stream] = find_stream(session, ask.stream);
  if (stream == nullptr) return SessionRefusal::NoSuchStream;
  mute(session, *publisher, *stream);
  return SessionDone{};
}

SessionEngine::Answer SessionEngine::do_for(Session& session, const MuteSession& ask) {
  mute_all(session, ask.active, ask.except);
  return SessionDone{};
}

SessionEngine::Answer SessionEngine::do_for(Session& session, const SetLayouts& ask) {
  for (const auto& [id, classes] : ask.classes) {
    if (find_stream(session, id).second == nullptr) return SessionRefusal::NoSuchStream;
  }
  for (const auto& [id, classes] : ask.classes) find_stream(session, id).first->layout_classes[id] = classes;
  return SessionDone{};
}

}  // namespace offhook::core
