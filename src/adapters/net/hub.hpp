// What the connections of one Net share. Private to this folder; the reactor's thread.
#pragma once

#include <array>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/context.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "adapters/net/net.hpp"
#include "adapters/net/poller.hpp"
#include "adapters/net/transport.hpp"
#include "base/rate_limit.hpp"

namespace offhook::net {

class HttpConnection;
class WsConnection;

struct Refusal {
  TurnedAway why;
  Duration retry_after;
};

// Counts sockets against the limits: in all, of strangers, and for each subnet, where the peer is not exempt. Any thread, hence a lock:
// sockets end, and are trusted, on the thread that serves them.
class Census {
 public:
  explicit Census(const Options& options);

  // Counts an attempt of that address.
  std::optional<Refusal> refusal(const Peer& peer, Instant now);
  std::size_t total() const;

 private:
  friend class Ticket;

  std::optional<Refusal> judge(const Peer& peer, Instant now);  // by its address alone; locked

  mutable std::mutex mutex_;
  const std::size_t max_, max_strangers_, max_per_address_;
  std::size_t total_ = 0, strangers_ = 0;
  std::map<Subnet, std::size_t> per_address_;  // empty unless that limit is on
  std::optional<RateLimit> new_sockets_;
};

// One admitted socket, of a stranger at first; goes from the HTTP connection to the WebSocket it becomes.
class Ticket {
 public:
  Ticket(std::shared_ptr<Census> census, const Peer& peer);
  Ticket(Ticket&& other) noexcept = default;
  Ticket& operator=(Ticket&&) = delete;
  ~Ticket();

  void trust();
  // A proxy has said whose socket it is, which may be one too many.
  std::optional<Refusal> move_to(const Peer& peer, Instant now);

 private:
  void count(const Peer& peer);  // both with the census locked
  void uncount();

  std::shared_ptr<Census> census_;
  std::optional<Subnet> subnet_;  // under which it counts
  bool is_stranger_ = true;
};

// For limits alone: a time line that only grows.
Instant steady_now();

struct Hub {
  Hub(asio::io_context& context, Options chosen, Handler& listener)
      : io(context),
        options(std::move(chosen)),
        handler(listener),
        census(std::make_shared<Census>(options)),
        poller(io, [this](std::uint64_t key, std::uint32_t ready) { on_ready(Link{key}, ready); }, [this] { flush(); }) {}

  asio::io_context& io;
  const Options options;
  Handler& handler;
  std::shared_ptr<Census> census;
  std::optional<asio::ssl::context> tls;
  std::unordered_map<Link, std::shared_ptr<WsConnection>> links;
  std::unordered_map<RequestId, std::shared_ptr<HttpConnection>> requests;
  bool shutting_down = false;
  std::function<void()> when_empty;  // set while shutting down

  Poller poller;  // of the links
  std::array<char, 16'384> read_space;  // for whichever link is being read

  std::uint64_t next_number() { return options.numbers->next(options.tag); }
  SSL_CTX* tls_context() { return tls ? tls->native_handle() : nullptr; }

  Peer peer_at(std::string address) const;

  // The link has something to write: once, at the end of this turn, and with it whatever else the turn has for that link.
  void will_flush(std::shared_ptr<WsConnection> link);

  // Takes a link out of the table; the shutdown ends with the last one.
  void forget(Link link);

 private:
  void on_ready(Link link, std::uint32_t ready);
  void flush();

  std::vector<std::shared_ptr<WsConnection>> dirty_;  // each link once at most
  bool will_flush_ = false;                           // somebody has promised to
};

}  // namespace offhook::net
