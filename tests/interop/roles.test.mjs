// What each role of a token may do, verb by verb, as apps see it: through the client library for C++, and through that for TypeScript, with
// tokens that OpenTok's own SDK has made.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import OpenTok from 'opentok';
import { WebSocket } from 'ws';
import { devKey, startServer } from '../integration/harness.mjs';
import { call, connectSdk, enter, publish } from './stage.mjs';

const { OffhookClient } = await import('../../sdk/js/dist/offhook.js');
const visitorProgram = process.env.OFFHOOK_VISITOR;
if (!visitorProgram) throw new Error('set OFFHOOK_VISITOR to the path of offhook_visitor');

let server;
let sdk;
before(async () => { server = await startServer(); sdk = connectSdk(OpenTok, server); });
after(() => server.stop());

// Which roles may: subscriber, publisher, moderator, publisheronly.
const roles = ['subscriber', 'publisher', 'moderator', 'publisheronly'];
const verbs = [
  ['connect', [1, 1, 1, 1]], ['signal', [0, 1, 1, 0]], ['signal_to', [0, 1, 1, 0], 'connection'], ['publish', [0, 1, 1, 1]], ['update', [0, 1, 1, 1]],
  ['unpublish', [0, 1, 1, 1]], ['negotiate', [1, 1, 1, 1], 'connection'], ['expect', [1, 1, 1, 1]], ['force_mute_all', [0, 0, 1, 0]],
  ['disable_force_mute', [0, 0, 1, 0]], ['force_mute', [0, 0, 1, 0], 'stream'], ['force_unpublish', [0, 0, 1, 0], 'stream'],
  ['force_disconnect', [0, 0, 1, 0], 'connection'], ['disconnect', [1, 1, 1, 1]]];

// Each gives what carries out a verb and says "ok" or the word of the error, and what ends it.
function throughCpp(token, sessionId) {
  const child = spawn(visitorProgram, [server.url, token, sessionId, devKey], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const does = async (verb, id = '') => {
    child.stdin.write(`${verb} ${id}\n`);
    const { value, done } = await lines.next();
    return done ? 'the program has ended' : value;
  };
  return { does, ends: () => child.stdin.end() };
}

function throughTypeScript(token, sessionId) {
  const client = new OffhookClient({ url: `${server.url.replace('http', 'ws')}/v1/client`, token, WebSocket });
  const session = client.session(sessionId);
  let own;
  const doing = {
    connect: async () => { await client.connect(); await session.connect(); },
    signal: () => session.signal({ type: 'chat', data: 'x' }),
    signal_to: (to) => session.signal({ type: 'chat', data: 'x', to }),
    publish: async () => { own = (await session.publish({ hasAudio: true, hasVideo: true })).streamId; },
    update: () => session.updateStream(own ?? 'strm_00000000000000000000000000', { hasAudio: false }),
    unpublish: () => session.unpublish(own ?? 'strm_00000000000000000000000000'),
    expect: () => session.expectConnection({ timeout: 1000, userId: 'nobody' }).catch((error) => { if (error.reason !== 'timeout') throw error; }),
    force_mute_all: () => session.forceMuteAll(),
    disable_force_mute: () => session.disableForceMute(),
    force_mute: (id) => session.forceMuteStream(id),
    force_unpublish: (id) => session.forceUnpublish(id),
    force_disconnect: (id) => session.forceDisconnect(id),
    disconnect: () => session.disconnect(),
  };
  const does = (verb, id) => (doing[verb] === undefined ? undefined : doing[verb](id).then(() => 'ok', (error) => error.word ?? String(error)));
  return { does, ends: () => client.disconnect() };
}

for (const [name, through] of [['C++', throughCpp], ['TypeScript', throughTypeScript]]) {
  for (const [place, role] of roles.entries()) {
    test(`${name}: what a ${role} may do`, async () => {
      const { sessionId } = await call(sdk, 'createSession', {});
      const host = await enter(server, sessionId, sdk.generateToken(sessionId, {}));
      const stream = await publish(host);
      const ids = { connection: host.connection.connection_id, stream: stream.stream_id };
      const visitor = through(sdk.generateToken(sessionId, { role }), sessionId);
      for (const [verb, allowed, about] of verbs) {
        const said = await visitor.does(verb, ids[about]);
        if (said !== undefined) assert.equal(said, allowed[place] ? 'ok' : 'not_allowed', `${verb} by a ${role}`);
      }
      visitor.ends();
    });
  }
}
