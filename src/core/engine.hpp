// The core's whole face. One engine is one shard: not thread-safe, used by one loop. It reads no clock; the same seed and
// the same events give the same effects, byte for byte.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string_view>

#include "base/random.hpp"
#include "base/time.hpp"
#include "core/effect.hpp"
#include "core/event.hpp"
#include "core/settings.hpp"
#include "core/views.hpp"

namespace offhook::core {

struct Deadline {
  Instant at;
  std::string_view what;  // for logs and tests, e.g. "call ring_timeout"
};

// How much the engine holds, for /readyz, logs and tests.
struct EngineCounts {
  std::size_t links = 0;
  std::size_t clients = 0;
  std::size_t users = 0;
  std::size_t live_calls = 0;
  std::size_t kept_calls = 0;
  std::size_t sessions = 0;
  std::size_t timers = 0;
};

class Engine {
 public:
  // `projects` have settings of their own. REQUIRES: check_settings of each is empty.
  Engine(Settings settings, const Seed& seed, std::map<ProjectId, Settings> projects = {});
  ~Engine();
  Engine(Engine&&) noexcept;
  Engine& operator=(Engine&&) noexcept;

  // Goes on where the engine that emitted these records in its Store effects was, at most once and before all else but ProjectChanged. The order
  // of `records` does not matter; ended calls of which is_needed says no may be left out, those of which is_whole says no must be. Deadlines that have passed are served.
  // REQUIRES: a seed that no engine before had, since ids are drawn from it.
  void restore(Instant now, std::vector<Record> records, Effects& out);

  // Appends to `out`. REQUIRES: `now` never goes back. Deadlines up to `now` are served first.
  void handle(Instant now, Event event, Effects& out);
  void advance(Instant now, Effects& out);

  // When advance() must be called next; nothing if no timer runs.
  std::optional<Deadline> next_deadline() const;

  EngineCounts counts() const;
  // Ordered, at most `limit`, in time that grows with `limit` alone.
  std::vector<UserView> users(const UserQuery& query) const;
  std::vector<LiveSession> live_sessions(const LiveSessionQuery& query) const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace offhook::core
