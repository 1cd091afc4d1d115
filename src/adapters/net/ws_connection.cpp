#include "adapters/net/ws_connection.hpp"

#include <algorithm>
#include <utility>

namespace offhook::net {
namespace {

constexpr std::uint64_t k_all = UINT64_MAX;
constexpr int k_messages_per_turn = 16;  // of one link, before the others have their turn
constexpr int k_reads_per_turn = 8;      // likewise: pings, and payloads that nobody wants, are no messages

}  // namespace

WsConnection::WsConnection(std::shared_ptr<Hub> hub, Link link, Channel channel, std::optional<Ticket> ticket)
    : hub_(std::move(hub)),
      link_(link),
      ticket_(std::move(ticket)),
      channel_(std::move(channel)),
      frame_limit_(hub_->options.first_frame_bytes) {}

void WsConnection::start(std::string response, const Peer& peer, Duration age) {
  hub_->links.emplace(link_, shared_from_this());
  outgoing_ = std::move(response);
  set_dirty();
  reading_ = true;
  wanted_ = Poller::k_readable;
  const bool is_watched = hub_->poller.add(channel_.socket(), static_cast<std::uint64_t>(link_), wanted_);
  hub_->handler.on_link_opened(link_, peer, age);
  if (!is_watched) return end();
  if (channel_.is_secure()) resume();  // TLS may have read more than the upgrade
}

void WsConnection::trust(std::size_t frame_bytes) {
  frame_limit_ = frame_bytes;
  is_stranger_ = false;
  if (ticket_) ticket_->trust();
}

// --- reading

// TLS may have to read in order to write and the other way round.
void WsConnection::on_ready(std::uint32_t ready) {
  if ((ready & Poller::k_writable) != 0 || (blocked_ && channel_.is_secure())) {
    blocked_ = false;
    flush();
  }
  if ((ready & Poller::k_readable) == 0 || stage_ == Stage::Ended || resuming_) return;
  if (!wants_reading()) return end();  // it was not asked for: the socket is broken
  read();
}

void WsConnection::read() {
  auto& space = hub_->read_space;
  for (int reads = 0; wants_reading() && !resuming_; ++reads) {
    if (reads == k_reads_per_turn) {
      resume();
      break;
    }
    const auto got = channel_.read(space.data(), space.size());
    if (got.state == Attempt::State::Ended) return end();
    if (got.state != Attempt::State::Done) break;
    take({space.data(), got.bytes});
    if (!channel_.is_secure() && got.bytes < space.size()) break;  // there was no more
  }
  set_interest();
}

// Whatever is left of a pause, in a turn of its own.
void WsConnection::resume() {
  if (std::exchange(resuming_, true)) return;
  asio::post(hub_->io, [self = shared_from_this()] {
    self->resuming_ = false;
    self->turns_messages_ = 0;
    if (self->stage_ == Stage::Ended) return;
    self->take({});
    if (self->stage_ != Stage::Ended) self->read();
  });
}

void WsConnection::read_on() {
  if (reading_ || stage_ != Stage::Open) return;
  reading_ = true;
  if (!parsing_) resume();
}

// In place where nothing is left of earlier bytes, which is nearly always.
void WsConnection::take(std::string_view bytes) {
  if (incoming_.empty()) {
    const auto used = parse(bytes);
    incoming_.assign(bytes.substr(used));
    return;
  }
  gather(incoming_, bytes);
  const auto all = std::exchange(incoming_, {});
  const auto used = parse(all);
  if (used < all.size()) incoming_.assign(all, used);
}

// A text that grows doubles its memory. Of a stranger no more is kept than it has sent.
void WsConnection::gather(std::string& to, std::string_view bytes) const {
  if (is_stranger_ && to.capacity() < to.size() + bytes.size()) {
    std::string grown;
    grown.reserve(to.size() + bytes.size());
    to = std::move(grown.append(to));
  }
  to.append(bytes);
}

std::size_t WsConnection::parse(std::string_view bytes) {
  parsing_ = true;
  if (!resuming_) turns_messages_ = 0;
  std::size_t used = 0;
  while (used < bytes.size() && wants_reading() && !resuming_) {
    const auto one = parse_one(bytes.substr(used));
    if (one == 0) break;
    used += one;
  }
  parsing_ = false;
  return used;
}

// Gives how many of the bytes are done with; 0: more must come.
std::size_t WsConnection::parse_one(std::string_view bytes) {
  if (skip_ == k_all) return bytes.size();
  if (skip_ > 0) {
    const auto skipped = static_cast<std::size_t>(std::min<std::uint64_t>(skip_, bytes.size()));
    skip_ -= skipped;
    return skipped;
  }
  const auto frame = read_frame_header(bytes);
  if (frame.state == FrameHeader::State::Incomplete) return 0;
  const bool begins = frame.opcode != Opcode::Continuation;
  if (frame.state == FrameHeader::State::Broken || (!is_control(frame.opcode) && !deaf_ && stage_ == Stage::Open && begins == opcode_.has_value())) {
    fail(1002, "this is no WebSocket frame of a client");
    return bytes.size();
  }
  const bool is_unwanted = deaf_ || stage_ == Stage::Closing || frame.payload_bytes > frame_limit_ - std::min(frame_limit_, message_.size());
  if (!is_control(frame.opcode) && is_unwanted) return skip_message(frame);
  if (bytes.size() - frame.header_bytes < frame.payload_bytes) return 0;
  const auto payload = bytes.substr(frame.header_bytes, static_cast<std::size_t>(frame.payload_bytes));
  if (is_control(frame.opcode)) {
    on_control(frame, payload);
  } else {
    on_data(frame, payload);
  }
  return frame.header_bytes + payload.size();
}

// Too large, or not for the handler any more.
std::size_t WsConnection::skip_message(const FrameHeader& frame) {
  skip_ = frame.payload_bytes;
  message_ = {};
  if (stage_ == Stage::Open && !std::exchange(deaf_, true)) hub_->handler.on_unreadable(link_, Unreadable::TooLarge);
  return frame.header_bytes;
}

void WsConnection::on_data(const FrameHeader& frame, std::string_view payload) {
  if (!opcode_) opcode_ = frame.opcode;
  std::string part(payload);
  unmask(part, frame.mask);
  if (message_.empty()) {
    message_ = std::move(part);
  } else {
    gather(message_, part);
  }
  if (frame.is_final) deliver();
}

void WsConnection::deliver() {
  auto message = std::exchange(message_, {});
  const bool is_text = std::exchange(opcode_, std::nullopt) == Opcode::Text;
  if (is_text && !is_utf8(message)) return fail(1007, "the text is not UTF-8");
  reading_ = false;
  if (++turns_messages_ >= k_messages_per_turn) resume();
  if (!is_text) return hub_->handler.on_unreadable(link_, Unreadable::Binary);
  hub_->handler.on_text(link_, std::move(message));
}

void WsConnection::on_control(const FrameHeader& frame, std::string_view payload) {
  std::string text(payload);
  unmask(text, frame.mask);
  if (frame.opcode == Opcode::Ping && stage_ == Stage::Open && !congested_) queue(Opcode::Pong, text);
  if (frame.opcode != Opcode::Close) return;
  if (stage_ == Stage::Open) {  // the peer was first: it gets its own code back
    const auto code = close_code_in(text);
    queue(Opcode::Close, code == 1005 ? std::string() : close_payload(code, {}));
    set_deadline(hub_->options.close_timeout);
  }
  stage_ = Stage::Closed;
  skip_ = k_all;
  set_dirty();
}

// --- writing

void WsConnection::send(std::string_view text) {
  if (stage_ != Stage::Open || congested_) return;
  queue(Opcode::Text, text);
}

// More than the limit is told once; it is the handler that closes.
void WsConnection::queue(Opcode opcode, std::string_view payload) {
  append_frame(outgoing_, opcode, payload);
  set_dirty();
  const auto most = is_stranger_ ? hub_->options.first_write_bytes : hub_->options.write_queue_bytes;
  if (congested_ || outgoing_.size() - written_ <= most) return;
  congested_ = true;
  // Not from here: the caller is in the middle of its own work.
  asio::post(hub_->io, [self = shared_from_this()] {
    if (self->stage_ == Stage::Open) self->hub_->handler.on_congested(self->link_);
  });
}

// All that waits in one write: several messages that one event has caused cost one system call.
void WsConnection::flush() {
  dirty_ = false;
  while (stage_ != Stage::Ended && !blocked_ && written_ < outgoing_.size()) {
    const auto done = channel_.write(outgoing_.data() + written_, outgoing_.size() - written_);
    if (done.state == Attempt::State::Ended) return end();
    blocked_ = done.state != Attempt::State::Done;
    written_ += done.bytes;
  }
  if (stage_ == Stage::Ended) return;
  if (written_ == outgoing_.size()) {
    outgoing_ = {};  // its memory too: most links are idle most of the time
    written_ = 0;
    if (stage_ == Stage::Closed) channel_.finish();
  } else if (written_ > outgoing_.size() / 2) {
    outgoing_.erase(0, written_);
    written_ = 0;
  }
  set_interest();
}

void WsConnection::set_dirty() {
  if (!std::exchange(dirty_, true)) hub_->will_flush(shared_from_this());
}

// --- the end

void WsConnection::close(std::uint16_t code, std::string_view reason) {
  if (stage_ != Stage::Open) return;
  queue(Opcode::Close, close_payload(code, reason));
  stage_ = Stage::Closing;
  set_deadline(hub_->options.close_timeout);
  if (!parsing_) resume();  // the peer's close may be here already
}

// The peer has broken the protocol: nothing it sends from here on can be understood, but it is read until the peer closes, because
// a socket that is closed with bytes unread takes our last word back.
void WsConnection::fail(std::uint16_t code, std::string_view reason) {
  close(code, reason);
  skip_ = k_all;
}

// The one way out: tells the handler once.
void WsConnection::end() {
  if (stage_ == Stage::Ended) return;
  stage_ = Stage::Ended;
  alarm_.reset();
  hub_->poller.remove(channel_.socket());
  channel_.close();
  const auto self = shared_from_this();
  hub_->handler.on_link_closed(link_);
  hub_->forget(link_);
}

void WsConnection::set_deadline(Duration delay) {
  alarm_ = std::make_unique<Alarm>(hub_->io, delay);
  alarm_->async_wait([weak = weak_from_this()](const ErrorCode& error) {
    if (error) return;
    if (const auto self = weak.lock()) self->end();
  });
}

void WsConnection::set_interest() {
  if (stage_ == Stage::Ended) return;
  const auto wanted = (wants_reading() ? Poller::k_readable : 0) | (blocked_ ? Poller::k_writable : 0);
  if (wanted == wanted_) return;
  wanted_ = wanted;
  hub_->poller.change(channel_.socket(), static_cast<std::uint64_t>(link_), wanted_);
}

}  // namespace offhook::net
