// One HTTP request to a server's REST interface (PROTOCOL.md is the other one), for tools and small backends.
#pragma once

#include <chrono>
#include <string>

#include "base/result.hpp"
#include "offhook/engine.hpp"

namespace offhook {

struct HttpRequest {
  std::string url;             // of the server: http://, https://, ws:// or wss://; its path is passed over
  std::string target;          // e.g. "/v1/calls?limit=5"
  std::string method = "GET";  // "POST", "PUT", …
  std::string token{};         // sent as "Authorization: Bearer …" unless empty
  std::string body{};          // JSON
  std::string ca_file{};       // PEM of the authorities to trust in place of the system's; empty for those
  std::chrono::milliseconds timeout{10'000};  // for the whole exchange
};

struct HttpReply {
  unsigned status = 0;
  std::string body;  // at most 8 MiB
};

// Blocks; any thread. Fails with bad_url, bad_request or unreachable and a sentence; an answer of whatever status is no failure.
Result<HttpReply, client::Problem> fetch(const HttpRequest& request);

// Any text as one part of a target: everything but letters, digits and - . _ ~ is percent-encoded (RFC 3986).
std::string percent_encoded(std::string_view text);

}  // namespace offhook
