// With what a project signs.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace offhook::wire {

struct ProjectKeys {
  std::vector<std::string> secrets;  // any of them has signed; the first is the one to sign with. None is empty
  std::string public_key;            // PEM of an RSA key: the project is an application, and its OpenTok tokens are signed RS256
};

// Nothing for a project that is not known, or disabled.
using KeysOf = std::function<std::optional<ProjectKeys>(std::string_view project)>;

}  // namespace offhook::wire
