// What a load run has measured and counted, and how that is told. Not for several threads.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "cli/report.hpp"

namespace offhook::cli {

// Durations of one kind. Four bytes each, so a million calls fit easily.
class Latencies {
 public:
  void add(std::chrono::nanoseconds duration);
  std::size_t count() const { return micros_.size(); }
  // In milliseconds; `share` 0 to 1, by nearest rank; 0 if there are none.
  double percentile(double share) const;

 private:
  mutable std::vector<std::uint32_t> micros_;
  mutable bool sorted_ = true;
};

struct LoadFigures {
  std::int64_t placed = 0;    // calls begun
  std::int64_t done = 0;      // of them over, on both sides
  std::int64_t refused = 0;   // by an overloaded server, which is no fault
  std::int64_t wrong = 0;     // with another outcome than their scenario's, or a side told twice
  std::int64_t unfinished = 0;  // of which a side was not told of any end when the run gave up waiting
  std::int64_t held_back = 0;   // placed late, because no two devices were free
  std::map<std::string, std::int64_t> outcomes;  // as the callers were told
  std::vector<std::string> examples;             // of what was wrong, a few
  // From call() to the callee's ring and to the word of it at the caller; answer to media both ways; hang-up, decline or cancel to
  // the other side's end.
  Latencies incoming, ringing, active, told;
  double seconds = 0;      // from the first call placed to the last done
  double worst_lag_ms = 0; // of this program's own timer: beyond that its figures are its own, not the server's

  bool is_clean() const { return wrong == 0 && unfinished == 0; }
  double rate() const { return seconds > 0 ? static_cast<double>(done) / seconds : 0; }
};

inline constexpr std::size_t k_max_examples = 5;

// One object, everything in it.
Json to_json(std::string_view event, const LoadFigures& figures);
// Several lines for people.
std::string to_text(const LoadFigures& figures);

}  // namespace offhook::cli
