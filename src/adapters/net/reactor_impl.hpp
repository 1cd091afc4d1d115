// The inside of the reactor, for the translation units of this folder only.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <chrono>
#include <optional>

#include "adapters/net/reactor.hpp"

namespace offhook::net {

namespace asio = boost::asio;

struct Reactor::Impl {
  asio::io_context io{1};  // one thread runs it; post() and stop() may come from others
  asio::executor_work_guard<asio::io_context::executor_type> work{io.get_executor()};
  std::optional<asio::signal_set> signals;
  std::function<void(int)> signal_handler;

  void wait_for_signal();
};

}  // namespace offhook::net
