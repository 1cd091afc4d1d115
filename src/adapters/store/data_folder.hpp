// The folder of one server's durable state. It is made if it is not there, for its owner alone, and locked, so that two servers
// never write to one database.
#pragma once

#include <string>

#include "adapters/store/store.hpp"

namespace offhook::store {

class DataFolder {
 public:
  // An error names the folder and, if another server has it, that server's process.
  static Found<DataFolder> open(const std::string& path);

  DataFolder(DataFolder&& other) noexcept;
  DataFolder& operator=(DataFolder&&) = delete;
  ~DataFolder();  // gives the lock back; the folder stays

  std::string database_file() const { return path_ + "/offhook.db"; }

 private:
  DataFolder(std::string path, int lock) : path_(std::move(path)), lock_(lock) {}

  std::string path_;
  int lock_;  // file descriptor of PATH/lock; the system gives the lock back when the process ends, however it ends
};

}  // namespace offhook::store
