// The kinds of records that are kept whole under their key, as numbers of the file. Private to this module.
#pragma once

#include <cstdint>
#include <string>

#include "core/records.hpp"

namespace offhook::store {

template <class Kept> inline constexpr std::int64_t k_kind = 0;
template <> inline constexpr std::int64_t k_kind<core::SessionRecord> = 1;
template <> inline constexpr std::int64_t k_kind<core::RulesRecord> = 2;
template <> inline constexpr std::int64_t k_kind<core::MissedRecord> = 3;
template <> inline constexpr std::int64_t k_kind<core::WithdrawnRecord> = 4;
template <> inline constexpr std::int64_t k_kind<core::SeenRecord> = 5;

std::string id_bytes(const CallId& id);

}  // namespace offhook::store
