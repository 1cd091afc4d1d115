// What peers may do before they have shown who they are, and that nobody else notices.
import assert from 'node:assert/strict';
import { connect as connectPlain } from 'node:net';
import { after, before, test } from 'node:test';
import { WebSocket } from 'ws';
import { makeToken, startProgram, until, writeConfig } from './harness.mjs';

const key = '1000002';
const secret = 'the secret of the strangers';
const metricsToken = 'whoever reads the metrics';
const config = `[data]
dir = ":memory:"
[network]
trusted_proxies = ["127.0.0.1"]
sockets_per_address = 4
failures_per_minute = 3
[metrics]
token = "${metricsToken}"
[[project]]
key = "${key}"
secret = "${secret}"
`;
const token = (claims) => makeToken({ iss: key, ...claims }, secret);

let server;
before(async () => { server = await startProgram(['--listen', '127.0.0.1:0', '--config', writeConfig(config)]); });
after(() => server.stop());

// Says hello from that address. Gives what it is answered, with the close code if it is closed.
function hello(address, userToken, device = 'd') {
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}/v1/client`, { headers: { 'X-Forwarded-For': address } });
  return new Promise((resolve, reject) => {
    let answer;
    socket.on('open', () => socket.send(JSON.stringify({ type: 'hello', version: 1, token: userToken, device_id: device })));
    socket.on('message', (bytes) => {
      answer = JSON.parse(bytes.toString());
      if (answer.type === 'welcome') resolve({ ...answer, socket });
    });
    socket.on('close', (code) => resolve({ ...answer, code }));
    socket.on('unexpected-response', (_, response) => resolve({ status: response.statusCode, retryAfter: response.headers['retry-after'] }));
    socket.on('error', reject);
  });
}

const ask = (address, path, headers) => fetch(server.url + path, { headers: { 'x-forwarded-for': address, ...headers } });
const metric = async (line) => {
  const text = await (await ask('192.0.2.99', '/metrics', { authorization: `Bearer ${metricsToken}` })).text();
  return Number(text.split('\n').find((each) => each.startsWith(`${line} `))?.slice(line.length) ?? 0);
};

test('bad tokens: an address is refused before its token is looked at, others are not', async () => {
  for (let i = 0; i < 3; i += 1) {
    const answer = await hello('192.0.2.1', makeToken({ iss: key, sub: 'mallory' }, 'a secret nobody has given out'));
    assert.deepEqual([answer.error, answer.code], ['bad_token', 4001]);
  }
  const refused = await hello('192.0.2.1', token({ sub: 'mallory' }));
  assert.deepEqual([refused.error, refused.code, refused.fatal], ['rate_limited', 4006, true]);
  assert.ok(refused.retry_after_ms > 0 && refused.retry_after_ms <= 20_000, `${refused.retry_after_ms}`);
  const good = await hello('192.0.2.2', token({ sub: 'alice' }));
  assert.equal(good.type, 'welcome');
  good.socket.terminate();
  assert.equal(await metric('offhook_refusals_total{error="rate_limited"}'), 1);
  assert.equal(await metric('offhook_refusals_total{error="bad_token"}'), 3);
});

test('a token that has expired is no forgery: an office that wakes up is let in', async () => {
  for (let i = 0; i < 10; i += 1) assert.equal((await hello('192.0.2.3', token({ sub: 'bob', exp: 1_000 }))).error, 'token_expired');
  const good = await hello('192.0.2.3', token({ sub: 'bob' }));
  assert.equal(good.type, 'welcome');
  good.socket.terminate();
});

test('bad credentials of REST: 429 with Retry-After; an IPv6 network is one address', async () => {
  const bearer = (of) => ({ authorization: `Bearer ${of}` });
  assert.equal((await ask('2001:db8::1', '/v1/calls', bearer('a.b.c'))).status, 401);
  assert.equal((await ask('2001:db8::2', '/v1/projects', bearer('a.b.c'))).status, 401);
  assert.equal((await ask('2001:db8::3', '/v2/project/1/session', { 'x-opentok-auth': 'a.b.c' })).status, 403);
  const refused = await ask('2001:db8::4', '/v1/calls', bearer(token({ scope: 'admin' })));
  assert.equal(refused.status, 429);
  assert.ok(Number(refused.headers.get('retry-after')) >= 1);
  assert.equal((await refused.json()).error, 'rate_limited');
  assert.equal((await ask('2001:db8::4', '/healthz')).status, 200, 'who shows nothing is refused nothing');
  assert.equal((await ask('2001:db8:0:1::1', '/v1/calls', bearer(token({ scope: 'admin' })))).status, 200);
});

test('sockets of one address are counted behind a proxy as well', async () => {
  const all = await Promise.all([1, 2, 3, 4].map((i) => hello('192.0.2.5', token({ sub: `carol${i}` }))));
  assert.deepEqual(all.map((answer) => answer.type), Array(4).fill('welcome'));
  assert.deepEqual(await hello('192.0.2.5', token({ sub: 'carol5' })), { status: 429, retryAfter: '5' });
  assert.equal(await metric('offhook_turned_away_sockets_total{reason="too_many_of_address"}'), 1);
  all[0].socket.terminate();
  const another = await until(async () => {
    const answer = await hello('192.0.2.5', token({ sub: 'carol5' }));
    return answer.type === 'welcome' ? answer : undefined;
  });
  for (const answer of [...all, another]) answer.socket.terminate();
});

test('5 s to say hello begin with the socket, however slowly the upgrade comes', async () => {
  const begun = Date.now();
  const request = ['GET /v1/client HTTP/1.1', 'Host: localhost', 'Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', '', ''].join('\r\n');
  const socket = connectPlain(server.port, '127.0.0.1');
  socket.setNoDelay(true);
  let sent = 0;
  let heard = '';
  const drops = setInterval(() => { if (sent < request.length) socket.write(request[sent++]); }, 10);  // some 2 s for all of it
  socket.on('data', (bytes) => { heard += bytes.toString('latin1'); });
  await new Promise((resolve, reject) => {
    const watch = setInterval(() => { if (heard.includes('hello_timeout')) { clearInterval(watch); resolve(); } }, 10);
    socket.on('close', () => { clearInterval(watch); reject(new Error(`closed after ${heard}`)); });
  });
  clearInterval(drops);
  socket.destroy();
  const took = Date.now() - begun;
  assert.ok(took >= 4_900 && took < 6_500, `${took} ms`);
});

test('who says nothing at all is cut off after 5 s', async () => {
  const before = await metric('offhook_turned_away_sockets_total{reason="too_slow"}');
  const begun = Date.now();
  const socket = connectPlain(server.port, '127.0.0.1');
  await new Promise((resolve) => socket.on('close', resolve));
  const took = Date.now() - begun;
  assert.ok(took >= 4_900 && took < 6_500, `${took} ms`);
  assert.ok((await metric('offhook_turned_away_sockets_total{reason="too_slow"}')) > before);
});
