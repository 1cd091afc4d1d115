// The TypeScript client against the real server: every outcome that is quickly had, sessions, expectations, and lost links.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { after, before, test } from 'node:test';
import { WebSocket } from 'ws';
import { connect as connectRaw, rest, startServer, until } from './harness.mjs';

// What users get is the bundle.
execFileSync(process.execPath, ['scripts/build.mjs'], { cwd: fileURLToPath(new URL('../../sdk/js', import.meta.url)) });
const { ConnectionMissed, OffhookClient, OffhookError, outcomeText } = await import('../../sdk/js/dist/offhook.js');

const config = `[timers]
wake_timeout = "2s"
caller_grace = "3s"
drop_grace = "3s"
unstable_after = "1s"
heartbeat_live = "500ms"
resume_window = "5s"
[drain]
timeout = "1s"
`;
let server;
before(async () => { server = await startServer(config); });
after(() => server.stop());

const patienceMs = 20_000;  // what has not come by then will not come

// Resolves with what comes with the next event of this name.
const next = (emitter, name) => new Promise((resolve, reject) => {
  const limit = setTimeout(() => reject(new Error(`no ${name} within ${patienceMs} ms`)), patienceMs);
  const off = emitter.on(name, (value) => { clearTimeout(limit); off(); resolve(value); });
});

// A client with a line that can be cut, and then stays cut until it is mended.
async function online(user, options = {}, at = server) {
  const line = { isCut: false, sockets: [] };
  class Socket extends WebSocket {
    constructor(url) {
      super(line.isCut ? 'ws://127.0.0.1:1' : url);
      line.sockets.push(this);
    }
  }
  const client = new OffhookClient({
    url: `${at.url.replace('http', 'ws')}/v1/client`, deviceId: `${user}-device`, getToken: () => at.token(options.user ?? user),
    WebSocket: Socket, watchdogs: options.watchdogs,
  });
  after(() => client.disconnect());
  await client.connect();
  const cut = (stays = false) => { line.isCut = stays; line.sockets.at(-1).terminate(); };
  return { client, user, cut, mend: () => { line.isCut = false; } };
}

let people = 0;

// A call between two that nobody else has met; the callee rings.
async function ring({ media = 'none', caller: callerOptions, callee: calleeOptions, ...options } = {}, at = server) {
  people += 1;
  const alice = await online(`alice${people}`, callerOptions, at);
  const bob = await online(`bob${people}`, calleeOptions, at);
  const incoming = next(bob.client, 'incoming');
  const out = alice.client.call(bob.user, { media, ...options });
  const ringing = next(out, 'ringing');
  const call = await incoming;
  await ringing;
  return { alice, bob, out, call };
}

async function talk(options, at) {
  const meeting = await ring(options, at);
  const { out, call } = meeting;
  const active = [next(out, 'active'), next(call, 'active')];
  call.answer();
  await Promise.all(active);
  return meeting;
}

// Both calls' last words after `act`, each of which must come exactly once.
async function ends({ out, call }, act) {
  const counts = [0, 0];
  const ended = [out, call].map((one, index) => {
    one.on('ended', () => { counts[index] += 1; });
    return next(one, 'ended');
  });
  await act();
  await Promise.all(ended);
  assert.deepEqual([out.state, call.state, ...counts], ['ended', 'ended', 1, 1]);
  return [[out.outcome, out.reason], [call.outcome, call.reason]];
}

test('hung up by the caller', async () => {
  const meeting = await talk();
  assert.equal(meeting.call.peer, meeting.alice.user);
  assert.deepEqual(await ends(meeting, () => meeting.out.hangup()), [['ended', 'by_caller'], ['ended', 'by_caller']]);
  assert.equal(outcomeText(meeting.call.outcome, meeting.call.reason, meeting.call.role, 'Alice'), 'Alice hung up.');
  const [record] = await meeting.bob.client.history();
  assert.deepEqual([record.callId, record.direction, record.outcome], [meeting.call.id, 'incoming', 'ended']);
});

test('hung up by the callee', async () => {
  const meeting = await talk();
  assert.deepEqual(await ends(meeting, () => meeting.call.hangup()), [['ended', 'by_callee'], ['ended', 'by_callee']]);
  assert.ok(meeting.out.durationMs >= 0);
});

test('declined, and busy', async () => {
  const first = await ring({ data: 'about lunch' });
  assert.equal(first.call.data, 'about lunch');
  assert.deepEqual(await ends(first, () => first.call.decline()), [['declined', 'by_user'], ['declined', 'by_user']]);
  const second = await ring();
  assert.deepEqual((await ends(second, () => second.call.busy())).map(([outcome]) => outcome), ['busy', 'busy']);
});

