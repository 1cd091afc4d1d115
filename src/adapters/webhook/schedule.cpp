#include "adapters/webhook/schedule.hpp"

#include <algorithm>

#include "base/check.hpp"

namespace offhook::webhook {
namespace {

Duration doubled(Duration first, std::uint32_t times, Duration most) {
  return times >= 20 ? most : std::min(first * (std::int64_t{1} << times), most);
}

bool is_success(int status) { return status >= 200 && status < 300; }

}  // namespace

Duration retry_delay(std::uint32_t attempts) { return doubled(k_first_retry, attempts - 1, k_last_retry); }

Schedule::Schedule(std::size_t endpoints, const Seed& seed) : endpoints_(endpoints), random_(seed) {}

void Schedule::wake(Instant now, EndpointIndex endpoint, Actions& out) {
  endpoints_[endpoint].may_have_more = true;
  step(now, endpoint, out);
}

void Schedule::on_due(Instant now, EndpointIndex index, std::vector<Due> due, std::optional<Instant> next, Actions& out) {
  auto& endpoint = endpoints_[index];
  CHECK(endpoint.asking);
  endpoint.asking = false;
  const auto limit = k_window + endpoint.unsettled.size();
  if (due.size() >= k_window) endpoint.may_have_more = true;
  for (const auto& event : due) {
    if (!endpoint.unsettled.contains(event.number) && endpoint.ready.size() < limit) endpoint.ready.push_back(event);
  }
  if (next && (!endpoint.next_due || *endpoint.next_due <= now || *next < *endpoint.next_due)) endpoint.next_due = next;
  step(now, index, out);
}

void Schedule::on_answer(Instant now, EndpointIndex index, std::uint64_t number, const Answer& answer, Actions& out) {
  auto& endpoint = endpoints_[index];
  const auto found = std::find_if(endpoint.in_flight.begin(), endpoint.in_flight.end(), [&](const Due& due) { return due.number == number; });
  CHECK(found != endpoint.in_flight.end());
  const auto due = *found;
  endpoint.in_flight.erase(found);
  if (!is_success(answer.status)) {
    on_failure(now, index, due, answer, out);
  } else {
    if (endpoint.state == EndpointState::Probed) {
      endpoint.state = EndpointState::Working;
      out.push_back(Say{index, "works again"});
    }
    endpoint.failures = 0;
    endpoint.not_before = {};
    out.push_back(Settle{index, number, Delivered{}});
  }
  step(now, index, out);
}

void Schedule::on_failure(Instant now, EndpointIndex index, const Due& due, const Answer& answer, Actions& out) {
  auto& endpoint = endpoints_[index];
  if (answer.status == 410) {  // Gone: the receiver says that it wants no more
    if (endpoint.state != EndpointState::Disabled) out.push_back(Say{index, "answered 410 Gone and is disabled; what is for it waits until a replay or a restart"});
    endpoint.state = EndpointState::Disabled;
    out.push_back(Settle{index, due.number, RetryAt{now, answer.problem}});
    return;
  }
  const auto wanted = answer.retry_after ? std::clamp<Duration>(*answer.retry_after, std::chrono::seconds{1}, k_longest_retry_after)
                                         : with_jitter(retry_delay(due.attempts + 1));
  const auto last_attempt = due.created_at + k_give_up;
  if (now >= last_attempt) {
    out.push_back(Settle{index, due.number, Dead{answer.problem}});
  } else {
    out.push_back(Settle{index, due.number, RetryAt{std::min(now + wanted, last_attempt), answer.problem}});
  }
  if (answer.retry_after) endpoint.not_before = std::max(endpoint.not_before, now + wanted);  // it has been said of the receiver
  ++endpoint.failures;
  if (endpoint.failures < k_trip) return;
  const auto pause = doubled(k_first_retry, static_cast<std::uint32_t>(endpoint.failures - k_trip), k_longest_pause);
  endpoint.not_before = std::max(endpoint.not_before, now + with_jitter(pause));
  if (endpoint.state != EndpointState::Working) return;
  endpoint.state = EndpointState::Probed;
  out.push_back(Say{index, std::to_string(endpoint.failures) + " attempts in a row have failed, the last one: " + answer.problem +
                               "; from now on it is probed, every minute at least"});
}

void Schedule::on_settled(Instant now, EndpointIndex index, std::uint64_t number, Actions& out) {
  auto& endpoint = endpoints_[index];
  endpoint.unsettled.erase(number);
  endpoint.may_have_more = true;  // the next one of its key, or itself at a later moment, which the answer will tell
  step(now, index, out);
}

void Schedule::enable(Instant now, EndpointIndex index, Actions& out) {
  auto& endpoint = endpoints_[index];
  endpoint.state = EndpointState::Working;
  endpoint.failures = 0;
  endpoint.not_before = {};
  wake(now, index, out);
}

void Schedule::advance(Instant now, Actions& out) {
  for (EndpointIndex index = 0; index < endpoints_.size(); ++index) {
    auto& endpoint = endpoints_[index];
    if (endpoint.next_due && *endpoint.next_due <= now) {
      endpoint.next_due.reset();
      endpoint.may_have_more = true;
    }
    step(now, index, out);
  }
}

bool Schedule::can_attempt(const Endpoint& endpoint, Instant now) {
  const auto at_once = endpoint.state == EndpointState::Probed ? 1 : k_max_at_once;
  return endpoint.state != EndpointState::Disabled && now >= endpoint.not_before && endpoint.in_flight.size() < at_once &&
         endpoint.unsettled.size() < k_max_unsettled;
}

void Schedule::step(Instant now, EndpointIndex index, Actions& out) {
  auto& endpoint = endpoints_[index];
  while (!endpoint.ready.empty() && can_attempt(endpoint, now)) {
    const auto due = endpoint.ready.front();
    endpoint.ready.pop_front();
    endpoint.in_flight.push_back(due);
    endpoint.unsettled.insert(due.number);
    out.push_back(Attempt{index, due.number});
  }
  if (!endpoint.ready.empty() || endpoint.asking || !endpoint.may_have_more || !can_attempt(endpoint, now)) return;
  endpoint.asking = true;
  endpoint.may_have_more = false;
  out.push_back(Ask{index, k_window + endpoint.unsettled.size()});
}

std::optional<Instant> Schedule::next_deadline() const {
  std::optional<Instant> first;
  const auto consider = [&](Instant at) { first = first ? std::min(*first, at) : at; };
  for (const auto& endpoint : endpoints_) {
    if (endpoint.state == EndpointState::Disabled) continue;
    const bool has_work = !endpoint.asking && (!endpoint.ready.empty() || endpoint.may_have_more);
    if (has_work && can_attempt(endpoint, endpoint.not_before)) consider(endpoint.not_before);
    if (endpoint.next_due) consider(std::max(*endpoint.next_due, endpoint.not_before));
  }
  return first;
}

std::size_t Schedule::held() const {
  std::size_t sum = 0;
  for (const auto& endpoint : endpoints_) sum += endpoint.ready.size() + endpoint.unsettled.size();
  return sum;
}

// Four fifths to six fifths, so that what failed together is not tried together.
Duration Schedule::with_jitter(Duration nominal) {
  const auto fifth = nominal.count() / 5;
  return Duration{nominal.count() - fifth + static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(2 * fifth) + 1))};
}

}  // namespace offhook::webhook
