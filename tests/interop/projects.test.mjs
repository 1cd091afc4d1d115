// Projects that the operator makes while the server runs: kept, rotated, switched off, and closed to each other.
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import OpenTok from 'opentok';
import { Client, devSecret, makeFolder, startProgram, writeConfig } from '../integration/harness.mjs';
import { asOperator, call, enter, inProtocol } from './stage.mjs';

const operatorSecret = 'the-secret-of-the-operator';
const data = makeFolder();
const keyFile = join(makeFolder(), 'data.key');
const text = `[operator]\nsecret = "${operatorSecret}"\n[data]\nkey_file = "${keyFile}"\n`;
let server;
const start = (port = 0) => startProgram(['--config', writeConfig(text), '--listen', `127.0.0.1:${port}`, '--data', data]);
before(async () => { execFileSync(process.env.OFFHOOKD, ['--make-key', keyFile]); server = await start(); });
after(() => server.stop());

// The command line; gives what it prints.
const offhook = (...args) => offhookWith(operatorSecret, ...args);
const offhookWith = (secret, ...args) => new Promise((resolve) => {
  const env = { ...process.env, OFFHOOK_URL: server.url, OFFHOOK_OPERATOR_SECRET: secret };
  execFile(process.env.OFFHOOK, args, { env }, (error, stdout, stderr) => resolve({ code: error?.code ?? 0, stdout, stderr }));
});
const inJson = async (...args) => JSON.parse((await offhook(...args, '--json')).stdout);
const sdkOf = ({ key, secret }) => new OpenTok(key, secret, server.url);

test('a project is made, kept over a restart, and its sessions too', async () => {
  const made = await inJson('project', 'create', '--name', 'shop');
  assert.match(made.key, /^[1-9]\d{0,9}$/);
  assert.ok(Number(made.key) < 2 ** 31);
  assert.match(made.secret, /^[0-9a-f]{40}$/);
  const { sessionId } = await call(sdkOf(made), 'createSession', {});
  for (const file of readdirSync(data)) assert.ok(!readFileSync(join(data, file)).includes(made.secret), `${file} holds the secret in the clear`);
  await server.stop();
  server = await start(server.port);
  assert.match((await offhook('project', 'list')).stdout, new RegExp(`${made.key}  key, "shop"`));
  assert.ok(!(await offhook('project', 'list', '--json')).stdout.includes(made.secret));
  await enter(server, sessionId, sdkOf(made).generateToken(sessionId));
});

test('key and secret may be brought along from OpenTok', async () => {
  const own = { key: '45828062', secret: 'a'.repeat(40) };
  assert.equal((await offhook('project', 'create', '--key', own.key, '--secret', own.secret)).code, 0);
  assert.match((await call(sdkOf(own), 'createSession', {})).sessionId, /^1_/);
  assert.notEqual((await offhook('project', 'create', '--key', own.key)).code, 0, 'taken');
  for (const key of ['0123', '2147483648', '-5', 'abc']) assert.equal((await asOperator(server, 'POST', '', { key }, operatorSecret)).error, 'bad_field', key);
});

test('two secrets are good during a rotation, then one', async () => {
  const made = await inJson('project', 'create');
  const next = await inJson('project', 'rotate-secret', made.key);
  assert.equal(next.secrets, 2);
  for (const project of [made, next]) await call(sdkOf(project), 'createSession', {});
  await offhook('project', 'rotate-secret', made.key, '--finish');
  await call(sdkOf(next), 'createSession', {});
  await assert.rejects(call(sdkOf(made), 'createSession', {}));
});

test('a disabled project is refused until it is enabled again', async () => {
  const made = await inJson('project', 'create');
  const { sessionId } = await call(sdkOf(made), 'createSession', {});
  const client = await enter(server, sessionId, sdkOf(made).generateToken(sessionId));
  const told = client.next((message) => message.type === 'error');
  await offhook('project', 'disable', made.key);
  assert.deepEqual([(await told).error, (await told).fatal, await client.whenClosed], ['project_disabled', true, 4001]);
  const again = await new Client(server, 'again').open();
  const refused = again.next((message) => message.type === 'error');
  again.send({ type: 'hello', version: 1, device_id: 'again', token: sdkOf(made).generateToken(sessionId) });
  assert.equal((await refused).error, 'bad_token');
  await assert.rejects(call(sdkOf(made), 'createSession', {}));
  await offhook('project', 'enable', made.key);
  await call(sdkOf(made), 'createSession', {});
});

test('nothing of one project is visible to another', async () => {
  const [one, two] = [await inJson('project', 'create'), await inJson('project', 'create')];
  const { sessionId } = await call(sdkOf(one), 'createSession', {});
  const client = await enter(server, sessionId, sdkOf(one).generateToken(sessionId));
  // The id of the other's session with the own key put in.
  const fields = Buffer.from(sessionId.slice(2), 'base64url').toString().split('~');
  const forged = `1_${Buffer.from([fields[0], two.key, ...fields.slice(2)].join('~')).toString('base64url')}`;
  for (const id of [sessionId, forged]) {
    await assert.rejects(call(sdkOf(two), 'listStreams', id));
    await assert.rejects(call(sdkOf(two), 'signal', id, null, { type: 't', data: 'x' }));
    await assert.rejects(call(sdkOf(two), 'forceDisconnect', id, client.connection.connection_id));
  }
  await assert.rejects(enter(server, forged, sdkOf(two).generateToken(forged)));
  const { sessionId: own } = await call(sdkOf(two), 'createSession', {});
  const stranger = await enter(server, own, sdkOf(two).generateToken(own));
  assert.equal((await stranger.ask('session_connect', { session_id: inProtocol(sessionId) })).error, 'no_such_session');
});

test('the operator alone makes projects', async () => {
  assert.equal((await asOperator(server, 'GET', '', undefined, 'another-secret-of-the-same-kind')).status, 401);
  assert.equal((await asOperator(server, 'GET', '', undefined, devSecret)).status, 401);
  const stranger = await offhookWith('another-secret-of-the-same-kind', 'project', 'create');
  assert.equal(stranger.code, 3);
  assert.match(stranger.stderr, /OFFHOOK_OPERATOR_SECRET/);
  const made = await inJson('project', 'create');
  assert.equal((await asOperator(server, 'POST', '', { key: 'operator' }, operatorSecret)).status, 400);
  assert.equal((await asOperator(server, 'GET', '', undefined, made.secret)).status, 401);
  assert.equal((await asOperator(server, 'POST', '/1/disable', {}, operatorSecret)).status, 404);
  assert.equal((await asOperator(server, 'POST', '', { public_key: 'no key' }, operatorSecret)).status, 400);
});
