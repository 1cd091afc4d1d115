#include "cli/call_options.hpp"

#include "wire/codec.hpp"

namespace offhook::cli {

Result<CallOptions, UsageError> call_options(const Arguments& arguments) {
  CallOptions out;
  for (const auto& timer : k_call_timers) {
    const auto given = duration(arguments, timer.option, timer.least, timer.most);
    if (!given) return given.error();
    out.*timer.value = *given;
  }
  const auto policy = choice(arguments, "--decline-policy", {"first_decline", "all_devices"});
  if (!policy) return policy.error();
  if (*policy) out.decline_policy = wire::parse_decline_policy(**policy);
  out.wait_full_ring = arguments.has("--wait-full-ring");
  out.data = arguments.text("--data");
  return out;
}

bool is_group(const Arguments& arguments, const std::vector<std::string>& users) {
  return users.size() > 1 || arguments.has("--mode");
}

Result<Group, UsageError> group_options(const Arguments& arguments, const std::vector<std::string>& users) {
  constexpr std::size_t k_least = 2, k_most = 16;  // PROTOCOL.md section 6.5
  if (users.size() < k_least || users.size() > k_most)
    return UsageError{"A group has 2 to 16 users who are called; name each of them."};
  const auto mode = choice(arguments, "--mode", {"first_answer", "all_join"});
  if (!mode) return mode.error();
  const auto leaves = choice(arguments, "--owner-leaves", {"end", "stay"});
  if (!leaves) return leaves.error();
  Group group{users, wire::GroupMode::AllJoin, wire::OwnerLeaves::End};
  if (*mode == "first_answer") group.mode = wire::GroupMode::FirstAnswer;
  if (*leaves == "stay") group.owner_leaves = wire::OwnerLeaves::Stay;
  return group;
}

Result<std::optional<Outcome>, UsageError> outcome_in(const Arguments& arguments, std::string_view option) {
  using Value = std::optional<Outcome>;
  const auto word = arguments.text(option);
  if (!word) return Value{};
  const auto outcome = wire::parse_outcome(*word);
  if (outcome) return Value(*outcome);
  return UsageError{std::string(option) + " needs an outcome such as ended, declined, busy or no_answer, not \"" +
                    *word + "\"."};
}

}  // namespace offhook::cli
