// Webhooks against real receivers: signed, in order, never lost, and never sent where they must not go.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import { after, test } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { connect, makeFolder, makeToken, rest, ring, run, startProgram, talk, until, writeConfig } from './harness.mjs';

const secrets = ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD'];
const key = '2000002';
const projectSecret = 'a-secret-of-16-letters';
const adminToken = makeToken({ iss: key, scope: 'admin' }, projectSecret);

// A session id as the protocol has it: the fifth field of OpenTok's form.
const inOurForm = (sessionId) => `sess_${Buffer.from(sessionId.slice(2), 'base64url').toString().split('~')[4]}`;

const metricsToken = 'a-token-of-many-letters';
const closing = [];
after(() => closing.forEach((close) => close()));

// Remembers what it gets. `reply(event, response, attempt)` answers otherwise than 204.
async function receive(reply = (event, response) => response.writeHead(204).end()) {
  const receiver = { got: [], attempts: new Map() };
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (bytes) => { body += bytes; });
    request.on('end', () => {
      const id = request.headers['webhook-id'];
      const attempt = (receiver.attempts.get(id) ?? 0) + 1;
      receiver.attempts.set(id, attempt);
      const event = { id, headers: request.headers, body, path: request.url, ...JSON.parse(body) };
      receiver.got.push(event);
      reply(event, response, attempt);
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => { server.closeAllConnections(); server.close(); });
  receiver.port = server.address().port;
  receiver.url = `http://127.0.0.1:${receiver.port}/hook`;
  receiver.types = () => receiver.got.map((event) => event.type);
  return receiver;
}

// A server whose project has these webhooks; it may be killed and started again on its folder.
async function start(webhooks, { allow = '["127.0.0.1"]', data = makeFolder(), port = 0 } = {}) {
  const tables = webhooks.map(({ url, ...rest }) => [
    '[[project.webhook]]', `url = "${url}"`, `secrets = ${JSON.stringify(secrets)}`, ...Object.entries(rest).map(([name, value]) => `${name} = ${JSON.stringify(value)}`),
  ].join('\n'));
  const text = `[metrics]\ntoken = "${metricsToken}"\n[webhooks]\n${allow ? `allow = ${allow}` : ''}\n[[project]]\nkey = "${key}"\nsecret = "${projectSecret}"\n${tables.join('\n')}\n`;
  const server = await startProgram(['--config', writeConfig(text), '--listen', `127.0.0.1:${port}`, '--data', data]);
  server.token = async (user) => makeToken({ iss: key, sub: user }, projectSecret);
  server.admin = (path, method = 'GET') => rest(server, path, { method, token: adminToken });
  server.killAndRestart = async () => {
    await server.stop();
    return start(webhooks, { allow, data, port: server.port });
  };
  closing.push(() => server.stop());
  return server;
}

test('a call is told from its beginning to its end, signed by every key, in order', async () => {
  const receiver = await receive();
  const server = await start([{ url: receiver.url, events: ['call.*'] }]);
  const { caller, callee, call_id } = await talk(server);
  await callee.ask('hangup', { call_id });
  await until(() => receiver.types().includes('call.ended'));
  assert.deepEqual(receiver.types(), ['call.created', 'call.answered', 'call.active', 'call.ended']);
  const versions = receiver.got.map((event) => event.data.version);
  assert.deepEqual(versions, [...versions].sort((a, b) => a - b));
  for (const event of receiver.got) {
    for (const secret of secrets) assert.deepEqual(new Webhook(secret).verify(event.body, event.headers), JSON.parse(event.body));
    assert.throws(() => new Webhook('whsec_' + Buffer.alloc(24, 1).toString('base64')).verify(event.body, event.headers));
    assert.throws(() => new Webhook(secrets[0]).verify(event.body.replace('call', 'cell'), event.headers));
    assert.equal(event.data.call.call_id, call_id);
    assert.equal(event.headers['content-type'], 'application/json');
    assert.ok(Math.abs(Date.parse(event.timestamp) - Date.now()) < 60_000, event.timestamp);
  }
  const { call } = receiver.got.at(-1).data;
  assert.deepEqual([call.outcome, call.reason, call.caller, call.callee], ['ended', 'by_callee', caller.user, callee.user]);
  assert.equal(new Set(receiver.got.map((event) => event.id)).size, 4);
  assert.deepEqual((await server.admin('/v1/webhooks/events')).body, { events: [] });
});

