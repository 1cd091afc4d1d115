// One webhook of a project, as the operator has written it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace offhook::server {

// How events look: Offhook's own, signed; or as OpenTok's session monitoring tells of connections and streams.
enum class Dialect { Offhook, OpenTok };

struct Webhook {
  std::string name;                  // unique in its project; what waits for it is kept under this name
  std::string url;
  Dialect dialect = Dialect::Offhook;
  std::vector<std::string> secrets;  // "whsec_…"; each signs
  std::vector<std::string> events;   // "call.ended", "call.*"; empty: all the dialect has

  // `type`: of core/notices.hpp.
  bool wants(std::string_view type) const;
};

inline constexpr std::size_t k_max_webhooks = 100;  // of all projects: 800 connections at once

bool is_of_session(std::string_view type);

// "call.*" stands for all that begin so; false if it stands for none.
bool is_pattern(std::string_view pattern);

}  // namespace offhook::server
