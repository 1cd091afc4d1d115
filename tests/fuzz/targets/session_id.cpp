// Ids in their own form and in OpenTok's.
#include "tests/fuzz/fuzz.hpp"
#include "wire/opentok_session.hpp"

using namespace offhook;

FUZZ(bytes) {
  if (const auto id = CallId::parse(bytes)) MUST(id->text() == bytes);
  if (const auto id = SessionId::parse(bytes)) MUST(id->text() == bytes);
  wire::is_session_of_opentok(bytes);
  for (const std::string_view project : {"1", "1000001"}) {
    const auto id = wire::from_opentok_session(bytes, project);
    if (!id) continue;
    MUST(is_session_of(*id, project));
    MUST(wire::from_opentok_session(wire::to_opentok_session(*id, project), project) == id);
    MUST(!wire::is_session_of_opentok(bytes));
  }
}
