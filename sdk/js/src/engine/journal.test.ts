// What a device remembers over restarts (PROTOCOL.md section 8.1): the rig that comes after has what the one before has kept.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { callingRig, Rig, ringingRig, talkingRig } from '../testing/rig';
import type { JsonObject } from '../testing/transcript';
import type { EndedEntry } from './journal';

const ringing: JsonObject = { call_id: 'k', phase: 'inviting', role: 'callee', you: 'ringing', deadlines_remaining_ms: { ring: 30_000 } };
const talking: JsonObject = { call_id: 'k', phase: 'active', role: 'caller', you: 'joined', session_id: 's' };
const ended: JsonObject = { call_id: 'k', phase: 'ended', role: 'caller', you: 'done', outcome: 'ended', reason: 'by_callee', device_outcome: 'ended' };

/** The process is gone, and another one begins: `calls` are those of its first welcome. */
function restart(before: Rig, calls: JsonObject[] = [], connect = true): Rig {
  const after = new Rig({ commandPrefix: 'd' });
  after.kept = before.kept;
  after.serverTimeMs = before.serverTimeMs + 1_000;
  return connect ? after.connect({ calls }) : after;
}

const words = (rig: Rig): string[] => unseen(rig).map(({ outcome, reason }) => [outcome, reason].filter(Boolean).join('/'));
const unseen = (rig: Rig): EndedEntry[] => rig.heard('unseen').at(-1)?.outcomes ?? [];

// --- one final callback

test('a call is written down before the application is told of it, and its end before that is told', () => {
  const rig = ringingRig();
  rig.receive('call', { call: { call_id: 'k', phase: 'ended', you: 'done', outcome: 'cancelled', device_outcome: 'missed' } });
  const at = (what: string): number => rig.order.indexOf(what);
  assert.ok(at('keep live k') < at('incoming') && at('keep live k') >= 0);
  assert.ok(at('keep ended k') < at('ended') && at('keep ended k') > at('incoming'));
  assert.ok(!rig.order.includes('keep seen k'));
  rig.input({ type: 'seen', callId: 'k' });
  assert.ok(rig.order.includes('keep seen k'));
});

test('a call placed is written down as soon as it has an id', () => {
  const rig = new Rig().connect();
  rig.place();
  assert.equal(rig.kept, undefined);
  rig.reply('invite', { call: { call_id: 'k', phase: 'inviting', role: 'caller', you: 'calling' } });
  assert.ok(rig.order.indexOf('keep live k') < rig.order.indexOf('calling'));
});

test('an end that the application knows is not among the unseen ones after a restart, one that it was being told is', () => {
  for (const knows of [true, false]) {
    const rig = callingRig();
    rig.receive('call', { call: ended });
    assert.deepEqual(unseen(rig), [], 'not while the application is being called');
    if (knows) rig.input({ type: 'seen', callId: 'k' });
    const next = restart(rig);
    assert.deepEqual(words(next), knows ? [] : ['ended/by_callee']);
    assert.deepEqual(next.heard('ended'), []);
  }
});

test('what was marked seen is not there again', () => {
  const rig = callingRig();
  rig.receive('call', { call: ended });
  const next = restart(rig);
  const [entry] = unseen(next);
  assert.deepEqual([entry!.call_id, entry!.role, entry!.peer, entry!.media], ['k', 'caller', 'bob', 'none']);
  next.input({ type: 'seen' });
  assert.deepEqual(words(next), []);
  assert.deepEqual(words(restart(next)), []);
});

// --- calls of an earlier process

test('hello names the calls that were live, and nobody is called with what became of them', () => {
  const next = restart(talkingRig(), [ended]);
  assert.deepEqual(next.last('hello').calls, ['k']);
  assert.deepEqual([words(next), next.heard('ended').length, next.all('give_up').length], [['ended/by_callee'], 0, 0]);
});

test('a call that the welcome lacks is lost', () => {
  assert.deepEqual(words(restart(talkingRig())), ['lost_contact']);
});

