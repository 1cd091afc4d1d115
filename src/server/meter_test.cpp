// What is counted of pushes and webhooks. The rest is looked at in tests/integration/metrics.test.mjs.
#include "server/meter.hpp"

#include <gtest/gtest.h>

namespace offhook::server {
namespace {

bool has_line(const std::string& text, const std::string& line) { return ("\n" + text).find("\n" + line + "\n") != std::string::npos; }

TEST(Meter, PushesAreCountedByWhatBecameOfThem) {
  Meter meter;
  meter.pushed(core::PushState::Accepted, std::chrono::milliseconds{30});
  meter.pushed(core::PushState::Accepted, std::chrono::seconds{3});
  meter.pushed(core::PushState::Refused, Duration{0});
  meter.stopped(0);
  meter.stopped(4);
  Levels levels;
  levels.pushes_waiting = 5;
  const auto text = meter.text(levels);
  EXPECT_TRUE(has_line(text, R"(offhook_pushes_total{result="accepted"} 2)")) << text;
  EXPECT_TRUE(has_line(text, R"(offhook_pushes_total{result="refused"} 1)"));
  EXPECT_TRUE(has_line(text, R"(offhook_pushes_total{result="failed"} 0)"));
  EXPECT_TRUE(has_line(text, R"(offhook_pushes_total{result="stopped"} 4)"));
  EXPECT_TRUE(has_line(text, R"(offhook_push_seconds_bucket{le="0.05"} 2)"));
  EXPECT_TRUE(has_line(text, "offhook_push_seconds_count 3"));
  EXPECT_TRUE(has_line(text, "offhook_pushes_waiting 5"));
}

TEST(Meter, AttemptsAtWebhooksAreCountedAndWhatWaitsIsShown) {
  Meter meter;
  meter.delivered(Delivery::Delivered);
  meter.delivered(Delivery::Dead);
  meter.delivered(Delivery::Dead);
  Levels levels;
  levels.webhook_events_pending = 7;
  levels.webhook_events_dead = 3;
  const auto text = meter.text(levels);
  EXPECT_TRUE(has_line(text, R"(offhook_webhook_deliveries_total{result="delivered"} 1)")) << text;
  EXPECT_TRUE(has_line(text, R"(offhook_webhook_deliveries_total{result="failed"} 0)"));
  EXPECT_TRUE(has_line(text, R"(offhook_webhook_deliveries_total{result="dead"} 2)"));
  EXPECT_TRUE(has_line(text, "offhook_webhook_events_pending 7"));
  EXPECT_TRUE(has_line(text, "offhook_webhook_events_dead 3"));
}

}  // namespace
}  // namespace offhook::server
