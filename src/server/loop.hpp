// The program's loop: what the network hears becomes events of the engine, what the engine wants is carried out in order.
// It decides nothing. Everything happens on the reactor's thread.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <string>

#include "adapters/net/net.hpp"
#include "adapters/store/store.hpp"
#include "core/engine.hpp"
#include "server/clock.hpp"
#include "server/config.hpp"

namespace offhook::server {

class Loop : public net::Handler {
 public:
  Loop(net::Reactor& reactor, const Config& config, store::Store& store, const Seed& seed);

  // Binds the port and starts serving; gives the port.
  Result<std::uint16_t, net::NetError> start();

  // SIGTERM: refuses new calls, gives live ones the drain timeout, then calls `done`. A second call ends it at once.
  void drain(std::function<void()> done);

  void on_link_opened(net::Link link) override;
  void on_text(net::Link link, std::string text) override;
  void on_unreadable(net::Link link, net::Unreadable why) override;
  void on_congested(net::Link link) override;
  void on_link_closed(net::Link link) override;
  void on_request(net::RequestId request, net::HttpRequest message) override;
  void on_problem(const std::string& what) override;

 private:
  void feed(core::Event event);
  void feed_text(core::LinkId link, std::string_view text);
  void set_alarm();
  void carry_out_waiting();
  void carry_out(core::Effect& effect);
  void carry_out_one(core::Send& effect);
  void carry_out_one(core::CloseLink& effect);
  void carry_out_one(core::LoadHistory& effect);
  void carry_out_one(core::MakeSessionToken& effect);
  void carry_out_one(core::SessionMade& effect);
  void carry_out_one(core::RestAnswered& effect);
  void carry_out_one(core::Drained& effect);
  void carry_out_one(core::Store& effect);
  void carry_out_one(core::Announce&) {}  // no configuration asks for it yet
  void stop();

  net::HttpResponse answer(net::RequestId request, const net::HttpRequest& message, bool& later);
  net::HttpResponse rest_of_user(net::RequestId request, const net::HttpRequest& message, const ProjectId& project, bool& later);
  net::HttpResponse rest_of_calls(net::RequestId request, const net::HttpRequest& message, const ProjectId& project, bool& later);
  std::uint64_t wait(net::RequestId request, bool& later, unsigned status = 200);
  net::HttpResponse rest(net::RequestId request, const net::HttpRequest& message, bool& later);
  std::optional<std::string> secret_of(std::string_view project) const;

  const Config& config_;
  store::Store& store_;
  Clock clock_;
  core::Engine engine_;
  net::Net net_;
  net::Timer alarm_;
  std::deque<core::Effect> waiting_;
  bool storing_ = false;     // the effect at the front of waiting_ comes after a record that is not durable yet
  bool carrying_out_ = false;
  std::uint64_t last_request_ = 0;
  struct Waiting {
    net::RequestId request;
    unsigned status = 200;  // of the answer if all is well
  };
  std::map<std::uint64_t, Waiting> waiting_requests_;  // of the REST interface, for the engine
  std::function<void()> when_stopped_;
};

}  // namespace offhook::server
