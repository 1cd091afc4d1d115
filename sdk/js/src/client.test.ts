// The façade over a socket whose other end is the test: what the real server cannot be made to do (tests/integration has the rest).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ClientOptions } from './api';
import { OffhookClient } from './client';
import { OffhookError } from './errors';
import { fakeSockets, settled, type FakeSocket } from './testing/fake_socket';
import type { Call } from './call';
import type { Session } from './session';

const url = 'wss://calls.example.org/v1/client';
const snapshot = { call_id: 'k', phase: 'inviting', role: 'callee', you: 'notified', deadlines_remaining_ms: { setup: 60_000 } };

function makeClient(options: Partial<ClientOptions> = {}): { client: OffhookClient; sockets: FakeSocket[]; socket: () => FakeSocket } {
  const { WebSocket, sockets } = fakeSockets();
  const client = new OffhookClient({ url, token: 'token', deviceId: 'device', WebSocket, ...options });
  return { client, sockets, socket: () => sockets.at(-1)! };
}

async function online(options: Partial<ClientOptions> = {}): Promise<ReturnType<typeof makeClient>> {
  const made = makeClient(options);
  const connected = made.client.connect();
  await settled();
  await made.socket().accept();
  await connected;
  return made;
}

// --- options

test('wrong options are told at once, with a sentence', () => {
  const cases: [Partial<ClientOptions>, RegExp][] = [
    [{ url: 'https://calls.example.org' }, /must begin with wss/],
    [{ token: undefined }, /Give a token/],
    [{ deviceId: 'a b' }, /deviceId is "a b"/],
    [{ watchdogs: { ring: -1 } }, /watchdog ring is -1/],
  ];
  for (const [options, sentence] of cases) assert.throws(() => makeClient(options), (error) => error instanceof OffhookError && sentence.test(error.message));
});

test('without a WebSocket anywhere it says where to get one', { skip: 'WebSocket' in globalThis && 'this Node has one' }, () => {
  assert.throws(() => new OffhookClient({ url, token: 't' }), /npm package ws/);
});

test('wrong arguments of a call are told at once', () => {
  const { client } = makeClient();
  assert.throws(() => client.call('', { media: 'none' }), /named by 1 to 128 bytes/);
  assert.throws(() => client.call('ü'.repeat(65), { media: 'none' }), /named by 1 to 128 bytes/);
  assert.throws(() => client.call('bob', { media: 'smell' as 'none' }), /media is "smell"/);
  assert.throws(() => client.call('bob', { media: 'none', ringTimeoutMs: 999 }), /ringTimeoutMs is 999/);
  assert.throws(() => client.call('bob', { media: 'none', data: 'x'.repeat(1_001) }), /1000 bytes/);
});

test('the name for the log fits into its 64 bytes', async () => {
  const { client, socket } = await online({ deviceName: 'ü'.repeat(64) });
  await client.disconnect();
  const name = String(socket().last('hello')!.client);
  assert.match(name, /^offhook-js\/\d+\.\d+\.\d+ ü+$/);
  assert.ok(Buffer.byteLength(name) <= 64 && Buffer.byteLength(name) > 62);
});

// --- connecting

test('states from idle to closed', async () => {
  const { client, socket } = makeClient();
  const states = [client.state];
  const connected = client.connect();
  states.push(client.state);
  await settled();
  assert.equal(socket().url, url);
  await socket().accept();
  await connected;
  states.push(client.state);
  socket().onclose!({ code: 1006 });
  await settled();
  states.push(client.state);
  await client.disconnect();
  states.push(client.state);
  assert.deepEqual(states, ['idle', 'connecting', 'online', 'offline', 'closed']);
  assert.equal(client.user, 'alice');
  await client.disconnect();
});

test('disconnecting before being online rejects connect', async () => {
  const { client } = makeClient();
  const connected = assert.rejects(client.connect(), /before it was online/);
  await client.disconnect();
  await connected;
});

test('the token is fetched anew for each socket, while it opens', async () => {
  let count = 0;
  const { client, sockets, socket } = makeClient({ getToken: () => Promise.resolve(`token${count += 1}`) });
  void client.connect();
  await settled();
  assert.deepEqual([count, socket().sent.length], [1, 0]);
  await socket().accept();
  socket().onclose!({ code: 1006 });
  await new Promise<void>((resolve) => { client.on('online', resolve); void reopen(sockets); });
  assert.deepEqual(sockets.map((one) => one.last('hello')!.token), ['token1', 'token2']);
  await client.disconnect();
});

async function reopen(sockets: FakeSocket[]): Promise<void> {
  while (sockets.length < 2) await settled();
  await settled();
  await sockets[1]!.accept({ resumed: true });
}

