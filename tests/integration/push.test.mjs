// Devices without a socket, woken through a real sender: the one of docs/push.md, and ones that fail.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { after, test } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { WebSocket } from 'ws';
import { connect, makeFolder, makeToken, rest, run, startProgram, startServer, until, writeConfig } from './harness.mjs';

execFileSync(process.execPath, ['scripts/build.mjs'], { cwd: fileURLToPath(new URL('../../sdk/js', import.meta.url)) });
const { OffhookClient } = await import('../../sdk/js/dist/offhook.js');
const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const closing = [];
after(() => closing.forEach((close) => close()));

// Remembers what it gets and answers with the status that `reply` gives.
async function sender(reply = () => 204) {
  const got = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (bytes) => { body += bytes; });
    request.on('end', () => {
      got.push({ ...new Webhook(secret).verify(body, request.headers).data, id: request.headers['webhook-id'] });
      response.writeHead(reply(got.length)).end();
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => { server.closeAllConnections(); server.close(); });
  return { got, url: `http://127.0.0.1:${server.address().port}/push` };
}

const configOf = (url, timers = '') => `[webhooks]\nallow = ["127.0.0.1"]\n[push]\nurl = "${url}"\nsecrets = ["${secret}"]\n[timers]\n${timers}\n`;

async function start(url, timers) {
  const server = await startServer(configOf(url, timers));
  closing.push(() => server.stop());
  return server;
}

// The device registers and goes to sleep.
async function sleeper(server, user, token = `${user}-token`) {
  const device = await connect(server, user);
  assert.deepEqual(await device.ask('set_push', { push: { provider: 'fcm', token } }), { type: 'reply', cmd_id: 'c1' });
  device.send({ type: 'bye' });
  await device.whenClosed;
  return device;
}

test('a sleeping device is woken, rings by the payload and answers', async () => {
  const { got, url } = await sender();
  const server = await start(url);
  await sleeper(server, 'bob');
  const alice = await connect(server, 'alice');
  const pending = alice.ask('invite', { to: 'bob', media: 'none', data: 'a word' });
  assert.equal((await pending).call.push_pending, true);
  await until(() => got.length === 1);
  const [{ payload, id, ...push }] = got;
  const { call_id } = (await pending).call;
  assert.match(id, /^push_/);
  assert.deepEqual(push, { project: '1000001', user: 'bob', device_id: 'bob-device', provider: 'fcm', token: 'bob-token', collapse_key: call_id });
  assert.deepEqual([payload.call_id, payload.caller.user, payload.to, payload.media, payload.data], [call_id, 'alice', 'bob', 'none', 'a word']);
  assert.ok(payload.remaining_ms > 15_000 && payload.remaining_ms <= 20_000);
  const bob = new OffhookClient({ url: `${server.url.replace('http', 'ws')}/v1/client`, token: await server.token('bob'), deviceId: 'bob-device', WebSocket });
  closing.push(() => bob.disconnect());
  const incoming = [];
  bob.on('incoming', (call) => incoming.push(call));
  const ringing = alice.nextCall((call) => call.ringing);
  const call = await bob.handlePush(JSON.stringify(payload));
  assert.equal(call.state, 'incoming');
  await ringing;
  assert.equal(await bob.handlePush(payload), call);
  const active = alice.nextCall((one) => one.phase === 'connecting');
  call.answer();
  await alice.ask('session_connect', { session_id: (await active).session_id });
  await until(() => call.state === 'active');
  assert.deepEqual([incoming.length, got.length], [1, 1]);
  const ended = alice.nextEnd();
  call.hangup();
  assert.equal((await ended).outcome, 'ended');
  await until(() => call.state === 'ended');
  assert.equal(await bob.handlePush(payload), undefined, 'it is over');
  const { body } = await rest(server, `/v1/calls/${call_id}/timeline`);
  const kinds = body.entries.map((entry) => entry.kind);
  for (const kind of ['pushed', 'push_accepted']) assert.ok(kinds.includes(kind), kind);
});

test('the sender of docs/push.md runs as it stands there, and a device that is gone is named by explain', async () => {
  const program = /^```js\n(import [^]*?)^```$/m.exec(readFileSync(new URL('../../docs/push.md', import.meta.url), 'utf8'))[1];
  const child = spawn(process.execPath, ['--input-type=module', '-e', program],
    { cwd: fileURLToPath(new URL('../..', import.meta.url)), env: { ...process.env, PUSH_SECRET: secret, PORT: '0' } });
  closing.push(() => child.kill('SIGKILL'));
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes) => { output += bytes; });
  const port = (await until(() => /listening on (\d+)/.exec(output)))[1];
  const server = await start(`http://127.0.0.1:${port}/`);
  await sleeper(server, 'bob');
  await sleeper(server, 'carol', 'uninstalled');
  const alice = await connect(server, 'alice');
  const { call } = await alice.ask('invite', { to: 'bob', media: 'none' });
  await until(() => output.includes('fcm bob-token: alice calls bob'));
  await alice.ask('cancel', { call_id: call.call_id });
  const ended = alice.nextEnd();
  await alice.ask('invite', { to: 'carol', media: 'none' });
  const end = await ended;
  assert.deepEqual([end.outcome, end.reason], ['unreachable', 'push_refused']);
  const { body } = await rest(server, `/v1/calls/${end.call_id}/timeline`);
  assert.match(body.why, /pushes to all of them \(carol-device\) were refused/);
  assert.equal((await alice.ask('invite', { to: 'carol', media: 'none', wake_timeout_ms: 1_000 })).call.push_pending, undefined, 'it is forgotten');
});

