// Bytes ⇄ messages, both directions, because the server and the C++ client share this module.
// Pure functions; may be called from any thread. PROTOCOL.md names every field and error word.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "wire/messages.hpp"

namespace offhook::wire {

// Server side. On failure the error word is one of bad_json, too_deep, bad_message, unknown_type, missing_field,
// bad_field; `cmd_id` is set if the text had a usable one; the message names the field and what is expected.
Result<ClientMessage, Error> decode_client(std::string_view text);

// Client side. Unknown types and unknown enum words are not failures of a client (PROTOCOL.md section 13): an unknown
// type gives the error UnknownType, which a client ignores.
Result<ServerMessage, Error> decode_server(std::string_view text);

// The `seq` of a text that decode_server refuses: a client counts it even if it cannot use the event.
std::optional<std::uint64_t> seq_in(std::string_view text);

// Bodies of REST requests, under the same rules; a body has no `type`.
Result<PlaceRequest, Error> decode_place_request(std::string_view text);
Result<RingRequest, Error> decode_ring_request(std::string_view text);
Result<Rules, Error> decode_rules(std::string_view text);
// What a push has brought; not checked by the server, so by whoever gets it.
Result<PushPayload, Error> decode_push_payload(std::string_view text);
std::string encode(const Rules& rules);

std::string encode(const ClientMessage& message);
std::string encode(const ServerMessage& message);

// An event as text, made once for all who are told of it: each of them counts it by a number of its own.
class EventText {
 public:
  // REQUIRES: seq_of(event) is not null; what it says there is not used.
  explicit EventText(const ServerMessage& event);
  // The same bytes as encode() of the event with this `seq`.
  std::string with(std::uint64_t seq) const;

 private:
  std::string text_;
  std::size_t seq_at_ = 0;     // where the number stands
  std::size_t seq_bytes_ = 0;  // how long it is
};

// Any UTF-8 text as a JSON string, with its quotation marks.
std::string quoted(std::string_view text);

// The words of the wire, e.g. "no_answer". parse_* return nothing for an unknown word.
std::string_view word(Media value);
std::string_view word(Phase value);
std::string_view word(Role value);
std::string_view word(DeviceState value);
std::string_view word(DeclineReason value);
std::string_view word(MediaFailure value);
std::string_view word(PushProvider value);
std::string_view word(DeclinePolicy value);
std::string_view word(GroupMode value);
std::string_view word(LegState value);
std::string_view word(Outcome value);
std::string_view word(Reason value);
std::string_view word(LeaveReason value);
std::string_view word(MissReason value);
std::string_view word(VideoType value);
std::string_view word(SessionRole value);
std::string_view word(ErrorWord value);
std::optional<SessionRole> parse_session_role(std::string_view text);
std::optional<Media> parse_media(std::string_view text);
std::optional<DeclinePolicy> parse_decline_policy(std::string_view text);
std::optional<Phase> parse_phase(std::string_view text);
std::optional<Outcome> parse_outcome(std::string_view text);
std::optional<Reason> parse_reason(std::string_view text);

// The cmd_id of a command, or nullptr for hello, ping, pong, ack, bye.
const std::string* cmd_id_of(const ClientMessage& message);
// The seq of an event, or nullptr for welcome, ping, pong, reply, error.
std::uint64_t* seq_of(ServerMessage& message);
const std::uint64_t* seq_of(const ServerMessage& message);

}  // namespace offhook::wire
