// docs/openapi.yaml against the running server: every path, method and status it names is brought about, and every answer
// keeps the schema it names. An answer that the file lacks, or a line of the file that nothing brings about, is a failure.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import Ajv2020 from 'ajv/dist/2020.js';
import { parse } from 'yaml';
import { connect, devKey, devSecret, makeToken, ring, startServer, talk, until } from './harness.mjs';

const api = parse(readFileSync(new URL('../../docs/openapi.yaml', import.meta.url), 'utf8'));
const ajv = new Ajv2020({ strict: false });
ajv.addSchema(api, 'openapi');

let server;
// Nothing listens on port 1.
const refusing = `[webhooks]\nallow = ["127.0.0.1"]\n[[project]]\nkey = "${devKey}"\nsecret = "${devSecret}"\n` +
  '[[project.webhook]]\nname = "closed"\nurl = "http://127.0.0.1:1/"\ndialect = "opentok"\n';
before(async () => { server = await startServer(refusing); });
after(() => server.stop());

const promised = Object.entries(api.paths).flatMap(([path, item]) =>
  ['get', 'post', 'put', 'delete'].filter((method) => item[method]).flatMap((method) =>
    Object.keys(item[method].responses).map((status) => `${method} ${path} ${status}`)));
const kept = new Set();

const pointer = (...steps) => steps.map((step) => String(step).replaceAll('~', '~0').replaceAll('/', '~1')).join('/');

// A path of the file as a pattern: {call_id} stands for one segment.
function templateOf(path) {
  return Object.keys(api.paths).find((template) => {
    const pattern = template.split(/\{\w+\}/).join('[^/]+');
    return new RegExp(`^${pattern}$`).test(path);
  });
}

function schemaFor(template, method, status) {
  const answer = api.paths[template][method].responses[status];
  assert.ok(answer, `${method} ${template} answers ${status}, which the file lacks`);
  const at = answer.$ref ? answer.$ref.slice(2) : pointer('paths', template, method, 'responses', status);
  return `openapi#/${at}/${pointer('content', 'application/json', 'schema')}`;
}

// One request; its answer is held against the file.
async function ask(method, target, { body, token = makeToken({ scope: 'admin' }) } = {}) {
  const template = templateOf(target.split('?')[0]);
  assert.ok(template, `${target} is not in the file`);
  const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
  const answer = await fetch(`${server.url}${target}`, { method, body: text, headers: { authorization: `Bearer ${token}` } });
  const said = await answer.json();
  const holds = ajv.getSchema(schemaFor(template, method.toLowerCase(), answer.status));
  assert.ok(holds(said), `${method} ${template} ${answer.status}: ${JSON.stringify(said)}: ${ajv.errorsText(holds.errors)}`);
  kept.add(`${method.toLowerCase()} ${template} ${answer.status}`);
  return { status: answer.status, body: said };
}

const doors = [
  ['GET', '/v1/calls'], ['POST', '/v1/calls'], ['GET', '/v1/calls/x'], ['GET', '/v1/calls/x/timeline'], ['GET', '/v1/calls/x/replay'], ['POST', '/v1/calls/x/end'], ['POST', '/v1/calls/x/ring'],
  ['POST', '/v1/sessions'], ['GET', '/v1/users/x/rules'], ['PUT', '/v1/users/x/rules'],
  ['GET', '/v1/sessions'], ['GET', '/v1/sessions/x'], ['DELETE', '/v1/sessions/x/connections/y'], ['GET', '/v1/settings'], ['GET', '/v1/users'],
  ['POST', '/v1/users/x/disconnect'], ['DELETE', '/v1/users/x'], ['GET', '/v1/webhooks'], ['GET', '/v1/webhooks/events'], ['POST', '/v1/webhooks/replay'],
  ['POST', '/v1/webhooks/events/1/replay'],
];
for (const [method, path] of doors) {
  test(`${method} ${path} is for admin tokens only`, async () => {
    assert.equal((await ask(method, path, { token: 'x.y.z' })).status, 401);
    assert.equal((await ask(method, path, { token: makeToken({ sub: 'a' }) })).status, 403);
  });
}

