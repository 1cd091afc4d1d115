// The schedule over hours of virtual time, with a store and receivers made up here.
#include "adapters/webhook/schedule.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>

#include "base/check.hpp"

namespace offhook::webhook {
namespace {

using namespace std::chrono_literals;

// Lines of events that wait; the first of each line is due. Event `number` is the (number / lines)th of line number % lines.
class Lines {
 public:
  Lines(std::size_t lines, std::size_t of_each, Instant created_at) : of_each_(of_each), created_at_(created_at), lines_(lines) {
    if (of_each == 0) return;
    for (std::size_t line = 0; line < lines; ++line) due_.emplace(created_at, line);
  }

  std::vector<Due> find(Instant now, std::size_t limit) const {
    std::vector<Due> found;
    for (auto place = due_.begin(); place != due_.end() && place->first <= now && found.size() < limit; ++place) {
      const auto& line = lines_[place->second];
      found.push_back({line.done * lines_.size() + place->second, line.attempts, created_at_});
    }
    return found;
  }
  std::optional<Instant> next(Instant now) const {
    const auto place = due_.upper_bound({now, SIZE_MAX});
    return place == due_.end() ? std::nullopt : std::optional(place->first);
  }
  void settle(std::uint64_t number, const std::variant<Delivered, RetryAt, Dead>& verdict, Instant now) {
    const auto index = number % lines_.size();
    auto& line = lines_[index];
    ASSERT_EQ(line.done, number / lines_.size()) << "out of order";
    ASSERT_EQ(due_.erase({line.due_at == Instant{} ? created_at_ : line.due_at, index}), 1U);
    const auto* retry = std::get_if<RetryAt>(&verdict);
    line.attempts = retry != nullptr ? line.attempts + 1 : 0;
    line.due_at = retry != nullptr ? retry->at : now;
    if (retry == nullptr && ++line.done == of_each_) return;
    due_.emplace(line.due_at, index);
  }
  bool empty() const { return due_.empty(); }

 private:
  struct Line {
    std::size_t done = 0;
    std::uint32_t attempts = 0;
    Instant due_at{};
  };
  std::size_t of_each_;
  Instant created_at_;
  std::vector<Line> lines_;
  std::set<std::pair<Instant, std::size_t>> due_;
};

struct Reply {
  Duration after = 10ms;
  Answer answer;
};
const Answer k_ok{204, "", {}};

class Stage {
 public:
  using Receiver = std::function<Reply(std::uint64_t number)>;

