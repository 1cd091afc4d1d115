#include "adapters/store/rows.hpp"

#include "adapters/store/blob.hpp"
#include "adapters/store/kept_notes.hpp"
#include "adapters/store/kinds.hpp"

namespace offhook::store {
namespace {

constexpr std::size_t k_usual_bytes = 1024;

// The caller last, who is to know of the call even if it was to himself.
std::vector<std::pair<UserId, bool>> users_of(const core::CallRecord& call) {
  std::vector<std::pair<UserId, bool>> users;
  for (const auto& leg : call.legs) users.emplace_back(leg.user, leg.silent);
  users.emplace_back(call.caller, false);
  return users;
}

Row row_of_one(const core::CallRecord& call, const Keyring*) { return row_of(call); }
Row row_of_one(const core::GoneRecord& gone, const Keyring*) { return GoneRow{gone.key.text}; }
template <class Kept>
Row row_of_one(const Kept& record, const Keyring* keys) {
  KeptRow row{k_kind<Kept>, core::key_of(record).text, to_blob(record)};
  if (!holds_secret(record)) return row;
  CHECK(keys != nullptr);
  row.kind += k_sealed;
  row.body = keys->seal(row.body, row.key);
  return row;
}

}  // namespace

CallRow row_of(const core::CallRecord& call, std::optional<std::size_t> written) {
  CallRow row;
  row.id = call.id;
  row.version = call.version;
  row.project = call.project;
  row.created_at = us(call.created_at);
  row.phase = static_cast<std::int64_t>(call.phase);
  if (call.outcome) row.outcome = static_cast<std::int64_t>(*call.outcome);
  row.ended_at = us(call.ended_at);
  row.appends = written && *written <= call.notes.size();
  row.bytes.reserve(k_usual_bytes);
  append_state(row.bytes, call);
  row.state_size = row.bytes.size();
  append_notes(row.bytes, call, row.appends ? *written : 0);
  row.notes_size = row.bytes.size() - row.state_size;
  row.has_inputs = call.inputs != nullptr;
  if (row.has_inputs) append_blob(row.bytes, *call.inputs);
  if (!row.appends || call.group) row.users = users_of(call);  // only a group gets new ones
  return row;
}

Row row_of(const core::Record& record, const Keyring* keys) {
  return std::visit([keys](const auto& one) { return row_of_one(one, keys); }, record);
}

}  // namespace offhook::store
