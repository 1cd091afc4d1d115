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

// Checks that this is a sound database of ours, an empty one included, and brings it to this program's version. Gives the
// sentence of what is wrong; the file is then as it was.
std::optional<std::string> prepare_schema(Database& database);

}  // namespace offhook::store
