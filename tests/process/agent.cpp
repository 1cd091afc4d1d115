// Devices for tests that kill, stop and cut off real processes: several clients in one process. A line on stdin is a command, a
// line on stdout (JSON) is what happened, with its moment by CLOCK_MONOTONIC, which all processes of a machine share.
//
//   open DEVICE USER URL TOKEN [WATCHDOG=MS…]      a client that connects and stays online
//   close DEVICE                                   it says good-bye
//   call DEVICE TAG USER [RING_TIMEOUT_MS]         the tag travels as the call's data, so both sides know it by the same name
//   answer | decline | busy | ignore | cancel | hangup DEVICE TAG
//
// The end of stdin is the end of the program: every device says good-bye. Whoever wants a crash kills the process.
//
// Threads: main() reads commands and passes each to the thread of its client, which alone touches the client's calls. A line is
// written with one write() shorter than PIPE_BUF, which the system keeps whole.
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <iostream>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "offhook/client.hpp"
#include "wire/codec.hpp"

namespace {

using namespace offhook;
using Milliseconds = std::chrono::milliseconds;
using Words = std::vector<std::string>;

constexpr Milliseconds k_glance{100};  // how often a device looks at the clock
constexpr Milliseconds k_stall{200};   // late by more is told

// One line of the report. What is not known is left out.
class Line {
 public:
  explicit Line(const std::string& event) {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(now).count();
    char moment[48];
    std::snprintf(moment, sizeof moment, "{\"at\":%lld.%03d", static_cast<long long>(micros / 1000), static_cast<int>(micros % 1000));
    text_ = moment;
    text("event", event);
  }

  Line& text(const char* name, const std::string& value) {
    text_ += std::string(",\"") + name + "\":" + wire::quoted(value);
    return *this;
  }
  Line& number(const char* name, std::int64_t value) {
    text_ += std::string(",\"") + name + "\":" + std::to_string(value);
    return *this;
  }

  void write() {
    text_ += "}\n";
    // Nobody reads any more: the harness is gone, and so are we.
    if (::write(STDOUT_FILENO, text_.data(), text_.size()) != static_cast<ssize_t>(text_.size())) ::_exit(1);
  }

 private:
  std::string text_;
};

std::optional<Milliseconds> milliseconds(const std::string& digits) {
  std::int64_t value = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return read.ec == std::errc{} && read.ptr == digits.data() + digits.size() ? std::optional(Milliseconds{value}) : std::nullopt;
}

// "ring_contact=3000"; false if there is no such watchdog.
bool set_watchdog(client::Watchdogs& watchdogs, const std::string& word) {
  using W = client::Watchdogs;
  const std::map<std::string, std::optional<Duration> W::*> fields = {
      {"place", &W::place},   {"caller", &W::caller},   {"setup", &W::setup}, {"ring", &W::ring}, {"ring_contact", &W::ring_contact},
      {"answer", &W::answer}, {"connect", &W::connect}, {"call", &W::call},   {"end", &W::end}};
  const auto equals = word.find('=');
  const auto field = fields.find(word.substr(0, equals));
  if (equals == std::string::npos || field == fields.end()) return false;
  const auto value = milliseconds(word.substr(equals + 1));
  if (value) watchdogs.*field->second = *value;
  return value.has_value();
}

class Device {
 public:
  Device(std::string name, ClientOptions options) : name_(std::move(name)), client_(std::move(options)) {
    client_.on_online([this] { say("online").write(); });
    client_.on_offline([this] { say("offline").write(); });
    client_.on_closed([this](const std::optional<Problem>& problem) { say("closed").text("problem", problem ? problem->word : "").write(); });
    client_.on_error([this](const Problem& problem) { say("error").text("problem", problem.word).text("message", problem.message).write(); });
    client_.on_missed([this](const HistoryRecord& record) {
      say("missed").text("call_id", record.call_id.text()).text("outcome", std::string(wire::word(record.outcome))).write();
    });
    client_.on_incoming([this](const Call& call) { watch(call, call.data().value_or(""), "incoming"); });
    client_.connect();
    look_at_the_clock(std::chrono::steady_clock::now());
  }

  void post(std::function<void()> work) { client_.post(std::move(work)); }

  // On the client's thread, as the two below.
  void call(const std::string& tag, const std::string& user, std::optional<Milliseconds> ring_timeout) {
    say("did").text("what", "call").text("tag", tag).write();
    watch(client_.call(user, {Media::None, ring_timeout, tag}), tag, "placed");
  }

