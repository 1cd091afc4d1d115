// Records for the tests of stores, and a loop that is turned by hand.
#pragma once

#include <gtest/gtest.h>

#include <condition_variable>
#include <deque>
#include <filesystem>
#include <functional>
#include <mutex>

#include "adapters/store/store.hpp"

namespace offhook::store {

inline core::CallRecord call_of(std::uint64_t number, UserId caller, UserId callee, std::uint64_t version = 1) {
  core::CallRecord made;
  made.id = CallId(0, number);
  made.version = version;
  made.project = "1";
  made.caller = std::move(caller);
  made.caller_leg.user = made.caller;
  made.legs.emplace_back().user = std::move(callee);
  made.created_at = from_unix_ms(static_cast<std::int64_t>(number) * 1000);
  return made;
}

inline core::CallRecord ended(core::CallRecord call, std::int64_t at_ms, wire::Outcome outcome = wire::Outcome::Ended) {
  ++call.version;
  call.phase = wire::Phase::Ended;
  call.ended_at = from_unix_ms(at_ms);
  call.outcome = outcome;
  call.reason = wire::Reason::ByCaller;
  return call;
}

inline core::RulesRecord rules_of(UserId user, std::int64_t rings) {
  core::RulesRecord made;
  made.user = {"1", std::move(user)};
  made.rules.max_parallel_rings = rings;
  return made;
}

// What a reactor is to a store: work posted by other threads, run on this one.
class HandLoop {
 public:
  std::function<void(std::function<void()>)> poster() {
    return [this](std::function<void()> work) {
      const std::lock_guard lock(mutex_);
      posted_.push_back(std::move(work));
      changed_.notify_one();
    };
  }

  // Runs what is posted until `condition` holds.
  void run_until(const std::function<bool()>& condition) {
    while (!condition()) {
      std::function<void()> work;
      {
        std::unique_lock lock(mutex_);
        if (!changed_.wait_for(lock, std::chrono::seconds{20}, [&] { return !posted_.empty(); })) {
          FAIL() << "nothing was posted within 20 s";
        }
        work = std::move(posted_.front());
        posted_.pop_front();
      }
      work();
      ++runs_;
    }
  }

  // How often something that was posted has been run.
  std::size_t runs() const { return runs_; }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> posted_;
  std::size_t runs_ = 0;
};

// A folder of its own for each test, which is gone afterwards.
class Folder {
 public:
  Folder() {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    auto name = std::string("offhook_store_") + test->test_suite_name() + "_" + test->name();
    std::replace(name.begin(), name.end(), '/', '_');
    path_ = std::filesystem::path(testing::TempDir()) / name;
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::string path() const { return path_.string(); }
  std::string file() const { return (path_ / "offhook.db").string(); }

 private:
  std::filesystem::path path_;
};

}  // namespace offhook::store
