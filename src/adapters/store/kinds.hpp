// The kinds of records that are kept whole under their key, as numbers of the file, and other things in the form that columns
// have. Private to this module.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/records.hpp"

namespace offhook::store {

template <class Kept> inline constexpr std::int64_t k_kind = 0;
template <> inline constexpr std::int64_t k_kind<core::SessionRecord> = 1;
template <> inline constexpr std::int64_t k_kind<core::RulesRecord> = 2;
template <> inline constexpr std::int64_t k_kind<core::MissedRecord> = 3;
template <> inline constexpr std::int64_t k_kind<core::WithdrawnRecord> = 4;
template <> inline constexpr std::int64_t k_kind<core::SeenRecord> = 5;
template <> inline constexpr std::int64_t k_kind<core::ConnectionRecord> = 6;
template <> inline constexpr std::int64_t k_kind<core::ProjectRecord> = 7;
template <> inline constexpr std::int64_t k_kind<core::PushRecord> = 8;

// Added to the kind of a record whose body is sealed (keyring.hpp), as a value of its key.
inline constexpr std::int64_t k_sealed = 1000;

// Must the record be sealed?
template <class Kept>
bool holds_secret(const Kept&) { return false; }
inline bool holds_secret(const core::ProjectRecord& project) { return !project.secrets.empty(); }
inline bool holds_secret(const core::PushRecord&) { return true; }  // whoever has the address can wake the phone

// A call's id as the database has it, to find calls by.
std::string id_bytes(const CallId& id);

// Microseconds since the Unix epoch, as the database has them.
inline std::int64_t us(Instant moment) { return moment.time_since_epoch().count(); }
inline std::optional<std::int64_t> us(std::optional<Instant> moment) { return moment ? std::optional(us(*moment)) : std::nullopt; }

}  // namespace offhook::store
