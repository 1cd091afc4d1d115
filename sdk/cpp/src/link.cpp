#include "link.hpp"

#include "limits.hpp"

namespace offhook::client {

bool Link::is_running() const {
  switch (state_) {
    case State::Idle:
    case State::Closed: return false;
    case State::Opening:
    case State::Greeting:
    case State::Up:
    case State::Waiting: return true;
  }
  return false;
}

bool Link::has_socket() const {
  switch (state_) {
    case State::Idle:
    case State::Closed:
    case State::Waiting: return false;
    case State::Opening:
    case State::Greeting:
    case State::Up: return true;
  }
  return false;
}

bool Link::is_current(LinkNumber link) const { return link == number_ && has_socket(); }

void Link::open() {
  state_ = State::Opening;
  opening_until_ = desk_.now + (desk_.is_urgent && openings_ < k_urgent_openings ? k_urgent_opening : k_opening);
  ++openings_;
  ++number_;
  desk_.output(OpenSocket{number_});
}

void Link::greet(std::string token, std::vector<CallId> calls) {
  if (state_ != State::Opening) return;
  wire::Hello hello;
  hello.version = wire::k_protocol_version;
  hello.token = std::move(token);
  hello.device_id = desk_.options.device_id;
  hello.client = desk_.options.client;
  if (identity_) hello.resume = wire::Resume{identity_->client_id, identity_->resume_key, last_seq_};
  hello.calls = std::move(calls);
  hello.push = desk_.push;
  state_ = State::Greeting;
  send(std::move(hello));
}

void Link::welcomed(const wire::Welcome& welcome) {
  state_ = State::Up;
  up_since_ = desk_.now;
  openings_ = 0;
  identity_ = Identity{welcome.client_id, welcome.resume_key};
  set_period(welcome.heartbeat_ms);
  if (welcome.resumed) return;
  last_seq_ = 0;
  acknowledged_ = 0;
}

void Link::heard() {
  last_contact_ = desk_.now;
  probe_until_.reset();
}

void Link::set_period(std::int64_t period_ms) {
  constexpr std::int64_t k_max_period_ms = 3'600'000;  // far above the server's range; keeps the arithmetic sound
  period_ = std::max<Duration>(std::chrono::milliseconds{std::min(period_ms, k_max_period_ms)}, k_min_period);
}

void Link::pong() {
  acknowledged_ = last_seq_;
  send(wire::ClientPong{last_seq_ > 0 ? std::optional(last_seq_) : std::nullopt});
}

Link::Order Link::count(std::uint64_t seq) {
  if (seq <= last_seq_) return Order::Seen;
  if (seq > last_seq_ + 1) return Order::Gap;
  last_seq_ = seq;
  if (last_seq_ - acknowledged_ >= k_ack_every) {
    acknowledged_ = last_seq_;
    send(wire::Ack{last_seq_});
  }
  return Order::New;
}

void Link::wake() {
  if (state_ == State::Waiting) return open();
  if (state_ != State::Up) return;
  send(wire::ClientPing{});
  if (!probe_until_) probe_until_ = desk_.now + k_probe;
}

void Link::doubt() {
  if (state_ == State::Up && !probe_until_ && desk_.now - last_contact_ >= k_doubt) wake();
}

void Link::lose(std::uint16_t code, std::string reason, Duration asked) {
  desk_.output(CloseSocket{number_, code, std::move(reason)});
  if (is_up() && desk_.now - up_since_ >= k_settled) attempts_ = 0;
  const auto delay = std::min<Duration>(k_first_delay * (1 << std::min(attempts_, 8)), desk_.is_urgent ? k_max_urgent_delay : k_max_delay);
  ++attempts_;
  const auto half = static_cast<std::uint64_t>(delay.count() / 2);
  retry_at_ = desk_.now + delay / 2 + Duration{desk_.random.below(half + 1)};
  if (asked > Duration{0}) {  // with a fifth of it on top, so that those who were told the same do not come together
    const auto pause = std::min<Duration>(asked, desk_.is_urgent ? k_max_urgent_asked : k_max_asked);
    retry_at_ = std::max(retry_at_, desk_.now + pause + Duration{desk_.random.below(static_cast<std::uint64_t>(pause.count() / 5 + 1))});
  }
  probe_until_.reset();
  state_ = State::Waiting;
}

void Link::shut(std::uint16_t code, std::string reason) {
  if (has_socket()) desk_.output(CloseSocket{number_, code, std::move(reason)});
  identity_.reset();
  last_seq_ = 0;
  acknowledged_ = 0;
  attempts_ = 0;
  probe_until_.reset();
  state_ = State::Closed;
}

std::optional<Instant> Link::deadline() const {
  switch (state_) {
    case State::Idle:
    case State::Closed: return std::nullopt;
    case State::Opening:
    case State::Greeting: return opening_until_;
    case State::Up: return earliest(last_contact_ + period_ * 5 / 2, probe_until_);  // PROTOCOL.md section 3
    case State::Waiting: return retry_at_;
  }
  return std::nullopt;
}

}  // namespace offhook::client
