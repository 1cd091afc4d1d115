#include "offhook/call.hpp"

#include "base/check.hpp"
#include "client_core.hpp"

namespace offhook {

using client::Action;
using client::CallMoment;

// --- the call, on the client's thread

Call::Core::Core(std::weak_ptr<Client::Core> owner, const client::CallView& view)
    : client(std::move(owner)),
      handle(view.handle),
      role(view.role),
      peer(view.peer),
      media(view.media),
      data(view.data),
      state(view.is_moving ? CallState::Moving : view.role == Role::Caller ? CallState::Calling : CallState::Incoming) {
  note(view);
}

void Call::Core::note(const client::CallView& view) {
  is_second = view.is_second;
  is_moving = view.is_moving;
  group_mode = view.group_mode;
  if (!view.legs.empty()) legs.set(view.legs);
  if (view.unstable != unstable.get()) unstable.set(view.unstable);
  if (!view.call_id || has_id) return;
  call_id = *view.call_id;
  has_id = true;
}

void Call::Core::on_moment(CallMoment moment) {
  switch (moment) {
    case CallMoment::Calling:
    case CallMoment::Incoming: return;  // how it was made
    case CallMoment::Ringing: state = CallState::Ringing; return tell_handler(handlers.ringing);
    case CallMoment::Connecting:
      was_connecting = true;
      state = is_moving ? CallState::Moving : CallState::Connecting;
      return tell_handler(handlers.connecting);
    case CallMoment::Active: state = CallState::Active; return tell_handler(handlers.active);
    case CallMoment::PeerUnstable: peer_unstable = true; return tell_handler(handlers.peer_unstable);
    case CallMoment::PeerStable: peer_unstable = false; return tell_handler(handlers.peer_stable);
    case CallMoment::Legs: return tell_handler(handlers.legs, legs.get());
  }
}

// Before the answer a lost connection is nothing to show: the watchdogs have it.
void Call::Core::on_link(bool is_up) {
  const auto now = state.load();
  const bool is_in = now == CallState::Moving || now == CallState::Connecting || now == CallState::Active;
  if (!is_in || reconnecting == !is_up) return;
  reconnecting = !is_up;
  tell_handler(is_up ? handlers.reconnected : handlers.reconnecting);
}

void Call::Core::join(std::shared_ptr<Session::Core> joined) {
  session = std::move(joined);
  tell_handler(handlers.session, Session(session));
}

// Handlers go, for they may well hold the call itself.
void Call::Core::on_end(CallEnd how) {
  const bool is_of_group = role == Role::Caller && group_mode.load() && legs.get().size() != 1;
  how.text = outcome_text(how.outcome, how.reason, role, is_of_group ? "The group" : peer);
  end = std::move(how);
  peer_unstable = false;
  unstable.set({});
  reconnecting = false;
  state = CallState::Ended;
  const auto told = std::exchange(handlers, {}).ended;
  session.reset();
  promise.set_value(end);
  if (told) told(end);
}

// --- the handle, on any thread

std::optional<CallId> Call::id() const { return core_->has_id ? std::optional(core_->call_id) : std::nullopt; }
Role Call::role() const { return core_->role; }
const UserId& Call::peer() const { return core_->peer; }
Media Call::media() const { return core_->media; }
const std::optional<std::string>& Call::data() const { return core_->data; }
CallState Call::state() const { return core_->state; }
bool Call::peer_unstable() const { return core_->peer_unstable; }
bool Call::reconnecting() const { return core_->reconnecting; }
bool Call::is_second() const { return core_->is_second; }
std::optional<GroupMode> Call::group_mode() const { return core_->group_mode; }
std::vector<UserId> Call::unstable_peers() const { return core_->unstable.get(); }
std::vector<Leg> Call::legs() const { return core_->legs.get(); }

std::optional<CallEnd> Call::end() const {
  return state() == CallState::Ended ? std::optional(core_->end) : std::nullopt;
}
std::optional<Outcome> Call::outcome() const {
  return state() == CallState::Ended ? std::optional(core_->end.outcome) : std::nullopt;
}
std::optional<Reason> Call::reason() const { return state() == CallState::Ended ? core_->end.reason : std::nullopt; }
std::chrono::milliseconds Call::duration() const {
  return state() == CallState::Ended ? core_->end.duration : std::chrono::milliseconds{};
}

CallEnd Call::wait() const {
  const auto client = core_->client.lock();
  CHECK(!client || !client->is_here());
  return core_->ended.get();
}

namespace {

void act(const std::shared_ptr<Call::Core>& call, client::Input input) {
  if (const auto client = call->client.lock()) client->feed_soon(std::move(input));
}

// Sets it on the client's thread, and calls it if its moment `is_now`.
template <class Handler, class IsNow>
void set(const std::shared_ptr<Call::Core>& call, Handler Call::Core::Handlers::*slot, Handler handler, IsNow is_now) {
  const auto client = call->client.lock();
  if (!client) return;
  client->post([call, slot, handler = std::move(handler), is_now] {
    if (call->state != CallState::Ended) call->handlers.*slot = handler;
    is_now(*call, handler);
  });
}

template <class Handler>
void set(const std::shared_ptr<Call::Core>& call, Handler Call::Core::Handlers::*slot, Handler handler, CallState moment) {
  set(call, slot, std::move(handler), [moment](const Call::Core& core, const Handler& late) {
    if (core.state == moment) tell_handler(late);
  });
}

}  // namespace

void Call::answer() { act(core_, client::Act{core_->handle, Action::Answer}); }
void Call::decline() { act(core_, client::Act{core_->handle, Action::Decline}); }
void Call::busy() { act(core_, client::Act{core_->handle, Action::Busy}); }
void Call::ignore() { act(core_, client::Act{core_->handle, Action::Ignore}); }
void Call::cancel() { act(core_, client::Act{core_->handle, Action::Cancel}); }
void Call::hang_up() { act(core_, client::Act{core_->handle, Action::Hangup}); }
void Call::media_up() { act(core_, client::Act{core_->handle, Action::MediaUp}); }
void Call::media_down() { act(core_, client::Act{core_->handle, Action::MediaDown}); }
void Call::media_failed(MediaFailure reason) { act(core_, client::FailMedia{core_->handle, reason}); }

Call Call::move_here() {
  const auto client = core_->client.lock();
  const auto call = id();
  if (!client || !call) return *this;
  return Call(client->move_here({*call, core_->role, core_->peer, {}, core_->media, 0, core_->group_mode.load().has_value()}));
}

void Call::ring_more(std::vector<UserId> users, Done done) {
  const auto client = core_->client.lock();
  const auto call = id();
  if (!client || !call || state() == CallState::Ended) {
    const auto refuse = [done = std::move(done)] { tell_handler(done, Problem{"not_allowed", "Nobody can be added to this call now."}); };
    return client ? client->post(refuse) : refuse();
  }
  client->ask(wire::RingMore{{}, *call, std::move(users)}, [done = std::move(done)](const Result<wire::ReplyBody, Problem>& reply) {
    tell_handler(done, reply ? std::nullopt : std::optional(reply.error()));
  });
}

void Call::on_ringing(std::function<void()> handler) {
  set(core_, &Core::Handlers::ringing, std::move(handler), CallState::Ringing);
}
void Call::on_connecting(std::function<void()> handler) {
  set(core_, &Core::Handlers::connecting, std::move(handler), [](const Core& core, const auto& late) {
    const bool is_now = core.state == CallState::Connecting || core.state == CallState::Moving;
    if (is_now && core.was_connecting) tell_handler(late);
  });
}
void Call::on_active(std::function<void()> handler) {
  set(core_, &Core::Handlers::active, std::move(handler), CallState::Active);
}

void Call::on_session(std::function<void(Session)> handler) {
  set(core_, &Core::Handlers::session, std::move(handler), [](const Core& core, const auto& late) {
    if (core.session) tell_handler(late, Session(core.session));
  });
}

void Call::on_peer_unstable(std::function<void()> handler) {
  set(core_, &Core::Handlers::peer_unstable, std::move(handler), [](const Core& core, const auto& late) {
    if (core.peer_unstable) tell_handler(late);
  });
}

void Call::on_peer_stable(std::function<void()> handler) {
  set(core_, &Core::Handlers::peer_stable, std::move(handler), [](const Core&, const auto&) {});
}

void Call::on_reconnecting(std::function<void()> handler) {
  set(core_, &Core::Handlers::reconnecting, std::move(handler), [](const Core& core, const auto& late) {
    if (core.reconnecting) tell_handler(late);
  });
}

void Call::on_reconnected(std::function<void()> handler) {
  set(core_, &Core::Handlers::reconnected, std::move(handler), [](const Core&, const auto&) {});
}

void Call::on_legs_changed(std::function<void(const std::vector<Leg>& legs)> handler) {
  set(core_, &Core::Handlers::legs, std::move(handler), [](const Core& core, const auto& late) {
    if (const auto legs = core.legs.get(); !legs.empty()) tell_handler(late, legs);
  });
}

void Call::on_ended(std::function<void(const CallEnd& end)> handler) {
  set(core_, &Core::Handlers::ended, std::move(handler), [](const Core& core, const auto& late) {
    if (core.state == CallState::Ended) tell_handler(late, core.end);
  });
}

}  // namespace offhook
