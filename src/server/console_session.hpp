// Who is signed in at the console: a cookie that carries its own expiry and is signed with a key made from the hash of the
// password. Nothing is kept for it, so it outlives a restart; another password ends them all.
#pragma once

#include <deque>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "base/time.hpp"

namespace offhook::server {

struct ConsoleSession {
  std::string id;
  Instant expires_at;
};

class ConsoleSessions {
 public:
  explicit ConsoleSessions(std::string_view password_hash);

  // The value of the cookie. `id`: random, of letters and digits.
  std::string make(const ConsoleSession& session) const;
  // Nothing for one that is forged, over, or ended by end().
  std::optional<ConsoleSession> read(std::string_view value, Instant now) const;
  // Signed out. Remembered by this process for the last k_max_ended; a browser has deleted its cookie anyway.
  void end(const std::string& id);

  static constexpr std::size_t k_max_ended = 1'000;

 private:
  std::string key_;
  std::set<std::string, std::less<>> ended_;
  std::deque<std::string> ended_order_;
};

// The value of this cookie in a Cookie header (RFC 6265 section 5.4).
std::optional<std::string_view> cookie_in(std::string_view header, std::string_view name);

}  // namespace offhook::server
