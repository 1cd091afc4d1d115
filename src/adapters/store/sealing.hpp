// The secrets of a database at the start: all can be opened, and all are sealed with the newest key afterwards. Private to this module.
#pragma once

#include <optional>
#include <string>

#include "adapters/store/keyring.hpp"
#include "adapters/store/sqlite.hpp"

namespace offhook::store {

// Can all be opened, or sealed? Gives what is wrong, in words that go on after the file's name. Changes nothing.
std::optional<std::string> check_secrets(Database& database, const Keyring* keys);

// Seals what is in the clear or sealed with an old key; of what was in the clear nothing is left in the file. Before anybody else uses
// the database.
std::optional<std::string> seal_secrets(Database& database, const Keyring* keys);

}  // namespace offhook::store