test('a call that lives on without anybody is left, and the answer says what became of it', () => {
  const next = restart(talkingRig(), [talking]);
  assert.deepEqual([words(next), next.last('give_up').call_id], [['lost_contact'], 'k']);
  next.reply('give_up', { call: { ...ended, outcome: 'dropped', reason: 'caller_lost', device_outcome: 'dropped' } });
  assert.deepEqual(words(next), ['dropped/caller_lost']);
  assert.deepEqual([next.heard('incoming'), next.heard('ended')], [[], []]);
});

test('a call that was being placed is cancelled', () => {
  const next = restart(callingRig(), [{ call_id: 'k', phase: 'inviting', role: 'caller', you: 'calling' }]);
  assert.equal(next.last('cancel').call_id, 'k');
  next.reply('cancel', { call: { ...ended, outcome: 'cancelled', reason: 'by_user', device_outcome: 'cancelled' } });
  assert.deepEqual(words(next), ['cancelled/by_user']);
});

test('a call that still rings rings again, and ends once', () => {
  const next = restart(ringingRig(), [ringing]);
  assert.deepEqual([next.heard('incoming').length, next.all('give_up').length, words(next)], [1, 0, []]);
  next.receive('call', { call: { call_id: 'k', phase: 'ended', you: 'done', outcome: 'no_answer', device_outcome: 'missed' } });
  assert.equal(next.outcome, 'missed');
});

test('a call that has ended here never rings again', () => {
  const rig = ringingRig();
  rig.act('decline');
  rig.reply('decline', { call: { ...ended, role: 'callee', outcome: 'declined', reason: 'by_user', device_outcome: 'declined' } });
  const next = restart(rig, [ringing]);
  next.receive('call', { call: ringing });
  assert.deepEqual(next.heard('incoming'), []);
});

test('one that had only stopped ringing for want of contact rings again', () => {
  const rig = ringingRig();
  rig.isSilent = true;
  rig.after(10_001);
  assert.equal(rig.outcome, 'lost_contact');
  assert.equal(restart(rig, [ringing]).heard('incoming').length, 1);
});

// --- what is owed

test('a give_up that could not be sent is sent after the restart, until it is answered', () => {
  const rig = callingRig();
  rig.isSilent = true;
  rig.after(13_000);
  assert.equal(rig.outcome, 'lost_contact');
  rig.input({ type: 'seen', callId: 'k' });
  const next = restart(rig);
  assert.deepEqual([next.last('give_up').call_id, next.last('give_up').watchdog], ['k', 'caller']);
  const third = restart(next);
  third.reply('give_up', { call: { ...ended, outcome: 'cancelled', reason: 'caller_lost', device_outcome: 'cancelled' } });
  assert.deepEqual(words(third), [], 'it was seen as lost_contact, and is not told again');
  const last = restart(third);
  assert.equal(last.all('give_up').length, 0);
});

test('an answer with an error is an answer', () => {
  const rig = callingRig();
  rig.isSilent = true;
  rig.after(13_000);
  const next = restart(rig);
  next.refuse('give_up', 'no_such_call');
  assert.equal(restart(next).all('give_up').length, 0);
});

test('a hang-up on a dead link is said by the next process, as a hang-up', () => {
  const rig = talkingRig();
  rig.isSilent = true;
  rig.act('hangup');
  rig.after(5_000);
  assert.equal(rig.outcome, 'lost_contact');
  assert.equal(restart(rig).last('hangup').call_id, 'k');
});

test('what was said as the page closed may not have arrived: it is said again, once', () => {
  const rig = talkingRig();
  rig.input({ type: 'disconnect' });
  const next = restart(rig);
  assert.equal(next.all('hangup').length, 1);
  next.reply('hangup', { call: { ...ended, reason: 'by_caller' } });
  assert.equal(restart(next).all('hangup').length, 0);
});

// --- lost_contact is corrected

test('the word of the server corrects lost_contact and nothing else', () => {
  const rig = ringingRig();
  rig.isSilent = true;
  rig.after(10_001);
  const record = { call_id: 'k', direction: 'incoming', peer: 'alice', media: 'none', created_at_ms: 1, ended_at_ms: 2, outcome: 'no_answer', your_outcome: 'missed', duration_ms: 0 };
  const next = restart(rig);
  assert.deepEqual(words(next), ['lost_contact']);
  next.receive('missed', { record });
  assert.deepEqual(words(next), ['missed']);
  next.receive('missed', { record: { ...record, your_outcome: 'busy' } });
  assert.deepEqual(words(next), ['missed']);
});

