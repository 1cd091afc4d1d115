#include "commands.hpp"

#include "wire/codec.hpp"
#include "wire/limits.hpp"

namespace offhook::client {
namespace {

// The server checks what the application has put into a command, but of a text that is no UTF-8 it could not even tell which
// command it was.
std::optional<Problem> problem_of(const wire::ClientMessage& command) {
  const auto text = wire::encode(command);
  if (text.size() > wire::k_max_frame_bytes) {
    return Problem{"too_large", "The command takes " + std::to_string(text.size()) + " bytes; a message holds 65536."};
  }
  const auto decoded = wire::decode_client(text);
  if (decoded || decoded.error().error != wire::ErrorWord::BadJson) return std::nullopt;
  return Problem{"bad_field", "The command holds a text that is not UTF-8."};
}

}  // namespace

bool Commands::is_asked_for(const Pending& pending) {
  return std::holds_alternative<ForRequest>(pending.owner) || std::holds_alternative<wire::Invite>(pending.command);
}

// The limit is for what the application asks. What the engine says of its own is bounded by the number of calls, and must not be
// refused: a call would be left behind.
std::optional<Problem> Commands::submit(wire::ClientMessage command, Owner owner) {
  Pending pending{desk_.options.command_prefix + std::to_string(++count_), std::move(command), owner, 0, {}};
  std::visit(
      [&](auto& said) {
        if constexpr (requires { said.cmd_id; }) said.cmd_id = pending.cmd_id;
      },
      pending.command);
  if (is_asked_for(pending)) {
    if (pending_.size() >= k_max_pending) {
      return Problem{"limit_reached", "256 commands wait for the server's answer; wait for some of them."};
    }
    if (auto problem = problem_of(pending.command)) return problem;
  }
  pending_.push_back(std::move(pending));
  if (link_.is_up()) send(pending_.back());
  return std::nullopt;
}

void Commands::send_all() {
  for (auto& pending : pending_) {
    if (pending.sent_on != link_.number()) send(pending);
  }
}

void Commands::send(Pending& pending) {
  if (pending.sent_on == 0 && std::holds_alternative<wire::Invite>(pending.command)) {
    for (const auto after : k_invite_resends) pending.resends.push_back(desk_.now + after);
  }
  pending.sent_on = link_.number();
  link_.send(pending.command);
  link_.doubt();
}

std::optional<Pending> Commands::take(const std::string& cmd_id) {
  for (auto it = pending_.begin(); it != pending_.end(); ++it) {
    if (it->cmd_id != cmd_id) continue;
    auto taken = std::move(*it);
    pending_.erase(it);
    return taken;
  }
  return std::nullopt;
}

bool Commands::postpone(const std::string& cmd_id) {
  auto* pending = find([&](const Pending& p) { return p.cmd_id == cmd_id; });
  if (pending == nullptr) return false;
  pending->resends = {desk_.now + k_rate_limited_pause};
  return true;
}

std::vector<Pending> Commands::drop(const std::function<bool(const Pending&)>& is_useless) {
  std::vector<Pending> dropped;
  for (auto it = pending_.begin(); it != pending_.end();) {
    if (!is_useless(*it)) {
      ++it;
      continue;
    }
    dropped.push_back(std::move(*it));
    it = pending_.erase(it);
  }
  return dropped;
}

Pending* Commands::find(const std::function<bool(const Pending&)>& is_wanted) {
  const auto found = std::find_if(pending_.begin(), pending_.end(), is_wanted);
  return found == pending_.end() ? nullptr : &*found;
}

std::optional<Instant> Commands::deadline() const {
  std::optional<Instant> first;
  if (!link_.is_up()) return first;
  for (const auto& pending : pending_) {
    if (!pending.resends.empty()) first = earliest(first, pending.resends.front());
  }
  return first;
}

void Commands::advance() {
  if (!link_.is_up()) return;
  for (auto& pending : pending_) {
    if (pending.resends.empty() || pending.resends.front() > desk_.now) continue;
    std::erase_if(pending.resends, [&](Instant at) { return at <= desk_.now; });
    send(pending);
  }
}

}  // namespace offhook::client
