#include "server/explain.hpp"

#include <algorithm>
#include <cstdio>

#include "server/records.hpp"
#include "wire/json_object.hpp"

namespace offhook::server {
namespace {

using core::CallRecord;
using core::LegRecord;
using core::Note;
using core::NoteKind;
using core::TimerKind;
using wire::DeviceState;
using wire::Outcome;
using wire::Phase;
using wire::Reason;

std::string seconds(Duration time) {
  const auto ms = std::max<std::int64_t>(to_ms(time), 0);
  char text[32];
  std::snprintf(text, sizeof text, ms % 1000 == 0 ? "%.0f s" : ms < 1000 ? "%.3f s" : "%.1f s", static_cast<double>(ms) / 1000);
  return text;
}

std::string who(const UserId& user, const DeviceId& device) {
  if (user.empty()) return "the call";
  return device.empty() ? user : user + " (" + device + ")";
}

// The call, and what its time line can be asked.
class Story {
 public:
  explicit Story(const CallRecord& call) : call_(call), leg_(&call.legs.front()) {
    for (const auto& leg : call.legs) {
      if (leg.outcome == call.outcome && leg.reason == call.reason) {
        leg_ = &leg;
        break;
      }
    }
  }

  const CallRecord& call() const { return call_; }
  const LegRecord& leg() const { return *leg_; }
  const UserId& caller() const { return call_.caller; }
  const UserId& callee() const { return leg_->user; }
  const LegRecord& leg_of(bool caller_side) const { return caller_side ? call_.caller_leg : *leg_; }
  DeviceId speaker(bool caller_side) const { return leg_of(caller_side).winner.value_or(""); }

  Duration after(Instant moment) const { return moment - call_.created_at; }
  std::string at(Instant moment) const { return seconds(after(moment)) + " after the invite"; }
  Instant end() const { return call_.ended_at.value_or(call_.created_at); }

  // The last note of this kind and, where they are given, of this user, device and command.
  const Note* last(NoteKind kind, const UserId& user = {}, const DeviceId& device = {}, std::string_view command = {}) const {
    const auto found = std::find_if(call_.notes.rbegin(), call_.notes.rend(), [&](const Note& note) {
      return note.kind == kind && (user.empty() || note.user == user) && (device.empty() || note.device == device) &&
             (command.empty() || note.command == command);
    });
    return found == call_.notes.rend() ? nullptr : &*found;
  }
  bool server_restarted() const { return last(NoteKind::Restarted) != nullptr; }

  // Since when this device has been away without coming back.
  const Note* lost(const UserId& user, const DeviceId& device) const {
    const auto* gone = last(NoteKind::Lost, user, device);
    const auto* back = last(NoteKind::Back, user, device);
    return gone != nullptr && (back == nullptr || back->at < gone->at) ? gone : nullptr;
  }

