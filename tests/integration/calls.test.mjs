// What becomes of a call when everybody is there: each outcome that people, devices and deadlines make.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Client, connect, makeToken, ring, startServer, talk } from './harness.mjs';

let server;
before(async () => {
  server = await startServer('[timers]\nwake_timeout = "1s"\nring_timeout = "1500ms"\nsetup_timeout = "2s"\n');
});
after(() => server.stop());

// Both sides' last word.
async function ends({ caller, callee }, provoke) {
  const ended = Promise.all([caller.nextEnd(), callee.nextEnd()]);
  await provoke();
  return ended;
}

test('answered, talked, hung up: both sides know, and so does the record', async () => {
  const { caller, callee, call_id } = await talk(server);
  const told = callee.nextEnd();
  const mine = (await caller.ask('hangup', { call_id })).call;
  assert.deepEqual([mine.outcome, mine.reason, mine.device_outcome], ['ended', 'by_caller', 'ended']);
  assert.equal((await told).device_outcome, 'ended');
  const { records } = await callee.ask('history');
  assert.deepEqual([records[0].call_id, records[0].direction, records[0].your_outcome], [call_id, 'incoming', 'ended']);
});

test('the callee hangs up', async () => {
  const { caller, callee, call_id } = await talk(server);
  const told = caller.nextEnd();
  await callee.ask('hangup', { call_id });
  assert.deepEqual([(await told).outcome, (await told).reason], ['ended', 'by_callee']);
});

test('declined', async () => {
  const { caller, callee, call_id } = await ring(server);
  const told = caller.nextEnd();
  assert.equal((await callee.ask('decline', { call_id, reason: 'declined' })).call.device_outcome, 'declined');
  assert.deepEqual([(await told).outcome, (await told).reason], ['declined', 'by_user']);
});

test('busy, because a person says so or because every device is', async () => {
  const person = await ring(server);
  let told = person.caller.nextEnd();
  await person.callee.ask('decline', { call_id: person.call_id, reason: 'busy' });
  assert.deepEqual([(await told).outcome, (await told).reason], ['busy', 'in_call']);
  const device = await ring(server);
  told = device.caller.nextEnd();
  await device.callee.ask('ring_ack', { call_id: device.call_id, busy: true });
  assert.deepEqual([(await told).outcome, (await told).reason], ['busy', 'device_busy_all']);
});

test('a device rings, the caller is told so, and nobody answers', async () => {
  const call = await ring(server);
  const ringing = call.caller.nextCall((seen) => seen.ringing);
  const [caller, callee] = await ends(call, async () => {
    await call.callee.ask('ring_ack', { call_id: call.call_id });
    assert.ok((await ringing).deadlines_remaining_ms.ring <= 1500);
  });
  assert.deepEqual([caller.outcome, callee.device_outcome], ['no_answer', 'missed']);
  assert.equal((await call.callee.ask('history')).records[0].your_outcome, 'missed');
});

test('a device was told and never acknowledged', async () => {
  const [caller, callee] = await ends(await ring(server), () => {});
  assert.deepEqual([caller.outcome, caller.reason, callee.device_outcome], ['unreachable', 'push_unacked', 'missed']);
});

test('nobody there', async () => {
  const caller = await connect(server, 'lonely');
  const told = caller.nextEnd();
  await caller.ask('invite', { to: 'nobody-at-all', media: 'none' });
  assert.deepEqual([(await told).outcome, (await told).reason], ['unreachable', 'no_devices']);
});

test('nobody there, and then somebody: a device that comes while it rings is rung', async () => {
  const caller = await connect(server, 'early');
  const { call } = await caller.ask('invite', { to: 'late', media: 'none' });
  const callee = await connect(server, 'late');
  assert.deepEqual(callee.welcome.calls.map((seen) => [seen.call_id, seen.you]), [[call.call_id, 'notified']]);
  assert.equal((await callee.ask('answer', { call_id: call.call_id })).call.you, 'winner');
});

test('cancelled before the answer; the same word after it is a hang-up', async () => {
  const before = await ring(server);
  const missed = before.callee.nextEnd();
  assert.equal((await before.caller.ask('cancel', { call_id: before.call_id })).call.outcome, 'cancelled');
  assert.deepEqual([(await missed).reason, (await missed).device_outcome], ['by_user', 'missed']);
  const later = await ring(server);
  await later.callee.ask('answer', { call_id: later.call_id });
  const { call } = await later.caller.ask('cancel', { call_id: later.call_id });
  assert.deepEqual([call.outcome, call.reason, call.duration_ms], ['ended', 'by_caller', 0]);
});

test('an answer that comes too late is no error: the snapshot says what happened', async () => {
  const { caller, callee, call_id } = await ring(server);
  await caller.ask('cancel', { call_id });
  const late = await callee.ask('answer', { call_id });
  assert.deepEqual([late.type, late.call.phase, late.call.outcome, late.call.you === 'winner'], ['reply', 'ended', 'cancelled', false]);
});

