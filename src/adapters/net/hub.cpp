#include "adapters/net/hub.hpp"

#include "adapters/net/http_connection.hpp"
#include "adapters/net/ws_connection.hpp"
#include "base/check.hpp"

#include <boost/asio/post.hpp>

namespace offhook::net {

namespace {

constexpr std::size_t k_max_buckets = 65'536;  // of addresses that have come lately: 6 MB
constexpr Duration k_full_pause = std::chrono::seconds{5};

}  // namespace

Instant steady_now() {
  return Instant{std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch())};
}

Census::Census(const Options& options)
    : max_(options.max_sockets), max_strangers_(options.max_strangers), max_per_address_(options.max_sockets_per_address) {
  const auto rate = options.new_sockets_per_minute;
  if (rate > 0) new_sockets_.emplace(rate, Duration{std::chrono::minutes{1}} / rate, k_max_buckets);
}

std::size_t Census::total() const {
  const std::lock_guard lock(mutex_);
  return total_;
}

std::optional<Refusal> Census::refusal(const Peer& peer, Instant now) {
  const std::lock_guard lock(mutex_);
  if (total_ >= max_) return Refusal{TurnedAway::Full, k_full_pause};
  if (strangers_ >= max_strangers_) return Refusal{TurnedAway::TooManyStrangers, k_full_pause};
  return judge(peer, now);
}

std::optional<Refusal> Census::judge(const Peer& peer, Instant now) {
  if (peer.is_exempt) return std::nullopt;
  const auto found = per_address_.find(peer.subnet);
  if (found != per_address_.end() && found->second >= max_per_address_) return Refusal{TurnedAway::TooManyOfAddress, k_full_pause};
  const auto wait = new_sockets_ ? new_sockets_->take(static_cast<std::uint64_t>(peer.subnet), now) : std::nullopt;
  return wait ? std::optional(Refusal{TurnedAway::TooFast, *wait}) : std::nullopt;
}

Ticket::Ticket(std::shared_ptr<Census> census, const Peer& peer) : census_(std::move(census)) {
  const std::lock_guard lock(census_->mutex_);
  ++census_->total_;
  ++census_->strangers_;
  count(peer);
}

Ticket::~Ticket() {
  if (!census_) return;
  trust();
  const std::lock_guard lock(census_->mutex_);
  uncount();
  --census_->total_;
}

void Ticket::trust() {
  const std::lock_guard lock(census_->mutex_);
  if (std::exchange(is_stranger_, false)) --census_->strangers_;
}

std::optional<Refusal> Ticket::move_to(const Peer& peer, Instant now) {
  const std::lock_guard lock(census_->mutex_);
  if (auto refusal = census_->judge(peer, now)) return refusal;
  uncount();
  count(peer);
  return std::nullopt;
}

void Ticket::count(const Peer& peer) {
  if (peer.is_exempt || census_->max_per_address_ == 0) return;
  subnet_ = peer.subnet;
  ++census_->per_address_[peer.subnet];
}

void Ticket::uncount() {
  if (!subnet_) return;
  const auto found = census_->per_address_.find(*subnet_);
  CHECK(found != census_->per_address_.end());
  if (--found->second == 0) census_->per_address_.erase(found);
  subnet_.reset();
}

Peer Hub::peer_at(std::string address) const {
  Peer peer;
  peer.subnet = subnet_of(address);
  peer.is_exempt = options.is_trusted_proxy(address) || (options.loopback_is_exempt && is_loopback(address));
  peer.address = std::move(address);
  return peer;
}

void Hub::on_ready(Link link, std::uint32_t ready) {
  will_flush_ = true;
  const auto found = links.find(link);
  if (found == links.end()) return;
  const auto connection = found->second;  // may forget itself
  connection->on_ready(ready);
}

void Hub::will_flush(std::shared_ptr<WsConnection> link) {
  dirty_.push_back(link);
  if (std::exchange(will_flush_, true)) return;
  asio::post(io, [this, keeps_the_hub = std::move(link)] { flush(); });
}

// What is written may end a link, whose end is news for other links.
void Hub::flush() {
  will_flush_ = true;
  for (std::size_t i = 0; i < dirty_.size(); ++i) std::exchange(dirty_[i], nullptr)->flush();
  dirty_.clear();
  will_flush_ = false;
}

void Hub::forget(Link link) {
  links.erase(link);
  if (links.empty() && when_empty) std::exchange(when_empty, nullptr)();
}

}  // namespace offhook::net
