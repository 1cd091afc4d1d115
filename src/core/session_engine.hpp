// The key `session:`: who is connected to a session, their streams and signals, and who waits for whom. A session stands on
// its own, opened by a session token, or under a call, opened to its caller's device and its winner.
#pragma once

#include <map>
#include <set>
#include <unordered_map>

#include "core/mail.hpp"

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
  void on_expectation_over(ExpectationId id);
  void on_forget_session(SessionId id);

  std::size_t sessions() const { return sessions_.size(); }

 private:
  struct Joined {
    wire::Connection shown;
    Member member;
    std::map<StreamId, wire::Stream> streams;
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
    std::optional<CallId> call;
    std::set<std::pair<UserKey, DeviceId>> admitted;
    std::map<ConnectionId, Joined> connections;
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

  void answer(const CreateSession& mail);
  bool may_join(const Session& session, const SessionCommand& mail) const;
  void leave(Session& session, ConnectionId id, wire::LeaveReason reason, bool tell_leaver);
  Joined announce_leaving(Session& session, ConnectionId id, wire::LeaveReason reason);
  void drop_stream(Session& session, const Joined& publisher, const wire::Stream& stream, wire::LeaveReason reason);
  void announce(const Session& session, SessionNews news, const Joined& whose, const wire::Stream* stream,
                std::optional<wire::LeaveReason> reason);
  SessionNotice notice_of(const Session& session, SessionNews news);
  ConnectionRecord record(const Session& session, const Joined& joined) const;
  void miss(Session& session, ExpectationId id, wire::MissReason reason);
  void meet_expectations(Session& session, const Joined& arrived);
  static bool is_met(const Expectation& expectation, const wire::Connection& connection);
  void tell_others(const Session& session, const ConnectionId& except, const wire::ServerMessage& event);
  static Joined* find_joined(Session& session, ClientId client);
  Session* find(SessionId id);

  Desk& desk_;
  std::unordered_map<SessionId, Session> sessions_;
  std::unordered_map<ExpectationId, SessionId> waiting_;
  std::vector<ConnectionRecord> cut_off_;  // by a restart, until go_on
};

}  // namespace offhook::core
