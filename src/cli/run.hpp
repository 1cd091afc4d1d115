// The commands. Each runs to its end and gives the exit code of the program, or says what was wrong with its arguments.
#pragma once

#include <string>

#include "base/result.hpp"
#include "cli/arguments.hpp"
#include "cli/environment.hpp"
#include "offhook/client.hpp"

namespace offhook::cli {

using ExitCode = Result<int, UsageError>;

ExitCode run_listen(const Arguments& arguments, const Environment& environment);
ExitCode run_call(const Arguments& arguments, const Environment& environment);
ExitCode run_load(const Arguments& arguments, const Environment& environment);
ExitCode run_token(const Arguments& arguments, const Environment& environment);
ExitCode run_calls_create(const Arguments& arguments, const Environment& environment);
ExitCode run_calls_list(const Arguments& arguments, const Environment& environment);
ExitCode run_calls_get(const Arguments& arguments, const Environment& environment);
ExitCode run_explain(const Arguments& arguments, const Environment& environment);
ExitCode run_calls_end(const Arguments& arguments, const Environment& environment);
ExitCode run_calls_add(const Arguments& arguments, const Environment& environment);
ExitCode run_rules_get(const Arguments& arguments, const Environment& environment);
ExitCode run_webhooks_list(const Arguments& arguments, const Environment& environment);
ExitCode run_webhooks_events(const Arguments& arguments, const Environment& environment);
ExitCode run_webhooks_replay(const Arguments& arguments, const Environment& environment);
ExitCode run_replay(const Arguments& arguments, const Environment& environment);
ExitCode run_rules_set(const Arguments& arguments, const Environment& environment);
ExitCode run_project_create(const Arguments& arguments, const Environment& environment);
ExitCode run_project_list(const Arguments& arguments, const Environment& environment);
ExitCode run_project_rotate(const Arguments& arguments, const Environment& environment);
ExitCode run_project_disable(const Arguments& arguments, const Environment& environment);
ExitCode run_project_enable(const Arguments& arguments, const Environment& environment);

// What the commands share. A name that no user or device can have is an error.
std::optional<UsageError> problem_of_user(const UserId& user);
Result<ClientOptions, UsageError> client_options(const Arguments& arguments, const Environment& environment, const UserId& user);
// What to do about a problem that keeps this program from the server: its own sentence, and what helps.
std::string advice_on(const Problem& problem, const Environment& environment);

}  // namespace offhook::cli
