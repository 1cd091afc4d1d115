// The web pages, as bytes in the program: the demo at / and the library for pages of others.
#pragma once

#include <optional>
#include <string_view>

namespace offhook::web {

// Everything lives as long as the program.
struct Page {
  std::string_view content_type;
  std::string_view bytes;
  std::string_view etag;         // RFC 9110 section 8.8.3, strong, with its quotation marks
  bool for_other_sites = false;  // the library: an app's page of another origin may load it
};

std::optional<Page> find_page(std::string_view path);

}  // namespace offhook::web
