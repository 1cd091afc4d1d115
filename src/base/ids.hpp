// Ids. 128 bits, of which the top ten are the routing slot; text form is a prefix and 26 characters of Crockford base32.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace offhook {

inline constexpr std::uint32_t k_slot_count = 1024;

struct Slot {
  std::uint32_t value = 0;  // < k_slot_count
  auto operator<=>(const Slot&) const = default;
};

// The slot of a text key (a user): FNV-1a, folded to ten bits. Part of the cluster's contract, never change it.
Slot slot_of(std::string_view key);

inline constexpr std::size_t k_base32_length = 26;  // 130 bits; the first character carries only three

// Helpers of Id, exposed for tests. base32_decode returns nothing unless text is exactly 26 valid characters.
std::string base32_encode(std::uint64_t high, std::uint64_t low);
void base32_write(std::uint64_t high, std::uint64_t low, char* to);  // k_base32_length characters
bool base32_decode(std::string_view text, std::uint64_t& high, std::uint64_t& low);

// One type per kind of id: `Kind` supplies `static constexpr std::string_view prefix`.
template <class Kind>
class Id {
 public:
  constexpr Id() = default;  // nil: names nothing
  constexpr Id(std::uint64_t high, std::uint64_t low) : high_(high), low_(low) {}

  // The slot replaces the top ten bits of `high`.
  static constexpr Id with_slot(Slot slot, std::uint64_t high, std::uint64_t low) {
    return Id((static_cast<std::uint64_t>(slot.value) << 54) | (high & ((std::uint64_t{1} << 54) - 1)), low);
  }
  static std::optional<Id> parse(std::string_view text) {
    Id id;
    if (!text.starts_with(Kind::prefix)) return std::nullopt;
    if (!base32_decode(text.substr(Kind::prefix.size()), id.high_, id.low_)) return std::nullopt;
    return id;
  }

  static constexpr std::size_t k_text_length = Kind::prefix.size() + k_base32_length;
  // k_text_length characters, which need no escape anywhere.
  void write(char* to) const {
    Kind::prefix.copy(to, Kind::prefix.size());
    base32_write(high_, low_, to + Kind::prefix.size());
  }
  std::string text() const { return std::string(Kind::prefix) + base32_encode(high_, low_); }
  Slot slot() const { return Slot{static_cast<std::uint32_t>(high_ >> 54)}; }
  bool nil() const { return high_ == 0 && low_ == 0; }
  std::uint64_t high() const { return high_; }
  std::uint64_t low() const { return low_; }

  auto operator<=>(const Id&) const = default;

 private:
  std::uint64_t high_ = 0;
  std::uint64_t low_ = 0;
};

struct CallKind { static constexpr std::string_view prefix = "call_"; };
struct SessionKind { static constexpr std::string_view prefix = "sess_"; };
struct ConnectionKind { static constexpr std::string_view prefix = "conn_"; };
struct StreamKind { static constexpr std::string_view prefix = "strm_"; };
struct ClientKind { static constexpr std::string_view prefix = "clnt_"; };
struct ExpectationKind { static constexpr std::string_view prefix = "expn_"; };

using CallId = Id<CallKind>;
using SessionId = Id<SessionKind>;
using ConnectionId = Id<ConnectionKind>;
using StreamId = Id<StreamKind>;
using ClientId = Id<ClientKind>;
using ExpectationId = Id<ExpectationKind>;

using ProjectId = std::string;  // the API key, e.g. "1000001"
using UserId = std::string;     // 1..128 bytes UTF-8, given by the app
using DeviceId = std::string;   // 1..64 bytes, given by the client

// A user within a project: the key `user:`.
struct UserKey {
  ProjectId project;
  UserId user;
  auto operator<=>(const UserKey&) const = default;
};

Slot slot_of(const UserKey& key);

}  // namespace offhook

template <class Kind>
struct std::hash<offhook::Id<Kind>> {
  std::size_t operator()(const offhook::Id<Kind>& id) const noexcept {
    return static_cast<std::size_t>(id.low() ^ (id.high() * 0x9e3779b97f4a7c15ULL));
  }
};

template <>
struct std::hash<offhook::UserKey> {
  std::size_t operator()(const offhook::UserKey& key) const noexcept {
    return std::hash<std::string>{}(key.user) * 31 + std::hash<std::string>{}(key.project);
  }
};
