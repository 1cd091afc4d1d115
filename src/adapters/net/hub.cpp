#include "adapters/net/hub.hpp"

#include "adapters/net/http_connection.hpp"
#include "adapters/net/ws_connection.hpp"
#include "base/check.hpp"

#include <boost/asio/post.hpp>

namespace offhook::net {

bool Census::can_admit(const asio::ip::address& address) const {
  if (total_ >= max_) return false;
  if (max_per_address_ == 0) return true;
  const auto found = per_address_.find(address);
  return found == per_address_.end() || found->second < max_per_address_;
}

void Census::enter(const asio::ip::address& address) {
  ++total_;
  if (max_per_address_ != 0) ++per_address_[address];
}

void Census::leave(const asio::ip::address& address) {
  CHECK(total_ > 0);
  --total_;
  if (max_per_address_ == 0) return;
  const auto found = per_address_.find(address);
  CHECK(found != per_address_.end());
  if (--found->second == 0) per_address_.erase(found);
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
