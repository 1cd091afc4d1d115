// OpenTok's REST interface from method and path to the answer, with real credentials, projects and the real engine behind it: one answer
// for each request, and a body with a message for each refusal.
#include "adapters/store/memory_store.hpp"
#include "base/session_ids.hpp"
#include "core/engine.hpp"
#include "server/opentok_rest.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "wire/jwt.hpp"

using namespace offhook;

namespace {

struct Server {
  Server() {
    server::CommandLine line;
    line.dev = true;
    config = server::complete(server::Config{}, line).value();
  }
  static std::string token() {
    const auto now = std::chrono::duration_cast<std::chrono::seconds>(server::Clock().now().time_since_epoch()).count();
    return wire::sign_hs256({{"iss", server::k_dev_key}, {"ist", "project"}, {"iat", now}, {"exp", now + 300}, {"jti", "x"}}, server::k_dev_secret);
  }

  server::Config config;
  store::MemoryStore store;
  server::Projects projects{config, store};
  server::Clock clock;
  core::Engine engine{core::Settings{}, Seed{1}, {}};
};

core::SessionAnswered ask(Server& server, core::AdminSession question) {
  core::Effects effects;
  server.engine.handle(server.clock.now(), std::move(question), effects);
  core::SessionAnswered answer;
  for (auto& effect : effects) {
    if (auto* given = std::get_if<core::SessionAnswered>(&effect)) answer = std::move(*given);
  }
  return answer;
}

}  // namespace

FUZZ(bytes) {
  static Server server;
  static const auto token = Server::token();
  server::OpenTokRest::Engine behind;
  behind.ask = [](core::AdminSession question, auto answered) { answered(ask(server, std::move(question)).answer); };
  behind.create_session = [](const ProjectId& project, auto made) { made(make_session_id(Slot{1}, project, server.clock.now(), 1, 2)); };
  behind.project_changed = [](const ProjectId&) {};
  server::OpenTokRest rest(server.config, server.projects, server.clock, std::move(behind));
  fuzz::Dice dice(bytes);
  net::HttpRequest request;
  request.method = std::array{"GET", "POST", "PUT", "DELETE", "PATCH"}[dice.below(5)];
  if (dice.below(8) != 0) request.opentok_auth = token;
  request.accept = dice.flag() ? "application/json" : "";
  const bool is_sound = dice.below(4) != 0;
  request.path = (is_sound ? "/v2/project/" + std::string(server::k_dev_key) + "/" : "/") + dice.text();
  request.body = dice.rest();
  int answers = 0;
  rest.answer(request, [&](const net::HttpResponse& response) {
    ++answers;
    MUST(response.status >= 200 && response.status < 600);
    if (response.status >= 400) MUST(response.body.find("\"message\"") != std::string::npos);
  });
  MUST(answers == 1);
}
