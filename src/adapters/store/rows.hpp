// Records as the rows they become. They are made on the thread that puts: what travels to the thread that writes is a few
// texts instead of the hundred small pieces of a call. Private to this module.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "adapters/store/keyring.hpp"
#include "core/records.hpp"

namespace offhook::store {

struct CallRow {
  CallId id;
  std::uint64_t version = 0;
  ProjectId project;
  std::int64_t created_at = 0;
  std::int64_t phase = 0;
  std::optional<std::int64_t> outcome, ended_at;
  std::string bytes;  // the state, then the notes, then the inputs
  std::size_t state_size = 0, notes_size = 0;
  bool has_inputs = false;
  bool appends = false;  // the notes are those that came since the row before
  std::vector<std::pair<UserId, bool>> users;  // who may find the call, and is silent; none if the row before had them all

  std::string_view state() const { return std::string_view(bytes).substr(0, state_size); }
  std::string_view notes() const { return std::string_view(bytes).substr(state_size, notes_size); }
  std::string_view inputs() const { return std::string_view(bytes).substr(state_size + notes_size); }
};

struct KeptRow {
  std::int64_t kind = 0;
  std::string key, body;
};

struct GoneRow {
  std::string key;
};

using Row = std::variant<CallRow, KeptRow, GoneRow>;

// `written`: so many notes of the call have been put before; without it the row replaces what is there.
CallRow row_of(const core::CallRecord& call, std::optional<std::size_t> written = {});

// `keys` seal what must be sealed. REQUIRES: there are some, if the record holds a secret.
Row row_of(const core::Record& record, const Keyring* keys = nullptr);

}  // namespace offhook::store