// --- its limits

test('an ended entry is kept for a day', () => {
  const rig = callingRig();
  rig.receive('call', { call: ended });
  const next = restart(rig, [], false);
  next.serverTimeMs = rig.serverTimeMs + 86_400_000 + 5_000;
  next.connect();
  assert.deepEqual(words(next), []);
});

test('of more than 256 the oldest ended ones go, and live ones stay', () => {
  const rig = new Rig().connect();
  rig.receive('call', { call: { ...ringing, call_id: 'live', you: 'notified' } });
  for (let i = 0; i < 300; ++i) {
    rig.receive('call', { call: { ...ringing, call_id: `k${i}`, you: 'notified' } });
    rig.receive('call', { call: { ...ended, role: 'callee', call_id: `k${i}` } });
  }
  const { entries } = JSON.parse(rig.kept!) as { entries: { call_id: string; state: string }[] };
  assert.deepEqual([entries.length, entries.filter(({ state }) => state === 'live').length, entries.at(-1)!.call_id], [256, 1, 'k299']);
  assert.ok(!entries.some(({ call_id }) => call_id === 'k40'));
});

test('a journal that cannot be read is told, and the device begins anew', () => {
  for (const kept of ['no JSON', '{"format":2,"entries":[]}', '[]', 'null']) {
    const rig = new Rig();
    rig.kept = kept;
    rig.connect();
    assert.deepEqual(rig.heard('error').map(({ problem }) => problem.word), ['storage'], kept);
  }
});

test('entries that nobody here has written are passed over', () => {
  const rig = new Rig();
  const good = { call_id: 'good', role: 'callee', peer: 'x', media: 'none', state: 'ended', outcome: 'missed', at_ms: 1_700_000_000_000, seen: false };
  rig.kept = JSON.stringify({ format: 1, entries: [null, 7, {}, { ...good, state: 'x' }, { ...good, owes: { type: 'hangup', call_id: 'other' } }, good] });
  rig.connect();
  assert.deepEqual(unseen(rig).map(({ call_id }) => call_id), ['good']);
});

test('of more calls than a hello names the server is asked one by one, and its answer counts as a welcome', () => {
  const rig = new Rig().connect();
  const id = (i: number): string => `k${i}`;
  for (let i = 0; i < 20; i += 1) rig.receive('call', { call: { ...ringing, call_id: id(i) } });
  const next = restart(rig, [], false);
  next.connect();
  const hello = next.last('hello');
  assert.deepEqual((hello as { calls: string[] }).calls, Array.from({ length: 16 }, (_, i) => id(19 - i)));
  const asked = next.sent.filter((message) => message.type === 'get_call');
  assert.deepEqual(asked.map((message) => (message as { call_id: string }).call_id), [3, 2, 1, 0].map(id));
  const answers: JsonObject[] = [
    { call: { ...ringing, call_id: id(3) } },  // still rings
    { call: { ...talking, call_id: id(2), role: 'callee', you: 'winner' } },  // nobody here is in it
    { call: { ...ended, call_id: id(1), role: 'callee' } },
  ];
  for (const [i, answer] of answers.entries()) next.receive('reply', { cmd_id: (asked[i] as { cmd_id: string }).cmd_id, ...answer });
  next.receive('error', { cmd_id: (asked[3] as { cmd_id: string }).cmd_id, error: 'no_such_call' });
  assert.deepEqual(next.told.flatMap((event) => event.name === 'incoming' ? event.call.callId : []), [id(3)]);
  assert.equal((next.last('give_up') as { call_id: string }).call_id, id(2));
  const outcomes = Object.fromEntries(unseen(next).map(({ call_id, outcome }) => [call_id, outcome]));
  assert.deepEqual([outcomes[id(3)], outcomes[id(2)], outcomes[id(1)], outcomes[id(0)]], [undefined, 'lost_contact', 'ended', 'lost_contact']);
});
