import assert from 'node:assert/strict';
import { test } from 'node:test';
import { joinedReply, Rig } from '../testing/rig';

const connect = { type: 'session_connect', session_id: 's', token: 't' } as const;
const signal = { type: 'signal', session_id: 's', signal_type: 'chat', data: 'hi' } as const;
const arrived = { session_id: 's', connection: { connection_id: 'conn_other' } };

function joinedRig(): Rig {
  const rig = new Rig().connect();
  rig.request(connect);
  rig.reply('session_connect', joinedReply());
  return rig;
}

test('joining is told once, and answered once', () => {
  const rig = joinedRig();
  assert.deepEqual(rig.story, ['session_connected', 'done']);
  assert.equal(rig.heard('session_connected')[0]!.handle, undefined);
});

test('commands given before there is a link are sent in order when it is up', () => {
  const rig = new Rig();
  rig.request(connect, 1);
  rig.request(signal, 2);
  rig.connect();
  assert.deepEqual(rig.sent.slice(1).map(({ type }) => type), ['session_connect', 'signal']);
});

test('after a resume the session goes on, and unanswered commands are sent again with the same cmd_id', () => {
  const rig = joinedRig();
  rig.request(signal, 2);
  rig.reconnect({ resumed: true });
  assert.equal(rig.all('session_connect').length, 1);
  assert.deepEqual(rig.all('signal').map(({ cmd_id }) => cmd_id), ['c2', 'c2']);
});

test('a fresh client joins again, with its token, before what waits for the session', () => {
  const rig = joinedRig();
  rig.cut();
  rig.request(signal, 2);
  rig.sent = [];
  rig.input({ type: 'wake' });
  rig.welcome({ resumed: false });
  assert.deepEqual(rig.sent.slice(1).map(({ type }) => type), ['session_connect', 'signal']);
  assert.equal(rig.last('session_connect').token, 't');
  rig.reply('session_connect', joinedReply('conn_new'));
  assert.equal(rig.heard('session_connected')[1]!.connection.connection_id, 'conn_new');
  assert.equal(rig.heard('done').length, 1);
});

test('a session that cannot be joined again is told as lost', () => {
  const rig = joinedRig();
  rig.reconnect({ resumed: false });
  rig.refuse('session_connect', 'no_such_session');
  assert.equal(rig.heard('session_disconnected')[0]!.reason, 'network_disconnected');
  rig.reconnect({ resumed: false });
  assert.equal(rig.all('session_connect').length, 2);
});

test('a refused joining fails, and nothing was lost', () => {
  const rig = new Rig().connect();
  rig.request(connect);
  rig.refuse('session_connect', 'no_such_session');
  assert.deepEqual(rig.story, ['failed']);
  assert.equal(rig.heard('failed')[0]!.problem.word, 'no_such_session');
});

test('events that a resume replays before the repeated reply come after the joining', () => {
  const rig = new Rig().connect();
  rig.request(connect);
  rig.reconnect({ resumed: true });
  rig.receive('connection_created', arrived);
  assert.deepEqual(rig.story, []);
  rig.reply('session_connect', joinedReply());
  assert.deepEqual(rig.story, ['session_connected', 'session_event', 'done']);
});

test('events of a session that one is not in are passed over', () => {
  const rig = new Rig().connect();
  rig.receive('connection_created', arrived);
  assert.deepEqual(rig.story, []);
});

test('leaving is told at the reply, and a session left is not joined again', () => {
  const rig = joinedRig();
  rig.request({ type: 'session_disconnect', session_id: 's' }, 2);
  rig.reply('session_disconnect');
  assert.deepEqual(rig.story.slice(2), ['session_disconnected', 'done']);
  rig.reconnect({ resumed: false });
  assert.equal(rig.all('session_connect').length, 1);
});

test('leaving a session that the server has forgotten succeeds', () => {
  const rig = joinedRig();
  rig.cut();
  rig.request({ type: 'session_disconnect', session_id: 's' }, 2);
  rig.input({ type: 'wake' });
  rig.welcome({ resumed: false });
  rig.refuse('session_disconnect', 'no_such_session');
  assert.deepEqual(rig.heard('done').map(({ request }) => request), [1, 2]);
  assert.equal(rig.heard('session_disconnected').length, 1);
});

test('thrown out by the server', () => {
  const rig = joinedRig();
  rig.receive('session_disconnected', { session_id: 's', reason: 'force_disconnected' });
  assert.equal(rig.heard('session_disconnected')[0]!.reason, 'force_disconnected');
});

test('closing answers everybody who waits', () => {
  const rig = joinedRig();
  rig.request(signal, 2);
  rig.request({ type: 'history' }, 3);
  rig.input({ type: 'disconnect' });
  assert.deepEqual(rig.heard('failed').map(({ request, problem }) => [request, problem.word]), [[2, 'closed'], [3, 'closed']]);
  assert.equal(rig.heard('session_disconnected')[0]!.reason, 'client_disconnected');
  rig.request(signal, 4);
  assert.equal(rig.heard('failed').at(-1)!.request, 4);
});

test('a request with an answer that cannot be read fails instead of waiting for ever', () => {
  const rig = new Rig().connect();
  rig.request({ type: 'history' });
  rig.reply('history', { records: 'none' });
  assert.equal(rig.heard('failed')[0]!.problem.word, 'bad_reply');
});

test('too many and too large commands are refused here', () => {
  const rig = new Rig();
  for (let request = 1; request <= 256; request += 1) rig.request({ type: 'history' }, request);
  rig.request({ type: 'history' }, 257);
  assert.deepEqual(rig.heard('failed').map(({ request, problem }) => [request, problem.word]), [[257, 'limit_reached']]);
  const other = new Rig().connect();
  other.request({ ...signal, data: 'x'.repeat(65_536) });
  assert.equal(other.heard('failed')[0]!.problem.word, 'too_large');
  assert.equal(other.all('signal').length, 0);
});
