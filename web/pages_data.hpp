// What scripts/build.mjs writes at build time. Private to this folder.
#pragma once

#include <span>
#include <string_view>

#include "web/pages.hpp"

namespace offhook::web {

struct NamedPage {
  std::string_view path;
  Page page;
};

extern const std::span<const NamedPage> k_pages;

}  // namespace offhook::web
