#include "core/load_watch.hpp"

#include <algorithm>

namespace offhook::core {
namespace {

// How much the share grows in a step for each time the target that the wait is too long, and for each that it has grown since the step before.
// With these a wait that is too long is halved in about half a second, without swinging, from once to many times what can be carried.
constexpr double k_of_excess = 0.0125, k_of_growth = 0.25;
constexpr double k_longest_counted = 4;  // times the target; a single stall says no more than that

double in_units(Duration wait, Duration target) {
  return std::min(k_longest_counted, static_cast<double>(wait.count()) / static_cast<double>(target.count()));
}

}  // namespace

void LoadWatch::note(Duration waited, Instant now) {
  if (now - noted_at_ > k_quiet) {
    *this = LoadWatch(target_);
    step_began_ = now;
  }
  noted_at_ = now;
  if (waited <= target_) {
    above_since_.reset();
  } else if (!above_since_) {
    above_since_ = now;
  }
  if (now - step_began_ < k_step) return;
  const bool is_patient = share_ == 0 && (!above_since_ || now - *above_since_ < k_patience);
  if (!is_patient) follow(waited);
  last_wait_ = is_patient ? target_ : waited;
  step_began_ = now;
}

void LoadWatch::follow(Duration waited) {
  const auto wait = in_units(waited, target_);
  share_ = std::clamp(share_ + k_of_excess * (wait - 1) + k_of_growth * (wait - in_units(last_wait_, target_)), 0.0, 1.0);
}

bool Thinning::refuses_next() {
  owed_ = share == 0 ? 0 : owed_ + share;
  if (owed_ < 1) return false;
  owed_ -= 1;
  return true;
}

}  // namespace offhook::core