test('OpenTok receivers get the bodies of session monitoring', async () => {
  const receiver = await receive();
  const server = await start([{ url: receiver.url, dialect: 'opentok' }]);
  const { session_id } = (await server.admin('/v1/sessions', 'POST')).body;
  const guest = await connect(server, 'opentok-guest');
  await guest.ask('session_connect', { session_id, token: makeToken({ iss: key, sub: guest.user, session: session_id, data: 'TOKENDATA' }, projectSecret) });
  await guest.ask('publish', { session_id, name: 'cam', has_audio: true, has_video: true });
  await guest.ask('session_disconnect', { session_id });
  await until(() => receiver.got.length === 6);
  const [opened, created, streamed, unstreamed, destroyed, over] = receiver.got.map((event) => JSON.parse(event.body));
  const sessionId = created.sessionId;
  assert.equal(inOurForm(sessionId), session_id);
  assert.deepEqual(opened, { sessionId, projectId: key, event: 'sessionCreated', timestamp: opened.timestamp });
  assert.deepEqual(over, { ...opened, event: 'sessionDestroyed', timestamp: over.timestamp });
  const { connection } = created;
  assert.deepEqual(created, { sessionId, projectId: key, event: 'connectionCreated', timestamp: created.timestamp, connection: { id: connection.id, createdAt: connection.createdAt, data: 'TOKENDATA' } });
  assert.deepEqual(streamed, { sessionId, projectId: key, event: 'streamCreated', timestamp: streamed.timestamp, stream: { id: streamed.stream.id, connection, createdAt: streamed.stream.createdAt, name: 'cam', videoType: 'camera' } });
  assert.deepEqual(unstreamed, { ...streamed, event: 'streamDestroyed', reason: 'clientDisconnected', timestamp: unstreamed.timestamp });
  assert.deepEqual(destroyed, { ...created, event: 'connectionDestroyed', reason: 'clientDisconnected', timestamp: destroyed.timestamp });
  assert.equal(typeof created.timestamp, 'number');
});

test('what fails is sent again with the same id, and the events of its call wait behind it', async () => {
  const receiver = await receive((event, response, attempt) => response.writeHead(event.type === 'call.created' && attempt === 1 ? 500 : 200).end());
  const server = await start([{ url: receiver.url, events: ['call.*'] }]);
  const { caller, call_id } = await ring(server);
  await caller.ask('cancel', { call_id });
  await until(() => receiver.types().includes('call.ended'));
  assert.deepEqual(receiver.types(), ['call.created', 'call.created', 'call.ended']);
  assert.equal(receiver.got[0].id, receiver.got[1].id);
  assert.equal(receiver.got[0].body, receiver.got[1].body);
});

test('killed before anything was delivered, the server delivers it all after its restart', async () => {
  let open = false;
  const receiver = await receive((event, response) => { if (open) response.writeHead(204).end(); });
  let server = await start([{ url: receiver.url, events: ['call.*'] }]);
  const calls = [];
  for (let i = 0; i < 3; ++i) {
    const { caller, call_id } = await ring(server);
    await caller.ask('cancel', { call_id });
    calls.push(call_id);
  }
  await until(() => receiver.got.length === 3);
  const begun = new Map(receiver.got.map((event) => [event.data.call.call_id, event.id]));
  receiver.got.length = 0;
  open = true;
  server = await server.killAndRestart();
  await until(() => receiver.types().filter((type) => type === 'call.ended').length === 3);
  for (const call of calls) {
    const told = receiver.got.filter((event) => event.data.call.call_id === call);
    assert.deepEqual(told.map((event) => event.type), ['call.created', 'call.ended']);
    assert.equal(told[0].id, begun.get(call), 'the one that was under way is known by its id');
  }
  await until(async () => (await server.admin('/v1/webhooks/events')).body.events.length === 0);
});

