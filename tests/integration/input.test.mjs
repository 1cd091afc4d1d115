// Bad input from clients: every error word of PROTOCOL.md section 11 that a client can bring about from outside.
import assert from 'node:assert/strict';
import { connect as connectPlain } from 'node:net';
import { after, before, test } from 'node:test';
import { Client, connect, makeToken, startServer } from './harness.mjs';

let server;
let bystander;  // never does anything wrong, and must not notice anything
before(async () => {
  server = await startServer();
  bystander = await connect(server, 'bystander');
});
after(() => server.stop());

async function bystanderIsWell() {
  assert.equal((await bystander.ask('history')).type, 'reply');
  assert.deepEqual(bystander.told.filter((message) => message.type === 'error'), []);
}

const noCall = `call_${'0'.repeat(26)}`;
const noSession = `sess_${'0'.repeat(26)}`;
let commands = 0;  // a cmd_id used twice would be answered as before
const command = (type, fields) => JSON.stringify({ type, cmd_id: `x${++commands}`, ...fields });

// text → error word, and what the message must name
const stays = [
  ['not json', 'bad_json'],
  ['{"type":"history","cmd_id":"x"', 'bad_json'],
  [command('history', { cmd_id: 'ÿ' }), 'bad_field', /"cmd_id".*ASCII/],
  ['['.repeat(40) + ']'.repeat(40), 'too_deep', /16/],
  [`{"type":"history","cmd_id":"x","more":${'{"a":'.repeat(20)}1${'}'.repeat(20)}}`, 'too_deep'],
  ['[]', 'bad_message'],
  ['7', 'bad_message'],
  ['{}', 'bad_message', /"type"/],
  ['{"type":7}', 'bad_message', /"type"/],
  [command('dance'), 'unknown_type', /"dance"/],
  ['{"type":"history"}', 'missing_field', /"cmd_id"/],
  [command('history', { cmd_id: '' }), 'bad_field', /"cmd_id"/],
  [command('history', { cmd_id: 'x'.repeat(65) }), 'bad_field', /"cmd_id"/],
  [command('history', { limit: 101 }), 'bad_field', /"limit".*100/],
  [command('history', { limit: '5' }), 'bad_field', /"limit"/],
  [command('invite', { media: 'none' }), 'missing_field', /"to"/],
  [command('invite', { to: 'bob', media: 'smell' }), 'bad_field', /"media".*"video"/],
  [command('invite', { to: 'b'.repeat(129), media: 'none' }), 'bad_field', /"to".*128/],
  [command('invite', { to: 'bob\n', media: 'none' }), 'bad_field', /"to"/],
  [command('invite', { to: 'bob', media: 'none', ring_timeout_ms: 999 }), 'bad_field', /"ring_timeout_ms".*1000/],
  [command('invite', { to: 'bob', media: 'none', data: 'x'.repeat(1001) }), 'bad_field', /"data".*1000/],
  [command('answer', { call_id: 'call_1' }), 'bad_field', /"call_id"/],
  [command('answer', { call_id: noCall }), 'no_such_call'],
  [command('decline', { call_id: noCall, reason: 'rude' }), 'bad_field', /"reason"/],
  [command('session_connect', { session_id: noSession }), 'no_such_session'],
  [command('session_connect', { session_id: noSession, token: 'x.y.z' }), 'bad_token'],
  [command('session_connect', { session_id: noSession, token: makeToken({ session: noSession, exp: 1 }) }), 'token_expired'],
  [command('session_reject', { token: makeToken({ sub: 'a' }) }), 'bad_token'],
  [command('signal', { session_id: noSession, signal_type: 'a b', data: '' }), 'bad_field', /"signal_type"/],
  [command('signal', { session_id: noSession, signal_type: 'a', data: 'x'.repeat(8193) }), 'bad_field', /"data".*8192/],
  [command('expect', { session_id: noSession, timeout_ms: 999 }), 'bad_field', /"timeout_ms"/],
];

test('bad messages: each is answered with its word and a sentence, and the connection stays', async () => {
  const client = await connect(server, 'clumsy');
  for (const [text, word, names = /./] of stays) {
    const told = client.next((message) => message.type === 'error' || message.type === 'reply');  // a reply would be wrong
    client.send(text);
    const answer = await told;
    assert.equal(answer.error, word, text.slice(0, 200));
    assert.match(answer.message, /^[A-Z].*\.$/);
    assert.match(answer.message, names);
    assert.equal(answer.fatal, undefined);
    assert.equal(answer.cmd_id, /"cmd_id":"(x\d+)"/.exec(text)?.[1]);
  }
  assert.equal(client.closed, undefined);
  await bystanderIsWell();
});

test('a binary frame is refused and survived; bytes that are no UTF-8 end the socket', async () => {
  const client = await connect(server, 'binary');
  const told = client.next((message) => message.type === 'error');
  client.socket.send(Buffer.from('{"type":"history","cmd_id":"x"}'), { binary: true });
  assert.equal((await told).error, 'bad_message');
  assert.equal((await client.ask('history')).type, 'reply');
  client.socket.send(Buffer.from([0x22, 0xc3, 0x28, 0x22]), { binary: false });
  assert.equal(await client.whenClosed, 1007);  // RFC 6455 section 8.1
  await bystanderIsWell();
});

