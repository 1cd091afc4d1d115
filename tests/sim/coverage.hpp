// Which pairs of state and event a run has come through, seen from outside: what devices said in which phase, how calls ended from
// which phase, what became of devices in records, what applications showed. README.md tells which pairs are expected.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "sim/case.hpp"

namespace offhook::sim {

std::string_view word(Deed deed);

class Coverage {
 public:
  void on_deed(std::optional<wire::Phase> phase, Deed deed) { ++deeds_[phase ? static_cast<std::size_t>(*phase) : k_none][static_cast<std::size_t>(deed)]; }
  void on_change(const core::CallRecord* before, const core::CallRecord& after);
  void on_final(const Part& part);
  void on_fault(const std::string& what) { ++faults_[what]; }
  void on_push(const std::string& what) { ++pushes_[what]; }

  // "inviting + answer" → how often. What never happened is not in it.
  std::map<std::string, std::uint64_t> counts() const;

  // Those of the expected pairs that are missing in `counts`.
  static std::vector<std::string> missing(const std::map<std::string, std::uint64_t>& counts);

 private:
  static constexpr std::size_t k_phases = 4, k_none = k_phases, k_stages = 6;
  static constexpr std::size_t k_states = static_cast<std::size_t>(wire::DeviceState::Moving) + 1;  // each the last of its words
  static constexpr std::size_t k_outcomes = static_cast<std::size_t>(wire::Outcome::MovedElsewhere) + 1;
  static constexpr std::size_t k_reasons = static_cast<std::size_t>(wire::Reason::PushRefused) + 1;

  std::uint64_t deeds_[k_phases + 1][k_deeds]{};
  std::uint64_t phases_[k_phases + 1][k_phases]{};
  std::uint64_t ends_[k_phases + 1][k_outcomes][k_reasons + 1]{};
  std::uint64_t states_[k_states + 1][k_states]{};
  std::uint64_t finals_[k_stages][k_outcomes]{};
  std::uint64_t groups_[k_outcomes]{};
  std::map<std::string, std::uint64_t> faults_, pushes_;
};

}  // namespace offhook::sim
