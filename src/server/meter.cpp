#include "server/meter.hpp"

#include <algorithm>

#include "wire/codec.hpp"

namespace offhook::server {
namespace {

using metrics::Buckets;
using metrics::Labels;

double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

const Buckets k_micro = {0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.01, 0.1};
const Buckets k_milli = {0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1, 5};
const Buckets k_ring = {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 60};
const Buckets k_people = {0.5, 1, 2.5, 5, 10, 15, 20, 30, 45, 60, 120, 180};
const Buckets k_talk = {1, 10, 30, 60, 180, 300, 600, 1800, 3600, 7200, 14400};

constexpr const char* k_pushes_help = "Pushes that are over, by what became of them.";
constexpr const char* k_deliveries_help = "Attempts to deliver an event to a webhook.";

// The first ring of anybody who is called.
std::optional<Instant> first_ring(const core::CallRecord& record) {
  std::optional<Instant> first;
  for (const auto& leg : record.legs) {
    if (leg.rang_at && (!first || *leg.rang_at < *first)) first = leg.rang_at;
  }
  return first;
}

std::string word_of(net::TurnedAway why) {
  switch (why) {
    case net::TurnedAway::Full: return "full";
    case net::TurnedAway::TooManyStrangers: return "too_many_strangers";
    case net::TurnedAway::TooManyOfAddress: return "too_many_of_address";
    case net::TurnedAway::TooFast: return "too_fast";
    case net::TurnedAway::TooSlow: return "too_slow";
  }
  return "";
}

// Since when the side was lost that the call was dropped for: the longer one.
std::optional<Instant> lost_since(const core::CallRecord& record) {
  std::optional<Instant> first;
  const auto look = [&](const core::LegRecord& leg) {
    for (const auto& device : leg.devices) {
      if (device.lost_since && (!first || *device.lost_since < *first)) first = device.lost_since;
    }
  };
  look(record.caller_leg);
  for (const auto& leg : record.legs) look(leg);
  return first;
}

void observe_between(metrics::Histogram& histogram, const std::optional<Instant>& from, const std::optional<Instant>& to) {
  if (from && to) histogram.observe(seconds(std::max(*to - *from, Duration{0})));
}

}  // namespace

Meter::Meter()
    : frames_in_(registry_.counter("offhook_frames_received_total", "Frames of clients that were read.")),
      bytes_in_(registry_.counter("offhook_received_bytes_total", "Bytes in those frames.")),
      frames_out_(registry_.counter("offhook_frames_sent_total", "Frames handed to the network for clients.")),
      bytes_out_(registry_.counter("offhook_sent_bytes_total", "Bytes in those frames.")),
      congested_(registry_.counter("offhook_congested_links_total", "Links cut because their client reads too slowly.")),
      calls_created_(registry_.counter("offhook_calls_created_total", "Calls that were placed and not refused.")),
      records_(registry_.counter("offhook_store_records_total", "Versions of calls given to the store.")),
      problems_(registry_.counter("offhook_problems_total", "Operating problems told in the log.")),
      refused_for_load_(registry_.counter("offhook_overload_refusals_total", "Commands and hellos refused as overloaded.")),
      queue_seconds_(registry_.histogram("offhook_queue_seconds", "How long what clients say waits until it is read.", k_milli)),
      loop_lag_(registry_.histogram("offhook_loop_lag_seconds", "How late deadlines are served.", k_milli)),
      event_seconds_(registry_.histogram("offhook_event_seconds", "Time for one event: deciding, and putting out what follows.", k_micro)),
      durable_seconds_(registry_.histogram("offhook_store_commit_seconds", "From a record given to the store until it is durable.", k_milli)),
      pushes_accepted_(registry_.counter("offhook_pushes_total", k_pushes_help, {{"result", "accepted"}})),
      pushes_refused_(registry_.counter("offhook_pushes_total", k_pushes_help, {{"result", "refused"}})),
      pushes_failed_(registry_.counter("offhook_pushes_total", k_pushes_help, {{"result", "failed"}})),
      pushes_stopped_(registry_.counter("offhook_pushes_total", k_pushes_help, {{"result", "stopped"}})),
      delivered_(registry_.counter("offhook_webhook_deliveries_total", k_deliveries_help, {{"result", "delivered"}})),
      not_delivered_(registry_.counter("offhook_webhook_deliveries_total", k_deliveries_help, {{"result", "failed"}})),
      given_up_(registry_.counter("offhook_webhook_deliveries_total", k_deliveries_help, {{"result", "dead"}})),
      push_seconds_(registry_.histogram("offhook_push_seconds", "From the wish to wake a device until its sender has said what became of it.", k_ring)),
      ring_seconds_(registry_.histogram("offhook_call_ring_seconds", "From the invite until a device of the callee rings.", k_ring)),
      answer_seconds_(registry_.histogram("offhook_call_answer_seconds", "From the invite to the answer.", k_people)),
      connect_seconds_(registry_.histogram("offhook_call_connect_seconds", "From the answer to media both ways.", k_ring)),
      talk_seconds_(registry_.histogram("offhook_call_duration_seconds", "From media both ways to the end.", k_talk)),
      loss_seconds_(registry_.histogram("offhook_call_loss_seconds", "From the loss of a side to the end of a call dropped for it.", k_people)) {
  registry_.gauge("offhook_build_info", "Always 1; its label is the version.", {{"version", OFFHOOK_VERSION}}).set(1);
}

void Meter::received(std::size_t bytes) {
  frames_in_.add();
  ++totals_.frames_in;
  bytes_in_.add(static_cast<double>(bytes));
}

void Meter::sent(std::uint64_t frames, std::uint64_t bytes) {
  frames_out_.add(static_cast<double>(frames));
  totals_.frames_out += frames;
  bytes_out_.add(static_cast<double>(bytes));
}

void Meter::refused(wire::ErrorWord word) {
  auto& counter = refused_[word];
  if (counter == nullptr) {
    counter = &registry_.counter("offhook_refusals_total", "Frames and hellos refused, by error.", {{"error", std::string(wire::word(word))}});
  }
  counter->add();
}

void Meter::turned_away(net::TurnedAway why, std::uint64_t sockets) {
  if (sockets == 0) return;
  auto& counter = turned_away_[why];
  if (counter == nullptr) {
    counter = &registry_.counter("offhook_turned_away_sockets_total", "Sockets refused or cut before they said who they are.", {{"reason", word_of(why)}});
  }
  counter->add(static_cast<double>(sockets));
}

void Meter::answered(unsigned status) {
  auto& counter = answered_[status];
  if (counter == nullptr) {
    counter = &registry_.counter("offhook_http_responses_total", "HTTP requests answered, by status.", {{"code", std::to_string(status)}});
  }
  counter->add();
}

void Meter::congested() { congested_.add(); }

void Meter::problem() {
  problems_.add();
  ++totals_.problems;
}

void Meter::late(Duration by) {
  const auto late = std::max(by, Duration{0});
  loop_lag_.observe(seconds(late));
  totals_.alarms.add(late);
}

void Meter::waited(Duration in) { queue_seconds_.observe(seconds(in)); }

void Meter::refused_for_load() { refused_for_load_.add(); }

void Meter::handled(Duration in) {
  event_seconds_.observe(seconds(in));
  totals_.events.add(in);
}

void Meter::durable(Duration after) {
  durable_seconds_.observe(seconds(after));
  totals_.commits.add(after);
}

metrics::Counter& Meter::ended(const core::CallRecord& record) {
  auto& counter = ended_[{*record.outcome, record.reason}];
  if (counter == nullptr) {
    const auto reason = record.reason ? std::string(wire::word(*record.reason)) : std::string();
    counter = &registry_.counter("offhook_calls_ended_total", "Calls that ended, by outcome and reason.",
                                 {{"outcome", std::string(wire::word(*record.outcome))}, {"reason", reason}});
  }
  return *counter;
}

void Meter::pushed(core::PushState state, Duration after) {
  push_seconds_.observe(seconds(after));
  switch (state) {
    case core::PushState::Accepted: return pushes_accepted_.add();
    case core::PushState::Refused: return pushes_refused_.add();
    case core::PushState::Wanted:
    case core::PushState::Failed: return pushes_failed_.add();
  }
}

void Meter::stopped(std::size_t pushes) { pushes_stopped_.add(static_cast<double>(pushes)); }

void Meter::delivered(Delivery delivery) {
  switch (delivery) {
    case Delivery::Delivered: return delivered_.add();
    case Delivery::Failed: return not_delivered_.add();
    case Delivery::Dead: return given_up_.add();
  }
}

void Meter::kept(const core::CallRecord& record) {
  records_.add();
  if (record.version == 1) {
    calls_created_.add();
    ++totals_.calls_created;
  }
  if (record.phase != wire::Phase::Ended || !record.outcome) return;
  ended(record).add();
  ++totals_.ended[{*record.outcome, record.reason}];
  observe_between(ring_seconds_, record.created_at, first_ring(record));
  observe_between(answer_seconds_, record.created_at, record.answered_at);
  observe_between(connect_seconds_, record.answered_at, record.active_at);
  observe_between(talk_seconds_, record.active_at, record.ended_at);
  if (record.outcome == wire::Outcome::Dropped) observe_between(loss_seconds_, lost_since(record), record.ended_at);
}

std::string Meter::text(const Levels& levels) {
  const auto set = [this](const char* name, const char* help, double value) { registry_.gauge(name, help).set(value); };
  const auto& engine = levels.engine;
  set("offhook_links", "WebSockets, whether or not they have said hello.", static_cast<double>(engine.links));
  set("offhook_clients", "Devices that are there or may come back with their state.", static_cast<double>(engine.clients));
  set("offhook_users", "Users the server has something to remember of.", static_cast<double>(engine.users));
  set("offhook_live_calls", "Calls that have not ended.", static_cast<double>(engine.live_calls));
  set("offhook_sessions", "Sessions, those of calls among them.", static_cast<double>(engine.sessions));
  set("offhook_timers", "Deadlines that run.", static_cast<double>(engine.timers));
  set("offhook_sockets", "WebSockets and HTTP connections.", static_cast<double>(levels.sockets));
  set("offhook_store_pending", "Records that are not durable yet.", static_cast<double>(levels.store_pending));
  set("offhook_effects_waiting", "Frames and answers that wait for a record to be durable.", static_cast<double>(levels.effects_waiting));
  set("offhook_answers_waiting", "HTTP requests that are not answered yet.", static_cast<double>(levels.answers_waiting));
  set("offhook_pushes_waiting", "Pushes whose sender has not answered yet.", static_cast<double>(levels.pushes_waiting));
  set("offhook_webhook_events_pending", "Events that webhooks have not taken yet, as of the last time somebody looked.", static_cast<double>(levels.webhook_events_pending));
  set("offhook_webhook_events_dead", "Events that were given up, as of the last time somebody looked.", static_cast<double>(levels.webhook_events_dead));
  set("offhook_overloaded", "1 while a tenth or more of what is new is refused because there is too much to do.", levels.is_overloaded ? 1 : 0);
  set("offhook_draining", "1 while the server is about to stop.", levels.is_draining ? 1 : 0);
  const auto process = metrics::process_figures();
  set("process_cpu_seconds", "User and system CPU time.", process.cpu_seconds);
  set("process_resident_memory_bytes", "Resident memory.", process.resident_bytes);
  set("process_open_fds", "Open file descriptors.", process.open_fds);
  set("process_start_time_seconds", "Start of the process, since the Unix epoch.", process.start_seconds);
  return registry_.text();
}

}  // namespace offhook::server
