#include "server/replay.hpp"

#include "core/replay.hpp"
#include "server/explain.hpp"
#include "server/records.hpp"
#include "wire/json_object.hpp"

namespace offhook::server {
namespace {

std::string entries_json(const core::CallRecord& call, const std::vector<core::Note>& notes) {
  std::vector<std::string> entries;
  for (const auto& note : notes) entries.push_back(note_json(call, note));
  return wire::json_list(entries);
}

std::string at(const std::vector<core::Note>& notes, std::size_t place) {
  return place < notes.size() ? sentence(notes[place]) : "nothing more";
}

std::string difference_json(const core::CallRecord& call, const core::Comparison& again) {
  wire::JsonObject out;
  if (!again.difference) return out.text("text", "The time lines are the same, but the last record of the call is not.").done();
  const auto place = *again.difference;
  out.number("at", static_cast<std::int64_t>(place));
  return out.text("text", "recorded: " + at(call.notes, place) + "; decided again: " + at(again.notes, place)).done();
}

}  // namespace

std::string replay_json(const core::CallRecord& call, const core::CallInputs& inputs) {
  const auto again = core::compare(call, inputs);
  wire::JsonObject out;
  out.raw("call", to_json(call)).flag("same", again.is_same()).number("inputs", static_cast<std::int64_t>(inputs.list.size()));
  if (inputs.cut) out.flag("cut", true);
  if (!inputs.start.empty()) out.flag("restarted", true);
  out.raw("recorded", entries_json(call, call.notes)).raw("replayed", entries_json(call, again.notes));
  if (!again.is_same()) out.raw("difference", difference_json(call, again));
  return out.done();
}

}  // namespace offhook::server
