#include "offhook/client.hpp"

#include "base/check.hpp"
#include "client_core.hpp"

namespace offhook {

ClientThread::ClientThread() : loop_(std::make_unique<client::Loop>()) {}
ClientThread::~ClientThread() = default;

Client::Client(ClientOptions options) : core_(std::make_shared<Core>(std::move(options))) {}

Client::~Client() {
  CHECK(!core_->is_here());
  core_->close();
}

void Client::connect() { core_->connect(); }
void Client::disconnect() { core_->feed_soon(client::Disconnect{}); }
void Client::handle_push(std::string_view payload, Done answer) { core_->handle_push(std::string(payload), std::move(answer)); }
void Client::wake() { core_->feed_soon(client::Wake{}); }

Call Client::call(UserId to, CallOptions options) { return Call(core_->place(std::move(to), {}, std::move(options))); }

Call Client::start_group(Group group, CallOptions options) {
  auto first = group.users.empty() ? UserId() : group.users.front();
  return Call(core_->place(std::move(first), std::move(group), std::move(options)));
}

Call Client::move_here(const ElsewhereCall& call) { return Call(core_->move_here(call)); }
std::vector<ElsewhereCall> Client::live_elsewhere() const { return core_->live_elsewhere(); }
std::vector<UnseenOutcome> Client::unseen_outcomes() const { return core_->unseen_outcomes(); }
void Client::mark_seen(std::optional<CallId> call) { core_->mark_seen(call); }

void Client::post(std::function<void()> work) { core_->post(std::move(work)); }
void Client::after(std::chrono::milliseconds delay, std::function<void()> work) { core_->after(delay, std::move(work)); }
const std::string& Client::device_id() const { return core_->device_id(); }

namespace {

template <class Handler>
void set(Client::Core& core, Handler Client::Core::Handlers::*slot, Handler handler) {
  core.post([&core, slot, handler = std::move(handler)] { core.handlers.*slot = handler; });
}

}  // namespace

void Client::on_incoming(std::function<void(Call call)> handler) { set(*core_, &Core::Handlers::incoming, std::move(handler)); }
void Client::on_outgoing(std::function<void(Call call)> handler) { set(*core_, &Core::Handlers::outgoing, std::move(handler)); }

// Whoever asks late is told at once of what there is.
void Client::on_live_elsewhere(std::function<void(const std::vector<ElsewhereCall>& calls)> handler) {
  core_->post([core = core_.get(), handler = std::move(handler)] {
    core->handlers.live_elsewhere = handler;
    if (const auto calls = core->live_elsewhere(); !calls.empty()) tell_handler(handler, calls);
  });
}

void Client::on_unseen_outcomes(std::function<void(const std::vector<UnseenOutcome>& outcomes)> handler) {
  core_->post([core = core_.get(), handler = std::move(handler)] {
    core->handlers.unseen_outcomes = handler;
    if (const auto outcomes = core->unseen_outcomes(); !outcomes.empty()) tell_handler(handler, outcomes);
  });
}

void Client::on_online(std::function<void()> handler) { set(*core_, &Core::Handlers::online, std::move(handler)); }
void Client::on_offline(std::function<void()> handler) { set(*core_, &Core::Handlers::offline, std::move(handler)); }
void Client::on_closed(std::function<void(std::optional<Problem> problem)> handler) {
  set(*core_, &Core::Handlers::closed, std::move(handler));
}
void Client::on_error(std::function<void(const Problem& problem)> handler) {
  set(*core_, &Core::Handlers::error, std::move(handler));
}
void Client::on_missed(std::function<void(const HistoryRecord& record)> handler) {
  set(*core_, &Core::Handlers::missed, std::move(handler));
}

void Client::on_draining(std::function<void(std::chrono::milliseconds remaining)> handler) {
  set(*core_, &Core::Handlers::draining, std::move(handler));
}
void Client::on_presence(std::function<void(const PresenceChange& change)> handler) {
  set(*core_, &Core::Handlers::presence, std::move(handler));
}

}  // namespace offhook
