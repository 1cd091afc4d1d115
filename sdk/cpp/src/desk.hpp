// What the parts of the client engine share: the moment, the way out, the settings in force. Private to the engine.
#pragma once

#include <algorithm>
#include <deque>
#include <optional>
#include <utility>

#include "base/random.hpp"
#include "offhook/engine.hpp"

namespace offhook::client {

struct Desk {
  explicit Desk(EngineOptions given)
      : options(std::move(given)), random(options.seed), push(options.push), limits(limits_of(options.watchdogs, settings)) {}

  void output(Output output) { out->push_back(std::move(output)); }
  void tell(EngineEvent event) { out->push_back(Tell{std::move(event)}); }

  void adopt(const wire::ClientSettings& server) {
    settings = server;
    limits = limits_of(options.watchdogs, server);
  }

  // The server's wall clock once it has been heard; before, what `now` counts from, which is that of this machine.
  std::int64_t unix_ms() const { return to_unix_ms(now) + unix_offset_ms.value_or(0); }
  bool knows_unix_ms() const { return unix_offset_ms.has_value(); }
  void set_unix_ms(std::int64_t at_ms) {
    if (at_ms > 0) unix_offset_ms = at_ms - to_unix_ms(now);
  }

  const EngineOptions options;
  Random random;
  std::optional<wire::PushAddress> push;  // told with every hello
  Instant now{};           // set at each input
  bool is_urgent = false;  // there are calls, which a link that stays away ends
  std::optional<std::int64_t> unix_offset_ms;
  Outputs* out = nullptr;  // of the input that is being handled
  wire::ClientSettings settings;  // the documented defaults until the server has told its own
  WatchdogLimits limits;
};

// The earlier of two moments, if there is one.
inline std::optional<Instant> earliest(std::optional<Instant> a, std::optional<Instant> b) {
  if (!a || !b) return a ? a : b;
  return std::min(*a, *b);
}

// A set that forgets its oldest members beyond `limit`; small, so it is searched from end to end.
template <class T>
class RecentSet {
 public:
  explicit RecentSet(std::size_t limit) : limit_(limit) {}

  bool contains(const T& member) const { return std::find(members_.begin(), members_.end(), member) != members_.end(); }

  void insert(const T& member) {
    erase(member);
    members_.push_back(member);
    if (members_.size() > limit_) members_.pop_front();
  }

  bool empty() const { return members_.empty(); }
  const std::deque<T>& members() const { return members_; }
  void clear() { members_.clear(); }

  bool erase(const T& member) {
    const auto found = std::find(members_.begin(), members_.end(), member);
    if (found == members_.end()) return false;
    members_.erase(found);
    return true;
  }

 private:
  std::size_t limit_;
  std::deque<T> members_;
};

}  // namespace offhook::client