 private:
  const CallRecord& call_;
  const LegRecord* leg_;  // the one whose outcome became the call's
};

std::string names(const std::vector<core::DeviceRecord>& devices) {
  std::string out;
  for (const auto& device : devices) out += (out.empty() ? "" : ", ") + device.device;
  return out;
}

std::string restart_note(const Story& story) {
  return story.server_restarted() ? " The server was restarted during this call." : "";
}

// --- before the answer

std::vector<core::DeviceRecord> devices_with(const core::LegRecord& leg, core::PushState state) {
  std::vector<core::DeviceRecord> found;
  std::copy_if(leg.devices.begin(), leg.devices.end(), std::back_inserter(found), [&](const auto& device) { return device.push == state; });
  return found;
}

// A push was to wake a device, and it did not come. The worst cause first: it is the one that can be mended.
std::optional<Explanation> not_woken(const Story& story) {
  const auto& leg = story.leg();
  const std::string good = "a push was to be sent";
  const auto refused = devices_with(leg, core::PushState::Refused);
  if (refused.size() == leg.devices.size()) {
    return Explanation{"No device of " + story.callee() + " had a link, and the pushes to all of them (" + names(refused) + ") were refused: there are no such addresses any more.",
                       good, "The app was removed from the device, or its push token has changed; the device registers again when the app is opened."};
  }
  if (const auto failed = devices_with(leg, core::PushState::Failed); !failed.empty()) {
    return Explanation{"The push that was to wake " + who(story.callee(), failed.front().device) + " was not taken by the sender of pushes in time.", good,
                       "Look at the server's log for what the sender answered, and at the sender itself (docs/push.md)."};
  }
  if (const auto unknown = devices_with(leg, core::PushState::Wanted); !unknown.empty()) {
    return Explanation{"The sender of pushes had not answered yet for " + who(story.callee(), unknown.front().device) + " when the time was over." + restart_note(story), good,
                       "The sender must answer within a few seconds (docs/push.md)."};
  }
  for (const auto& device : devices_with(leg, core::PushState::Accepted)) {
    if (story.last(NoteKind::Back, story.callee(), device.device) != nullptr) continue;
    return Explanation{"A push for " + who(story.callee(), device.device) + " was accepted" + (device.pushed_again ? " twice" : "") + ", but the device did not connect within " +
                           seconds(story.after(story.end())) + ".",
                       "the push was accepted", "The device was off or without a network, or its system held the push back: is it sent with high priority (docs/push.md)?"};
  }
  return std::nullopt;
}

Explanation unreachable(const Story& story) {
  const auto& leg = story.leg();
  if (leg.silent) return {story.callee() + " has blocked " + story.caller() + "; the setting blocked_as makes that \"unreachable\".", "the call was placed", ""};
  if (leg.devices.empty()) {
    return {story.callee() + " had no device online, and none came within " + seconds(story.after(story.end())) + ".", "the call was placed",
            "Is the app of " + story.callee() + " running and connected? Only a device with a connection to the server can ring."};
  }
  if (const auto push = not_woken(story)) return *push;
  for (const auto& device : leg.devices) {
    if (const auto* gone = story.lost(story.callee(), device.device)) {
      return {"The device " + device.device + " of " + story.callee() + " was told of the call and lost its link " + story.at(gone->at) +
                  ", before it acknowledged that it rings." + restart_note(story),
              "the device was told", "Look at the network of that device, or at whether its app was killed."};
    }
  }
  return {"The devices of " + story.callee() + " (" + names(leg.devices) + ") were told and their links were up, but none acknowledged that it rings within " +
              seconds(story.after(story.end())) + ".",
          "the devices were told", "The app must send ring_ack when it shows the call; look at what it does with an incoming call."};
}

Explanation no_answer(const Story& story) {
  const auto& leg = story.leg();
  const auto rang = leg.rang_at ? story.end() - *leg.rang_at : Duration{};
  return {"It rang at " + story.callee() + " (" + names(leg.devices) + ") for " + seconds(rang) + ", and nobody answered.", "it rang",
          "Nothing is broken. The times are ring_timeout and setup_timeout, or ring_timeout_ms of the invite."};
}

Explanation cancelled(const Story& story) {
  const auto device = story.speaker(true);
  const std::string good = story.leg().rang_at ? "it rang" : "the call was placed";
  if (story.call().reason == Reason::ByApi) return {"The app's backend withdrew the call " + story.at(story.end()) + ".", good, ""};
  if (story.call().reason != Reason::CallerLost) {
    return {story.caller() + " withdrew the call " + story.at(story.end()) + ".", good, ""};
  }
  if (story.last(NoteKind::Command, story.caller(), device, "give_up") != nullptr) {
    return {"The device of " + story.caller() + " had given the call up by its own watchdog, because the server's word did not come.", good,
            "Look at the network of that device."};
  }
  const auto* gone = story.lost(story.caller(), device);
  return {"The link of " + who(story.caller(), device) + " was lost" + (gone == nullptr ? "" : " " + story.at(gone->at)) +
              " and did not come back within caller_grace, so the call was withdrawn." + restart_note(story),
          good, "Look at the network of the caller's device, or at whether its app was killed."};
}

// The device of the callee that sent this command.
DeviceId sender(const Story& story, std::string_view command) {
  const auto* note = story.last(NoteKind::Command, story.callee(), {}, command);
  return note == nullptr ? DeviceId() : note->device;
}

Explanation declined(const Story& story) {
  if (story.call().reason == Reason::ByDndRule) {
    return {story.callee() + " does not want to be disturbed (rules of the user).", "the call was placed", "The user can change that: PUT /v1/users/{user}/rules."};
  }
  if (story.leg().silent) return {story.callee() + " has blocked " + story.caller() + "; the setting blocked_as makes that \"declined\".", "the call was placed", ""};
  return {who(story.callee(), sender(story, "decline")) + " declined " + story.at(story.end()) + ".", "it rang", ""};
}

Explanation busy(const Story& story) {
  if (story.call().reason == Reason::RingSlotsFull) {
    return {"As many calls as " + story.callee() + " wants were ringing there already.", "the call was placed",
            "The number is max_parallel_rings in the rules of the user."};
  }
  if (story.call().reason == Reason::DeviceBusyAll) {
    return {"Every device of " + story.callee() + " (" + names(story.leg().devices) + ") said that it is in another call.", "the devices were told", ""};
  }
  const auto device = sender(story, "decline busy");
  if (!device.empty()) return {"A person said \"busy\" on " + who(story.callee(), device) + " " + story.at(story.end()) + ".", "it rang", ""};
  return {story.callee() + " was in a call, and call waiting does not let another one through (or the two of them were in a call with each other).",
          "the call was placed", "The rule is call_waiting of the user."};
}

Explanation failed(const Story& story) {
  const auto placed = [](std::string why, std::string advice) { return Explanation{std::move(why), "the invite arrived", std::move(advice)}; };
  const auto reason = story.call().reason.value_or(Reason::Internal);
  if (reason == Reason::NoSuchUser) return placed("The server has never seen " + story.callee() + ", and users.refuse_unknown is on.", "Check the name of the user.");
  if (reason == Reason::NotAllowed) return placed(story.caller() + " called oneself.", "Call somebody else.");
  if (reason == Reason::Blocked) return placed(story.callee() + " has blocked " + story.caller() + ".", "");
  if (reason == Reason::RateLimited) {
    return placed("There were more rings a minute than [limits] allows to " + story.caller() + ", from one to the other, or at " + story.callee() + ".",
                  "See rings_per_caller, rings_per_pair and rings_per_callee.");
  }
  if (reason == Reason::Overloaded) return placed("The server had as many live calls as it can carry.", "Place the call again later.");
  if (reason == Reason::ServerShutdown) return {"The server was told to stop, and its drain time was over or it took no new calls.", "the server ran", "Place the call again."};
  return placed("A fault of the server.", "Look at its log, and report it.");
}

// --- after the answer

// Whose media never came: by what each side's speaker last said, or with media "none" by who has joined the session.
bool has_media(const Story& story, bool caller_side) {
  const auto& leg = story.leg_of(caller_side);
  const auto device = story.speaker(caller_side);
  if (story.call().media == wire::Media::None) return story.last(NoteKind::Joined, leg.user, device) != nullptr;
  return story.last(NoteKind::Command, leg.user, device, "media_up") != nullptr;
}

Explanation connect_timeout(const Story& story) {
  const bool none = story.call().media == wire::Media::None;
  const std::string missing = none ? " never joined the session of the call" : " never said that it receives the other side's media";
  std::string why = who(story.callee(), story.speaker(false)) + " answered, but within connect_timeout ";
  const auto caller = who(story.caller(), story.speaker(true));
  const auto callee = who(story.callee(), story.speaker(false));
  if (has_media(story, true)) why += callee + missing;
  else if (has_media(story, false)) why += caller + missing;
  else why += "neither " + caller + " nor " + callee + (none ? " joined the session of the call" : " said that it receives the other side's media");
  return {why + "." + restart_note(story), "it was answered",
          none ? "The app must connect to the session of the call when it is told its id."
               : "Media cannot get through between the two: behind strict firewalls a TURN server is needed ([[ice_server]])."};
}

Explanation connect_failed(const Story& story) {
  const auto* said = story.last(NoteKind::Command, {}, {}, "media_failed");
  const auto side = said == nullptr ? std::string("a side") : who(said->user, said->device);
  switch (story.call().reason.value_or(Reason::Timeout)) {
    case Reason::IceFailed:
      return {side + " found no network path to the other side.", "it was answered", "Behind strict firewalls a TURN server is needed ([[ice_server]])."};
    case Reason::Permission:
      return {"The person at " + side + " did not allow the microphone or the camera.", "it was answered", "Ask for the permission before the call."};
    case Reason::CallerMedia:
    case Reason::CalleeMedia:
      return {"The microphone or the camera of " + side + " could not be used.", "it was answered", "Is another program using it?"};
    default: return connect_timeout(story);
  }
}

Explanation media_lost(const Story& story) {
  const auto* said = story.last(NoteKind::Command, {}, {}, "media_down");
  const auto side = said == nullptr ? std::string("A side") : who(said->user, said->device);
  return {side + " stopped receiving the other side's media" + (said == nullptr ? "" : " " + story.at(said->at)) +
              ", and it did not come back within drop_grace, though both were connected to the server." + restart_note(story),
          "both had media", "Look at the path between the two: a firewall, a TURN server that stopped, a network that changed."};
}

Explanation dropped(const Story& story) {
  const auto reason = story.call().reason;
  if (reason == Reason::MediaLost) return media_lost(story);
  const bool caller_side = reason != Reason::CalleeLost;
  const auto& leg = story.leg_of(caller_side);
  const auto device = story.speaker(caller_side);
  const std::string good = story.call().active_at ? "they talked" : "it was answered";
  if (story.last(NoteKind::Command, leg.user, device, "give_up") != nullptr) {
    return {"The device " + who(leg.user, device) + " had given the call up by its own watchdog, because the server's word did not come." + restart_note(story), good,
            "Look at the network of that device."};
  }
  const auto* gone = story.lost(leg.user, device);
  const std::string both = reason == Reason::BothLost ? "The links of both were lost; that of " : "The link of ";
  return {both + who(leg.user, device) + " was lost" + (gone == nullptr ? "" : " " + story.at(gone->at)) + " and did not come back within " +
              (story.server_restarted() ? "drop_grace." : seconds(story.call().plan.drop_grace) + " (drop_grace).") + restart_note(story),
          good, "Look at the network of that device, or at whether its app was killed."};
}

Explanation ended(const Story& story) {
  const auto talk = story.call().active_at ? story.end() - *story.call().active_at : Duration{};
  const auto after = " after " + seconds(talk) + " of talking.";
  switch (story.call().reason.value_or(Reason::ByApi)) {
    case Reason::ByCaller: return {who(story.caller(), story.speaker(true)) + " hung up" + after, "they talked", ""};
    case Reason::ByCallee: return {who(story.callee(), story.speaker(false)) + " hung up" + after, "they talked", ""};
    case Reason::ByApi: return {"The app's backend or the operator ended the call" + after, "they talked", ""};
    case Reason::MaxDuration: return {"The call had lasted as long as a call may, " + seconds(talk) + ".", "they talked", "The setting is max_duration."};
    case Reason::Alone: return {"One was left in the group, and nobody came within alone_timeout.", "they talked", ""};
    default: return {"The last one left the group.", "they talked", ""};
  }
}

Explanation live(const Story& story) {
  switch (story.call().phase) {
    case Phase::Inviting: return {std::string("The call is live: ") + (story.leg().rang_at ? "it rings." : "no device has acknowledged yet that it rings."), "the call was placed", ""};
    case Phase::Connecting: return {"The call is live: answered, and not both have media yet.", "it was answered", ""};
    case Phase::Active:
    case Phase::Ended: break;
  }
  return {"The call is live: they talk.", "they talk", ""};
}

Explanation explain(const Story& story) {
  if (!story.call().outcome) return live(story);
  switch (*story.call().outcome) {
    case Outcome::Ended: return ended(story);
    case Outcome::Declined: return declined(story);
    case Outcome::Busy: return busy(story);
    case Outcome::NoAnswer: return no_answer(story);
    case Outcome::Unreachable: return unreachable(story);
    case Outcome::Cancelled: return cancelled(story);
    case Outcome::ConnectFailed: return connect_failed(story);
    case Outcome::Dropped: return dropped(story);
    case Outcome::Failed:
    case Outcome::AnsweredElsewhere:
    case Outcome::DeclinedElsewhere:
    case Outcome::BusyElsewhere:
    case Outcome::Missed:
    case Outcome::MovedElsewhere:
    case Outcome::LostContact: break;
  }
  return failed(story);
}

std::string told(const Note& note) {
  std::string out = who(note.user, note.device) + " is told: " + std::string(note.phase ? wire::word(*note.phase) : "");
  if (note.state) out += ", it is " + std::string(wire::word(*note.state));
  if (note.outcome) out += ", for it " + std::string(wire::word(*note.outcome));
  return out;
}

std::string decided(const Note& note) {
  std::string out = (note.user.empty() ? "the call ends: " : "over for " + note.user + ": ") + std::string(note.outcome ? wire::word(*note.outcome) : "");
  return note.reason ? out + " (" + std::string(wire::word(*note.reason)) + ")" : out;
}

std::string_view name_of(NoteKind kind) {
  const auto found = std::find_if(core::k_note_names.begin(), core::k_note_names.end(), [&](const auto& named) { return named.first == kind; });
  return found == core::k_note_names.end() ? std::string_view() : found->second;
}

}  // namespace

Explanation explain(const CallRecord& call) { return explain(Story(call)); }

std::string sentence(const Note& note) {
  const auto subject = who(note.user, note.device);
  const auto timer = note.timer ? std::string(core::name_of(*note.timer)) : std::string();
  switch (note.kind) {
    case NoteKind::Placed: return note.device.empty() ? "the backend places the call for " + subject : subject + " places the call";
    case NoteKind::Asked: return note.device.empty() ? subject + " has no device online" : subject + " is online and is to be told";
    case NoteKind::Command: return subject + " says " + note.command;
    case NoteKind::Told: return told(note);
    case NoteKind::Lost: return "the link of " + subject + " is lost";
    case NoteKind::Back: return subject + " has a link";
    case NoteKind::Joined: return subject + " joins the session of the call";
    case NoteKind::Left: return subject + " leaves the session of the call";
    case NoteKind::Armed: return "the deadline \"" + timer + "\"" + (note.user.empty() ? "" : " of " + note.user) + " runs, for " + seconds(note.due.value_or(note.at) - note.at);
    case NoteKind::Fired: return "the deadline \"" + timer + "\"" + (note.user.empty() ? "" : " of " + note.user) + " is over";
    case NoteKind::Restarted: return "the server has started again";
    case NoteKind::Decided: return decided(note);
    case NoteKind::Ended: return "the backend ends the call";
    case NoteKind::Pushed: return "a push is to wake " + subject + ", which has no link";
    case NoteKind::PushAccepted: return "the push to " + subject + " is accepted";
    case NoteKind::PushRefused: return "the push to " + subject + " is refused: there is no such address any more";
    case NoteKind::PushFailed: return "nobody has taken the push to " + subject;
    case NoteKind::LeftOut: return "what happened from here on is not kept: there was too much of it";
  }
  return {};
}

std::string note_json(const CallRecord& call, const Note& note) {
  wire::JsonObject out;
  out.number("at_ms", to_unix_ms(note.at)).number("after_ms", to_ms(note.at - call.created_at)).text("kind", name_of(note.kind));
  if (!note.user.empty()) out.text("user", note.user);
  if (!note.device.empty()) out.text("device", note.device);
  if (!note.command.empty()) out.text("command", note.command);
  out.word_if("phase", note.phase).word_if("you", note.state).word_if("outcome", note.outcome).word_if("reason", note.reason);
  if (note.timer) out.text("timer", core::name_of(*note.timer));
  if (note.due) out.number("due_at_ms", to_unix_ms(*note.due));
  return out.text("text", sentence(note)).done();
}

std::string time_line_json(const CallRecord& call) {
  const auto explanation = explain(call);
  wire::JsonObject out;
  out.raw("call", to_json(call)).text("why", explanation.why).text("last_good", explanation.last_good);
  if (!explanation.advice.empty()) out.text("advice", explanation.advice);
  std::vector<std::string> entries;
  for (const auto& note : call.notes) entries.push_back(note_json(call, note));
  return out.raw("entries", wire::json_list(entries)).done();
}

}  // namespace offhook::server
