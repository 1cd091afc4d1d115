#include "web/pages.hpp"

#include <algorithm>

#include "web/pages_data.hpp"

namespace offhook::web {

std::optional<Page> find_page(std::string_view path) {
  const auto found = std::ranges::find(k_pages, path, &NamedPage::path);
  return found == k_pages.end() ? std::nullopt : std::optional(found->page);
}

}  // namespace offhook::web