test('events for a webhook that cannot be reached are listed with the reason and replayed', async () => {
  const { session_id } = (await ask('POST', '/v1/sessions')).body;
  const guest = await connect(server, 'webhook-guest');
  await guest.ask('session_connect', { session_id, token: makeToken({ session: session_id }) });
  const [event] = await until(async () => {
    const { events } = (await ask('GET', `/v1/webhooks/events?webhook=closed&state=pending&about=${session_id}`)).body;
    return events[0]?.problem && events;
  });
  assert.deepEqual([event.type, event.state, event.attempts], ['session.created', 'due', 1]);
  assert.deepEqual((await ask('GET', '/v1/webhooks')).body.webhooks.map(({ name, dialect }) => [name, dialect]), [['closed', 'opentok']]);
  assert.deepEqual((await ask('POST', `/v1/webhooks/events/${event.number}/replay`)).body, { replayed: 1, webhook: 'closed' });
  assert.equal((await ask('POST', '/v1/webhooks/events/0/replay')).status, 404);
  assert.equal((await ask('POST', '/v1/webhooks/replay?webhook=closed')).status, 200);
  assert.equal((await ask('POST', '/v1/webhooks/replay')).status, 400);
  assert.equal((await ask('POST', '/v1/webhooks/replay?webhook=elsewhere')).status, 404);
  assert.equal((await ask('GET', '/v1/webhooks/events?state=lost')).status, 400);
});

test('a call is placed for a user, at the device that is named or was heard last', async () => {
  const phone = await connect(server, 'rest-caller', 'phone');
  const laptop = await connect(server, 'rest-caller', 'laptop');
  const callee = await connect(server, 'rest-callee');
  const told = [phone.nextCall(() => true), callee.nextCall(() => true)];
  const place = { from: 'rest-caller', from_device: 'phone', to: 'rest-callee', media: 'audio', data: 'about the boat' };
  const placed = await ask('POST', '/v1/calls', { body: place });
  assert.deepEqual([placed.status, placed.body.phase, placed.body.callee], [201, 'inviting', 'rest-callee']);
  const [atCaller, atCallee] = await Promise.all(told);
  assert.deepEqual([atCaller.call_id, atCaller.you, atCaller.role], [placed.body.call_id, 'calling', 'caller']);
  assert.deepEqual([atCallee.call_id, atCallee.data, atCallee.media], [placed.body.call_id, 'about the boat', 'audio']);
  await ask('POST', `/v1/calls/${placed.body.call_id}/end`);
  await laptop.ask('get_rules');
  const atLaptop = laptop.nextCall((call) => call.phase === 'inviting');
  await ask('POST', '/v1/calls', { body: { ...place, from_device: undefined } });
  assert.equal((await atLaptop).you, 'calling');
});

test('not for somebody who is not there, and not with a body that is wrong', async () => {
  const offline = await ask('POST', '/v1/calls', { body: { from: 'rest-nobody', to: 'bob', media: 'none' } });
  assert.deepEqual([offline.status, offline.body.error], [409, 'caller_offline']);
  const wrong = [['{', 'bad_json'], ['[]', 'bad_message'], [{ from: 'a', media: 'none' }, 'missing_field'],
    [{ from: 'a', to: 'b', media: 'smell' }, 'bad_field'], [{ from: 'a', to: 'b', media: 'none', drop_grace_ms: 1 }, 'bad_field'],
    [{ from: 'a', to: 'b', group: { users: ['b', 'c'], mode: 'all_join' }, media: 'none' }, 'bad_field']];
  for (const [body, word] of wrong) {
    const answer = await ask('POST', '/v1/calls', { body });
    assert.deepEqual([answer.status, answer.body.error], [400, word]);
  }
});

