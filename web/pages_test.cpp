#include "web/pages.hpp"

#include <gtest/gtest.h>

#include <regex>
#include <set>
#include <string>

#include "web/pages_data.hpp"

namespace offhook::web {
namespace {

constexpr const char* k_fronts[] = {"/", "/console"};

TEST(Pages, AFrontPageRefersOnlyToWhatIsServed) {
  for (const auto* front : k_fronts) {
    const std::string html(find_page(front).value().bytes);
    const std::regex reference("(?:src|href)=\"(/[^\"?#]+)\"");
    std::size_t found = 0;
    for (std::sregex_iterator i(html.begin(), html.end(), reference), end; i != end; ++i, ++found) {
      EXPECT_TRUE(find_page(i->str(1))) << i->str(1);
    }
    EXPECT_GE(found, 3u) << front;
  }
}

TEST(Pages, AFrontPageHoldsNothingThatItsContentSecurityPolicyForbids) {
  for (const auto* front : k_fronts) {
    const std::string html(find_page(front).value().bytes);
    EXPECT_FALSE(std::regex_search(html, std::regex("<style|<script>| style=| on[a-z]+=|https?://"))) << front;
  }
}

TEST(Pages, TheLibraryIsThereInBothForms) {
  EXPECT_TRUE(find_page("/offhook.js").value().bytes.find("export") != std::string_view::npos);
  EXPECT_TRUE(find_page("/offhook.global.js").value().bytes.find("var Offhook=") != std::string_view::npos);
}

TEST(Pages, EveryPageHasATypeBytesAndAnEtagOfItsOwn) {
  std::set<std::string_view> etags;
  for (const auto& [path, page] : k_pages) {
    EXPECT_FALSE(page.bytes.empty()) << path;
    EXPECT_FALSE(page.content_type.empty()) << path;
    EXPECT_EQ(page.etag.front(), '"');
    EXPECT_EQ(page.etag.back(), '"');
    EXPECT_TRUE(etags.insert(page.etag).second) << path;
  }
}

TEST(Pages, NothingElseIsThere) {
  for (const auto* path : {"", "/index.html", "/app", "/../pages.cpp", "//", "/app.js/"}) EXPECT_FALSE(find_page(path)) << path;
}

}  // namespace
}  // namespace offhook::web
