// Calls between real sockets and the real server.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Client, connect, startServer } from './harness.mjs';

let server;
before(async () => {
  server = await startServer(
    '[timers]\nwake_timeout = "1s"\nring_timeout = "1s"\nsetup_timeout = "3s"\ncaller_grace = "3s"\ndrop_grace = "3s"\nunstable_after = "1s"\nheartbeat_live = "500ms"\n[drain]\ntimeout = "1s"\n');
});
after(() => server.stop());

let people = 0;
async function pair() {
  const number = ++people;
  const caller = await connect(server, `caller${number}`);
  const callee = await connect(server, `callee${number}`);
  const incoming = callee.nextCall(() => true);
  const { call } = await caller.ask('invite', { to: callee.user, media: 'none' });
  assert.equal((await incoming).call_id, call.call_id);
  return { caller, callee, call_id: call.call_id };
}

async function talk() {
  const { caller, callee, call_id } = await pair();
  const connecting = caller.nextCall((call) => call.phase === 'connecting');
  const answered = await callee.ask('answer', { call_id });
  assert.equal(answered.call.you, 'winner');
  const active = caller.nextCall((call) => call.phase === 'active');
  await callee.ask('session_connect', { session_id: answered.call.session_id });
  await caller.ask('session_connect', { session_id: (await connecting).session_id });
  await active;
  return { caller, callee, call_id };
}

test('answered, talked, hung up: both sides know, and so does the record', async () => {
  const { caller, callee, call_id } = await talk();
  const told = callee.nextCall((call) => call.phase === 'ended');
  const mine = (await caller.ask('hangup', { call_id })).call;
  assert.equal(mine.outcome, 'ended');
  assert.equal(mine.reason, 'by_caller');
  assert.equal((await told).device_outcome, 'ended');
  const { records } = await callee.ask('history');
  assert.equal(records[0].call_id, call_id);
  assert.equal(records[0].direction, 'incoming');
  assert.equal(records[0].your_outcome, 'ended');
});

test('declined', async () => {
  const { caller, callee, call_id } = await pair();
  const told = caller.nextCall((call) => call.phase === 'ended');
  await callee.ask('decline', { call_id, reason: 'declined' });
  assert.equal((await told).outcome, 'declined');
});

test('a device rings and nobody answers', async () => {
  const { caller, callee, call_id } = await pair();
  const told = caller.nextCall((call) => call.phase === 'ended');
  const missed = callee.nextCall((call) => call.phase === 'ended');
  await callee.ask('ring_ack', { call_id });
  assert.equal((await told).outcome, 'no_answer');
  assert.equal((await missed).device_outcome, 'missed');
});

test('nobody there', async () => {
  const caller = await connect(server, 'lonely');
  const told = caller.nextCall((call) => call.phase === 'ended');
  await caller.ask('invite', { to: 'nobody-at-all', media: 'none' });
  const call = await told;
  assert.equal(call.outcome, 'unreachable');
  assert.equal(call.reason, 'no_devices');
});

test('a callee whose socket is cut is waited for, then dropped', async () => {
  const { caller, callee } = await talk();
  const unstable = caller.nextCall((call) => call.peer_unstable);
  const dropped = caller.nextCall((call) => call.phase === 'ended');
  callee.socket.terminate();
  await unstable;
  const call = await dropped;
  assert.equal(call.outcome, 'dropped');
  assert.equal(call.reason, 'callee_lost');
});

test('a caller who falls silent while it rings is given up', async () => {
  const { caller, callee } = await pair();
  caller.send = () => {};  // the socket stays open and says nothing, not even pong
  const call = await callee.nextCall((seen) => seen.phase === 'ended');
  assert.ok(['cancelled', 'unreachable'].includes(call.outcome));
  assert.equal(call.device_outcome, 'missed');
});

test('a lost socket resumes with nothing lost and nothing doubled', async () => {
  const { caller, callee, call_id } = await pair();
  caller.socket.terminate();
  await caller.whenClosed;
  await callee.ask('answer', { call_id });
  const connecting = caller.nextCall((call) => call.phase === 'connecting');
  await caller.open();
  const { client_id, resume_key } = caller.welcome;
  await caller.hello({ resume: { client_id, resume_key, last_seq: caller.lastSeq } });  // hear() checks every seq
  assert.equal(caller.welcome.resumed, true);
  assert.equal((await connecting).call_id, call_id);
});

test('two devices: the second answer loses and is no error', async () => {
  const tablet = new Client(server, `callee${people + 1}`, 'tablet');
  await tablet.open();
  await tablet.hello();
  const elsewhere = tablet.nextCall((call) => call.device_outcome !== undefined);
  const { callee, call_id } = await pair();
  await callee.ask('answer', { call_id });
  assert.equal((await elsewhere).device_outcome, 'answered_elsewhere');
  const late = await tablet.ask('answer', { call_id });
  assert.equal(late.type, 'reply');
  assert.equal(late.call.you, 'elsewhere');
});

test('expectations on a plain session', async () => {
  const host = await connect(server, 'host');
  const guest = await connect(server, 'guest');
  const { session_id, token } = await host.ask('session_create');
  await host.ask('session_connect', { session_id, token });
  const met = host.next((message) => message.type === 'expectation_met');
  await host.ask('expect', { session_id, user: 'guest' });
  const missed = host.next((message) => message.type === 'connection_missed');
  await host.ask('expect', { session_id, user: 'somebody-else', timeout_ms: 1000 });
  await guest.ask('session_connect', { session_id, token });
  assert.equal((await met).connection.user, 'guest');
  assert.equal((await missed).reason, 'timeout');
  const heard = guest.next((message) => message.type === 'signal');
  await host.ask('signal', { session_id, signal_type: 'chat', data: 'hello' });
  assert.equal((await heard).data, 'hello');
});

test('SIGTERM: new calls are refused with the reason, live ones get their time, the program ends well', async () => {
  const { caller, callee } = await talk();
  const draining = caller.next((message) => message.type === 'draining');
  const ended = callee.nextCall((call) => call.phase === 'ended');
  server.signal('SIGTERM');
  await draining;
  const refused = await caller.ask('invite', { to: 'anybody', media: 'none' });
  assert.equal(refused.call.outcome, 'failed');
  assert.equal(refused.call.reason, 'server_shutdown');
  assert.equal((await ended).reason, 'server_shutdown');
  assert.equal((await server.exited).code, 0);
});