test('a token that cannot be had is an error to be told, and tried again', async () => {
  let count = 0;
  const { client, sockets } = makeClient({
    getToken: () => { count += 1; if (count === 1) throw new Error('backend is down'); return 'token'; },
  });
  const error = new Promise<OffhookError>((resolve) => client.on('error', resolve));
  const connected = assert.rejects(client.connect());
  assert.match((await error).message, /getToken failed: backend is down/);
  while (sockets.length < 2) await settled();
  assert.equal(sockets[0]!.closedWith, 1000);
  await client.disconnect();
  await connected;
});

test('a socket that cannot be made is an error to be told, and tried again', async () => {
  let count = 0;
  const { WebSocket, sockets } = fakeSockets();
  class Broken extends WebSocket {
    constructor(at: string) {
      count += 1;
      if (count === 1) throw new Error('no sockets left');
      super(at);
    }
  }
  const { client } = makeClient({ WebSocket: Broken });
  const error = new Promise<OffhookError>((resolve) => client.on('error', resolve));
  const connected = assert.rejects(client.connect());
  assert.match((await error).message, /no sockets left/);
  while (sockets.length < 1) await settled();
  await client.disconnect();
  await connected;
});

test('a closing socket is let alone, whatever it still says', async () => {
  const { client, socket } = await online();
  await client.disconnect();
  assert.deepEqual([socket().last('bye'), socket().closedWith, socket().onmessage], [{ type: 'bye' }, 1000, null]);
});

test('a socket that throws at sending is a lost link', async () => {
  const { client, socket } = await online();
  const offline = new Promise<void>((resolve) => client.on('offline', resolve));
  socket().send = () => { throw new Error('closing'); };
  client.history().catch(() => {});
  await offline;
  await client.disconnect();
});

// --- calls

test('nothing is told before the caller of call() can listen', async () => {
  const { client, socket } = await online();
  await client.disconnect();
  const call = client.call('bob', { media: 'none' });
  const ended = new Promise<Call>((resolve) => call.on('ended', resolve));
  assert.deepEqual([(await ended).outcome, call.reason, call.state], ['failed', 'server_unreachable', 'ended']);
  assert.equal(socket().last('invite'), undefined);
});

test('an incoming call answered in its listener: the acknowledgement goes first', async () => {
  const { client, socket } = await online();
  client.on('incoming', (call) => call.answer());
  socket().receive('call', { call: { ...snapshot, data: 'hi' } });
  await settled();
  assert.deepEqual(socket().sent.slice(1).map(({ type }) => type), ['ring_ack', 'answer']);
  await client.disconnect();
});

test('a call keeps what it is told, and says that something has changed', async () => {
  const { client, socket } = await online();
  const incoming = new Promise<Call>((resolve) => client.on('incoming', resolve));
  socket().receive('call', { call: { ...snapshot, data: 'hi', caller: { user: 'carol', device: 'Desk' } } });
  const call = await incoming;
  const events: string[] = [];
  for (const name of ['connecting', 'active', 'peerUnstable', 'peerStable', 'ended', 'change'] as const) call.on(name, () => events.push(name));
  assert.deepEqual([call.id, call.role, call.peer, call.peerDevice, call.data, call.state], ['k', 'callee', 'carol', 'Desk', 'hi', 'incoming']);
  call.answer();
  call.answer();
  assert.deepEqual([call.answering, events.splice(0)], [true, ['change']]);
  await settled();
  socket().reply('answer', { call: { ...snapshot, phase: 'connecting', you: 'winner' } });
  socket().receive('call', { call: { ...snapshot, phase: 'active', you: 'winner', peer_unstable: true } });
  await settled();
  assert.deepEqual([call.answering, call.state, call.peerUnstable], [false, 'active', true]);
  socket().receive('call', { call: { ...snapshot, phase: 'active', you: 'winner', peer_unstable: false } });
  await settled();
  assert.equal(call.peerUnstable, false);
  assert.deepEqual(events.splice(0), ['connecting', 'change', 'active', 'change', 'peerUnstable', 'change', 'peerStable', 'change']);
  call.hangup();
  assert.deepEqual([call.leaving, events.splice(0)], [true, ['change']]);
  call.cancel();
  await settled();
  socket().reply('hangup', {
    call: { ...snapshot, phase: 'ended', you: 'done', outcome: 'ended', reason: 'by_callee', device_outcome: 'ended', duration_ms: 9 },
  });
  await settled();
  assert.deepEqual([call.leaving, call.outcome, call.reason, call.durationMs, events], [false, 'ended', 'by_callee', 9, ['ended', 'change']]);
  assert.equal(socket().sent.filter(({ type }) => type === 'hangup' || type === 'cancel').length, 1);
  await client.disconnect();
});

test('decline, busy, ignore and cancel say what they mean', async () => {
  const { client, socket } = await online();
  const calls: Call[] = [];
  client.on('incoming', (call) => calls.push(call));
  for (const call_id of ['a', 'b', 'c']) socket().receive('call', { call: { ...snapshot, call_id } });
  await settled();
  calls[0]!.decline();
  calls[1]!.busy();
  calls[2]!.ignore();
  await settled();
  const declines = socket().sent.filter(({ type }) => type === 'decline').map(({ call_id, reason }) => [call_id, reason]);
  assert.deepEqual([declines, calls[2]!.ignored, calls[2]!.state], [[['a', 'declined'], ['b', 'busy']], true, 'incoming']);
  await client.disconnect();
});

