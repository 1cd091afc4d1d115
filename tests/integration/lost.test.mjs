// What becomes of a call when somebody is gone: sockets cut, phones silent, the server stopped for a while or killed.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Client, connect, rest, ring, startServer, talk, until } from './harness.mjs';

// Nobody is waited for longer than 3 s; ringing itself takes much longer, so it is not a timer of the ringing that ends these calls.
const config = '[timers]\ncaller_grace = "3s"\ndrop_grace = "3s"\nmove_timeout = "2s"\nunstable_after = "1s"\nheartbeat_live = "500ms"\n';
let server;
before(async () => { server = await startServer(config); });
after(() => server.stop());

// Runs it, and checks that it took so many milliseconds; the upper bound leaves room for a busy machine.
async function within(least, most, wait) {
  const began = performance.now();
  const result = await wait();
  const took = performance.now() - began;
  assert.ok(took >= least && took <= most, `took ${Math.round(took)} ms, not ${least} to ${most}`);
  return result;
}

test('a caller who falls silent while it rings is given up after caller_grace', async () => {
  const { caller, callee, call_id } = await ring(server);
  await callee.ask('ring_ack', { call_id });
  const told = callee.nextEnd();
  const call = await within(2000, 4500, () => { caller.fallSilent(); return told; });
  assert.deepEqual([call.outcome, call.reason, call.device_outcome], ['cancelled', 'caller_lost', 'missed']);
});

test('a caller whose socket is cut while it rings: told at once, given up after caller_grace', async () => {
  const { caller, callee, call_id } = await ring(server);
  await callee.ask('ring_ack', { call_id });
  const [unstable, ended] = [callee.nextCall((call) => call.peer_unstable), callee.nextEnd()];
  caller.socket.terminate();
  await within(0, 1000, () => unstable);
  assert.equal((await within(2000, 4000, () => ended)).reason, 'caller_lost');
});

test('a callee whose socket is cut in the call: told at once, dropped after drop_grace', async () => {
  const { caller, callee } = await talk(server);
  const [unstable, ended] = [caller.nextCall((call) => call.peer_unstable), caller.nextEnd()];
  callee.socket.terminate();
  await within(0, 1000, () => unstable);
  const call = await within(2000, 4000, () => ended);
  assert.deepEqual([call.outcome, call.reason], ['dropped', 'callee_lost']);
});

test('a callee who falls silent in the call: told after 2.5 heartbeats, dropped after drop_grace', async () => {
  const { caller, callee } = await talk(server);
  const [unstable, ended] = [caller.nextCall((call) => call.peer_unstable), caller.nextEnd()];
  callee.fallSilent();
  await within(700, 2500, () => unstable);
  assert.deepEqual([(await ended).outcome, (await ended).reason], ['dropped', 'callee_lost']);
});

test('both silent: the server ends the call by itself, and its record says so', async () => {
  const { caller, callee, call_id } = await talk(server);
  [caller, callee].forEach((client) => client.fallSilent());
  const record = await until(async () => {
    const { body } = await rest(server, `/v1/calls/${call_id}`);
    return body.phase === 'ended' && body;
  });
  assert.deepEqual([record.outcome, record.reason], ['dropped', 'both_lost']);
});

test('a lost socket resumes with nothing lost and nothing doubled', async () => {
  const { caller, callee, call_id } = await ring(server);
  caller.socket.terminate();
  await caller.whenClosed;
  await callee.ask('answer', { call_id });
  const connecting = caller.nextCall((call) => call.phase === 'connecting');
  await caller.resume();
  assert.equal(caller.welcome.resumed, true);
  assert.equal((await connecting).call_id, call_id);
  assert.equal(caller.welcome.calls.length, 1);
});

test('what a client had not acknowledged comes again, what it had does not', async () => {
  const host = await connect(server, 'resuming-host');
  const guest = await connect(server, 'resuming-guest');
  const { session_id, token } = await host.ask('session_create');
  for (const client of [host, guest]) await client.ask('session_connect', { session_id, token });
  const say = (data) => host.ask('signal', { session_id, signal_type: 'n', data });
  const third = guest.next((message) => message.data === '3');
  for (const data of ['1', '2', '3']) await say(data);
  await third;
  guest.socket.terminate();
  await guest.whenClosed;
  for (const data of ['4', '5']) await say(data);
  const fifth = guest.next((message) => message.data === '5');
  await guest.resume();
  await fifth;
  assert.deepEqual(guest.told.filter((m) => m.type === 'signal').map((m) => m.data), ['1', '2', '3', '4', '5']);
  assert.deepEqual(guest.welcome.sessions, [session_id]);
});

