// What the application asks for by itself: sessions without a call, expectations, history, presence. Each request is answered
// exactly once.
#pragma once

#include <map>
#include <set>

#include "commands.hpp"

namespace offhook::client {

class Sessions {
 public:
  Sessions(Desk& desk, Link& link, Commands& commands) : desk_(desk), link_(link), commands_(commands) {}

  void request(Request&& input);
  void on_reply(const Pending& pending, const wire::ReplyBody& body);
  void on_error(const Pending& pending, const Problem& problem);

  void on_met(const wire::ExpectationMet& event);
  void on_missed(const wire::ConnectionMissed& event);
  void on_presence(const wire::Presence& event);
  void on_disconnected(SessionId session, wire::LeaveReason reason);
  bool is_joined(SessionId session) const;

  // The server has forgotten this client: what it was in and waited for is asked for again.
  void start_afresh();
  // REQUIRES: nothing is sent any more.
  void close(const Problem& why, wire::LeaveReason reason);

  std::optional<Instant> deadline() const;
  void advance();

 private:
  // Rejoining: it was Inside, but the server has forgotten this client.
  enum class Membership { Inside, Rejoining };
  struct Joined {
    std::optional<std::string> token;
    Membership state = Membership::Inside;
  };
  struct Expectation {
    wire::Expect command;
    Instant due{};                    // the server's deadline, by our clock
    std::optional<ExpectationId> id;  // once the server has told it
  };
  using Early = std::variant<wire::ExpectationMet, wire::ConnectionMissed>;

  void on_joined(const wire::SessionConnect& command, const wire::SessionJoined& joined);
  void on_watching(const wire::PresenceReply& reply);
  void on_expecting(RequestNumber number, const wire::ExpectReply& reply);
  void renew_expectations();
  void miss_all_in(SessionId session);
  std::optional<RequestNumber> take_waiting(ExpectationId id);
  void keep_early(Early event);
  void fail(RequestNumber number, Problem problem);
  void miss(RequestNumber number, wire::MissReason reason);

  Desk& desk_;
  Link& link_;
  Commands& commands_;
  std::map<SessionId, Joined> joined_;
  std::map<RequestNumber, Expectation> expectations_;
  std::map<ExpectationId, Early> early_;       // ended before the reply to their command had come
  std::optional<std::set<UserId>> present_;  // while presence is watched: who is known to be online
};

}  // namespace offhook::client
