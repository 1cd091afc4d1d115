// The loop and the WebSocket over Boost.Asio and Boost.Beast: one of the two files of this library that know Boost.
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <chrono>
#include <deque>
#include <thread>

#include "base/check.hpp"
#include "dial.hpp"
#include "loop.hpp"
#include "web_socket.hpp"

namespace offhook::client {

namespace websocket = beast::websocket;

// --- the loop

struct Loop::Parts {
  asio::io_context io{1};
  asio::executor_work_guard<Executor> work = asio::make_work_guard(io);
  std::thread thread;
  // Our moments begin at the Unix epoch, by the wall clock at the start; from then on the monotonic clock drives them.
  const Duration wall_ahead = std::chrono::duration_cast<Duration>(std::chrono::system_clock::now().time_since_epoch()) -
                              std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch());
};

Loop::Loop() : parts_(std::make_unique<Parts>()) {
  parts_->thread = std::thread([parts = parts_.get()] { parts->io.run(); });
}

Loop::~Loop() { stop(); }

void Loop::stop() {
  if (!parts_->thread.joinable()) return;
  CHECK(!is_here());
  parts_->io.stop();
  parts_->thread.join();
}

void Loop::post(Work work) { asio::post(parts_->io, std::move(work)); }

bool Loop::is_here() const { return parts_->io.get_executor().running_in_this_thread(); }

Instant Loop::now() const {
  return Instant{std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch()) + parts_->wall_ahead};
}

void Loop::after(Duration delay, Work work) {
  auto timer = std::make_shared<Timer>(parts_->io.get_executor(), delay);
  timer->async_wait([timer, work = std::move(work)](const ErrorCode& error) {
    if (!error) work();
  });
}

struct Alarm::Parts {
  Loop::Parts& loop;
  Timer timer{loop.io.get_executor()};
};

Alarm::Alarm(Loop& loop) : parts_(new Parts{loop.parts()}) {}
Alarm::~Alarm() = default;

void Alarm::set(std::optional<Instant> at, Work work) {
  if (!at) {
    parts_->timer.cancel();
    return;
  }
  parts_->timer.expires_at(std::chrono::steady_clock::time_point(at->time_since_epoch() - parts_->loop.wall_ahead));
  parts_->timer.async_wait([work = std::move(work)](const ErrorCode& error) {
    if (!error) work();
  });
}

// --- the socket

namespace {

constexpr std::size_t k_max_message_bytes = 1'048'576;  // a welcome or a full session is far smaller; the server sends no more
constexpr auto k_close_timeout = std::chrono::seconds{2};

class BeastSocket : public WebSocket, public std::enable_shared_from_this<BeastSocket> {
 public:
  BeastSocket(asio::io_context& io, Url url, std::shared_ptr<asio::ssl::context> tls, SocketHandlers handlers)
      : url_(std::move(url)), handlers_(std::move(handlers)), stream_(io.get_executor(), std::move(tls)), alarm_(io.get_executor()) {}

  void start(const ErrorCode& tls_error) {
    const auto self = shared_from_this();
    if (tls_error) return asio::post(stream_.get_executor(), [self, tls_error] { self->fail(tls_error); });
    dialer_ = std::make_shared<Dialer>(stream_.next_layer(), url_, [self](const ErrorCode& error) { self->on_dialed(error); });
    dialer_->start();
  }

  void send(std::string text) override {
    if (!open_ || closing_) return;
    outgoing_.push_back(std::move(text));
    if (outgoing_.size() == 1) write_next();
  }

  void close(std::uint16_t code, std::string reason) override {
    if (closing_ || !handlers_.closed) return;
    constexpr std::size_t k_max_reason_bytes = 123;  // RFC 6455 section 5.5: a control frame holds 125 bytes, two are the code
    closing_.emplace(websocket::close_code(code), reason.substr(0, k_max_reason_bytes));
    // Not from here: whoever closes is in the middle of its own work.
    if (!open_) return asio::post(stream_.get_executor(), [self = shared_from_this()] { self->end({}, "closed before it was open"); });
    alarm_.expires_after(k_close_timeout);
    alarm_.async_wait([self = shared_from_this()](const ErrorCode& error) {
      if (!error) self->end({}, "the closing handshake took too long");
    });
    if (outgoing_.empty()) close_now();
  }

