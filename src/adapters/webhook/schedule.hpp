// When which event is sent to which endpoint. Without input or output: it is told the moment and what happened, and says what
// to do; tests turn a virtual clock.
//
// The events themselves wait in a store, which holds the order: of those with one order key only the first is due. So the
// memory taken here does not depend on how many wait, and an event that fails holds back just those of its own key.
//
// An endpoint at which k_trip attempts in a row have failed is probed: one attempt at a time, with growing pauses, until one
// succeeds. So a receiver that is down is not stormed, and one that is back is noticed within a minute.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "base/random.hpp"
#include "base/time.hpp"

namespace offhook::webhook {

inline constexpr std::size_t k_max_at_once = 8;      // attempts of one endpoint
inline constexpr std::size_t k_window = 64;          // events of one endpoint held in memory for their turn
inline constexpr std::size_t k_max_unsettled = 64;   // attempts of one endpoint whose result the store has not kept yet
inline constexpr int k_trip = 5;
inline constexpr Duration k_first_retry = std::chrono::seconds{5};
inline constexpr Duration k_last_retry = std::chrono::minutes{15};
inline constexpr Duration k_give_up = std::chrono::hours{72};  // after the event; at least one attempt is made
inline constexpr Duration k_longest_pause = std::chrono::minutes{1};
inline constexpr Duration k_longest_retry_after = std::chrono::hours{1};

using EndpointIndex = std::size_t;  // 0 … of as many as the schedule was made for

// An event whose turn has come.
struct Due {
  std::uint64_t number = 0;
  std::uint32_t attempts = 0;  // made so far
  Instant created_at{};
};

// What came of an attempt.
struct Answer {
  int status = 0;              // of HTTP; 0: there was none
  std::string problem;         // one clause for people; empty if it was delivered
  std::optional<Duration> retry_after;
};

// --- what to do

// Give on_due the events of the endpoint that are due, longest due first.
struct Ask { EndpointIndex endpoint = 0; std::size_t limit = 0; };
// Send it and give on_answer what comes of it.
struct Attempt { EndpointIndex endpoint = 0; std::uint64_t number = 0; };
// Keep this, then call on_settled.
struct Delivered {};
struct RetryAt { Instant at; std::string problem; };
struct Dead { std::string problem; };
struct Settle { EndpointIndex endpoint = 0; std::uint64_t number = 0; std::variant<Delivered, RetryAt, Dead> verdict; };
// Tell the operator.
struct Say { EndpointIndex endpoint = 0; std::string what; };

using Action = std::variant<Ask, Attempt, Settle, Say>;
using Actions = std::vector<Action>;

// Failing: the last attempts have failed, and are made again as they would be otherwise.
enum class EndpointState { Working, Failing, Probed, Disabled };

// Not thread-safe. REQUIRES of every `now`: it never goes back.
class Schedule {
 public:
  Schedule(std::size_t endpoints, const Seed& seed);

  // Something has been stored for this endpoint that may be due.
  void wake(Instant now, EndpointIndex endpoint, Actions& out);

  // Answer to Ask. `next`: when the first of those that are not due yet will be.
  void on_due(Instant now, EndpointIndex endpoint, std::vector<Due> due, std::optional<Instant> next, Actions& out);

  void on_answer(Instant now, EndpointIndex endpoint, std::uint64_t number, const Answer& answer, Actions& out);
  void on_settled(Instant now, EndpointIndex endpoint, std::uint64_t number, Actions& out);

  // The operator wants it tried (again), now: a disabled endpoint works again, a pause ends.
  void enable(Instant now, EndpointIndex endpoint, Actions& out);

  void advance(Instant now, Actions& out);
  std::optional<Instant> next_deadline() const;  // when advance() must be called next

  EndpointState state(EndpointIndex index) const {
    const auto& endpoint = endpoints_[index];
    return endpoint.state == EndpointState::Working && endpoint.failures > 0 ? EndpointState::Failing : endpoint.state;
  }
  std::size_t held() const;  // events in memory, of all endpoints

 private:
  struct Endpoint {
    EndpointState state = EndpointState::Working;  // never Failing: that is `failures`
    int failures = 0;                     // in a row
    Instant not_before{};                 // no attempt until then
    std::deque<Due> ready;
    std::vector<Due> in_flight;           // at most k_max_at_once
    std::set<std::uint64_t> unsettled;    // in flight, or answered and not kept yet: not to be sent twice
    bool asking = false;
    bool may_have_more = true;            // the store, than what is ready here
    std::optional<Instant> next_due;
  };

  void step(Instant now, EndpointIndex index, Actions& out);
  void on_failure(Instant now, EndpointIndex index, const Due& due, const Answer& answer, Actions& out);
  static bool can_attempt(const Endpoint& endpoint, Instant now);
  Duration with_jitter(Duration nominal);

  std::vector<Endpoint> endpoints_;
  Random random_;
};

// The nominal pause after so many attempts that failed: 5 s, 10 s, … 15 min. REQUIRES: attempts > 0.
Duration retry_delay(std::uint32_t attempts);

}  // namespace offhook::webhook
