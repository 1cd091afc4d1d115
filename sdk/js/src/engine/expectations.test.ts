import assert from 'node:assert/strict';
import { test } from 'node:test';
import { joinedReply, Rig } from '../testing/rig';
import { EXPECT_MARGIN_MS } from './expectations';

const TIMEOUT_MS = 60_000;
const met = { session_id: 's', expectation_id: 'e', connection: { connection_id: 'conn_other' } };
const answers = (rig: Rig): string[] => rig.story.filter((name) => name === 'expectation_met' || name === 'connection_missed' || name === 'failed');

/** In a session, and waiting there; the server knows of it unless `isKnown` is false. */
function waitingRig(isKnown = true): Rig {
  const rig = new Rig().connect();
  rig.request({ type: 'session_connect', session_id: 's' }, 1);
  rig.reply('session_connect', joinedReply());
  rig.request({ type: 'expect', session_id: 's', timeout_ms: TIMEOUT_MS, user: 'bob' }, 2);
  if (isKnown) rig.reply('expect', { expectation_id: 'e', remaining_ms: TIMEOUT_MS });
  return rig;
}

test('met, once', () => {
  const rig = waitingRig();
  rig.receive('expectation_met', met);
  rig.receive('expectation_met', met);
  rig.after(TIMEOUT_MS * 2);
  assert.deepEqual(answers(rig), ['expectation_met']);
  assert.equal(rig.heard('expectation_met')[0]!.connection.connection_id, 'conn_other');
});

test('missed, with the reason', () => {
  for (const reason of ['timeout', 'rejected', 'expecter_left'] as const) {
    const rig = waitingRig();
    rig.receive('connection_missed', { session_id: 's', expectation_id: 'e', reason });
    assert.equal(rig.heard('connection_missed')[0]!.reason, reason);
  }
});

test('the watchdog answers when the word does not come, and what comes later is nothing new', () => {
  const rig = waitingRig();
  rig.after(TIMEOUT_MS + EXPECT_MARGIN_MS - 1);
  assert.deepEqual(answers(rig), []);
  rig.after(1);
  assert.equal(rig.heard('connection_missed')[0]!.reason, 'timeout');
  rig.receive('expectation_met', met);
  assert.equal(answers(rig).length, 1);
});

test('the watchdog works without a link, and before the server has answered', () => {
  const rig = waitingRig(false);
  rig.isSilent = true;
  rig.cut();
  rig.after(TIMEOUT_MS + EXPECT_MARGIN_MS);
  assert.deepEqual(answers(rig), ['connection_missed']);
  rig.input({ type: 'wake' });
  rig.welcome({ resumed: true });
  assert.equal(rig.all('expect').length, 1);
});

test('without a timeout that of the server counts', () => {
  const rig = new Rig().connect();
  rig.request({ type: 'expect', session_id: 's' }, 1);
  rig.after(60_000 + EXPECT_MARGIN_MS);
  assert.deepEqual(answers(rig), ['connection_missed']);
});

test('refused by the server', () => {
  const rig = waitingRig(false);
  rig.refuse('expect', 'limit_reached');
  rig.after(TIMEOUT_MS * 2);
  assert.deepEqual(answers(rig), ['failed']);
});

test('an answer that a resume replays before the repeated reply is not lost', () => {
  const rig = waitingRig(false);
  rig.reconnect({ resumed: true });
  rig.receive('expectation_met', met);
  assert.deepEqual(answers(rig), []);
  rig.reply('expect', { expectation_id: 'e', remaining_ms: TIMEOUT_MS });
  assert.deepEqual(answers(rig), ['expectation_met']);
});

test('a fresh client expects again, for the rest of the time', () => {
  const rig = waitingRig();
  rig.after(20_000);
  rig.reconnect({ resumed: false });
  const { timeout_ms, user } = rig.last('expect');
  assert.deepEqual([rig.all('expect').length, timeout_ms, user], [2, TIMEOUT_MS - 20_000, 'bob']);
  rig.reply('session_connect', joinedReply());
  rig.reply('expect', { expectation_id: 'f', remaining_ms: timeout_ms! });
  rig.receive('expectation_met', { ...met, expectation_id: 'f' });
  assert.deepEqual(answers(rig), ['expectation_met']);
});

test('leaving the session, being thrown out, losing it and closing all end the waiting', () => {
  const left = waitingRig();
  left.request({ type: 'session_disconnect', session_id: 's' }, 3);
  left.reply('session_disconnect');
  const thrown = waitingRig();
  thrown.receive('session_disconnected', { session_id: 's', reason: 'force_disconnected' });
  const lost = waitingRig();
  lost.reconnect({ resumed: false });
  lost.refuse('session_connect', 'no_such_session');
  const closed = waitingRig();
  closed.input({ type: 'disconnect' });
  for (const rig of [left, thrown, lost, closed]) {
    rig.after(TIMEOUT_MS * 2);
    assert.deepEqual(rig.heard('connection_missed').map(({ reason }) => reason), ['expecter_left']);
  }
});
