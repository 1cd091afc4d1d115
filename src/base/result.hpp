// A value or an error. std::expected is C++23; this is the little of it we use.
#pragma once

#include <utility>
#include <variant>

#include "base/check.hpp"

namespace offhook {

template <class T, class E>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(E error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  // REQUIRES: ok().
  const T& value() const& { CHECK(ok()); return *std::get_if<0>(&state_); }
  T& value() & { CHECK(ok()); return *std::get_if<0>(&state_); }
  T&& value() && { CHECK(ok()); return std::move(*std::get_if<0>(&state_)); }
  const T& operator*() const& { return value(); }
  T& operator*() & { return value(); }
  const T* operator->() const { return &value(); }
  T* operator->() { return &value(); }

  // REQUIRES: !ok().
  const E& error() const { CHECK(!ok()); return *std::get_if<1>(&state_); }

 private:
  std::variant<T, E> state_;
};

}  // namespace offhook
