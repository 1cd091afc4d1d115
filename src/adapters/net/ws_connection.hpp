// One WebSocket: hands on a text message when asked, writes messages in order, closes after the last (RFC 6455). While it is idle
// it is a number in the poller and this object: it holds no buffer. Private to this folder; the reactor's thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "adapters/net/channel.hpp"
#include "adapters/net/hub.hpp"
#include "adapters/net/transport.hpp"
#include "adapters/net/ws_frame.hpp"

namespace offhook::net {

class WsConnection : public std::enable_shared_from_this<WsConnection> {
 public:
  WsConnection(std::shared_ptr<Hub> hub, Link link, Channel channel, std::optional<Ticket> ticket);

  // `response`: the answer to the upgrade, which goes out first. `age`: of the request for it.
  void start(std::string response, const Peer& peer, Duration age);
  void send(std::string_view text);
  void close(std::uint16_t code, std::string_view reason);
  void read_on();
  void trust(std::size_t frame_bytes);

  // For the hub. `ready`: bits of Poller.
  void on_ready(std::uint32_t ready);
  void flush();

 private:
  enum class Stage {
    Open,
    Closing,  // we have said close and wait for the peer's word
    Closed,   // both have: what waits goes out, then the end of the peer's stream is awaited
    Ended,
  };

  bool wants_reading() const { return stage_ == Stage::Closing || stage_ == Stage::Closed || (stage_ == Stage::Open && (reading_ || deaf_)); }
  void read();
  void resume();
  void take(std::string_view bytes);
  std::size_t parse(std::string_view bytes);
  std::size_t parse_one(std::string_view bytes);
  std::size_t skip_message(const FrameHeader& frame);
  void on_data(const FrameHeader& frame, std::string_view payload);
  void on_control(const FrameHeader& frame, std::string_view payload);
  void deliver();
  void gather(std::string& to, std::string_view bytes) const;
  void queue(Opcode opcode, std::string_view payload);
  void set_dirty();
  void fail(std::uint16_t code, std::string_view reason);
  void end();
  void set_deadline(Duration delay);
  void set_interest();

  std::shared_ptr<Hub> hub_;
  const Link link_;
  std::optional<Ticket> ticket_;
  Channel channel_;
  std::string incoming_;      // the beginning of a frame, or what came while the handler was busy: one read and one frame at most
  std::string message_;       // the payloads of its frames so far; within frame_limit_
  std::string outgoing_;      // frames, of which the first `written_` bytes are out
  std::size_t written_ = 0;
  std::uint64_t skip_ = 0;    // bytes of a payload that nobody wants
  std::size_t frame_limit_;
  bool is_stranger_ = true;
  std::unique_ptr<Alarm> alarm_;  // only while closing: two hundred thousand idle links need no timer each
  std::uint32_t wanted_ = 0;  // of the poller
  Stage stage_ = Stage::Open;
  std::optional<Opcode> opcode_;  // of the message under way
  int turns_messages_ = 0;    // handed on since the reactor last turned to another link
  bool reading_ = false;      // the handler is ready for the next message
  bool deaf_ = false;         // no message is handed on any more
  bool resuming_ = false;     // resume() is on its way
  bool parsing_ = false;
  bool blocked_ = false;      // the socket takes no more for now
  bool dirty_ = false;        // the hub will call flush()
  bool congested_ = false;
};

}  // namespace offhook::net
