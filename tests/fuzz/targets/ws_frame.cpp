// Frames of WebSockets: a frame is read alike however its bytes come in, and text is UTF-8 or it is not.
#include "adapters/net/ws_frame.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace offhook;

namespace {

// As the table of RFC 3629 section 4 has it, in the plainest way.
bool is_utf8_by_the_table(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto at = [&](std::size_t n) { return i + n < text.size() ? static_cast<unsigned char>(text[i + n]) : 0u; };
    const auto tail = [&](std::size_t n, unsigned low = 0x80, unsigned high = 0xbf) { return at(n) >= low && at(n) <= high; };
    const unsigned lead = at(0);
    std::size_t size = 0;
    if (lead <= 0x7f) size = 1;
    if (lead >= 0xc2 && lead <= 0xdf && tail(1)) size = 2;
    if (lead >= 0xe0 && lead <= 0xef && tail(1, lead == 0xe0 ? 0xa0 : 0x80, lead == 0xed ? 0x9f : 0xbf) && tail(2)) size = 3;
    if (lead >= 0xf0 && lead <= 0xf4 && tail(1, lead == 0xf0 ? 0x90 : 0x80, lead == 0xf4 ? 0x8f : 0xbf) && tail(2) && tail(3)) size = 4;
    if (size == 0) return false;
    i += size;
  }
  return true;
}

}  // namespace

FUZZ(bytes) {
  using State = net::FrameHeader::State;
  MUST(net::is_utf8(bytes) == is_utf8_by_the_table(bytes));
  net::close_code_in(bytes);
  const auto whole = net::read_frame_header(bytes);
  for (std::size_t size = 0; size < std::min<std::size_t>(bytes.size(), 16); ++size) {
    const auto part = net::read_frame_header(bytes.substr(0, size));
    if (part.state == State::Whole) MUST(whole.state == State::Whole && part.payload_bytes == whole.payload_bytes && part.header_bytes == whole.header_bytes);
    if (part.state == State::Broken) MUST(whole.state == State::Broken);
  }
  if (whole.state != State::Whole) return;
  MUST(whole.header_bytes <= bytes.size() && whole.header_bytes >= 6);
  if (net::is_control(whole.opcode)) MUST(whole.payload_bytes <= 125 && whole.is_final);
  std::string payload(bytes.substr(whole.header_bytes));
  net::unmask(payload, whole.mask);
  net::unmask(payload, whole.mask);
  MUST(payload == bytes.substr(whole.header_bytes));
}
