// Forms, queries, base64, addresses, host headers, numbers and durations: what stands in requests, headers and options.
#include "adapters/net/address.hpp"
#include "server/config.hpp"
#include "server/http_text.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "wire/base64.hpp"
#include "wire/codec.hpp"
#include "wire/form.hpp"

using namespace offhook;

FUZZ(bytes) {
  wire::parse_form(bytes);
  wire::percent_decode(bytes, true);
  wire::percent_decode(bytes, false);
  MUST(wire::from_base64url(wire::to_base64url(bytes)) == bytes);
  if (const auto plain = wire::from_base64url(bytes)) MUST(wire::to_base64url(*plain) == bytes);
  wire::from_any_base64(bytes);
  MUST(wire::quoted(bytes).size() >= bytes.size() + 2);
  net::is_loopback_host_header(bytes);
  if (const auto address = net::parse_listen_address(bytes)) {
    const auto again = net::parse_listen_address(net::to_text(*address));
    MUST(again && net::to_text(*again) == net::to_text(*address));
  }
  server::whole_number(bytes);
  server::between(bytes, "/v1/", "/end");
  std::size_t limit = 0;
  server::read_limit(server::parse_query(bytes), limit);
  if (const auto duration = server::parse_duration(bytes)) MUST(server::parse_duration(server::to_text(*duration)) == duration);
}
