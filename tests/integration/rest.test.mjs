// The REST side of a project's backend, and the tokens that open doors or do not.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Client, connect, inSeconds, makeToken, rest, ring, startServer, talk } from './harness.mjs';

const otherSecret = 'another-secret-of-16';
let server;
before(async () => { server = await startServer(`[[project]]\nkey = "2000002"\nsecret = "${otherSecret}"\n`); });
after(() => server.stop());

const strangersToken = makeToken({ iss: '2000002', scope: 'admin' }, otherSecret);

test('calls are listed newest first, by user and phase, page by page', async () => {
  const { caller, callee, call_id } = await ring(server);
  await caller.ask('cancel', { call_id });
  const second = (await caller.ask('invite', { to: callee.user, media: 'none' })).call.call_id;
  const mine = `/v1/calls?user=${caller.user}`;
  const all = (await rest(server, mine)).body;
  assert.deepEqual(all.calls.map((call) => [call.call_id, call.phase]), [[second, 'inviting'], [call_id, 'ended']]);
  assert.deepEqual((await rest(server, `${mine}&phase=ended`)).body.calls.map((call) => call.outcome), ['cancelled']);
  const page = (await rest(server, `${mine}&limit=1`)).body;
  assert.equal(page.next, second);
  assert.deepEqual((await rest(server, `${mine}&limit=1&before=${page.next}`)).body.calls.map((call) => call.call_id), [call_id]);
});

test('a wrong question is answered with the field it is about', async () => {
  for (const query of ['limit=0', 'limit=101', 'limit=ten', 'phase=asleep', 'before=yesterday']) {
    const { status, body } = await rest(server, `/v1/calls?${query}`);
    assert.deepEqual([status, body.error], [400, 'bad_field']);
    assert.ok(body.message.includes(`"${query.split('=')[0]}"`), body.message);
  }
});

test('the backend ends a call: both sides are told by whom', async () => {
  const { caller, callee, call_id } = await talk(server);
  const told = [caller.nextEnd(), callee.nextEnd()];
  const { status, body } = await rest(server, `/v1/calls/${call_id}/end`, { method: 'POST' });
  assert.deepEqual([status, body.outcome, body.reason], [200, 'ended', 'by_api']);
  for (const call of await Promise.all(told)) assert.deepEqual([call.outcome, call.reason], ['ended', 'by_api']);
  const again = await rest(server, `/v1/calls/${call_id}/end`, { method: 'POST' });
  assert.deepEqual([again.status, again.body.ended_at_ms], [200, body.ended_at_ms]);
});

test('before an answer that is a cancellation', async () => {
  const { caller, call_id } = await ring(server);
  const told = caller.nextEnd();
  await rest(server, `/v1/calls/${call_id}/end`, { method: 'POST' });
  assert.deepEqual([(await told).outcome, (await told).reason], ['cancelled', 'by_api']);
});

test('a session the backend makes is opened by the tokens it signs', async () => {
  const { status, body } = await rest(server, '/v1/sessions', { method: 'POST' });
  assert.equal(status, 201);
  const guest = await connect(server, 'session-guest');
  const { session_id } = body;
  assert.equal((await guest.ask('session_connect', { session_id })).error, 'no_such_session');
  const joined = await guest.ask('session_connect', { session_id, token: makeToken({ session: session_id, data: 'd' }) });
  assert.equal(joined.connection.data, 'd');
});

test('what belongs to another project looks like what does not exist', async () => {
  const { call_id } = await ring(server);
  const path = `/v1/calls/${call_id}`;
  assert.equal((await rest(server, path)).status, 200);
  assert.equal((await rest(server, path, { token: strangersToken })).status, 404);
  assert.equal((await rest(server, `${path}/end`, { method: 'POST', token: strangersToken })).status, 404);
  assert.deepEqual((await rest(server, '/v1/calls', { token: strangersToken })).body, { calls: [] });
  assert.equal((await rest(server, path)).body.phase, 'inviting');
  assert.equal((await rest(server, '/v1/calls/nonsense')).status, 404);
});

test('users of one name in two projects do not meet', async () => {
  const other = await new Client(server, 'namesake').open();
  await other.hello({ token: makeToken({ iss: '2000002', sub: 'namesake' }, otherSecret) });
  const caller = await connect(server, 'looking-for-namesake');
  await caller.ask('invite', { to: 'namesake', media: 'none' });
  await other.ask('history');
  assert.ok(!other.told.some((message) => message.type === 'call'));
});

const refused = {
  'another secret': () => makeToken({ sub: 'a' }, 'some-other-secret-here'),
  'an unknown project': () => makeToken({ sub: 'a', iss: '3000003' }),
  'no algorithm': () => makeToken({ sub: 'a' }, undefined, { alg: 'none' }),
  'no algorithm and no signature': () => `${makeToken({ sub: 'a' }, undefined, { alg: 'none' }).split('.').slice(0, 2).join('.')}.`,
  'another algorithm': () => makeToken({ sub: 'a' }, undefined, { alg: 'HS512' }),
  'a changed claim': () => {
    const [header, , signature] = makeToken({ sub: 'a' }).split('.');
    return [header, makeToken({ sub: 'root' }).split('.')[1], signature].join('.');
  },
  'no user': () => makeToken({}),
  'an empty user': () => makeToken({ sub: '' }),
  'a user who begins with ~': () => makeToken({ sub: '~a' }),
  'a user that is too long': () => makeToken({ sub: 'a'.repeat(129) }),
  'no expiry': () => makeToken({ sub: 'a', exp: undefined }),
  'issued tomorrow': () => makeToken({ sub: 'a', iat: inSeconds(86_400) }),
  'not valid yet': () => makeToken({ sub: 'a', nbf: inSeconds(120) }),
  'meant for REST': () => makeToken({ sub: 'a', scope: 'admin' }),
};

for (const [name, make] of Object.entries(refused)) {
  test(`hello with a token with ${name}: bad_token`, async () => {
    const client = await new Client(server, 'a').open();
    const told = client.next((message) => message.type === 'error');
    client.send({ type: 'hello', version: 1, token: make(), device_id: 'd' });
    assert.deepEqual([(await told).error, (await told).fatal, await client.whenClosed], ['bad_token', true, 4001]);
  });
}

test('an expired token is told apart; half a minute late is in time', async () => {
  const client = await new Client(server, 'a').open();
  const told = client.next((message) => message.type === 'error');
  client.send({ type: 'hello', version: 1, token: makeToken({ sub: 'a', exp: inSeconds(-40) }), device_id: 'd' });
  assert.deepEqual([(await told).error, await client.whenClosed], ['token_expired', 4001]);
  const late = await new Client(server, 'a').open();
  await late.hello({ token: makeToken({ sub: 'a', exp: inSeconds(-20) }) });
  assert.equal(late.welcome.user, 'a');
});

test('REST wants an admin token', async () => {
  assert.equal((await fetch(`${server.url}/v1/calls`)).status, 401);
  assert.equal((await rest(server, '/v1/calls', { token: 'x.y.z' })).status, 401);
  const expired = await rest(server, '/v1/calls', { token: makeToken({ scope: 'admin', exp: inSeconds(-40) }) });
  assert.deepEqual([expired.status, expired.body.error], [401, 'token_expired']);
  assert.deepEqual((await rest(server, '/v1/calls', { token: makeToken({ sub: 'a' }) })).status, 403);
  assert.equal((await rest(server, '/v1/elsewhere')).status, 404);
});
