// offhook calls: the project's calls, as the server's REST interface tells them.
#include <boost/json.hpp>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <ctime>

#include "cli/report.hpp"
#include "cli/run.hpp"
#include "cli/stage.hpp"
#include "offhook/http.hpp"

namespace offhook::cli {
namespace {

namespace json = boost::json;

Result<std::string, UsageError> target_of(const Arguments& arguments) {
  const auto limit = arguments.text("--limit").value_or("20");
  int number = 0;
  const auto read = std::from_chars(limit.data(), limit.data() + limit.size(), number);
  if (read.ec != std::errc{} || read.ptr != limit.data() + limit.size() || number < 1 || number > 100) {
    return UsageError{"--limit needs a whole number from 1 to 100, not \"" + limit + "\"."};
  }
  std::string target = "/v1/calls?limit=" + limit;
  if (const auto user = arguments.text("--user")) {
    if (auto problem = problem_of_user(*user)) return *problem;
    target += "&user=" + percent_encoded(*user);
  }
  return target;
}

std::string text_in(const json::object& object, std::string_view name) {
  const auto* found = object.if_contains(name);
  return found != nullptr && found->is_string() ? std::string(found->get_string()) : std::string();
}

std::int64_t number_in(const json::object& object, std::string_view name) {
  const auto* found = object.if_contains(name);
  return found != nullptr && found->is_int64() ? found->get_int64() : 0;
}

// "2031-04-05 06:07:08 UTC"
std::string moment(std::int64_t unix_ms) {
  const auto seconds = static_cast<std::time_t>(unix_ms / 1000);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &parts)};
}

// "2031-04-05 06:07:08 UTC  alice called bob: ended, by_callee, 3s"
std::string sentence_of(const json::object& call) {
  auto out = moment(number_in(call, "created_at_ms")) + "  " + text_in(call, "caller") + " called " + text_in(call, "callee") + ": ";
  const auto outcome = text_in(call, "outcome");
  out += outcome.empty() ? text_in(call, "phase") : outcome;
  if (const auto reason = text_in(call, "reason"); !reason.empty()) out += ", " + reason;
  if (const auto ms = number_in(call, "duration_ms"); ms > 0) out += ", " + to_text(Milliseconds{ms});
  return out;
}

int print(const std::string& body, bool as_json) {
  json::error_code failure;
  const auto answer = json::parse(body, failure);
  const auto* object = failure ? nullptr : answer.if_object();
  const auto* list = object == nullptr ? nullptr : object->if_contains("calls");
  const auto* calls = list == nullptr ? nullptr : list->if_array();
  if (calls == nullptr) {
    Report(as_json).complain("bad_reply", "The server's answer is not a list of calls; check that OFFHOOK_URL leads to an Offhook server.");
    return k_unreachable;
  }
  for (const auto& call : *calls) {
    const auto* one = call.if_object();
    if (one != nullptr) std::printf("%s\n", as_json ? json::serialize(*one).c_str() : sentence_of(*one).c_str());
  }
  if (calls->empty() && !as_json) std::printf("There are no calls.\n");
  return k_done;
}

Problem problem_in(const HttpReply& reply) {
  json::error_code failure;
  const auto answer = json::parse(reply.body, failure);
  const auto* object = failure ? nullptr : answer.if_object();
  if (object != nullptr && object->contains("error")) return {text_in(*object, "error"), text_in(*object, "message")};
  return {"bad_reply", "The server answers HTTP " + std::to_string(reply.status) + "; check that OFFHOOK_URL leads to an Offhook server."};
}

}  // namespace

ExitCode run_calls(const Arguments& arguments, const Environment& environment) {
  const auto target = target_of(arguments);
  if (!target) return target.error();
  HttpRequest request;
  request.url = environment.url;
  request.target = *target;
  request.token = admin_token(environment);
  request.ca_file = environment.ca_file;
  const auto reply = fetch(request);
  const bool as_json = arguments.has("--json");
  if (reply && reply->status == 200) return print(reply->body, as_json);
  const auto problem = reply ? problem_in(*reply) : reply.error();
  Report(as_json).complain(problem.word, advice_on(problem, environment));
  return problem.word == "bad_url" ? k_wrong_usage : k_unreachable;
}

}  // namespace offhook::cli
