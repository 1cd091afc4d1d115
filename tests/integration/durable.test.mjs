// What outlives the process: the server is killed with SIGKILL in every phase of a call and started again on the same folder.
import assert from 'node:assert/strict';
import { statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Client, connect, makeFolder, makeToken, rest, ring, run, startProgram, startServer, talk, until, writeConfig } from './harness.mjs';

// Long enough for whoever comes back, short enough to wait for the end of a call to which nobody does.
const config = `[timers]
caller_grace = "3s"
drop_grace = "4s"
unstable_after = "1s"
heartbeat_live = "500ms"
connect_timeout = "5s"
`;

// A server with a folder, and killed ones after it on the same port.
async function start(data = makeFolder(), port = 0) {
  const server = await startServer(config, port, ['--data', data]);
  server.data = data;
  server.killAndRestart = async () => {
    await server.stop();
    Object.assign(server, await startServer(config, server.port, ['--data', data]));
  };
  return server;
}

// Comes back to the server that was started again, which does not know the client any more, but its device and its calls. A
// device that is started anew is back in a call when it names it.
async function comeBack(client, call_id) {
  await client.whenClosed;
  await client.resume(call_id ? { calls: [call_id] } : {});
  assert.equal(client.welcome.resumed, false);
  return client.welcome.calls;
}

test('killed while it rings: both come back to the same call, it is answered and hung up', async () => {
  const server = await start();
  const { caller, callee, call_id } = await ring(server, { data: 'about lunch' });
  await callee.ask('ring_ack', { call_id });
  await server.killAndRestart();
  const [[hers], [his]] = await Promise.all([comeBack(caller, call_id), comeBack(callee, call_id)]);
  assert.deepEqual([hers.call_id, hers.you, his.call_id, his.you, his.data], [call_id, 'calling', call_id, 'ringing', 'about lunch']);
  const connecting = caller.nextCall((call) => call.phase === 'connecting');
  const { call } = await callee.ask('answer', { call_id });
  assert.equal(call.you, 'winner');
  const { session_id } = await connecting;
  const active = callee.nextCall((told) => told.phase === 'active');
  await Promise.all([caller, callee].map((client) => client.ask('session_connect', { session_id })));
  await active;
  const ended = callee.nextEnd();
  assert.equal((await caller.ask('hangup', { call_id })).call.outcome, 'ended');
  assert.equal((await ended).reason, 'by_caller');
  await server.stop();
});

test('killed while it connects: both come back and talk', async () => {
  const server = await start();
  const { caller, callee, call_id } = await ring(server);
  const { session_id } = (await callee.ask('answer', { call_id })).call;
  await server.killAndRestart();
  const [[hers], [his]] = await Promise.all([comeBack(caller, call_id), comeBack(callee, call_id)]);
  assert.deepEqual([hers.phase, hers.session_id, his.you], ['connecting', session_id, 'winner']);
  const active = caller.nextCall((call) => call.phase === 'active');
  await Promise.all([caller, callee].map((client) => client.ask('session_connect', { session_id })));
  assert.equal((await active).call_id, call_id);
  await server.stop();
});

test('killed in the middle of a conversation: both come back, it goes on, and its time counts from the first', async () => {
  const server = await start();
  const { caller, callee, call_id, session_id } = await talk(server);
  const { body: before } = await rest(server, `/v1/calls/${call_id}`);
  await server.killAndRestart();
  const [[hers], [his]] = await Promise.all([comeBack(caller, call_id), comeBack(callee, call_id)]);
  assert.deepEqual([hers.phase, his.phase, hers.answered_at_ms], ['active', 'active', before.answered_at_ms]);
  for (const client of [caller, callee]) assert.ok((await client.ask('session_connect', { session_id })).connection);
  const ended = caller.nextEnd();
  await callee.ask('hangup', { call_id });
  assert.deepEqual([(await ended).outcome, (await ended).reason], ['ended', 'by_callee']);
  const { body: after } = await rest(server, `/v1/calls/${call_id}`);
  assert.equal(after.created_at_ms, before.created_at_ms);
  assert.ok(after.duration_ms > 0);
  await server.stop();
});

test('killed after the end: history, REST and the call itself say what was said before', async () => {
  const server = await start();
  const { caller, callee, call_id } = await ring(server);
  await callee.ask('decline', { call_id, reason: 'declined' });
  await server.killAndRestart();
  await Promise.all([comeBack(caller), comeBack(callee)]);
  const { body } = await rest(server, `/v1/calls/${call_id}`);
  assert.deepEqual([body.phase, body.outcome, body.reason], ['ended', 'declined', 'by_user']);
  const [record] = (await caller.ask('history')).records;
  assert.deepEqual([record.call_id, record.outcome, record.ended_at_ms], [call_id, 'declined', body.ended_at_ms]);
  const { call } = await caller.ask('get_call', { call_id });
  assert.deepEqual([call.phase, call.outcome, call.device_outcome], ['ended', 'declined', 'declined']);
  const listed = (await rest(server, `/v1/calls?user=${callee.user}`)).body.calls;
  assert.deepEqual(listed, [body]);
  await server.stop();
});

