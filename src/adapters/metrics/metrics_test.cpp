#include "adapters/metrics/metrics.hpp"

#include <gtest/gtest.h>

namespace offhook::metrics {
namespace {

TEST(Metrics, AreToldInTheTextOfPrometheus) {
  Registry registry;
  auto& calls = registry.counter("offhook_calls_total", "Calls.", {{"outcome", "ended"}});
  calls.add();
  calls.add(2);
  registry.gauge("offhook_live", "Live ones.").set(7);
  auto& seconds = registry.histogram("offhook_wait_seconds", "Waiting.", {0.1, 1});
  seconds.observe(0.05);
  seconds.observe(0.5);
  seconds.observe(5);
  const auto text = registry.text();
  for (const auto* line : {"# HELP offhook_calls_total Calls.\n", "# TYPE offhook_calls_total counter\n",
                           "offhook_calls_total{outcome=\"ended\"} 3\n", "# TYPE offhook_live gauge\n", "offhook_live 7\n",
                           "offhook_wait_seconds_bucket{le=\"0.1\"} 1\n", "offhook_wait_seconds_bucket{le=\"1\"} 2\n",
                           "offhook_wait_seconds_bucket{le=\"+Inf\"} 3\n", "offhook_wait_seconds_count 3\n"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << "in:\n" << text;
  }
}

TEST(Metrics, TheSameNameAndLabelsAreTheSameMetric) {
  Registry registry;
  registry.counter("offhook_a_total", "A.", {{"b", "1"}}).add();
  registry.counter("offhook_a_total", "A.", {{"b", "1"}}).add();
  registry.counter("offhook_a_total", "A.", {{"b", "2"}}).add();
  const auto text = registry.text();
  EXPECT_NE(text.find("offhook_a_total{b=\"1\"} 2\n"), std::string::npos) << text;
  EXPECT_NE(text.find("offhook_a_total{b=\"2\"} 1\n"), std::string::npos) << text;
}

TEST(Metrics, TheProcessKnowsItsSizeAndAge) {
  const auto figures = process_figures();
  EXPECT_GT(figures.resident_bytes, 1e6);
  EXPECT_GE(figures.open_fds, 3);
  EXPECT_GT(figures.start_seconds, 1.6e9);  // after 2020
  EXPECT_GE(figures.cpu_seconds, 0);
}

}  // namespace
}  // namespace offhook::metrics
