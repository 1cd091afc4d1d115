// What a record looks like in a file: each field has a number for good. A field may be added with a new, higher number and may be
// left out from then on; a number is never used again. The order of calls is that of the numbers. A new word of an enumeration
// is passed over by older programs, but for words without which a record means nothing (phases, timers): those need a new version
// of the schema, so that older programs refuse the file. Private to this module.
#pragma once

#include <concepts>
#include <iterator>
#include <type_traits>

#include "core/inputs.hpp"
#include "core/records.hpp"

namespace offhook::store {

template <class Given, class Record>
concept Is = std::same_as<std::remove_const_t<Given>, Record>;

template <class Visitor>
void describe(Visitor& visit, Is<UserKey> auto& key) {
  visit(1, key.project);
  visit(2, key.user);
}

template <class Visitor>
void describe(Visitor& visit, Is<wire::Group> auto& group) {
  visit(1, group.users);
  visit(2, group.mode);
  visit(3, group.owner_leaves);
}

template <class Visitor>
void describe(Visitor& visit, Is<core::DeadlineRecord> auto& deadline) {
  visit(1, deadline.kind);
  visit(2, deadline.at);
  visit(3, deadline.extended);
}

template <class Visitor>
void describe(Visitor& visit, Is<core::DeviceRecord> auto& device) {
  visit(1, device.device);
  visit(2, device.name);
  visit(3, device.state);
  visit(4, device.outcome);
  visit(5, device.lost_since);
  visit(6, device.has_media);
  visit(7, device.second_call);
  visit(8, device.has_push_address);
  visit(9, device.push);
  visit(10, device.pushed_again);
  visit(11, device.push_again_at);
}

template <class Visitor>
void describe(Visitor& visit, Is<core::LegRecord> auto& leg) {
  visit(1, leg.user);
  visit(2, leg.devices);
  visit(3, leg.winner);
  visit(4, leg.moving);
  visit(5, leg.rang_at);
  visit(6, leg.answered_at);
  visit(7, leg.ended_at);
  visit(8, leg.outcome);
  visit(9, leg.reason);
  visit(10, leg.silent);
  visit(11, leg.asked);
  visit(12, leg.deadlines);
}

template <class Visitor>
void describe(Visitor& visit, Is<core::Plan> auto& plan) {
  visit(1, plan.setup);
  visit(2, plan.wake);
  visit(3, plan.ring);
  visit(4, plan.connect);
  visit(5, plan.drop_grace);
  visit(6, plan.max_duration);
  visit(7, plan.move);
  visit(8, plan.wait_full_ring);
  visit(9, plan.decline_policy);
  visit(10, plan.own_drop_grace);
  visit(11, plan.push_retry);
}

template <class Visitor>
void describe(Visitor& visit, Is<core::InviteRecord> auto& invite) {
  visit(1, invite.user);
  visit(2, invite.device);
  visit(3, invite.cmd_id);
  visit(4, invite.merged);
}

template <class Visitor>
void describe(Visitor& visit, Is<core::Note> auto& note) {
  visit(1, note.at);
  visit(2, note.kind);
  visit(3, note.user);
  visit(4, note.device);
  visit(5, note.command);
  visit(6, note.phase);
  visit(7, note.state);
  visit(8, note.outcome);
  visit(9, note.reason);
  visit(10, note.timer);
  visit(11, note.due);
}

// A call without its time line and its inputs.
template <class Visitor>
void describe_state(Visitor& visit, Is<core::CallRecord> auto& call) {
  visit(1, call.id);
  visit(2, call.version);
  visit(3, call.project);
  visit(4, call.caller);
  visit(5, call.caller_device);
  visit(6, call.caller_leg);
  visit(7, call.group);
  visit(8, call.legs);
  visit(9, call.media);
  visit(10, call.data);
  visit(11, call.plan);
  visit(12, call.invites);
  visit(13, call.session);
  visit(14, call.phase);
  visit(15, call.created_at);
  visit(16, call.answered_at);
  visit(17, call.active_at);
  visit(18, call.ended_at);
  visit(19, call.outcome);
  visit(20, call.reason);
  visit(21, call.deadlines);
  visit(22, call.deadline);
}

template <class Visitor>
void describe(Visitor& visit, Is<core::CallRecord> auto& call) {
  describe_state(visit, call);
  visit(23, call.notes);
}

template <class Visitor>
void describe(Visitor& visit, Is<wire::Connection> auto& connection) {
  visit(1, connection.connection_id);
  visit(2, connection.user);
  visit(3, connection.data);
  visit(4, connection.created_at_ms);
}

template <class Visitor>
void describe(Visitor& visit, Is<wire::Stream> auto& stream) {
  visit(1, stream.stream_id);
  visit(2, stream.connection_id);
  visit(3, stream.name);
  visit(4, stream.has_audio);
  visit(5, stream.has_video);
  visit(6, stream.created_at_ms);
  visit(7, stream.video_type);
}

template <class Visitor>
void describe(Visitor& visit, Is<core::ConnectionRecord> auto& connection) {
  visit(1, connection.session);
  visit(2, connection.project);
  visit(3, connection.call);
  visit(4, connection.shown);
  visit(5, connection.streams);
}

template <class Visitor>
void describe(Visitor& visit, Is<wire::Invite> auto& invite) {
  visit(1, invite.cmd_id);
  visit(2, invite.to);
  visit(3, invite.media);
  visit(4, invite.ring_timeout_ms);
  visit(5, invite.data);
  visit(6, invite.wake_timeout_ms);
  visit(7, invite.connect_timeout_ms);
  visit(8, invite.drop_grace_ms);
  visit(9, invite.max_duration_ms);
  visit(10, invite.decline_policy);
  visit(11, invite.wait_full_ring);
  visit(12, invite.group);
}

template <class Visitor>
void describe(Visitor& visit, Is<core::InputSettings> auto& settings) {
  visit(1, settings.wake_timeout);
  visit(2, settings.ring_timeout);
  visit(3, settings.setup_timeout);
  visit(4, settings.caller_grace);
  visit(5, settings.connect_timeout);
  visit(6, settings.drop_grace);
  visit(7, settings.max_duration);
  visit(8, settings.keep_ended);
  visit(9, settings.move_timeout);
  visit(10, settings.alone_timeout);
  visit(11, settings.decline_policy);
  visit(12, settings.push_retry);
}

template <class Visitor>
void describe(Visitor& visit, Is<core::InputDevice> auto& device) {
  visit(1, device.user);
  visit(2, device.device);
  visit(3, device.name);
  visit(4, device.client);
}

template <class Visitor>
void describe(Visitor& visit, Is<core::InputCandidate> auto& candidate) {
  visit(1, candidate.device);
  visit(2, candidate.in_call);
  visit(3, candidate.has_push_address);
  visit(4, candidate.linked);
}

// The switches, of which few are set, in one number.
template <class Visitor>
void describe_switches(Visitor& visit, unsigned number, Is<core::CallInput> auto& input) {
  decltype(&input.busy) const all[] = {&input.busy, &input.in_call, &input.named, &input.joined, &input.silent, &input.by_backend,
                                     &input.has_push_address};
  std::optional<std::uint64_t> bits = 0;
  for (std::size_t i = 0; i < std::size(all); ++i) *bits |= std::uint64_t{*all[i]} << i;
  if (*bits == 0) bits.reset();
  visit(number, bits);
  if constexpr (!std::is_const_v<std::remove_reference_t<decltype(input)>>) {
    for (std::size_t i = 0; i < std::size(all); ++i) *all[i] = bits && (*bits >> i & 1) != 0;
  }
}

template <class Visitor>
void describe(Visitor& visit, Is<core::CallInput> auto& input) {
  visit(1, input.at);
  visit(2, input.kind);
  visit(3, input.who);
  describe_switches(visit, 4, input);
  visit(5, input.since);
  visit(6, input.timer);
  visit(7, input.failure);
  visit(8, input.outcome);
  visit(9, input.reason);
  visit(10, input.devices);
  visit(11, input.users);
  visit(12, input.invite);
  visit(13, input.push);
}

template <class Visitor>
void describe(Visitor& visit, Is<core::CallInputs> auto& inputs) {
  visit(1, inputs.settings);
  visit(2, inputs.devices);
  visit(3, inputs.list);
  visit(4, inputs.cut);
  visit(5, inputs.start);
}

template <class Visitor>
void describe(Visitor& visit, Is<core::SessionRecord> auto& session) {
  visit(1, session.id);
  visit(2, session.project);
  visit(3, session.created_at);
  visit(4, session.mutes_new_streams);
}

template <class Visitor>
void describe(Visitor& visit, Is<wire::Rules> auto& rules) {
  visit(1, rules.call_waiting);
  visit(2, rules.max_parallel_rings);
  visit(3, rules.do_not_disturb);
  visit(4, rules.blocked);
}

template <class Visitor>
void describe(Visitor& visit, Is<core::RulesRecord> auto& record) {
  visit(1, record.user);
  visit(2, record.rules);
}

template <class Visitor>
void describe(Visitor& visit, Is<wire::LegView> auto& leg) {
  visit(1, leg.user);
  visit(2, leg.state);
  visit(3, leg.outcome);
  visit(4, leg.reason);
}

template <class Visitor>
void describe(Visitor& visit, Is<wire::HistoryRecord> auto& record) {
  visit(1, record.call_id);
  visit(2, record.outgoing);
  visit(3, record.peer);
  visit(4, record.media);
  visit(5, record.created_at_ms);
  visit(6, record.answered_at_ms);
  visit(7, record.ended_at_ms);
  visit(8, record.outcome);
  visit(9, record.reason);
  visit(10, record.your_outcome);
  visit(11, record.duration_ms);
  visit(12, record.legs);
}

template <class Visitor>
void describe(Visitor& visit, Is<core::MissedRecord> auto& missed) {
  visit(1, missed.user);
  visit(2, missed.record);
  visit(3, missed.since);
  visit(4, missed.known_by);
}

template <class Visitor>
void describe(Visitor& visit, Is<core::WithdrawnRecord> auto& withdrawn) {
  visit(1, withdrawn.user);
  visit(2, withdrawn.device);
  visit(3, withdrawn.cmd_id);
  visit(4, withdrawn.since);
}

template <class Visitor>
void describe(Visitor& visit, Is<core::SeenRecord> auto& seen) {
  visit(1, seen.user);
}

template <class Visitor>
void describe(Visitor& visit, Is<core::CallbackRecord> auto& callback) {
  visit(1, callback.id);
  visit(2, callback.group);
  visit(3, callback.event);
  visit(4, callback.url);
  visit(5, callback.created_at);
}

template <class Visitor>
void describe(Visitor& visit, Is<core::ProjectRecord> auto& project) {
  visit(1, project.key);
  visit(2, project.name);
  visit(3, project.secrets);
  visit(4, project.public_key);
  visit(5, project.disabled);
  visit(6, project.created_at);
  visit(7, project.callbacks);
}

template <class Visitor>
void describe(Visitor& visit, Is<wire::PushAddress> auto& address) {
  visit(1, address.provider);
  visit(2, address.token);
}

template <class Visitor>
void describe(Visitor& visit, Is<core::PushRecord> auto& push) {
  visit(1, push.user);
  visit(2, push.device);
  visit(3, push.name);
  visit(4, push.address);
  visit(5, push.since);
}

template <class Visitor>
void describe(Visitor& visit, Is<core::GoneRecord> auto& gone) {
  visit(1, gone.key.text);
}

}  // namespace offhook::store
