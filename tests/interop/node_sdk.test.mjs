// The official Node SDK, unmodified, in five versions of 2014 to 2026: only the URL is another.
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { startServer, until } from '../integration/harness.mjs';
import { asOperator, call, config, connectSdk, enter, publish } from './stage.mjs';

const versions = { '2.2': 'opentok-2.2', '2.9': 'opentok-2.9', '2.16': 'opentok-2.16', '2.19': 'opentok-2.19', latest: 'opentok' };
const sdks = {};
let server;
before(async () => {
  server = await startServer(config);
  for (const [version, name] of Object.entries(versions)) {
    const { default: OpenTok } = await import(name);
    sdks[version] = connectSdk(OpenTok, server);
  }
});
after(() => server.stop());

for (const version of Object.keys(versions)) {
  test(`${version}: sessions and tokens with roles, data and expiry`, async () => {
    const sdk = sdks[version];
    for (const options of [{}, { mediaMode: 'routed' }, { mediaMode: 'relayed', location: '12.34.56.78' }]) {
      assert.match((await call(sdk, 'createSession', options)).sessionId, /^1_[A-Za-z0-9-]+$/);
    }
    const { sessionId } = await call(sdk, 'createSession', { mediaMode: 'routed' });
    const publisher = await enter(server, sessionId, sdk.generateToken(sessionId, { data: 'name=Zoë & co', expireTime: Date.now() / 1000 + 60 }));
    assert.equal(publisher.connection.data, 'name=Zoë & co');
    await publish(publisher);
    const subscriber = await enter(server, sessionId, sdk.generateToken(sessionId, { role: 'subscriber' }));
    assert.deepEqual(subscriber.joined.streams.map(({ name }) => name), ['camera']);
    assert.equal((await subscriber.ask('publish', { session_id: subscriber.session_id, has_audio: true, has_video: false })).error, 'not_allowed');
    const moderator = await enter(server, sessionId, sdk.generateToken(sessionId, { role: 'moderator' }));
    const away = subscriber.next((m) => m.type === 'session_disconnected');
    await moderator.ask('force_disconnect', { session_id: moderator.session_id, connection_id: subscriber.connection.connection_id });
    assert.equal((await away).reason, 'force_disconnected');
  });
}

