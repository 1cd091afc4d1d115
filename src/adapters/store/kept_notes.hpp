// The time line of a call as it is kept: pieces that follow one another, each what came since the one before. Who is meant is a number,
// the place in the call's record, and moments count from the call's creation: a dozen bytes for a note. Private to this module.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "core/records.hpp"

namespace offhook::store {

// Appends the notes of `call` from the place `from` on.
void append_notes(std::string& out, const core::CallRecord& call, std::size_t from = 0);

// Appends what is kept to the notes of `call`, whose legs have been read. False: these are not the bytes of a time line.
bool read_notes(std::string_view kept, core::CallRecord& call);

}  // namespace offhook::store
