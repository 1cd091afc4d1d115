// The way to the server: one socket at a time, its heartbeat, the order of events, resuming and reconnecting.
//
//   Idle ──open──▶ Opening ──opened──▶ Greeting ──welcome──▶ Up
//                     ▲                                      │
//                     └───────── Waiting ◀──── lost ─────────┘      (any) ──shut──▶ Closed
#pragma once

#include "desk.hpp"

namespace offhook::client {

class Link {
 public:
  explicit Link(Desk& desk) : desk_(desk) {}

  bool is_up() const { return state_ == State::Up; }
  bool is_closed() const { return state_ == State::Closed; }
  bool is_greeting() const { return state_ == State::Greeting; }
  // Is there an attempt or a link, so that the application need not ask for one?
  bool is_running() const;
  bool is_current(LinkNumber link) const;
  LinkNumber number() const { return number_; }
  // When the server was last heard, by whatever link.
  Instant last_contact() const { return last_contact_; }

  void open();
  void greet(std::string token, std::vector<CallId> calls);
  void welcomed(const wire::Welcome& welcome);

  void send(wire::ClientMessage message) { desk_.output(Send{number_, std::move(message)}); }
  void heard();
  void set_period(std::int64_t period_ms);
  void pong();

  enum class Order { New, Seen, Gap };
  // Takes note of an event's number.
  Order count(std::uint64_t seq);

  void wake();
  // A command was sent: is anybody there?
  void doubt();
  // The socket is of no use any more; another is opened after a pause, not before `asked` where the server has asked for that.
  void lose(std::uint16_t code, std::string reason, Duration asked = Duration{0});
  // The end of the link for good; nothing is resumed afterwards.
  void shut(std::uint16_t code, std::string reason);

  // When silence, a slow opening or the pause before the next attempt is over.
  std::optional<Instant> deadline() const;
  // REQUIRES: the deadline has come. True if what it asks for is another socket, false if it is to lose this one.
  bool is_time_to_open() const { return state_ == State::Waiting; }

 private:
  // Idle: nothing begun. Opening: a socket is being opened. Greeting: hello said. Up: welcome heard, messages pass.
  // Waiting: lost, the next attempt has its moment. Closed: for good, until it is opened again.
  enum class State { Idle, Opening, Greeting, Up, Waiting, Closed };

  bool has_socket() const;

  struct Identity {
    ClientId client_id;
    std::string resume_key;
  };

  Desk& desk_;
  State state_ = State::Idle;
  LinkNumber number_ = 0;  // of the current socket
  Instant opening_until_{};
  int openings_ = 0;  // since a welcome
  Instant up_since_{};
  int attempts_ = 0;  // since a link was last settled
  Instant retry_at_{};
  Instant last_contact_{};
  Duration period_{};
  std::optional<Instant> probe_until_;
  std::optional<Identity> identity_;
  std::uint64_t last_seq_ = 0;
  std::uint64_t acknowledged_ = 0;
};

}  // namespace offhook::client
