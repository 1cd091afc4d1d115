// CHECK: for errors of the programmer only. A peer's error is a wire error word; an operating error is a value.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace offhook {

[[noreturn]] inline void check_failed(const char* what, const char* file, int line) {
  std::fprintf(stderr, "offhook: check failed: %s (%s:%d)\n", what, file, line);
  std::abort();
}

}  // namespace offhook

#define CHECK(condition) \
  ((condition) ? static_cast<void>(0) : ::offhook::check_failed(#condition, __FILE__, __LINE__))
