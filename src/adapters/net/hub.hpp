// What the connections of one Net share. Private to this folder; the reactor's thread.
#pragma once

#include <array>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/context.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "adapters/net/net.hpp"
#include "adapters/net/poller.hpp"
#include "adapters/net/transport.hpp"

namespace offhook::net {

class HttpConnection;
class WsConnection;

// Counts sockets, in all and per address, against the limits.
class Census {
 public:
  Census(std::size_t max, std::size_t max_per_address) : max_(max), max_per_address_(max_per_address) {}

  bool can_admit(const asio::ip::address& address) const;
  void enter(const asio::ip::address& address);
  void leave(const asio::ip::address& address);
  std::size_t total() const { return total_; }

 private:
  std::size_t max_;
  std::size_t max_per_address_;
  std::size_t total_ = 0;
  std::map<asio::ip::address, std::size_t> per_address_;  // empty unless that limit is on
};

// One admitted socket; goes from the HTTP connection to the WebSocket it becomes. May end on another thread than the census's.
class Ticket {
 public:
  Ticket(std::shared_ptr<Census> census, Executor home, asio::ip::address address)
      : census_(std::move(census)), home_(home), address_(std::move(address)) {
    census_->enter(address_);
  }
  Ticket(Ticket&& other) noexcept = default;
  Ticket& operator=(Ticket&&) = delete;
  ~Ticket() {
    if (census_) asio::dispatch(home_, [census = std::move(census_), address = address_] { census->leave(address); });
  }

 private:
  std::shared_ptr<Census> census_;
  Executor home_;  // where the census is
  asio::ip::address address_;
};

struct Hub {
  Hub(asio::io_context& context, Options chosen, Handler& listener)
      : io(context),
        options(std::move(chosen)),
        handler(listener),
        census(std::make_shared<Census>(options.max_sockets, options.max_sockets_per_address)),
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
