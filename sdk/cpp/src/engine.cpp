// The router of the client engine: which part each input, message and deadline belongs to.
#include "offhook/engine.hpp"

#include "base/check.hpp"
#include "calls.hpp"
#include "limits.hpp"
#include "sessions.hpp"
#include "wire/codec.hpp"

namespace offhook::client {
namespace {

using wire::ErrorWord;

// Close codes (PROTOCOL.md section 11).
constexpr std::uint16_t k_normal = 1000;
constexpr std::uint16_t k_protocol_error = 4000;
constexpr std::uint16_t k_token_refused = 4001;
constexpr std::uint16_t k_replaced = 4002;
constexpr std::uint16_t k_no_contact = 4004;
constexpr std::size_t k_max_held = 512;  // events; as many as the server keeps unacknowledged

Problem problem_in(const wire::Error& error) { return {std::string(wire::word(error.error)), error.message}; }

// May another attempt fare better? If not, it would be refused in the same way again and again.
bool is_passing(ErrorWord word, bool can_renew_token) {
  switch (word) {
    case ErrorWord::HelloTimeout:
    case ErrorWord::RateLimited:
    case ErrorWord::Overloaded:
    case ErrorWord::SlowConsumer:
    case ErrorWord::Internal: return true;
    case ErrorWord::TokenExpired: return can_renew_token;
    case ErrorWord::BadJson:
    case ErrorWord::TooDeep:
    case ErrorWord::TooLarge:
    case ErrorWord::BadMessage:
    case ErrorWord::UnknownType:
    case ErrorWord::MissingField:
    case ErrorWord::BadField:
    case ErrorWord::HelloFirst:
    case ErrorWord::HelloTwice:
    case ErrorWord::UnsupportedVersion:
    case ErrorWord::BadToken:
    case ErrorWord::NotAllowed:
    case ErrorWord::NoSuchCall:
    case ErrorWord::NoSuchSession:
    case ErrorWord::NoSuchConnection:
    case ErrorWord::NoSuchStream:
    case ErrorWord::NotConnected:
    case ErrorWord::LimitReached:
    case ErrorWord::Replaced:
    case ErrorWord::ProjectDisabled: return false;
  }
  return false;
}

}  // namespace

struct Engine::Parts {
  explicit Parts(EngineOptions options) : desk(std::move(options)) {}

  Desk desk;
  Link link{desk};
  Commands commands{desk, link};
  Calls calls{desk, link, commands};
  Sessions sessions{desk, link, commands};
  std::vector<wire::ElsewhereCall> elsewhere;  // as last told
  std::vector<wire::ServerMessage> held;  // events of sessions whose session_connect is not answered yet

  // --- inputs

  void on(Connect&&) {
    if (!link.is_running()) return link.open();
    if (link.is_time_to_open()) link.open();
  }

  void on(Disconnect&&) { close(std::nullopt, By::Us); }

  void on(Opened&& input) {
    if (link.is_current(input.link)) link.greet(std::move(input.token), calls.believed());
  }

  // Contact is a server that knows this client: one that refuses its hello says nothing about its calls.
  void on(Received&& input) {
    if (!link.is_current(input.link)) return;
    if (link.is_up() || std::holds_alternative<wire::Welcome>(input.message)) link.heard();
    std::visit([&](auto& message) { on_message(message); }, input.message);
  }

  void on(Undecoded&& input) {
    if (!link.is_current(input.link)) return;
    if (link.is_up()) link.heard();
    if (input.seq) count(*input.seq);
    const auto pending = input.cmd_id ? commands.take(*input.cmd_id) : std::nullopt;
    if (pending) refuse(*pending, {"bad_reply", input.problem});
  }

  void on(Closed&& input) {
    if (!link.is_current(input.link)) return;
    if (input.code == k_token_refused && !desk.options.can_renew_token) {
      return close(Problem{"bad_token", "The server has refused the token."}, By::Server);
    }
    if (input.code == k_replaced) return close(Problem{"replaced", "This device has connected again elsewhere."}, By::Server);
    lose(k_normal, "");
  }

  void on(Wake&&) { link.wake(); }
  // It rings at once, if it may; the server is asked in any case, and what it says counts.
  void on(Woken&& input) {
    calls.wake(input);
    desk.is_urgent = !calls.empty();
    link.is_running() ? link.wake() : link.open();
  }

  void on(PlaceCall&& input) { calls.place(std::move(input)); }
  void on(MoveCall&& input) { calls.move_here(input); }
  void on(Seen&& input) { calls.see(input.call_id); }
  void on(Act&& input) { calls.act(input); }
  void on(FailMedia&& input) { calls.fail_media(input); }

