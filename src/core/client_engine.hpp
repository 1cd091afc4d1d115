// The key `client:`: sockets and the clients behind them. Opens, resumes and replaces clients, keeps the heartbeat, numbers
// events and holds them until acknowledged, answers a repeated command as before, and passes commands to those who decide.
#pragma once

#include <deque>
#include <list>
#include <map>
#include <set>
#include <string>
#include <unordered_map>

#include "core/hello_pace.hpp"
#include "core/mail.hpp"

namespace offhook::core {

class ClientEngine {
 public:
  explicit ClientEngine(Desk& desk) : desk_(desk) {}

  // After a restart a device that repeats its invite gets the call it made.
  void restore(const UserKey& user, const InviteRecord& kept, CallId call);
  void restore(WithdrawnRecord&& kept);

  void on(const LinkOpened& event);
  void on(const LinkClosed& event);
  void on(const Welcomed& event);
  void on(Received&& event);
  void on(const Refused& event);
  void on(const LinkCongested& event);
  void on(const DrainStarted& event);
  void on(AdminPlaceCall&& event);
  void on(const AdminDisconnect& event);
  void on(const ProjectDisabled& event);

  void on(GiveReply&& mail);
  void on(GiveError&& mail);
  void on(GiveEvent&& mail);
  void on(const Attached& mail);
  void on(SnapshotGiven&& mail);
  void on(const LiveCall& mail);
  void on(const Membership& mail);

  void on_hello_timeout(LinkId link);
  void on_heartbeat(ClientId id);
  void on_contact_lost(ClientId id);
  void on_resume_over(ClientId id);

  std::size_t links() const { return links_.size(); }
  std::size_t clients() const { return clients_.size(); }

 private:
  struct Link {
    ClientId client;  // nil until welcome
    TimerHandle hello_timeout;
  };

  // What a command was answered: with a call or a session, which are shown as they are by then when the command comes again, or
  // else with a message.
  struct Answer {
    std::optional<CallId> call;
    bool merged = false;  // the invite became part of that call
    std::optional<SessionId> joined;
    SharedMessage message;
  };

  // The last commands of a device and what they were answered; `order` forgets the oldest.
  struct CommandMemory {
    std::map<std::string, std::optional<Answer>> answers;  // nothing: still being worked on
    std::list<std::string> order;  // lists: empty deques take 600 bytes each, and most devices do nothing for hours
    std::map<std::string, Instant> withdrawn;  // invites that were cancelled before they came, by cmd_id
    std::list<ClientId> replaced;              // clients of other processes that had to give way, the latest last
    static constexpr std::size_t k_max_replaced = 8;
  };

  // The memory of a device whose client is gone, for a while.
  struct Parked {
    Instant until;
    CommandMemory memory;
  };
  using DeviceKey = std::pair<UserKey, DeviceId>;

  struct Unacknowledged {
    SharedMessage event;
    std::size_t bytes = 0;
  };

  // A welcome waits for the snapshots it must hold.
  struct Opening {
    wire::Welcome welcome;
    std::set<CallId> named;  // by hello.calls
    std::size_t awaited = 0;
    std::uint64_t last_seq = 0;
  };

  struct Client {
    Member self;
    bool anonymous = false;
    wire::TokenClaims claims;
    std::string resume_key;
    std::optional<LinkId> link;  // nothing: lost, may resume
    LinkId newest_link;          // that it ever had
    std::optional<Opening> opening;
    std::uint64_t last_seq = 0;
    std::list<Unacknowledged> unacknowledged;
    std::size_t unacknowledged_bytes = 0;
    bool overflowed = false;  // events were forgotten: no resume
    Instant last_contact{};
    bool is_welcomed = false;  // on this link; before that it may not even know that it is here
    Instant paced_since{};    // of the heartbeat in force
    Duration told_period{};
    std::set<CallId> live_calls;
    std::set<SessionId> sessions;
    bool watches_presence = false;
    CommandMemory memory;
    std::int64_t tokens_us = 0;  // of the command bucket, in microseconds of refill
    Instant refilled_at{};
    TimerHandle heartbeat, contact_lost, resume_over;
  };

  void hello(LinkId link, wire::Hello&& hello, wire::TokenClaims&& claims);
  std::optional<Duration> must_wait(const wire::Hello& hello, const Client* resumable);
  void refuse_for_now(LinkId link, std::string message, Duration retry_after);
  bool is_outdated(LinkId link, const wire::Hello& hello, const wire::TokenClaims& claims, const Client* resumable);
  Client* find_resumable(const wire::Hello& hello, const wire::TokenClaims& claims);
  Client& make_client(const wire::Hello& hello, const wire::TokenClaims& claims);
  void take_link(Client& client, LinkId link);
  void open(Client& client, const wire::Hello& hello, bool resumed);
  void welcome_if_complete(Client& client);
  void command(Client& client, wire::ClientMessage&& message, std::optional<wire::TokenClaims>&& claims);
  bool is_repeated(Client& client, const std::string& cmd_id);
  void answer_again(Client& client, const std::string& cmd_id, const Answer& answer);
  bool may_spend(Client& client);
  static bool begins_something(const wire::ClientMessage& message);
  void withdraw(Client& client, wire::Cancel&& command);
  bool take_withdrawn(Client& client, const std::string& cmd_id);
  void park(const DeviceKey& device, CommandMemory&& memory);
  CommandMemory take_parked(const DeviceKey& device);
  void saw(const Client& client, const wire::ServerMessage& event);
  void dispatch(Client& client, wire::ClientMessage&& message, std::optional<wire::TokenClaims>&& claims);
  void dispatch_session(Client& client, SessionId session, wire::ClientMessage&& message,
                        std::optional<wire::TokenClaims>&& claims);
  void answer(const Asker& to, wire::ServerMessage&& answer);
  void send(LinkId link, wire::ServerMessage&& message, bool at_once = false);
  void acknowledge(Client& client, std::uint64_t seq);
  void event(Client& client, SharedMessage message);
  void set_pace(Client& client);
  void beat(Client& client);
  Duration period(const Client& client) const;
  Duration patience(const Client& client) const;
  void lose_link(Client& client, Instant since);
  void drop_link(Client& client, wire::ErrorWord word, std::uint16_t code, const std::string& message);
  void end_client(ClientId id, wire::LeaveReason reason);
  void send_away(const std::vector<ClientId>& clients, wire::ErrorWord word, const std::string& message);
  void reject_link(LinkId link, const wire::Error& error, std::uint16_t code);
  const Settings& settings(const Client& client) const { return desk_.settings_of(client.self.user.project); }
  Client* find(ClientId id);
  Client* client_of(LinkId link);

  Desk& desk_;
  HelloPace pace_;
  std::map<LinkId, Link> links_;
  std::unordered_map<ClientId, Client> clients_;
  std::map<DeviceKey, ClientId> devices_;
  CommandMemory& parked_memory(const DeviceKey& device);
  void forget_withdrawn();

  std::deque<WithdrawnRecord> withdrawn_;  // kept ones of all devices, oldest first
  std::map<DeviceKey, Parked> parked_;
  std::deque<std::pair<Instant, DeviceKey>> parked_order_;
};

}  // namespace offhook::core
