// Sessions without calls: connections, streams, signals, expectations, presence, and who may come in.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Client, connect, makeToken, startServer } from './harness.mjs';

let server;
before(async () => { server = await startServer('[timers]\nresume_window = "5s"\n'); });
after(() => server.stop());

let meetings = 0;

// A session with a host and a guest in it.
async function meet() {
  const number = ++meetings;
  const host = await connect(server, `host${number}`);
  const guest = await connect(server, `guest${number}`);
  const { session_id, token } = await host.ask('session_create');
  const mine = (await host.ask('session_connect', { session_id, token })).connection;
  const arrived = host.next((m) => m.type === 'connection_created');
  const joined = await guest.ask('session_connect', { session_id, token });
  assert.deepEqual((await arrived).connection, joined.connection);
  assert.deepEqual(joined.connections, [mine]);
  return { host, guest, session_id, token, mine, theirs: joined.connection };
}

test('coming and leaving', async () => {
  const { host, guest, session_id, theirs } = await meet();
  const left = host.next((m) => m.type === 'connection_destroyed');
  assert.equal((await guest.ask('session_disconnect', { session_id })).type, 'reply');
  assert.deepEqual([(await left).connection_id, (await left).reason], [theirs.connection_id, 'client_disconnected']);
  assert.equal((await guest.ask('signal', { session_id, signal_type: 's', data: '' })).error, 'no_such_session');
});

test('bye leaves at once', async () => {
  const { host, guest } = await meet();
  const left = host.next((m) => m.type === 'connection_destroyed');
  guest.send({ type: 'bye' });
  assert.equal(await guest.whenClosed, 1000);
  assert.equal((await left).reason, 'client_disconnected');
});

test('a lost link leaves when its resume window is over', async () => {
  const { host, guest } = await meet();
  const left = host.next((m) => m.type === 'connection_destroyed');
  const began = performance.now();
  guest.socket.terminate();
  assert.equal((await left).reason, 'network_disconnected');
  assert.ok(performance.now() - began > 4500);
});

test('signals to all, sender included, and to one', async () => {
  const { host, guest, session_id, mine, theirs } = await meet();
  const heard = [host, guest].map((client) => client.next((m) => m.type === 'signal'));
  await host.ask('signal', { session_id, signal_type: 'chat', data: 'hello' });
  for (const signal of await Promise.all(heard)) assert.deepEqual([signal.from, signal.data], [mine.connection_id, 'hello']);
  const whispered = guest.next((m) => m.data === 'psst');
  await host.ask('signal', { session_id, signal_type: 'chat', data: 'psst', to: theirs.connection_id });
  await whispered;
  await host.ask('history');
  assert.ok(!host.told.some((m) => m.data === 'psst'));
});

test('a stream is published, muted and taken back; who comes later sees it', async () => {
  const { host, guest, session_id, token } = await meet();
  const created = guest.next((m) => m.type === 'stream_created');
  const { stream } = await host.ask('publish', { session_id, name: 'camera', has_audio: true, has_video: true });
  assert.deepEqual((await created).stream, stream);
  const updated = guest.next((m) => m.type === 'stream_updated');
  await host.ask('update_stream', { session_id, stream_id: stream.stream_id, has_video: false });
  assert.deepEqual([(await updated).stream.has_audio, (await updated).stream.has_video], [true, false]);
  const late = await connect(server, `late${meetings}`);
  assert.deepEqual((await late.ask('session_connect', { session_id, token })).streams.map((s) => s.name), ['camera']);
  const destroyed = guest.next((m) => m.type === 'stream_destroyed');
  await host.ask('unpublish', { session_id, stream_id: stream.stream_id });
  assert.equal((await destroyed).reason, 'unpublished');
});

test('descriptions and candidates are passed on unread', async () => {
  const { host, guest, session_id, mine, theirs } = await meet();
  const offered = guest.next((m) => m.description);
  const description = { type: 'offer', sdp: 'v=0\r\n' };
  await host.ask('negotiate', { session_id, to: theirs.connection_id, description });
  assert.deepEqual([(await offered).from, (await offered).description], [mine.connection_id, description]);
  const trickled = guest.next((m) => m.candidate);
  const candidate = '{"candidate":"candidate:1 1 udp 1 192.0.2.1 9 typ host"}';
  await host.ask('negotiate', { session_id, to: theirs.connection_id, candidate });
  assert.equal((await trickled).candidate, candidate);
});