// --- requests

test('history in the words of the API', async () => {
  const { client, socket } = await online();
  const history = client.history({ limit: 1, before: 'x' });
  await settled();
  const { type, limit, before } = socket().last('history')!;
  assert.deepEqual({ type, limit, before }, { type: 'history', limit: 1, before: 'x' });
  const record = {
    call_id: 'c', direction: 'outgoing', peer: 'bob', media: 'none', created_at_ms: 1, answered_at_ms: 2, ended_at_ms: 3, outcome: 'ended',
    reason: 'by_caller', your_outcome: 'ended', duration_ms: 1,
  };
  socket().reply('history', { records: [record] });
  assert.deepEqual(await history, [{
    callId: 'c', direction: 'outgoing', peer: 'bob', media: 'none', createdAtMs: 1, answeredAtMs: 2, endedAtMs: 3, outcome: 'ended',
    reason: 'by_caller', yourOutcome: 'ended', durationMs: 1,
  }]);
  await client.disconnect();
});

test('an error word rejects', async () => {
  const { client, socket } = await online();
  const watching = assert.rejects(client.watchPresence(), (error) => error instanceof OffhookError && error.word === 'not_allowed');
  await settled();
  socket().receive('error', { cmd_id: socket().last('watch_presence')!.cmd_id!, error: 'not_allowed', message: 'It is off.' });
  await watching;
  await client.disconnect();
});

// --- sessions

const conn = (connection_id: string): { connection_id: string } => ({ connection_id });
const strm = (stream_id: string, connection_id: string): { [name: string]: string | boolean } =>
  ({ stream_id, connection_id, has_audio: true, has_video: true });

function record(session: Session): string[] {
  const told: string[] = [];
  session.on('sessionConnected', ({ connections }) => told.push(`connected ${connections.length}`));
  session.on('sessionDisconnected', ({ reason }) => told.push(`disconnected ${reason}`));
  session.on('connectionCreated', ({ connection }) => told.push(`+${connection.connectionId}`));
  session.on('connectionDestroyed', ({ connection, reason }) => told.push(`-${connection.connectionId} ${reason}`));
  session.on('streamCreated', ({ stream }) => told.push(`+${stream.streamId}`));
  session.on('streamDestroyed', ({ stream, reason }) => told.push(`-${stream.streamId} ${reason}`));
  return told;
}

test('one object for each session, kept while one is in it', async () => {
  const { client, socket } = await online();
  const session = client.session('s', 't');
  assert.equal(client.session('s'), session);
  const connected = session.connect();
  await settled();
  socket().reply('session_connect', { session_id: 's', connection: conn('me') });
  await connected;
  assert.equal(client.session('s', 'another'), session);
  assert.deepEqual([session.connected, session.connection!.connectionId], [true, 'me']);
  await client.disconnect();
  assert.equal(session.connected, false);
});

test('after a fresh welcome the differences are told', async () => {
  const { client, sockets, socket } = await online();
  const session = client.session('s', 't');
  const told = record(session);
  void session.connect();
  await settled();
  socket().reply('session_connect', {
    session_id: 's', connection: conn('me'), connections: [conn('stays'), conn('goes')], streams: [strm('old', 'goes'), strm('kept', 'stays')],
  });
  await settled();
  socket().onclose!({ code: 1006 });
  while (sockets.length < 2) await settled();
  await settled();
  await socket().accept();
  socket().reply('session_connect', {
    session_id: 's', connection: conn('me2'), connections: [conn('stays'), conn('comes')], streams: [strm('kept', 'stays'), strm('new', 'comes')],
  });
  await settled();
  assert.deepEqual(told, ['connected 2', '-old networkDisconnected', '-goes networkDisconnected', '+comes', '+new', 'connected 2']);
  assert.deepEqual([session.connection!.connectionId, session.streams.map(({ streamId }) => streamId)], ['me2', ['kept', 'new']]);
  await client.disconnect();
  assert.equal(told.at(-1), 'disconnected clientDisconnected');
});

test('a signal from somebody who has left names at least the connection', async () => {
  const { client, socket } = await online();
  const session = client.session('s', 't');
  void session.connect();
  await settled();
  socket().reply('session_connect', { session_id: 's', connection: conn('me') });
  await settled();
  const signal = new Promise((resolve) => session.on('signal:chat', resolve));
  socket().receive('signal', { session_id: 's', from: 'gone', signal_type: 'chat', data: 'bye' });
  assert.deepEqual(await signal, { type: 'chat', data: 'bye', from: { connectionId: 'gone', createdAtMs: 0 } });
  await client.disconnect();
});
