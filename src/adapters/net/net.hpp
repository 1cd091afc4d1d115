// The network port: one TCP port that speaks HTTP/1.1 and, at one path, WebSocket (RFC 6455); plain or TLS. It moves bytes
// and decides nothing: what arrives goes to the Handler, what shall be said comes from its owner. Everything here happens
// on the reactor's thread.
//
// Several can share the work, each on a reactor and thread of its own: one listens and hands over whom it admits.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "adapters/net/address.hpp"
#include "adapters/net/reactor.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

namespace offhook::net {

// One WebSocket; one HTTP request that waits for its answer. Never used twice by those that share Numbers; a link that was opened
// later has a higher number.
enum class Link : std::uint64_t {};
enum class RequestId : std::uint64_t {};

// Numbers for links and requests of several Nets, of which each has a tag of its own. Any thread.
class Numbers {
 public:
  static constexpr unsigned k_most_tags = 64;

  std::uint64_t next(unsigned tag) { return last_.fetch_add(k_most_tags) + k_most_tags + tag; }
  template <class Id>
  static unsigned tag_of(Id id) { return static_cast<unsigned>(static_cast<std::uint64_t>(id) % k_most_tags); }

 private:
  std::atomic<std::uint64_t> last_{0};
};

// An admitted socket on its way to another Net, on whatever thread. Without one it is closed.
class Newcomer {
 public:
  struct Impl;
  Newcomer();
  explicit Newcomer(std::unique_ptr<Impl> impl);
  Newcomer(Newcomer&&) noexcept;
  Newcomer& operator=(Newcomer&&) noexcept;
  ~Newcomer();

 private:
  friend class Net;
  std::unique_ptr<Impl> impl_;
};

struct HttpRequest {
  std::string method;  // "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"; others are answered here
  std::string path;    // as sent, still percent-encoded
  std::string query;   // after the '?', as sent
  std::string host;
  std::string authorization;
  std::string if_none_match;
  std::string accept;
  std::string user_agent;
  std::string opentok_auth;  // X-OPENTOK-AUTH
  std::string partner_auth;  // X-TB-PARTNER-AUTH
  std::string cookie;
  std::string console;          // X-Offhook-Console: no page of another site can send it
  std::string forwarded_proto;  // X-Forwarded-Proto, which anybody may write
  std::string address;          // of the peer, without port; behind a proxy the proxy's
  std::string body;
};

struct HttpResponse {
  unsigned status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
};

// Why a frame could not be handed on. After TooLarge nothing more is read from that link.
enum class Unreadable { TooLarge, Binary };

// Who listens to the network. Called from the reactor, never from within a function of Net.
class Handler {
 public:
  virtual ~Handler() = default;
  virtual void on_link_opened(Link link) = 0;
  // One text message. The next is read only after Net::read_on(link), so at most one per link waits for the handler.
  virtual void on_text(Link link, std::string text) = 0;
  // As on_text: Net::read_on(link) goes on (for Binary).
  virtual void on_unreadable(Link link, Unreadable why) = 0;
  // More than write_queue_bytes wait for a slow peer. Told once; what is sent afterwards is dropped, so that the peer
  // keeps a prefix without a gap and can resume from it.
  virtual void on_congested(Link link) = 0;
  // Exactly once for each link opened, whoever closed it.
  virtual void on_link_closed(Link link) = 0;
  virtual void on_request(RequestId request, HttpRequest message) = 0;
  // For the log: an operating problem in words, at most one per second.
  virtual void on_problem(const std::string& what) = 0;
};

struct Options {
  ListenAddress listen;
  std::string certificate_file;  // PEM chain; empty: no TLS
  std::string key_file;          // PEM
  std::string websocket_path = "/v1/client";
  std::size_t max_sockets = 200'000;
  std::size_t max_sockets_per_address = 0;  // 0: no limit
  std::size_t first_frame_bytes = 16'384;   // until set_frame_limit()
  std::size_t write_queue_bytes = 1'048'576;
  std::size_t header_bytes = 8'192;
  std::size_t body_bytes = 65'536;
  Duration header_timeout = std::chrono::seconds{10};  // TLS handshake; whole header; body; idle keep-alive
  Duration close_timeout = std::chrono::seconds{5};    // flushing, then the peer's half of the closing handshake
  bool loopback_hosts_only = false;                    // refuse a Host header that does not name this machine
  std::shared_ptr<Numbers> numbers = std::make_shared<Numbers>();
  unsigned tag = 0;                                    // less than Numbers::k_most_tags
  std::function<void(Newcomer)> hand_over;             // gets who has been admitted, to be served by another Net; nothing: by this
};

struct NetError {
  std::string message;  // one sentence for the operator
};

class Net {
 public:
  Net(Reactor& reactor, Options options, Handler& handler);
  ~Net();
  Net(const Net&) = delete;
  Net& operator=(const Net&) = delete;

  // Loads the certificate, binds and listens; gives the port that was bound.
  Result<std::uint16_t, NetError> listen();
  // In place of listen() where another Net does that: loads the certificate, so that who has been admitted there can be served here.
  std::optional<NetError> prepare();
  void serve(Newcomer newcomer);

  // Each of these does nothing for a link or request that is gone.
  void send(Link link, std::string_view text);
  // After what was sent before it. Nothing sent later goes out, nothing more is read.
  void close(Link link, std::uint16_t code, const std::string& reason);
  void read_on(Link link);
  void set_frame_limit(Link link, std::size_t bytes);
  void respond(RequestId request, HttpResponse response);

  // Accepts no more, closes every link; `done` is called once, when the last one is gone (each within close_timeout).
  void shut_down(std::uint16_t code, const std::string& reason, std::function<void()> done);

  std::size_t links() const;
  std::size_t sockets() const;  // links and HTTP connections, those that were handed over as well

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace offhook::net
