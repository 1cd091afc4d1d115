// What the tests of this folder share: sessions made by an official server SDK, and clients in them.
import assert from 'node:assert/strict';
import { Client, devKey, devSecret, makeToken } from '../integration/harness.mjs';

export const config = `[timers]
resume_window = "5s"
[opentok]
partner_auth = true
[webhooks]
allow = ["127.0.0.1"]
`;

// The id of a session as the protocol has it: the fifth field of what the server SDKs are given.
export const inProtocol = (sessionId) => `sess_${Buffer.from(sessionId.slice(2), 'base64url').toString().split('~')[4]}`;

// A method of an SDK whose last argument is a callback.
export const call = (sdk, method, ...args) => new Promise((resolve, reject) => {
  sdk[method](...args, (error, value) => (error ? reject(error) : resolve(value)));
});

let people = 0;

// A client in the session with a token of an SDK. It has no name, and no other right than the token gives.
export async function enter(server, sessionId, token) {
  const client = await new Client(server, `guest${++people}`).open();
  await client.hello({ token });
  client.session_id = inProtocol(sessionId);
  const joined = await client.ask('session_connect', { session_id: client.session_id });
  assert.equal(joined.type, 'reply', joined.message);
  client.connection = joined.connection;
  client.joined = joined;
  return client;
}

export async function publish(client, name = 'camera', kinds = { has_audio: true, has_video: true }) {
  return (await client.ask('publish', { session_id: client.session_id, name, ...kinds })).stream;
}

export const connectSdk = (OpenTok, server, key = devKey, secret = devSecret) => new OpenTok(key, secret, server.url);

// One request of the operator, who makes projects; gives the body of the answer.
export async function asOperator(server, method, path, body, secret = devSecret) {
  const token = makeToken({ iss: 'operator', scope: 'admin' }, secret);
  const answer = await fetch(`${server.url}/v1/projects${path}`, {
    method, headers: { authorization: `Bearer ${token}` }, body: body && JSON.stringify(body),
  });
  return { status: answer.status, ...(await answer.json()) };
}
