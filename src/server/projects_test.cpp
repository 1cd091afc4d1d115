// What a server's projects are limited to, by its own REST interface.
#include "server/projects.hpp"

#include <gtest/gtest.h>

#include "adapters/store/memory_store.hpp"
#include "wire/token.hpp"

namespace offhook::server {
namespace {

constexpr Instant k_now{std::chrono::seconds{1'800'000'000}};

class ProjectsOfAnOperator : public testing::Test {
 protected:
  ProjectsOfAnOperator() { config.operator_secret = "a secret of the operator"; }

  std::string authorization() const {
    wire::TokenClaims claims;
    claims.project = std::string(k_operator);
    claims.scope = wire::Scope::Admin;
    claims.expires_at = k_now + std::chrono::hours{1};
    return "Bearer " + wire::make_token(claims, config.operator_secret);
  }
  net::HttpResponse ask(Projects& projects, const std::string& path, const std::string& body) {
    net::HttpRequest request;
    request.method = "POST";
    request.path = path;
    request.body = body;
    request.authorization = authorization();
    net::HttpResponse answered;
    projects.answer(request, k_now, [&](net::HttpResponse response) { answered = std::move(response); });
    return answered;
  }
  static core::ProjectRecord project(std::size_t number) {
    core::ProjectRecord record;
    record.key = std::to_string(number);
    record.secrets = {"a secret of the project"};
    return record;
  }

  Config config;
  store::MemoryStore store;
};

TEST_F(ProjectsOfAnOperator, TenThousandAndNoMoreAreMade) {
  std::vector<core::Record> kept;
  for (std::size_t i = 1; i < k_max_projects; ++i) kept.emplace_back(project(i));
  Projects projects(config, store);
  projects.restore(kept);
  EXPECT_EQ(ask(projects, "/v1/projects", "{}").status, 201u);
  const auto refused = ask(projects, "/v1/projects", "{}");
  EXPECT_EQ(refused.status, 409u);
  EXPECT_NE(refused.body.find("limit_reached"), std::string::npos);
  EXPECT_TRUE(projects.keys_of("1")) << "the others are as they were";
}

TEST_F(ProjectsOfAnOperator, TwoSecretsAreGoodAtATime) {
  Projects projects(config, store);
  projects.restore({project(7)});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(ask(projects, "/v1/projects/7/rotate-secret", "{}").status, 200u);
  EXPECT_EQ(projects.shown("7").secrets.size(), k_max_live_secrets);
  EXPECT_EQ(ask(projects, "/v1/projects/7/rotate-secret", R"({"finish":true})").status, 200u);
  EXPECT_EQ(projects.shown("7").secrets.size(), 1u);
}

}  // namespace
}  // namespace offhook::server
