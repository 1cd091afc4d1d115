// Is there too much to do, and how much of it? Told by how long what comes has to wait, not by how much of it there is. What is new is then
// refused, not all of it but a share, which follows the wait as in PIE (RFC 8033): as much is let in as can be carried.
#pragma once

#include <optional>

#include "base/time.hpp"

namespace offhook::core {

// Which share of what is new is to be refused, so that what is let in waits for `target`, more or less.
class LoadWatch {
 public:
  explicit LoadWatch(Duration target) : target_(target) {}

  static constexpr Duration k_step = std::chrono::milliseconds{50};       // the share changes once in so long
  static constexpr Duration k_patience = std::chrono::milliseconds{300};  // every wait longer than the target for so long: nothing is refused before
  static constexpr Duration k_quiet = std::chrono::seconds{1};            // nothing has come: whatever waited has been served
  static constexpr double k_notable_share = 0.1;

  // Somebody has waited so long, or waits since then and will have waited longer.
  void note(Duration waited, Instant now);
  // From 0, all is let in, to 1.
  double refused_share() const { return share_; }
  Duration target() const { return target_; }

 private:
  void follow(Duration waited);

  Duration target_;
  Duration last_wait_{};
  Instant noted_at_{}, step_began_{};
  std::optional<Instant> above_since_;
  double share_ = 0;
};

// Refuses a share of those who come, evenly: with 0.25 every fourth.
class Thinning {
 public:
  double share = 0;

  bool refuses_next();
  // Enough for people to notice: the program says so, and lets clients in slowly.
  bool is_notable() const { return share >= LoadWatch::k_notable_share; }

 private:
  double owed_ = 0;
};

}  // namespace offhook::core
