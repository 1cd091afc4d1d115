// proc(5).
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "adapters/metrics/metrics.hpp"

namespace offhook::metrics {
namespace {

// Of /proc/self/stat, from the third field on: the second, the program's name, may hold anything between its brackets.
std::vector<double> numbers_of_stat() {
  std::ifstream file("/proc/self/stat");
  std::string line;
  std::getline(file, line);
  std::istringstream fields(line.substr(std::min(line.size(), line.rfind(')') + 1)));
  std::string state;
  fields >> state;
  std::vector<double> numbers{0};  // the state
  for (double number = 0; fields >> number;) numbers.push_back(number);
  return numbers;
}

double boot_seconds() {
  std::ifstream file("/proc/stat");
  for (std::string word; file >> word;) {
    double seconds = 0;
    if (word == "btime" && file >> seconds) return seconds;
  }
  return 0;
}

double open_files() {
  std::error_code error;
  double count = 0;
  for (std::filesystem::directory_iterator files("/proc/self/fd", error), end; !error && files != end; files.increment(error)) ++count;
  return count;
}

}  // namespace

ProcessFigures process_figures() {
  // proc(5) counts fields from 1; the state is the third.
  constexpr std::size_t k_state = 3, k_utime = 14 - k_state, k_stime = 15 - k_state, k_start = 22 - k_state, k_rss = 24 - k_state;
  ProcessFigures figures;
  figures.open_fds = open_files();
  const auto numbers = numbers_of_stat();
  if (numbers.size() <= k_rss) return figures;
  const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  figures.cpu_seconds = (numbers[k_utime] + numbers[k_stime]) / ticks;
  figures.resident_bytes = numbers[k_rss] * static_cast<double>(sysconf(_SC_PAGESIZE));
  figures.start_seconds = boot_seconds() + numbers[k_start] / ticks;
  return figures;
}

}  // namespace offhook::metrics