test('the caller may cap the ringing', async () => {
  const call = await ring(server, { ring_timeout_ms: 1000 });
  assert.ok(call.call.deadlines_remaining_ms.setup <= 1000);
  const [caller] = await ends(call, () => call.callee.ask('ring_ack', { call_id: call.call_id }));
  assert.equal(caller.outcome, 'no_answer');
});

test('two devices: one wins, the other is told, and its late answer is no error', async () => {
  const caller = await connect(server, 'dialler');
  const [phone, tablet] = [await connect(server, 'owner', 'phone'), await connect(server, 'owner', 'tablet')];
  const rings = Promise.all([phone, tablet].map((device) => device.nextCall((call) => call.you === 'notified')));
  const { call_id } = (await caller.ask('invite', { to: 'owner', media: 'none' })).call;
  await rings;
  const elsewhere = tablet.nextEnd();
  assert.equal((await phone.ask('answer', { call_id })).call.you, 'winner');
  assert.equal((await elsewhere).device_outcome, 'answered_elsewhere');
  const late = await tablet.ask('answer', { call_id });
  assert.deepEqual([late.type, late.call.you], ['reply', 'elsewhere']);
});

test('two devices: one declines for both', async () => {
  const caller = await connect(server, 'dialler2');
  const [phone, tablet] = [await connect(server, 'owner2', 'phone'), await connect(server, 'owner2', 'tablet')];
  const { call_id } = (await caller.ask('invite', { to: 'owner2', media: 'none' })).call;
  const told = tablet.nextEnd();
  await phone.ask('decline', { call_id, reason: 'declined' });
  assert.deepEqual([(await told).outcome, (await told).device_outcome], ['declined', 'declined_elsewhere']);
});

test('the session is told, and opens, only once the answer is recorded', async () => {
  const { caller, callee, call_id, call, told } = await ring(server);
  assert.deepEqual([call.session_id, told.session_id], [undefined, undefined]);
  const { session_id } = (await callee.ask('answer', { call_id })).call;
  const stranger = await connect(server, 'stranger');
  assert.equal((await stranger.ask('session_connect', { session_id })).error, 'no_such_session');
  assert.equal((await callee.ask('session_connect', { session_id })).type, 'reply');
  assert.equal((await caller.ask('session_connect', { session_id })).connections.length, 1);
});

test('with audio a call is active when media runs both ways, and fails at once when it cannot', async () => {
  const good = await ring(server, { media: 'audio' });
  await good.callee.ask('answer', { call_id: good.call_id });
  const active = good.callee.nextCall((call) => call.phase === 'active');
  assert.equal((await good.callee.ask('media_up', { call_id: good.call_id })).call.phase, 'connecting');
  assert.equal((await good.caller.ask('media_up', { call_id: good.call_id })).call.phase, 'active');
  await active;
  const bad = await ring(server, { media: 'audio' });
  const told = bad.caller.nextEnd();
  await bad.callee.ask('answer', { call_id: bad.call_id });
  await bad.callee.ask('media_failed', { call_id: bad.call_id, reason: 'permission' });
  assert.deepEqual([(await told).outcome, (await told).reason], ['connect_failed', 'permission']);
});

test('a command sent again does nothing and is answered as before', async () => {
  const { caller, callee, call_id } = await ring(server);
  await caller.ask('cancel', { call_id });  // or the invite would find this call
  const invite = { to: callee.user, media: 'none', cmd_id: 'once' };
  const first = (await caller.ask('invite', invite)).call;
  const second = (await caller.ask('invite', invite)).call;
  assert.equal(second.call_id, first.call_id);
  assert.notEqual(first.call_id, call_id);
  const known = callee.told.filter((message) => message.call?.call_id === first.call_id);
  assert.equal(known.length, 1);
});

test('nobody calls himself', async () => {
  const caller = await connect(server, 'narcissus');
  const { call } = await caller.ask('invite', { to: 'narcissus', media: 'none' });
  assert.deepEqual([call.outcome, call.reason], ['failed', 'not_allowed']);
});

test('data and the name of the device reach the other side', async () => {
  const caller = await (await new Client(server, 'ada').open()).hello({ token: makeToken({ sub: 'ada', device: 'Ada on the train' }) });
  const callee = await connect(server, 'ben');
  const incoming = callee.nextCall(() => true);
  await caller.ask('invite', { to: 'ben', media: 'none', data: 'about the boat' });
  const { data, caller: from } = await incoming;
  assert.deepEqual([data, from], ['about the boat', { user: 'ada', device: 'Ada on the train' }]);
});

test('history goes back page by page, newest first', async () => {
  const { caller, callee, call_id } = await ring(server);
  await caller.ask('cancel', { call_id });
  const second = (await caller.ask('invite', { to: callee.user, media: 'none' })).call.call_id;
  await caller.ask('cancel', { call_id: second });
  const newest = (await caller.ask('history', { limit: 1 })).records;
  assert.deepEqual(newest.map((record) => [record.call_id, record.direction]), [[second, 'outgoing']]);
  const older = (await caller.ask('history', { before: second })).records;
  assert.deepEqual(older.map((record) => record.call_id), [call_id]);
});
