#include "adapters/webhook/push_queue.hpp"

#include <algorithm>
#include <utility>

#include "base/check.hpp"

namespace offhook::webhook {
namespace {

bool is_accepted(int status) { return status >= 200 && status < 300; }
bool is_refused(int status) { return status == 404 || status == 410; }
bool may_pass(int status) { return status == 0 || status == 408 || status == 429 || status >= 500; }

}  // namespace

void PushQueue::add(Instant now, std::uint64_t number, std::size_t sender, Instant expires_at, PushActions& out) {
  auto& own = senders_.at(sender);
  if (own.waiting.size() >= k_max_pushes_waiting || expires_at <= now) {
    out.push_back(PushOver{number, PushVerdict::Failed});
    if (expires_at > now) say(sender, "more pushes wait than are kept", out);
    return;
  }
  const auto [place, is_new] = pushes_.emplace(number, Push{sender, expires_at, now});
  CHECK(is_new);
  own.waiting.emplace(now, number);
  begin(now, own, out);
}

void PushQueue::drop(std::uint64_t number) {
  const auto found = pushes_.find(number);
  if (found == pushes_.end()) return;
  auto& [key, push] = *found;
  push.dropped = true;
  if (push.under_way) return;  // it is forgotten with its answer
  senders_[push.sender].waiting.erase({push.due, number});
  pushes_.erase(found);
}

void PushQueue::on_answer(Instant now, std::uint64_t number, const Answer& answer, PushActions& out) {
  const auto found = pushes_.find(number);
  CHECK(found != pushes_.end() && found->second.under_way);
  auto& push = found->second;
  auto& sender = senders_[push.sender];
  push.under_way = false;
  --sender.under_way;
  const bool is_over = is_accepted(answer.status) || is_refused(answer.status);
  if (is_over) say(push.sender, "", out);
  if (push.dropped) {
    pushes_.erase(found);
  } else if (is_over) {
    out.push_back(PushOver{number, is_accepted(answer.status) ? PushVerdict::Accepted : PushVerdict::Refused});
    pushes_.erase(found);
  } else {
    on_failure(now, number, answer, out);
  }
  begin(now, sender, out);
}

// Twice the pause after each attempt, and as long as the sender asks for.
void PushQueue::on_failure(Instant now, std::uint64_t number, const Answer& answer, PushActions& out) {
  auto& push = pushes_.at(number);
  say(push.sender, answer.problem.empty() ? "HTTP " + std::to_string(answer.status) : answer.problem, out);
  const auto doubled = k_first_push_retry * (1 << std::min(push.attempts - 1, 8U));
  push.due = now + std::max(std::min<Duration>(doubled, k_last_push_retry), answer.retry_after.value_or(Duration{0}));
  if (may_pass(answer.status) && push.due < push.expires_at) {
    senders_[push.sender].waiting.emplace(push.due, number);
    return;
  }
  out.push_back(PushOver{number, PushVerdict::Failed});
  pushes_.erase(number);
}

void PushQueue::begin(Instant now, Sender& sender, PushActions& out) {
  while (sender.under_way < k_max_pushes_at_once && !sender.waiting.empty() && sender.waiting.begin()->first <= now) {
    const auto number = sender.waiting.begin()->second;
    sender.waiting.erase(sender.waiting.begin());
    auto& push = pushes_.at(number);
    if (push.expires_at <= now) {
      out.push_back(PushOver{number, PushVerdict::Failed});
      pushes_.erase(number);
      continue;
    }
    push.under_way = true;
    ++push.attempts;
    ++sender.under_way;
    out.push_back(PushAttempt{number});
  }
}

// `problem` empty: it works.
void PushQueue::say(std::size_t sender, const std::string& problem, PushActions& out) {
  const bool fails = !problem.empty();
  if (std::exchange(senders_[sender].fails, fails) == fails) return;
  out.push_back(PushSay{sender, fails ? "takes no pushes: " + problem : "takes pushes again"});
}

void PushQueue::advance(Instant now, PushActions& out) {
  for (auto& sender : senders_) begin(now, sender, out);
}

std::optional<Instant> PushQueue::next_deadline() const {
  std::optional<Instant> next;
  for (const auto& sender : senders_) {
    const bool waits_for_time = !sender.waiting.empty() && sender.under_way < k_max_pushes_at_once;
    if (waits_for_time) next = std::min(next.value_or(sender.waiting.begin()->first), sender.waiting.begin()->first);
  }
  return next;
}

}  // namespace offhook::webhook