test('cancelled by the caller, and by the backend', async () => {
  const first = await ring();
  assert.deepEqual(await ends(first, () => first.out.cancel()), [['cancelled', 'by_user'], ['missed', 'by_user']]);
  const second = await ring();
  const end = () => rest(server, `/v1/calls/${second.out.id}/end`, { method: 'POST' });
  assert.deepEqual(await ends(second, end), [['cancelled', 'by_api'], ['missed', 'by_api']]);
});

test('cancelled before the server has said a word', async () => {
  people += 1;
  const { client } = await online(`hasty${people}`);
  const callee = await connectRaw(server, `quick${people}`);
  const missed = callee.nextEnd();
  const out = client.call(callee.user, { media: 'none' });
  out.cancel();
  assert.equal(out.leaving, true);
  await next(out, 'ended');
  assert.equal(out.outcome, 'cancelled');
  assert.equal((await missed).device_outcome, 'missed');
});

test('nobody answers', async () => {
  const meeting = await ring({ ringTimeoutMs: 2_000 });
  assert.deepEqual((await ends(meeting, () => {})).map(([outcome]) => outcome), ['no_answer', 'missed']);
});

test('an ignored call keeps quiet, and still ends', async () => {
  const meeting = await ring();
  meeting.call.ignore();
  assert.equal(meeting.call.ignored, true);
  assert.deepEqual((await ends(meeting, () => meeting.out.cancel())).map(([outcome]) => outcome), ['cancelled', 'missed']);
});

test('unreachable: without devices, and with one that says nothing', async () => {
  const { client } = await online('seeker');
  const nobody = client.call('nobody-at-all', { media: 'none' });
  await next(nobody, 'ended');
  assert.deepEqual([nobody.outcome, nobody.reason], ['unreachable', 'no_devices']);
  const mute = await connectRaw(server, 'mute');
  const unheard = client.call(mute.user, { media: 'none' });
  await next(unheard, 'ended');
  assert.deepEqual([unheard.outcome, unheard.reason], ['unreachable', 'push_unacked']);
});

test('calling oneself is not allowed', async () => {
  const { client, user } = await online('narcissus');
  const call = client.call(user, { media: 'none' });
  await next(call, 'ended');
  assert.deepEqual([call.outcome, call.reason], ['failed', 'not_allowed']);
});

for (const [act, theirs] of [['answer', 'answered_elsewhere'], ['decline', 'declined_elsewhere']]) {
  test(`another device of the callee: ${theirs}`, async () => {
    people += 1;
    const alice = await online(`alice${people}`);
    const phone = await online(`phone${people}`, { user: `bob${people}` });
    const desk = await online(`desk${people}`, { user: `bob${people}` });
    const incoming = [phone, desk].map(({ client }) => next(client, 'incoming'));
    alice.client.call(`bob${people}`, { media: 'none' });
    const [onPhone, onDesk] = await Promise.all(incoming);
    const ended = next(onDesk, 'ended');
    onPhone[act]();
    assert.equal((await ended).outcome, theirs);
    if (act === 'answer') onPhone.hangup();
  });
}

test('no microphone: the call cannot connect', async () => {
  const meeting = await ring({ media: 'audio' });
  const error = next(meeting.call, 'mediaError');
  const outcomes = await ends(meeting, () => meeting.call.answer());
  assert.deepEqual(outcomes.map(([outcome]) => outcome), ['connect_failed', 'connect_failed']);
  assert.match(outcomes[0][1], /caller_media|callee_media/);
  assert.equal((await error).word, 'device');
});

test('a cut socket is opened again, and the call goes on', async () => {
  const { alice, bob, out, call } = await talk();
  const events = [];
  out.on('peerUnstable', () => events.push('unstable'));
  out.on('peerStable', () => events.push('stable'));
  const offline = next(bob.client, 'offline');
  const back = next(bob.client, 'online');
  bob.cut();
  await offline;
  assert.equal(bob.client.state, 'offline');
  await back;
  await until(() => !out.peerUnstable && events.at(-1) === 'stable');
  assert.deepEqual([out.state, call.state, alice.client.state], ['active', 'active', 'online']);
  assert.deepEqual(await ends({ out, call }, () => out.hangup()), [['ended', 'by_caller'], ['ended', 'by_caller']]);
});

test('the callee is lost for good: dropped, and the lost one knows by itself', async () => {
  const meeting = await talk();
  const outcomes = await ends(meeting, () => meeting.bob.cut(true));
  assert.deepEqual(outcomes, [['dropped', 'callee_lost'], ['lost_contact', undefined]]);
});

