import assert from 'node:assert/strict';
import { test } from 'node:test';
import { callingRig, joinedReply, Rig, ringingRig, talkingRig } from '../testing/rig';
import type { CallView } from './types';

const live = (fields = {}) => ({ call_id: 'k', phase: 'inviting', role: 'caller', you: 'calling', ...fields });
const ended = (fields = {}) => ({ call_id: 'k', phase: 'ended', you: 'done', outcome: 'ended', reason: 'by_callee', device_outcome: 'ended', ...fields });

// --- placing

test('an unanswered invite is sent again at 0.5, 1, 2 and 4 s with the same cmd_id, and given up after 10', () => {
  const rig = new Rig().connect();
  const began = rig.now;
  rig.place();
  const at: number[] = [];
  while (rig.heard('ended').length === 0) {
    const before = rig.all('invite').length;
    rig.after(100);
    if (rig.all('invite').length > before) at.push(rig.now - began);
  }
  assert.deepEqual(at, [500, 1_000, 2_000, 4_000]);
  assert.equal(new Set(rig.all('invite').map(({ cmd_id }) => cmd_id)).size, 1);
  assert.equal(rig.now - began, 10_000);
  assert.equal(rig.outcome, 'failed/server_unreachable');
});

test('an invite that was given up and turns out to exist is cancelled', () => {
  const rig = new Rig().connect();
  rig.place();
  rig.after(10_000);
  rig.reply('invite', { call: live() });
  assert.equal(rig.last('cancel').call_id, 'k');
  rig.receive('call', { call: live({ ringing: true }) });
  assert.deepEqual(rig.story, ['ended']);
});

test('an invite whose reply was lost with the link is cancelled when its call shows in a welcome', () => {
  const rig = new Rig().connect();
  rig.place();
  rig.cut();
  rig.isSilent = true;
  rig.after(10_000);
  assert.equal(rig.outcome, 'failed/server_unreachable');
  rig.input({ type: 'wake' });
  rig.welcome({ resumed: true, calls: [live()] });
  assert.equal(rig.last('cancel').call_id, 'k');
  assert.equal(rig.all('invite').length, 1);
});

test('a call that the backend has placed for this device is its own from then on', () => {
  const rig = new Rig().connect();
  rig.receive('call', { call: live({ callee: { user: 'bob' } }) });
  rig.receive('call', { call: live({ ringing: true, callee: { user: 'bob' } }) });
  assert.deepEqual(rig.story, ['outgoing', 'calling', 'ringing']);
  const { call } = rig.told.find(({ name }) => name === 'outgoing') as { call: CallView };
  assert.deepEqual([call.role, call.peer], ['caller', 'bob']);
  rig.handle = call.handle;
  rig.act('cancel');
  rig.reply('cancel', { call: ended({ outcome: 'cancelled', reason: 'by_user', device_outcome: 'cancelled' }) });
  assert.equal(rig.outcome, 'cancelled/by_user');
});

test('while an invite that was given up has no answer, a call that shows is taken for its own and cancelled', () => {
  const rig = new Rig().connect();
  rig.place();
  rig.after(10_000);
  rig.receive('call', { call: live() });
  assert.equal(rig.last('cancel').call_id, 'k');
  assert.deepEqual(rig.story, ['ended']);
});

test('a call of an earlier life in a welcome is not one that the backend has just placed', () => {
  const rig = new Rig().connect({ calls: [live()] });
  assert.equal(rig.last('cancel').call_id, 'k');
  assert.deepEqual(rig.story, []);
});

test('an invite that never left is not sent after it was given up', () => {
  const rig = new Rig().connect();
  rig.cut();
  rig.isSilent = true;
  rig.place();
  rig.after(10_000);
  assert.equal(rig.outcome, 'failed/server_unreachable');
  rig.input({ type: 'wake' });
  rig.welcome({ resumed: true });
  assert.equal(rig.all('invite').length, 0);
});

test('news of a call that come before the repeated reply to its invite are not lost', () => {
  const rig = new Rig().connect();
  rig.place();
  rig.reconnect();
  rig.receive('call', { call: live({ version: 2, ringing: true }) });
  assert.deepEqual(rig.story, []);
  rig.reply('invite', { call: live({ version: 1, ringing: false }) });
  assert.deepEqual(rig.story, ['calling', 'ringing']);
  assert.equal(rig.all('cancel').length, 0);
});

