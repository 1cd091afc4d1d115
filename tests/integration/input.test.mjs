// Bad input and the command line, against the real program.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Client, connect, run, startServer, writeConfig } from './harness.mjs';

let server;
before(async () => { server = await startServer(); });
after(() => server.stop());

const call = `call_${'0'.repeat(26)}`;
const stays = [
  ['not json', 'bad_json'],
  ['['.repeat(40) + ']'.repeat(40), 'too_deep'],
  ['[]', 'bad_message'],
  ['{"type":"dance","cmd_id":"1"}', 'unknown_type'],
  ['{"type":"invite","cmd_id":"2","media":"none"}', 'missing_field'],
  ['{"type":"invite","cmd_id":"3","to":"bob","media":"smell"}', 'bad_field'],
  [`{"type":"answer","cmd_id":"4","call_id":"${call}"}`, 'no_such_call'],
  [`{"type":"session_connect","cmd_id":"5","session_id":"sess_${'0'.repeat(26)}"}`, 'no_such_session'],
  [`{"type":"session_connect","cmd_id":"6","session_id":"sess_${'0'.repeat(26)}","token":"x.y.z"}`, 'bad_token'],
];

for (const [text, word] of stays) {
  test(`${word}: told, and the connection stays`, async () => {
    const client = await connect(server, `user-${word}`);
    const told = client.next((message) => message.type === 'error');
    client.send(text);
    const error = await told;
    assert.equal(error.error, word);
    assert.match(error.message, /^[A-Z].*\.$/);
    assert.equal((await client.ask('history')).type, 'reply');
    client.socket.terminate();
  });
}

const closes = [
  ['before hello', (client) => client.send({ type: 'session_create', cmd_id: '1' }), 'hello_first', 4000],
  ['bad token', (client) => client.send({ type: 'hello', version: 1, token: 'a.b.c', device_id: 'd' }), 'bad_token', 4001],
  ['not json before hello', (client) => client.send('{'), 'bad_json', 4000],
  ['17 KB before hello', (client) => client.send('x'.repeat(17_000)), 'too_large', 1009],
  ['unknown version', async (client) => client.send({ type: 'hello', version: 9, token: await server.token('v'), device_id: 'd' }),
    'unsupported_version', 4000],
  ['silence', () => {}, 'hello_timeout', 4000],
];

for (const [name, provoke, word, code] of closes) {
  test(`${name}: ${word}, closed with ${code}`, async () => {
    const client = await new Client(server, 'x').open();
    const told = client.next((message) => message.type === 'error');
    await provoke(client);
    const error = await told;
    assert.equal(error.error, word);
    assert.equal(error.fatal, true);
    assert.equal(await client.whenClosed, code);
  });
}

test('too large and hello twice end their own socket only', async () => {
  const bystander = await connect(server, 'bystander');
  const big = await connect(server, 'big');
  big.send('x'.repeat(65_537));
  assert.equal(await big.whenClosed, 1009);
  const twice = await connect(server, 'twice');
  twice.send({ type: 'hello', version: 1, token: await server.token('twice'), device_id: 'd' });
  assert.equal(await twice.whenClosed, 4000);
  assert.equal((await bystander.ask('history')).type, 'reply');
  assert.equal(bystander.closed, undefined);
});

test('health, and nothing without an admin token', async () => {
  assert.equal((await fetch(`${server.url}/healthz`)).status, 200);
  assert.equal((await fetch(`${server.url}/readyz`)).status, 200);
  assert.equal((await fetch(`${server.url}/nowhere`)).status, 404);
  assert.equal((await fetch(`${server.url}/v1/calls`)).status, 401);
  const token = await server.token('alice');
  const refused = await fetch(`${server.url}/v1/calls`, { headers: { authorization: `Bearer ${token}` } });
  assert.equal(refused.status, 403);
});

test('the command line', async () => {
  assert.match((await run(['--help'])).stdout, /--check-config/);
  assert.match((await run(['--version'])).stdout, /^offhookd \d+\.\d+\.\d+\n$/);
  const unknown = await run(['--lissten']);
  assert.equal(unknown.code, 2);
  assert.match(unknown.stderr, /did you mean --listen/);
  const refused = await run([]);
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /--dev/);
  const outside = await run(['--dev', '--listen', '0.0.0.0:0']);
  assert.equal(outside.code, 2);
  const defaults = writeConfig((await run(['--print-default-config'])).stdout);
  assert.equal((await run(['--dev', '--check-config', '--config', defaults])).code, 0);
  const wrong = await run(['--dev', '--check-config', '--config', writeConfig('[timers]\nring_timeot = "5s"\n')]);
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /did you mean "ring_timeout"/);
});

test('docs/configuration.md holds the table of the program', async () => {
  const { readFileSync } = await import('node:fs');
  const page = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8');
  assert.ok(page.includes((await run(['--print-settings-markdown'])).stdout));
});
