// Frames of the WebSocket protocol as a server reads and writes them (RFC 6455 section 5), without extensions. Pure. Private to
// this folder.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace offhook::net {

enum class Opcode : std::uint8_t { Continuation = 0, Text = 1, Binary = 2, Close = 8, Ping = 9, Pong = 10 };

inline bool is_control(Opcode opcode) { return opcode >= Opcode::Close; }

// What is in front of a payload.
struct FrameHeader {
  enum class State { Incomplete, Whole, Broken };  // Broken: no client may send this (section 7.4.1, code 1002)
  State state = State::Incomplete;
  Opcode opcode = Opcode::Text;
  bool is_final = false;
  std::size_t header_bytes = 0;
  std::uint64_t payload_bytes = 0;
  std::array<char, 4> mask{};
};

// `bytes` begin with a frame of a client and may end anywhere.
FrameHeader read_frame_header(std::string_view bytes);

// Masks and unmasks: the same (section 5.3).
void unmask(std::string& payload, const std::array<char, 4>& mask);

// A whole frame of a server, behind what `out` holds.
void append_frame(std::string& out, Opcode opcode, std::string_view payload);

// RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF, nothing cut off.
bool is_utf8(std::string_view text);

// What the payload of a close frame says; 1005 if it says nothing, 1002 if it is none (section 7.4).
std::uint16_t close_code_in(std::string_view payload);
std::string close_payload(std::uint16_t code, std::string_view reason);

}  // namespace offhook::net