test('the end of a call that comes before the repeated reply to its invite is not lost', () => {
  const rig = new Rig().connect();
  rig.place();
  rig.reconnect({ resumed: true });
  rig.receive('call', { call: ended({ role: 'caller', version: 3, outcome: 'declined', reason: 'by_user', device_outcome: 'declined' }) });
  assert.deepEqual(rig.story, []);
  rig.reply('invite', { call: live({ version: 1, outcome: null, reason: null, device_outcome: null }) });
  assert.deepEqual(rig.story, ['calling', 'ended']);
  assert.equal(rig.outcome, 'declined/by_user');
});

test('cancelled before the invite left: nothing is sent, and it ends at once', () => {
  const rig = new Rig().connect();
  rig.cut();
  rig.place();
  rig.act('cancel');
  assert.equal(rig.outcome, 'cancelled/by_user');
  rig.input({ type: 'wake' });
  rig.welcome({ resumed: true });
  assert.equal(rig.all('invite').length, 0);
});

test('cancelled before the invite is answered: cancel is sent when the id is known', () => {
  const rig = new Rig().connect();
  rig.place();
  rig.act('cancel');
  assert.equal(rig.all('cancel').length, 0);
  rig.reply('invite', { call: live() });
  assert.equal(rig.last('cancel').call_id, 'k');
  rig.reply('cancel', { call: ended({ outcome: 'cancelled', reason: 'by_user', device_outcome: 'cancelled' }) });
  assert.deepEqual(rig.story, ['ended']);
  assert.equal(rig.outcome, 'cancelled/by_user');
});

test('cancelled before an answer that never comes: ends in 5 s, and is cancelled should it exist', () => {
  const rig = new Rig().connect();
  rig.place();
  rig.act('cancel');
  rig.after(4_999);
  assert.deepEqual(rig.story, []);
  rig.after(1);
  assert.equal(rig.outcome, 'lost_contact');
  rig.reply('invite', { call: live() });
  assert.equal(rig.last('cancel').call_id, 'k');
});

test('a refused invite ends with the word if it is a reason, else as internal', () => {
  for (const [word, outcome] of [['not_allowed', 'failed/not_allowed'], ['bad_field', 'failed/internal'], ['rate_limited', 'failed/rate_limited']]) {
    const rig = new Rig().connect();
    rig.place();
    rig.refuse('invite', word!);
    assert.equal(rig.outcome, outcome);
  }
});

test('a call placed after closing fails at once', () => {
  const rig = new Rig().connect();
  rig.input({ type: 'disconnect' });
  rig.place();
  assert.equal(rig.outcome, 'failed/server_unreachable');
});

// --- the caller's watchdogs

test('calling without a link: lost_contact after caller_grace + 2 s since the last contact, and give_up when it is back', () => {
  const rig = callingRig();
  const contact = rig.now;
  rig.after(300);
  rig.isSilent = true;
  rig.cut();
  while (rig.heard('ended').length === 0) rig.after(100);
  assert.equal(rig.now - contact, 12_000);
  assert.equal(rig.outcome, 'lost_contact');
  rig.input({ type: 'wake' });
  rig.welcome({ resumed: true, calls: [live()] });
  assert.deepEqual([rig.last('give_up').call_id, rig.last('give_up').watchdog], ['k', 'caller']);
  assert.equal(rig.all('cancel').length, 0);
});

test('calling, nothing comes of it: asks 5 s after the setup deadline, and believes an answer', () => {
  const rig = callingRig();
  rig.after(64_999);
  assert.equal(rig.all('get_call').length, 0);
  rig.after(1);
  assert.equal(rig.all('get_call').length, 1);
  rig.reply('get_call', { call: live({ deadlines_remaining_ms: { setup: 3_000 } }) });
  rig.after(7_999);
  assert.equal(rig.all('get_call').length, 1);
  rig.after(1);
  assert.equal(rig.all('get_call').length, 2);
  rig.after(5_000);
  assert.equal(rig.outcome, 'lost_contact');
  assert.equal(rig.last('give_up').watchdog, 'setup');
});

// --- the callee's watchdogs

test('ringing with a link: missed 2 s after the deadline of the ringing, and never again', () => {
  const rig = ringingRig();
  rig.after(46_999);
  assert.deepEqual(rig.story, ['incoming']);
  rig.after(1);
  assert.equal(rig.outcome, 'missed');
  rig.receive('call', { call: live({ role: 'callee', you: 'ringing' }) });
  rig.reconnect({ resumed: false, calls: [live({ role: 'callee', you: 'ringing' })] });
  assert.deepEqual(rig.story, ['incoming', 'ended']);
});