test('killed, and nobody comes back: every call ends by itself, once', async () => {
  const server = await start();
  const ringing = await ring(server);
  const talking = await talk(server);
  await server.killAndRestart();
  const over = (call_id) => until(async () => {
    const { body } = await rest(server, `/v1/calls/${call_id}`);
    return body.phase === 'ended' && body;
  });
  const [rung, talked] = await Promise.all([over(ringing.call_id), over(talking.call_id)]);
  assert.deepEqual([rung.outcome, rung.reason], ['cancelled', 'caller_lost']);
  assert.deepEqual([talked.outcome, talked.reason], ['dropped', 'both_lost']);
  const missed = await new Client(server, ringing.callee.user).open();
  const told = missed.next((message) => message.type === 'missed');
  await missed.hello();
  assert.equal((await told).record.call_id, ringing.call_id);
  await server.stop();
});

test('an invite that is sent again after the server was killed is the same call', async () => {
  const server = await start();
  const callee = await connect(server, 'again-callee');
  const caller = await connect(server, 'again-caller');
  const first = await caller.ask('invite', { to: callee.user, media: 'none', cmd_id: 'i1' });
  await server.killAndRestart();
  await Promise.all([comeBack(caller), comeBack(callee)]);
  const again = await caller.ask('invite', { to: callee.user, media: 'none', cmd_id: 'i1' });
  assert.equal(again.call.call_id, first.call.call_id);
  assert.equal((await rest(server, `/v1/calls?user=${caller.user}`)).body.calls.length, 1);
  await server.stop();
});

test('rules, sessions and missed calls are there after a kill', async () => {
  const server = await start();
  const alice = await connect(server, 'keeper');
  await alice.ask('set_rules', { rules: { max_parallel_rings: 1, blocked: ['mallory'] } });
  const { body: session } = await rest(server, '/v1/sessions', { method: 'POST' });
  const caller = await connect(server, 'missing');
  await caller.ask('invite', { to: 'sleeper', media: 'none', cmd_id: 'm' });
  await caller.ask('cancel', { invite_cmd_id: 'm' });
  await server.killAndRestart();
  await comeBack(alice);
  const { rules } = await alice.ask('get_rules');
  assert.deepEqual([rules.max_parallel_rings, rules.blocked], [1, ['mallory']]);
  const token = makeToken({ session: session.session_id });
  assert.ok((await alice.ask('session_connect', { session_id: session.session_id, token })).connection);
  const sleeper = await new Client(server, 'sleeper').open();
  const told = sleeper.next((message) => message.type === 'missed');
  await sleeper.hello();
  assert.equal((await told).record.peer, 'missing');
  await server.stop();
});

test('a proper stop and a start forget nothing either, and the banner says what was taken up', async () => {
  const server = await start();
  const { caller, call_id } = await ring(server);
  await caller.ask('cancel', { call_id });
  server.signal('SIGTERM');
  assert.equal((await server.exited).code, 0);
  const next = await start(server.data);
  assert.match(next.said(), new RegExp(`Data +${server.data}; taken up: 0 live calls, 1 just ended`));
  assert.equal((await rest(next, `/v1/calls/${call_id}`)).body.outcome, 'cancelled');
  await next.stop();
});

test('without a folder the banner says that all is forgotten', async () => {
  const server = await startServer();
  assert.match(server.said(), /Data +in memory: a restart forgets/);
  await server.stop();
});

// --- a user is forgotten

test('a user is deleted: no rules, no history, no name in the history of others, also after a restart', async () => {
  const server = await start();
  const { caller, callee, call_id } = await ring(server, { data: 'a secret' });
  const inCall = await rest(server, `/v1/users/${caller.user}`, { method: 'DELETE' });
  assert.deepEqual([inCall.status, inCall.body.error], [409, 'in_call']);
  await callee.ask('decline', { call_id, reason: 'declined' });
  await caller.ask('set_rules', { rules: { do_not_disturb: true } });
  const { status, body } = await rest(server, `/v1/users/${caller.user}`, { method: 'DELETE' });
  assert.deepEqual([status, body], [200, { deleted: true }]);
  for (let restarts = 0; restarts < 2; ++restarts) {
    assert.deepEqual((await rest(server, `/v1/calls?user=${caller.user}`)).body.calls, []);
    const [record] = (await rest(server, `/v1/calls?user=${callee.user}`)).body.calls;
    assert.deepEqual([record.call_id, record.caller, record.outcome], [call_id, '~deleted', 'declined']);
    assert.equal((await rest(server, `/v1/users/${caller.user}/rules`)).body.do_not_disturb, false);
    await server.killAndRestart();
  }
  await comeBack(callee);
  assert.equal((await callee.ask('history')).records[0].peer, '~deleted');
  assert.equal((await rest(server, '/v1/users/~x', { method: 'DELETE' })).status, 404);
  await server.stop();
});

