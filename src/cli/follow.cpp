#include "cli/follow.hpp"

#include <boost/json.hpp>

#include "cli/stage.hpp"
#include "wire/codec.hpp"

namespace offhook::cli {

namespace json = boost::json;

namespace {
constexpr Milliseconds k_period{500};
}

int follow(Rest& rest, const Report& report, json::object call, std::optional<Outcome> expected) {
  Stage stage;
  const auto target = "/v1/calls/" + text_in(call, "call_id");
  while (text_in(call, "phase") != "ended") {
    if (stage.pause(k_period)) return k_interrupted;
    auto found = rest.ask("GET", target);
    if (!found) return rest.exit_code();
    if (*found != call) print_call(report, *found);
    call = std::move(*found);
  }
  return verdict(call, expected);
}

int verdict(const json::object& call, std::optional<Outcome> expected) {
  return !expected || text_in(call, "outcome") == wire::word(*expected) ? k_done : k_unexpected;
}

}  // namespace offhook::cli
