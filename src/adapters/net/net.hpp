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

// Who is at the other end, as far as limits care.
struct Peer {
  std::string address;     // without port; of who is behind a trusted proxy. Empty if it has gone already
  Subnet subnet{};
  bool is_exempt = false;  // from what is limited for each address
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
  Peer peer;
  std::string body;
};

struct HttpResponse {
  unsigned status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
  std::string_view fixed_body;  // in place of `body`: bytes that are there as long as the process
  std::vector<std::pair<std::string, std::string>> headers;
};

// Why a frame could not be handed on. After TooLarge nothing more is read from that link.
enum class Unreadable { TooLarge, Binary };

// Why a socket was turned away before it could say who it is.
enum class TurnedAway {
  Full,               // max_sockets
  TooManyStrangers,   // max_strangers
  TooManyOfAddress,   // max_sockets_per_address
  TooFast,            // new_sockets_per_minute
  TooSlow,            // first_words_timeout
};
inline constexpr std::size_t k_reasons_to_turn_away = 5;

// Who listens to the network. Called from the reactor, never from within a function of Net.
class Handler {
 public:
  virtual ~Handler() = default;
  // `age`: how long ago the peer began: its socket was accepted, or the answer before this request was written.
  virtual void on_link_opened(Link link, const Peer& peer, Duration age) = 0;
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
  // Does the request, of which only the header is here, carry credentials that are good? Without, more than
  // stranger_body_bytes of a body are not read.
  virtual bool is_known(const HttpRequest& head) = 0;
  // Told for each, and may be often.
  virtual void on_turned_away(TurnedAway why) = 0;
  // For the log: an operating problem in words, at most one per second.
  virtual void on_problem(const std::string& what) = 0;
};

struct Options {
  ListenAddress listen;
  std::string certificate_file;  // PEM chain; empty: no TLS
  std::string key_file;          // PEM
  std::string websocket_path = "/v1/client";
  std::size_t max_sockets = 200'000;
  // Strangers are HTTP connections, and WebSockets before trust(). Each holds 16 KiB at most: what it has sent of one message, and what
  // it does not read.
  std::size_t max_strangers = 20'000;
  std::size_t max_sockets_per_address = 0;  // of a Subnet, as is the next; 0: no limit
  std::int64_t new_sockets_per_minute = 0;  // all at once, if they like; 0: no limit
  bool loopback_is_exempt = false;          // from these two
  std::function<bool(const std::string& address)> is_trusted_proxy = [](const std::string&) { return false; };
  std::size_t first_frame_bytes = 14'336;   // until trust()
  std::size_t first_write_bytes = 2'048;    // likewise
  std::size_t write_queue_bytes = 1'048'576;
  std::size_t header_bytes = 8'192;
  std::size_t header_fields = 64;
  std::size_t body_bytes = 65'536;
  std::size_t stranger_body_bytes = 4'096;
  Duration first_words_timeout = std::chrono::seconds{5};  // from the accepted socket, through TLS, to the first whole request
  Duration header_timeout = std::chrono::seconds{10};      // from an answer to the next whole request on that connection
  Duration answer_timeout = std::chrono::seconds{60};      // until the peer has taken an answer: the demo's files over a bad mobile link
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
  // The peer has shown who it is: no stranger any more, and its frames may be larger.
  void trust(Link link, std::size_t frame_bytes);
  void respond(RequestId request, HttpResponse response);

  // Accepts no more, closes every link; `done` is called once, when the last one is gone (each within close_timeout).
  void shut_down(std::uint16_t code, const std::string& reason, std::function<void()> done);

  // How long a message that comes now waits until it is read: `passed` is called when its turn has come. One at a time.
  void probe(std::function<void()> passed);

  std::size_t links() const;
  std::size_t sockets() const;  // links and HTTP connections, those that were handed over as well

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace offhook::net