test('a group is placed, and more are rung into it', async () => {
  await connect(server, 'rest-owner');
  const late = await connect(server, 'rest-late');
  const group = { users: ['rest-one', 'rest-two'], mode: 'all_join', owner_leaves: 'stay' };
  const { body } = await ask('POST', '/v1/calls', { body: { from: 'rest-owner', group, media: 'none' } });
  assert.deepEqual([body.group_mode, body.legs.map((leg) => leg.user)], ['all_join', ['rest-one', 'rest-two']]);
  const told = late.nextCall(() => true);
  const more = await ask('POST', `/v1/calls/${body.call_id}/ring`, { body: { users: ['rest-late'] } });
  assert.deepEqual([more.status, more.body.legs.length], [200, 3]);
  assert.deepEqual([(await told).call_id, (await told).legs.length], [body.call_id, 3]);
  assert.equal((await ask('POST', `/v1/calls/${body.call_id}/ring`, { body: { users: [] } })).status, 400);
  const crowd = Array.from({ length: 16 }, (_, n) => `crowd${n}`);
  assert.equal((await ask('POST', `/v1/calls/${body.call_id}/ring`, { body: { users: crowd } })).body.error, 'limit_reached');
  await ask('POST', `/v1/calls/${body.call_id}/end`);
  assert.equal((await ask('POST', `/v1/calls/${body.call_id}/ring`, { body: { users: ['x'] } })).body.error, 'call_over');
  assert.equal((await ask('POST', '/v1/calls/call_x/ring', { body: { users: ['x'] } })).status, 404);
  const listed = await ask('GET', '/v1/calls?user=rest-late');
  assert.deepEqual(listed.body.calls.map((call) => call.call_id), [body.call_id], 'each of a group finds it');
});

test('one call is read and ended', async () => {
  const { call_id } = await talk(server);
  const live = (await ask('GET', `/v1/calls/${call_id}`)).body;
  assert.equal(live.phase, 'active');
  const ended = (await ask('POST', `/v1/calls/${call_id}/end`)).body;
  assert.deepEqual([ended.outcome, ended.reason], ['ended', 'by_api']);
  assert.equal((await ask('GET', '/v1/calls/call_nonsense')).status, 404);
  assert.equal((await ask('POST', '/v1/calls/call_nonsense/end')).status, 404);
});

test('the time line of a call says why it ended', async () => {
  const { callee, call_id } = await ring(server);
  const live = (await ask('GET', `/v1/calls/${call_id}/timeline`)).body;
  assert.equal((await ask('GET', `/v1/calls/${call_id}/replay`)).status, 409);
  assert.match(live.why, /it rings/);
  await callee.ask('decline', { call_id, reason: 'declined' });
  const over = (await ask('GET', `/v1/calls/${call_id}/timeline`)).body;
  const again = (await ask('GET', `/v1/calls/${call_id}/replay`)).body;
  assert.deepEqual([again.same, again.recorded], [true, over.entries]);
  assert.match(over.why, new RegExp(`^${callee.user} \\(.+\\) declined`));
  assert.equal(over.call.outcome, 'declined');
  const kinds = over.entries.map((entry) => entry.kind);
  assert.deepEqual([kinds[0], kinds.includes('command'), kinds.includes('decided')], ['placed', true, true]);
  assert.equal(over.entries.filter((entry) => entry.kind === 'told' && entry.phase === 'ended').length, 2, 'both are told of the end');
  assert.equal((await ask('GET', '/v1/calls/call_nonsense/timeline')).status, 404);
  assert.equal((await ask('GET', '/v1/calls/call_nonsense/replay')).status, 404);
});

test('the list is filtered by outcome and time, and goes on at its cursor', async () => {
  const { caller, callee, call_id } = await ring(server);
  await callee.ask('decline', { call_id, reason: 'declined' });
  const second = (await caller.ask('invite', { to: callee.user, media: 'none' })).call.call_id;
  const ids = async (query) => (await ask('GET', `/v1/calls?user=${caller.user}&${query}`)).body.calls.map((call) => call.call_id);
  assert.deepEqual(await ids('outcome=declined'), [call_id]);
  assert.deepEqual(await ids('outcome=busy'), []);
  const { created_at_ms } = (await ask('GET', `/v1/calls/${call_id}`)).body;
  assert.deepEqual(await ids(`to_at_ms=${created_at_ms}`), []);
  assert.deepEqual(await ids(`from_at_ms=${created_at_ms}`), [second, call_id]);
  const page = (await ask('GET', `/v1/calls?user=${caller.user}&limit=1`)).body;
  assert.deepEqual(await ids(`limit=1&cursor=${page.next}`), [call_id]);
  for (const query of ['outcome=sad', 'from_at_ms=yesterday', 'to_at_ms=-1', 'cursor=x', 'limit=0']) {
    const answer = await ask('GET', `/v1/calls?${query}`);
    assert.deepEqual([answer.status, answer.body.error], [400, 'bad_field'], query);
    assert.ok(answer.body.message.includes(`"${query.split('=')[0]}"`), answer.body.message);
  }
});

