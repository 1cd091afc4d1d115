#include "adapters/net/hub.hpp"

#include "adapters/net/http_connection.hpp"
#include "adapters/net/ws_connection.hpp"
#include "base/check.hpp"

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

void Hub::forget(Link link) {
  links.erase(link);
  if (links.empty() && when_empty) std::exchange(when_empty, nullptr)();
}

}  // namespace offhook::net
