// A server that spreads its sockets over threads: everybody hears everybody, wherever their sockets are. tools/run_tests.py runs the tests
// of calls, sessions, lost links, bad input and the program itself with threads as well.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { connect, inSeconds, makeToken, rest, run, startServer, until } from './harness.mjs';

const threads = 3;
let server;
before(async () => { server = await startServer(undefined, 0, ['--network-threads', String(threads)]); });
after(() => server.stop());

const gauge = async (name) => Number((await (await fetch(`${server.url}/metrics`)).text()).match(new RegExp(`^${name} (.*)$`, 'm'))[1]);

test('there are as many threads more as were asked for', async () => {
  const plain = await startServer(undefined, 0, ['--network-threads', '0']);
  const count = ({ pid }) => readdirSync(`/proc/${pid}/task`).length;
  assert.equal(count(server) - count(plain), threads);
  await plain.stop();
});

test('a crowd in one session: each hears each signal once, in order, and in the end nobody is left', async () => {
  const crowd = await Promise.all(Array.from({ length: 24 }, (_, i) => connect(server, `crowd${i}`)));
  const { session_id, token } = await crowd[0].ask('session_create');
  for (const client of crowd) await client.ask('session_connect', { session_id, token });
  await Promise.all(crowd.map(async (client, i) => {
    for (let n = 0; n < 5; ++n) await client.ask('signal', { session_id, signal_type: 'chat', data: `${i}:${n}` });
  }));
  const signals = (client) => client.told.filter((message) => message.type === 'signal').map((message) => message.data);
  for (const client of crowd) {
    await until(() => signals(client).length === crowd.length * 5);
    assert.deepEqual(signals(client), signals(crowd[0]), 'all in one order');
  }
  assert.ok(await gauge('offhook_links') >= crowd.length);
  crowd.forEach((client) => client.socket.terminate());
  await until(async () => await gauge('offhook_links') === 0);
});

test('people on different threads call each other', async () => {
  const people = await Promise.all(Array.from({ length: 12 }, (_, i) => connect(server, `p${i}`)));
  const ends = people.slice(6).map((callee) => callee.nextEnd());
  await Promise.all(people.slice(0, 6).map(async (caller, i) => {
    const callee = people[11 - i];
    const rings = callee.nextCall(() => true);
    await caller.ask('invite', { to: callee.user, media: 'none' });
    const { call_id } = await rings;
    await callee.ask('answer', { call_id });
    await caller.ask('hangup', { call_id });
  }));
  for (const call of await Promise.all(ends)) assert.deepEqual([call.outcome, call.reason], ['ended', 'by_caller']);
});

test('REST is answered on the connection it came by, many at a time', async () => {
  const answers = await Promise.all(Array.from({ length: 60 }, (_, i) => rest(server, i % 2 === 0 ? '/v1/calls?limit=1' : `/v1/calls/none${i}`)));
  answers.forEach(({ status }, i) => assert.equal(status, i % 2 === 0 ? 200 : 404));
});

test('a token is checked with the keys of this moment', async () => {
  const refused = await connect(server, 'nobody').then((client) => client.ask('session_connect', { session_id: 'x', token: makeToken({ exp: inSeconds(-60) }) }));
  assert.equal(refused.type, 'error');
  const stranger = await fetch(`${server.url}/v1/calls`, { headers: { authorization: `Bearer ${makeToken({ scope: 'admin' }, 'another secret altogether')}` } });
  assert.equal(stranger.status, 401);
});

test('one that floods its link holds up nobody else', async () => {
  const flood = await connect(server, 'flood');
  const [caller, callee] = [await connect(server, 'calm1'), await connect(server, 'calm2')];
  for (let i = 0; i < 20_000; ++i) flood.send('{"type":"nonsense"}');
  const rings = callee.nextCall(() => true);
  await caller.ask('invite', { to: 'calm2', media: 'none' });
  assert.equal((await rings).phase, 'inviting');
  flood.socket.terminate();
});

test('SIGTERM: everybody is told, sockets on all threads are closed, and the program ends well', async () => {
  const stopping = await startServer(undefined, 0, ['--network-threads', String(threads)]);
  const clients = await Promise.all(Array.from({ length: 9 }, (_, i) => connect(stopping, `s${i}`)));
  stopping.signal('SIGTERM');
  for (const client of clients) assert.equal(await client.whenClosed, 1001);
  assert.equal((await stopping.exited).code, 0);
});

test('a number that makes no sense is refused with what it may be', async () => {
  for (const number of ['17', '-1', 'many']) {
    const { code, stderr } = await run(['--dev', '--listen', '127.0.0.1:0', '--network-threads', number]);
    assert.equal(code, 2);
    assert.match(stderr, /from 0 .* to 16/);
  }
});
