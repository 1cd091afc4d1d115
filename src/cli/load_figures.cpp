#include "cli/load_figures.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>

namespace offhook::cli {
namespace {

constexpr std::pair<const char*, double> k_shares[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"max", 1}};

struct Row {
  const char* name;
  const char* sentence;
  const Latencies LoadFigures::*latencies;
};
constexpr Row k_rows[] = {{"incoming", "invite to the callee's ring", &LoadFigures::incoming},
                          {"ringing", "invite to \"it rings\"", &LoadFigures::ringing},
                          {"active", "answer to connected", &LoadFigures::active},
                          {"told", "end to the other side told", &LoadFigures::told}};

std::string with_decimals(double value, int decimals) {
  char text[48];
  std::snprintf(text, sizeof text, "%.*f", decimals, value);
  return text;
}

Json latencies_json(const LoadFigures& figures) {
  Json all;
  for (const auto& row : k_rows) {
    const auto& latencies = figures.*row.latencies;
    Json one;
    one.number("count", static_cast<std::int64_t>(latencies.count()));
    for (const auto& [name, share] : k_shares) one.raw(name, with_decimals(latencies.percentile(share), 3));
    all.raw(row.name, one.done());
  }
  return all;
}

std::string latencies_table(const LoadFigures& figures) {
  std::string text = "  in ms                              p50       p90       p99       max\n";
  for (const auto& row : k_rows) {
    const auto& latencies = figures.*row.latencies;
    if (latencies.count() == 0) continue;
    char line[160];
    int length = std::snprintf(line, sizeof line, "  %-28s", row.sentence);
    for (const auto& [name, share] : k_shares) {
      length += std::snprintf(line + length, sizeof line - static_cast<std::size_t>(length), "%10.2f", latencies.percentile(share));
    }
    text += line + std::string("\n");
  }
  return text;
}

std::string outcomes_text(const LoadFigures& figures) {
  std::string text;
  for (const auto& [outcome, count] : figures.outcomes) text += (text.empty() ? "" : ", ") + std::to_string(count) + " " + outcome;
  return text.empty() ? "none" : text;
}

}  // namespace

void Latencies::add(std::chrono::nanoseconds duration) {
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
  constexpr std::int64_t k_most = std::numeric_limits<std::uint32_t>::max();  // 71 minutes
  micros_.push_back(static_cast<std::uint32_t>(std::clamp<std::int64_t>(micros, 0, k_most)));
  sorted_ = false;
}

double Latencies::percentile(double share) const {
  if (micros_.empty()) return 0;
  if (!sorted_) std::sort(micros_.begin(), micros_.end());
  sorted_ = true;
  const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(micros_.size())));
  return micros_[std::max<std::size_t>(rank, 1) - 1] / 1000.0;
}

Json to_json(std::string_view event, const LoadFigures& figures) {
  Json outcomes;
  for (const auto& [outcome, count] : figures.outcomes) outcomes.number(outcome, count);
  auto json = event_json(event);
  json.number("placed", figures.placed).number("done", figures.done).number("refused", figures.refused);
  json.number("wrong", figures.wrong).number("unfinished", figures.unfinished).number("held_back", figures.held_back);
  json.raw("seconds", with_decimals(figures.seconds, 3)).raw("calls_per_second", with_decimals(figures.rate(), 1));
  json.raw("worst_lag_ms", with_decimals(figures.worst_lag_ms, 1));
  json.raw("outcomes", outcomes.done()).raw("latency_ms", latencies_json(figures).done()).texts("examples", figures.examples);
  return json;
}

std::string to_text(const LoadFigures& figures) {
  std::string text = std::to_string(figures.done) + " calls in " + with_decimals(figures.seconds, 1) + " s, " +
                     with_decimals(figures.rate(), 0) + " a second.\n  outcomes: " + outcomes_text(figures) + "\n" +
                     latencies_table(figures);
  if (figures.refused > 0) text += "  " + std::to_string(figures.refused) + " were refused: the server is overloaded and says so.\n";
  if (figures.held_back > 0) {
    text += "  " + std::to_string(figures.held_back) + " came later than the rate asks, because no two devices were free or --live was reached; more of them help.\n";
  }
  constexpr double k_much_lag_ms = 20;
  if (figures.worst_lag_ms > k_much_lag_ms) {
    text += "  This program itself was late by up to " + with_decimals(figures.worst_lag_ms, 0) + " ms: it or its machine is at the limit.\n";
  }
  for (const auto& example : figures.examples) text += "  wrong: " + example + "\n";
  if (figures.is_clean()) return text + "Every call ended once on both sides, as it should.";
  return text + std::to_string(figures.wrong) + " calls went wrong, " + std::to_string(figures.unfinished) + " have no end on both sides.";
}

}  // namespace offhook::cli