test('a sender that fails is asked again, and one that takes a push without effect once more', async () => {
  const { got, url } = await sender((number) => (number === 1 ? 503 : 204));
  const server = await start(url, 'push_retry = "1s"\nwake_timeout = "4s"');
  await sleeper(server, 'bob');
  const alice = await connect(server, 'alice');
  const ended = alice.nextEnd();
  const { call } = await alice.ask('invite', { to: 'bob', media: 'none' });
  const end = await ended;
  assert.deepEqual([end.outcome, end.reason], ['unreachable', 'push_unacked']);
  assert.equal(got.length, 3);
  assert.equal(got[0].id, got[1].id);
  assert.notEqual(got[1].id, got[2].id);
  assert.equal(got[2].collapse_key, call.call_id);
  assert.ok(got[2].payload.remaining_ms < got[0].payload.remaining_ms);
  const { body } = await rest(server, `/v1/calls/${call.call_id}/timeline`);
  assert.match(body.why, /accepted twice, but the device did not connect/);
  assert.equal((await rest(server, `/v1/calls/${call.call_id}/replay`)).body.same, true);
});

// The value of each metric whose name, with its labels, begins with `name`.
async function metrics(server, name) {
  const lines = (await (await fetch(`${server.url}/metrics`)).text()).split('\n').filter((line) => line.startsWith(name));
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]));
}

test('the metrics count pushes by what became of them', async () => {
  const { got, url } = await sender((number) => [204, 410][number - 1] ?? 400);
  const server = await start(url);
  for (const user of ['bob', 'carol', 'dave']) await sleeper(server, user);
  const alice = await connect(server, 'alice');
  const result = async () => {
    const counts = await metrics(server, 'offhook_pushes_total');
    return ['accepted', 'refused', 'failed', 'stopped'].map((word) => counts[`offhook_pushes_total{result="${word}"}`]);
  };
  assert.deepEqual(await result(), [0, 0, 0, 0]);
  for (const [index, to] of ['bob', 'carol', 'dave'].entries()) {
    await alice.ask('invite', { to, media: 'none' });
    await until(() => got.length === index + 1);
  }
  await until(async () => JSON.stringify(await result()) === '[1,1,1,0]');
  assert.equal((await metrics(server, 'offhook_push_seconds_count')).offhook_push_seconds_count, 3);
  assert.equal((await metrics(server, 'offhook_pushes_waiting')).offhook_pushes_waiting, 0);
});

test('a push whose call is over while its sender is silent is counted as stopped', async () => {
  const silent = createServer(() => {});
  await new Promise((resolve) => silent.listen(0, '127.0.0.1', resolve));
  closing.push(() => { silent.closeAllConnections(); silent.close(); });
  const server = await start(`http://127.0.0.1:${silent.address().port}/`);
  await sleeper(server, 'bob');
  const alice = await connect(server, 'alice');
  const { call } = await alice.ask('invite', { to: 'bob', media: 'none' });
  assert.equal((await metrics(server, 'offhook_pushes_waiting')).offhook_pushes_waiting, 1);
  await alice.ask('cancel', { call_id: call.call_id });
  await until(async () => (await metrics(server, 'offhook_pushes_total'))['offhook_pushes_total{result="stopped"}'] === 1);
  assert.equal((await metrics(server, 'offhook_pushes_waiting')).offhook_pushes_waiting, 0);
});

test('addresses outlive a kill, and a push whose fate is not known is sent again', async () => {
  const { got, url } = await sender();
  const data = makeFolder();
  const key = '2000003';
  const projectSecret = 'a-secret-of-16-letters';
  const keyFile = join(makeFolder(), 'data.key');
  assert.equal((await run(['--make-key', keyFile])).code, 0);
  const config = writeConfig(`${configOf('http://127.0.0.1:9/')}\n[data]\nkey_file = "${keyFile}"\n[[project]]\nkey = "${key}"\nsecret = "${projectSecret}"\n[project.push]\nurl = "${url}"\nsecrets = ["${secret}"]\n`);
  const begin = async (port = 0) => {
    const server = await startProgram(['--config', config, '--listen', `127.0.0.1:${port}`, '--data', data]);
    server.token = async (user) => makeToken({ iss: key, sub: user }, projectSecret);
    closing.push(() => server.stop());
    return server;
  };
  const server = await begin();
  await sleeper(server, 'bob');
  await server.stop();
  const again = await begin(server.port);
  const alice = await connect(again, 'alice');
  await alice.ask('invite', { to: 'bob', media: 'none' });
  await until(() => got.length === 1);
  assert.equal(got[0].project, key);
  for (const file of readdirSync(data)) assert.ok(!readFileSync(join(data, file)).includes('bob-token'), `the address is in the clear in ${file}`);
});

test('a sender needs a secret, and an address that may be reached', async () => {
  for (const [text, problem] of [
    ['[push]\nurl = "https://example.org/"\n', /\[push\] needs "secrets"/],
    [`[push]\nurl = "http://127.0.0.1/"\nsecrets = ["${secret}"]\n`, /127\.0\.0\.1 is a loopback address/],
    ['[push]\nurl = "https://example.org/"\nsecrets = ["x"]\n', /"whsec_" and base64/],
  ]) {
    const { code, stderr } = await run(['--dev', '--check-config', '--config', writeConfig(text)]);
    assert.notEqual(code, 0);
    assert.match(stderr, problem);
  }
});
