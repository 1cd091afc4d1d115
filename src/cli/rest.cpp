#include "cli/rest.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <chrono>
#include <ctime>

#include "cli/stage.hpp"
#include "offhook/http.hpp"

namespace offhook::cli {
namespace {

namespace json = boost::json;

constexpr std::int64_t k_page = 100;  // the most the server gives at once

std::optional<json::object> object_in(const std::string& text) {
  json::error_code failure;
  auto value = json::parse(text, failure);
  return !failure && value.is_object() ? std::optional(std::move(value.get_object())) : std::nullopt;
}

Problem problem_in(const HttpReply& reply) {
  const auto object = object_in(reply.body);
  if (object && object->contains("error")) return {text_in(*object, "error"), text_in(*object, "message")};
  return {"bad_reply", "The server answers HTTP " + std::to_string(reply.status) +
                           "; check that OFFHOOK_URL leads to an Offhook server."};
}

std::string outcome_of(const json::object& object, std::string_view otherwise) {
  auto out = text_in(object, "outcome");
  if (out.empty()) out = text_in(object, otherwise);
  if (const auto reason = text_in(object, "reason"); !reason.empty()) out += ", " + reason;
  return out;
}

// "bob (joined), carol (busy, in_call)"
std::string legs_of(const json::array& legs) {
  std::string out;
  for (const auto& leg : legs) {
    const auto* object = leg.if_object();
    if (object == nullptr) continue;
    out += (out.empty() ? "" : ", ") + text_in(*object, "user") + " (" + outcome_of(*object, "state") + ")";
  }
  return out;
}

}  // namespace

std::optional<json::object> Rest::ask(const std::string& method, const std::string& target, const std::string& body) {
  HttpRequest request;
  request.url = environment_.url;
  request.method = method;
  request.target = target;
  request.token = admin_token(environment_);
  request.body = body;
  request.ca_file = environment_.ca_file;
  const auto reply = fetch(request);
  if (reply && (reply->status == 200 || reply->status == 201)) {
    if (auto object = object_in(reply->body)) return object;
  }
  const auto problem = reply ? problem_in(*reply) : reply.error();
  report_.complain(problem.word, advice_on(problem, environment_));
  exit_code_ = problem.word == "bad_url" || problem.word == "bad_field" ? k_wrong_usage : k_unreachable;
  return std::nullopt;
}

int print_list(Rest& rest, const Report& report, const List& list, std::int64_t wanted, std::string cursor,
               const std::function<void(const json::object&)>& print_one) {
  std::int64_t printed = 0;
  do {
    auto target = list.path + "?limit=" + std::to_string(std::min(wanted - printed, k_page)) + list.filters;
    if (!cursor.empty()) target += "&cursor=" + percent_encoded(cursor);
    const auto answer = rest.ask("GET", target);
    if (!answer) return rest.exit_code();
    const auto* page = answer->if_contains(list.field);
    if (page == nullptr || !page->is_array()) {
      report.complain("bad_reply", "The server's answer is no list of " + std::string(list.field) +
                                       "; check that OFFHOOK_URL leads to an Offhook server.");
      return k_unreachable;
    }
    for (const auto& item : page->get_array()) {
      if (const auto* one = item.if_object()) print_one(*one);
    }
    printed += static_cast<std::int64_t>(page->get_array().size());
    cursor = text_in(*answer, "next");
  } while (!cursor.empty() && printed < wanted);
  if (printed == 0) report.say_line("", std::string(list.nothing));
  if (!cursor.empty()) report.note("There may be more: --cursor " + cursor);
  return k_done;
}

Result<std::string, UsageError> call_target(const std::string& id, std::string_view rest) {
  if (CallId::parse(id)) return "/v1/calls/" + id + std::string(rest);
  return UsageError{"\"" + id +
                    "\" is not the id of a call; it looks like call_ and 26 letters and digits. \"offhook calls list "
                    "--json\" shows them."};
}

std::string moment_text(std::int64_t unix_ms) {
  const auto seconds = static_cast<std::time_t>(unix_ms / 1000);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &parts)};
}

std::string text_in(const json::object& object, std::string_view name) {
  const auto* found = object.if_contains(name);
  return found != nullptr && found->is_string() ? std::string(found->get_string()) : std::string();
}

std::int64_t number_in(const json::object& object, std::string_view name) {
  const auto* found = object.if_contains(name);
  return found != nullptr && found->is_int64() ? found->get_int64() : 0;
}

bool flag_in(const json::object& object, std::string_view name) {
  const auto* found = object.if_contains(name);
  return found != nullptr && found->is_bool() && found->get_bool();
}

std::string sentence_of(const json::object& call) {
  const auto* list = call.if_contains("legs");
  const auto* legs = list != nullptr ? list->if_array() : nullptr;
  auto out = moment_text(number_in(call, "created_at_ms")) + "  " + text_in(call, "caller") + " called ";
  out += (legs != nullptr ? legs_of(*legs) : text_in(call, "callee")) + ": " + outcome_of(call, "phase");
  if (const auto ms = number_in(call, "duration_ms"); ms > 0) out += ", " + to_text(Milliseconds{ms});
  return out + "  " + text_in(call, "call_id");
}

void print_call(const Report& report, const json::object& call) {
  report.say_line(json::serialize(call), sentence_of(call));
}

}  // namespace offhook::cli