test('killed while people are in sessions: the restarted server tells that they are gone, once', async () => {
  const opentok = await receive();
  const own = await receive();
  let server = await start([{ name: 'opentok', url: opentok.url, dialect: 'opentok' }, { name: 'own', url: own.url, events: ['connection.*', 'stream.*', 'session.*'] }]);
  const { session_id } = (await server.admin('/v1/sessions', 'POST')).body;
  const join = async (user) => {
    const guest = await connect(server, user);
    return [guest, await guest.ask('session_connect', { session_id, token: makeToken({ iss: key, sub: user, session: session_id, data: `of ${user}` }, projectSecret) })];
  };
  const [left] = await join('who-left');
  const [[publisher, { connection }]] = [await join('publisher'), await join('watcher')];
  const { stream } = await publisher.ask('publish', { session_id, name: 'cam', has_audio: true, has_video: false });
  await publisher.ask('update_stream', { session_id, stream_id: stream.stream_id, has_video: true });
  await left.ask('session_disconnect', { session_id });
  const inCall = await talk(server);
  await until(() => opentok.got.length === 9 && own.got.length === 9);
  const isSettled = async () => (await server.admin('/v1/webhooks/events')).body.events.length === 0;
  await until(isSettled);  // else what was under way would come again
  opentok.got.length = own.got.length = 0;

  server = await server.killAndRestart();
  await until(() => own.got.length === 7 && opentok.got.length === 7);
  const told = opentok.got.map((event) => JSON.parse(event.body)).filter((body) => inOurForm(body.sessionId) === session_id);
  const gone = told.find((body) => body.event === 'streamDestroyed');
  assert.deepEqual([gone.reason, gone.stream.id, gone.stream.videoType, gone.stream.connection.data], ['networkDisconnected', stream.stream_id, 'camera', 'of publisher']);
  const left_behind = told.filter((body) => body.event === 'connectionDestroyed');
  assert.deepEqual(left_behind.map((body) => [body.reason, body.connection.data]).sort(), [['networkDisconnected', 'of publisher'], ['networkDisconnected', 'of watcher']]);
  assert.equal(left_behind.find((body) => body.connection.id === connection.connection_id).connection.createdAt, connection.created_at_ms);
  assert.equal(told.at(-1).event, 'sessionDestroyed');
  const ofCall = own.got.filter((event) => event.data.call_id === inCall.call_id);
  assert.deepEqual(ofCall.map((event) => [event.type, event.data.reason]),
    [['connection.destroyed', 'network_disconnected'], ['connection.destroyed', 'network_disconnected'], ['session.destroyed', undefined]]);

  await until(isSettled);
  const before = own.got.length;
  server = await server.killAndRestart();
  const [again] = [await connect(server, 'somebody')];
  await again.ask('session_connect', { session_id, token: makeToken({ iss: key, sub: 'somebody', session: session_id }, projectSecret) });
  await until(() => own.types().at(-1) === 'connection.created');
  assert.deepEqual(own.types().slice(before), ['session.created', 'connection.created'], 'nothing is told twice');
});

test('a slow receiver, a redirect and one without end are failures that delay nobody else', async () => {
  const slow = await receive(() => {});
  const elsewhere = await receive();
  const redirecting = await receive((event, response) => response.writeHead(307, { location: elsewhere.url }).end());
  const endless = await receive((event, response) => {
    response.writeHead(200);
    const pour = () => { while (response.write('x'.repeat(65_536))); };
    response.on('drain', pour).on('error', () => {});
    pour();
  });
  const good = await receive();
  const named = (name, { url }) => ({ name, url, events: ['call.ended'] });
  const server = await start([named('slow', slow), named('redirecting', redirecting), named('endless', endless), named('good', good)]);
  for (let i = 0; i < 5; ++i) {
    const { caller, call_id } = await ring(server);
    await caller.ask('cancel', { call_id });
  }
  await until(() => good.got.length === 5);
  await until(() => endless.got.length === 5);
  const problems = async (name) => (await server.admin(`/v1/webhooks/events?webhook=${name}&state=pending`)).body.events.map((event) => event.problem);
  await until(async () => (await problems('redirecting'))[0]?.includes('redirects are not followed'));
  await until(async () => (await problems('endless')).length === 0);
  await until(async () => (await problems('slow'))[0] === 'no answer in time');
  assert.equal(elsewhere.got.length, 0);
});

test('an address that is not allowed is refused after resolution, with the reason', async () => {
  const receiver = await receive();
  const server = await start([{ name: 'inside', url: `http://localhost:${receiver.port}/`, events: ['call.ended'] }], { allow: '' });
  const { caller, call_id } = await ring(server);
  await caller.ask('cancel', { call_id });
  const event = await until(async () => (await server.admin('/v1/webhooks/events?webhook=inside')).body.events.find((one) => one.problem));
  assert.equal((await server.admin('/v1/webhooks')).body.webhooks[0].state, 'failing');
  assert.match(event.problem, /^refused: (127\.0\.0\.1|::1) is a loopback address$/);
  assert.deepEqual([event.type, event.about, event.state], ['call.ended', call_id, 'due']);
  assert.equal(receiver.got.length, 0);
});