test('rules are read and replaced; the user sees the same', async () => {
  const path = `/v1/users/${encodeURIComponent('rules/müller')}/rules`;
  assert.equal((await ask('GET', path)).body.call_waiting, 'ring_all');
  const put = await ask('PUT', path, { body: { do_not_disturb: true, blocked: ['mallory'] } });
  assert.deepEqual(put.body, { call_waiting: 'ring_all', max_parallel_rings: 2, do_not_disturb: true, blocked: ['mallory'] });
  const own = await connect(server, 'rules/müller', 'd');
  assert.deepEqual((await own.ask('get_rules')).rules, put.body);
  await own.ask('set_rules', { rules: { call_waiting: 'off' } });
  assert.deepEqual((await ask('GET', path)).body, { call_waiting: 'off', max_parallel_rings: 2, do_not_disturb: false, blocked: [] });
  assert.equal((await ask('PUT', path, { body: { max_parallel_rings: 9 } })).status, 400);
  assert.equal((await ask('GET', '/v1/users/~x/rules')).status, 404);
  assert.equal((await ask('PUT', '/v1/users/~x/rules', { body: {} })).status, 404);
});

test('a user is deleted, but not out of a call', async () => {
  const caller = await connect(server, 'rest/gone', 'd');
  const path = `/v1/users/${encodeURIComponent('rest/gone')}`;
  const { call } = await caller.ask('invite', { to: 'nobody', media: 'none' });
  const refused = await ask('DELETE', path);
  assert.deepEqual([refused.status, refused.body.error], [409, 'in_call']);
  await caller.ask('cancel', { call_id: call.call_id });
  assert.deepEqual((await ask('DELETE', path)).body, { deleted: true });
  assert.equal((await ask('GET', `/v1/calls/${call.call_id}`)).body.caller, '~deleted');
  assert.equal((await ask('DELETE', '/v1/users/~x')).status, 404);
});

test('users who are there are listed page by page, with their devices and calls', async () => {
  const { caller, callee, call_id } = await ring(server);
  await connect(server, 'list/a', 'desk');
  await connect(server, 'list/a', 'phone');
  await connect(server, 'list/b', 'phone');
  const users = async (query) => (await ask('GET', `/v1/users?${query}`)).body;
  const mine = await users('prefix=list/');
  assert.deepEqual(mine.users.map(({ user, online, devices }) => [user, online, devices.map(({ device_id }) => device_id)]),
    [['list/a', true, ['desk', 'phone']], ['list/b', true, ['phone']]]);
  assert.equal(mine.next, undefined);
  const page = await users('prefix=list/&limit=1');
  assert.deepEqual((await users(`prefix=list/&limit=1&cursor=${encodeURIComponent(page.next)}`)).users.map(({ user }) => user), ['list/b']);
  const inCall = (await users(`prefix=${caller.user}`)).users.find(({ user }) => user === caller.user);
  assert.deepEqual([inCall.live_calls, inCall.devices[0].in_call], [[call_id], true]);
  await callee.ask('decline', { call_id, reason: 'declined' });
  assert.equal((await ask('GET', '/v1/users?limit=0')).status, 400);
});