// --- folders and files that are not as they should be

const own = '[[project]]\nkey = "7"\nsecret = "0123456789abcdef"\n';

test('a second server on the same folder is refused, by folder and process', async () => {
  const server = await start();
  const { code, stderr } = await run(['--dev', '--listen', '127.0.0.1:0', '--data', server.data]);
  assert.equal(code, 2);
  assert.ok(stderr.includes(server.data) && stderr.includes(`process ${server.pid}`), stderr);
  await server.stop();
});

test('outside development mode a folder, or that there is none, must be said', async () => {
  const { code, stderr } = await run(['--listen', '127.0.0.1:0', '--config', writeConfig(own)]);
  assert.equal(code, 2);
  assert.match(stderr, /\[data\].*--data DIR.*:memory:/);
  assert.equal((await run(['--check-config', '--data', ':memory:', '--config', writeConfig(own)])).code, 0);
  assert.equal((await run(['--check-config', '--config', writeConfig(`[data]\ndir = "/x"\n${own}`)])).code, 0);
});

test('a damaged file is refused and left as it is', async () => {
  const data = makeFolder();
  writeFileSync(join(data, 'offhook.db'), 'x'.repeat(4096));
  const { code, stderr } = await run(['--dev', '--listen', '127.0.0.1:0', '--data', data]);
  assert.equal(code, 2);
  assert.ok(stderr.includes(join(data, 'offhook.db')) && stderr.includes('not a database'), stderr);
  assert.equal(statSync(join(data, 'offhook.db')).size, 4096);
});

test('a file that loses its end is refused', async () => {
  const server = await start();
  await (await connect(server, 'somebody')).ask('set_rules', { rules: { blocked: ['x'] } });
  server.signal('SIGTERM');
  await server.exited;
  const file = join(server.data, 'offhook.db');
  truncateSync(file, statSync(file).size / 2);
  const { code, stderr } = await run(['--dev', '--listen', '127.0.0.1:0', '--data', server.data]);
  assert.equal(code, 2);
  assert.ok(stderr.includes(file), stderr);
});

test('a folder that cannot be made is refused by name', async () => {
  const data = join(makeFolder(), 'file', 'data');
  writeFileSync(join(data, '..'), 'x');
  const { code, stderr } = await run(['--dev', '--listen', '127.0.0.1:0', '--data', data]);
  assert.equal(code, 2);
  assert.ok(stderr.includes(data), stderr);
});

// No file of the process may grow beyond 256 KiB: what a disk without room is to it.
test('a disk that takes no more: the server says so and stops, and what it had said before is there afterwards', async () => {
  const data = makeFolder();
  const limited = ['-c', 'ulimit -f 256; trap "" XFSZ; exec "$0" "$@"', process.env.OFFHOOKD];
  const server = await startProgram([...limited, '--dev', '--listen', '127.0.0.1:0', '--data', data], 'pipe', 'bash');
  let complaint = '';
  server.stderr.on('data', (bytes) => { complaint += bytes; });
  const client = await connect(server, 'keeper');
  let told = 0;
  for (let blocked = 1; client.closed === undefined; ++blocked) {
    const answer = client.ask('set_rules', { rules: { blocked: [`nobody${blocked}`, ...Array.from({ length: 99 }, (_, n) => `${n}`.repeat(60))] } });
    const kept = await Promise.race([answer, client.whenClosed]);
    if (kept.rules) told = blocked;
    else if (kept.error) await until(() => true);  // too many at once
  }
  assert.deepEqual(await server.exited, { code: 3, signal: null });
  assert.match(complaint, /offhook\.db can keep nothing more: .*Stopping/);
  assert.ok(told > 3, `${told}`);
  const next = await start(data);
  const { body } = await rest(next, '/v1/users/keeper/rules');
  assert.ok(Number(body.blocked[0].slice('nobody'.length)) >= told);
  await next.stop();
});

test('a folder is made on the way', async () => {
  const data = join(makeFolder(), 'a', 'b');
  const server = await start(data);
  assert.ok(statSync(join(data, 'offhook.db')).size > 0);
  await server.stop();
});
