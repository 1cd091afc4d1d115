// offhook replay: a call decided again from its inputs, beside what was decided then.
#include <algorithm>
#include <boost/json.hpp>
#include <cstdio>

#include "cli/rest.hpp"
#include "cli/stage.hpp"

namespace offhook::cli {
namespace {

namespace json = boost::json;

const json::array& list_in(const json::object& object, std::string_view name) {
  static const json::array k_none;
  const auto* found = object.if_contains(name);
  return found != nullptr && found->is_array() ? found->get_array() : k_none;
}

// "  + 12.345 s  bob (b1) says answer", behind a mark as diff has them
std::string line_of(char mark, const json::value& entry) {
  const auto* one = entry.if_object();
  if (one == nullptr) return {};
  char moment[40];
  std::snprintf(moment, sizeof moment, "%c %+10.3f s  ", mark, static_cast<double>(number_in(*one, "after_ms")) / 1000);
  return moment + text_in(*one, "text");
}

// What both have once, from the first difference on both.
void print_both(const Report& report, const json::array& recorded, const json::array& replayed, std::size_t same) {
  for (std::size_t i = 0; i < std::min(same, recorded.size()); ++i) report.note(line_of(' ', recorded[i]));
  for (auto i = same; i < recorded.size(); ++i) report.note(line_of('-', recorded[i]));
  for (auto i = same; i < replayed.size(); ++i) report.note(line_of('+', replayed[i]));
}

}  // namespace

ExitCode run_replay(const Arguments& arguments, const Environment& environment) {
  const auto target = call_target(arguments.operands[0], "/replay");
  if (!target) return target.error();
  const Report report(arguments.has("--json"));
  Rest rest(environment, report);
  const auto told = rest.ask("GET", *target);
  if (!told) return rest.exit_code();
  const bool same = flag_in(*told, "same");
  if (const auto* call = told->if_contains("call"); call != nullptr && call->is_object()) report.note(sentence_of(call->get_object()));
  const auto inputs = std::to_string(number_in(*told, "inputs"));
  report.say_line(json::serialize(*told), same ? "Decided again from its " + inputs + " inputs: the same."
                                               : "Decided again from its " + inputs + " inputs: NOT the same.");
  if (flag_in(*told, "restarted")) report.note("The server was restarted during this call; the inputs begin there.");
  if (flag_in(*told, "cut")) report.note("This call's inputs were cut after " + inputs + "; what came later is not compared.");
  const auto* difference = told->if_contains("difference");
  const auto* first = difference != nullptr ? difference->if_object() : nullptr;
  const auto& recorded = list_in(*told, "recorded");
  const bool is_placed = first != nullptr && first->contains("at");
  if (first != nullptr) report.note("First difference: " + text_in(*first, "text"));
  report.note("");
  print_both(report, recorded, list_in(*told, "replayed"), is_placed ? static_cast<std::size_t>(number_in(*first, "at")) : recorded.size());
  return same ? k_done : k_unexpected;
}

}  // namespace offhook::cli