test('the caller is lost while it rings', async () => {
  const meeting = await ring();
  const outcomes = await ends(meeting, () => meeting.alice.cut(true));
  assert.deepEqual(outcomes, [['lost_contact', undefined], ['missed', 'caller_lost']]);
});

test('a hang-up without a link ends here in time, and reaches the other side later', async () => {
  const { alice, out, call } = await talk({ caller: { watchdogs: { end: 300 } } });
  const ended = next(call, 'ended');
  alice.cut(true);
  out.hangup();
  await next(out, 'ended');
  assert.equal(out.outcome, 'lost_contact');
  alice.mend();
  assert.deepEqual([(await ended).outcome, call.reason], ['ended', 'by_caller']);
});

test('a call without a server fails in time', async () => {
  const { client, cut } = await online('lonely', { watchdogs: { place: 300 } });
  cut(true);
  const call = client.call('somebody', { media: 'none' });
  await next(call, 'ended');
  assert.deepEqual([call.outcome, call.reason], ['failed', 'server_unreachable']);
});

test('a server that stops tells so, and its calls fail', async () => {
  const other = await startServer(config);
  const meeting = await talk({}, other);
  const draining = next(meeting.alice.client, 'draining');
  const outcomes = await ends(meeting, () => other.signal('SIGTERM'));
  assert.deepEqual(outcomes, [['failed', 'server_shutdown'], ['failed', 'server_shutdown']]);
  assert.ok((await draining).remainingMs > 0);
});

test('a server that is killed and comes back knows nothing: the call ends, the clients are online again', async () => {
  const first = await startServer(config);
  const meeting = await talk({}, first);
  const outcomes = ends(meeting, async () => first.stop());
  await first.exited;
  const second = await startServer(config, first.port);
  assert.deepEqual((await outcomes).map(([outcome]) => outcome), ['lost_contact', 'lost_contact']);
  await until(() => meeting.alice.client.state === 'online' && meeting.bob.client.state === 'online');
  const incoming = next(meeting.bob.client, 'incoming');
  meeting.alice.client.call(meeting.bob.user, { media: 'none' });
  await incoming;
  await Promise.all([meeting.alice.client.disconnect(), meeting.bob.client.disconnect()]);
  await second.stop();
});

test('a newer client of the same device closes the older', async () => {
  const older = await online('twice');
  const closed = next(older.client, 'closed');
  await online('twice');
  assert.equal((await closed).word, 'replaced');
  assert.equal(older.client.state, 'closed');
});

test('a refused token, and watchdogs that contradict the server', async () => {
  const url = `${server.url.replace('http', 'ws')}/v1/client`;
  const refused = new OffhookClient({ url, token: 'nonsense', WebSocket });
  await assert.rejects(refused.connect(), (error) => error instanceof OffhookError && error.word === 'bad_token');
  const hasty = new OffhookClient({ url, token: await server.token('hasty'), WebSocket, watchdogs: { caller: 1_000 } });
  await assert.rejects(hasty.connect(), /caller is 1000 ms and must be at least caller_grace_ms \+ 2000 = 5000 ms/);
  assert.throws(() => new OffhookClient({ url: 'http://x', token: '', WebSocket }), OffhookError);
  assert.throws(() => hasty.call('', { media: 'none' }), OffhookError);
});

test('presence', async () => {
  const { client } = await online('watcher');
  assert.ok((await client.watchPresence()).includes('watcher'));
  const changed = next(client, 'presence');
  await online('newcomer');
  assert.deepEqual(await changed, { user: 'newcomer', online: true });
});

// --- sessions

// A host in a new session; guests have the token.
async function host() {
  people += 1;
  const host = await online(`host${people}`);
  const { sessionId, token } = await host.client.createSession();
  const session = host.client.session(sessionId, token);
  await session.connect();
  assert.equal(session.connected, true);
  return { host, session, sessionId, token };
}

async function guest({ sessionId, token }) {
  people += 1;
  const guest = await online(`guest${people}`);
  return { guest, session: guest.client.session(sessionId, token) };
}

