// Why a call ended as it did, in plain words, from its record and its time line. Pure functions.
#pragma once

#include <string>

#include "core/records.hpp"

namespace offhook::server {

struct Explanation {
  std::string why;        // what happened, one or two sentences
  std::string last_good;  // the last step that went as it should
  std::string advice;     // what to do about it; empty: nothing is amiss
};

Explanation explain(const core::CallRecord& call);

// One line of the time line, without its moment: "bob (b1) rings".
std::string sentence(const core::Note& note);

// The same as an object of the REST interface.
std::string note_json(const core::CallRecord& call, const core::Note& note);

// {"call":{…},"why","last_good","advice"?,"entries":[…]} of the REST interface.
std::string time_line_json(const core::CallRecord& call);

}  // namespace offhook::server