test('a device is sent away, and told so', async () => {
  const desk = await connect(server, 'away', 'desk');
  const phone = await connect(server, 'away', 'phone');
  const told = phone.next((message) => message.type === 'error');
  assert.deepEqual((await ask('POST', '/v1/users/away/disconnect?device_id=phone')).body, { disconnected: 1 });
  assert.deepEqual([(await told).error, (await told).fatal, await phone.whenClosed], ['not_allowed', true, 4001]);
  assert.deepEqual((await ask('GET', '/v1/users?prefix=away')).body.users[0].devices.map(({ device_id }) => device_id), ['desk']);
  assert.deepEqual((await ask('POST', '/v1/users/away/disconnect')).body, { disconnected: 1 });
  assert.equal(await desk.whenClosed, 4001);
  assert.deepEqual((await ask('GET', '/v1/users?prefix=away')).body.users, []);
  assert.deepEqual((await ask('POST', '/v1/users/nobody-here/disconnect')).body, { disconnected: 0 });
  assert.equal((await ask('POST', '/v1/users/away/disconnect?device_id=no%20id')).status, 400);
  assert.equal((await ask('POST', '/v1/users/~x/disconnect')).status, 404);
});

test('sessions that somebody is in are listed and looked into, and somebody is sent out', async () => {
  const { caller, callee, call_id, session_id } = await talk(server);
  await caller.ask('publish', { session_id, name: 'front', has_audio: true, has_video: false });
  const find = async (query = 'limit=100') => (await ask('GET', `/v1/sessions?${query}`)).body.sessions.find((one) => one.session_id === session_id);
  assert.deepEqual(await find(), { session_id, calls: [call_id], connections: 2, streams: 1 });
  assert.equal(await find(`limit=100&cursor=${session_id}`), undefined, 'a cursor begins behind itself');
  const session = (await ask('GET', `/v1/sessions/${session_id}`)).body;
  assert.deepEqual(session.connections.map(({ user }) => user).sort(), [callee.user, caller.user].sort());
  assert.deepEqual(session.streams.map(({ name, has_audio, has_video }) => [name, has_audio, has_video]), [['front', true, false]]);
  const { connection_id } = session.connections.find(({ user }) => user === callee.user);
  const out = callee.next((message) => message.type === 'session_disconnected');
  assert.deepEqual((await ask('DELETE', `/v1/sessions/${session_id}/connections/${connection_id}`)).body, { disconnected: 1 });
  assert.equal((await out).reason, 'force_disconnected');
  assert.equal((await ask('DELETE', `/v1/sessions/${session_id}/connections/${connection_id}`)).body.error, 'no_such_connection');
  assert.equal((await ask('DELETE', `/v1/sessions/${session_id}/connections/x`)).body.error, 'no_such_connection');
  await ask('POST', `/v1/calls/${call_id}/end`);
  assert.equal(await find(), undefined);
  for (const path of ['x', 'sess_00000000000000000000000000']) {
    assert.equal((await ask('GET', `/v1/sessions/${path}`)).body.error, 'no_such_session');
    assert.equal((await ask('DELETE', `/v1/sessions/${path}/connections/${connection_id}`)).status, 404);
  }
  assert.equal((await ask('GET', '/v1/sessions?cursor=x')).status, 400);
});

test('the settings in force tell no secret', async () => {
  const { body } = await ask('GET', '/v1/settings');
  assert.deepEqual([body.timers.ring_timeout_ms, body.calls.glare, body.limits.rings_per_caller], [45_000, 'merge', 60]);
  assert.deepEqual(body.webhooks.map(({ name, dialect }) => [name, dialect]), [['closed', 'opentok']]);
  assert.ok(!JSON.stringify(body).includes(devSecret));
});

test('how the server is, is for the operator', async () => {
  const token = makeToken({ iss: 'operator', scope: 'admin' });
  const before = (await ask('GET', '/v1/server', { token })).body;
  assert.deepEqual([before.state, before.dev, before.now.live_calls >= 0], ['ready', true, true]);
  const { callee, call_id } = await ring(server);
  assert.ok((await ask('GET', '/v1/server', { token })).body.now.live_calls > before.now.live_calls);
  await callee.ask('decline', { call_id, reason: 'declined' });
  const declined = ({ ended }) => ended.find(({ outcome, reason }) => outcome === 'declined' && reason === 'by_user')?.calls ?? 0;
  const after = (await ask('GET', '/v1/server', { token })).body;
  assert.equal(declined(after), declined(before) + 1);
  assert.equal(after.started_at_ms, before.started_at_ms);
  const settings = (await ask('GET', '/v1/server/settings', { token })).body;
  assert.deepEqual([settings.durable, settings.tls, settings.metrics_token], [false, false, false]);
  assert.deepEqual([settings.sockets_per_address, settings.failures_per_minute, settings.trusted_proxies], [5000, 300, 0]);
  for (const path of ['/v1/server', '/v1/server/settings']) assert.equal((await ask('GET', path)).status, 401);
});