test('an expectation is met by who comes or is there already, or missed in time', async () => {
  const { host, session_id, theirs } = await meet();
  const met = host.next((m) => m.type === 'expectation_met');
  await host.ask('expect', { session_id, user: theirs.user });
  assert.deepEqual((await met).connection, theirs);
  const missed = host.next((m) => m.type === 'connection_missed');
  const { expectation_id, remaining_ms } = await host.ask('expect', { session_id, user: 'somebody-else', timeout_ms: 1000 });
  assert.equal(remaining_ms, 1000);
  assert.deepEqual([(await missed).expectation_id, (await missed).reason], [expectation_id, 'timeout']);
});

test('whoever holds the token can refuse without coming in', async () => {
  const { host, session_id } = await meet();
  const missed = host.next((m) => m.type === 'connection_missed');
  await host.ask('expect', { session_id, user: 'invited' });
  const invited = await connect(server, 'invited');
  await invited.ask('session_reject', { token: makeToken({ sub: 'invited', session: session_id }) });
  assert.equal((await missed).reason, 'rejected');
});

test('a session token opens that session, for somebody without a name too, and nothing else', async () => {
  const { host, session_id } = await meet();
  const arrived = host.next((m) => m.type === 'connection_created');
  const anonymous = await new Client(server, 'nobody').open();
  await anonymous.hello({ token: makeToken({ session: session_id, data: 'row 4' }) });
  assert.match(anonymous.welcome.user, /^~/);
  await anonymous.ask('session_connect', { session_id });
  assert.deepEqual([(await arrived).connection.data, (await arrived).connection.user], ['row 4', undefined]);
  assert.equal((await anonymous.ask('invite', { to: 'bob', media: 'none' })).error, 'not_allowed');
  const other = await host.ask('session_create');
  assert.equal((await anonymous.ask('session_connect', { session_id: other.session_id })).error, 'no_such_session');
});

test('presence: who is online, who comes, who goes', async () => {
  const watcher = await connect(server, 'watcher');
  const { users } = await watcher.ask('watch_presence');
  assert.ok(users.includes('watcher') && !users.includes('visitor'));
  const came = watcher.next((m) => m.type === 'presence' && m.user === 'visitor' && m.online);
  const visitor = await connect(server, 'visitor');
  await came;
  const went = watcher.next((m) => m.type === 'presence' && m.user === 'visitor' && !m.online);
  visitor.socket.terminate();
  await went;
});

test('settings: no sessions by clients, no presence, no calls to strangers', async () => {
  const strict = await startServer('[sessions]\nclients_create = false\n[presence]\nenabled = false\n[users]\nrefuse_unknown = true\n');
  const client = await connect(strict, 'alice');
  assert.equal((await client.ask('session_create')).error, 'not_allowed');
  assert.equal((await client.ask('watch_presence')).error, 'not_allowed');
  const { call } = await client.ask('invite', { to: 'never-seen', media: 'none' });
  assert.deepEqual([call.outcome, call.reason], ['failed', 'no_such_user']);
  await (await connect(strict, 'seen')).socket.terminate();
  assert.equal((await client.ask('invite', { to: 'seen', media: 'none' })).call.phase, 'inviting');
  await strict.stop();
});

test('the settings a client needs, and the ICE servers, come with welcome', async () => {
  const own = await startServer('[timers]\nring_timeout = "30s"\n[[ice_server]]\nurls = ["turn:turn.example.org"]\nusername = "u"\ncredential = "c"\n');
  const { welcome } = await connect(own, 'alice');
  assert.equal(welcome.settings.ring_timeout_ms, 30_000);
  assert.equal(Object.keys(welcome.settings).length, 13);
  assert.deepEqual(welcome.ice_servers, [{ urls: ['turn:turn.example.org'], username: 'u', credential: 'c' }]);
  assert.ok(Math.abs(welcome.time_at_ms - Date.now()) < 5000);
  await own.stop();
});
