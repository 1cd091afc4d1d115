// Where a server is. Pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "offhook/engine.hpp"

namespace offhook::client {

struct Url {
  bool secure = false;
  std::string host;  // without brackets
  std::uint16_t port = 0;
  std::string path;  // begins with '/'; with the query, if there is one
};

// http://, https://, ws:// or wss://. A missing port is that of the scheme. Fails with bad_url and a sentence.
Result<Url, Problem> parse_url(std::string_view text);

// "127.0.0.1:7080", "[::1]:7080".
std::string authority_of(const Url& url);

// The socket of clients: the URL's own path if it names one, else /v1/client.
Url client_socket_of(Url url);

}  // namespace offhook::client
