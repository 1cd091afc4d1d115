// What the commands of a project's backend share: one request to the server's REST interface (docs/openapi.yaml), and what its
// answers say to people.
#pragma once

#include <boost/json/object.hpp>
#include <functional>
#include <string>
#include <string_view>

#include "cli/report.hpp"
#include "cli/run.hpp"

namespace offhook::cli {

class Rest {
 public:
  Rest(const Environment& environment, Report report) : environment_(environment), report_(report) {}

  // The object that the server answers with; nothing if it cannot be reached or refuses, and then that was reported.
  // `body`: JSON, or empty.
  std::optional<boost::json::object> ask(const std::string& method, const std::string& target, const std::string& body = {});
  // After a refusal: the exit code for it.
  int exit_code() const { return exit_code_; }

 private:
  const Environment& environment_;
  const Report report_;
  int exit_code_ = 0;
};

// A list that the server gives in pages: the path, its filters as "&name=value", and the field of the answer that is the list.
struct List {
  std::string path, filters;
  std::string_view field;
  std::string_view nothing;  // said to people where there is none
};

// Prints `wanted` of them, from the option --cursor on; the exit code.
int print_list(Rest& rest, const Report& report, const List& list, std::int64_t wanted, std::string cursor,
               const std::function<void(const boost::json::object&)>& print_one);

// "/v1/calls/call_…" and what follows; an id that cannot be one is an error.
Result<std::string, UsageError> call_target(const std::string& id, std::string_view rest = {});

// "2031-04-05 06:07:08 UTC"
std::string moment_text(std::int64_t unix_ms);

std::string text_in(const boost::json::object& object, std::string_view name);
std::int64_t number_in(const boost::json::object& object, std::string_view name);
bool flag_in(const boost::json::object& object, std::string_view name);

// "2031-04-05 06:07:08 UTC  alice called bob: ended, by_callee, 3s", and for a group what became of each user.
std::string sentence_of(const boost::json::object& call);
// One line: the object, or the sentence.
void print_call(const Report& report, const boost::json::object& call);

}  // namespace offhook::cli
