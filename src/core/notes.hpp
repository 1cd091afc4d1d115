// The time line of a call: what happened to it, in order, for people who ask later why it ended as it did. Written by the call
// engine, kept in the call's record; nothing is decided by it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/ids.hpp"
#include "base/time.hpp"
#include "core/timer_kind.hpp"
#include "wire/messages.hpp"

namespace offhook::core {

enum class NoteKind : std::uint8_t {
  Placed,     // by `device` of `user`; without a device by the backend
  Asked,      // `device` of `user` is online and to be told; without a device none is
  Command,    // `device` sent `command`
  Told,       // `device` was sent a snapshot with `phase`, `state` and, if that is over for it, `outcome`
  Lost,       // the link of `device`
  Back,       // `device` has a link again
  Joined,     // `device` is in the call's session
  Left,       // it is not any more
  Armed,      // `timer`, due at `due`
  Fired,      // `timer`
  Restarted,  // the server
  Decided,    // the part of `user`, or without one the call, has ended with `outcome` and `reason`
  Ended,      // by the backend or the operator
  LeftOut,    // more happened than is kept
  Pushed,     // a push is to wake `device`, which has no link
  PushAccepted, PushRefused, PushFailed,  // the last push to `device`, by who carries it; refused: it has no such address
};

// The names of the kinds in a store and in REST, which never change.
inline constexpr std::array<std::pair<NoteKind, std::string_view>, 18> k_note_names{{
    {NoteKind::Placed, "placed"},
    {NoteKind::Asked, "asked"},
    {NoteKind::Command, "command"},
    {NoteKind::Told, "told"},
    {NoteKind::Lost, "lost"},
    {NoteKind::Back, "back"},
    {NoteKind::Joined, "joined"},
    {NoteKind::Left, "left"},
    {NoteKind::Armed, "armed"},
    {NoteKind::Fired, "fired"},
    {NoteKind::Restarted, "restarted"},
    {NoteKind::Decided, "decided"},
    {NoteKind::Ended, "ended"},
    {NoteKind::LeftOut, "left_out"},
    {NoteKind::Pushed, "pushed"},
    {NoteKind::PushAccepted, "push_accepted"},
    {NoteKind::PushRefused, "push_refused"},
    {NoteKind::PushFailed, "push_failed"},
}};

struct Note {
  Instant at{};
  NoteKind kind = NoteKind::Placed;
  UserId user;
  DeviceId device;
  std::string command;  // its type on the wire
  std::optional<wire::Phase> phase;
  std::optional<wire::DeviceState> state;
  std::optional<wire::Outcome> outcome;
  std::optional<wire::Reason> reason;
  std::optional<TimerKind> timer;
  std::optional<Instant> due;
  bool operator==(const Note&) const = default;
};

}  // namespace offhook::core