test('ringing without a link stops after 10 s; an event that waited does not ring again, a welcome does', () => {
  const rig = ringingRig();
  const contact = rig.now;
  rig.isSilent = true;
  rig.cut();
  while (rig.heard('ended').length === 0) rig.after(100);
  assert.equal(rig.now - contact, 10_000);
  assert.equal(rig.outcome, 'lost_contact');
  assert.equal(rig.all('give_up').length, 0);
  rig.input({ type: 'wake' });
  rig.welcome({ resumed: true });
  rig.receive('call', { call: live({ role: 'callee', you: 'ringing' }) });
  assert.equal(rig.heard('incoming').length, 1);
  rig.reconnect({ resumed: true, calls: [live({ role: 'callee', you: 'ringing' })] });
  assert.equal(rig.heard('incoming').length, 2);
});

test('whoever refuses the hello is no contact: ringing stops 10 s after the last word of a server that knew this client', () => {
  const rig = ringingRig();
  const contact = rig.now;
  rig.isSilent = true;
  rig.cut();
  rig.after(8_000);
  rig.input({ type: 'opened', link: rig.link, token: 'token' });
  rig.receive('error', { error: 'overloaded', fatal: true });
  while (rig.heard('ended').length === 0) rig.after(100);
  assert.equal(rig.now - contact, 10_000);
  assert.equal(rig.outcome, 'lost_contact');
});

test('answer pressed and no word: lost_contact after 10 s, give_up, and the answer is never sent again', () => {
  const rig = ringingRig();
  rig.after(500);
  rig.cut();
  rig.isSilent = true;
  rig.act('answer');
  rig.after(9_999);
  assert.deepEqual(rig.story, ['incoming']);
  rig.after(1);
  assert.equal(rig.outcome, 'lost_contact');
  rig.input({ type: 'wake' });
  rig.welcome({ resumed: true });
  assert.equal(rig.all('answer').length, 0);
  assert.equal(rig.last('give_up').watchdog, 'answer');
});

test('an answer that lost the race shows answered_elsewhere, never connecting', () => {
  const rig = ringingRig();
  rig.act('answer');
  rig.reply('answer', { call: live({ role: 'callee', phase: 'connecting', you: 'elsewhere', device_outcome: 'answered_elsewhere' }) });
  assert.deepEqual(rig.story, ['incoming', 'ended']);
  assert.equal(rig.outcome, 'answered_elsewhere');
});

test('without deadlines in the snapshots those of the settings count', () => {
  const rig = new Rig().connect();
  rig.receive('call', { call: live({ role: 'callee', you: 'notified' }) });
  rig.after(61_999);
  assert.deepEqual(rig.story, ['incoming']);
  rig.after(1);
  assert.equal(rig.outcome, 'missed');
});

// --- both sides' watchdogs

test('connecting: lost_contact 2 s after the deadline', () => {
  const rig = callingRig();
  rig.receive('call', { call: live({ phase: 'connecting', you: 'joined', deadlines_remaining_ms: { connect: 20_000 } }) });
  rig.after(21_999);
  assert.deepEqual(rig.story, ['calling', 'connecting']);
  rig.after(1);
  assert.equal(rig.outcome, 'lost_contact');
  assert.equal(rig.last('give_up').watchdog, 'connect');
});

test('active without a link: lost_contact after drop_grace since the last contact; with one it may last', () => {
  const rig = talkingRig();
  rig.after(3_600_000);
  assert.equal(rig.heard('ended').length, 0);
  const contact = rig.now;
  rig.isSilent = true;
  while (rig.heard('ended').length === 0) rig.after(100);
  assert.equal(rig.now - contact, 20_000);
  assert.equal(rig.outcome, 'lost_contact');
  assert.equal(rig.heard('ended')[0]!.duration_ms, 3_620_000);
  rig.input({ type: 'wake' });
  rig.welcome({ resumed: false });
  assert.equal(rig.last('give_up').watchdog, 'call');
});

test('hang-up on a dead link ends after 5 s, and is still said later', () => {
  const rig = talkingRig();
  rig.cut();
  rig.isSilent = true;
  rig.act('hangup');
  rig.act('hangup');
  rig.after(4_999);
  assert.equal(rig.heard('ended').length, 0);
  rig.after(1);
  assert.equal(rig.outcome, 'lost_contact');
  rig.input({ type: 'wake' });
  rig.welcome({ resumed: true });
  assert.equal(rig.all('hangup').length, 1);
  rig.reply('hangup', { call: ended() });
  assert.equal(rig.heard('ended').length, 1);
});

