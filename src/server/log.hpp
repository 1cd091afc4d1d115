// The program's log, one line on stderr for each event: a sentence, or a JSON object for machines. No secret, no token, no name
// of a user and nothing that was said is ever in it; whatever is about a call carries its id.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/time.hpp"
#include "core/records.hpp"

namespace offhook::server {

struct LogSettings {
  bool json = false;
  bool calls = false;  // a line for each call that has ended, not only for problems
};

class Log {
 public:
  // `write` gets each line without its end; nothing: to stderr.
  explicit Log(LogSettings settings, std::function<void(const std::string& line)> write = {});

  void problem(Instant now, std::string_view what) const;
  void ended(Instant now, const core::CallRecord& record) const;  // REQUIRES: it has
  void event(Instant now, std::string_view event, std::string_view sentence) const;

 private:
  void line(const std::string& text) const;

  LogSettings settings_;
  std::function<void(const std::string&)> write_;
};

// RFC 3339, in UTC, with milliseconds.
std::string to_rfc3339(Instant moment);

}  // namespace offhook::server
