// An ended call decided again from inputs of any content, as they may come from a damaged or a foreign file.
#include "adapters/store/blob.hpp"
#include "core/replay.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace offhook;

FUZZ(bytes) {
  core::CallInputs inputs;
  if (!store::from_blob(bytes, inputs)) return;
  core::CallRecord call;
  call.id = CallId(1, 2);
  call.project = "1";
  call.caller = "a";
  call.caller_leg.user = "a";
  call.legs.emplace_back().user = "b";
  core::compare(call, inputs);
}
