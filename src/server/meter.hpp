// What the server counts and times, under names for Prometheus. docs/metrics.md is the list for operators.
//
// The loop tells what happens; gauges are read when somebody looks. Nothing here decides or remembers more than numbers.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "adapters/metrics/metrics.hpp"
#include "adapters/net/net.hpp"
#include "base/time.hpp"
#include "core/engine.hpp"
#include "core/records.hpp"
#include "server/delivery.hpp"
#include "wire/messages.hpp"

namespace offhook::server {

// What is true at the moment of looking.
struct Levels {
  core::EngineCounts engine;
  std::size_t sockets = 0;          // WebSockets and HTTP connections
  std::size_t store_pending = 0;    // records that are not durable yet
  std::size_t effects_waiting = 0;  // behind them
  std::size_t answers_waiting = 0;  // HTTP requests without one yet
  bool is_draining = false;
  std::size_t pushes_waiting = 0;   // for an answer of their sender
  std::uint64_t webhook_events_pending = 0, webhook_events_dead = 0;
  bool is_overloaded = false;
};

// So many, which took so long together.
struct Tally {
  std::uint64_t count = 0;
  Duration sum{};
  void add(Duration one) {
    ++count;
    sum += one;
  }
};

// Since the start of the process; the same as in the metrics, for who reads no metrics.
struct Totals {
  std::uint64_t calls_created = 0, frames_in = 0, frames_out = 0, problems = 0;
  Tally events, commits, alarms;  // decided; until durable; how late
  std::map<std::pair<wire::Outcome, std::optional<wire::Reason>>, std::uint64_t> ended;
};

class Meter {
 public:
  Meter();

  void received(std::size_t bytes);
  void sent(std::uint64_t frames, std::uint64_t bytes);  // since it was told last
  void refused(wire::ErrorWord word);  // a frame or hello with this error
  void turned_away(net::TurnedAway why, std::uint64_t sockets);  // refused or cut before they said who they are
  void congested();                    // a reader too slow for its queue
  void answered(unsigned status);      // an HTTP request
  void late(Duration by);              // an alarm of the loop
  void waited(Duration in);            // from a client's word being here until it was read
  void refused_for_load();             // a command or hello, as overloaded
  void handled(Duration in);           // one event by the engine, with its effects
  void durable(Duration after);        // a record, after it was put
  void problem();                      // what on_problem says
  void pushed(core::PushState state, Duration after);  // a push, after the engine wanted it. REQUIRES: not Wanted
  void stopped(std::size_t pushes);                    // that the engine wants no more
  void delivered(Delivery delivery);                   // an attempt at a webhook
  // Each version of a call as it is put; tells a new call and an end by what is in it.
  void kept(const core::CallRecord& record);

  std::string text(const Levels& levels);
  const Totals& totals() const { return totals_; }

 private:
  metrics::Counter& ended(const core::CallRecord& record);

  metrics::Registry registry_;
  metrics::Counter &frames_in_, &bytes_in_, &frames_out_, &bytes_out_, &congested_, &calls_created_, &records_, &problems_, &refused_for_load_;
  metrics::Histogram &queue_seconds_, &loop_lag_, &event_seconds_, &durable_seconds_;
  metrics::Counter &pushes_accepted_, &pushes_refused_, &pushes_failed_, &pushes_stopped_, &delivered_, &not_delivered_, &given_up_;
  metrics::Histogram& push_seconds_;
  metrics::Histogram &ring_seconds_, &answer_seconds_, &connect_seconds_, &talk_seconds_, &loss_seconds_;
  std::map<std::pair<wire::Outcome, std::optional<wire::Reason>>, metrics::Counter*> ended_;
  std::map<wire::ErrorWord, metrics::Counter*> refused_;
  std::map<net::TurnedAway, metrics::Counter*> turned_away_;
  std::map<unsigned, metrics::Counter*> answered_;
  Totals totals_;
};

}  // namespace offhook::server
