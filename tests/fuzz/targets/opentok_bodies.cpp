// Bodies that OpenTok's server SDKs send.
#include "tests/fuzz/fuzz.hpp"
#include "wire/opentok_bodies.hpp"

using namespace offhook;

FUZZ(bytes) {
  const auto said = [](const auto& result) { MUST(result || !result.error().message.empty()); };
  said(wire::opentok::read_signal(bytes));
  said(wire::opentok::read_mute(bytes));
  said(wire::opentok::read_layouts(bytes));
  said(wire::opentok::read_layout(bytes));
  said(wire::opentok::read_callback(bytes));
  wire::opentok::session_named_in(bytes);
  wire::opentok::wants_json(bytes);
  if (const auto problem = wire::opentok::objection_to_session(bytes)) MUST(problem->status >= 400 && !problem->message.empty());
}
