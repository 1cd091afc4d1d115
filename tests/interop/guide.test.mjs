// The code of docs/opentok.md, run as it stands there: the pattern with the timer, and the calls that take its place; with both
// client libraries' kind of session in between.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { after, before, test } from 'node:test';
import OpenTok from 'opentok';
import { WebSocket } from 'ws';
import { devKey, devSecret, makeToken, startServer, until } from '../integration/harness.mjs';
import { call as ask, config } from './stage.mjs';

execFileSync(process.execPath, ['scripts/build.mjs'], { cwd: fileURLToPath(new URL('../../sdk/js', import.meta.url)) });
const { ConnectionMissed, OffhookClient, outcomeText } = await import('../../sdk/js/dist/offhook.js');

const guide = readFileSync(new URL('../../docs/opentok.md', import.meta.url), 'utf8');
const codeOf = (name) => new RegExp('```js ' + name + '\\n([^]*?)```').exec(guide)[1];
const AsyncFunction = (async () => {}).constructor;
// Runs the code of that name with these words in it, and gives what `result` names.
const run = (name, words, result = '') => new AsyncFunction(...Object.keys(words), `${codeOf(name)}\n${result}`)(...Object.values(words));

let server;
let sdk;
before(async () => {
  server = await startServer(config);
  sdk = new OpenTok(devKey, devSecret, server.url);
});
after(() => server.stop());

const clients = [];
after(() => Promise.all(clients.map((client) => client.disconnect())));

async function online(user) {
  const url = `${server.url.replace('http', 'ws')}/v1/client`;
  const client = new OffhookClient({ url, deviceId: `${user}-device`, getToken: () => server.token(user), WebSocket });
  clients.push(client);
  await client.connect();
  return client;
}

// Alice and Bob, and the screens they see.
async function meet(number) {
  const [alice, bob] = [await online(`alice${number}`), await online(`bob${number}`)];
  const screen = { shown: [], rings: [], stopped: 0 };
  const createSession = () => ask(sdk, 'createSession', {});
  const post = async (path, body) => {
    const answer = await fetch(`${server.url}${path}`, { method: 'POST', headers: { authorization: `Bearer ${makeToken({ scope: 'admin' })}` }, body: JSON.stringify(body) });
    assert.equal(answer.status, 201, await answer.clone().text());
    return answer.json();
  };
  const words = {
    show: (text) => screen.shown.push(text), outcomeText, ringFor: (who) => screen.rings.push(who), stopRinging: () => { screen.stopped += 1; },
    answerButton: (press) => { screen.press = press; }, createSession, post: (path, body) => post(path, { ...body, from: `alice${number}`, to: `bob${number}` }),
  };
  return { alice, bob, screen, words };
}

test('first: a session of an SDK in Offhook\'s library', async () => {
  class Here extends OffhookClient {
    constructor(options) {
      super({ ...options, url: `${server.url.replace('http', 'ws')}/v1/client`, WebSocket });
      clients.push(this);
    }
  }
  const { sessionId } = await ask(sdk, 'createSession', {});
  const shown = [];
  const enter = () => run('first', { OffhookClient: Here, sessionId, token: sdk.generateToken(sessionId), show: (name) => shown.push(name) });
  await enter();
  await enter();
  await until(() => shown[0] === 'camera');
});

test('before: a signal and a timer on each side', async () => {
  const { alice, bob, screen, words } = await meet(1);
  const { sessionId } = await words.createSession();
  const [hers, his] = [alice, bob].map((client) => client.session(sessionId, sdk.generateToken(sessionId)));
  await his.connect();
  await run('before-receiver', { ...words, session: his, setTimeout: () => 0 });
  await hers.connect();
  await run('before-caller', { ...words, session: hers, me: 'alice1', setTimeout: () => 0, clearTimeout: () => {} });
  await until(() => screen.rings[0] === 'alice1');
});

test('after: the call rings, is answered in the session that was there, and ends on both sides; the session stays', async () => {
  const { alice, bob, screen, words } = await meet(2);
  await run('caller', { ...words, client: alice });
  await run('receiver', { ...words, client: bob });
  const { sessionId, call } = await run('backend', words, 'return { sessionId, call };');
  const [hers, his] = [alice, bob].map((client) => client.session(sessionId, sdk.generateToken(sessionId, { data: client === alice ? 'hers' : 'his' })));
  await Promise.all([hers.connect(), his.connect()]);
  await until(() => screen.shown.includes('It rings.') && screen.press);
  screen.press();
  await until(() => screen.shown.includes('Connected.'));
  const ended = await fetch(`${server.url}/v1/calls/${call.call_id}/end`, { method: 'POST', headers: { authorization: `Bearer ${makeToken({ scope: 'admin' })}` } });
  assert.equal((await ended.json()).outcome, 'ended');
  await until(() => screen.shown.length === 3 && screen.stopped >= 2);
  const heard = new Promise((resolve) => his.on('signal', resolve));
  await ask(sdk, 'signal', sessionId, null, { type: 't', data: 'still here' });
  assert.deepEqual([(await heard).data, (await heard).from, his.connected], ['still here', undefined, true]);
});

test('after: a caller who gives up stops the ringing', async () => {
  const { alice, bob, screen, words } = await meet(3);
  await run('caller', { ...words, client: alice });
  await run('receiver', { ...words, client: bob });
  await run('backend', words);
  await until(() => screen.rings.length === 1);
  await alice.disconnect();
  await until(() => screen.stopped === 1);
});

test('a session that is none of this project is no place for a call', async () => {
  await online('alice4');
  for (const session_id of ['1_abc', 'sess_00000000000000000000000000', '', 5]) {
    const answer = await fetch(`${server.url}/v1/calls`, { method: 'POST', headers: { authorization: `Bearer ${makeToken({ scope: 'admin' })}` }, body: JSON.stringify({ from: 'alice4', to: 'bob4', media: 'none', session_id }) });
    assert.deepEqual([answer.status, (await answer.json()).error], [404, 'no_such_session'], String(session_id));
  }
});

test('sdk/js: mute, moderation and waiting for somebody in a session of an SDK', async () => {
  const { alice, bob, words } = await meet(5);
  const { sessionId } = await words.createSession();
  const hers = alice.session(sessionId, sdk.generateToken(sessionId, { role: 'moderator' }));
  const his = bob.session(sessionId, sdk.generateToken(sessionId, { data: 'bob' }));
  await hers.connect();
  const met = hers.expectConnection({ data: 'bob', timeout: 10_000 });
  await his.connect();
  assert.equal((await met).data, 'bob');
  await assert.rejects(hers.expectConnection({ data: 'nobody', timeout: 1_000 }), ConnectionMissed);
  const stream = await his.publish({ name: 'cam', hasAudio: true, hasVideo: true });
  const muted = new Promise((resolve) => his.on('muteForced', resolve));
  await hers.forceMuteStream(stream.streamId);
  assert.deepEqual([(await muted).stream.streamId, (await muted).stream.hasAudio], [stream.streamId, false]);
  await assert.rejects(his.forceMuteAll(), { word: 'not_allowed' });
  const taken = new Promise((resolve) => his.on('streamDestroyed', resolve));
  await hers.forceUnpublish(stream.streamId);
  assert.equal((await taken).reason, 'forceUnpublished');
  const away = new Promise((resolve) => his.on('sessionDisconnected', resolve));
  await hers.forceDisconnect(his.connection);
  assert.equal((await away).reason, 'forceDisconnected');
});
