// Where the main thread waits while the client's thread works: for the end, or for Ctrl-C. One per process.
#pragma once

#include <chrono>
#include <functional>

namespace offhook::cli {

// The exit codes of the program.
inline constexpr int k_done = 0, k_unexpected = 1, k_wrong_usage = 2, k_unreachable = 3, k_interrupted = 130;

class Stage {
 public:
  Stage();  // SIGINT and SIGTERM are ours from now on

  // Any thread, once or more: the first code counts.
  void finish(int code);
  // Blocks until finish(). The first SIGINT or SIGTERM calls `interrupt` on this thread, the second ends the process.
  int wait(const std::function<void()>& interrupt);
  // Waits so long, for commands that ask the server again and again. True at once if there was a SIGINT or SIGTERM.
  bool pause(std::chrono::milliseconds time);

 private:
  int read_end_ = -1;
};

}  // namespace offhook::cli
