// The key `session:`: who is connected to a session, their streams and signals, and who waits for whom. A session stands on
// its own, opened by a session token, or under a call, opened to its caller's device and its winner; or both, where the call was
// placed in a session that was there. What a connection may do follows from its role (session_roles.hpp).
#pragma once

#include <map>
#include <set>
#include <unordered_map>

#include "core/mail.hpp"
#include "core/views.hpp"

namespace offhook::core {

class SessionEngine {
 public:
  explicit SessionEngine(Desk& desk) : desk_(desk) {}

  void restore(const SessionRecord& kept);
  void restore(ConnectionRecord&& kept) { cut_off_.push_back(std::move(kept)); }
  // All is restored: whoever was connected before the restart is not any more, and a backend that is told of that is told so.
  void go_on();

  void on(const CreateSession& mail);
  void on(const Admit& mail);
  void on(const Expel& mail);
  void on(const CloseSession& mail);
  void on(SessionCommand&& mail);
  void on(const LeaveSession& mail);
  void on(AdminSession&& event);
  void on_expectation_over(ExpectationId id);
  void on_forget_session(SessionId id);

  // Is there such a session of that project, which does not live and die with a call? One that nobody has heard of for long is
  // begun again.
  bool may_name(SessionId id, const ProjectId& project);

  std::size_t sessions() const { return sessions_.size(); }
  std::vector<LiveSession> live_sessions(const LiveSessionQuery& query) const;

 private:
  struct Joined {
    wire::Connection shown;
    Member member;
    std::map<StreamId, wire::Stream> streams;
    std::map<StreamId, std::vector<std::string>> layout_classes;  // of those that have any
    wire::SessionRole role = wire::SessionRole::Publisher;
    std::vector<std::string> first_classes;  // of each stream it publishes
    bool by_token = false;                   // may be here without a call
  };

  struct Expectation {
    ConnectionId expecter;
    ClientId client;
    std::optional<UserId> user;
    std::optional<std::string> data;
    TimerHandle over;
  };

  struct Session {
    SessionId id;
    ProjectId project;
    bool stands_alone = false;
    Instant created_at{};  // where it stands alone
    bool mutes_new_streams = false;
    std::set<CallId> calls;  // one, or where it stands alone any number
    std::set<std::pair<UserKey, DeviceId>> admitted;
    std::map<ConnectionId, Joined> connections;
    std::unordered_map<ClientId, ConnectionId> connection_of;
    std::map<ExpectationId, Expectation> expectations;
    TimerHandle forget;
  };

  // Who asks for what, in a session that exists.
  struct Visit {
    Session& session;
    Joined* own;  // nothing: not connected
    const SessionCommand& mail;
    Asker asker;
  };

  void on_command(Visit& visit, const wire::SessionConnect& command);
  void on_command(Visit& visit, const wire::SessionDisconnect& command);
  void on_command(Visit& visit, const wire::Signal& command);
  void on_command(Visit& visit, const wire::Publish& command);
  void on_command(Visit& visit, const wire::UpdateStream& command);
  void on_command(Visit& visit, const wire::Unpublish& command);
  void on_command(Visit& visit, const wire::Negotiate& command);
  void on_command(Visit& visit, const wire::Expect& command);
  void on_command(Visit& visit, const wire::SessionReject& command);
  void on_command(Visit& visit, const wire::ForceDisconnect& command);
  void on_command(Visit& visit, const wire::ForceUnpublish& command);
  void on_command(Visit& visit, const wire::ForceMute& command);

  using Answer = std::variant<SessionView, SessionDone, SessionRefusal>;
  Answer do_for(Session& session, const ShowSession& ask);
  Answer do_for(Session& session, const SendSignal& ask);
  Answer do_for(Session& session, const SendAway& ask);
  Answer do_for(Session& session, const MuteStream& ask);
  Answer do_for(Session& session, const MuteSession& ask);
  Answer do_for(Session& session, const SetLayouts& ask);
  Answer answer_for_nobody(const AdminSession& event);

  void answer(const CreateSession& mail);
  Session& begin(SessionId id, const ProjectId& project);
  Session* revive(const SessionCommand& mail);
  bool may_join(const Session& session, const SessionCommand& mail) const;
  void publish(Visit& visit, const wire::Stream& stream);
  void mute(Session& session, Joined& publisher, wire::Stream& stream);
  void mute_all(Session& session, bool active, const std::vector<StreamId>& except);
  void detach(Session& session, const CallId& call);
  void leave(Session& session, ConnectionId id, wire::LeaveReason reason, bool tell_leaver);
  Joined announce_leaving(Session& session, ConnectionId id, wire::LeaveReason reason);
  void drop_stream(Session& session, const Joined& publisher, const wire::Stream& stream, wire::LeaveReason reason);
  void announce(const Session& session, SessionNews news, const Joined& whose, const wire::Stream* stream,
                std::optional<wire::LeaveReason> reason);
  SessionNotice notice_of(const Session& session, SessionNews news);
  static SessionRecord record(const Session& session);
  ConnectionRecord record(const Session& session, const Joined& joined) const;
  void miss(Session& session, ExpectationId id, wire::MissReason reason);
  void meet_expectations(Session& session, const Joined& arrived);
  static bool is_met(const Expectation& expectation, const wire::Connection& connection);
  void tell_others(const Session& session, const ConnectionId& except, wire::ServerMessage&& event);
  void tell_subscribers(const Session& session, const ConnectionId& except, wire::ServerMessage&& event);
  static Joined* find_joined(Session& session, ClientId client);
  static std::pair<Joined*, wire::Stream*> find_stream(Session& session, const StreamId& id);
  Session* find(SessionId id);

  Desk& desk_;
  std::unordered_map<SessionId, Session> sessions_;
  std::map<ProjectId, std::set<SessionId>> occupied_;  // that somebody is in, for whoever lists them
  std::unordered_map<ExpectationId, SessionId> waiting_;
  std::vector<ConnectionRecord> cut_off_;  // by a restart, until go_on
};

}  // namespace offhook::core
