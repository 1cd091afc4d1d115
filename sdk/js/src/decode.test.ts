import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decode } from './decode';

const snapshot = {
  call_id: 'call_a', version: 3, phase: 'inviting', ringing: true, role: 'caller', you: 'calling', caller: { user: 'alice' },
  callee: { user: 'bob', device: 'Phone' }, media: 'video', peer_unstable: false, created_at_ms: 12, deadlines_remaining_ms: { ring: 5 },
};
const text = (value: unknown): string => JSON.stringify(value);
const problem = (value: unknown): string => {
  const found = decode(text(value));
  assert.equal(found.type, 'undecoded');
  return (found as { problem: string }).problem;
};

test('a message comes out as it is, without what this version does not know', () => {
  const call = { type: 'call', seq: 4, call: snapshot };
  assert.deepEqual(decode(text({ ...call, mood: 'fine', call: { ...snapshot, colour: 'red' } })), call);
});

test('null is as good as absent', () => {
  const found = decode(text({ type: 'call', seq: 1, call: { ...snapshot, data: null } }));
  assert.ok(found.type === 'call' && !('data' in found.call));
});

test('optional words of a newer server count as absent', () => {
  const found = decode(text({ type: 'call', seq: 1, call: { ...snapshot, outcome: 'beamed_up', reason: 'by_captain' } }));
  assert.ok(found.type === 'call' && found.call.outcome === undefined && found.call.reason === undefined);
});

test('an unknown reason for leaving still means gone', () => {
  const found = decode(text({ type: 'connection_destroyed', seq: 1, session_id: 's', connection_id: 'c', reason: 'beamed_up' }));
  assert.ok(found.type === 'connection_destroyed' && found.reason === 'network_disconnected');
});

test('an unknown outcome in the history is a failure', () => {
  const record = {
    call_id: 'c', direction: 'outgoing', peer: 'bob', media: 'none', created_at_ms: 1, ended_at_ms: 2, outcome: 'beamed_up',
    your_outcome: 'missed', duration_ms: 0,
  };
  const found = decode(text({ type: 'reply', cmd_id: '1', records: [record] }));
  assert.deepEqual(found.type === 'reply' && found.records?.map(({ outcome, your_outcome }) => [outcome, your_outcome]), [['failed', 'missed']]);
});

test('a field that is missing or wrong is named with its path', () => {
  assert.match(problem({ type: 'call', seq: 1 }), /"call" is missing/);
  assert.match(problem({ type: 'call', seq: 1, call: { ...snapshot, callee: { user: 7 } } }), /"call.callee.user" must be a text/);
  assert.match(problem({ type: 'call', seq: -1, call: snapshot }), /"seq" must be a whole number/);
  assert.match(problem({ type: 'call', seq: 1, call: { ...snapshot, phase: 'dreaming' } }), /"call.phase" must be one of inviting/);
  assert.match(problem({ type: 'call', seq: 1, call: { ...snapshot, ringing: 'yes' } }), /"call.ringing" must be true or false/);
  assert.match(problem({ type: 'reply', cmd_id: '1', users: ['a', 1] }), /"users\[1\]" must be a text/);
  assert.match(problem({ type: 'reply', cmd_id: '1', streams: {} }), /"streams" must be a list/);
});

test('what cannot be used keeps its seq and its cmd_id', () => {
  assert.deepEqual(decode(text({ type: 'comet', seq: 9 })), { type: 'undecoded', problem: 'There is no message of type "comet".', seq: 9 });
  const reply = decode(text({ type: 'reply', cmd_id: 'c1', users: 3 }));
  assert.ok(reply.type === 'undecoded' && reply.cmd_id === 'c1');
});

test('what is no message at all never throws', () => {
  for (const bad of ['', '{', '[]', 'null', '7', '{"type":1}', '{"seq":1}', '{"type":"toString"}', '{"type":"__proto__"}']) {
    assert.equal(decode(bad).type, 'undecoded', bad);
  }
});

test('every small message', () => {
  for (const message of [
    { type: 'ping', period_ms: 1000 }, { type: 'pong' }, { type: 'error', error: 'replaced', message: '', fatal: true },
    { type: 'presence', seq: 1, user: 'bob', online: false }, { type: 'draining', seq: 2, remaining_ms: 5 },
    { type: 'signal', seq: 3, session_id: 's', from: 'c', signal_type: 't', data: '' },
    { type: 'negotiation', seq: 4, session_id: 's', from: 'c', description: { type: 'offer', sdp: 'v=0' } },
    { type: 'connection_missed', seq: 5, session_id: 's', expectation_id: 'e', reason: 'timeout' },
  ]) assert.deepEqual(decode(text(message)), message);
});
