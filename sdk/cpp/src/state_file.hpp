// What a device remembers over restarts (PROTOCOL.md section 8.1), in a text file of one line per change that is made anew now and
// then. Every change is on the disk when keep() or forget() returns. Private to the library; used by one thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.hpp"
#include "offhook/engine.hpp"

namespace offhook::client {

class StateFile {
 public:
  // Reads what is there. Empty path: nothing is kept. `now_ms`: of the wall clock; entries that have had their time are left out.
  StateFile(std::string path, std::int64_t now_ms);
  ~StateFile();
  StateFile(const StateFile&) = delete;
  StateFile& operator=(const StateFile&) = delete;

  const std::string& device_id() const { return device_id_; }  // empty: none is kept
  std::vector<JournalEntry> entries() const;

  void keep_device_id(const DeviceId& id);
  void keep(const JournalEntry& entry);
  void forget(CallId id);

  // What is wrong with the file, once: from then on it may be that nothing is kept any more.
  std::optional<Problem> take_problem();

 private:
  bool open();
  bool read();
  void take_line(std::string_view line);
  bool take_words(const std::vector<std::string_view>& words);
  void append(const std::string& words);
  void rewrite();
  void fail(const std::string& what, int error);

  const std::string path_;
  int file_ = -1;  // none: nothing is kept
  std::size_t lines_ = 0;
  bool is_damaged_ = false;
  std::string device_id_;
  std::map<CallId, JournalEntry> entries_;
  std::optional<Problem> problem_;
};

}  // namespace offhook::client
