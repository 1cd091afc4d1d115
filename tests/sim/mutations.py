"""The faults that mutate.py plants: each takes one rule away, as replacements of text that must occur exactly once."""

CORE, CLIENT, STORE = "src/core/", "sdk/cpp/src/", "src/adapters/store/"

# name: (what is wrong then, [(file, text, replacement), …])
MUTATIONS = {
    "no_caller_grace": ("a caller who has gone is rung for until setup_timeout", [
        (CORE + "call_media.cpp", "    arm(call, leg.timers, TimerKind::CallerGrace, since + settings(call).caller_grace);\n", "")]),
    "no_connect_timer": ("an answered call without media connects for ever", [
        (CORE + "call_ringing.cpp", "  arm(call, leg.timers, TimerKind::Connect, desk_.now + call.plan.connect);\n", "")]),
    "second_answer_wins": ("a later answer takes the call from the first", [
        (CORE + "call_ringing.cpp", "  if (!is_open(leg) || !can_ring(device.state)) return;\n  if (call.phase == Phase::Inviting)",
         "  if (leg.outcome) return;\n  if (call.phase == Phase::Inviting)")]),
    "decline_after_answer": ("a decline ends the call that another device has answered", [
        (CORE + "call_ringing.cpp", "  if (!is_open(leg) || !can_ring(device.state)) return;\n  const bool busy", "  if (leg.outcome) return;\n  const bool busy")]),
    "cancel_after_answer": ("a cancel that comes after the answer says cancelled", [
        (CORE + "call_engine.cpp", "  const bool answered = is_answered(who.call.phase);\n  conclude(who.call", "  const bool answered = false;\n  conclude(who.call")]),
    "losers_hangup": ("a hang-up of a device that has lost ends the call", [
        (CORE + "call_engine.cpp", "  if (who.is_active() && !who.leg.outcome) conclude(who.call, who.leg, Outcome::Ended, Reason::ByCallee",
         "  if (!who.leg.outcome) conclude(who.call, who.leg, Outcome::Ended, Reason::ByCallee")]),
    "grace_starts_anew": ("the grace counts from when the loss is noticed or looked at", [
        (CORE + "call_media.cpp", "  const auto since = *leg.active->lost_since;", "  const auto since = desk_.now;")]),
    "silence_is_not_noticed": ("the server never takes a silent device as lost", [
        (CORE + "client_engine.cpp", "  if (due > desk_.now) return desk_.arm(client.contact_lost, due",
         "  if (true) return desk_.arm(client.contact_lost, std::max(due, desk_.now + std::chrono::hours{1})")]),
    "ring_starts_anew": ("every device that begins to ring prolongs the ringing", [
        (CORE + "call_ringing.cpp", "  const bool first = !leg.rang_at;", "  const bool first = true;")]),
    "stuck_busy": ("one call in sixteen stays with its users after its end", [
        (CORE + "user_engine.cpp", "    user.live_calls.erase(mail.call);", "    if (mail.call.low() % 16 != 0) user.live_calls.erase(mail.call);")]),
    "no_glare": ("two who call each other have two calls", [
        (CORE + "user_calls.cpp", "    if (share.peer == caller && !share.group) return call;", "    if (share.peer == caller && !share.group && !share.outgoing) return call;")]),
    "repeats_are_carried_out": ("a command that comes again is carried out again", [
        (CORE + "client_engine.cpp", "  if (found == client.memory.answers.end()) return false;\n  const auto* reply", "  if (true) return false;\n  const auto* reply")]),
    "loser_is_not_told": ("devices that have lost are not told", [
        (CORE + "call_ringing.cpp", "  for (const auto* loser : losers) tell(call, *loser);\n", "")]),
    "no_missed_calls": ("devices that were not there never hear of a missed call", [
        (CORE + "missed_calls.cpp", "    desk_.post(GiveEvent{member.client, wire::Missed{0, entry.record}});\n", "")]),
    "no_tombstone": ("a call that has ended here rings again", [
        (CLIENT + "calls_reconnect.cpp", "  if (!journal_.has_ended(snapshot.call_id)) on_incoming(snapshot);", "  on_incoming(snapshot);")]),
    "told_twice": ("the end is told again when the server's word comes after the watchdog", [
        (CLIENT + "calls_reconnect.cpp", "  if (outcome_in(snapshot) || !takes_part(snapshot.you)) return learn(snapshot);",
         "  if (const auto late = outcome_in(snapshot); late && journal_.has_ended(snapshot.call_id)) {\n"
         "    auto view = view_of(snapshot);\n    view.handle = k_incoming_bit | incoming_;\n    desk_.tell(event::Ended{view, *late, snapshot.reason, 0});\n  }\n"
         "  if (outcome_in(snapshot) || !takes_part(snapshot.you)) return learn(snapshot);")]),
    "no_call_watchdog": ("an active call whose server is gone never ends on the device", [
        (CLIENT + "calls.cpp", "    case Stage::Active: return up ? std::nullopt : std::optional(contact + call_limit(call));", "    case Stage::Active: return std::nullopt;")]),
    "no_ring_watchdog": ("a device without contact rings until the ring deadline", [
        (CLIENT + "calls.cpp", " : contact + limits.ring_contact;", " : call.ring_at.value_or(setup_deadline(call)) + limits.ring;")]),
    "connected_on_tap": ("a device shows the call as answered before it has won", [
        (CLIENT + "calls.cpp", "  enter(call, Stage::Answering);\n", "  enter(call, Stage::Answering);\n  tell(call, CallMoment::Connecting);\n")]),
    "old_snapshots_are_shown": ("a snapshot that was overtaken is shown", [
        (CLIENT + "calls.cpp", "  if (call.shown && snapshot.version < call.shown->version) return;\n", "")]),
    "restart_starts_anew": ("after a restart every deadline of an answered call has its whole length again", [
        (CORE + "call_restore.cpp", "  return {kept.kind, at, at - original};", "  return {kept.kind, std::max(at, desk_.now + length(call, kept.kind)), {}};")]),
    "restart_forgets_the_lost": ("after a restart nobody counts as lost", [
        (CORE + "call_restore.cpp", "    lose_all_devices(leg);\n", "")]),
    "refusal_is_contact": ("a server that refuses the hello counts as one that has been heard", [
        (CLIENT + "engine.cpp", "    if (link.is_up() || std::holds_alternative<wire::Welcome>(input.message)) link.heard();", "    link.heard();")]),
    "pushes_are_not_stopped": ("a push that waits leaves although its call is over", [
        (CORE + "call_push.cpp", "  if (is_under_way) desk_.effect(StopPushes{call.id, leg.user});\n", "")]),
    "waits_for_nobody": ("a call all of whose pushes were refused waits until wake_timeout", [
        (CORE + "call_push.cpp", "  if (is_out_of_reach(*leg) && !call->plan.wait_full_ring) return conclude(*call, *leg, Outcome::Unreachable, Reason::PushRefused);\n", "")]),
    "no_wake_watchdog": ("a device that is woken and cannot hear the server rings on", [
        (CLIENT + "calls_reconnect.cpp", "std::min(push.remaining, desk_.limits.wake)", "std::chrono::hours{1}")]),
    "rings_again_by_a_push": ("a push that comes late or twice rings for what has ended here", [
        (CLIENT + "calls_reconnect.cpp", "  if (find(push.call_id) != nullptr || journal_.has_ended(push.call_id)) return;", "  if (find(push.call_id) != nullptr) return;")]),
    "durable_without_a_sync": ("the store calls records durable that are still in the disk's cache", [
        (STORE + "simulated_store.cpp", "  if (!disk_.sync(committing_)) return", "  if (false) return")]),
}
