// The REST interface of OpenTok, for its server SDKs: what they ask, translated for the engine, and answered in the words, codes and
// quirks they expect (docs/opentok.md). On the reactor's thread.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "adapters/net/net.hpp"
#include "core/session_requests.hpp"
#include "server/clock.hpp"
#include "server/config.hpp"
#include "server/projects.hpp"
#include "server/webhooks.hpp"

namespace offhook::server {

class OpenTokRest {
 public:
  using Respond = std::function<void(net::HttpResponse)>;
  using Answer = decltype(core::SessionAnswered::answer);

  // What the loop does for it. Each callback is called once.
  struct Engine {
    std::function<void(core::AdminSession ask, std::function<void(const Answer&)> answered)> ask;
    std::function<void(const ProjectId& project, std::function<void(std::optional<SessionId>)> made)> create_session;
    std::function<void(const ProjectId& project)> project_changed;
  };

  // All must stay as long as this.
  OpenTokRest(const Config& config, Projects& projects, const Clock& clock, Engine engine)
      : config_(config), projects_(projects), clock_(clock), engine_(std::move(engine)) {}

  // Callbacks go out by these, also those that an earlier process has kept. At most once, when the projects are restored.
  void use(Webhooks& webhooks);

  static bool serves(std::string_view path);
  // Too many requests wait for their answers.
  static net::HttpResponse overloaded();
  // Who asks, if its credentials are good. Any thread.
  static std::optional<ProjectId> project_of(const net::HttpRequest& request, const Projects& projects, const Config& config, Instant now);

  // `respond` is called once, now or later.
  void answer(const net::HttpRequest& request, Respond respond);

 private:
  struct Visit {
    const net::HttpRequest& request;
    std::vector<std::string> path;  // behind the project's key
    ProjectId project;
    Respond respond;
  };
  struct Place {  // in a session
    ProjectId project;
    SessionId session;
  };

  void create_session(const net::HttpRequest& request, const ProjectId& project, const Respond& respond);
  void route(const Visit& visit);
  void route_session(const Visit& visit);
  void route_streams(const Visit& visit, const Place& place);
  void route_connections(const Visit& visit, const Place& place);
  void route_callbacks(const Visit& visit);
  void list_streams(const Visit& visit, const Place& place);
  void get_stream(const Visit& visit, const Place& place, const std::string& stream);
  void list_connections(const Visit& visit, const Place& place);
  void signal(const Visit& visit, const Place& place, std::optional<std::string> connection);
  void mute_session(const Visit& visit, const Place& place);
  void set_layouts(const Visit& visit, const Place& place);
  void set_layout(const Visit& visit, const Place& place, const std::string& stream);
  void ask(const Visit& visit, const Place& place, decltype(core::AdminSession::ask) what, std::function<net::HttpResponse(const Answer&)> say);
  void add_callback(const Visit& visit);
  void remove_callback(const Visit& visit, const std::string& id);
  std::string project_json(const ProjectId& project) const;

  const Config& config_;
  Projects& projects_;
  const Clock& clock_;
  Engine engine_;
  Webhooks* webhooks_ = nullptr;
};

}  // namespace offhook::server
