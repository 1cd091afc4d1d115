#include "server/console.hpp"

#include <boost/json.hpp>

#include "server/http_text.hpp"
#include "server/pages.hpp"
#include "wire/json_object.hpp"
#include "wire/secret.hpp"
#include "wire/token.hpp"

namespace offhook::server {
namespace {

constexpr std::string_view k_console_path = "/console";
constexpr std::string_view k_console_cookie = "offhook_console";
constexpr std::size_t k_max_password_bytes = 1'024;
// So long a token is good that has left the page; the page asks for the next one before that.
constexpr Duration k_token_lifetime = std::chrono::minutes{2};

struct Credentials {
  std::string user, password;
};

std::optional<Credentials> credentials_in(const std::string& body) {
  boost::json::error_code failure;
  const auto value = boost::json::parse(body, failure);
  const auto* object = failure ? nullptr : value.if_object();
  const auto text = [&](const char* name) {
    const auto* found = object == nullptr ? nullptr : object->if_contains(name);
    return found == nullptr ? nullptr : found->if_string();
  };
  const auto *user = text("user"), *password = text("password");
  if (user == nullptr || password == nullptr || password->size() > k_max_password_bytes) return std::nullopt;
  return Credentials{std::string(*user), std::string(*password)};
}

// For scripts of this page alone, and no further than to /console. `max_age` zero deletes it.
std::string cookie(const std::string& value, Duration max_age, bool is_secure) {
  return std::string(k_console_cookie) + "=" + value + "; Path=" + std::string(k_console_path) + "; HttpOnly; SameSite=Strict; Max-Age=" +
         std::to_string(to_ms(max_age) / 1000) + (is_secure ? "; Secure" : "");
}

net::HttpResponse is_off() {
  net::HttpResponse response;
  response.status = 404;
  response.body = "The operator console is off.\n\nTo turn it on, run `offhookd --hash-password`, put the lines it prints into the server's "
                  "configuration, and start the server again. docs/console.md says more.\n";
  return response;
}

net::HttpResponse signed_out(bool dev) {
  return json(401, wire::JsonObject().text("error", "signed_out").text("message", "Sign in to the console.").flag("dev", dev).done());
}

}  // namespace

Console::Console(net::Reactor& reactor, const Config& config, const Projects& projects, const Clock& clock, Tell tell)
    : config_(config),
      projects_(projects),
      clock_(clock),
      tell_(std::move(tell)),
      sessions_(config.console.password_hash),
      checker_([&reactor](std::function<void()> work) { reactor.post(std::move(work)); }) {}

bool Console::serves(std::string_view path) {
  return path.starts_with(k_console_path) && (path.size() == k_console_path.size() || path[k_console_path.size()] == '/');
}

void Console::answer(const net::HttpRequest& request, Respond respond) {
  if (config_.console.password_hash.empty()) return respond(is_off());
  if (request.method == "POST") return post(request, std::move(respond));
  if (request.method != "GET" && request.method != "HEAD") return respond(failure(405, "not_allowed", "GET and POST are served here."));
  if (request.path == "/console/session") return respond(who(request));
  respond(console_page(request).value_or(not_found()));
}

// A page of another site can send neither this header, without being asked for permission first, nor the cookie.
void Console::post(const net::HttpRequest& request, Respond respond) {
  if (request.console.empty()) return respond(failure(403, "not_allowed", "Requests of the console carry the header X-Offhook-Console."));
  if (request.path == "/console/login") return log_in(request, std::move(respond));
  if (request.path == "/console/logout") return log_out(request, respond);
  if (request.path == "/console/token") return give_token(request, respond);
  respond(not_found());
}

// The password is worked on for a wrong user as well, so that the time says nothing of who may sign in.
void Console::log_in(const net::HttpRequest& request, Respond respond) {
  const auto said = credentials_in(request.body);
  if (!said) return respond(failure(400, "bad_field", R"(Send {"user", "password"}, both texts.)"));
  const auto subnet = static_cast<std::uint64_t>(request.peer.subnet);
  if (const auto wait = limit_.take(subnet, clock_.now())) {
    const auto seconds = std::to_string((to_ms(*wait) + 999) / 1000);
    auto refused = failure(429, "rate_limited", "Too many attempts from your address. Try again in " + seconds + " s.");
    refused.headers.emplace_back("Retry-After", seconds);
    return respond(std::move(refused));
  }
  const bool is_user = wire::equal_in_constant_time(said->user, config_.console.user);
  const bool is_secure = !config_.certificate_file.empty() || request.forwarded_proto == "https";
  const bool is_taken = checker_.check(said->password, config_.console.password_hash, [=, this, address = request.peer.address](bool is_right) {
    if (is_right && is_user) {
      limit_.give_back(subnet);
      return admit(address, is_secure, respond);
    }
    tell_("console: a wrong name or password from " + address);
    respond(failure(401, "bad_login", "The name or the password is wrong."));
  });
  if (!is_taken) respond(failure(503, "overloaded", "Too many try to sign in at this moment; try again in 5 s."));
}

void Console::admit(const std::string& address, bool is_secure, const Respond& respond) {
  tell_("console: " + config_.console.user + " has signed in from " + address);
  const auto lifetime = config_.console.session_lifetime;
  auto response = json(200, wire::JsonObject().text("user", config_.console.user).number("expires_in_ms", to_ms(lifetime)).done());
  response.headers.emplace_back("Set-Cookie", cookie(sessions_.make({make_secret(), clock_.now() + lifetime}), lifetime, is_secure));
  respond(std::move(response));
}

void Console::log_out(const net::HttpRequest& request, const Respond& respond) {
  if (const auto session = session_of(request)) sessions_.end(session->id);
  auto response = json(200, wire::JsonObject().flag("signed_out", true).done());
  response.headers.emplace_back("Set-Cookie", cookie("", Duration{0}, false));
  respond(std::move(response));
}

// For one project, as its own backend has it, or without one for what is the operator's.
void Console::give_token(const net::HttpRequest& request, const Respond& respond) const {
  const auto session = session_of(request);
  if (!session) return respond(signed_out(config_.dev));
  const auto query = parse_query(request.query);
  const auto project = query.find("project");
  const bool is_for_operator = project == query.end();
  const auto keys = is_for_operator ? projects_.operator_keys(k_operator) : projects_.keys_of(project->second);
  if (!keys) return respond(failure(404, "no_such_project", "There is no such project, or it is disabled."));
  wire::TokenClaims claims;
  claims.project = is_for_operator ? std::string(k_operator) : project->second;
  claims.scope = wire::Scope::Admin;
  claims.issued_at = clock_.now();
  claims.expires_at = std::min(claims.issued_at + k_token_lifetime, session->expires_at);
  wire::JsonObject out;
  out.text("token", wire::make_token(claims, keys->secrets.front())).number("expires_in_ms", to_ms(claims.expires_at - claims.issued_at));
  respond(json(200, out.done()));
}

net::HttpResponse Console::who(const net::HttpRequest& request) const {
  const auto session = session_of(request);
  if (!session) return signed_out(config_.dev);
  wire::JsonObject out;
  out.text("user", config_.console.user).number("expires_in_ms", to_ms(session->expires_at - clock_.now())).flag("dev", config_.dev);
  return json(200, out.done());
}

std::optional<ConsoleSession> Console::session_of(const net::HttpRequest& request) const {
  const auto value = cookie_in(request.cookie, k_console_cookie);
  return value ? sessions_.read(*value, clock_.now()) : std::nullopt;
}

}  // namespace offhook::server
