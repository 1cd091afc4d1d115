// Real calls decided again from the inputs that the real server has kept: the same comes out, and where it cannot, that is said.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, test } from 'node:test';
import { Client, makeFolder, rest, ring, startServer, talk, until } from './harness.mjs';

const config = '[timers]\nwake_timeout = "1s"\nring_timeout = "1s"\ndrop_grace = "3s"\nunstable_after = "1s"\nheartbeat_live = "500ms"\n';
const data = makeFolder();
let server;
before(async () => { server = await startServer(config, 0, ['--data', data]); });
after(() => server.stop());

const offhook = (...args) => new Promise((resolve) => {
  execFile(process.env.OFFHOOK, ['replay', ...args], { env: { ...process.env, OFFHOOK_URL: server.url } }, (failure, stdout, stderr) => {
    resolve({ code: failure?.code ?? 0, stdout, stderr });
  });
});

const over = (call_id) => until(async () => (await rest(server, `/v1/calls/${call_id}`)).body.phase === 'ended');

async function decideAgain(call_id) {
  await over(call_id);
  const { code, stdout, stderr } = await offhook(call_id, '--json');
  assert.ok(code === 0 || code === 1, stderr);
  return JSON.parse(stdout);
}

const endings = {
  declined: async () => {
    const { callee, call_id } = await ring(server);
    await callee.ask('decline', { call_id, reason: 'declined' });
    return call_id;
  },
  ended: async () => {
    const { caller, call_id } = await talk(server);
    await caller.ask('hangup', { call_id });
    return call_id;
  },
  no_answer: async () => {
    const { callee, call_id } = await ring(server);
    await callee.ask('ring_ack', { call_id });
    return call_id;
  },
  unreachable: async () => (await ring(server)).call_id,
  dropped: async () => {
    const { callee, call_id } = await talk(server);
    callee.socket.terminate();
    return call_id;
  },
  cancelled: async () => {
    const { call_id } = await ring(server);
    await rest(server, `/v1/calls/${call_id}/end`, { method: 'POST' });
    return call_id;
  },
};

for (const [outcome, make] of Object.entries(endings)) {
  test(`a call that ended ${outcome} is decided the same again`, async () => {
    const again = await decideAgain(await make());
    assert.equal(again.call.outcome, outcome);
    assert.deepEqual([again.same, again.difference, again.cut, again.restarted], [true, undefined, undefined, undefined]);
    assert.deepEqual(again.replayed, again.recorded);
    assert.ok(again.inputs >= 2, `${again.inputs} inputs`);
  });
}

test('a call in a session that was there before it is decided the same again', async () => {
  const { body: { session_id } } = await rest(server, '/v1/sessions', { method: 'POST', body: '{}' });
  const caller = await new Client(server, 'nina').open();
  const callee = await new Client(server, 'otto').open();
  for (const client of [caller, callee]) await client.hello();
  const { body: placed } = await rest(server, '/v1/calls', { method: 'POST', body: JSON.stringify({ from: 'nina', to: 'otto', media: 'none', session_id }) });
  const { call } = await callee.ask('answer', { call_id: placed.call_id });
  assert.equal(call.session_id, session_id);
  for (const client of [callee, caller]) await client.ask('session_connect', { session_id });
  await caller.ask('hangup', { call_id: placed.call_id });
  const again = await decideAgain(placed.call_id);
  assert.deepEqual([again.call.outcome, again.same], ['ended', true]);
});

test('for people: the sentence, and the decisions one by one', async () => {
  const call_id = await endings.declined();
  const { code, stdout } = await offhook(call_id);
  assert.equal(code, 0);
  assert.match(stdout, /Decided again from its 2 inputs: the same\./);
  assert.match(stdout, / {2}\+0\.\d{3} s {2}.* says decline/);
  assert.match(stdout, /the call ends: declined \(by_user\)/);
});

test('of a call that was told too much the first inputs are decided again, and that is said', async () => {
  const { caller, callee, call_id } = await ring(server, { media: 'audio' });
  await callee.ask('answer', { call_id });
  for (let i = 0; i < 60; ++i) {
    await Promise.all([caller, callee].flatMap((side) => [side.ask('media_down', { call_id }), side.ask('media_up', { call_id })]));
  }
  await caller.ask('hangup', { call_id });
  const again = await decideAgain(call_id);
  assert.deepEqual([again.same, again.cut, again.inputs], [true, true, 200]);
  assert.match((await offhook(call_id)).stdout, /inputs were cut after 200/);
});

test('killed in the call: the inputs begin where the server went on', async () => {
  const { call_id } = await talk(server);
  await server.stop();
  server = await startServer(config, server.port, ['--data', data]);
  const again = await decideAgain(call_id);
  assert.deepEqual([again.same, again.restarted, again.call.outcome, again.call.reason], [true, true, 'dropped', 'both_lost']);
  assert.match((await offhook(call_id)).stdout, /The server was restarted during this call/);
});

test('a call that goes on, one that is not there, and one of somebody who was deleted', async () => {
  const { caller, call_id } = await ring(server);
  const live = await offhook(call_id);
  assert.deepEqual([live.code, /goes on/.test(live.stderr)], [3, true], live.stderr);
  await caller.ask('cancel', { call_id });
  caller.socket.terminate();
  await until(async () => (await rest(server, `/v1/users/${caller.user}`, { method: 'DELETE' })).status === 200);
  const deleted = await offhook(call_id);
  assert.deepEqual([deleted.code, /not kept/.test(deleted.stderr)], [3, true], deleted.stderr);
  assert.equal((await offhook(`call_${'0'.repeat(26)}`)).code, 3);
  assert.equal((await offhook('nonsense')).code, 2);
});
