// The client's watchdogs (PROTOCOL.md section 8): defaults, ranges, and whether they fit the server's timers. They act only when
// the server's word does not come.
#pragma once

#include <optional>
#include <string>

#include "base/time.hpp"
#include "wire/messages.hpp"

namespace offhook::client {

// 0 to 1 h each. `setup`, `ring` and `connect` are added to what remains of the server's deadline; the others are whole times.
struct Watchdogs {
  std::optional<Duration> place;         // invite not answered by the server; default: the server's place_timeout, 10 s before it is known
  std::optional<Duration> caller;        // calling, link lost, since last contact; default and least: caller_grace + 2 s
  std::optional<Duration> setup;         // calling, link up: after the remaining setup; default 5 s
  std::optional<Duration> ring;          // ringing, link up: after the remaining ring (else setup); default 2 s
  std::optional<Duration> ring_contact;  // ringing, link lost, since last contact; default 10 s, at least 2 × heartbeat_live
  std::optional<Duration> answer;        // answer pressed; default 10 s, or connect_timeout if that is shorter, which is its most
  std::optional<Duration> connect;       // connecting: after the remaining connect; default 2 s
  std::optional<Duration> call;          // active, link lost, since last contact; default and least: drop_grace, at most 5 s more
  std::optional<Duration> end;           // hang-up pressed; default 5 s
  std::optional<Duration> wake;          // rings by a push, and the server has not been heard; default 8 s, 3 s to 15 s
};

// How long each watchdog waits.
struct WatchdogLimits {
  Duration place, caller, setup, ring, ring_contact, answer, connect, call, end, wake;
};
WatchdogLimits limits_of(const Watchdogs& watchdogs, const wire::ClientSettings& server);

// What is wrong with the watchdogs by themselves: a sentence, or nothing.
std::optional<std::string> problem_of(const Watchdogs& watchdogs);

// A contradiction between the client's watchdogs and the server's timers: a sentence that names both, or nothing.
std::optional<std::string> contradiction_of(const Watchdogs& watchdogs, const wire::ClientSettings& server);

}  // namespace offhook::client
