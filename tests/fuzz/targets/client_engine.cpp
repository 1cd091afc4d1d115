// The engine of the C++ client, fed with bytes: a server that says anything, sockets that fail, an application that does anything. Each
// request is answered once, each call ends once, and nothing waits without a deadline.
#include <map>
#include <set>

#include "offhook/engine.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "wire/codec.hpp"

using namespace offhook;
using namespace offhook::client;

namespace {

class Bench {
 public:
  explicit Bench(fuzz::Dice& dice) : dice_(dice), engine_(options()) {}

  void step() {
    switch (dice_.below(12)) {
      case 0: return feed(Connect{});
      case 1: return feed(Opened{link_, "token"});
      case 2: return feed(Closed{link_, dice_.flag() ? std::optional<std::uint16_t>(static_cast<std::uint16_t>(4000 + dice_.below(6))) : std::nullopt});
      case 3: case 4: case 5: return hear(dice_.text());
      case 6: return pass(std::chrono::milliseconds{dice_.byte() * 50});
      case 7: {
        PlaceCall place;
        place.handle = ++handle_;
        place.to = "bob";
        return feed(std::move(place));
      }
      case 8: return feed(Act{dice_.flag() ? handle_ : (std::uint64_t{1} << 63) + dice_.below(4), static_cast<Action>(dice_.below(8))});
      case 9: {
        open_requests_.insert(++request_);
        return feed(Request{request_, wire::History{{}, 5, {}}});
      }
      case 10: return feed(Wake{});
      default: return dice_.below(8) == 0 ? feed(Disconnect{}) : hear(welcome());
    }
  }

 private:
  static EngineOptions options() {
    EngineOptions options;
    options.device_id = "d";
    options.command_prefix = "p";
    options.seed = Seed{1};
    return options;
  }

  std::string welcome() {
    wire::Welcome welcome;
    welcome.client_id = ClientId(1, 1);
    welcome.resume_key = "k";
    welcome.user = "alice";
    welcome.device_id = "d";
    welcome.heartbeat_ms = 25'000;
    return wire::encode(wire::ServerMessage(std::move(welcome)));
  }

  void hear(const std::string& text) {
    auto message = wire::decode_server(text);
    if (message) return feed(Received{link_, std::move(message.value())});
    feed(Undecoded{link_, message.error().message, wire::seq_in(text), message.error().cmd_id});
  }

  void pass(Duration time) {
    const auto end = now_ + time;
    for (int turns = 0; engine_.next_deadline() && *engine_.next_deadline() <= end; ++turns) {
      MUST(turns < 10'000);
      now_ = std::max(now_, *engine_.next_deadline());
      Outputs out;
      engine_.advance(now_, out);
      carry_out(out);
    }
    now_ = end;
  }

  void feed(Input input) {
    Outputs out;
    engine_.handle(now_, std::move(input), out);
    carry_out(out);
  }

  void carry_out(const Outputs& outputs) {
    for (const auto& output : outputs) {
      if (const auto* open = std::get_if<OpenSocket>(&output)) {
        MUST(open->link > link_);
        link_ = open->link;
      }
      if (const auto* send = std::get_if<Send>(&output)) MUST(wire::decode_client(wire::encode(send->message)));
      const auto* tell = std::get_if<Tell>(&output);
      if (tell == nullptr) continue;
      if (const auto* ended = std::get_if<event::Ended>(&tell->event)) MUST(ended_.insert(ended->call.handle).second);
      if (const auto* moment = std::get_if<event::Call>(&tell->event)) MUST(!ended_.contains(moment->call.handle));
      if (const auto* done = std::get_if<event::Done>(&tell->event)) MUST(open_requests_.erase(done->request) == 1);
      if (const auto* failed = std::get_if<event::Failed>(&tell->event)) MUST(open_requests_.erase(failed->request) == 1);
    }
  }

  fuzz::Dice& dice_;
  Engine engine_;
  Instant now_ = from_unix_ms(1'700'000'000'000);
  LinkNumber link_ = 0;
  Handle handle_ = 0;
  RequestNumber request_ = 0;
  std::set<RequestNumber> open_requests_;
  std::set<Handle> ended_;
};

}  // namespace

FUZZ(bytes) {
  fuzz::Dice dice(bytes);
  Bench bench(dice);
  for (int steps = 0; !dice.is_empty() && steps < 300; ++steps) bench.step();
}
