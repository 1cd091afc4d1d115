// offhook project create, list, rotate-secret, disable, enable: for the operator.
#include <boost/json.hpp>
#include <fstream>
#include <iterator>

#include "cli/rest.hpp"
#include "cli/stage.hpp"
#include "offhook/http.hpp"

namespace offhook::cli {
namespace {

namespace json = boost::json;

constexpr std::string_view k_path = "/v1/projects";

// The operator signs as if he were a project of this name.
Environment as_operator(Environment environment) {
  environment.key = k_operator;
  environment.secret = environment.operator_secret;
  return environment;
}

std::string target_of(const std::string& key, std::string_view verb) {
  return std::string(k_path) + "/" + percent_encoded(key) + "/" + std::string(verb);
}

std::string sentence_of_project(const json::object& project) {
  const auto* disabled = project.if_contains("disabled");
  auto out = text_in(project, "key") + "  " + text_in(project, "kind");
  if (const auto name = text_in(project, "name"); !name.empty()) out += ", \"" + name + "\"";
  if (number_in(project, "secrets") > 1) out += ", two secrets";
  if (disabled != nullptr && disabled->is_bool() && disabled->get_bool()) out += ", disabled";
  if (const auto secret = text_in(project, "secret"); !secret.empty()) out += "\nsecret  " + secret;
  return out;
}

ExitCode send(const Arguments& arguments, const Environment& environment, const std::string& target, const std::string& body) {
  const Report report(arguments.has("--json"));
  const auto operators = as_operator(environment);
  Rest rest(operators, report);
  const auto project = rest.ask("POST", target, body);
  if (!project) return rest.exit_code();
  report.say_line(json::serialize(*project), sentence_of_project(*project));
  return k_done;
}

}  // namespace

ExitCode run_project_create(const Arguments& arguments, const Environment& environment) {
  Json body;
  for (const auto& [option, name] : {std::pair{"--name", "name"}, std::pair{"--key", "key"}, std::pair{"--secret", "secret"}}) {
    if (const auto value = arguments.text(option)) body.text(name, *value);
  }
  if (const auto file = arguments.text("--public-key")) {
    std::ifstream stream(*file);
    const std::string pem{std::istreambuf_iterator<char>(stream), {}};
    if (pem.empty()) return UsageError{"--public-key: " + *file + " cannot be read, or is empty."};
    body.text("public_key", pem);
  }
  return send(arguments, environment, std::string(k_path), body.done());
}

ExitCode run_project_list(const Arguments& arguments, const Environment& environment) {
  const Report report(arguments.has("--json"));
  const auto operators = as_operator(environment);
  Rest rest(operators, report);
  const auto answer = rest.ask("GET", std::string(k_path));
  if (!answer) return rest.exit_code();
  const auto* list = answer->if_contains("projects");
  if (list == nullptr || !list->is_array()) return k_done;
  for (const auto& project : list->get_array()) {
    if (const auto* object = project.if_object()) report.say_line(json::serialize(*object), sentence_of_project(*object));
  }
  return k_done;
}

ExitCode run_project_rotate(const Arguments& arguments, const Environment& environment) {
  const auto body = arguments.has("--finish") ? std::string(R"({"finish":true})") : std::string("{}");
  return send(arguments, environment, target_of(arguments.operands[0], "rotate-secret"), body);
}

ExitCode run_project_disable(const Arguments& arguments, const Environment& environment) {
  return send(arguments, environment, target_of(arguments.operands[0], "disable"), "{}");
}

ExitCode run_project_enable(const Arguments& arguments, const Environment& environment) {
  return send(arguments, environment, target_of(arguments.operands[0], "enable"), "{}");
}

}  // namespace offhook::cli
