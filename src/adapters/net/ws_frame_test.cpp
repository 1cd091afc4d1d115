#include "adapters/net/ws_frame.hpp"

#include <gtest/gtest.h>

namespace offhook::net {
namespace {

using State = FrameHeader::State;

// A frame of a client, masked with "abcd".
std::string client_frame(std::uint8_t first, std::string payload) {
  std::string frame;
  append_frame(frame, Opcode::Text, payload);
  frame[0] = static_cast<char>(first);
  frame[1] = static_cast<char>(frame[1] | 0x80);
  unmask(payload, {'a', 'b', 'c', 'd'});
  return frame.substr(0, frame.size() - payload.size()) + "abcd" + payload;
}

TEST(Frame, IsReadInEachSizeAndCutAnywhere) {
  for (const std::size_t size : {0, 1, 125, 126, 65'535, 65'536, 70'000}) {
    const std::string payload(size, 'x');
    const auto frame = client_frame(0x81, payload);
    const auto header = read_frame_header(frame);
    ASSERT_EQ(header.state, State::Whole) << size;
    EXPECT_EQ(header.payload_bytes, size);
    auto text = frame.substr(header.header_bytes);
    unmask(text, header.mask);
    EXPECT_EQ(text, payload);
    for (std::size_t cut = 0; cut < header.header_bytes; ++cut) {
      EXPECT_EQ(read_frame_header(std::string_view(frame).substr(0, cut)).state, State::Incomplete) << size << " cut at " << cut;
    }
  }
}

TEST(Frame, WhatNoClientMaySendIsBroken) {
  const auto state_of = [](std::string frame) { return read_frame_header(frame).state; };
  EXPECT_EQ(state_of(client_frame(0x81, "x")), State::Whole);
  EXPECT_EQ(state_of(client_frame(0xc1, "x")), State::Broken) << "an extension";
  EXPECT_EQ(state_of(client_frame(0x83, "x")), State::Broken) << "an unknown opcode";
  EXPECT_EQ(state_of(client_frame(0x8b, "x")), State::Broken) << "an unknown control opcode";
  EXPECT_EQ(state_of(client_frame(0x09, "x")), State::Broken) << "a ping in pieces";
  EXPECT_EQ(state_of(client_frame(0x89, std::string(126, 'x'))), State::Broken) << "a long ping";
  EXPECT_EQ(state_of(std::string("\x81\x01x")), State::Broken) << "unmasked";
  EXPECT_EQ(state_of("\x81\xff" + std::string(8, '\xff') + "abcd"), State::Broken) << "longer than any file";
}

TEST(Frame, MaskingTwiceIsNothing) {
  for (std::size_t size = 0; size < 20; ++size) {
    std::string text(size, 'x');
    unmask(text, {'1', '2', '3', '4'});
    EXPECT_EQ(size > 0 && text[size - 1] == 'x', false);
    unmask(text, {'1', '2', '3', '4'});
    EXPECT_EQ(text, std::string(size, 'x'));
  }
}

TEST(Utf8, TellsLettersFromNonsense) {
  for (const char* good : {"", "plain ascii, and long enough for eight at once", "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x93\x9e", "\xed\x9f\xbf",
                           "\xee\x80\x80", "\xf4\x8f\xbf\xbf", "eight..\xc3\xa4 eight..."}) {
    EXPECT_TRUE(is_utf8(good)) << good;
  }
  for (const char* bad : {"\x80", "\xc0\xaf", "\xc1\xbf", "\xc3", "\xc3x", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xe2\x82", "\xf0\x8f\xbf\xbf",
                          "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "eight..\xc3", "eightxx.\xe2\x28\xa1"}) {
    EXPECT_FALSE(is_utf8(bad));
  }
}

TEST(CloseFrame, SaysItsCode) {
  EXPECT_EQ(close_code_in(""), 1005);
  EXPECT_EQ(close_code_in(close_payload(4001, "done")), 4001);
  EXPECT_EQ(close_code_in(close_payload(1000, std::string(500, 'x'))), 1000);
  EXPECT_EQ(close_payload(1000, std::string(500, 'x')).size(), 125u);
  for (const int reserved : {0, 999, 1004, 1005, 1006, 1015, 2999, 5000}) {
    EXPECT_EQ(close_code_in(close_payload(static_cast<std::uint16_t>(reserved), "")), 1002) << reserved;
  }
  EXPECT_EQ(close_code_in("\x03"), 1002);
  EXPECT_EQ(close_code_in(close_payload(1000, "\xff")), 1002);
}

}  // namespace
}  // namespace offhook::net
