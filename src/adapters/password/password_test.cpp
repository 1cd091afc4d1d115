#include "adapters/password/password.hpp"

#include <gtest/gtest.h>

#include <future>
#include <vector>

#include "adapters/password/checker.hpp"

namespace offhook::password {
namespace {

constexpr Cost k_cheap{4, 8, 1};
const std::string k_salt = "0123456789abcdef";

// Made with Node's crypto.scryptSync.
TEST(Password, AHashIsThatOfScrypt) {
  EXPECT_EQ(hash("correct horse", k_salt, {10, 8, 1}),
            "scrypt$10$8$1$30313233343536373839616263646566$ea0dee985fae56b26c39b69366121b6d3960aef38415c088b5dc128ed3c5ebb3");
}

TEST(Password, MatchesItsHashAndNothingElseDoes) {
  const auto kept = hash("correct horse", k_salt, k_cheap);
  EXPECT_TRUE(is_hash(kept));
  EXPECT_TRUE(matches("correct horse", kept));
  for (const auto* wrong : {"", "correct hors", "correct horse ", "Correct horse"}) EXPECT_FALSE(matches(wrong, kept)) << wrong;
}

TEST(Password, WhatIsNoHashMatchesNothing) {
  const auto kept = hash("p", k_salt, k_cheap);
  std::vector<std::string> texts = {"", "scrypt", "$$$$$", kept + "0", kept.substr(1), kept.substr(0, kept.size() - 1), kept + "$"};
  texts.push_back("scrypt$22$8$1" + kept.substr(kept.find("$30")));  // 4 GiB
  texts.push_back("scrypt$0$8$1" + kept.substr(kept.find("$30")));
  for (const auto& text : texts) {
    EXPECT_FALSE(is_hash(text)) << text;
    EXPECT_FALSE(matches("p", text)) << text;
  }
}

// What is posted is run here, as a reactor would.
class Owner {
 public:
  std::function<void(std::function<void()>)> post() {
    return [this](std::function<void()> work) { posted_.set_value(std::move(work)); };
  }
  void run_one() {
    auto work = posted_.get_future().get();
    posted_ = {};
    work();
  }

 private:
  std::promise<std::function<void()>> posted_;
};

TEST(PasswordChecker, AnswersInOrderAndRefusesWhatIsTooMuch) {
  Owner owner;
  Checker checker(owner.post());
  const auto kept = hash("p", k_salt, k_cheap);
  std::vector<bool> answers;
  for (std::size_t i = 0; i < Checker::k_max_waiting; ++i) {
    EXPECT_TRUE(checker.check(i % 2 == 0 ? "p" : "q", kept, [&](bool right) { answers.push_back(right); }));
  }
  EXPECT_FALSE(checker.check("p", kept, [](bool) { ADD_FAILURE(); }));
  while (answers.size() < Checker::k_max_waiting) owner.run_one();
  EXPECT_EQ(answers, (std::vector<bool>{true, false, true, false, true, false, true, false}));
}

TEST(PasswordChecker, AnAnswerThatComesTooLateIsDropped) {
  Owner owner;
  {
    Checker checker(owner.post());
    EXPECT_TRUE(checker.check("p", hash("p", k_salt, k_cheap), [](bool) { ADD_FAILURE(); }));
  }
  owner.run_one();
}

}  // namespace
}  // namespace offhook::password