 private:
  void on_dialed(const ErrorCode& error) {
    dialer_.reset();
    if (error) return fail(error);
    auto timeout = websocket::stream_base::timeout::suggested(beast::role_type::client);
    timeout.idle_timeout = websocket::stream_base::none();  // contact is the protocol's own matter
    timeout.keep_alive_pings = false;
    stream_.set_option(timeout);
    stream_.set_option(websocket::stream_base::decorator([](websocket::request_type& request) {
      request.set(beast::http::field::user_agent, "offhook-cpp");
    }));
    stream_.read_message_max(k_max_message_bytes);
    stream_.auto_fragment(false);
    stream_.text(true);
    stream_.async_handshake(answer_, authority_of(url_), url_.path,
                            [self = shared_from_this()](const ErrorCode& failed) { self->on_upgraded(failed); });
  }

  void on_upgraded(const ErrorCode& error) {
    if (error == websocket::error::upgrade_declined) {
      return end({}, authority_of(url_) + " answers HTTP " + std::to_string(answer_.result_int()) + " at " + url_.path +
                         "; check that it is an Offhook server.");
    }
    if (error) return fail(error);
    if (closing_ || !handlers_.closed) return;
    open_ = true;
    handlers_.opened();
    read();
  }

  void read() {
    stream_.async_read(incoming_, [self = shared_from_this()](const ErrorCode& error, std::size_t) { self->on_read(error); });
  }

  void on_read(const ErrorCode& error) {
    if (!handlers_.closed) return;  // a write has failed meanwhile, and this message was read before
    if (error == websocket::error::closed) {
      const auto code = static_cast<std::uint16_t>(stream_.reason().code);
      return end(code == 0 ? std::nullopt : std::optional(code), authority_of(url_) + " has closed the connection.");
    }
    if (error) return fail(error);
    std::string text(static_cast<const char*>(incoming_.data().data()), incoming_.size());
    incoming_.consume(incoming_.size());
    if (!closing_ && stream_.got_text()) handlers_.received(std::move(text));
    if (handlers_.closed) read();
  }

  void write_next() {
    stream_.async_write(asio::buffer(outgoing_.front()),
                        [self = shared_from_this()](const ErrorCode& error, std::size_t) { self->on_written(error); });
  }

  void on_written(const ErrorCode& error) {
    if (error) return fail(error);
    outgoing_.pop_front();
    if (!outgoing_.empty()) return write_next();
    if (closing_) close_now();
  }

  void close_now() {
    stream_.async_close(*closing_, [self = shared_from_this()](const ErrorCode&) { self->end({}, "closed"); });
  }

  void fail(const ErrorCode& error) { end({}, sentence_of(error, authority_of(url_))); }

  // The one way out. Handlers go first, so that nothing is told afterwards and nobody is kept alive by them.
  void end(std::optional<std::uint16_t> code, std::string why) {
    if (!handlers_.closed) return;
    open_ = false;
    const auto closed = std::exchange(handlers_, {}).closed;
    alarm_.cancel();
    if (dialer_) dialer_->cancel();
    stream_.next_layer().close();
    closed(code, std::move(why));
  }

  Url url_;
  SocketHandlers handlers_;
  websocket::stream<Stream> stream_;
  Timer alarm_;
  std::shared_ptr<Dialer> dialer_;  // while it dials
  websocket::response_type answer_;
  beast::flat_buffer incoming_;
  std::deque<std::string> outgoing_;  // bounded by what the engine has under way: 256 commands of a frame each
  std::optional<websocket::close_reason> closing_;
  bool open_ = false;
};

}  // namespace

std::shared_ptr<WebSocket> open_web_socket(Loop& loop, const Url& url, const std::string& ca_file, SocketHandlers handlers) {
  ErrorCode tls_error;
  auto tls = make_tls(url, ca_file, tls_error);
  const auto socket = std::make_shared<BeastSocket>(loop.parts().io, url, std::move(tls), std::move(handlers));
  socket->start(tls_error);
  return socket;
}

}  // namespace offhook::client