  void act(const std::string& what, void (Call::*action)(), const std::string& tag) {
    const auto found = calls_.find(tag);
    if (found == calls_.end()) return say("nothing").text("what", what).text("tag", tag).write();
    say("did").text("what", what).text("tag", tag).number("handle", found->second.first).write();
    (found->second.second.*action)();
  }

 private:
  // A machine that gives this thread no time is as much a fault as a cut cable, and the judge must know of it.
  void look_at_the_clock(std::chrono::steady_clock::time_point wanted) {
    const auto now = std::chrono::steady_clock::now();
    const auto late = std::chrono::duration_cast<Milliseconds>(now - wanted);
    if (late > k_stall) say("stalled").number("ms", late.count()).write();
    client_.after(k_glance, [this, next = now + k_glance] { look_at_the_clock(next); });
  }

  Line say(const std::string& event) {
    Line line(event);
    line.text("device", name_);
    return line;
  }

  Line say(const char* event, const std::string& tag, int handle, const Call& call) {
    Line line = say(event);
    line.text("tag", tag).number("handle", handle);
    if (const auto id = call.id()) line.text("call_id", id->text());
    return line;
  }

  // The newest call of a tag is the one that later commands are for: a call may ring twice here, when contact was lost meanwhile.
  void watch(Call call, const std::string& tag, const char* event) {
    const int handle = ++handles_;
    calls_.insert_or_assign(tag, std::pair(handle, call));
    say(event, tag, handle, call).write();
    const auto tell = [this, tag, handle, call](const char* moment) {
      return [this, tag, handle, call, moment] { say(moment, tag, handle, call).write(); };
    };
    call.on_ringing(tell("ringing"));
    call.on_connecting(tell("connecting"));
    call.on_active(tell("active"));
    call.on_peer_unstable(tell("peer_unstable"));
    call.on_peer_stable(tell("peer_stable"));
    call.on_ended([this, tag, handle, call](const CallEnd& end) { on_ended(tag, handle, call, end); });
  }

  void on_ended(const std::string& tag, int handle, const Call& call, const CallEnd& end) {
    auto line = say("ended", tag, handle, call);
    line.text("outcome", std::string(wire::word(end.outcome)));
    if (end.reason) line.text("reason", std::string(wire::word(*end.reason)));
    line.number("duration_ms", end.duration.count()).write();
    const auto found = calls_.find(tag);
    if (found != calls_.end() && found->second.first == handle) calls_.erase(found);
  }

  std::string name_;
  int handles_ = 0;
  std::map<std::string, std::pair<int, Call>> calls_;  // live ones by tag
  Client client_;                                      // last: its thread uses all of the above
};

class Agent {
 public:
  // False: the line makes no sense.
  bool obey(const Words& words) {
    if (words.size() < 2) return false;
    if (words[0] == "open") return open(words);
    if (words[0] == "close") return devices_.erase(words[1]) == 1;
    const auto found = devices_.find(words[1]);
    return found != devices_.end() && (words[0] == "call" ? call(*found->second, words) : act(*found->second, words));
  }

 private:
  bool open(const Words& words) {
    if (words.size() < 5 || devices_.contains(words[1])) return false;
    ClientOptions options{.url = words[3], .token = words[4], .device_id = words[1], .name = "agent"};
    for (std::size_t i = 5; i < words.size(); ++i) {
      if (!set_watchdog(options.watchdogs, words[i])) return false;
    }
    devices_.emplace(words[1], std::make_unique<Device>(words[1], std::move(options)));
    return true;
  }

  static bool call(Device& device, const Words& words) {
    if (words.size() < 4) return false;
    const auto ring_timeout = words.size() > 4 ? milliseconds(words[4]) : std::nullopt;
    device.post([&device, tag = words[2], user = words[3], ring_timeout] { device.call(tag, user, ring_timeout); });
    return true;
  }

  static bool act(Device& device, const Words& words) {
    static const std::map<std::string, void (Call::*)()> actions = {{"answer", &Call::answer}, {"decline", &Call::decline},
                                                                    {"busy", &Call::busy},     {"ignore", &Call::ignore},
                                                                    {"cancel", &Call::cancel}, {"hangup", &Call::hang_up}};
    const auto action = actions.find(words[0]);
    if (action == actions.end() || words.size() != 3) return false;
    device.post([&device, action, tag = words[2]] { device.act(action->first, action->second, tag); });
    return true;
  }

  std::map<std::string, std::unique_ptr<Device>> devices_;
};

}  // namespace

int main() {
  Agent agent;
  std::string line;
  while (std::getline(std::cin, line)) {
    std::istringstream text(line);
    const Words words{std::istream_iterator<std::string>(text), {}};
    if (!agent.obey(words)) Line("refused").text("line", line).write();
  }
  return 0;
}
