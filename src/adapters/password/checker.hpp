// Checks passwords beside the caller's thread, which must not stand still for them. One after another: whoever tries very many
// gets no more than one core.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <thread>

namespace offhook::password {

class Checker {
 public:
  using Done = std::function<void(bool right)>;
  static constexpr std::size_t k_max_waiting = 8;

  // `post` runs what it is given later on the owner's thread; any thread may call it.
  explicit Checker(std::function<void(std::function<void()>)> post) : post_(std::move(post)) {}

  // The owner's thread. False: too many wait, and `done` is not called. Else it is called once, on the owner's thread, unless
  // this is gone by then.
  bool check(std::string password, std::string hash, Done done);

 private:
  struct Wanted {
    std::string password, hash;
    Done done;
  };
  void begin_next();
  void finish(bool right);

  std::function<void(std::function<void()>)> post_;
  std::deque<Wanted> waiting_;  // the first is being checked
  std::shared_ptr<Checker*> self_ = std::make_shared<Checker*>(this);  // for what is posted and comes too late
  std::jthread worker_;  // last: it is waited for before the rest goes
};

}  // namespace offhook::password
