// Commands on their way: each is sent once per link until the server answers it, in the order they were given.
#pragma once

#include <functional>
#include <list>

#include "desk.hpp"
#include "limits.hpp"
#include "link.hpp"

namespace offhook::client {

// For whom the answer is.
struct ForEngine {};
struct ForCall { Handle handle = 0; };
struct ForRequest { RequestNumber number = 0; };
using Owner = std::variant<ForEngine, ForCall, ForRequest>;

struct Pending {
  std::string cmd_id;
  wire::ClientMessage command;
  Owner owner;
  LinkNumber sent_on = 0;                 // 0: never sent, so the server cannot know of it
  std::vector<Instant> resends;           // moments at which it is sent again while the link is up, in order
};

class Commands {
 public:
  Commands(Desk& desk, Link& link) : desk_(desk), link_(link) {}

  // Sends it, or keeps it until the link is up; fills in its cmd_id. Returns why it cannot be sent, if it cannot.
  std::optional<Problem> submit(wire::ClientMessage command, Owner owner);

  // Whatever is unanswered and was not sent on this link, in order.
  void send_all();

  // The command that an answer belongs to; it is answered now.
  std::optional<Pending> take(const std::string& cmd_id);
  // The server was too busy for it and has not remembered it: it is sent again a little later. False if there is none.
  bool postpone(const std::string& cmd_id);

  // The application has asked for just this, and can be told that it did not work.
  static bool is_asked_for(const Pending& pending);

  // Takes away those that are of no use any more and gives them back.
  std::vector<Pending> drop(const std::function<bool(const Pending&)>& is_useless);
  Pending* find(const std::function<bool(const Pending&)>& is_wanted);

  // Nobody waits for the answer any more, but a call that it creates must not live.
  void abandon(const std::string& cmd_id) { abandoned_.insert(cmd_id); }
  bool was_abandoned(const std::string& cmd_id) { return abandoned_.erase(cmd_id); }
  bool has_abandoned() const { return !abandoned_.empty(); }
  void forget_abandoned() { abandoned_.clear(); }

  std::optional<Instant> deadline() const;
  void advance();

 private:
  void send(Pending& pending);

  Desk& desk_;
  Link& link_;
  std::list<Pending> pending_;
  RecentSet<std::string> abandoned_{k_max_abandoned};
  std::uint64_t count_ = 0;
};

}  // namespace offhook::client
