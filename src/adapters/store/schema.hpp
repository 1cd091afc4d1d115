// The tables of the database, and the steps from each version of them to the next. Private to this module.
#pragma once

#include <optional>
#include <string>

#include "adapters/store/sqlite.hpp"

namespace offhook::store {

// What the header of every database of ours carries ("OFHK"), so that no other file is taken for one.
inline constexpr std::int64_t k_application_id = 0x4f46484b;

// The version this program writes.
std::int64_t schema_version();

// Is this a sound database of ours, an empty one included, that this program can read or upgrade? Gives the sentence of what is wrong.
// Changes nothing.
std::optional<std::string> check_schema(Database& database);

// Brings one that has been checked to this program's version. Gives what is wrong; the file is then as it was.
std::optional<std::string> upgrade_schema(Database& database);

}  // namespace offhook::store
