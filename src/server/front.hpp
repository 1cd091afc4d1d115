// Who holds the sockets: moves bytes, makes texts into events of the engine and messages into texts. There is one on the loop's own
// thread, or there are several, each on a thread of its own; the engine is on the loop's in both cases
// (docs/decisions/0017-network-threads.md).
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "adapters/bus/ring.hpp"
#include "adapters/net/net.hpp"
#include "base/fifo.hpp"
#include "core/effect.hpp"
#include "core/event.hpp"
#include "wire/codec.hpp"

namespace offhook::server {

inline constexpr std::size_t k_max_arrivals = 4'096;  // of one thread, that wait for the loop; beyond them it reads no further
inline constexpr std::size_t k_max_orders = 16'384;   // for one thread; beyond them the loop waits, which that thread never does

// What the loop is told, on its own thread.
class FrontListener {
 public:
  virtual ~FrontListener() = default;
  // `bytes`: of the text it was read from, else 0.
  virtual void on_event(core::Event event, std::size_t bytes) = 0;
  virtual void on_request(net::RequestId request, net::HttpRequest message) = 0;
  virtual void on_problem(const std::string& what) = 0;
};

// Who may come in. Called on any thread.
class Gate {
 public:
  virtual ~Gate() = default;
  // What a token says, or why it is refused.
  virtual Result<wire::TokenClaims, wire::Error> verify(const std::string& token) = 0;
  // Are the credentials of the request good?
  virtual bool is_known(const net::HttpRequest& head) = 0;
  // A token of that address was refused; how long the address is to wait, if so many were.
  virtual void note_failure(net::Subnet subnet) = 0;
  virtual std::optional<Duration> must_wait(net::Subnet subnet) = 0;
};

// So many since they were asked for last.
struct Sent {
  std::uint64_t frames = 0, bytes = 0;
  std::array<std::uint64_t, net::k_reasons_to_turn_away> turned_away{};
};

// One Net and what it hears. All of it on the thread of its reactor.
class Front : private net::Handler {
 public:
  struct Request {
    net::RequestId id;
    net::HttpRequest message;
  };
  struct Told {
    core::Event event;
    std::size_t bytes = 0;
  };
  struct Problem { std::string what; };
  struct Finished {};  // every link is gone after shut_down()
  struct Probed {};    // what came before it has been read
  using Arrival = std::variant<std::monostate, Told, std::unique_ptr<Request>, Problem, Finished, Probed>;
  // Takes it, or has no room and leaves it as it was.
  using Deliver = std::function<bool(Arrival&)>;

  Front(net::Reactor& reactor, net::Options options, Gate& gate, Deliver deliver);

  net::Net& net() { return net_; }
  void send(core::LinkId link, const core::SharedMessage& message, std::uint64_t seq);
  void shut_down(std::uint16_t code, const std::string& reason);
  // Probed arrives behind all that can be read now.
  void probe();
  // There is room again: what waits is delivered, and links that wait are read on.
  void go_on();

  // Any thread: since it was asked last.
  Sent take_sent();

 private:
  void on_link_opened(net::Link link, const net::Peer& peer, Duration age) override;
  void on_text(net::Link link, std::string text) override;
  void on_unreadable(net::Link link, net::Unreadable why) override;
  void on_congested(net::Link link) override;
  void on_link_closed(net::Link link) override;
  void on_request(net::RequestId request, net::HttpRequest message) override;
  bool is_known(const net::HttpRequest& head) override { return gate_.is_known(head); }
  void on_turned_away(net::TurnedAway why) override { turned_away_[static_cast<std::size_t>(why)].fetch_add(1); }
  void on_problem(const std::string& what) override;

  core::Event read(net::Link link, std::string_view text);
  core::Event refused(net::Link link, wire::Error error, const wire::ClientMessage& message);
  std::optional<wire::Error> too_many_failures(net::Link link);
  void arrive(Arrival arrival);
  void read_on(net::Link link);
  const wire::EventText& text_of(const core::SharedMessage& event);

  Gate& gate_;
  const Deliver deliver_;
  std::map<net::Link, net::Subnet> strangers_;  // have not said hello, and are not exempt from limits
  Fifo<Arrival> waiting_;      // for room; while there are any, no link is read on, so each link has few
  Fifo<net::Link> unread_;     // links that are to be read on afterwards
  core::SharedMessage last_event_;  // that was sent, and its text
  std::optional<wire::EventText> last_text_;
  std::atomic<std::uint64_t> frames_{0}, bytes_{0};
  std::array<std::atomic<std::uint64_t>, net::k_reasons_to_turn_away> turned_away_{};
  net::Net net_;
};

class Fronts {
 public:
  // `threads` none: on the reactor `home`, where the listener is called in either case. At most k_max_network_threads.
  Fronts(net::Reactor& home, const net::Options& options, std::size_t threads, Gate& gate, FrontListener& listener);
  ~Fronts();
  Fronts(const Fronts&) = delete;
  Fronts& operator=(const Fronts&) = delete;

  Result<std::uint16_t, net::NetError> listen();

  // As those of Net.
  void send(const core::Send& message);
  void close(core::LinkId link, std::uint16_t code, const std::string& reason);
  void respond(net::RequestId request, net::HttpResponse response);
  void shut_down(std::uint16_t code, const std::string& reason, std::function<void()> done);
  // `passed` is called on the listener's thread when what came before has been told. One at a time; of several threads another one each time.
  void probe(std::function<void()> passed);
  std::size_t sockets() const;
  Sent take_sent();

 private:
  class Thread;
  struct SendOrder { core::Send message; };
  struct CloseOrder { core::LinkId link; std::uint16_t code; std::string reason; };
  struct RespondOrder { net::RequestId request; std::unique_ptr<net::HttpResponse> response; };
  struct ServeOrder { net::Newcomer newcomer; };
  struct ShutDownOrder { std::uint16_t code; std::string reason; };
  struct GoOnOrder {};
  struct ProbeOrder {};
  using Order = std::variant<std::monostate, SendOrder, CloseOrder, RespondOrder, ServeOrder, ShutDownOrder, GoOnOrder, ProbeOrder>;

  template <class Id>
  Thread* thread_of(Id id);
  void hand_over(net::Newcomer newcomer);
  void take(Front::Arrival& arrival);
  static void carry_out(Front& front, Order& order);

  FrontListener& listener_;
  std::vector<std::unique_ptr<Thread>> threads_;
  std::size_t next_thread_ = 0, next_probe_ = 0;
  std::function<void()> when_probed_;
  std::size_t unfinished_ = 0;
  std::function<void()> when_finished_;
  Front home_;  // serves if there are no threads, else only admits
};

}  // namespace offhook::server
