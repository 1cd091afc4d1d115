// Every field of every message, once: `fields(visitor, message)` names them in wire order with the rule each must keep.
// The encoder and the decoder are two visitors of this list (encode.cpp, decode.cpp). Private to this module.
//
// A visitor has:  field(name, value[, rule])  required, or optional if value is a std::optional
//                 with_default(name, value, rule)  may be absent; the value it had stays
//                 or_default(name, value)     the same for words and booleans
//                 flag(name, value)           boolean, false when absent, left out when false
//                 list(name, vector, max, Absent)
//                 text(name, value, rule)     may be absent; then the text is empty, and left out when empty
//                 need(holds, name)           the field is missing unless this holds
//                 rule(holds, name, what)     what the fields must keep together
//                 choice(name, value, when_true, when_false)
#pragma once

#include <concepts>
#include <cstdint>
#include <type_traits>

#include "wire/limits.hpp"
#include "wire/messages.hpp"

namespace offhook::wire {

template <class M, class T>
concept Is = std::same_as<std::remove_const_t<M>, T>;

enum class Letters {
  Any,         // any UTF-8
  NoControls,  // no characters below U+0020, no U+007F
  Printable,   // ASCII 0x21 to 0x7e
  Device,      // A-Z a-z 0-9 . _ -
  Signal,      // A-Z a-z 0-9 - _ ~
};

struct TextRule {
  std::size_t min = 0;  // bytes
  std::size_t max = k_max_frame_bytes;
  Letters letters = Letters::Any;
};

struct IntegerRule {
  std::int64_t min = 0;
  std::int64_t max = INT64_MAX;
};

struct NoRule {};

enum class WhenEmpty { Written, LeftOut, MayBeAbsent };  // MayBeAbsent: written, but need not be there when read

inline constexpr TextRule k_cmd_id{1, k_max_cmd_id_bytes, Letters::Printable};
inline constexpr TextRule k_user{1, k_max_user_bytes, Letters::NoControls};
inline constexpr TextRule k_token{1, k_max_token_bytes, Letters::Printable};
inline constexpr TextRule k_device_id{1, k_max_device_id_bytes, Letters::Device};
inline constexpr TextRule k_any_text{};

// --- parts

void fields(auto& v, Is<Resume> auto& m) {
  v.field("client_id", m.client_id);
  v.field("resume_key", m.resume_key, TextRule{1, 64, Letters::Printable});
  v.field("last_seq", m.last_seq, IntegerRule{});
}

void fields(auto& v, Is<PushAddress> auto& m) {
  v.field("provider", m.provider);
  v.field("token", m.token, TextRule{1, k_max_push_token_bytes, Letters::NoControls});
}

void fields(auto& v, Is<Party> auto& m) {
  v.field("user", m.user, k_any_text);
  v.field("device", m.device, k_any_text);
}

void fields(auto& v, Is<Remaining> auto& m) {
  v.field("setup", m.setup, IntegerRule{});
  v.field("wake", m.wake, IntegerRule{});
  v.field("ring", m.ring, IntegerRule{});
  v.field("connect", m.connect, IntegerRule{});
  v.field("max", m.max, IntegerRule{});
  v.field("grace", m.grace, IntegerRule{});
  v.field("move", m.move, IntegerRule{});
  v.field("alone", m.alone, IntegerRule{});
}

void fields(auto& v, Is<LegView> auto& m) {
  v.field("user", m.user, k_any_text);
  v.field("state", m.state);
  v.field("outcome", m.outcome);
  v.field("reason", m.reason);
}

void fields(auto& v, Is<Snapshot> auto& m) {
  v.field("call_id", m.call_id);
  v.field("version", m.version, IntegerRule{});
  v.field("phase", m.phase);
  v.field("ringing", m.ringing);
  v.field("role", m.role);
  v.field("you", m.you);
  v.field("caller", m.caller);
  v.field("callee", m.callee);
  v.field("media", m.media);
  v.field("data", m.data, k_any_text);
  v.field("session_id", m.session_id);
  v.field("peer_unstable", m.peer_unstable);
  v.field("created_at_ms", m.created_at_ms, IntegerRule{});
  v.field("answered_at_ms", m.answered_at_ms, IntegerRule{});
  v.field("deadlines_remaining_ms", m.deadlines_remaining_ms);
  v.field("outcome", m.outcome);
  v.field("reason", m.reason);
  v.field("device_outcome", m.device_outcome);
  v.field("duration_ms", m.duration_ms, IntegerRule{});
  v.flag("second_call", m.second_call);
  v.flag("merged", m.merged);
  v.field("drop_grace_ms", m.drop_grace_ms, IntegerRule{});
  v.field("group_mode", m.group_mode);
  v.list("legs", m.legs, 64, WhenEmpty::LeftOut);
  v.list("unstable", m.unstable, 64, WhenEmpty::LeftOut, k_any_text);
  v.flag("push_pending", m.push_pending);
}

void fields(auto& v, Is<Connection> auto& m) {
  v.field("connection_id", m.connection_id);
  v.field("user", m.user, k_any_text);
  v.field("data", m.data, k_any_text);
  v.field("created_at_ms", m.created_at_ms, IntegerRule{});
}

void fields(auto& v, Is<Stream> auto& m) {
  v.field("stream_id", m.stream_id);
  v.field("connection_id", m.connection_id);
  v.field("name", m.name, k_any_text);
  v.field("has_audio", m.has_audio);
  v.field("has_video", m.has_video);
  v.field("video_type", m.video_type);
  v.field("created_at_ms", m.created_at_ms, IntegerRule{});
}

void fields(auto& v, Is<Description> auto& m) {
  v.field("type", m.type, TextRule{1, 16, Letters::Printable});
  v.field("sdp", m.sdp, TextRule{0, k_max_sdp_bytes});
}

void fields(auto& v, Is<IceServer> auto& m) {
  v.list("urls", m.urls, 16, WhenEmpty::Written);
  v.field("username", m.username, k_any_text);
  v.field("credential", m.credential, k_any_text);
}

void fields(auto& v, Is<HistoryRecord> auto& m) {
  v.field("call_id", m.call_id);
  v.choice("direction", m.outgoing, "outgoing", "incoming");
  v.field("peer", m.peer, k_any_text);
  v.field("media", m.media);
  v.field("created_at_ms", m.created_at_ms, IntegerRule{});
  v.field("answered_at_ms", m.answered_at_ms, IntegerRule{});
  v.field("ended_at_ms", m.ended_at_ms, IntegerRule{});
  v.field("outcome", m.outcome);
  v.field("reason", m.reason);
  v.field("your_outcome", m.your_outcome);
  v.field("duration_ms", m.duration_ms, IntegerRule{});
  v.list("legs", m.legs, 64, WhenEmpty::LeftOut);
}

void fields(auto& v, Is<Rules> auto& m) {
  v.or_default("call_waiting", m.call_waiting);
  v.with_default("max_parallel_rings", m.max_parallel_rings, IntegerRule{1, k_max_parallel_rings});
  v.or_default("do_not_disturb", m.do_not_disturb);
  v.list("blocked", m.blocked, k_max_blocked, WhenEmpty::MayBeAbsent, k_user);
}

void fields(auto& v, Is<ClientSettings> auto& m) {
  v.with_default("place_timeout_ms", m.place_timeout_ms, IntegerRule{});
  v.with_default("wake_timeout_ms", m.wake_timeout_ms, IntegerRule{});
  v.with_default("ring_timeout_ms", m.ring_timeout_ms, IntegerRule{});
  v.with_default("setup_timeout_ms", m.setup_timeout_ms, IntegerRule{});
  v.with_default("caller_grace_ms", m.caller_grace_ms, IntegerRule{});
  v.with_default("connect_timeout_ms", m.connect_timeout_ms, IntegerRule{});
  v.with_default("unstable_after_ms", m.unstable_after_ms, IntegerRule{});
  v.with_default("drop_grace_ms", m.drop_grace_ms, IntegerRule{});
  v.with_default("max_duration_ms", m.max_duration_ms, IntegerRule{});
  v.with_default("heartbeat_idle_ms", m.heartbeat_idle_ms, IntegerRule{});
  v.with_default("heartbeat_live_ms", m.heartbeat_live_ms, IntegerRule{});
  v.with_default("resume_window_ms", m.resume_window_ms, IntegerRule{});
  v.with_default("expect_timeout_ms", m.expect_timeout_ms, IntegerRule{});
}

// --- client to server

void fields(auto& v, Is<Hello> auto& m) {
  v.field("version", m.version, IntegerRule{});
  v.field("token", m.token, k_token);
  v.field("device_id", m.device_id, k_device_id);
  v.field("client", m.client, TextRule{0, k_max_client_bytes, Letters::NoControls});
  v.field("resume", m.resume);
  v.list("calls", m.calls, k_max_hello_calls, WhenEmpty::LeftOut);
  v.field("push", m.push);
}
void fields(auto&, Is<ClientPing> auto&) {}
void fields(auto& v, Is<ClientPong> auto& m) { v.field("seq", m.seq, IntegerRule{}); }
void fields(auto& v, Is<Ack> auto& m) { v.field("seq", m.seq, IntegerRule{}); }
void fields(auto&, Is<Bye> auto&) {}

void fields(auto& v, Is<Group> auto& m) {
  v.list("users", m.users, k_max_group_users, WhenEmpty::Written, k_user);
  v.rule(m.users.size() >= k_min_group_users, "users", "must name 2 to 16 users");
  v.field("mode", m.mode);
  v.or_default("owner_leaves", m.owner_leaves);
}
void invite_fields(auto& v, Is<Invite> auto& m) {
  v.text("to", m.to, k_user);
  v.field("media", m.media);
  v.field("ring_timeout_ms", m.ring_timeout_ms, IntegerRule{k_min_ring_timeout_ms, k_max_ring_timeout_ms});
  v.field("data", m.data, TextRule{0, k_max_invite_data_bytes});
  v.field("wake_timeout_ms", m.wake_timeout_ms, IntegerRule{k_min_wake_timeout_ms, k_max_wake_timeout_ms});
  v.field("connect_timeout_ms", m.connect_timeout_ms, IntegerRule{k_min_connect_timeout_ms, k_max_connect_timeout_ms});
  v.field("drop_grace_ms", m.drop_grace_ms, IntegerRule{k_min_drop_grace_ms, k_max_drop_grace_ms});
  v.field("max_duration_ms", m.max_duration_ms, IntegerRule{k_min_max_duration_ms, k_max_max_duration_ms});
  v.field("decline_policy", m.decline_policy);
  v.flag("wait_full_ring", m.wait_full_ring);
  v.field("group", m.group);
  v.need(!m.to.empty() || m.group, "to");
  v.rule(m.to.empty() || !m.group, "group", "must not stand beside \"to\"");
}
void fields(auto& v, Is<Invite> auto& m) {
  v.field("cmd_id", m.cmd_id, k_cmd_id);
  invite_fields(v, m);
}
void fields(auto& v, Is<PlaceRequest> auto& m) {
  v.field("from", m.from, k_user);
  v.field("from_device", m.from_device, k_device_id);
  invite_fields(v, m.invite);
}
void fields(auto& v, Is<RingRequest> auto& m) {
  v.list("users", m.users, k_max_group_users, WhenEmpty::Written, k_user);
  v.rule(!m.users.empty(), "users", "must name at least one user");
}

// Commands that only name a call.
template <class M>
concept CallCommand = Is<M, Answer> || Is<M, Ignore> || Is<M, Hangup> || Is<M, MediaUp> || Is<M, MediaDown> ||
                      Is<M, MoveHere> || Is<M, GetCall>;
void fields(auto& v, CallCommand auto& m) {
  v.field("cmd_id", m.cmd_id, k_cmd_id);
  v.field("call_id", m.call_id);
}
void fields(auto& v, Is<Cancel> auto& m) {
  v.field("cmd_id", m.cmd_id, k_cmd_id);
  v.field("call_id", m.call_id);
  v.field("invite_cmd_id", m.invite_cmd_id, k_cmd_id);
  v.need(m.call_id || m.invite_cmd_id, "call_id");
}
void fields(auto& v, Is<RingMore> auto& m) {
  v.field("cmd_id", m.cmd_id, k_cmd_id);
  v.field("call_id", m.call_id);
  v.list("users", m.users, k_max_group_users, WhenEmpty::Written, k_user);
  v.rule(!m.users.empty(), "users", "must name at least one user");
}
void fields(auto& v, Is<SetRules> auto& m) {
  v.field("cmd_id", m.cmd_id, k_cmd_id);
  v.field("rules", m.rules);
}
void fields(auto& v, Is<SetPush> auto& m) {
  v.field("cmd_id", m.cmd_id, k_cmd_id);
  v.field("push", m.push);
}
void fields(auto& v, Is<RingAck> auto& m) {
  v.field("cmd_id", m.cmd_id, k_cmd_id);
  v.field("call_id", m.call_id);
  v.flag("busy", m.busy);
}
void fields(auto& v, Is<Decline> auto& m) {
  v.field("cmd_id", m.cmd_id, k_cmd_id);
  v.field("call_id", m.call_id);
  v.field("reason", m.reason);
}
void fields(auto& v, Is<GiveUp> auto& m) {
  v.field("cmd_id", m.cmd_id, k_cmd_id);
  v.field("call_id", m.call_id);
  v.field("watchdog", m.watchdog, TextRule{1, k_max_watchdog_bytes, Letters::Printable});
}
void fields(auto& v, Is<MediaFailed> auto& m) {
  v.field("cmd_id", m.cmd_id, k_cmd_id);
  v.field("call_id", m.call_id);
  v.field("reason", m.reason);
}
void fields(auto& v, Is<History> auto& m) {
  v.field("cmd_id", m.cmd_id, k_cmd_id);
  v.with_default("limit", m.limit, IntegerRule{1, k_max_history_limit});
  v.field("before", m.before);
}

// Commands without any field of their own.
template <class M>
concept BareCommand = Is<M, SessionCreate> || Is<M, WatchPresence> || Is<M, GetRules>;
void fields(auto& v, BareCommand auto& m) { v.field("cmd_id", m.cmd_id, k_cmd_id); }

void fields(auto& v, Is<SessionConnect> auto& m) {
  v.field("cmd_id", m.cmd_id, k_cmd_id);
  v.field("session_id", m.session_id);
  v.field("token", m.token, k_token);
}
void fields(auto& v, Is<SessionDisconnect> auto& m) {
  v.field("cmd_id", m.cmd_id, k_cmd_id);
  v.field("session_id", m.session_id);
}
void fields(auto& v, Is<Signal> auto& m) {
  v.field("cmd_id", m.cmd_id, k_cmd_id);
  v.field("session_id", m.session_id);
  v.field("signal_type", m.signal_type, TextRule{0, k_max_signal_type_bytes, Letters::Signal});
  v.field("data", m.data, TextRule{0, k_max_signal_data_bytes});
  v.field("to", m.to);
}
void fields(auto& v, Is<Publish> auto& m) {
  v.field("cmd_id", m.cmd_id, k_cmd_id);
  v.field("session_id", m.session_id);
  v.field("name", m.name, TextRule{0, k_max_stream_name_bytes, Letters::NoControls});
  v.field("has_audio", m.has_audio);
  v.field("has_video", m.has_video);
  v.field("video_type", m.video_type);
}
void fields(auto& v, Is<UpdateStream> auto& m) {
  v.field("cmd_id", m.cmd_id, k_cmd_id);
  v.field("session_id", m.session_id);
  v.field("stream_id", m.stream_id);
  v.field("has_audio", m.has_audio);
  v.field("has_video", m.has_video);
}
void fields(auto& v, Is<Unpublish> auto& m) {
  v.field("cmd_id", m.cmd_id, k_cmd_id);
  v.field("session_id", m.session_id);
  v.field("stream_id", m.stream_id);
}
void fields(auto& v, Is<Negotiate> auto& m) {
  v.field("cmd_id", m.cmd_id, k_cmd_id);
  v.field("session_id", m.session_id);
  v.field("to", m.to);
  v.field("description", m.description);
  v.field("candidate", m.candidate, TextRule{0, k_max_candidate_bytes});
}
void fields(auto& v, Is<Expect> auto& m) {
  v.field("cmd_id", m.cmd_id, k_cmd_id);
  v.field("session_id", m.session_id);
  v.field("timeout_ms", m.timeout_ms, IntegerRule{k_min_expect_timeout_ms, k_max_expect_timeout_ms});
  v.field("user", m.user, k_user);
  v.field("data", m.data, TextRule{0, k_max_connection_data_bytes});
}
void fields(auto& v, Is<ForceDisconnect> auto& m) {
  v.field("cmd_id", m.cmd_id, k_cmd_id);
  v.field("session_id", m.session_id);
  v.field("connection_id", m.connection_id);
}
void fields(auto& v, Is<ForceUnpublish> auto& m) {
  v.field("cmd_id", m.cmd_id, k_cmd_id);
  v.field("session_id", m.session_id);
  v.field("stream_id", m.stream_id);
}
void fields(auto& v, Is<ForceMute> auto& m) {
  v.field("cmd_id", m.cmd_id, k_cmd_id);
  v.field("session_id", m.session_id);
  v.field("stream_id", m.stream_id);
  v.list("except", m.except, k_max_muted_except, WhenEmpty::LeftOut);
  v.or_default("active", m.active);
}
void fields(auto& v, Is<SessionReject> auto& m) {
  v.field("cmd_id", m.cmd_id, k_cmd_id);
  v.field("token", m.token, k_token);
}

void fields(auto& v, Is<PushPayload> auto& m) {
  v.field("type", m.type, k_any_text);
  v.rule(m.type == "call", "type", "must be \"call\"");
  v.field("call_id", m.call_id);
  v.text("project", m.project, k_any_text);
  v.field("caller", m.caller);
  v.field("to", m.to, k_any_text);
  v.field("media", m.media);
  v.flag("group", m.group);
  v.field("data", m.data, k_any_text);
  v.field("expires_at_ms", m.expires_at_ms, IntegerRule{});
  v.field("remaining_ms", m.remaining_ms, IntegerRule{});
}

// --- server to client

void fields(auto& v, Is<Welcome> auto& m) {
  v.field("version", m.version, IntegerRule{});
  v.field("server", m.server, k_any_text);
  v.field("client_id", m.client_id);
  v.field("resume_key", m.resume_key, k_any_text);
  v.field("resumed", m.resumed);
  v.field("user", m.user, k_any_text);
  v.field("device_id", m.device_id, k_any_text);
  v.field("time_at_ms", m.time_at_ms, IntegerRule{});
  v.field("heartbeat_ms", m.heartbeat_ms, IntegerRule{1});
  v.field("settings", m.settings);
  v.list("ice_servers", m.ice_servers, 64, WhenEmpty::Written);
  v.list("calls", m.calls, 64, WhenEmpty::Written);
  v.list("sessions", m.sessions, 64, WhenEmpty::LeftOut);
  v.flag("push", m.push);
}
void fields(auto& v, Is<ServerPing> auto& m) { v.field("period_ms", m.period_ms, IntegerRule{1}); }
void fields(auto&, Is<ServerPong> auto&) {}

void fields(auto&, Is<std::monostate> auto&) {}
void fields(auto& v, Is<CallReply> auto& m) { v.field("call", m.call); }
void fields(auto& v, Is<HistoryReply> auto& m) { v.list("records", m.records, k_max_history_limit, WhenEmpty::Written); }
void fields(auto& v, Is<SessionCreated> auto& m) {
  v.field("session_id", m.session_id);
  v.field("token", m.token, k_any_text);
}
void fields(auto& v, Is<SessionJoined> auto& m) {
  v.field("session_id", m.session_id);
  v.field("connection", m.connection);
  v.list("connections", m.connections, 64, WhenEmpty::Written);
  v.list("streams", m.streams, 64, WhenEmpty::Written);
}
void fields(auto& v, Is<StreamReply> auto& m) { v.field("stream", m.stream); }
void fields(auto& v, Is<ExpectReply> auto& m) {
  v.field("expectation_id", m.expectation_id);
  v.field("remaining_ms", m.remaining_ms, IntegerRule{});
}
void fields(auto& v, Is<PresenceReply> auto& m) { v.list("users", m.users, 200, WhenEmpty::Written); }
void fields(auto& v, Is<RulesReply> auto& m) { v.field("rules", m.rules); }

void fields(auto& v, Is<Error> auto& m) {
  v.field("cmd_id", m.cmd_id, k_any_text);
  v.field("error", m.error);
  v.field("message", m.message, k_any_text);
  v.flag("fatal", m.fatal);
  v.field("retry_after_ms", m.retry_after_ms, IntegerRule{});
}

void fields(auto& v, Is<CallEvent> auto& m) {
  v.field("seq", m.seq, IntegerRule{});
  v.field("call", m.call);
}
void fields(auto& v, Is<ConnectionCreated> auto& m) {
  v.field("seq", m.seq, IntegerRule{});
  v.field("session_id", m.session_id);
  v.field("connection", m.connection);
}
void fields(auto& v, Is<ConnectionDestroyed> auto& m) {
  v.field("seq", m.seq, IntegerRule{});
  v.field("session_id", m.session_id);
  v.field("connection_id", m.connection_id);
  v.field("reason", m.reason);
}
void fields(auto& v, Is<SessionDisconnected> auto& m) {
  v.field("seq", m.seq, IntegerRule{});
  v.field("session_id", m.session_id);
  v.field("reason", m.reason);
}
template <class M>
concept StreamEvent = Is<M, StreamCreated> || Is<M, StreamUpdated>;
void fields(auto& v, StreamEvent auto& m) {
  v.field("seq", m.seq, IntegerRule{});
  v.field("session_id", m.session_id);
  v.field("stream", m.stream);
}
void fields(auto& v, Is<StreamDestroyed> auto& m) {
  v.field("seq", m.seq, IntegerRule{});
  v.field("session_id", m.session_id);
  v.field("stream_id", m.stream_id);
  v.field("reason", m.reason);
}
void fields(auto& v, Is<SignalEvent> auto& m) {
  v.field("seq", m.seq, IntegerRule{});
  v.field("session_id", m.session_id);
  v.field("from", m.from);
  v.field("signal_type", m.signal_type, k_any_text);
  v.field("data", m.data, k_any_text);
}
void fields(auto& v, Is<Negotiation> auto& m) {
  v.field("seq", m.seq, IntegerRule{});
  v.field("session_id", m.session_id);
  v.field("from", m.from);
  v.field("description", m.description);
  v.field("candidate", m.candidate, k_any_text);
}
void fields(auto& v, Is<ExpectationMet> auto& m) {
  v.field("seq", m.seq, IntegerRule{});
  v.field("session_id", m.session_id);
  v.field("expectation_id", m.expectation_id);
  v.field("connection", m.connection);
}
void fields(auto& v, Is<ConnectionMissed> auto& m) {
  v.field("seq", m.seq, IntegerRule{});
  v.field("session_id", m.session_id);
  v.field("expectation_id", m.expectation_id);
  v.field("reason", m.reason);
}
void fields(auto& v, Is<MuteForced> auto& m) {
  v.field("seq", m.seq, IntegerRule{});
  v.field("session_id", m.session_id);
  v.field("stream_id", m.stream_id);
}
void fields(auto& v, Is<Presence> auto& m) {
  v.field("seq", m.seq, IntegerRule{});
  v.field("user", m.user, k_any_text);
  v.field("online", m.online);
}
void fields(auto& v, Is<Missed> auto& m) {
  v.field("seq", m.seq, IntegerRule{});
  v.field("record", m.record);
}
void fields(auto& v, Is<ElsewhereCall> auto& m) {
  v.field("call_id", m.call_id);
  v.field("role", m.role);
  v.field("peer", m.peer, k_any_text);
  v.field("device", m.device, k_any_text);
  v.field("media", m.media);
  v.field("answered_at_ms", m.answered_at_ms, IntegerRule{});
  v.flag("group", m.group);
}
void fields(auto& v, Is<Elsewhere> auto& m) {
  v.field("seq", m.seq, IntegerRule{});
  v.list("calls", m.calls, 64, WhenEmpty::Written);
}
void fields(auto& v, Is<Draining> auto& m) {
  v.field("seq", m.seq, IntegerRule{});
  v.field("remaining_ms", m.remaining_ms, IntegerRule{});
}

// The `type` of each message, in the order of the variant's alternatives.
inline constexpr std::string_view k_client_types[] = {
    "hello", "ping", "pong", "ack", "bye", "invite", "ring_ack", "answer", "decline", "cancel", "hangup", "give_up",
    "media_up", "media_down", "media_failed", "get_call", "history", "session_create", "session_connect",
    "session_disconnect", "signal", "publish", "update_stream", "unpublish", "negotiate", "expect", "session_reject",
    "watch_presence", "ignore", "move_here", "ring_more", "get_rules", "set_rules",
    "force_disconnect", "force_unpublish", "force_mute", "set_push"};
inline constexpr std::string_view k_server_types[] = {
    "welcome", "ping", "pong", "reply", "error", "call", "connection_created", "connection_destroyed",
    "session_disconnected", "stream_created", "stream_updated", "stream_destroyed", "signal", "negotiation",
    "expectation_met", "connection_missed", "presence", "draining", "missed", "elsewhere", "mute_forced"};
static_assert(std::size(k_client_types) == std::variant_size_v<ClientMessage>);
static_assert(std::size(k_server_types) == std::variant_size_v<ServerMessage>);

}  // namespace offhook::wire