  Instant now{1'700'000'000s};
  std::vector<Lines> stores;
  std::vector<Receiver> receivers;
  struct Sent { Instant at; EndpointIndex endpoint; std::uint64_t number; };
  std::vector<Sent> sent;
  std::vector<std::uint64_t> dead;
  std::vector<std::string> said;
  std::size_t delivered = 0, most_held = 0, most_at_once = 0;

  void add(std::size_t lines, std::size_t of_each, Receiver receiver) {
    stores.emplace_back(lines, of_each, now);
    receivers.push_back(std::move(receiver));
  }
  void start() {
    schedule.emplace(stores.size(), Seed{1});
    for (EndpointIndex index = 0; index < stores.size(); ++index) act([&](Actions& out) { schedule->wake(now, index, out); });
  }
  void enable(EndpointIndex index) {
    act([&](Actions& out) { schedule->enable(now, index, out); });
  }
  void run(Duration time) {
    const auto end = now + time;
    while (auto next = next_moment()) {
      if (*next > end) break;
      CHECK(++turns_ < 50'000'000);
      now = std::max(now, *next);
      if (!answers_.empty() && answers_.begin()->first <= now) {
        const auto [endpoint, number, answer] = answers_.begin()->second;
        answers_.erase(answers_.begin());
        act([&](Actions& out) { schedule->on_answer(now, endpoint, number, answer, out); });
      } else {
        act([&](Actions& out) { schedule->advance(now, out); });
      }
    }
    now = end;
  }
  std::vector<Instant> attempts_of(std::uint64_t number) const {
    std::vector<Instant> moments;
    for (const auto& one : sent) {
      if (one.number == number) moments.push_back(one.at);
    }
    return moments;
  }

  std::optional<Schedule> schedule;

 private:
  struct Pending { EndpointIndex endpoint; std::uint64_t number; Answer answer; };

  std::optional<Instant> next_moment() const {
    auto next = schedule->next_deadline();
    if (!answers_.empty() && (!next || answers_.begin()->first < *next)) next = answers_.begin()->first;
    return next;
  }
  template <class Step>
  void act(Step step) {
    Actions actions;
    step(actions);
    for (const auto& action : actions) std::visit([&](const auto& wanted) { carry_out(wanted); }, action);
    most_held = std::max(most_held, schedule->held());
    most_at_once = std::max(most_at_once, answers_.size());
  }
  void carry_out(const Ask& ask) {
    auto due = stores[ask.endpoint].find(now, ask.limit);
    const auto next = stores[ask.endpoint].next(now);
    act([&](Actions& out) { schedule->on_due(now, ask.endpoint, std::move(due), next, out); });
  }
  void carry_out(const Attempt& attempt) {
    sent.push_back({now, attempt.endpoint, attempt.number});
    const auto reply = receivers[attempt.endpoint](attempt.number);
    answers_.emplace(now + reply.after, Pending{attempt.endpoint, attempt.number, reply.answer});
  }
  void carry_out(const Settle& settle) {
    if (std::holds_alternative<Delivered>(settle.verdict)) ++delivered;
    if (std::holds_alternative<Dead>(settle.verdict)) dead.push_back(settle.number);
    stores[settle.endpoint].settle(settle.number, settle.verdict, now);
    act([&](Actions& out) { schedule->on_settled(now, settle.endpoint, settle.number, out); });
  }
  void carry_out(const Say& say) { said.push_back(say.what); }

  std::multimap<Instant, Pending> answers_;
  std::size_t turns_ = 0;
};

Reply refuse(int status) { return {10ms, {status, "HTTP " + std::to_string(status), {}}}; }

TEST(Schedule, DeliversEachOnceAndEveryLineInItsOrder) {
  Stage stage;
  stage.add(3, 4, [](auto) { return Reply{10ms, k_ok}; });
  stage.start();
  stage.run(1s);
  EXPECT_EQ(stage.delivered, 12U);
  EXPECT_EQ(stage.sent.size(), 12U);
  EXPECT_TRUE(stage.stores[0].empty());
  EXPECT_EQ(stage.schedule->next_deadline(), std::nullopt) << "nothing to wait for";
}

TEST(Schedule, RetriesFromFiveSecondsToAQuarterOfAnHourForThreeDaysThenGivesUp) {
  Stage stage;
  stage.add(1, 1, [](auto) { return refuse(500); });
  stage.start();
  EXPECT_EQ(stage.schedule->state(0), EndpointState::Working);
  stage.run(4s);
  EXPECT_EQ(stage.schedule->state(0), EndpointState::Failing);
  stage.run(80h);
  const auto moments = stage.attempts_of(0);
  ASSERT_GT(moments.size(), 280U);
  std::vector<Duration> gaps;
  for (std::size_t i = 1; i < moments.size(); ++i) gaps.push_back(moments[i] - moments[i - 1]);
  for (std::uint32_t i = 0; i + 1 < gaps.size(); ++i) {
    EXPECT_GE(gaps[i], retry_delay(i + 1) * 4 / 5) << i;
    EXPECT_LE(gaps[i], retry_delay(i + 1) * 6 / 5 + 1s) << i;
  }
  EXPECT_EQ(retry_delay(1), 5s);
  EXPECT_EQ(retry_delay(100), 15min);
  EXPECT_NE(gaps[20], gaps[21]) << "no jitter";
  EXPECT_EQ(stage.dead, std::vector<std::uint64_t>{0});
  EXPECT_EQ(moments.back() - moments.front(), 72h) << "a last attempt at the very end";
}

TEST(Schedule, AFailingEventHoldsBackItsOwnLineOnly) {
  Stage stage;
  stage.add(4, 50, [](auto number) { return number == 1 ? refuse(500) : Reply{10ms, k_ok}; });
  stage.start();
  stage.run(4s);
  EXPECT_EQ(stage.delivered, 150U);
  stage.run(73h);
  EXPECT_EQ(stage.dead, std::vector<std::uint64_t>{1});
  EXPECT_EQ(stage.delivered, 199U) << "the line goes on after it";
}

TEST(Schedule, ASlowReceiverNeverDelaysAnother) {
  Stage stage;
  stage.add(100, 1, [](auto) { return Reply{15s, {0, "no answer in time", {}}}; });
  stage.add(100, 1, [](auto) { return Reply{10ms, k_ok}; });
  stage.start();
  stage.run(1s);
  EXPECT_EQ(stage.delivered, 100U);
  EXPECT_LE(stage.most_at_once, 2 * k_max_at_once);
}

TEST(Schedule, AReceiverThatIsDownForAnHourIsProbedAndGetsAllWithinAMinuteOfItsReturn) {
  Stage stage;
  const auto back = stage.now + 1h;
  stage.add(10'000, 2, [&](auto) { return stage.now < back ? Reply{1ms, {0, "connection refused", {}}} : Reply{1ms, k_ok}; });
  stage.start();
  stage.run(59min);
  EXPECT_EQ(stage.schedule->state(0), EndpointState::Probed);
  EXPECT_LT(stage.sent.size(), 120U) << "stormed";
  stage.run(2min + 15s);
  EXPECT_GT(stage.delivered, 19'000U);
  EXPECT_EQ(stage.schedule->state(0), EndpointState::Working);
  EXPECT_EQ(stage.said.size(), 2U);
  stage.run(20min);
  EXPECT_EQ(stage.delivered, 20'000U);
}

TEST(Schedule, WhoAsksForPatienceGetsItWithinBounds) {
  Stage stage;
  bool first = true;
  Duration wanted = 90s;
  stage.add(5, 1, [&](auto) {
    if (!std::exchange(first, false)) return Reply{10ms, k_ok};
    return Reply{1ms, {429, "HTTP 429", wanted}};
  });
  stage.start();
  stage.run(60s);
  const auto early = stage.sent.size();
  EXPECT_LE(early, k_max_at_once) << "what was under way already";
  stage.run(35s);
  EXPECT_EQ(stage.delivered, 5U);

  Stage greedy;
  first = true;
  wanted = 24h;
  greedy.add(1, 1, [&](auto) { return std::exchange(first, false) ? Reply{1ms, {503, "HTTP 503", wanted}} : Reply{10ms, k_ok}; });
  greedy.start();
  greedy.run(k_longest_retry_after + 1s);
  EXPECT_EQ(greedy.delivered, 1U);
}

TEST(Schedule, GoneDisablesTheEndpointUntilItIsEnabled) {
  Stage stage;
  bool gone = true;
  stage.add(20, 1, [&](auto) { return gone ? refuse(410) : Reply{1ms, k_ok}; });
  stage.start();
  stage.run(100h);
  EXPECT_EQ(stage.schedule->state(0), EndpointState::Disabled);
  EXPECT_LE(stage.sent.size(), k_max_at_once);
  EXPECT_TRUE(stage.dead.empty());
  EXPECT_EQ(stage.said.size(), 1U);
  gone = false;
  stage.enable(0);
  stage.run(1s);
  EXPECT_EQ(stage.delivered, 20U);
}

TEST(Schedule, RedirectsAndOtherAnswersAreFailures) {
  for (const int status : {0, 100, 301, 302, 308, 400, 404, 500, 503}) {
    Stage stage;
    stage.add(1, 1, [&](auto) { return refuse(status); });
    stage.start();
    stage.run(4s);
    EXPECT_EQ(stage.delivered, 0U) << status;
    stage.run(3s);
    EXPECT_EQ(stage.sent.size(), 2U) << status;
  }
}

TEST(Schedule, MemoryDoesNotGrowWithAMillionThatWait) {
  Stage stage;
  const auto back = stage.now + 10min;
  stage.add(100'000, 10, [&](auto) { return stage.now < back ? refuse(503) : Reply{1ms, k_ok}; });
  stage.start();
  stage.run(10min);
  stage.sent.clear();
  stage.run(2h);
  EXPECT_EQ(stage.delivered, 1'000'000U);
  EXPECT_LE(stage.most_held, 2 * k_window + k_max_unsettled);
}

}  // namespace
}  // namespace offhook::webhook
