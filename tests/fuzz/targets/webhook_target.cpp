// Where webhooks and pushes may go: a URL that is let through names no address of this machine or its network.
#include "adapters/webhook/target.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace offhook;

FUZZ(bytes) {
  const std::string text(bytes);
  webhook::url_problem(text, {});
  if (const auto network = webhook::parse_network(text)) webhook::url_problem("https://example.org/", {*network});
  const auto address = webhook::parse_address(text);
  if (!address) return;
  const auto again = webhook::parse_address(webhook::to_text(*address));
  MUST(again && webhook::to_text(*again) == webhook::to_text(*address));
  const bool is_refused = webhook::refusal(*address, {}).has_value();
  const bool is_loopback = webhook::to_text(*address).starts_with("127.") || webhook::to_text(*address) == "::1";
  MUST(is_refused || !is_loopback);
}
