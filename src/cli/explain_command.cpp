// offhook explain: why a call ended as it did, and what happened in it.
#include <boost/json.hpp>
#include <cstdio>

#include "cli/rest.hpp"
#include "cli/stage.hpp"

namespace offhook::cli {
namespace {

namespace json = boost::json;

// "  + 12.345 s  bob (b1) says answer"
std::string line_of(const json::object& entry) {
  char moment[40];
  std::snprintf(moment, sizeof moment, "  %+10.3f s  ", static_cast<double>(number_in(entry, "after_ms")) / 1000);
  return moment + text_in(entry, "text");
}

}  // namespace

ExitCode run_explain(const Arguments& arguments, const Environment& environment) {
  const auto target = call_target(arguments.operands[0], "/timeline");
  if (!target) return target.error();
  const Report report(arguments.has("--json"));
  Rest rest(environment, report);
  const auto told = rest.ask("GET", *target);
  if (!told) return rest.exit_code();
  if (const auto* call = told->if_contains("call"); call != nullptr && call->is_object()) report.note(sentence_of(call->get_object()));
  report.say_line(json::serialize(*told), "\nWhy:       " + text_in(*told, "why") + "\nWent well: until " + text_in(*told, "last_good"));
  if (const auto advice = text_in(*told, "advice"); !advice.empty()) report.note("Advice:    " + advice);
  const auto* entries = told->if_contains("entries");
  if (entries == nullptr || !entries->is_array()) return k_done;
  report.note("");
  for (const auto& entry : entries->get_array()) {
    if (const auto* one = entry.if_object()) report.note(line_of(*one));
  }
  return k_done;
}

}  // namespace offhook::cli
