// Waits for a call of this user that another device is in, and takes it over: take_over TOKEN
#include <future>
#include <iostream>
#include <utility>

#include "offhook/client.hpp"

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  offhook::Client client({.url = "http://127.0.0.1:7080", .token = argv[1]});
  std::promise<offhook::ElsewhereCall> found;
  bool is_found = false;
  client.on_live_elsewhere([&](const std::vector<offhook::ElsewhereCall>& calls) {
    if (!calls.empty() && !std::exchange(is_found, true)) found.set_value(calls.front());
  });
  client.connect();
  auto call = client.move_here(found.get_future().get());
  call.on_active([&] { std::cout << "The call with " << call.peer() << " is here now.\n"; });
  std::cout << call.wait().text << "\n";
}
