#include <iostream>

#include "offhook/client.hpp"

int main(int argc, char** argv) {
  if (argc != 3) return 2;  // first_call TOKEN USER
  offhook::Client client({.url = "http://127.0.0.1:7080", .token = argv[1]});
  client.connect();
  auto call = client.call(argv[2]);
  call.on_ringing([] { std::cout << "It rings.\n"; });
  std::cout << call.wait().text << "\n";
}