const closes = [
  ['a command', (client) => client.send(command('session_create')), 'hello_first', 4000],
  ['ping', (client) => client.send({ type: 'ping' }), 'hello_first', 4000],
  ['a bad token', (client) => client.send({ type: 'hello', version: 1, token: 'a.b.c', device_id: 'd' }), 'bad_token', 4001],
  ['no json', (client) => client.send('{'), 'bad_json', 4000],
  ['a hello without device_id', (client) => client.send({ type: 'hello', version: 1, token: makeToken({ sub: 'a' }) }), 'missing_field', 4000],
  ['a device_id with a space', (client) => client.send({ type: 'hello', version: 1, token: makeToken({ sub: 'a' }), device_id: 'a b' }),
    'bad_field', 4000],
  ['17 KB', (client) => client.send('x'.repeat(17_000)), 'too_large', 1009],
  ['another version', (client) => client.send({ type: 'hello', version: 9, token: makeToken({ sub: 'a' }), device_id: 'd' }),
    'unsupported_version', 4000],
  ['nothing for 5 s', () => {}, 'hello_timeout', 4000],
];

for (const [name, provoke, word, code] of closes) {
  test(`${name} before welcome: ${word}, closed with ${code}`, async () => {
    const client = await new Client(server, 'x').open();
    const told = client.next((message) => message.type === 'error');
    provoke(client);
    const error = await told;
    assert.deepEqual([error.error, error.fatal, await client.whenClosed], [word, true, code]);
  });
}

test('too large a frame and a second hello end their own socket, and only that', async () => {
  const big = await connect(server, 'big');
  const tooLarge = big.next((message) => message.type === 'error');
  big.send('x'.repeat(65_537));
  assert.deepEqual([(await tooLarge).error, await big.whenClosed], ['too_large', 1009]);
  const twice = await connect(server, 'twice');
  const helloTwice = twice.next((message) => message.type === 'error');
  twice.send({ type: 'hello', version: 1, token: makeToken({ sub: 'twice' }), device_id: 'd' });
  assert.deepEqual([(await helloTwice).error, await twice.whenClosed], ['hello_twice', 4000]);
  await bystanderIsWell();
});

test('in a session: not_connected, no_such_connection, no_such_stream', async () => {
  const client = await connect(server, 'inside');
  const { session_id, token } = await client.ask('session_create');
  const outside = await new Client(server, 'outside').open();
  await outside.hello({ token: makeToken({ sub: 'outside', session: session_id }) });
  assert.equal((await outside.ask('signal', { session_id, signal_type: 's', data: '' })).error, 'not_connected');
  await client.ask('session_connect', { session_id, token });
  const to = `conn_${'0'.repeat(26)}`;
  assert.equal((await client.ask('signal', { session_id, signal_type: 's', data: '', to })).error, 'no_such_connection');
  assert.equal((await client.ask('negotiate', { session_id, to })).error, 'no_such_connection');
  const stream_id = `strm_${'0'.repeat(26)}`;
  assert.equal((await client.ask('unpublish', { session_id, stream_id })).error, 'no_such_stream');
  assert.equal((await client.ask('update_stream', { session_id, stream_id })).error, 'no_such_stream');
});

test('a stranger cannot tell a call of others from none', async () => {
  const caller = await connect(server, 'private-caller');
  const { call_id } = (await caller.ask('invite', { to: 'private-callee', media: 'none' })).call;
  const stranger = await connect(server, 'nosy');
  const [real, none] = [await stranger.ask('get_call', { call_id }), await stranger.ask('get_call', { call_id: noCall })];
  assert.deepEqual([real.error, real.message], [none.error, none.message]);
});

test('limit_reached: 16 live calls of a device, 16 sessions of a client', async () => {
  const client = await connect(server, 'greedy');
  for (let n = 0; n < 16; ++n) assert.equal((await client.ask('invite', { to: `g${n}`, media: 'none' })).type, 'reply');
  const call = await client.ask('invite', { to: 'g16', media: 'none' });
  assert.deepEqual([call.error, /16/.test(call.message)], ['limit_reached', true]);
  for (let n = 0; n < 17; ++n) {
    const { session_id, token } = await client.ask('session_create');
    assert.equal((await client.ask('session_connect', { session_id, token })).error, n < 16 ? undefined : 'limit_reached');
  }
});

test('rate_limited: a flood is refused in parts, the connection stays, and the refused command may come again', async () => {
  const client = await connect(server, 'flood');
  const answers = await Promise.all(Array.from({ length: 400 }, () => client.ask('history')));
  const refused = answers.filter((answer) => answer.error === 'rate_limited');
  assert.ok(refused.length >= 100 && refused.length <= 200, `${refused.length} of 400 refused`);
  assert.ok(answers.every((answer) => answer.type === 'reply' || answer.error === 'rate_limited'));
  const { cmd_id } = refused[0];
  let answer;
  do { answer = await client.ask('history', { cmd_id }); } while (answer.error === 'rate_limited');
  assert.equal(answer.type, 'reply');
  await bystanderIsWell();
});

test('a peer that speaks no HTTP is told so or cut off, and nobody notices', async () => {
  for (const nonsense of ['\x16\x03\x01\x00\xff\x01', 'GET\r\n\r\n', 'HELO example.org\r\n', `GET / HTTP/1.1\r\nX: ${'x'.repeat(9000)}\r\n\r\n`]) {
    const said = await new Promise((resolve, reject) => {
      let text = '';
      const socket = connectPlain(server.port, '127.0.0.1', () => socket.write(nonsense));
      socket.on('data', (bytes) => { text += bytes; });
      socket.on('end', () => { socket.end(); resolve(text); });
      socket.on('error', reject);
    });
    assert.match(said, /^(HTTP\/1\.1 4\d\d |$)/);
  }
  await bystanderIsWell();
});
