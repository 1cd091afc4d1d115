#include "offhook/client.hpp"

#include "base/check.hpp"
#include "client_core.hpp"

namespace offhook {

Client::Client(ClientOptions options) : core_(std::make_shared<Core>(std::move(options))) {}

Client::~Client() {
  CHECK(!core_->is_here());
  core_->close();
}

void Client::connect() { core_->connect(); }
void Client::disconnect() { core_->feed_soon(client::Disconnect{}); }
void Client::wake() { core_->feed_soon(client::Wake{}); }

Call Client::call(UserId to, CallOptions options) { return Call(core_->place(std::move(to), std::move(options))); }

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
