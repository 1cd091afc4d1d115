// A push wakes this device for a call.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Rig } from '../testing/rig';
import type { JsonObject } from '../testing/transcript';
import { ageOf, payloadOf, type PushPayload } from './push_payload';

const PAYLOAD: PushPayload = {
  type: 'call', call_id: 'k', project: '1', caller: { user: 'alice' }, to: 'bob', media: 'audio', expires_at_ms: 1_700_000_020_000, remaining_ms: 20_000,
};
const rings = (fields: JsonObject = {}): JsonObject => (
  { call_id: 'k', phase: 'inviting', role: 'callee', you: 'notified', deadlines_remaining_ms: { setup: 60_000 }, ...fields });
const over = (outcome: string, device = 'missed'): JsonObject => rings({ phase: 'ended', you: 'done', outcome, device_outcome: device, deadlines_remaining_ms: {} });

function push(rig: Rig, age_ms = 0, request = 1): void {
  rig.input({ type: 'push', request, payload: PAYLOAD, age_ms, ...(rig.kept !== undefined && { journal: rig.kept }) });
}

test('it rings at once, asks the server, and says so to it as soon as it is heard', () => {
  const rig = new Rig();
  push(rig);
  assert.deepEqual(rig.story, ['incoming', 'pushed']);
  assert.equal(rig.heard('pushed')[0]!.handle, rig.handle);
  rig.welcome({ calls: [rings()] });
  assert.deepEqual(rig.last('hello').calls, ['k']);
  assert.equal(rig.all('ring_ack').length, 1);
  rig.reply('ring_ack', { call: rings({ version: 2, you: 'ringing', ringing: true }) });
  rig.act('answer');
  rig.reply('answer', { call: rings({ version: 3, phase: 'connecting', you: 'winner', session_id: 's', deadlines_remaining_ms: { connect: 20_000 } }) });
  assert.deepEqual(rig.story.filter((name) => name !== 'legs'), ['incoming', 'pushed', 'connecting']);
});

test('a second push for the same call shows the same one', () => {
  const rig = new Rig();
  push(rig);
  push(rig, 0, 2);
  rig.welcome({ calls: [rings()] });
  push(rig, 0, 3);
  assert.equal(rig.heard('incoming').length, 1);
  assert.deepEqual(rig.heard('pushed').map(({ handle }) => handle), [rig.handle, rig.handle, rig.handle]);
});

test('without a server it ends as missed after 8 s, or when it expires', () => {
  const rig = new Rig();
  push(rig);
  rig.after(7_999);
  assert.equal(rig.heard('ended').length, 0);
  rig.after(1);
  assert.equal(rig.outcome, 'missed');
  const late = new Rig();
  push(late, 18_000);
  late.after(2_000);
  assert.equal(late.outcome, 'missed');
});

test('what was over before the clock of the server was known is not taken for old, and does not ring in a later process', () => {
  const rig = new Rig();
  push(rig);
  rig.after(8_000);
  assert.equal(rig.outcome, 'missed');
  rig.welcome({ time_at_ms: 1_700_000_000_000 });
  rig.input({ type: 'push', request: 2, payload: { ...PAYLOAD, call_id: 'k2' }, age_ms: 0 });  // writes to the journal, which prunes it
  const next = new Rig();
  next.kept = rig.kept;
  push(next);
  assert.equal(next.heard('incoming').length, 0);
});

test('what the server says of the call counts: over, answered elsewhere, unknown', () => {
  for (const [calls, outcome] of [[[over('cancelled')], 'missed'], [[over('ended', 'answered_elsewhere')], 'answered_elsewhere'], [[], 'missed']] as const) {
    const rig = new Rig();
    push(rig);
    rig.welcome({ calls: [...calls] });
    assert.equal(rig.outcome.split('/')[0], outcome);
    push(rig, 0, 2);
    assert.equal(rig.heard('incoming').length, 1, 'it never rings again');
    assert.equal(rig.heard('pushed')[1]!.handle, undefined);
  }
});

test('one that is too old by the clock rings only if the server says that it does', () => {
  const rig = new Rig();
  push(rig, 20_000);
  assert.deepEqual(rig.story, ['pushed']);
  rig.welcome({ calls: [rings()] });
  assert.deepEqual(rig.last('hello').calls, ['k']);
  assert.equal(rig.heard('incoming').length, 1);
});

test('on a link that is up the server is asked', () => {
  const rig = new Rig().connect();
  push(rig);
  rig.reply('get_call', { call: rings() });
  assert.equal(rig.all('ring_ack').length, 1);
  const late = new Rig().connect();
  push(late);
  late.refuse('get_call', 'no_such_call');
  assert.equal(late.outcome, 'missed');
});

test('a new process does not ring for what has rung before, unless the server says that it still rings', () => {
  const rig = new Rig();
  push(rig);
  rig.welcome({ calls: [over('cancelled')] });
  const next = new Rig();
  next.kept = rig.kept;
  push(next);
  assert.deepEqual(next.story.filter((name) => name !== 'unseen'), ['pushed']);
  const killed = new Rig();
  push(killed);
  const again = new Rig();
  again.kept = killed.kept;
  push(again);
  assert.equal(again.heard('incoming').length, 0);
  again.welcome({ calls: [rings()] });
  assert.equal(again.heard('incoming').length, 1);
});

test('answered before the server is heard, the answer is sent when it is', () => {
  const rig = new Rig();
  push(rig);
  rig.act('answer');
  rig.welcome({ calls: [rings()] });
  assert.equal(rig.all('answer').length, 1);
  assert.equal(rig.all('ring_ack').length, 0);
});

test('the address is told with every hello, and can be changed and taken back', () => {
  const rig = new Rig({ push: { provider: 'web', token: 't' } }).connect();
  assert.deepEqual(rig.last('hello').push, { provider: 'web', token: 't' });
  rig.request({ type: 'set_push', push: { provider: 'web', token: 'u' } });
  rig.reply('set_push');
  rig.reconnect();
  assert.deepEqual(rig.last('hello').push, { provider: 'web', token: 'u' });
  rig.request({ type: 'set_push' }, 2);
  rig.reconnect();
  assert.equal(rig.last('hello').push, undefined);
});

test('a payload is an object or its text, and nothing else', () => {
  assert.deepEqual(payloadOf(JSON.stringify(PAYLOAD)), PAYLOAD);
  for (const other of [undefined, null, 1, 'x', '[]', {}, { ...PAYLOAD, type: 'missed' }, { ...PAYLOAD, caller: 'alice' }, { ...PAYLOAD, remaining_ms: '1' }]) {
    assert.equal(payloadOf(other), undefined);
  }
  assert.equal(ageOf(PAYLOAD, 1_700_000_003_000), 3_000);
});