for (const version of ['2.9', '2.16', '2.19', 'latest']) {
  test(`${version}: streams, signals, layouts, and sending somebody away`, async () => {
    const sdk = sdks[version];
    const { sessionId } = await call(sdk, 'createSession', {});
    assert.deepEqual(await call(sdk, 'listStreams', sessionId), [], 'of a session in which nothing has happened yet');
    const token = sdk.generateToken(sessionId, { initialLayoutClassList: ['focus', 'full'] });
    const [one, two] = [await enter(server, sessionId, token), await enter(server, sessionId, token)];
    const stream = await publish(one);
    const [listed] = await call(sdk, 'listStreams', sessionId);
    assert.deepEqual([listed.id, listed.name, listed.videoType, listed.layoutClassList], [stream.stream_id, 'camera', 'camera', ['focus', 'full']]);
    await call(sdk, 'setStreamClassLists', sessionId, [{ id: stream.stream_id, layoutClassList: ['small'] }]);
    const got = await call(sdk, 'getStream', sessionId, stream.stream_id);
    assert.deepEqual([got.id, got.layoutClassList], [stream.stream_id, ['small']]);

    const shared = await publish(two, 'slides', { has_audio: false, has_video: true, video_type: 'screen' });
    assert.equal((await call(sdk, 'getStream', sessionId, shared.stream_id)).videoType, 'screen');
    const heard = [one, two].map((client) => client.next((m) => m.type === 'signal'));
    await call(sdk, 'signal', sessionId, null, { type: 'chat', data: 'héllo' });
    for (const signal of await Promise.all(heard)) assert.deepEqual([signal.signal_type, signal.data, signal.from], ['chat', 'héllo', undefined]);
    const whispered = two.next((m) => m.data === 'psst');
    await call(sdk, 'signal', sessionId, two.connection.connection_id, { type: 'chat', data: 'psst' });
    await whispered;
    await one.ask('session_connect', { session_id: one.session_id });
    assert.ok(!one.told.some((m) => m.data === 'psst'), 'a signal to one is heard by nobody else');

    const away = two.next((m) => m.type === 'session_disconnected');
    const left = one.next((m) => m.type === 'connection_destroyed');
    await call(sdk, 'forceDisconnect', sessionId, two.connection.connection_id);
    assert.deepEqual([(await away).reason, (await left).reason], ['force_disconnected', 'force_disconnected']);
    await assert.rejects(call(sdk, 'forceDisconnect', sessionId, two.connection.connection_id));
    await assert.rejects(call(sdk, 'signal', sessionId, two.connection.connection_id, { type: 'chat', data: 'x' }));
    await assert.rejects(call(sdk, 'getStream', sessionId, 'strm_00000000000000000000000000'));
  });

  test(`${version}: what is not there yet is an error that its callback is told, and lists are empty`, async () => {
    const sdk = sdks[version];
    const { sessionId } = await call(sdk, 'createSession', {});
    assert.deepEqual(await call(sdk, 'listArchives', {}), []);
    await assert.rejects(call(sdk, 'startArchive', sessionId, {}));
    await assert.rejects(call(sdk, 'getArchive', 'a1'));
    await assert.rejects(call(sdk, 'deleteArchive', 'a1'));
  });

  test(`${version}: callbacks are registered, listed, told and taken back`, async () => {
    const sdk = sdks[version];
    const told = [];
    const receiver = createServer((request, response) => {
      let body = '';
      request.on('data', (bytes) => { body += bytes; });
      request.on('end', () => { told.push(JSON.parse(body)); response.end(); });
    });
    await new Promise((resolve) => receiver.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${receiver.address().port}/`;
    const made = await call(sdk, 'registerCallback', { group: 'connection', event: 'created', url });
    const { sessionId } = await call(sdk, 'createSession', {});
    const client = await enter(server, sessionId, sdk.generateToken(sessionId, { data: 'who=me' }));
    const event = await until(() => told[0]);
    assert.deepEqual([event.sessionId, event.projectId, event.event, event.connection.id, event.connection.data],
      [sessionId, '1000001', 'connectionCreated', client.connection.connection_id, 'who=me']);
    assert.deepEqual((await call(sdk, 'listCallbacks')).map(({ id }) => id), [made.id]);
    await call(sdk, 'unregisterCallback', made.id);
    assert.deepEqual(await call(sdk, 'listCallbacks'), []);
    receiver.closeAllConnections();
    receiver.close();
  });
}

for (const version of ['2.16', '2.19', 'latest']) {
  test(`${version}: muting reaches the publisher`, async () => {
    const sdk = sdks[version];
    const { sessionId } = await call(sdk, 'createSession', {});
    const [one, two] = [await enter(server, sessionId, sdk.generateToken(sessionId)), await enter(server, sessionId, sdk.generateToken(sessionId))];
    const first = await publish(one);
    const muted = one.next((m) => m.type === 'mute_forced');
    const seen = two.next((m) => m.type === 'stream_updated');
    await call(sdk, 'forceMuteStream', sessionId, first.stream_id);
    assert.deepEqual([(await muted).stream_id, (await seen).stream.has_audio], [first.stream_id, false]);
    const second = await publish(two);
    await call(sdk, 'forceMuteAll', sessionId, { excludedStreamIds: [second.stream_id] });
    assert.ok(!two.told.some((m) => m.type === 'mute_forced'), 'excepted');
    const later = two.next((m) => m.type === 'mute_forced');
    const third = await publish(two, 'screen');
    assert.deepEqual([(await later).stream_id, third.has_audio], [third.stream_id, false]);
    await call(sdk, 'disableForceMute', sessionId);
    assert.equal((await publish(two, 'again')).has_audio, true);
    const mutesNothing = call(sdk, 'forceMuteStream', sessionId, 'strm_00000000000000000000000000');
    if (version === '2.19') await mutesNothing;  // which does not look at what is answered
    else await assert.rejects(mutesNothing);
  });
}

test('latest: both forms of token, empty lists of broadcasts and renders, and what is not offered', async () => {
  const sdk = sdks.latest;
  const { sessionId } = await call(sdk, 'createSession', { mediaMode: 'routed', archiveMode: 'manual', e2ee: true });
  const t1 = sdk.generateToken(sessionId, { role: 'publisheronly' }, true);
  assert.match(t1, /^T1==/);
  const loud = await enter(server, sessionId, sdk.generateToken(sessionId));
  await publish(loud);
  const publisherOnly = await enter(server, sessionId, t1);
  assert.deepEqual(publisherOnly.joined.streams, [], 'it may not subscribe');
  assert.equal((await publisherOnly.ask('signal', { session_id: publisherOnly.session_id, signal_type: 's', data: '' })).error, 'not_allowed');
  await publish(publisherOnly);
  assert.deepEqual(await call(sdk, 'listBroadcasts', {}), []);
  assert.equal((await call(sdk, 'listRenders', {})).count ?? 0, 0);
  await assert.rejects(call(sdk, 'dial', sessionId, sdk.generateToken(sessionId), 'sip:a@b', {}));
  await assert.rejects(call(sdk, 'playDTMF', sessionId, null, '1'));
  await assert.rejects(call(sdk, 'createSession', { mediaMode: 'relayed', archiveMode: 'always' }));
});

test('a wrong secret, and a session of somebody else, are told as errors', async () => {
  const { sessionId } = await call(sdks.latest, 'createSession', {});
  for (const version of ['2.9', '2.16', '2.19', 'latest']) {
    const { default: OpenTok } = await import(versions[version]);
    const stranger = new OpenTok('1000001', 'f'.repeat(40), server.url);
    await assert.rejects(call(stranger, 'createSession', {}), version);
    await assert.rejects(call(stranger, 'listStreams', sessionId), version);
  }
});

test('an application signs with its own key', async () => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048, publicKeyEncoding: { type: 'spki', format: 'pem' }, privateKeyEncoding: { type: 'pkcs8', format: 'pem' } });
  const { key, secret, kind } = await asOperator(server, 'POST', '', { name: 'app', public_key: publicKey });
  assert.deepEqual([kind, /^[0-9a-f-]{36}$/.test(key), secret.length], ['application', true, 40]);
  const { default: OpenTok } = await import('opentok');
  const sdk = new OpenTok(key, privateKey, server.url);
  const { sessionId } = await call(sdk, 'createSession', {});
  const client = await enter(server, sessionId, sdk.generateToken(sessionId, { role: 'moderator' }));
  const heard = client.next((m) => m.type === 'signal');
  await call(sdk, 'signal', sessionId, null, { type: 't', data: 'from the app' });
  assert.equal((await heard).data, 'from the app');
  const byAnother = new OpenTok(key, generateKeyPairSync('rsa', { modulusLength: 2048, publicKeyEncoding: { type: 'spki', format: 'pem' }, privateKeyEncoding: { type: 'pkcs8', format: 'pem' } }).privateKey, server.url);
  await assert.rejects(call(byAnother, 'createSession', {}));
});
