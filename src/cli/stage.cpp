#include "cli/stage.hpp"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "base/check.hpp"

namespace offhook::cli {
namespace {

constexpr unsigned char k_signal_byte = 255;  // no exit code of ours

int g_write_end = -1;  // a signal handler can reach nothing but a global

void tell(unsigned char byte) {
  const int kept = errno;
  [[maybe_unused]] const auto written = ::write(g_write_end, &byte, 1);
  errno = kept;
}

void on_signal(int) { tell(k_signal_byte); }

}  // namespace

Stage::Stage() {
  CHECK(g_write_end == -1);
  int ends[2];
  CHECK(::pipe(ends) == 0);
  read_end_ = ends[0];
  g_write_end = ends[1];
  struct sigaction action = {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
}

void Stage::finish(int code) { tell(static_cast<unsigned char>(code)); }

int Stage::wait(const std::function<void()>& interrupt) {
  bool interrupted = false;
  while (true) {
    unsigned char byte = 0;
    const auto read = ::read(read_end_, &byte, 1);
    if (read < 0 && errno == EINTR) continue;
    CHECK(read == 1);
    if (byte != k_signal_byte) return byte;
    if (interrupted) ::_exit(k_interrupted);
    interrupted = true;
    interrupt();
  }
}

bool Stage::pause(std::chrono::milliseconds time) {
  struct pollfd waiting {};
  waiting.fd = read_end_;
  waiting.events = POLLIN;
  return ::poll(&waiting, 1, static_cast<int>(time.count())) != 0;
}

}  // namespace offhook::cli