test('coming, signals of both forms, streams, and leaving', async () => {
  const meeting = await host();
  const mine = meeting.session;
  const { session: theirs } = await guest(meeting);
  const created = next(mine, 'connectionCreated');
  await theirs.connect();
  assert.deepEqual((await created).connection, theirs.connection);
  assert.deepEqual(theirs.connections, [mine.connection]);

  const heard = [next(theirs, 'signal'), next(theirs, 'signal:chat'), next(mine, 'signal:chat')];
  await mine.signal({ type: 'chat', data: 'hello' });
  for (const signal of await Promise.all(heard)) assert.deepEqual(signal, { type: 'chat', data: 'hello', from: mine.connection });

  const published = next(mine, 'streamCreated');
  const stream = await theirs.publish({ name: 'camera', hasAudio: true, hasVideo: true });
  assert.deepEqual((await published).stream, stream);
  const changed = next(mine, 'streamPropertyChanged');
  await theirs.updateStream(stream.streamId, { hasVideo: false });
  const { changedProperty, oldValue, newValue } = await changed;
  assert.deepEqual([changedProperty, oldValue, newValue], ['hasVideo', true, false]);
  const destroyed = next(mine, 'streamDestroyed');
  await theirs.unpublish(stream.streamId);
  assert.deepEqual([(await destroyed).reason, mine.streams], ['unpublished', []]);

  const left = [next(theirs, 'sessionDisconnected'), next(mine, 'connectionDestroyed')];
  await theirs.disconnect();
  for (const { reason } of await Promise.all(left)) assert.equal(reason, 'clientDisconnected');
  assert.deepEqual([theirs.connected, mine.connections], [false, []]);
  await assert.rejects(theirs.signal({ type: 'chat' }), OffhookError);
});

test('an expectation is met by who comes, and by who is there', async () => {
  const meeting = await host();
  const met = meeting.session.expectConnection({ timeout: 10_000 });
  const { guest: someone, session } = await guest(meeting);
  await session.connect();
  assert.deepEqual(await met, session.connection);
  assert.deepEqual(await meeting.session.expectConnection({ userId: someone.user }), session.connection);
});

test('an expectation ends in time, by a refusal, and when the one who waits leaves', async () => {
  const meeting = await host();
  const missed = (reason) => (error) => error instanceof ConnectionMissed && error.reason === reason;
  await assert.rejects(meeting.session.expectConnection({ timeout: 1_000 }), missed('timeout'));
  const { guest: someone } = await guest(meeting);
  const rejected = assert.rejects(meeting.session.expectConnection(), missed('rejected'));
  await meeting.session.signal({ type: 'still-there' });  // answered in order: the expectation is known by now
  await someone.client.reject(meeting.token);
  await rejected;
  const left = assert.rejects(meeting.session.expectConnection(), missed('expecter_left'));
  await meeting.session.disconnect();
  await left;
});

test('an expectation outlives a cut socket', async () => {
  const meeting = await host();
  const met = meeting.session.expectConnection({ timeout: 20_000 });
  await meeting.session.signal({ type: 'still-there' });
  const back = next(meeting.host.client, 'online');
  meeting.host.cut();
  await back;
  const { session } = await guest(meeting);
  await session.connect();
  assert.deepEqual(await met, session.connection);
});

test('what happens in a session while the socket is cut is told afterwards, in order', async () => {
  const meeting = await host();
  const { guest: someone, session } = await guest(meeting);
  await session.connect();
  const heard = [];
  session.on('signal', ({ data }) => heard.push(data));
  someone.cut(true);
  for (const data of ['one', 'two', 'three']) await meeting.session.signal({ type: 'count', data });
  someone.mend();
  await until(() => heard.length === 3);
  assert.deepEqual(heard, ['one', 'two', 'three']);
});

test('a client that comes back too late is a new one: it joins its sessions again, and its expectations go on', async () => {
  const meeting = await host();
  const before = meeting.session.connection.connectionId;
  const met = meeting.session.expectConnection({ timeout: 60_000 });
  const { session: watching } = await guest({ sessionId: meeting.sessionId, token: 'unused' });
  assert.equal(watching.connected, false);
  await meeting.session.signal({ type: 'still-there' });
  const again = next(meeting.session, 'sessionConnected');
  meeting.host.cut(true);
  const observer = await connectRaw(server, 'observer');
  await until(async () => {  // the server has forgotten the client when nobody is in the session any more
    const { connections } = await observer.ask('session_connect', { session_id: meeting.sessionId, token: meeting.token });
    await observer.ask('session_disconnect', { session_id: meeting.sessionId });
    return connections.length === 0;
  });
  observer.send({ type: 'bye' });  // a look that is still under way must not meet the expectation
  await observer.whenClosed;
  meeting.host.mend();
  await again;
  assert.notEqual(meeting.session.connection.connectionId, before);
  const { session } = await guest(meeting);
  await session.connect();
  assert.equal((await met).connectionId, session.connection.connectionId);
});
