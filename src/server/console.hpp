// The operator's console at /console: its page, who is signed in, and the short-lived tokens the page asks the REST interface with
// (docs/decisions/0015-console.md). On the reactor's thread; passwords are checked beside it.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "adapters/net/net.hpp"
#include "adapters/net/reactor.hpp"
#include "adapters/password/checker.hpp"
#include "base/rate_limit.hpp"
#include "server/clock.hpp"
#include "server/config.hpp"
#include "server/console_session.hpp"
#include "server/projects.hpp"

namespace offhook::server {

class Console {
 public:
  using Respond = std::function<void(net::HttpResponse)>;
  using Tell = std::function<void(const std::string& what)>;

  // All must stay as long as this. `tell`: for the log, without secrets.
  Console(net::Reactor& reactor, const Config& config, const Projects& projects, const Clock& clock, Tell tell);

  static bool serves(std::string_view path);
  // `respond` is called once, now or later.
  void answer(const net::HttpRequest& request, Respond respond);

 private:
  void post(const net::HttpRequest& request, Respond respond);
  void log_in(const net::HttpRequest& request, Respond respond);
  void admit(const std::string& address, bool is_secure, const Respond& respond);
  void log_out(const net::HttpRequest& request, const Respond& respond);
  void give_token(const net::HttpRequest& request, const Respond& respond) const;
  net::HttpResponse who(const net::HttpRequest& request) const;
  std::optional<ConsoleSession> session_of(const net::HttpRequest& request) const;

  const Config& config_;
  const Projects& projects_;
  const Clock& clock_;
  Tell tell_;
  ConsoleSessions sessions_;
  RateLimit limit_{5, std::chrono::seconds{12}, 10'000};  // a right password gives its attempt back
  password::Checker checker_;
};

}  // namespace offhook::server