test('once hang-up is pressed only the end is told', () => {
  const rig = callingRig();
  rig.act('hangup');
  rig.receive('call', { call: live({ ringing: true }) });
  rig.receive('call', { call: live({ phase: 'connecting', you: 'joined', session_id: 's' }) });
  assert.deepEqual(rig.story, ['calling']);
  assert.equal(rig.all('session_connect').length, 0);
  rig.reply('hangup', { call: ended({ reason: 'by_caller' }) });
  assert.equal(rig.outcome, 'ended/by_caller');
});

// --- what others do at the same time

test('ignore silences this device at the server, and the call goes on', () => {
  const rig = ringingRig();
  rig.act('ignore');
  assert.equal(rig.all('ignore').length, 1);
  rig.reply('ignore', { call: live({ role: 'callee', you: 'ignored', version: 9 }) });
  assert.equal(rig.heard('ended').length, 0);
});

test('an invite that becomes part of the call one is in already is busy, and that call goes on', () => {
  const rig = talkingRig();
  rig.input({ type: 'call', handle: 'again', to: 'bob', media: 'none' });
  const talking = rig.all('invite')[0];
  rig.reply('invite', { call: { ...live({ version: 9, phase: 'active', you: 'joined' }), merged: true } });
  assert.ok(talking);
  assert.equal(rig.outcome, 'busy/in_call');
  assert.equal(rig.heard('ended').length, 1);
});

// Found by calls between real processes, seed 77, call 13:392: the device said that it was not there.
test('a call that the invite has become part of may overtake the reply', () => {
  const rig = new Rig().connect();
  rig.place();
  const merged = live({ version: 3, phase: 'connecting', role: 'callee', you: 'winner', caller: { user: 'bob' }, callee: { user: 'alice' } });
  rig.reconnect({ resumed: false, calls: [merged] });
  assert.equal(rig.all('give_up').length, 0);
  rig.reply('invite', { call: { ...merged, merged: true } });
  assert.deepEqual(rig.story, ['calling', 'connecting']);
});

test('a missed call is told', () => {
  const rig = new Rig().connect();
  const record = {
    call_id: 'k', direction: 'incoming', peer: 'alice', media: 'none', created_at_ms: 1, ended_at_ms: 2, outcome: 'no_answer', your_outcome: 'missed',
    duration_ms: 0,
  };
  rig.receive('missed', { record });
  assert.deepEqual(rig.heard('missed').map((event) => (event as { record: unknown }).record), [record]);
});

// --- snapshots

test('a lower version is ignored', () => {
  const rig = callingRig();
  rig.receive('call', { call: live({ version: 5, ringing: true }) });
  rig.receive('call', { call: live({ version: 4, phase: 'connecting', you: 'joined' }) });
  assert.deepEqual(rig.story, ['calling', 'ringing']);
});

test('a server that has started anew may count versions anew', () => {
  const rig = callingRig();
  rig.receive('call', { call: live({ version: 9, ringing: true }) });
  rig.reconnect({ resumed: false, calls: [live({ version: 2, phase: 'connecting', you: 'joined' })] });
  assert.deepEqual(rig.story, ['calling', 'ringing', 'connecting']);
});

test('a call that a fresh welcome lacks ends as lost_contact; a resumed one lacks nothing', () => {
  const rig = callingRig();
  rig.reconnect({ resumed: true });
  assert.equal(rig.heard('ended').length, 0);
  rig.reconnect({ resumed: false });
  assert.equal(rig.outcome, 'lost_contact');
});

test('hello names the calls believed in', () => {
  const rig = callingRig();
  rig.reconnect({ resumed: true });
  assert.deepEqual(rig.last('hello').calls, ['k']);
  rig.receive('call', { call: ended() });
  rig.reconnect({ resumed: true });
  assert.equal(rig.last('hello').calls, undefined);
});

test('the end is told once, however often the server says it', () => {
  const rig = talkingRig();
  rig.receive('call', { call: ended() });
  rig.receive('call', { call: ended() });
  rig.reconnect({ resumed: false, calls: [ended()] });
  assert.equal(rig.outcome, 'ended/by_callee');
});

test('an end with an outcome of a newer server still ends', () => {
  const rig = talkingRig();
  rig.receive('call', { call: { call_id: 'k', phase: 'ended', you: 'done', outcome: 'beamed_up', device_outcome: 'beamed_up', duration_ms: 7 } });
  assert.equal(rig.outcome, 'failed');
  assert.equal(rig.heard('ended')[0]!.duration_ms, 7);
});

