#include "sim/chronicle.hpp"

#include <algorithm>
#include <cstdio>
#include <ostream>

#include "wire/codec.hpp"

namespace offhook::sim {
namespace {

namespace event = client::event;

std::string outcome_text(wire::Outcome outcome, std::optional<wire::Reason> reason) {
  return std::string(wire::word(outcome)) + (reason ? "/" + std::string(wire::word(*reason)) : "");
}

const char* word(client::CallMoment moment) {
  static constexpr const char* k_words[] = {"calling", "incoming", "ringing", "connecting", "active", "peer unstable", "peer stable", "legs"};
  return k_words[static_cast<std::size_t>(moment)];
}

const char* word(client::Action action) {
  static constexpr const char* k_words[] = {"answer", "decline", "busy", "cancel", "hang up", "ignore", "media up", "media down"};
  return k_words[static_cast<std::size_t>(action)];
}

std::string text_of(const wire::Snapshot& s) {
  auto text = "v" + std::to_string(s.version) + " " + std::string(wire::word(s.phase)) + ", you " + std::string(wire::word(s.you));
  if (s.ringing) text += ", ringing";
  if (s.peer_unstable) text += ", peer unstable";
  if (s.outcome) text += ", " + outcome_text(*s.outcome, s.reason);
  if (s.device_outcome) text += ", here " + std::string(wire::word(*s.device_outcome));
  return text + (s.merged ? ", merged" : "");
}

std::string text_of(const core::CallRecord& r) {
  auto text = "v" + std::to_string(r.version) + " " + std::string(wire::word(r.phase));
  if (r.outcome) text += " " + outcome_text(*r.outcome, r.reason);
  text += ", " + r.caller + " at " + r.caller_device;
  for (const auto& leg : r.legs) {
    text += "; " + leg.user;
    if (leg.outcome) text += " " + outcome_text(*leg.outcome, leg.reason);
    for (const auto& device : leg.devices) {
      text += " " + device.device + "=" + std::string(wire::word(device.state));
      if (device.outcome) text += ":" + std::string(wire::word(*device.outcome));
    }
  }
  return text;
}

std::optional<CallId> call_in(const wire::ClientMessage& message) {
  return std::visit(
      [](const auto& said) -> std::optional<CallId> {
        if constexpr (requires { said.call_id; }) {
          return said.call_id;
        } else {
          return std::nullopt;
        }
      },
      message);
}

bool is_heartbeat(const wire::ClientMessage& message) {
  return std::holds_alternative<wire::ClientPong>(message) || std::holds_alternative<wire::ClientPing>(message) || std::holds_alternative<wire::Ack>(message);
}

}  // namespace

// --- the number

void Fingerprint::on_told(DeviceIndex device, const client::EngineEvent& told) {
  mix(device);
  mix(told.index());
  if (const auto* call = std::get_if<event::Call>(&told)) mix(static_cast<std::uint64_t>(call->moment) + call->call.handle);
  if (const auto* ended = std::get_if<event::Ended>(&told)) mix(static_cast<std::uint64_t>(ended->outcome) + ended->call.handle);
}

void Fingerprint::on_decided(const Cause&, const core::Record& record) {
  const auto* call = std::get_if<core::CallRecord>(&record);
  if (call == nullptr) return;
  mix(call->id.low());
  mix(call->version);
  mix(static_cast<std::uint64_t>(call->deadline.value_or(Instant{}).time_since_epoch().count()));
}

void Fingerprint::on_said(DeviceIndex device, const wire::ServerMessage& message) {
  ++messages_;
  mix(device);
  mix(message.index());
}

// --- the lines

void Chronicle::note(std::optional<DeviceIndex> device, std::optional<CallId> call, std::string text) {
  lines_.push_back({world_.now(), device, call, std::move(text)});
}

std::string Chronicle::who(std::optional<DeviceIndex> device) const { return device ? world_.device_id_of(*device) : "server"; }

void Chronicle::on_given(DeviceIndex device, const client::Input& input) {
  if (const auto* place = std::get_if<client::PlaceCall>(&input)) {
    std::string whom = place->to;
    if (place->group) {
      for (const auto& user : place->group->users) whom += (whom.empty() ? "group " : ", ") + user;
    }
    note(device, {}, "the person calls " + whom);
  } else if (const auto* act = std::get_if<client::Act>(&input)) {
    note(device, {}, std::string("the person: ") + word(act->action));
  } else if (std::holds_alternative<client::FailMedia>(input)) {
    note(device, {}, "media fails");
  } else if (const auto* request = std::get_if<client::Request>(&input)) {
    note(device, call_in(request->command), "the application asks " + wire::encode(request->command));
  }
}

void Chronicle::on_told(DeviceIndex device, const client::EngineEvent& told) {
  if (const auto* call = std::get_if<event::Call>(&told)) {
    note(device, call->call.call_id, std::string("SHOWS ") + word(call->moment) + " (handle " + std::to_string(call->call.handle & ~(client::Handle{1} << 63)) + ")");
  } else if (const auto* ended = std::get_if<event::Ended>(&told)) {
    note(device, ended->call.call_id, "SHOWS the end: " + outcome_text(ended->outcome, ended->reason) + " (handle " + std::to_string(ended->call.handle & ~(client::Handle{1} << 63)) + ")");
  } else if (const auto* missed = std::get_if<event::Missed>(&told)) {
    note(device, missed->record.call_id, "SHOWS a missed call");
  } else if (const auto* unseen = std::get_if<event::UnseenOutcome>(&told)) {
    note(device, unseen->entry.call_id, "SHOWS what became of an earlier call: " + outcome_text(unseen->entry.outcome, unseen->entry.reason));
  } else if (std::holds_alternative<event::Online>(told)) {
    note(device, {}, "is online");
  } else if (std::holds_alternative<event::Offline>(told)) {
    note(device, {}, "is offline");
  }
}

void Chronicle::on_serving(const Cause& cause) {
  if (cause.command == nullptr || is_heartbeat(*cause.command)) return;
  note(cause.device, call_in(*cause.command), "→ server: " + wire::encode(*cause.command));
}

void Chronicle::on_decided(const Cause& cause, const core::Record& record) {
  static constexpr const char* k_causes[] = {"timer", "link", "command", "backend", "drain", "start", "sender"};
  const auto* call = std::get_if<core::CallRecord>(&record);
  if (call == nullptr) return;
  const auto by = cause.device ? " of " + world_.device_id_of(*cause.device) : "";
  note({}, call->id, "record " + text_of(*call) + "  [" + k_causes[static_cast<std::size_t>(cause.kind)] + by + "]");
}

void Chronicle::on_said(DeviceIndex device, const wire::ServerMessage& message) {
  if (const auto* told = std::get_if<wire::CallEvent>(&message)) {
    note(device, told->call.call_id, "← event " + std::to_string(told->seq) + ": " + text_of(told->call));
  } else if (const auto* reply = std::get_if<wire::Reply>(&message)) {
    const auto* call = std::get_if<wire::CallReply>(&reply->body);
    note(device, call == nullptr ? std::nullopt : std::optional(call->call.call_id), "← reply " + reply->cmd_id + (call == nullptr ? "" : ": " + text_of(call->call)));
  } else if (const auto* error = std::get_if<wire::Error>(&message)) {
    note(device, {}, "← error " + std::string(wire::word(error->error)) + " to " + error->cmd_id.value_or("nothing"));
  } else if (const auto* welcome = std::get_if<wire::Welcome>(&message)) {
    note(device, {}, std::string("← welcome, ") + (welcome->resumed ? "resumed" : "afresh"));
    for (const auto& call : welcome->calls) note(device, call.call_id, "  with " + text_of(call));
  }
}

void Chronicle::on_link(DeviceIndex device, core::LinkId link, bool is_there, std::optional<std::uint16_t> code) {
  note(device, {}, "server: socket " + std::to_string(link.value) + (is_there ? " there" : " gone") + (code ? " with " + std::to_string(*code) : ""));
}

void Chronicle::on_server(bool is_there) { note({}, {}, is_there ? "the server is there" : "the server is gone"); }
void Chronicle::on_application(DeviceIndex device, bool is_there) { note(device, {}, is_there ? "the application is there" : "the application is gone"); }
void Chronicle::on_push(DeviceIndex device, const core::Push& push, PushStep step) {
  if (step != PushStep::Taken) note(device, push.call, step == PushStep::Leaves ? "PUSH leaves the server" : "PUSH arrives");
}

void Chronicle::on_push_settled(DeviceIndex device, const core::Push& push, core::PushState state) {
  static constexpr const char* k_words[] = {"wanted", "accepted", "refused", "failed"};
  note(device, push.call, std::string("→ server: the push is ") + k_words[static_cast<std::size_t>(state)]);
}

void Chronicle::on_fault(std::optional<DeviceIndex> device, const std::string& what) { note(device, {}, "FAULT " + what); }

void Chronicle::print(std::ostream& out, std::optional<CallId> call, std::optional<DeviceIndex> device) const {
  std::set<DeviceIndex> devices;
  if (device) devices.insert(*device);
  auto first = Instant::max(), last = Instant::min();
  for (const auto& line : lines_) {
    if (!call || line.call != call) continue;
    first = std::min(first, line.at);
    last = std::max(last, line.at);
    if (line.device) devices.insert(*line.device);
  }
  for (const auto& line : lines_) {
    const bool is_about = call && line.call == call;
    const bool is_meanwhile = !line.call && line.at >= first - 5s && line.at <= last + 5s && (!line.device || devices.contains(*line.device));
    const bool is_before = !call && device && line.at >= lines_.back().at - 20s && (!line.device || line.device == device);  // of no call
    if ((call || device) && !is_about && !is_meanwhile && !is_before) continue;
    char time[32];
    std::snprintf(time, sizeof time, "%12.6f", static_cast<double>((line.at - begun_).count()) / 1e6);
    const auto name = who(line.device);
    out << time << "  " << name << std::string(name.size() < 10 ? 10 - name.size() : 1, ' ') << line.text
        << (!call && line.call ? "  " + line.call->text() : "") << "\n";
  }
}

}  // namespace offhook::sim
