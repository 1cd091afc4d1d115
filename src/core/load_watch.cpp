#include "core/load_watch.hpp"

namespace offhook::core {

void LoadWatch::note(Duration waited, Instant now) {
  if (waited <= target_) above_since_.reset();
  if (waited <= target_ / 2 && is_overloaded_) {
    is_overloaded_ = false;
    ended_at_ = now;
  }
  if (waited <= target_) return;
  if (!above_since_) above_since_ = now;
  const auto patience = ended_at_ && now - *ended_at_ < k_lately ? k_short_patience : k_patience;
  if (now - *above_since_ >= patience) is_overloaded_ = true;
}

}  // namespace offhook::core
