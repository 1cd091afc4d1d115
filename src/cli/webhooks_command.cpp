// offhook webhooks list, events, replay: what is sent to a project's backend, what waits, and what has been given up.
#include <boost/json.hpp>

#include "cli/rest.hpp"
#include "cli/stage.hpp"
#include "offhook/http.hpp"

namespace offhook::cli {
namespace {

namespace json = boost::json;

std::string count_text(const json::object& object, std::string_view name) { return std::to_string(number_in(object, name)); }

// "calls  working, 3 wait, 1 dead letter  https://example.org/hook"
std::string sentence_of_webhook(const json::object& webhook) {
  auto out = text_in(webhook, "name") + "  " + text_in(webhook, "state") + ", " + count_text(webhook, "pending") + " waiting, " +
             count_text(webhook, "dead") + " dead";
  if (number_in(webhook, "dropped") > 0) out += ", " + count_text(webhook, "dropped") + " dropped";
  const auto url = text_in(webhook, "url");
  return url.empty() || url == text_in(webhook, "name") ? out : out + "  " + url;
}

// "17  2031-04-05 06:07:08 UTC  call.ended of call_…  to calls: dead after 3 attempts, HTTP 500"
std::string sentence_of_event(const json::object& event) {
  auto out = count_text(event, "number") + "  " + moment_text(number_in(event, "created_at_ms")) + "  " + text_in(event, "type") + " of " +
             text_in(event, "about") + "  to " + text_in(event, "webhook") + ": " + text_in(event, "state");
  if (const auto attempts = number_in(event, "attempts"); attempts > 0) out += " after " + std::to_string(attempts) + (attempts == 1 ? " attempt" : " attempts");
  if (const auto problem = text_in(event, "problem"); !problem.empty()) out += ", " + problem;
  if (const auto due = number_in(event, "due_at_ms"); due > 0) out += ", next at " + moment_text(due);
  return out;
}

// The number of an event as it was printed; nothing else is let into a path.
Result<std::string, UsageError> replay_target(const Arguments& arguments) {
  const auto event = whole_number(arguments, "--event", 1, std::numeric_limits<std::int64_t>::max());
  if (!event) return event.error();
  const auto webhook = arguments.text("--webhook");
  if (event->has_value() == webhook.has_value()) {
    return UsageError{"Name what to send again: --event NUMBER for one, or --webhook NAME for all that it has not got. "
                      "\"offhook webhooks events\" shows them."};
  }
  if (*event) return "/v1/webhooks/events/" + std::to_string(**event) + "/replay";
  return "/v1/webhooks/replay?webhook=" + percent_encoded(*webhook);
}

}  // namespace

ExitCode run_webhooks_list(const Arguments& arguments, const Environment& environment) {
  const Report report(arguments.has("--json"));
  Rest rest(environment, report);
  const List list{"/v1/webhooks", {}, "webhooks", "The project has no webhooks; docs/webhooks.md says how to configure one."};
  return print_list(rest, report, list, 100, {},
                    [&](const json::object& webhook) { report.say_line(json::serialize(webhook), sentence_of_webhook(webhook)); });
}

ExitCode run_webhooks_events(const Arguments& arguments, const Environment& environment) {
  const auto limit = whole_number(arguments, "--limit", 1, 10'000);
  if (!limit) return limit.error();
  const auto state = choice(arguments, "--state", {"pending", "dead"});
  if (!state) return state.error();
  List list{"/v1/webhooks/events", {}, "events", "There are no such events."};
  if (*state) list.filters += "&state=" + **state;
  if (const auto webhook = arguments.text("--webhook")) list.filters += "&webhook=" + percent_encoded(*webhook);
  if (const auto about = arguments.text("--about")) list.filters += "&about=" + percent_encoded(*about);
  const Report report(arguments.has("--json"));
  Rest rest(environment, report);
  return print_list(rest, report, list, limit->value_or(20), arguments.text("--cursor").value_or(""),
                    [&](const json::object& event) { report.say_line(json::serialize(event), sentence_of_event(event)); });
}

ExitCode run_webhooks_replay(const Arguments& arguments, const Environment& environment) {
  const auto target = replay_target(arguments);
  if (!target) return target.error();
  const Report report(arguments.has("--json"));
  Rest rest(environment, report);
  const auto done = rest.ask("POST", *target);
  if (!done) return rest.exit_code();
  const auto count = number_in(*done, "replayed");
  report.say_line(json::serialize(*done), std::to_string(count) + (count == 1 ? " event is" : " events are") + " sent again to " +
                                              text_in(*done, "webhook") + ", which is tried at once.");
  return k_done;
}

}  // namespace offhook::cli