test('a receiver that is gone is disabled until a replay', async () => {
  let gone = true;
  const receiver = await receive((event, response) => response.writeHead(gone ? 410 : 204).end());
  const server = await start([{ name: 'hook', url: receiver.url, events: ['call.ended'] }]);
  const { caller, call_id } = await ring(server);
  await caller.ask('cancel', { call_id });
  const state = async () => (await server.admin('/v1/webhooks')).body.webhooks[0].state;
  await until(async () => await state() === 'disabled');
  gone = false;
  assert.deepEqual((await server.admin('/v1/webhooks/replay?webhook=hook', 'POST')).body, { replayed: 0, webhook: 'hook' });
  assert.equal(await state(), 'working');
  await until(() => receiver.got.length === 2);
  await until(async () => (await server.admin('/v1/webhooks/events')).body.events.length === 0);
});

// The command line as the project's backend: its exit code, and what it printed.
const offhook = (server, ...args) => new Promise((resolve) => {
  const env = { ...process.env, OFFHOOK_URL: server.url, OFFHOOK_API_KEY: key, OFFHOOK_API_SECRET: projectSecret };
  execFile(process.env.OFFHOOK, ['webhooks', ...args], { env }, (failure, stdout, stderr) => {
    const lines = stdout.split('\n').filter(Boolean);
    resolve({ code: failure?.code ?? 0, stdout, stderr, lines, told: () => lines.map((line) => JSON.parse(line)) });
  });
});

test('the metrics count attempts by what came of them, and what waits', async () => {
  const receiver = await receive((event, response, attempt) => response.writeHead(event.type === 'call.created' && attempt === 1 ? 410 : 204).end());
  const server = await start([{ name: 'one', url: receiver.url, events: ['call.*'] }]);
  const figures = async () => {
    const text = await (await fetch(`${server.url}/metrics`, { headers: { authorization: `Bearer ${metricsToken}` } })).text();
    const value = (name) => Number(text.split('\n').find((line) => line.startsWith(`${name} `))?.split(' ').at(-1));
    const attempts = ['delivered', 'failed', 'dead'].map((result) => value(`offhook_webhook_deliveries_total{result="${result}"}`));
    return JSON.stringify([...attempts, value('offhook_webhook_events_pending'), value('offhook_webhook_events_dead')]);
  };
  assert.equal(await figures(), '[0,0,0,0,0]');
  const alice = await connect(server, 'alice');
  const { call } = await alice.ask('invite', { to: 'bob', media: 'none' });
  await alice.ask('cancel', { call_id: call.call_id });
  await until(async () => await figures() === '[0,1,0,2,0]');
  await server.admin('/v1/webhooks/replay?webhook=one', 'POST');
  await until(async () => await figures() === '[2,1,0,0,0]');
});

test('the command line lists webhooks and what waits, and a replay of one event wakes its own webhook only', async () => {
  let gone = true;
  const answer = (event, response) => response.writeHead(gone ? 410 : 204).end();
  const [first, second] = [await receive(answer), await receive(answer)];
  const server = await start([{ name: 'first', url: first.url, events: ['call.ended'] }, { name: 'second', url: second.url, events: ['call.ended'] }]);
  const calls = [];
  for (let i = 0; i < 3; ++i) {
    const { caller, call_id } = await ring(server);
    await caller.ask('cancel', { call_id });
    calls.push(call_id);
  }
  const states = async () => (await offhook(server, 'list', '--json')).told().map((one) => [one.name, one.state, one.pending, one.dead, one.dropped]);
  await until(async () => (await states()).every(([, state]) => state === 'disabled'));
  assert.deepEqual(await states(), [['first', 'disabled', 3, 0, 0], ['second', 'disabled', 3, 0, 0]]);
  assert.match((await offhook(server, 'list')).lines[0], /^first {2}disabled, 3 waiting, 0 dead {2}http:/);

  const pages = (await offhook(server, 'events', '--webhook', 'first', '--limit', '2', '--json')).told();
  assert.deepEqual(pages.map((event) => [event.webhook, event.about]), [['first', calls[0]], ['first', calls[1]]]);
  const rest = await offhook(server, 'events', '--webhook', 'first', '--cursor', String(pages.at(-1).number));
  assert.equal(rest.lines.length, 1);
  assert.ok(rest.stdout.includes(`call.ended of ${calls[2]}`), rest.stdout);
  assert.equal((await offhook(server, 'events', '--about', calls[1], '--json')).lines.length, 2);
  assert.match((await offhook(server, 'events', '--state', 'dead')).stdout, /There are no such events/);

  gone = false;
  const failed = (await offhook(server, 'events', '--webhook', 'first', '--json')).told().find((event) => event.state === 'due' && event.attempts > 0);
  const replayed = await offhook(server, 'replay', '--event', String(failed.number), '--json');
  assert.deepEqual(replayed.told(), [{ replayed: 1, webhook: 'first' }]);
  await until(async () => (await states())[0][2] === 0);
  assert.deepEqual((await states())[1].slice(0, 2), ['second', 'disabled'], 'nobody asked for the second');
  assert.match((await offhook(server, 'replay', '--webhook', 'second')).stdout, /sent again to second/);
  await until(async () => (await states())[1][2] === 0);
  assert.deepEqual(new Set(second.got.map((event) => event.data.call.call_id)), new Set(calls));
});

