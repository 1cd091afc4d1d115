#include "base/session_ids.hpp"

namespace offhook {
namespace {

constexpr int k_moment_shift = 10;
constexpr int k_tag_shift = 40;
constexpr std::uint64_t k_moment_mask = (std::uint64_t{1} << 44) - 1;  // until the year 2527
constexpr std::uint64_t k_random_high_mask = (std::uint64_t{1} << k_moment_shift) - 1;
constexpr std::uint64_t k_random_low_mask = (std::uint64_t{1} << k_tag_shift) - 1;

// FNV-1a, folded to 24 bits. Part of what ids mean, never change it.
std::uint64_t tag_of(std::string_view project) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char c : project) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return (hash ^ (hash >> 24) ^ (hash >> 48)) & 0xffffff;
}

}  // namespace

SessionId make_session_id(Slot slot, std::string_view project, Instant now, std::uint64_t random_high, std::uint64_t random_low) {
  const auto moment = static_cast<std::uint64_t>(to_unix_ms(now)) & k_moment_mask;
  const auto high = (moment << k_moment_shift) | (random_high & k_random_high_mask);
  return SessionId::with_slot(slot, high, (tag_of(project) << k_tag_shift) | (random_low & k_random_low_mask));
}

bool is_session_of(const SessionId& id, std::string_view project) { return id.low() >> k_tag_shift == tag_of(project); }

std::uint64_t milliseconds_in(const SessionId& id) { return (id.high() >> k_moment_shift) & k_moment_mask; }

}  // namespace offhook
