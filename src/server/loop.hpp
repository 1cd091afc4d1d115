// The program's loop: what the network hears becomes events of the engine, what the engine wants is carried out in order.
// It decides nothing. Everything happens on the reactor's thread; threads that hold sockets come by way of `Fronts`.
//
// Records go to the store at once, one after another; every other effect and answer waits until the records before it are
// durable. So the engine goes on deciding while a commit runs, and nobody is told what a crash could take back.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "adapters/net/net.hpp"
#include "adapters/store/store.hpp"
#include "base/fifo.hpp"
#include "core/engine.hpp"
#include "core/load_watch.hpp"
#include "server/clock.hpp"
#include "server/config.hpp"
#include "server/console.hpp"
#include "server/failures.hpp"
#include "server/front.hpp"
#include "server/log.hpp"
#include "server/meter.hpp"
#include "server/opentok_rest.hpp"
#include "server/projects.hpp"
#include "server/pushes.hpp"
#include "server/status.hpp"
#include "server/webhooks.hpp"
#include "wire/token.hpp"

namespace offhook::server {

class Loop : private FrontListener, private Gate {
 public:
  // `not_before`: the latest moment of the records that are restored, where the clock of this machine has been set back.
  Loop(net::Reactor& reactor, const Config& config, store::Store& store, const Seed& seed, Instant not_before = {});

  // What the engine tells of goes out by these, which must stay as long as the loop runs. At most once, before all else.
  void use(Webhooks& webhooks);
  void use(Pushes& pushes);
  const Clock& clock() const { return clock_; }

  // Goes on with what an earlier process has kept. At most once, before start().
  void restore(std::vector<core::Record> records);

  // Binds the port and starts serving; gives the port.
  Result<std::uint16_t, net::NetError> start();

  // SIGTERM: refuses new calls, gives live ones the drain timeout, then calls `done`. A second call ends it at once.
  void drain(std::function<void()> done);

  void on_problem(const std::string& what) override;

 private:
  void on_event(core::Event event, std::size_t bytes) override;
  void on_request(net::RequestId request, net::HttpRequest message) override;
  Result<wire::TokenClaims, wire::Error> verify(const std::string& token) override;
  bool is_known(const net::HttpRequest& head) override;
  void note_failure(net::Subnet subnet) override { failures_.note(subnet, clock_.now()); }
  std::optional<Duration> must_wait(net::Subnet subnet) override { return failures_.wait(subnet, clock_.now()); }

  // Something that waits for the records put before it. What is sent is most of it, and small; the rest is kept apart.
  struct Held {
    std::uint64_t after = 0;  // how many records were put before it
    std::variant<core::Send, core::CloseLink, std::unique_ptr<core::Effect>, std::function<void()>> what;
  };

  void set_aside(std::vector<core::Record>& records);
  void feed(core::Event event);
  template <class Step>
  void decide(Instant now, Step step);
  Levels levels() const;
  const Totals& totals();
  void set_alarm();
  void on_alarm();
  void take(core::Effects& effects);
  void hold(core::Effect& effect);
  void mind_the_store();
  void mind_the_load();
  void note_load(core::LoadWatch& watch, Duration waited);
  bool is_overloaded() const { return thinning_.is_notable(); }
  void put(core::Store& effect);
  void put(core::Announce& effect);
  std::function<void()> count_put();
  void when_durable(std::function<void()> what);
  void carry_out_waiting();
  void carry_out_held(Held& held);
  void carry_out(core::Effect& effect);
  void carry_out_one(core::Store&) {}  // never waits, nor does this:
  void carry_out_one(core::Announce&) {}
  void carry_out_one(core::Send& effect);
  void carry_out_one(core::CloseLink& effect);
  void carry_out_one(core::LoadHistory& effect);
  void carry_out_one(core::MakeSessionToken& effect);
  void carry_out_one(core::SessionMade& effect);
  void carry_out_one(core::RestAnswered& effect);
  void carry_out_one(core::Drained& effect);
  void carry_out_one(core::SessionAnswered& effect);
  void carry_out_one(core::Push& effect);
  void carry_out_one(core::StopPushes& effect);
  void stop();
  void set_purge_alarm(Duration after);

