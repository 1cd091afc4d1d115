// Taking a call over from another device of the same user (PROTOCOL.md section 6.6).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { WireElsewhere } from '../protocol';
import { joinedReply, Rig, ringingRig, talkingRig } from '../testing/rig';
import type { JsonObject } from '../testing/transcript';

const elsewhere: WireElsewhere = { call_id: 'k', role: 'callee', peer: 'alice', device: 'Desk', media: 'none', answered_at_ms: 1 };
const moving: JsonObject = {
  call_id: 'k', version: 7, phase: 'active', role: 'callee', you: 'moving', session_id: 's', deadlines_remaining_ms: { move: 15_000, max: 900_000 },
};

function takingRig(rig = new Rig().connect()): Rig {
  rig.handle = 'taken';
  rig.input({ type: 'move', handle: 'taken', call: elsewhere });
  return rig;
}

function movingRig(): Rig {
  const rig = takingRig();
  rig.reply('move_here', { call: moving });
  rig.reply('session_connect', joinedReply());
  return rig;
}

test('the calls of other devices are told, whole', () => {
  const rig = new Rig().connect();
  rig.receive('elsewhere', { calls: [{ ...elsewhere }] });
  rig.receive('elsewhere', { calls: [] });
  assert.deepEqual(rig.heard('elsewhere').map(({ calls }) => calls), [[elsewhere], []]);
});

test('connecting until this device has it, then active; the session is joined meanwhile', () => {
  const rig = movingRig();
  assert.deepEqual(rig.story, ['connecting', 'session_connected']);
  rig.act('media_up');
  assert.equal(rig.last('media_up').call_id, 'k');
  rig.reply('media_up', { call: { ...moving, you: 'winner', version: 8, deadlines_remaining_ms: {} } });
  assert.deepEqual(rig.story, ['connecting', 'session_connected', 'active']);
});

test('the old device hears moved_elsewhere', () => {
  const rig = talkingRig();
  rig.receive('call', { call: { call_id: 'k', you: 'elsewhere', device_outcome: 'moved_elsewhere' } });
  assert.equal(rig.outcome, 'moved_elsewhere');
  rig.receive('session_disconnected', { session_id: 's', reason: 'force_disconnected' });
  assert.equal(rig.story.at(-1), 'ended');
});

test('a device that rang for this call may take it over; what it had of it before is nothing new', () => {
  const rig = ringingRig();
  const over: JsonObject = { call_id: 'k', phase: 'connecting', you: 'elsewhere', device_outcome: 'answered_elsewhere' };
  rig.receive('call', { call: over });
  assert.equal(rig.outcome, 'answered_elsewhere');
  takingRig(rig);
  rig.receive('call', { call: over });
  assert.equal(rig.heard('ended').length, 1);
  rig.reply('move_here', { call: { ...moving, device_outcome: null } });
  assert.equal(rig.story.at(-1), 'connecting');
});

test('the old device keeps it: answered_elsewhere', () => {
  const rig = movingRig();
  rig.receive('call', { call: { ...moving, you: 'elsewhere', device_outcome: 'answered_elsewhere' } });
  assert.equal(rig.outcome, 'answered_elsewhere');
});

test('a call that cannot be taken over', () => {
  const bystander: JsonObject = { call_id: 'k', phase: 'inviting', role: 'caller', you: 'bystander' };
  const cases: [JsonObject, string][] = [
    [bystander, 'failed/not_allowed'],
    [{ ...bystander, phase: 'ended', outcome: 'ended', reason: 'by_callee', device_outcome: 'ended' }, 'ended/by_callee'],
  ];
  for (const [call, outcome] of cases) {
    const rig = takingRig();
    rig.reply('move_here', { call });
    assert.equal(rig.outcome, outcome);
  }
  const rig = takingRig();
  rig.refuse('move_here', 'no_such_call');
  assert.equal(rig.outcome, 'failed');
});

test('no word about it: lost_contact after 10 s, and the server is told', () => {
  const rig = takingRig();
  rig.after(9_999);
  assert.deepEqual(rig.story, []);
  rig.after(1);
  assert.deepEqual([rig.outcome, rig.last('give_up').watchdog], ['lost_contact', 'answer']);
});

test('no media in the time of the move, and no word: lost_contact 2 s later', () => {
  const rig = movingRig();
  rig.after(16_999);
  assert.deepEqual(rig.heard('ended'), []);
  rig.after(1);
  assert.equal(rig.outcome, 'lost_contact');
});

test('hanging up before it has come here leaves it where it is', () => {
  const rig = movingRig();
  rig.act('hangup');
  rig.reply('hangup', { call: { ...moving, you: 'elsewhere', device_outcome: 'answered_elsewhere' } });
  assert.equal(rig.outcome, 'answered_elsewhere');
});

test('it is remembered like every other call', () => {
  const rig = movingRig();
  assert.ok(rig.order.includes('keep live k'));
  rig.receive('call', { call: { ...moving, you: 'elsewhere', device_outcome: 'answered_elsewhere' } });
  assert.ok(rig.order.indexOf('keep ended k') < rig.order.indexOf('ended'));
});

test('after closing nothing is taken over', () => {
  const rig = new Rig().connect();
  rig.input({ type: 'disconnect' });
  takingRig(rig);
  assert.equal(rig.outcome, 'failed/server_unreachable');
});
