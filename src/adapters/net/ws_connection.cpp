#include "adapters/net/ws_connection.hpp"

#include <boost/asio/buffer.hpp>

namespace offhook::net {

namespace websocket = boost::beast::websocket;

namespace {

constexpr std::size_t k_kept_read_bytes = 4'096;  // a buffer that grew for one large message is given back

}  // namespace

WsConnection::WsConnection(std::shared_ptr<Hub> hub, Link link, Transport transport, std::optional<Ticket> ticket)
    : hub_(std::move(hub)),
      link_(link),
      ticket_(std::move(ticket)),
      stream_(std::move(transport)),
      frame_limit_(hub_->options.first_frame_bytes) {}

void WsConnection::start(boost::beast::http::request<boost::beast::http::string_body> upgrade) {
  websocket::stream_base::timeout timeout;
  timeout.handshake_timeout = hub_->options.header_timeout;  // Beast uses it for the closing handshake as well
  timeout.idle_timeout = websocket::stream_base::none();     // contact is the protocol's own matter
  timeout.keep_alive_pings = false;
  stream_.set_option(timeout);
  stream_.read_message_max(0);  // counted in on_read, so that the peer can be told before it is closed
  stream_.auto_fragment(false);
  stream_.text(true);
  upgrade_ = std::move(upgrade);
  stream_.async_accept(upgrade_, [self = shared_from_this()](const ErrorCode& error) { self->on_accepted(error); });
}

void WsConnection::on_accepted(const ErrorCode& error) {
  upgrade_ = {};
  if (error || hub_->shutting_down) return stream_.next_layer().close();
  open_ = true;
  hub_->links.emplace(link_, shared_from_this());
  hub_->handler.on_link_opened(link_);
  read_on();
}

void WsConnection::read_on() {
  if (reading_ || closing_ || !open_) return;
  reading_ = true;
  read();
}

// One byte more than allowed is asked for, so that a frame of exactly the limit is told from a larger one.
void WsConnection::read() {
  stream_.async_read_some(
      incoming_, frame_limit_ + 1 - incoming_.size(),
      [self = shared_from_this()](const ErrorCode& error, std::size_t) { self->on_read(error); });
}

void WsConnection::on_read(const ErrorCode& error) {
  if (error) return end();
  if (closing_) return;  // whatever comes now is no longer for the handler; async_close reads the rest
  if (incoming_.size() > frame_limit_) {
    incoming_ = {};  // reading_ stays set: nothing more is read
    return hub_->handler.on_unreadable(link_, Unreadable::TooLarge);
  }
  if (!stream_.is_message_done()) return read();
  reading_ = false;
  deliver();
}

void WsConnection::deliver() {
  const bool text = stream_.got_text();
  std::string message;
  if (text) message.assign(static_cast<const char*>(incoming_.data().data()), incoming_.size());
  incoming_.consume(incoming_.size());
  if (incoming_.capacity() > k_kept_read_bytes) incoming_.shrink_to_fit();
  if (!text) return hub_->handler.on_unreadable(link_, Unreadable::Binary);
  hub_->handler.on_text(link_, std::move(message));
}

void WsConnection::send(std::string text) {
  if (!open_ || closing_ || congested_) return;
  outgoing_bytes_ += text.size();
  outgoing_.push_back(std::move(text));
  if (outgoing_bytes_ > hub_->options.write_queue_bytes) {
    congested_ = true;
    // Not from here: the caller is in the middle of its own work.
    asio::post(hub_->io, [self = shared_from_this()] {
      if (self->open_) self->hub_->handler.on_congested(self->link_);
    });
  }
  if (outgoing_.size() == 1) write_next();
}

void WsConnection::write_next() {
  stream_.async_write(asio::buffer(outgoing_.front()), [self = shared_from_this()](const ErrorCode& error, std::size_t) {
    self->on_written(error);
  });
}

void WsConnection::on_written(const ErrorCode& error) {
  if (error) return end();
  outgoing_bytes_ -= outgoing_.front().size();
  outgoing_.pop_front();
  if (!outgoing_.empty()) return write_next();
  if (closing_) close_now();
}

void WsConnection::close(std::uint16_t code, const std::string& reason) {
  if (!open_ || closing_) return;
  constexpr std::size_t k_max_reason_bytes = 123;  // RFC 6455 section 5.5: a control frame holds 125 bytes, two are the code
  closing_.emplace(websocket::close_code(code), reason.substr(0, k_max_reason_bytes));
  set_deadline(hub_->options.close_timeout);
  if (outgoing_.empty()) close_now();
}

void WsConnection::close_now() {
  stream_.async_close(*closing_, [self = shared_from_this()](const ErrorCode&) { self->end(); });
}

// The one way out: tells the handler once, and closes the socket if the handshake did not.
void WsConnection::end() {
  if (!open_) return;
  open_ = false;
  alarm_.reset();
  stream_.next_layer().close();
  const auto self = shared_from_this();
  hub_->handler.on_link_closed(link_);
  hub_->forget(link_);
}

void WsConnection::set_deadline(Duration delay) {
  alarm_.emplace(hub_->io, delay);
  alarm_->async_wait([weak = weak_from_this()](const ErrorCode& error) {
    if (error) return;
    if (const auto self = weak.lock()) self->end();
  });
}

}  // namespace offhook::net