  // --- HTTP: every request is answered once, at once or later
  void respond(net::RequestId request, net::HttpResponse response);
  void route(net::RequestId request, const net::HttpRequest& message);
  std::optional<net::HttpResponse> answer(const net::HttpRequest& message);
  std::optional<net::HttpResponse> metrics(const net::HttpRequest& message);
  Result<wire::TokenClaims, wire::Error> claims_of(const net::HttpRequest& message);
  void rest(net::RequestId request, const net::HttpRequest& message);
  void rest_of_user(net::RequestId request, const net::HttpRequest& message, const ProjectId& project);
  void rest_of_calls(net::RequestId request, const net::HttpRequest& message, const ProjectId& project);
  void list_calls_by_reason(net::RequestId request, store::CallQuery query, wire::Reason reason);
  void rest_of_call(net::RequestId request, const net::HttpRequest& message, const ProjectId& project);
  void rest_of_sessions(net::RequestId request, const net::HttpRequest& message, const ProjectId& project);
  void rest_of_server(net::RequestId request, const net::HttpRequest& message);
  void show_session(net::RequestId request, const ProjectId& project, const SessionId& session);
  void send_away(net::RequestId request, const ProjectId& project, const SessionId& session, const ConnectionId& connection);
  void disconnect(net::RequestId request, const UserKey& user, const std::string& query);
  void list_users(net::RequestId request, const net::HttpRequest& message, const ProjectId& project);
  void list_sessions(net::RequestId request, const net::HttpRequest& message, const ProjectId& project);
  void ask_session(core::AdminSession ask, std::function<void(const OpenTokRest::Answer&)> answered);
  void replay_call(net::RequestId request, const CallId& call, const ProjectId& project);
  void list_calls(net::RequestId request, const net::HttpRequest& message, const ProjectId& project);
  void respond_with_call(net::RequestId request, const CallId& call, unsigned status);
  std::uint64_t wait(net::RequestId request, unsigned status = 200);
  OpenTokRest::Engine engine_for_opentok();
  void create_session(const ProjectId& project, std::function<void(std::optional<SessionId>)> made);

  const Config& config_;
  store::Store& store_;
  Webhooks* webhooks_ = nullptr;
  Pushes* pushes_ = nullptr;
  Clock clock_;
  const Instant started_at_;
  Log log_;
  Meter meter_;
  Projects projects_;
  Failures failures_;
  core::Engine engine_;
  Fronts fronts_;
  net::Timer alarm_, purge_alarm_;
  std::optional<Instant> alarm_at_;  // alarm_ rings then, or earlier than it must
  core::Effects spare_effects_;  // empty, with the memory of the step before
  Fifo<Held> waiting_;  // in order; grows only while the store is behind, when nothing new is begun
  std::uint64_t put_ = 0;     // records given to the store
  std::uint64_t durable_ = 0; // so many of them are durable
  bool carrying_out_ = false;
  bool is_behind_ = false;    // more than the limit waits; the engine knows
  core::LoadWatch queue_watch_{std::chrono::milliseconds{50}};   // of what clients have sent
  core::LoadWatch store_watch_{std::chrono::milliseconds{500}};  // of records that are to be durable
  core::Thinning thinning_;                                       // of what comes by HTTP
  Instant overload_told_at_{};
  std::optional<Instant> probing_since_;
  Instant probed_at_{};
  std::uint64_t last_request_ = 0;
  std::size_t answers_waiting_ = 0;  // HTTP requests that are not answered yet
  struct Waiting {
    net::RequestId request;
    unsigned status = 200;  // of the answer if all is well
  };
  struct Asker {
    std::optional<net::Subnet> subnet;  // of who shows credentials and is not exempt
    std::string known_tag;              // If-None-Match
    bool is_rest = false;               // a GET below /v1/
    bool is_opentok = false;
  };
  std::map<net::RequestId, Asker> askers_;  // of all requests that are not answered yet
  std::map<std::uint64_t, Waiting> waiting_requests_;  // of the REST interface, for the engine
  std::map<std::uint64_t, std::function<void(std::optional<SessionId>)>> waiting_sessions_;     // of OpenTok's
  std::map<std::uint64_t, std::function<void(const OpenTokRest::Answer&)>> waiting_answers_;  // of OpenTok's
  OpenTokRest opentok_;
  Console console_;
  std::function<void()> when_stopped_;
};

}  // namespace offhook::server
