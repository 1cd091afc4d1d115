#include "adapters/password/checker.hpp"

#include "adapters/password/password.hpp"

namespace offhook::password {

bool Checker::check(std::string password, std::string hash, Done done) {
  if (waiting_.size() >= k_max_waiting) return false;
  waiting_.push_back({std::move(password), std::move(hash), std::move(done)});
  if (waiting_.size() == 1) begin_next();
  return true;
}

// A thread for each: logging in is rare, and so nothing is shared between threads. To post is the last thing each does, so the
// next one is hardly waited for.
void Checker::begin_next() {
  const auto& wanted = waiting_.front();
  worker_ = std::jthread([post = post_, weak = std::weak_ptr(self_), password = wanted.password, hash = wanted.hash] {
    const bool right = matches(password, hash);
    post([weak, right] {
      if (const auto self = weak.lock()) (*self)->finish(right);
    });
  });
}

void Checker::finish(bool right) {
  const auto done = std::move(waiting_.front().done);
  waiting_.pop_front();
  if (!waiting_.empty()) begin_next();
  done(right);
}

}  // namespace offhook::password
