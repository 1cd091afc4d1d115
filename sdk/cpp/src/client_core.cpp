#include "client_core.hpp"

#include <algorithm>
#include <random>

#include "base/random.hpp"
#include "wire/codec.hpp"
#include "wire/token.hpp"

namespace offhook {

using namespace client;

namespace {

constexpr std::chrono::seconds k_goodbye_timeout{1};

Seed make_seed() {
  std::random_device system;
  Seed seed;
  for (auto& word : seed) word = system();
  return seed;
}

std::string random_name(Random& random) { return base32_encode(random.next(), random.next()); }

std::optional<Problem> problem_of_options(const ClientOptions& options, const Result<Url, Problem>& url) {
  if (!url) return url.error();
  if (!wire::valid_device_id(options.device_id)) {
    return Problem{"bad_device_id", "A device id is 1 to 64 of A-Z a-z 0-9 . _ -; this is \"" + options.device_id + "\"."};
  }
  if (const auto sentence = problem_of(options.watchdogs)) return Problem{"bad_watchdog", *sentence};
  return std::nullopt;
}

EngineOptions engine_options(const ClientOptions& options, const Seed& seed, std::vector<JournalEntry> journal) {
  constexpr std::size_t k_max_client_bytes = 64;
  Random random(seed);
  EngineOptions out;
  out.device_id = options.device_id;
  out.client = ("offhook-cpp/" OFFHOOK_VERSION " " + options.name).substr(0, k_max_client_bytes);
  out.command_prefix = random_name(random).substr(0, 12) + "-";
  out.seed = seed;
  out.can_renew_token = options.get_token != nullptr;
  if (!problem_of(options.watchdogs)) out.watchdogs = options.watchdogs;
  out.push = options.push;
  out.journal = std::move(journal);
  return out;
}

}  // namespace

// --- from the application to the engine

Client::Core::Core(ClientOptions options)
    : options_(std::move(options)),
      own_loop_(options_.thread == nullptr ? std::make_unique<Loop>() : nullptr),
      loop_(own_loop_ ? *own_loop_ : options_.thread->loop()) {
  const auto seed = make_seed();
  state_ = std::make_unique<StateFile>(options_.state_file, to_unix_ms(loop_.now()));
  if (options_.device_id.empty()) options_.device_id = state_->device_id();
  if (options_.device_id.empty()) {
    auto other = seed;
    other[0] ^= 1;  // another stream of chance than the engine's own
    Random random(other);
    options_.device_id = "cpp-" + random_name(random);
    state_->keep_device_id(options_.device_id);
  }
  const auto url = parse_url(options_.url);
  problem_ = problem_of_options(options_, url);
  if (url) url_ = client_socket_of(*url);
  engine_ = std::make_unique<Engine>(engine_options(options_, seed, state_->entries()));
  show_unseen();
}

void Client::Core::connect() {
  post([this] {
    tell_trouble();
    if (problem_) return tell_handler(handlers.closed, problem_);
    feed(Connect{});
  });
}

void Client::Core::feed_soon(Input input) {
  post([this, input = std::move(input)] { feed(input); });
}

namespace {

PlaceCall input_for(const CallView& view, std::optional<Group> group, const CallOptions& options) {
  PlaceCall input;
  input.handle = view.handle;
  if (!group) input.to = view.peer;
  input.media = options.media;
  input.data = options.data;
  const std::pair<const std::optional<std::chrono::milliseconds>&, std::optional<std::int64_t>&> timers[] = {
      {options.ring_timeout, input.ring_timeout_ms},       {options.wake_timeout, input.wake_timeout_ms},
      {options.connect_timeout, input.connect_timeout_ms}, {options.drop_grace, input.drop_grace_ms},
      {options.max_duration, input.max_duration_ms}};
  for (const auto& [given, timer] : timers) {
    if (given) timer = given->count();
  }
  input.decline_policy = options.decline_policy;
  input.wait_full_ring = options.wait_full_ring;
  input.group = std::move(group);
  return input;
}

}  // namespace

std::shared_ptr<Call::Core> Client::Core::place(UserId to, std::optional<Group> group, CallOptions options) {
  CallView view;
  view.handle = ++last_handle_;
  view.peer = std::move(to);
  view.media = options.media;
  view.data = options.data;
  if (group) view.group_mode = group->mode;
  auto call = std::make_shared<Call::Core>(weak_from_this(), view);
  post([this, call, input = input_for(view, std::move(group), options)] {
    calls_.emplace(call->handle, call);
    feed(input);
  });
  return call;
}

std::shared_ptr<Call::Core> Client::Core::move_here(const ElsewhereCall& from) {
  CallView view;
  view.handle = ++last_handle_;
  view.call_id = from.call_id;
  view.role = from.role;
  view.peer = from.peer;
  view.media = from.media;
  view.is_moving = true;
  auto call = std::make_shared<Call::Core>(weak_from_this(), view);
  post([this, call, input = MoveCall{view.handle, from.call_id, from.role, from.peer, from.media}] {
    calls_.emplace(call->handle, call);
    show_elsewhere();
    feed(input);
  });
  return call;
}

void Client::Core::mark_seen(std::optional<CallId> call) {
  post([this, call] {
    for (const auto& entry : engine_->unseen_outcomes()) {
      if (!call || entry.call_id == *call) feed(Seen{entry.call_id});
    }
    show_unseen();
  });
}

// How old it is the clock of this machine says, which may be wrong: then the server is asked before it rings.
void Client::Core::handle_push(const std::string& payload, Done answer) {
  post([this, payload, answer = std::move(answer)] {
    if (problem_) return tell_handler(answer, problem_);
    const auto push = wire::decode_push_payload(payload);
    if (!push) return tell_handler(answer, Problem{"bad_push", push.error().message});
    const auto sent_at_ms = push->expires_at_ms - push->remaining_ms;
    const auto age_ms = std::max<std::int64_t>(to_unix_ms(loop_.now()) - sent_at_ms, 0);
    feed(Woken{push->call_id, push->caller, push->media, push->group, push->data, std::chrono::milliseconds{push->remaining_ms - age_ms}});
    tell_handler(answer, std::nullopt);
  });
}

void Client::Core::ask(wire::ClientMessage command, ReplyTo reply_to) {
  const auto number = ++last_request_;
  post([this, number, command = std::move(command), reply_to = std::move(reply_to)] {
    requests_.emplace(number, reply_to);
    feed(Request{number, command});
  });
}

void Client::Core::expect(wire::Expect command, std::function<void(Expected)> told) {
  const auto number = ++last_request_;
  post([this, number, command = std::move(command), told = std::move(told)] {
    expectations_.emplace(number, told);
    feed(Request{number, command});
  });
}

void Client::Core::keep(const std::shared_ptr<Session::Core>& session) {
  if (std::find(sessions_.begin(), sessions_.end(), session) == sessions_.end()) sessions_.push_back(session);
}

void Client::Core::forget(const Session::Core* session) {
  std::erase_if(sessions_, [session](const auto& kept) { return kept.get() == session; });
}

// The engine says good-bye; then everybody who still waits is told, once, that there will be nothing more.
void Client::Core::say_goodbye() {
  if (!problem_) feed(Disconnect{});
  link_is_unproven_ = false;
  for (const auto& [handle, call] : std::exchange(calls_, {})) call->on_end({Outcome::LostContact, {}, {}, {}});
  const Problem gone{"closed", "The client was closed before an answer came."};
  for (const auto& [number, reply_to] : std::exchange(requests_, {})) tell_handler(reply_to, gone);
  for (const auto& [number, told] : std::exchange(expectations_, {})) tell_handler(told, gone);
  sessions_.clear();
  handlers = {};
}

void Client::Core::close() {
  std::promise<void> closed;
  post([this, &closed] {
    say_goodbye();
    if (!socket_) return closed.set_value();
    when_closed_ = [&closed] { closed.set_value(); };
  });
  closed.get_future().wait_for(k_goodbye_timeout);
  if (own_loop_) {
    own_loop_->stop();
    return socket_.reset();
  }
  std::promise<void> left;
  post([this, &left] {
    alarm_.set({}, {});
    socket_.reset();
    when_closed_ = nullptr;
    left.set_value();
  });
  left.get_future().wait();
}

// --- from the engine to the socket

void Client::Core::feed(Input input) {
  Outputs outputs;
  engine_->handle(loop_.now(), std::move(input), outputs);
  carry_out_all(outputs);
}

void Client::Core::arm() {
  alarm_.set(engine_->next_deadline(), while_here([this] {
    Outputs outputs;
    engine_->advance(loop_.now(), outputs);
    carry_out_all(outputs);
  }));
}

void Client::Core::carry_out_all(Outputs& outputs) {
  for (auto& output : outputs) {
    std::visit([this](auto& one) { carry_out(one); }, output);
  }
  arm();
}

void Client::Core::carry_out(OpenSocket& output) {
  const auto link = link_ = output.link;
  link_is_unproven_ = true;
  socket_.reset();
  if (!options_.get_token) return open(link, options_.token);
  options_.get_token([weak = weak_from_this(), link](std::string token) {
    const auto self = weak.lock();
    if (!self) return;
    self->post([core = self.get(), link, token = std::move(token)] {
      if (link == core->link_ && !core->socket_) core->open(link, token);
    });
  });
}

void Client::Core::open(LinkNumber link, const std::string& token) {
  if (token.empty()) {
    post([this, link] { on_closed(link, {}, "There is no token to connect with."); });
    return;
  }
  SocketHandlers handlers_of_socket;
  handlers_of_socket.opened = while_here([this, link, token] { feed(Opened{link, token}); });
  handlers_of_socket.received = while_here([this, link](const std::string& text) { on_text(link, text); });
  handlers_of_socket.closed =
      while_here([this, link](std::optional<std::uint16_t> code, const std::string& why) { on_closed(link, code, why); });
  socket_ = open_web_socket(loop_, url_, options_.ca_file, std::move(handlers_of_socket));
}

void Client::Core::carry_out(CloseSocket& output) {
  if (output.link != link_) return;
  constexpr std::uint16_t k_on_purpose = 1000;
  if (std::exchange(link_is_unproven_, false) && output.code != k_on_purpose) {
    tell_handler(handlers.error, Problem{"unreachable", authority_of(url_) + " does not answer."});
  }
  if (socket_) return socket_->close(output.code, output.reason);
  link_ = 0;  // a token that comes now comes too late
}

void Client::Core::carry_out(Send& output) {
  if (output.link == link_ && socket_) socket_->send(wire::encode(output.message));
}

void Client::Core::on_text(LinkNumber link, const std::string& text) {
  if (link == link_) link_is_unproven_ = false;
  auto message = wire::decode_server(text);
  if (message) return feed(Received{link, std::move(*message)});
  feed(Undecoded{link, message.error().message, wire::seq_in(text), message.error().cmd_id});
}

void Client::Core::on_closed(LinkNumber link, std::optional<std::uint16_t> code, const std::string& why) {
  if (link == link_) {
    socket_.reset();
    if (std::exchange(link_is_unproven_, false)) tell_handler(handlers.error, Problem{"unreachable", why});
    if (const auto told = std::exchange(when_closed_, nullptr)) told();
  }
  feed(Closed{link, code});
}

// --- from the engine to the application

void Client::Core::carry_out(Tell& output) {
  std::visit([this](auto& event) { tell(event); }, output.event);
}

// On the disk before anything that follows it.
void Client::Core::carry_out(Keep& output) {
  state_->keep(output.entry);
  tell_trouble();
}

void Client::Core::carry_out(Forget& output) {
  state_->forget(output.call_id);
  tell_trouble();
}

void Client::Core::tell_trouble() {
  if (const auto problem = state_->take_problem()) tell_handler(handlers.error, *problem);
}

void Client::Core::tell(event::Online&) {
  tell_link(true);
  tell_handler(handlers.online);
}

void Client::Core::tell(event::Offline&) {
  tell_link(false);
  tell_handler(handlers.offline);
}

// A handler may end calls, so those of now are told.
void Client::Core::tell_link(bool is_up) {
  for (const auto& [handle, call] : std::map(calls_)) call->on_link(is_up);
}

// --- calls elsewhere and of earlier processes

void Client::Core::tell(event::LiveElsewhere& event) {
  elsewhere_ = std::move(event.calls);
  show_elsewhere();
}

void Client::Core::show_elsewhere() {
  std::vector<ElsewhereCall> shown;
  for (const auto& one : elsewhere_) {
    const auto is_this = [&](const auto& call) { return call.second->has_id && call.second->call_id == one.call_id; };
    if (std::none_of(calls_.begin(), calls_.end(), is_this)) shown.push_back(one);
  }
  if (shown == elsewhere_shown_.get()) return;
  elsewhere_shown_.set(shown);
  tell_handler(handlers.live_elsewhere, shown);
}

void Client::Core::tell(event::UnseenOutcome&) {
  show_unseen();
  tell_handler(handlers.unseen_outcomes, unseen_.get());
}

void Client::Core::show_unseen() {
  std::vector<UnseenOutcome> shown;
  for (const auto& entry : engine_->unseen_outcomes()) {
    shown.push_back({entry.call_id, entry.role, entry.peer, entry.media, entry.outcome, entry.reason,
                     std::chrono::sys_time<std::chrono::milliseconds>(std::chrono::milliseconds{entry.at_ms}),
                     outcome_text(entry.outcome, entry.reason, entry.role, entry.peer)});
  }
  unseen_.set(std::move(shown));
}

void Client::Core::tell(event::Closed& event) { tell_handler(handlers.closed, event.problem); }
void Client::Core::tell(event::Error& event) { tell_handler(handlers.error, event.problem); }
void Client::Core::tell(event::Presence& event) { tell_handler(handlers.presence, PresenceChange{event.user, event.online}); }
void Client::Core::tell(event::Draining& event) {
  tell_handler(handlers.draining, std::chrono::milliseconds{event.remaining_ms});
}

void Client::Core::tell(event::Missed& event) { tell_handler(handlers.missed, event.record); }

// Of an incoming call, or of one that the backend has placed for this device. One of which nobody asks to be told must not go on.
void Client::Core::tell_new(event::Call& event) {
  auto call = std::make_shared<Call::Core>(weak_from_this(), event.call);
  calls_.emplace(call->handle, call);
  const bool is_incoming = event.moment == CallMoment::Incoming;
  const auto& handler = is_incoming ? handlers.incoming : handlers.outgoing;
  if (!handler) return feed_soon(Act{call->handle, is_incoming ? Action::Busy : Action::Cancel});
  tell_handler(handler, offhook::Call(std::move(call)));
}

void Client::Core::tell(event::Call& event) {
  const auto found = calls_.find(event.call.handle);
  if (found == calls_.end()) return tell_new(event);
  const auto call = found->second;
  call->note(event.call);
  call->on_moment(event.moment);
}

void Client::Core::tell(event::Ended& event) {
  const auto found = calls_.find(event.call.handle);
  if (found == calls_.end()) return;
  const auto call = found->second;
  calls_.erase(found);
  call->note(event.call);
  call->on_end({event.outcome, event.reason, std::chrono::milliseconds{event.duration_ms}, {}});
  if (event.call.call_id) feed(Seen{*event.call.call_id});
  show_elsewhere();
}

std::vector<std::shared_ptr<Session::Core>> Client::Core::sessions_called(const SessionId& id) const {
  std::vector<std::shared_ptr<Session::Core>> out;
  std::copy_if(sessions_.begin(), sessions_.end(), std::back_inserter(out), [&](const auto& session) { return session->id == id; });
  return out;
}

void Client::Core::tell(event::SessionConnected& event) {
  const auto call = event.call ? calls_.find(*event.call) : calls_.end();
  if (call != calls_.end() && !call->second->session) {
    auto session = std::make_shared<Session::Core>(Session::Core{weak_from_this(), event.session_id, {}, {}});
    keep(session);
    call->second->join(std::move(session));
  }
  const SessionState state{event.connection, event.connections, event.streams};
  for (const auto& session : sessions_called(event.session_id)) tell_handler(session->handlers.connected, state);
}

void Client::Core::tell(event::SessionDisconnected& event) {
  for (const auto& session : sessions_called(event.session_id)) {
    forget(session.get());
    tell_handler(session->handlers.disconnected, event.reason);
  }
}

namespace {

void tell_session(const Session::Core::Handlers& to, const wire::ServerMessage& message) {
  const auto one = [&](const auto& event) {
    using Event = std::decay_t<decltype(event)>;
    if constexpr (std::is_same_v<Event, wire::ConnectionCreated>) tell_handler(to.connection_created, event.connection);
    if constexpr (std::is_same_v<Event, wire::ConnectionDestroyed>) tell_handler(to.connection_destroyed, event.connection_id, event.reason);
    if constexpr (std::is_same_v<Event, wire::StreamCreated>) tell_handler(to.stream_created, event.stream);
    if constexpr (std::is_same_v<Event, wire::StreamUpdated>) tell_handler(to.stream_updated, event.stream);
    if constexpr (std::is_same_v<Event, wire::StreamDestroyed>) tell_handler(to.stream_destroyed, event.stream_id, event.reason);
    if constexpr (std::is_same_v<Event, wire::SignalEvent>) tell_handler(to.signal, Signal{event.from, event.signal_type, event.data});
    if constexpr (std::is_same_v<Event, wire::MuteForced>) tell_handler(to.mute_forced, event.stream_id);
    if constexpr (std::is_same_v<Event, wire::Negotiation>) {
      tell_handler(to.negotiation, event.from, Negotiation{event.description, event.candidate});
    }
  };
  std::visit(one, message);
}

SessionId session_of(const wire::ServerMessage& message) {
  const auto one = [](const auto& event) {
    if constexpr (requires { event.session_id; }) return event.session_id;
    return SessionId();
  };
  return std::visit(one, message);
}

}  // namespace

void Client::Core::tell(event::Session& event) {
  for (const auto& session : sessions_called(session_of(event.event))) tell_session(session->handlers, event.event);
}

void Client::Core::answer(RequestNumber request, Result<wire::ReplyBody, Problem> answer) {
  const auto found = requests_.find(request);
  if (found == requests_.end()) return;
  const auto reply_to = std::move(found->second);
  requests_.erase(found);
  tell_handler(reply_to, std::move(answer));
}

void Client::Core::fulfil(RequestNumber request, Expected expected) {
  const auto found = expectations_.find(request);
  if (found == expectations_.end()) return;
  const auto told = std::move(found->second);
  expectations_.erase(found);
  tell_handler(told, std::move(expected));
}

void Client::Core::tell(event::Done& event) { answer(event.request, std::move(event.reply)); }
void Client::Core::tell(event::Failed& event) {
  fulfil(event.request, event.problem);
  answer(event.request, std::move(event.problem));
}
void Client::Core::tell(event::ExpectationMet& event) { fulfil(event.request, std::move(event.connection)); }
void Client::Core::tell(event::ConnectionMissed& event) { fulfil(event.request, event.reason); }

}  // namespace offhook