test('a call that the server no longer knows ends as lost_contact', () => {
  const rig = ringingRig();
  rig.act('answer');
  rig.refuse('answer', 'no_such_call');
  assert.equal(rig.outcome, 'lost_contact');
});

test('calls of an earlier life of this device are not left standing', () => {
  const rig = new Rig().connect({ calls: [live(), live({ call_id: 'l', role: 'callee', phase: 'active', you: 'winner' })] });
  assert.equal(rig.last('cancel').call_id, 'k');
  assert.equal(rig.last('give_up').call_id, 'l');
  assert.deepEqual(rig.story, []);
});

test('what another device of this user does is none of our business', () => {
  const rig = new Rig().connect();
  rig.receive('call', { call: live({ you: 'bystander' }) });
  assert.deepEqual([rig.story, rig.all('cancel').length], [[], 0]);
});

test('an unstable peer is told once, and its return', () => {
  const rig = talkingRig();
  for (const peer_unstable of [true, true, false]) rig.receive('call', { call: { call_id: 'k', peer_unstable } });
  assert.deepEqual(rig.story.slice(-2), ['peer_unstable', 'peer_stable']);
});

test('media is reported only while there is a call to report it for', () => {
  const rig = callingRig();
  rig.act('media_up');
  assert.equal(rig.all('media_up').length, 0);
  rig.receive('call', { call: live({ phase: 'connecting', you: 'joined' }) });
  rig.act('media_up');
  rig.input({ type: 'act', handle: 'out', action: { do: 'media_failed', reason: 'permission' } });
  assert.deepEqual([rig.last('media_up').call_id, rig.last('media_failed').reason], ['k', 'permission']);
});

test('a command of a call that came too fast for the server is sent again after a second', () => {
  const rig = ringingRig();
  rig.act('answer');
  rig.refuse('answer', 'rate_limited');
  rig.after(999);
  assert.equal(rig.all('answer').length, 1);
  rig.after(1);
  assert.equal(rig.all('answer').length, 2);
});

// --- the session under a call

test('the session is joined once, and again by a fresh client', () => {
  const rig = talkingRig();
  rig.receive('call', { call: { call_id: 'k' } });
  assert.equal(rig.all('session_connect').length, 1);
  assert.equal(rig.heard('session_connected')[0]!.handle, 'out');
  rig.reconnect({ resumed: false, calls: [live({ phase: 'active', you: 'joined', session_id: 's' })] });
  assert.equal(rig.all('session_connect').length, 2);
  rig.reply('session_connect', joinedReply('conn_new'));
  assert.equal(rig.heard('session_connected')[1]!.connection.connection_id, 'conn_new');
});

test('nothing is told of the session after the end of the call', () => {
  const rig = talkingRig();
  rig.receive('call', { call: ended() });
  rig.receive('session_disconnected', { session_id: 's', reason: 'call_ended' });
  assert.equal(rig.story.at(-1), 'ended');
});

// --- leaving for good

test('disconnect hangs up, withdraws and gives up, and every call ends', () => {
  const talking = talkingRig();
  talking.input({ type: 'disconnect' });
  assert.equal(talking.last('hangup').call_id, 'k');
  const calling = callingRig();
  calling.input({ type: 'disconnect' });
  assert.equal(calling.last('cancel').call_id, 'k');
  const ringing = ringingRig();
  ringing.input({ type: 'disconnect' });
  assert.equal(ringing.last('give_up').call_id, 'k');
  for (const rig of [talking, calling, ringing]) {
    assert.equal(rig.sent.at(-1)!.type, 'bye');
    assert.deepEqual(rig.story.slice(-2), ['ended', 'closed']);
  }
});

test('calls that a hello has no room for are asked about one by one', () => {
  const rig = new Rig().connect();
  const ids = Array.from({ length: 18 }, (_, i) => `k${i}`);
  const ringing = { phase: 'inviting', role: 'callee', you: 'notified', deadlines_remaining_ms: { setup: 60_000 } };
  for (const call_id of ids) rig.receive('call', { call: { call_id, ...ringing } });
  rig.sent.length = 0;
  rig.reconnect({ resumed: false, calls: ids.slice(0, 16).map((call_id) => ({ call_id, ...ringing })) });
  const asked = rig.sent.filter(({ type }) => type === 'get_call').map((body) => (body as { call_id: string }).call_id);
  assert.deepEqual(asked, ids.slice(16));
  assert.ok(!rig.story.includes('ended'));
});
