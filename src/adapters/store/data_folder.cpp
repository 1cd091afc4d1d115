#include "adapters/store/data_folder.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

namespace offhook::store {
namespace {

StoreError problem(const std::string& message) { return {StoreError::Kind::Broken, message}; }

// " (process 123)" if the file says so.
std::string holder_in(int file) {
  std::array<char, 32> text{};
  const auto size = pread(file, text.data(), text.size() - 1, 0);
  std::string number(text.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  number = number.substr(0, number.find_first_not_of("0123456789"));
  return number.empty() ? "" : " (process " + number + ")";
}

void write_holder(int file) {
  const auto text = std::to_string(getpid()) + "\n";
  // Only for people: the lock itself is the system's.
  if (ftruncate(file, 0) != 0 || pwrite(file, text.data(), text.size(), 0) < 0) return;
}

}  // namespace

Found<DataFolder> DataFolder::open(const std::string& path) {
  std::error_code failure;
  const bool is_new = std::filesystem::create_directories(path, failure);
  if (failure) return problem("cannot make the data folder " + path + ": " + failure.message());
  if (is_new) chmod(path.c_str(), S_IRWXU);
  const int file = ::open((path + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (file < 0) return problem("cannot write to the data folder " + path + ": " + std::strerror(errno));
  if (flock(file, LOCK_EX | LOCK_NB) != 0) {
    const auto holder = holder_in(file);
    close(file);
    return problem("the data folder " + path + " is used by another server" + holder + ": stop that one, or give this one a folder of its own");
  }
  write_holder(file);
  DataFolder folder(path, file);
  // For its owner alone, as its log will be, whatever the folder lets others do. One that is there stays as it is.
  if (const int made = ::open(folder.database_file().c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR); made >= 0) close(made);
  return folder;
}

DataFolder::DataFolder(DataFolder&& other) noexcept : path_(std::move(other.path_)), lock_(std::exchange(other.lock_, -1)) {}

DataFolder::~DataFolder() {
  if (lock_ >= 0) close(lock_);
}

}  // namespace offhook::store
