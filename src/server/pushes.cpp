#include "server/pushes.hpp"

#include <algorithm>

#include "adapters/webhook/signature.hpp"
#include "server/projects.hpp"
#include "server/webhook_bodies.hpp"
#include "wire/json_object.hpp"

namespace offhook::server {
namespace {

constexpr std::size_t k_max_payload_bytes = 3'072;  // FCM and Web Push carry 4 096, what else the sender adds included
constexpr Duration k_push_timeout = std::chrono::seconds{5};

std::string payload_of(const core::Push& push, Instant now, bool with_data) {
  wire::JsonObject caller;
  caller.text("user", push.caller.user).text_if("device", push.caller.device);
  wire::JsonObject out;
  out.text("type", "call").text("call_id", push.call.text()).text("project", push.user.project).raw("caller", caller.done()).text("to", push.user.user);
  out.text("media", wire::word(push.media));
  if (push.group) out.flag("group", true);
  if (with_data) out.text_if("data", push.data);
  out.number("expires_at_ms", to_unix_ms(push.expires_at));
  return out.number("remaining_ms", std::max<std::int64_t>(to_ms(push.expires_at - now), 0)).done();
}

}  // namespace

std::string to_body(const core::Push& push, Instant now) {
  auto payload = payload_of(push, now, true);
  if (payload.size() > k_max_payload_bytes) payload = payload_of(push, now, false);
  wire::JsonObject data;
  data.text("project", push.user.project).text("user", push.user.user).text("device_id", push.device);
  data.text("provider", wire::word(push.address.provider)).text("token", push.address.token);
  data.text("collapse_key", push.call.text()).raw("payload", payload);
  return wire::JsonObject().text("type", "call.push").text("timestamp", to_iso(now)).raw("data", data.done()).done();
}

Pushes::Pushes(net::Reactor& reactor, const Config& config, const Clock& clock, std::function<void(const std::string&)> problem)
    : reactor_(reactor),
      clock_(clock),
      problem_(std::move(problem)),
      senders_([&] {
        std::vector<Sender> senders;
        const auto add = [&](const ProjectId& project, const std::optional<PushSender>& chosen) {
          if (!chosen) return;
          auto& sender = senders.emplace_back(Sender{project, chosen->url, {}});
          for (const auto& secret : chosen->secrets) sender.keys.push_back(webhook::parse_secret(secret).value());
        };
        for (const auto& project : config.projects) add(project.key, project.push);
        add({}, config.push);
        return senders;
      }()),
      queue_(senders_.size()),
      alarm_(reactor) {
  if (senders_.empty()) return;
  webhook::ClientOptions options;
  options.allowed = config.webhook_allow;
  options.total_timeout = k_push_timeout;
  options.user_agent = "Offhook/" OFFHOOK_VERSION;
  client_ = std::make_unique<webhook::Client>(options, [this](std::uint64_t tag, webhook::Answer answer) {
    reactor_.post([this, tag, answer = std::move(answer)] {
      act([&](webhook::PushActions& out) { queue_.on_answer(clock_.now(), tag, answer, out); });
    });
  });
}

// The project's own, else the one for all, which is the last.
std::optional<std::size_t> Pushes::sender_of(const ProjectId& project) const {
  for (std::size_t i = 0; i < senders_.size(); ++i) {
    if (senders_[i].project == project || senders_[i].project.empty()) return i;
  }
  return std::nullopt;
}

void Pushes::send(core::Push push) {
  const auto sender = sender_of(push.user.project);
  if (!sender) return settle(push, core::PushState::Failed, clock_.now());
  const auto number = ++last_number_;
  const auto expires_at = push.expires_at;
  pending_.emplace(number, Pending{std::move(push), "push_" + make_uuid(), *sender, clock_.now()});
  act([&](webhook::PushActions& out) { queue_.add(clock_.now(), number, *sender, expires_at, out); });
}

std::size_t Pushes::stop(const core::StopPushes& what) {
  const auto stopped = std::erase_if(pending_, [&](const auto& entry) {
    const auto& [number, pending] = entry;
    const bool is_meant = pending.push.call == what.call && pending.push.user == what.user;
    if (is_meant) queue_.drop(number);
    return is_meant;
  });
  set_alarm();
  return stopped;
}

// Later, because whoever asked for the push is still at work.
void Pushes::settle(const core::Push& push, core::PushState state, Instant since) {
  const auto after = clock_.now() - since;
  reactor_.post([this, settled = core::PushSettled{push.call, push.user, push.device, push.address, state}, after] { settled_(settled, after); });
}

void Pushes::act(const std::function<void(webhook::PushActions&)>& step) {
  webhook::PushActions actions;
  step(actions);
  for (auto& action : actions) std::visit([&](auto& wanted) { carry_out(wanted); }, action);
  set_alarm();
}

void Pushes::set_alarm() {
  const auto next = queue_.next_deadline();
  if (!next) return alarm_.cancel();
  alarm_.set(*next - clock_.now(), [this] {
    act([&](webhook::PushActions& out) { queue_.advance(clock_.now(), out); });
  });
}

void Pushes::carry_out(webhook::PushAttempt& attempt) {
  const auto& pending = pending_.at(attempt.number);
  const auto& sender = senders_[pending.sender];
  const auto now = clock_.now();
  webhook::Request request;
  request.tag = attempt.number;
  request.url = sender.url;
  request.body = to_body(pending.push, now);
  const auto made = webhook::sign(pending.id, now, request.body, sender.keys);
  request.headers = {"webhook-id: " + made.id, "webhook-timestamp: " + made.timestamp, "webhook-signature: " + made.signature};
  client_->send(std::move(request));
}

void Pushes::carry_out(webhook::PushOver& over) {
  const auto node = pending_.extract(over.number);
  if (node.empty()) return;
  const auto& [push, id, sender, since] = node.mapped();
  switch (over.verdict) {
    case webhook::PushVerdict::Accepted: return settle(push, core::PushState::Accepted, since);
    case webhook::PushVerdict::Refused: return settle(push, core::PushState::Refused, since);
    case webhook::PushVerdict::Failed: return settle(push, core::PushState::Failed, since);
  }
}

void Pushes::carry_out(webhook::PushSay& say) { problem_("the sender of pushes at " + senders_[say.sender].url + " " + say.what); }

}  // namespace offhook::server