  void on(Request&& input) {
    const auto* change = std::get_if<wire::SetPush>(&input.command);
    if (change != nullptr && !link.is_closed()) desk.push = change->push;
    if (!link.is_closed()) return sessions.request(std::move(input));
    desk.tell(event::Failed{input.number, {"closed", "The client is closed."}});
  }

  // --- messages

  void on_message(wire::Welcome& welcome) {
    if (!link.is_greeting()) return;
    link.welcomed(welcome);
    if (auto contradiction = contradiction_of(desk.options.watchdogs, welcome.settings)) {
      return close(Problem{"bad_settings", std::move(*contradiction)}, By::Us);
    }
    desk.adopt(welcome.settings);
    desk.set_unix_ms(welcome.time_at_ms);
    desk.tell(event::Online{welcome.user, welcome.ice_servers});
    if (!welcome.resumed) held.clear();
    if (!welcome.resumed) show_elsewhere({});  // told anew after this welcome, if there are any
    calls.on_welcome(welcome);
    commands.forget_abandoned();  // what an older link has made is among the calls of this welcome
    if (!welcome.resumed) sessions.start_afresh();  // before the commands that wait to be sent in them
    commands.send_all();
  }

  void on_message(const wire::ServerPing& ping) {
    if (!link.is_up()) return;
    link.set_period(ping.period_ms);
    link.pong();
  }

  void on_message(const wire::ServerPong&) {}

  void on_message(const wire::Reply& reply) {
    const auto pending = commands.take(reply.cmd_id);
    if (!pending) {
      const auto* call = std::get_if<wire::CallReply>(&reply.body);
      if (commands.was_abandoned(reply.cmd_id) && call != nullptr) calls.on_late_reply(call->call);
      return;
    }
    if (std::holds_alternative<ForCall>(pending->owner)) {
      calls.on_reply(*pending, reply.body);
    } else {
      if (const auto* call = std::get_if<wire::CallReply>(&reply.body)) calls.on_other_reply(*pending, call->call);
      sessions.on_reply(*pending, reply.body);
    }
    if (std::holds_alternative<wire::SessionConnect>(pending->command)) release_held();
  }

  void on_message(const wire::Error& error) {
    const auto* pending = error.cmd_id ? commands.find([&](const Pending& p) { return p.cmd_id == *error.cmd_id; }) : nullptr;
    const bool may_wait = pending != nullptr && !commands.is_asked_for(*pending);
    if (error.error == ErrorWord::RateLimited && may_wait) {
      commands.postpone(*error.cmd_id);
    } else if (pending != nullptr) {
      refuse(*commands.take(*error.cmd_id), problem_in(error));
    }
    if (error.cmd_id) commands.was_abandoned(*error.cmd_id);
    if (error.fatal || !link.is_up()) return on_fatal(error);
    if (!error.cmd_id) desk.tell(event::Error{problem_in(error)});
  }

  template <class Event>
    requires requires(Event& event) { event.seq; }
  void on_message(Event& event) {
    if (link.is_up() && count(event.seq)) on_event(event);
  }

  void on_event(wire::CallEvent& event) { calls.on_event(event.call); }
  void on_event(wire::Presence& event) { sessions.on_presence(event); }
  void on_event(wire::Elsewhere& event) { show_elsewhere(std::move(event.calls)); }
  void on_event(wire::Missed& event) {
    calls.on_missed(event.record);
    desk.tell(event::Missed{std::move(event.record)});
  }
  void on_event(wire::Draining& event) { desk.tell(event::Draining{event.remaining_ms}); }
  void on_event(wire::ExpectationMet& event) { sessions.on_met(event); }
  void on_event(wire::ConnectionMissed& event) { sessions.on_missed(event); }

  // When a link is lost between the reply to session_connect and an event, the event is replayed before the command is sent again;
  // the application hears of the session first.
  void on_event(wire::SessionDisconnected& event) {
    if (calls.has_closed(event.session_id)) return;
    if (is_joining(event.session_id) && held.size() < k_max_held) return held.emplace_back(event), void();
    if (const auto call = calls.call_in(event.session_id)) return calls.on_session_disconnected(*call, event.reason);
    sessions.on_disconnected(event.session_id, event.reason);
  }

  // Any other event of a session.
  void on_event(auto& event) {
    if (calls.has_closed(event.session_id)) return;
    if (is_joining(event.session_id) && held.size() < k_max_held) return held.emplace_back(event), void();
    desk.tell(event::Session{calls.call_in(event.session_id), event});
  }

  bool is_joining(SessionId session) {
    if (calls.is_joined(session) || sessions.is_joined(session)) return false;
    return commands.find([&](const Pending& pending) {
      const auto* connect = std::get_if<wire::SessionConnect>(&pending.command);
      return connect != nullptr && connect->session_id == session;
    }) != nullptr;
  }