test('whoever comes back within drop_grace is back in the call', async () => {
  const { caller, callee, call_id } = await talk(server);
  const unstable = caller.nextCall((call) => call.peer_unstable);
  callee.socket.terminate();
  await unstable;
  const stable = caller.nextCall((call) => !call.peer_unstable);
  await callee.resume();
  assert.equal((await stable).phase, 'active');
  assert.equal((await caller.ask('hangup', { call_id })).call.outcome, 'ended');
});

test('a page that was reloaded in a call is the same participant', async () => {
  const { caller, callee, call_id, session_id } = await talk(server);
  callee.socket.terminate();
  const reloaded = await connect(server, callee.user);
  assert.equal(reloaded.welcome.resumed, false);
  assert.deepEqual(reloaded.welcome.calls.map((call) => [call.call_id, call.you, call.session_id]), [[call_id, 'winner', session_id]]);
  const told = reloaded.nextEnd();
  await caller.ask('hangup', { call_id });
  assert.equal((await told).outcome, 'ended');
});

test('a wrong key resumes nothing', async () => {
  const client = await connect(server, 'victim');
  const { client_id } = client.welcome;
  client.socket.terminate();
  await client.whenClosed;
  await client.open();
  await client.hello({ resume: { client_id, resume_key: 'x'.repeat(26), last_seq: 0 } });
  assert.equal(client.welcome.resumed, false);
  assert.notEqual(client.welcome.client_id, client_id);
});

test('a device that connects again takes the place of the older one', async () => {
  const first = await connect(server, 'twin');
  const told = first.next((message) => message.type === 'error');
  const second = await connect(server, 'twin');
  assert.deepEqual([(await told).error, await first.whenClosed], ['replaced', 4002]);
  assert.equal((await second.ask('history')).type, 'reply');
});

for (const [ms, word] of [[2000, 'nobody is cut off'], [4000, 'whoever is cut off comes back']]) {
  test(`the server stands still for ${ms} ms with the default settings: ${word}, the call goes on`, async () => {
    const slow = await startServer();
    const { caller, callee, call_id } = await talk(slow);
    slow.signal('SIGSTOP');
    await caller.heardNothingFor(ms);
    slow.signal('SIGCONT');
    for (const client of [caller, callee]) {
      const pong = client.next((m) => m.type === 'pong').then(() => undefined);
      client.send({ type: 'ping' });
      const closed = await Promise.race([pong, client.whenClosed]);
      if (ms < 2500) assert.equal(closed, undefined);
      if (closed !== undefined) assert.equal((await client.resume()).welcome.resumed, true);
    }
    const { call } = await caller.ask('get_call', { call_id });
    assert.deepEqual([call.phase, call.outcome], ['active', undefined]);
    await slow.stop();
  });
}

test('the server is killed: clients hear of it at once; the next one knows nothing of the call and takes new ones', async () => {
  const first = await startServer(config);
  const { caller, callee, call_id } = await talk(first);
  first.signal('SIGKILL');
  assert.deepEqual([await caller.whenClosed, await callee.whenClosed], [1006, 1006]);
  await first.exited;
  const second = await startServer(config, first.port);
  for (const client of [caller, callee]) await client.resume({ calls: [call_id] });
  assert.deepEqual([caller.welcome.resumed, caller.welcome.calls], [false, []]);
  assert.equal((await caller.ask('hangup', { call_id, cmd_id: 'late' })).error, 'no_such_call');
  const incoming = callee.nextCall(() => true);
  await caller.ask('invite', { to: callee.user, media: 'none', cmd_id: 'new' });
  assert.equal((await incoming).phase, 'inviting');
  await second.stop();
});

test('a client that reads nothing is cut off, and nobody else notices', async () => {
  const slow = await connect(server, 'slow');
  const { session_id, token } = await slow.ask('session_create');
  await slow.ask('session_connect', { session_id, token });
  const { connection } = await slow.ask('session_connect', { session_id });
  slow.socket.pause();
  const data = 'x'.repeat(8192);
  const senders = await Promise.all(Array.from({ length: 10 }, (_, n) => connect(server, `sender${n}`)));
  await Promise.all(senders.map(async (sender) => {
    await sender.ask('session_connect', { session_id, token });
    for (let n = 0; n < 150; ++n) await sender.ask('signal', { session_id, signal_type: 's', data, to: connection.connection_id });
  }));
  slow.hear = () => {};
  slow.socket.resume();
  assert.equal(await slow.whenClosed, 4003);
  for (const sender of senders) assert.equal(sender.closed, undefined);
  const fresh = await new Client(server, 'slow').open();
  await fresh.hello();
  assert.equal(fresh.welcome.user, 'slow');
});
