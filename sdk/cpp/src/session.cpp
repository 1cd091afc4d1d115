#include "offhook/session.hpp"

#include "client_core.hpp"
#include "wire/opentok_session.hpp"

namespace offhook {

namespace {

// The answer to a command as the application wants it: `T` made of the body that the server sends.
template <class Body, class T, class Make>
Client::Core::ReplyTo reply_as(Answer<T> answer, Make make) {
  return [answer = std::move(answer), make](Result<wire::ReplyBody, Problem> reply) {
    if (!answer) return;
    if (!reply) return answer(reply.error());
    if (auto* body = std::get_if<Body>(&reply.value())) return answer(make(*body));
    answer(Problem{"internal", "The server has answered something else than was asked."});
  };
}

Client::Core::ReplyTo reply_done(Done done) {
  return [done = std::move(done)](const Result<wire::ReplyBody, Problem>& reply) {
    if (done) done(reply ? std::nullopt : std::optional(reply.error()));
  };
}

const auto rules_of = [](const wire::RulesReply& reply) { return reply.rules; };
const auto stream_of = [](const wire::StreamReply& reply) { return reply.stream; };

const Problem k_gone{"closed", "The client of this session is no more."};

void ask(const std::shared_ptr<Session::Core>& session, wire::ClientMessage command, Client::Core::ReplyTo reply_to) {
  if (const auto client = session->client.lock()) return client->ask(std::move(command), std::move(reply_to));
  reply_to(k_gone);
}

template <class Handler>
void set(const std::shared_ptr<Session::Core>& session, Handler Session::Core::Handlers::*slot, Handler handler) {
  const auto client = session->client.lock();
  if (client) client->post([session, slot, handler = std::move(handler)] { session->handlers.*slot = handler; });
}

}  // namespace

const SessionId& Session::id() const { return core_->id; }

// Kept from now on, so that no event between the reply and the answer is lost.
void Session::connect(Answer<SessionState> answer) {
  if (const auto client = core_->client.lock()) {
    client->post([core = client.get(), session = core_] { core->keep(session); });
  }
  const auto joined = [](const wire::SessionJoined& reply) {
    return SessionState{reply.connection, reply.connections, reply.streams};
  };
  auto reply_to = reply_as<wire::SessionJoined>(std::move(answer), joined);
  ask(core_, wire::SessionConnect{{}, core_->id, core_->token},
      [session = core_, reply_to = std::move(reply_to)](Result<wire::ReplyBody, Problem> reply) {
        const auto client = session->client.lock();
        if (!reply && client) client->forget(session.get());
        reply_to(std::move(reply));
      });
}

void Session::disconnect(Done done) { ask(core_, wire::SessionDisconnect{{}, core_->id}, reply_done(std::move(done))); }

void Session::signal(SignalOptions signal, Done done) {
  ask(core_, wire::Signal{{}, core_->id, std::move(signal.type), std::move(signal.data), signal.to}, reply_done(std::move(done)));
}

void Session::publish(StreamOptions stream, Answer<Stream> answer) {
  ask(core_, wire::Publish{{}, core_->id, std::move(stream.name), stream.has_audio, stream.has_video, stream.video_type},
      reply_as<wire::StreamReply>(std::move(answer), stream_of));
}

void Session::update_stream(const StreamId& stream, StreamChange change, Answer<Stream> answer) {
  ask(core_, wire::UpdateStream{{}, core_->id, stream, change.has_audio, change.has_video},
      reply_as<wire::StreamReply>(std::move(answer), stream_of));
}

void Session::unpublish(const StreamId& stream, Done done) {
  ask(core_, wire::Unpublish{{}, core_->id, stream}, reply_done(std::move(done)));
}

void Session::negotiate(const ConnectionId& to, Negotiation message, Done done) {
  ask(core_, wire::Negotiate{{}, core_->id, to, std::move(message.description), std::move(message.candidate)},
      reply_done(std::move(done)));
}

void Session::force_disconnect(const ConnectionId& connection, Done done) {
  ask(core_, wire::ForceDisconnect{{}, core_->id, connection}, reply_done(std::move(done)));
}

void Session::force_unpublish(const StreamId& stream, Done done) {
  ask(core_, wire::ForceUnpublish{{}, core_->id, stream}, reply_done(std::move(done)));
}

void Session::force_mute(const StreamId& stream, Done done) {
  ask(core_, wire::ForceMute{{}, core_->id, stream, {}, true}, reply_done(std::move(done)));
}

void Session::force_mute_all(std::vector<StreamId> except, Done done) {
  ask(core_, wire::ForceMute{{}, core_->id, {}, std::move(except), true}, reply_done(std::move(done)));
}

void Session::disable_force_mute(Done done) {
  ask(core_, wire::ForceMute{{}, core_->id, {}, {}, false}, reply_done(std::move(done)));
}

void Session::expect_connection(Expectation expectation, std::function<void(Expected)> told) {
  wire::Expect command{{}, core_->id, expectation.timeout.count(), std::move(expectation.user), std::move(expectation.data)};
  if (const auto client = core_->client.lock()) return client->expect(std::move(command), std::move(told));
  if (told) told(k_gone);
}

void Session::on_connected(std::function<void(const SessionState& state)> handler) {
  set(core_, &Core::Handlers::connected, std::move(handler));
}
void Session::on_disconnected(std::function<void(LeaveReason reason)> handler) {
  set(core_, &Core::Handlers::disconnected, std::move(handler));
}
void Session::on_connection_created(std::function<void(const Connection& connection)> handler) {
  set(core_, &Core::Handlers::connection_created, std::move(handler));
}
void Session::on_connection_destroyed(std::function<void(const ConnectionId& connection, LeaveReason reason)> handler) {
  set(core_, &Core::Handlers::connection_destroyed, std::move(handler));
}
void Session::on_stream_created(std::function<void(const Stream& stream)> handler) {
  set(core_, &Core::Handlers::stream_created, std::move(handler));
}
void Session::on_stream_updated(std::function<void(const Stream& stream)> handler) {
  set(core_, &Core::Handlers::stream_updated, std::move(handler));
}
void Session::on_stream_destroyed(std::function<void(const StreamId& stream, LeaveReason reason)> handler) {
  set(core_, &Core::Handlers::stream_destroyed, std::move(handler));
}
void Session::on_signal(std::function<void(const Signal& signal)> handler) {
  set(core_, &Core::Handlers::signal, std::move(handler));
}
void Session::on_mute_forced(std::function<void(const StreamId& stream)> handler) {
  set(core_, &Core::Handlers::mute_forced, std::move(handler));
}
void Session::on_negotiation(std::function<void(const ConnectionId& from, const Negotiation& message)> handler) {
  set(core_, &Core::Handlers::negotiation, std::move(handler));
}

// --- what of Client is about sessions

void Client::create_session(Answer<NewSession> answer) {
  core_->ask(wire::SessionCreate{}, reply_as<wire::SessionCreated>(std::move(answer), [](const wire::SessionCreated& reply) {
               return NewSession{reply.session_id, reply.token};
             }));
}

std::optional<SessionId> find_session_id(std::string_view text, const ProjectId& api_key) {
  return wire::parse_any_session(text, api_key);
}

Session Client::session(const SessionId& id, std::optional<std::string> token) {
  return Session(std::make_shared<Session::Core>(Session::Core{core_, id, std::move(token), {}}));
}

void Client::reject(std::string token, Done done) {
  core_->ask(wire::SessionReject{{}, std::move(token)}, reply_done(std::move(done)));
}

void Client::watch_presence(Answer<std::vector<UserId>> answer) {
  core_->ask(wire::WatchPresence{}, reply_as<wire::PresenceReply>(std::move(answer), [](const wire::PresenceReply& reply) {
               return reply.users;
             }));
}

void Client::history(int limit, std::optional<CallId> before, Answer<std::vector<HistoryRecord>> answer) {
  core_->ask(wire::History{{}, limit, before}, reply_as<wire::HistoryReply>(std::move(answer), [](const wire::HistoryReply& reply) {
               return reply.records;
             }));
}

void Client::get_rules(Answer<Rules> answer) {
  core_->ask(wire::GetRules{}, reply_as<wire::RulesReply>(std::move(answer), rules_of));
}

void Client::set_push(std::optional<PushAddress> push, Done done) {
  core_->ask(wire::SetPush{{}, std::move(push)}, reply_done(std::move(done)));
}

void Client::set_rules(Rules rules, Answer<Rules> answer) {
  core_->ask(wire::SetRules{{}, std::move(rules)}, reply_as<wire::RulesReply>(std::move(answer), rules_of));
}

}  // namespace offhook