  void release_held() {
    for (auto& message : std::exchange(held, {})) {
      std::visit(
          [&](auto& event) {
            if constexpr (requires { event.session_id; event.seq; }) on_event(event);
          },
          message);
    }
  }

  // True if the event is news. One that is missing is fetched by resuming.
  bool count(std::uint64_t seq) {
    const auto order = link.count(seq);
    if (order == Link::Order::Gap) lose(k_protocol_error, "an event is missing");
    return order == Link::Order::New;
  }

  void refuse(const Pending& pending, const Problem& problem) {
    if (std::holds_alternative<ForCall>(pending.owner)) {
      calls.on_error(pending, problem);
    } else {
      calls.on_other_error(pending);
      sessions.on_error(pending, problem);
    }
    if (std::holds_alternative<wire::SessionConnect>(pending.command)) release_held();
  }

  void on_fatal(const wire::Error& error) {
    if (!is_passing(error.error, desk.options.can_renew_token)) return close(problem_in(error), By::Server);
    desk.tell(event::Error{problem_in(error)});
    lose(k_normal, std::string(wire::word(error.error)), std::chrono::milliseconds{std::max<std::int64_t>(error.retry_after_ms.value_or(0), 0)});
  }

  void show_elsewhere(std::vector<wire::ElsewhereCall> list) {
    if (list.size() > k_max_elsewhere) list.resize(k_max_elsewhere);
    if (std::exchange(elsewhere, list) != list) desk.tell(event::LiveElsewhere{std::move(list)});
  }

  // --- the end of a link, and of all

  void lose(std::uint16_t code, std::string reason, Duration asked = Duration{0}) {
    const bool was_up = link.is_up();
    link.lose(code, std::move(reason), asked);
    if (was_up) desk.tell(event::Offline{});
  }

  // For good, until the application connects again. Everybody who waits gets an answer.
  // Whoever leaves by itself says bye, so that the server need not wait for it to resume.
  enum class By { Us, Server };
  void close(std::optional<Problem> problem, By by) {
    if (link.is_closed()) return;
    const bool on_purpose = !problem;
    const bool was_up = link.is_up();
    calls.end_all(on_purpose);
    sessions.close(problem.value_or(Problem{"closed", "The client is closed."}),
                   on_purpose ? wire::LeaveReason::ClientDisconnected : wire::LeaveReason::NetworkDisconnected);
    held.clear();
    show_elsewhere({});
    if (by == By::Us && was_up) link.send(wire::Bye{});
    link.shut(k_normal, "bye");
    desk.tell(event::Closed{std::move(problem)});
  }

  // --- time

  std::optional<Instant> deadline() const {
    return earliest(earliest(link.deadline(), commands.deadline()), earliest(calls.deadline(), sessions.deadline()));
  }

  // The link first: whether it is up decides which watchdogs count.
  void advance(Instant now) {
    desk.now = now;
    desk.is_urgent = !calls.empty();
    while (deadline() && *deadline() <= now) {
      if (link.deadline() && *link.deadline() <= now) {
        link.is_time_to_open() ? link.open() : lose(k_no_contact, "no contact");
      }
      commands.advance();
      calls.advance();
      sessions.advance();
    }
  }
};

Engine::Engine(EngineOptions options) {
  CHECK(!problem_of(options.watchdogs));
  parts_ = std::make_unique<Parts>(std::move(options));
}

Engine::~Engine() = default;

// A message that is here is contact, however late the machine has found the time to look at it; so it comes before deadlines.
void Engine::handle(Instant now, Input input, Outputs& out) {
  parts_->desk.out = &out;
  parts_->desk.now = now;
  parts_->desk.is_urgent = !parts_->calls.empty();
  const bool is_heard = std::holds_alternative<Received>(input) || std::holds_alternative<Undecoded>(input);
  // Seen comes from the middle of the outputs of another input, which nothing may overtake; it can wait for no deadline either.
  const bool is_note = std::holds_alternative<Seen>(input);
  if (!is_heard && !is_note) parts_->advance(now);
  std::visit([&](auto& given) { parts_->on(std::move(given)); }, input);
  if (is_heard) parts_->advance(now);
  parts_->desk.out = nullptr;
}

void Engine::advance(Instant now, Outputs& out) {
  parts_->desk.out = &out;
  parts_->advance(now);
  parts_->desk.out = nullptr;
}

std::optional<Instant> Engine::next_deadline() const { return parts_->deadline(); }

std::vector<JournalEntry> Engine::unseen_outcomes() const { return parts_->calls.unseen(); }

}  // namespace offhook::client
