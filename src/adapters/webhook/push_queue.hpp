// When which push is handed to its sender. Without input or output, as schedule.hpp; but a push is worth nothing when it is late: it waits in
// memory only, is tried again for as long as it may still ring, and no longer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "adapters/webhook/schedule.hpp"
#include "base/time.hpp"

namespace offhook::webhook {

inline constexpr std::size_t k_max_pushes_at_once = 16;     // attempts of one sender
inline constexpr std::size_t k_max_pushes_waiting = 2'000;  // of one sender; one more fails at once
inline constexpr Duration k_first_push_retry = std::chrono::milliseconds{500};
inline constexpr Duration k_last_push_retry = std::chrono::seconds{4};

// Send it and give on_answer what comes of it.
struct PushAttempt { std::uint64_t number = 0; };
// Nothing more is done for this one.
enum class PushVerdict { Accepted, Refused, Failed };
struct PushOver { std::uint64_t number = 0; PushVerdict verdict = PushVerdict::Failed; };
// Tell the operator, once when a sender begins to fail and once when it works again.
struct PushSay { std::size_t sender = 0; std::string what; };

using PushAction = std::variant<PushAttempt, PushOver, PushSay>;
using PushActions = std::vector<PushAction>;

// Not thread-safe. REQUIRES of every `now`: it never goes back.
class PushQueue {
 public:
  explicit PushQueue(std::size_t senders) : senders_(senders) {}

  // REQUIRES: `number` is new.
  void add(Instant now, std::uint64_t number, std::size_t sender, Instant expires_at, PushActions& out);
  // No attempt begins from here on, and nothing more is heard of it.
  void drop(std::uint64_t number);
  // 2xx: accepted. 404, 410: refused, the address is gone. No answer, 408, 429 and 5xx: tried again. Others: failed.
  void on_answer(Instant now, std::uint64_t number, const Answer& answer, PushActions& out);

  void advance(Instant now, PushActions& out);
  std::optional<Instant> next_deadline() const;  // when advance() must be called next

  std::size_t size() const { return pushes_.size(); }

 private:
  struct Push {
    std::size_t sender = 0;
    Instant expires_at{};
    Instant due{};  // if it is not under way
    unsigned attempts = 0;
    bool under_way = false;
    bool dropped = false;
  };
  struct Sender {
    std::set<std::pair<Instant, std::uint64_t>> waiting;  // by when they are due
    std::size_t under_way = 0;
    bool fails = false;
  };

  void begin(Instant now, Sender& sender, PushActions& out);
  void on_failure(Instant now, std::uint64_t number, const Answer& answer, PushActions& out);
  void say(std::size_t sender, const std::string& problem, PushActions& out);

  std::vector<Sender> senders_;
  std::map<std::uint64_t, Push> pushes_;
};

}  // namespace offhook::webhook
