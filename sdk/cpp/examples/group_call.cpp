// Calls several people at once and shows how it stands with each of them: group_call TOKEN USER USER…
#include <iostream>

#include "offhook/client.hpp"
#include "wire/codec.hpp"

int main(int argc, char** argv) {
  if (argc < 4) return 2;
  offhook::Client client({.url = "http://127.0.0.1:7080", .token = argv[1]});
  client.connect();
  auto call = client.start_group({.users = {argv + 2, argv + argc}, .mode = offhook::GroupMode::AllJoin});
  call.on_legs_changed([](const std::vector<offhook::Leg>& legs) {
    for (const auto& leg : legs) std::cout << leg.user << ": " << offhook::wire::word(leg.state) << "  ";
    std::cout << "\n";
  });
  std::cout << call.wait().text << "\n";
}
