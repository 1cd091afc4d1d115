// The calls of this device: what the application is told of each, what is said to the server by itself (ring_ack,
// session_connect), and every watchdog. Each call ends here exactly once, in finish().
#pragma once

#include <map>
#include <set>

#include "commands.hpp"
#include "journal.hpp"
#include "wire/limits.hpp"

namespace offhook::client {

// What this device shows of the end of a call; by default that the server's word did not come.
struct CallEnd {
  wire::Outcome outcome = wire::Outcome::LostContact;
  std::optional<wire::Reason> reason{};
  std::optional<std::int64_t> duration_ms{};  // by our own clock if the server has not told it
  std::optional<std::string> owes{};        // the last word that the server has not answered, as debt_of() writes it
  bool may_ring = false;                    // it fell silent for want of contact only
};

class Calls {
 public:
  Calls(Desk& desk, Link& link, Commands& commands) : desk_(desk), link_(link), commands_(commands), journal_(desk) {}

  void place(PlaceCall&& input);
  void move_here(const MoveCall& input);
  void wake(const Woken& input);
  void act(const Act& input);
  void fail_media(const FailMedia& input);

  void on_snapshot(const wire::Snapshot& snapshot);
  // The same, as an event of a live link: a call that nobody here has placed is then one that the backend has placed.
  void on_event(const wire::Snapshot& snapshot);
  void on_reply(const Pending& pending, const wire::ReplyBody& body);
  void on_error(const Pending& pending, const Problem& problem);
  // The answer to a command about a call that no call here waits for: a last word, or a question.
  void on_other_reply(const Pending& pending, const wire::Snapshot& snapshot);
  void on_other_error(const Pending& pending);
  // What the server tells of a call that this device has missed, or knows the end of only by itself.
  void on_missed(const wire::HistoryRecord& record);
  // An invite that was given up long ago has made a call after all.
  void on_late_reply(const wire::Snapshot& snapshot) { refuse_stranger(snapshot); }

  void see(CallId id) { journal_.see(id); }
  std::vector<JournalEntry> unseen() const { return journal_.unseen(); }

  // Of the session under a call. Nothing if it is under none.
  std::optional<Handle> call_in(SessionId session) const;
  // Its call has ended here: the application is told nothing more of it.
  bool has_closed(SessionId session) const { return closed_sessions_.contains(session); }
  bool is_joined(SessionId session) const;
  void on_session_disconnected(Handle handle, wire::LeaveReason reason);

  // For hello: what this device still believes in, and what it wants to know the end of.
  std::vector<CallId> believed();
  void on_welcome(const wire::Welcome& welcome);
  // The link is gone for good. `on_purpose`: the application has asked for it, so the server is told while it can be.
  void end_all(bool on_purpose);

  bool empty() const { return calls_.empty(); }
  std::optional<Instant> deadline() const;
  void advance();

 private:
  // Placing: the invite is not answered. Calling: it is, the callee has not answered. Ringing: here. Answering: pressed, the
  // server has not said who won. Taking: move_here is not answered. Ending: hang-up pressed, the server's word is awaited.
  enum class Stage { Placing, Calling, Ringing, Answering, Taking, Connecting, Active, Ending };
  // Rejoining: it was Inside, but the server has forgotten this client.
  enum class Membership { Outside, Joining, Inside, Rejoining };

  struct Call {
    CallView view;
    Stage stage = Stage::Placing;
    Instant since{};  // of the stage
    std::optional<Instant> active_since;
    std::optional<wire::Snapshot> shown;
    std::optional<Instant> setup_at, ring_at, connect_at;  // the server's deadlines, by our clock
    std::optional<Instant> asked_at;                       // the setup watchdog has asked the server
    std::optional<Instant> woken_until;                    // rings by a push until then, unless the server is heard
    Membership session = Membership::Outside;
  };

  static bool is_answered(Stage stage);

  // --- the server's word
  void apply(Call& call, const wire::Snapshot& snapshot);
  void note(Call& call, const wire::Snapshot& snapshot, bool is_news);
  void confirm(Call& call, const wire::Snapshot& snapshot);
  void ask_whether(CallId id);
  void advance_stage(Call& call, const wire::Snapshot& snapshot, bool rang_before);
  void join_session(Call& call);
  void rejoin_session(Call& call);
  void on_placed(Call& call, const wire::Snapshot& snapshot);
  void on_taken(Call& call, const wire::Snapshot& snapshot);
  void on_stranger(const wire::Snapshot& snapshot);
  bool may_be_placed(const wire::Snapshot& snapshot);
  void keep_stranger(const wire::Snapshot& snapshot);
  bool is_of_backend(const wire::Snapshot& snapshot) const;
  void adopt(const wire::Snapshot& snapshot, Stage stage, CallMoment moment);
  void on_incoming(const wire::Snapshot& snapshot);
  void refuse_stranger(const wire::Snapshot& snapshot);
  void settle_strangers();
  void learn(const wire::Snapshot& snapshot);
  void take(const wire::Snapshot& snapshot);
  void end_unknown(const std::set<CallId>& known);
  void end_unknown(Call& call);
  void settle_earlier(const std::set<CallId>& known);
  void pay_debts();
  bool is_awaiting_last_word(CallId id);
  void on_session_refused(Call& call);

  // --- the application's word
  void answer(Call& call);
  void hang_up(Call& call, Action action);
  void send_hang_up(Call& call, Action action);
  wire::ClientMessage farewell_of(const Call& call);
  void send_media(Call& call, wire::ClientMessage command);

  // --- watchdogs
  std::optional<Instant> deadline_of(const Call& call) const;
  Instant setup_deadline(const Call& call) const;
  Duration call_limit(const Call& call) const;
  void bark(Call& call);
  void bark_calling(Call& call);
  void bark_ringing(Call& call);
  void abandon(Call& call, const CallEnd& end);
  void bark_ending(Call& call);
  void give_up(Call& call, const char* watchdog);

  // --- the end
  void finish(Call& call, CallEnd end, bool by_server);
  Pending* pending_of(const Call& call, bool (*is_wanted)(const wire::ClientMessage&));

  void say(const Call& call, wire::ClientMessage command) { commands_.submit(std::move(command), ForCall{call.view.handle}); }
  void tell(const Call& call, CallMoment moment) { desk_.tell(event::Call{moment, call.view}); }
  void enter(Call& call, Stage stage);
  Call* find(Handle handle);
  Call* find(CallId id);

  Desk& desk_;
  Link& link_;
  Commands& commands_;
  std::map<Handle, Call> calls_;
  std::map<CallId, wire::Snapshot> strangers_;  // may be of an invite whose reply has not come yet
  Journal journal_;
  std::set<CallId> named_;  // in the last hello
  RecentSet<CallId> asked_{wire::k_max_hello_calls};  // told of by a push that could not ring by itself
  RecentSet<SessionId> closed_sessions_{k_max_closed_sessions};
  Handle incoming_ = 0;  // so many have come in
};

}  // namespace offhook::client
