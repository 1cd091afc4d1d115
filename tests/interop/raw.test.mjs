// The Python, Java, Ruby, PHP and .NET SDKs, stood in for by their own requests: headers and bodies as they send them, and what they
// do with the answers.
import assert from 'node:assert/strict';
import { connect as connectSocket } from 'node:net';
import { after, before, test } from 'node:test';
import { devKey, devSecret, inSeconds, makeToken, startServer } from '../integration/harness.mjs';
import { asOperator, config, enter, publish } from './stage.mjs';

let server;
before(async () => { server = await startServer(config); });
after(() => server.stop());

const project = `/v2/project/${devKey}`;
const restToken = (claims = {}, header) => makeToken({ ist: 'project', iat: inSeconds(0), exp: inSeconds(180), ...claims }, devSecret, header);
const auth = () => ({ 'X-OPENTOK-AUTH': restToken() });

// Each as it is sent, not one header more: fetch would add an Accept.
function send(method, path, headers = {}, body) {
  return new Promise((resolve, reject) => {
    const socket = connectSocket(server.port, '127.0.0.1');
    const lines = [`${method} ${path} HTTP/1.1`, `Host: 127.0.0.1:${server.port}`, 'Connection: close', ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`)];
    if (body !== undefined) lines.push(`Content-Length: ${Buffer.byteLength(body)}`);
    let said = '';
    socket.setEncoding('utf8').on('data', (text) => { said += text; }).on('error', reject);
    socket.on('end', () => {
      const [head, ...rest] = said.split('\r\n\r\n');
      const type = /^content-type: (.*)$/im.exec(head)?.[1];
      resolve({ status: Number(head.split(' ')[1]), type, body: rest.join('\r\n\r\n') });
    });
    socket.write(`${lines.join('\r\n')}\r\n\r\n${body ?? ''}`);
  });
}

const sdks = {
  python: { headers: () => ({ 'User-Agent': 'OpenTok-Python-SDK/3.13.0 python/3.11.2', Accept: 'application/json', ...auth() }), create: 'p2p.preference=enabled&archiveMode=manual&e2ee=false' },
  java: { headers: () => ({ Accept: 'application/json', 'user-agent': 'Opentok-Java-SDK/4.17.0 JRE/17.0.15', 'X-OPENTOK-AUTH': restToken({}, { alg: 'HS256' }) }), create: 'archiveMode=manual&p2p.preference=enabled' },
  ruby: { headers: () => ({ 'X-Opentok-Auth': restToken({ ist: undefined }, { ist: 'project', alg: 'HS256' }), Accept: '*/*', 'Accept-Encoding': 'gzip;q=1.0,deflate;q=0.6,identity;q=0.3', 'User-Agent': 'OpenTok-Ruby-SDK/4.13.0-Ruby-Version-3.1.7-p261' }), create: 'p2p.preference=enabled', xml: true },
  php: { headers: () => auth(), create: `archiveMode=manual&e2ee=false&p2p.preference=enabled&api_key=${devKey}`, xml: true },
  dotnet: { headers: () => ({ 'X-TB-VERSION': '1', ...auth() }), create: 'location=&p2p.preference=enabled&archiveMode=manual&e2ee=False', xml: true },
};

async function create(sdk) {
  const answer = await send('POST', '/session/create', { ...sdk.headers(), 'Content-Type': 'application/x-www-form-urlencoded' }, sdk.create);
  assert.equal(answer.status, 200, answer.body);
  if (!sdk.xml) {
    assert.equal(answer.type, 'application/json', 'nothing behind it: Python compares');
    const list = JSON.parse(answer.body);
    assert.deepEqual([list.length, list[0].partner_id, list[0].project_id], [1, devKey, devKey]);
    return list[0].session_id;
  }
  assert.equal(answer.type, 'text/xml');
  assert.match(answer.body, new RegExp(`^<\\?xml [^>]*\\?><sessions><Session><session_id>[^<]+</session_id><partner_id>${devKey}</partner_id><create_dt>\\w{3} \\w{3} \\d\\d [\\d:]{8} UTC \\d{4}</create_dt></Session></sessions>$`));
  return /<session_id>(.*)<\/session_id>/.exec(answer.body)[1];
}

// T1 and JWT tokens as each of them writes them are tested where they are read (src/wire/opentok_token_test.cpp).
const clientToken = (sessionId, claims = {}) => makeToken({ ist: 'project', iat: inSeconds(0), session_id: sessionId, role: 'publisher', scope: 'session.connect', nonce: 1, ...claims });

for (const [name, sdk] of Object.entries(sdks)) {
  test(`${name}: session/create in its form, a client, streams, signals, mute and sending away`, async () => {
    const id = await create(sdk);
    const at = `${project}/session/${id}`;
    const json = { ...sdk.headers(), 'Content-Type': 'application/json' };
    const client = await enter(server, id, clientToken(id));
    const stream = await publish(client);
    const list = await send('GET', `${at}/stream${name === 'php' ? '/' : ''}`, name === 'python' || name === 'ruby' ? json : sdk.headers());
    assert.deepEqual([list.status, list.type, JSON.parse(list.body)], [200, 'application/json',
      { count: 1, items: [{ id: stream.stream_id, videoType: 'camera', name: 'camera', layoutClassList: [] }] }], 'always JSON, and nothing at its top but these two');
    const one = await send('GET', `${at}/stream/${stream.stream_id}`, sdk.headers());
    assert.deepEqual([one.status, one.type], [200, 'text/json']);
    const connections = JSON.parse((await send('GET', `${at}/connection/`, sdk.headers())).body);
    assert.deepEqual(Object.keys(connections).sort(), ['count', 'items', 'projectId', 'sessionId']);
    assert.deepEqual([connections.projectId, connections.sessionId, connections.items[0].connectionId, connections.items[0].connectionState], [devKey, id, client.connection.connection_id, 'Connected']);
    const type = { java: ',"type":null', php: ',"type":""' }[name] ?? ',"type":"chat"';
    const heard = client.next((m) => m.type === 'signal');
    const signal = await send('POST', `${at}/signal`, json, `{"data": "h\\u00e9llo"${type}}`);
    assert.deepEqual([signal.status, signal.body, (await heard).data], [204, '', 'héllo']);
    const mute = client.next((m) => m.type === 'mute_forced');
    const muted = await send('POST', `${at}/stream/${stream.stream_id}/mute`, name === 'java' || name === 'php' ? sdk.headers() : json, '');
    assert.deepEqual([muted.status, muted.type, typeof JSON.parse(muted.body)], [200, 'application/json', 'object']);
    await mute;
    const all = { python: '{"active": true, "excludedStreams": []}', ruby: '{"active":"true"}', php: '{"active":true,"excludedStreams":["st1"]}' }[name] ?? '{"active":true,"excludedStreamIds":[]}';
    assert.equal((await send('POST', `${at}/mute`, json, all)).status, 200);
    assert.equal((await publish(client, 'later')).has_audio, false);
    assert.equal((await send('POST', `${at}/mute`, json, name === 'ruby' ? '{"active":"false"}' : '{"active":false}')).status, 200);
    assert.equal((await publish(client, 'loud')).has_audio, true, '"false" is false');
    assert.equal((await send('PUT', `${at}/stream`, json, `{"items":[{"id":"${stream.stream_id}","layoutClassList":["full"]}]}`)).status, 200);
    const away = client.next((m) => m.type === 'session_disconnected');
    const gone = await send('DELETE', `${at}/connection/${client.connection.connection_id}`, json);
    assert.deepEqual([gone.status, gone.body, (await away).reason], [204, '', 'force_disconnected']);
  });
}

test('a project has twenty callbacks and no more', async () => {
  const { key, secret } = await asOperator(server, 'POST', '', {});
  const headers = () => ({ 'X-OPENTOK-AUTH': makeToken({ iss: key, ist: 'project', iat: inSeconds(0), exp: inSeconds(180) }, secret), 'Content-Type': 'application/json' });
  const register = (number) => send('POST', `/v2/project/${key}/callback`, headers(), JSON.stringify({ group: 'stream', event: 'created', url: `http://127.0.0.1:1/${number}` }));
  for (let number = 1; number <= 20; number++) assert.equal((await register(number)).status, 200, `${number}`);
  const refused = await register(21);
  assert.equal(refused.status, 400);
  assert.match(JSON.parse(refused.body).message, /20 callbacks at most/);
  assert.equal(JSON.parse((await send('GET', `/v2/project/${key}/callback`, headers())).body).length, 20);
});

test('sloppy URLs are understood', async () => {
  const id = await create(sdks.python);
  for (const path of [`//v2/project/${devKey}/session/${id}/stream`, `/v2/project/${devKey}/session/${id}/stream/`, `${project}/session/${id}/stream?`, `/v2/partner/${devKey}/session/${id}/stream`]) {
    assert.equal((await send('GET', path, auth())).status, 200, path);
  }
  assert.equal((await send('GET', `${project}/archive?offset=5&&sessionId=${id}`, auth())).status, 200);
  assert.equal((await send('POST', '//session/create', { ...auth(), Accept: 'application/json', headers: '[object Object]' }, '')).status, 200);
});

test('every refusal has its code and a JSON message', async () => {
  const id = await create(sdks.python);
  const at = `${project}/session/${id}`;
  const foreign = (await asOperator(server, 'POST', '', { name: 'other' })).key;
  const expected = [
    ['GET', `${at}/stream`, {}, 403], ['GET', `${at}/stream`, { 'X-OPENTOK-AUTH': 'x' }, 403],
    ['GET', `${at}/stream`, { 'X-OPENTOK-AUTH': restToken({ exp: inSeconds(-120) }) }, 403],
    ['GET', `${at}/stream`, { 'X-OPENTOK-AUTH': clientToken(id) }, 403], ['POST', '/session/create', { 'X-OPENTOK-AUTH': restToken({ iss: 'nobody' }) }, 403],
    ['GET', `/v2/project/${foreign}/session/${id}/stream`, auth(), 403],
    ['GET', `${project}/session/1_abc/stream`, auth(), 404], ['GET', `${at}/stream/x`, auth(), 404], ['GET', `${at}/nothing`, auth(), 404],
    ['POST', `${at}/signal`, auth(), 404, '{"data":"nobody there"}'], ['POST', `${at}/signal`, auth(), 400, '{}'], ['POST', `${at}/signal`, auth(), 400, '{'],
    ['POST', `${at}/signal`, auth(), 413, JSON.stringify({ data: 'x'.repeat(8193) })], ['POST', `${at}/connection/x/signal`, auth(), 404, '{"data":""}'],
    ['DELETE', `${at}/connection/x`, auth(), 404], ['POST', `${at}/stream/x/mute`, auth(), 404, ''], ['POST', `${at}/mute`, auth(), 400, '{"active":"maybe"}'],
    ['POST', `${at}/play-dtmf`, auth(), 404, '{"digits":"1"}'], ['POST', `${project}/archive`, auth(), 501, '{}'], ['GET', `${project}/archive/a`, auth(), 404],
    ['PATCH', `${project}/archive/a/streams`, auth(), 404, '{}'], ['POST', `${project}/broadcast`, auth(), 501, '{}'], ['POST', `${project}/captions`, auth(), 501, '{}'],
    ['POST', `${project}/dial`, auth(), 501, '{}'], ['POST', `${project}/call`, auth(), 501, '{}'], ['POST', `${project}/connect`, auth(), 501, '{}'], ['POST', `${project}/render`, auth(), 501, '{}'],
    ['POST', `${project}/callback`, auth(), 400, '{"group":"connection","event":"created","url":"http://10.0.0.1/"}'], ['DELETE', `${project}/callback/x`, auth(), 404],
    ['POST', '/session/create', auth(), 400, 'archiveMode=always&p2p.preference=enabled'], ['GET', '/session/create', auth(), 404], ['GET', '/v2/project', auth(), 404]];
  for (const [method, path, headers, status, body] of expected) {
    const answer = await send(method, path, headers, body);
    assert.deepEqual([answer.status, answer.type, typeof JSON.parse(answer.body).message], [status, 'application/json', 'string'], `${method} ${path} ${body}: ${answer.body}`);
  }
  const theirs = '1_MX40NTgyODA2Mn5-MTcwMDAwMDAwMDAwMH5YeFlaK3h6eWxIUUhtSjhmZEtTbmZ6dGV-fg';  // made by OpenTok
  assert.match((await send('GET', `${project}/session/${theirs}/stream`, auth())).body, /made by OpenTok .* create a session with this server/);
  for (const list of ['archive', 'broadcast', 'render']) {
    assert.equal((await send('GET', `${project}/${list}?offset=1&count=2`, auth())).body, '{"count":0,"items":[]}');
  }
});

test('key and secret in the clear are taken where the operator has said so', async () => {
  const old = { 'X-TB-PARTNER-AUTH': `${devKey}:${devSecret}`, Accept: 'application/json' };
  assert.equal((await send('POST', '/session/create', old, '')).status, 200);
  assert.equal((await send('POST', '/session/create', { ...old, 'X-TB-PARTNER-AUTH': `${devKey}:x` }, '')).status, 403);
  const strict = await startServer();
  const answer = await fetch(`${strict.url}/session/create`, { method: 'POST', headers: old });
  assert.equal(answer.status, 403);
  await strict.stop();
});

test('a failed authentication disturbs nobody who is there', async () => {
  const id = await create(sdks.python);
  const client = await enter(server, id, clientToken(id));
  for (const token of [clientToken(id, { role: 'root' }), clientToken(id, { exp: inSeconds(-60) }), `${clientToken(id)}x`, 'T1==x']) {
    assert.ok((await client.ask('session_connect', { session_id: client.session_id, token })).error);
  }
  const heard = client.next((m) => m.type === 'signal');
  await client.ask('signal', { session_id: client.session_id, signal_type: 's', data: 'still here' });
  assert.equal((await heard).data, 'still here');
});

test('a client that is silently lost leaves as networkDisconnected', async () => {
  const id = await create(sdks.python);
  const [one, two] = [await enter(server, id, clientToken(id)), await enter(server, id, clientToken(id))];
  const left = one.next((m) => m.type === 'connection_destroyed');
  two.socket.terminate();
  assert.equal((await left).reason, 'network_disconnected');
  assert.equal(JSON.parse((await send('GET', `${project}/session/${id}/connection`, auth())).body).count, 1);
});
