// Sends webhooks over HTTP, on a thread of its own, because libcurl wants to be driven. Only to addresses that target.hpp
// finds good: the address of each connection is judged when it is made, after resolution, so that a name that changes its mind
// between a check and the connection gains nothing. Redirects are not followed, proxies of the environment not used.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "adapters/webhook/schedule.hpp"
#include "adapters/webhook/target.hpp"

namespace offhook::webhook {

struct Request {
  std::uint64_t tag = 0;             // given back with the answer
  std::string url;
  std::vector<std::string> headers;  // "name: value"
  std::string body;                  // sent by POST as application/json
};

struct ClientOptions {
  std::vector<Network> allowed;
  Duration connect_timeout = std::chrono::seconds{5};
  Duration total_timeout = std::chrono::seconds{15};  // name, connection, request and answer
  std::size_t max_answer_bytes = 65'536;              // of a body, which nobody reads; what is longer is cut off
  std::string user_agent = "Offhook";
};

class Client {
 public:
  // `answered` is called on the client's thread, once for each request, but not for those that the destructor cuts off.
  Client(ClientOptions options, std::function<void(std::uint64_t tag, Answer)> answered);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Any thread. The caller keeps the limit of how many are under way.
  void send(Request request);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace offhook::webhook
