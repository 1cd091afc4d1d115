// A call decided again from its inputs, by the engine that decides calls. No input or output: the moments are those of the inputs.
#pragma once

#include <optional>
#include <vector>

#include "core/inputs.hpp"
#include "core/records.hpp"

namespace offhook::core {

// The versions of the call's record in order, as they would be stored. Ids that are drawn by chance are those of `call`.
std::vector<CallRecord> replay(const CallRecord& call, const CallInputs& inputs);

struct Comparison {
  std::vector<Note> notes;                 // the time line of the second run
  std::optional<std::size_t> difference;   // the first place at which it differs from the call's, or ends before it
  bool other_record = false;               // the time lines are equal, and yet the last record is not
  bool is_same() const { return !difference && !other_record; }
};

// `call` has ended. Where its inputs were cut only that far is compared.
Comparison compare(const CallRecord& call, const CallInputs& inputs);

// Of two records of a call: is all that was decided equal? The time lines are not looked at.
bool is_same_decision(const CallRecord& a, const CallRecord& b);

}  // namespace offhook::core
