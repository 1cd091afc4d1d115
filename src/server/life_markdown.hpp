// The tables and diagrams of docs/life-of-a-call.md, printed from the program's own.
#pragma once

#include <string>

namespace offhook::server {

// Each part begins with its heading (##).
std::string life_markdown();

}  // namespace offhook::server
