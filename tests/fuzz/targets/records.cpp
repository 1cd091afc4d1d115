// What lies in the data folder: bytes that are a record go there and back; others are refused, whatever they are.
#include "adapters/store/blob.hpp"
#include "adapters/store/kept_notes.hpp"
#include "adapters/store/keyring.hpp"
#include "core/replay.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace offhook;

namespace {

template <class Record>
void there_and_back(std::string_view bytes) {
  Record record;
  if (!store::from_blob(bytes, record)) return;
  const auto kept = store::to_blob(record);
  Record again;
  MUST(store::from_blob(kept, again));
  MUST(store::to_blob(again) == kept);
}

}  // namespace

FUZZ(bytes) {
  fuzz::Dice dice(bytes);
  const auto kind = dice.below(11);
  const auto rest = dice.rest();
  switch (kind) {
    case 0: return there_and_back<core::SessionRecord>(rest);
    case 1: return there_and_back<core::RulesRecord>(rest);
    case 2: return there_and_back<core::MissedRecord>(rest);
    case 3: return there_and_back<core::WithdrawnRecord>(rest);
    case 4: return there_and_back<core::SeenRecord>(rest);
    case 5: return there_and_back<core::ConnectionRecord>(rest);
    case 6: return there_and_back<core::ProjectRecord>(rest);
    case 7: return there_and_back<core::PushRecord>(rest);
    case 8: return there_and_back<core::CallInputs>(rest);
    case 9: {
      core::CallRecord call;
      store::BlobReader reader(rest);
      store::describe_state(reader, call);
      store::read_notes(rest, call);
      return;
    }
    default: {
      const store::Keyring keys({store::Keyring::Key{}});
      MUST(!keys.open(rest, "about"));
      const auto opened = keys.open(keys.seal(rest, "about"), "about");
      MUST(opened && *opened == rest);
    }
  }
}
