// What the connections of one Net share. Private to this folder; the reactor's thread.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/context.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <unordered_map>
#include <utility>

#include "adapters/net/net.hpp"
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

// One admitted socket; goes from the HTTP connection to the WebSocket it becomes.
class Ticket {
 public:
  Ticket(std::shared_ptr<Census> census, asio::ip::address address) : census_(std::move(census)), address_(std::move(address)) {
    census_->enter(address_);
  }
  Ticket(Ticket&& other) noexcept = default;
  Ticket& operator=(Ticket&&) = delete;
  ~Ticket() {
    if (census_) census_->leave(address_);
  }

 private:
  std::shared_ptr<Census> census_;
  asio::ip::address address_;
};

struct Hub {
  Hub(asio::io_context& context, Options chosen, Handler& listener)
      : io(context),
        options(std::move(chosen)),
        handler(listener),
        census(std::make_shared<Census>(options.max_sockets, options.max_sockets_per_address)) {}

  asio::io_context& io;
  const Options options;
  Handler& handler;
  std::shared_ptr<Census> census;
  std::optional<asio::ssl::context> tls;
  std::uint64_t next_number = 1;
  std::unordered_map<Link, std::shared_ptr<WsConnection>> links;
  std::unordered_map<RequestId, std::shared_ptr<HttpConnection>> requests;
  bool shutting_down = false;
  std::function<void()> when_empty;  // set while shutting down

  asio::ssl::context* tls_context() { return tls ? &*tls : nullptr; }

  // Takes a link out of the table; the shutdown ends with the last one.
  void forget(Link link);
};

}  // namespace offhook::net
