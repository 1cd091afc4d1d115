// Every call of a test that ends is decided again from its inputs, and every version of its record must come out as it was stored.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <vector>

#include "core/replay.hpp"

namespace offhook::core {

class ReplayCheck {
 public:
  // Each record in the order in which it was stored.
  void keep(const CallRecord& record) {
    auto& versions = versions_[record.id];
    versions.push_back(record);
    if (record.phase != wire::Phase::Ended || !record.inputs) return;
    const auto again = replay(record, *record.inputs);
    const bool is_whole = record.inputs->cut ? again.size() < versions.size() : again.size() == versions.size();
    ASSERT_TRUE(is_whole) << "call " << record.id.text() << ": " << versions.size() << " records were stored, " << again.size() << " come again";
    for (std::size_t i = 0; i < again.size(); ++i) {
      EXPECT_TRUE(is_same_decision(versions[i], again[i])) << "call " << record.id.text() << ", version " << versions[i].version;
    }
    const auto comparison = compare(record, *record.inputs);
    EXPECT_FALSE(comparison.difference) << "call " << record.id.text() << ": time lines differ at " << *comparison.difference;
    ++checked_;
  }

  // The server has started again: inputs begin anew.
  void restart() { versions_.clear(); }
  int checked() const { return checked_; }

 private:
  std::map<CallId, std::vector<CallRecord>> versions_;
  int checked_ = 0;
};

}  // namespace offhook::core
