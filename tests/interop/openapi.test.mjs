// docs/opentok.openapi.yaml against the running server: every path, method and status it names is brought about, and every answer
// keeps the schema it names.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import Ajv2020 from 'ajv/dist/2020.js';
import { parse } from 'yaml';
import { devKey, inSeconds, makeToken, startServer } from '../integration/harness.mjs';
import { config, enter, publish } from './stage.mjs';

const api = parse(readFileSync(new URL('../../docs/opentok.openapi.yaml', import.meta.url), 'utf8'));
const ajv = new Ajv2020({ strict: false });
ajv.addSchema(api, 'openapi');

let server;
before(async () => { server = await startServer(config); });
after(() => server.stop());

const methods = ['get', 'post', 'put', 'delete'];
const operations = Object.entries(api.paths).flatMap(([path, item]) => methods.filter((method) => item[method]).map((method) => ({ path, method, answers: item[method].responses })));
const promised = operations.flatMap(({ path, method, answers }) => Object.keys(answers).map((status) => `${method} ${path} ${status}`));
const kept = new Set();
const restToken = makeToken({ ist: 'project', iat: inSeconds(0), exp: inSeconds(180) });

// One request; its answer is held against the file.
async function ask(method, path, values = {}, body, token = restToken) {
  const target = path.replace(/\{(\w+)\}/g, (_, name) => ({ key: devKey, ...values })[name] ?? 'none');
  const answer = await fetch(server.url + target, { method, headers: { accept: 'application/json', 'x-opentok-auth': token }, body: typeof body === 'object' ? JSON.stringify(body) : body });
  const text = await answer.text();
  let promise = api.paths[path][method.toLowerCase()].responses[answer.status];
  assert.ok(promise, `${method} ${path} answers ${answer.status}, which the file lacks: ${text}`);
  if (promise.$ref) promise = api.components.responses[promise.$ref.split('/').at(-1)];
  const type = answer.headers.get('content-type');
  if (promise.content) {
    const schema = JSON.parse(JSON.stringify(promise.content[type]?.schema ?? assert.fail(`${method} ${path} answers ${type}`)).replaceAll('"#/', '"openapi#/'));
    const holds = ajv.compile(schema);
    assert.ok(holds(JSON.parse(text)), `${method} ${path} ${answer.status}: ${text}: ${ajv.errorsText(holds.errors)}`);
  } else {
    assert.deepEqual([text, type], ['', null]);
  }
  kept.add(`${method.toLowerCase()} ${path} ${answer.status}`);
  return text && JSON.parse(text);
}

test('every door is closed to who has no token', async () => {
  for (const { path, method } of operations) await ask(method.toUpperCase(), path, {}, method === 'get' ? undefined : '', 'x.y.z');
});

test('what is done, and what is wrong with what is asked', async () => {
  const [{ session_id: session }] = await ask('POST', '/session/create', {}, 'p2p.preference=disabled');
  await ask('POST', '/session/create', {}, 'archiveMode=never');
  const client = await enter(server, session, makeToken({ iat: inSeconds(0), scope: 'session.connect', session_id: session }));
  const stream = (await publish(client)).stream_id;
  const connection = client.connection.connection_id;
  const at = '/v2/project/{key}/session/{session}';
  const here = { session, stream, connection };
  const layout = { layoutClassList: ['full'] };
  await ask('GET', `${at}/stream`, here);
  await ask('GET', `${at}/stream`);
  await ask('PUT', `${at}/stream`, here, { items: [{ id: stream, ...layout }] });
  await ask('PUT', `${at}/stream`, here, {});
  await ask('PUT', `${at}/stream`, here, { items: [{ id: 'strm_00000000000000000000000000', ...layout }] });
  await ask('GET', `${at}/stream/{stream}`, here);
  await ask('GET', `${at}/stream/{stream}`, { session });
  await ask('PUT', `${at}/stream/{stream}`, here, layout);
  await ask('PUT', `${at}/stream/{stream}`, here, {});
  await ask('PUT', `${at}/stream/{stream}`, { session }, layout);
  await ask('POST', `${at}/stream/{stream}/mute`, here, '');
  await ask('POST', `${at}/stream/{stream}/mute`, { session }, '');
  await ask('POST', `${at}/mute`, here, { active: 'false' });
  await ask('POST', `${at}/mute`, here, { active: 1 });
  await ask('POST', `${at}/mute`, {}, { active: true });
  for (const path of [`${at}/signal`, `${at}/connection/{connection}/signal`]) {
    await ask('POST', path, here, { type: 'chat', data: 'x' });
    await ask('POST', path, here, {});
    await ask('POST', path, {}, { data: 'x' });
    await ask('POST', path, here, { data: 'x'.repeat(8193) });
  }
  await ask('GET', `${at}/connection`, here);
  await ask('GET', `${at}/connection`);
  await ask('DELETE', `${at}/connection/{connection}`, here);
  await ask('DELETE', `${at}/connection/{connection}`, here);
  const made = await ask('POST', '/v2/project/{key}/callback', {}, { group: 'stream', event: 'created', url: 'http://127.0.0.1:1/' });
  await ask('POST', '/v2/project/{key}/callback', {}, {});
  assert.deepEqual(await ask('GET', '/v2/project/{key}/callback'), [made]);
  await ask('DELETE', '/v2/project/{key}/callback/{callback}', { callback: made.id });
  await ask('DELETE', '/v2/project/{key}/callback/{callback}', { callback: made.id });
});

test('what is not offered', async () => {
  for (const { path, method, answers } of operations) {
    if (answers['501'] || answers['200']?.$ref?.endsWith('EmptyList') || path.includes('{archive}')) await ask(method.toUpperCase(), path, {}, method === 'post' ? {} : undefined);
  }
});

test('everything the file promises has been brought about', () => {
  assert.deepEqual(promised.filter((line) => !kept.has(line)), []);
});