test('the command line says what is wrong with a question about webhooks', async () => {
  const server = await start([{ name: 'hook', url: 'https://example.org/' }]);
  for (const [args, code, says] of [
    [['replay'], 2, /--event NUMBER.*--webhook NAME/],
    [['replay', '--event', '1', '--webhook', 'hook'], 2, /--event NUMBER/],
    [['replay', '--event', 'x'], 2, /--event/],
    [['replay', '--event', '99'], 3, /No event of this number.*webhooks events/],
    [['replay', '--webhook', 'hock'], 3, /no webhook of this name.*webhooks list/],
    [['events', '--state', 'asleep'], 2, /pending.*dead/],
    [['events', '--cursor', 'x'], 2, /cursor/],
  ]) {
    const { code: got, stderr } = await offhook(server, ...args);
    assert.equal(got, code, `${args}: ${stderr}`);
    assert.match(stderr, says);
  }
  assert.match((await offhook(server, '--help')).stdout, /webhooks replay/);
});

test('events of a webhook that the configuration has no more are counted as long as they are kept', async () => {
  const data = makeFolder();
  const before = await start([{ name: 'old', url: 'https://127.0.0.1:1/', events: ['call.ended'] }], { data });
  const { caller, call_id } = await ring(before);
  await caller.ask('cancel', { call_id });
  await until(async () => (await before.admin('/v1/webhooks/events')).body.events.length === 1);
  await before.stop();
  const server = await start([], { data });
  assert.deepEqual((await server.admin('/v1/webhooks')).body.webhooks, [{ name: 'old', state: 'removed', pending: 1, dead: 0, dropped: 0 }]);
});

test('a wrong question is answered with the field it is about', async () => {
  const server = await start([]);
  for (const query of ['state=asleep', 'limit=0', 'cursor=x']) {
    const { status, body } = await server.admin(`/v1/webhooks/events?${query}`);
    assert.deepEqual([status, body.error], [400, 'bad_field']);
    assert.ok(body.message.includes(`"${query.split('=')[0]}"`));
  }
  assert.equal((await server.admin('/v1/webhooks/replay', 'POST')).status, 400);
  assert.equal((await server.admin('/v1/webhooks/events/1/replay', 'POST')).status, 404);
  assert.equal((await rest(server, '/v1/webhooks', { token: makeToken({ iss: key, sub: 'alice' }, projectSecret) })).status, 403);
});

test('a configuration that cannot work is refused at the start, all of it, with the reason', async () => {
  const text = `[webhooks]\nallow = ["10.0.0.0/99"]\n[[project]]\nkey = "${key}"\nsecret = "${projectSecret}"
[[project.webhook]]\nurl = "http://169.254.169.254/latest"\nsecrets = ["whsec_c2hvcnQ="]\nevents = ["call.started"]
[[project.webhook]]\nurl = "https://user:word@example.org/"\ndialect = "xml"
[[project.webhook]]\nname = "twice"\nurl = "https://example.org/"\nsecrets = ["${secrets[0]}"]
[[project.webhook]]\nname = "twice"\nurl = "https://example.org/"\nsecrets = ["${secrets[0]}"]\n`;
  const { code, stderr } = await run(['--check-config', '--config', writeConfig(text), '--data', makeFolder()]);
  assert.equal(code, 2);
  for (const part of ['length from 0 to 32', '169.254.169.254 is a link-local address', 'base64 of 24 to 64', 'no events "call.started"',
    'carries credentials', '"dialect" must be', 'needs "secrets"', 'two have the name "twice"']) assert.ok(stderr.includes(part), `${part} in ${stderr}`);
});