test('calls are found by their reason', async () => {
  const { caller, callee, call_id } = await ring(server);
  await callee.ask('decline', { call_id, reason: 'declined' });
  await ask('POST', `/v1/calls/${(await caller.ask('invite', { to: callee.user, media: 'none' })).call.call_id}/end`);
  const found = (await ask('GET', `/v1/calls?user=${caller.user}&reason=by_user`)).body;
  assert.deepEqual([found.calls.map((call) => call.call_id), found.next], [[call_id], undefined]);
  const page = (await ask('GET', `/v1/calls?user=${caller.user}&reason=by_user&limit=1`)).body;
  assert.deepEqual((await ask('GET', `/v1/calls?user=${caller.user}&reason=by_user&cursor=${page.next}`)).body.calls, []);
  assert.deepEqual((await ask('GET', '/v1/calls?reason=sad')).body.error, 'bad_field');
});

test('who has seen an answer is told in a few bytes that it is still so', async () => {
  const headers = { authorization: `Bearer ${makeToken({ scope: 'admin' })}` };
  const get = (known) => fetch(`${server.url}/v1/users?prefix=tagged`, { headers: { ...headers, ...(known ? { 'if-none-match': known } : {}) } });
  const tag = (await get()).headers.get('etag');
  const same = await get(tag);
  assert.deepEqual([same.status, await same.text()], [304, '']);
  await connect(server, 'tagged');
  assert.equal((await get(tag)).status, 200);
});

test('a session is made', async () => {
  assert.equal((await ask('POST', '/v1/sessions')).status, 201);
});

test('the operator makes projects, rotates their secrets and switches them off', async () => {
  const token = makeToken({ iss: 'operator', scope: 'admin' });
  const made = await ask('POST', '/v1/projects', { token, body: { name: 'shop' } });
  assert.equal(made.status, 201);
  const path = `/v1/projects/${made.body.key}`;
  assert.equal((await ask('POST', '/v1/projects', { token, body: { key: made.body.key } })).status, 409);
  assert.equal((await ask('POST', '/v1/projects', { token, body: { key: '0' } })).status, 400);
  assert.deepEqual((await ask('GET', '/v1/projects', { token })).body.projects.map(({ key }) => key).sort(), [devKey, devKey, made.body.key].sort());
  assert.equal((await ask('POST', `${path}/rotate-secret`, { token, body: {} })).body.secrets, 2);
  assert.equal((await ask('POST', `${path}/rotate-secret`, { token, body: { finish: true } })).body.secrets, 1);
  assert.equal((await ask('POST', `${path}/rotate-secret`, { token, body: { finish: 1 } })).status, 400);
  assert.equal((await ask('POST', `${path}/disable`, { token })).body.disabled, true);
  assert.equal((await ask('POST', `${path}/enable`, { token })).body.disabled, false);
  for (const verb of ['rotate-secret', 'disable', 'enable']) {
    assert.equal((await ask('POST', `/v1/projects/1/${verb}`, { token, body: {} })).status, 404);
    assert.equal((await ask('POST', `${path}/${verb}`, { body: {} })).status, 401, 'a project is no operator');
  }
  for (const method of ['GET', 'POST']) assert.equal((await ask(method, '/v1/projects')).status, 401);
});

test('a call in a session that is none is refused', async () => {
  const body = { from: 'somebody', to: 'nobody', media: 'none', session_id: 'sess_00000000000000000000000000' };
  assert.equal((await ask('POST', '/v1/calls', { body })).status, 404);
});

test('everything the file promises has been brought about', () => {
  assert.deepEqual(promised.filter((line) => !kept.has(line)), []);
});
