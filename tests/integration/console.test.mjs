// Signing in at the operator's console: how it is turned on, cookies, tokens, and what is refused. The page itself: tests/browser.
import assert from 'node:assert/strict';
import { randomBytes, scryptSync } from 'node:crypto';
import { spawn } from 'node:child_process';
import { test } from 'node:test';
import { rest, run, startProgram, startServer, writeConfig } from './harness.mjs';

const projects = '[[project]]\nkey = "7"\nsecret = "0123456789abcdef"\n';
const password = 'correct horse battery';

// What `offhookd --hash-password` would print, but cheap, and made by another implementation.
function hashOf(text) {
  const salt = randomBytes(16);
  return `scrypt$10$8$1$${salt.toString('hex')}$${scryptSync(text, salt, 32, { N: 1024, r: 8, p: 1 }).toString('hex')}`;
}

const consoleOn = (more = '') => `${projects}[console]\nuser = "olga"\npassword_hash = "${hashOf(password)}"\n${more}`;
const start = (config) => startProgram(['--listen', '127.0.0.1:0', '--data', ':memory:', '--config', writeConfig(config)], 'ignore');

const own = { 'x-offhook-console': '1' };
const post = (server, path, { body, headers = own, cookie } = {}) => fetch(`${server.url}/console/${path}`, {
  method: 'POST', headers: { ...headers, ...(cookie ? { cookie } : {}) }, ...(body ? { body: JSON.stringify(body) } : {}),
});
const signIn = (server, said = { user: 'olga', password }, headers = own) => post(server, 'login', { body: said, headers });
const cookieOf = (answer) => answer.headers.get('set-cookie').split(';')[0];
const word = async (answer) => [answer.status, (await answer.json()).error];

test('it is off unless configured, and says how to turn it on', async () => {
  const server = await start(projects);
  for (const path of ['/console', '/console/app.js', '/console/session']) {
    const answer = await fetch(server.url + path);
    assert.equal(answer.status, 404);
    assert.match(await answer.text(), /offhookd --hash-password/);
  }
  assert.equal((await signIn(server)).status, 404);
  assert.equal((await rest(server, '/v1/server', { token: 'x.y.z' })).status, 401);
  await server.stop();
});

test('in development mode it is on, and the banner says with what', async () => {
  const server = await startServer();
  assert.match(server.said(), /\/console +as operator, password offhook/);
  assert.equal((await signIn(server, { user: 'operator', password: 'offhook' })).status, 200);
  await server.stop();
});

test('a right password gives a cookie for this page alone, and the cookie gives short tokens for the REST interface', async () => {
  const server = await start(consoleOn());
  const answer = await signIn(server);
  const cookie = answer.headers.get('set-cookie');
  for (const part of [/; Path=\/console/, /; HttpOnly/, /; SameSite=Strict/, /; Max-Age=28800/]) assert.match(cookie, part);
  assert.doesNotMatch(cookie, /Secure/, 'not over TLS');
  assert.match((await signIn(server, undefined, { ...own, 'x-forwarded-proto': 'https' })).headers.get('set-cookie'), /; Secure/);
  const who = await fetch(`${server.url}/console/session`, { headers: { cookie: cookieOf(answer) } });
  assert.equal((await who.json()).user, 'olga');
  const tokenFor = async (query) => (await (await post(server, `token${query}`, { cookie: cookieOf(answer) })).json());
  const project = await tokenFor('?project=7');
  assert.ok(project.expires_in_ms <= 120_000);
  assert.equal((await rest(server, '/v1/users', { token: project.token })).status, 200);
  assert.equal((await rest(server, '/v1/server', { token: project.token })).status, 401, 'a project is no operator');
  const operator = await tokenFor('');
  assert.equal((await rest(server, '/v1/server', { token: operator.token })).body.state, 'ready');
  assert.deepEqual((await rest(server, '/v1/projects', { token: operator.token })).body.projects.map(({ key }) => key), ['7']);
  assert.equal((await rest(server, '/v1/users', { token: operator.token })).status, 401);
  assert.deepEqual(await word(await post(server, 'token?project=8', { cookie: cookieOf(answer) })), [404, 'no_such_project']);
  await server.stop();
});

test('nothing without the header, without a cookie, with a forged one, or after signing out', async () => {
  const server = await start(consoleOn());
  assert.deepEqual(await word(await signIn(server, undefined, {})), [403, 'not_allowed']);
  const cookie = cookieOf(await signIn(server));
  const [name, value] = cookie.split('=');
  const [id, expiry, signature] = value.split('.');
  const forged = [undefined, 'offhook_console=', `${name}=${id}.${Number(expiry) + 1}.${signature}`, `${name}=x.${expiry}.${signature}`, `${name}=${id}.${expiry}.`];
  for (const one of forged) assert.deepEqual(await word(await post(server, 'token', { cookie: one })), [401, 'signed_out'], one);
  assert.equal((await post(server, 'token', { cookie: `other=1; ${cookie}` })).status, 200);
  assert.deepEqual(await word(await post(server, 'token', { cookie, headers: {} })), [403, 'not_allowed']);
  const out = await post(server, 'logout', { cookie });
  assert.match(out.headers.get('set-cookie'), /offhook_console=; .*Max-Age=0/);
  assert.deepEqual(await word(await post(server, 'token', { cookie })), [401, 'signed_out']);
  await server.stop();
});

test('a session is over when its time is', async () => {
  const server = await start(consoleOn('session_lifetime = "1s"\n'));
  const cookie = cookieOf(await signIn(server));
  assert.equal((await post(server, 'token', { cookie })).status, 200);
  const began = performance.now();
  let answer = await post(server, 'token', { cookie });
  while (answer.status === 200 && performance.now() - began < 10_000) answer = await post(server, 'token', { cookie });
  assert.deepEqual(await word(answer), [401, 'signed_out']);
  await server.stop();
});

test('a wrong name is a wrong password; after five attempts an address has to wait, and a right one counts for nothing', async () => {
  const server = await start(consoleOn());
  for (let i = 0; i < 7; ++i) assert.equal((await signIn(server)).status, 200);
  const wrong = [{ user: 'olga', password: 'wrong' }, { user: 'oleg', password }, { user: '', password: '' }, { user: 'olga', password: `${password} ` }, { user: 'a', password: 'b' }];
  for (const said of wrong) assert.deepEqual(await word(await signIn(server, said)), [401, 'bad_login']);
  const limited = await signIn(server);
  assert.deepEqual(await word(limited), [429, 'rate_limited']);
  assert.ok(Number(limited.headers.get('retry-after')) <= 12);
  for (const body of [{ user: 'olga' }, { user: 1, password: 2 }, []]) assert.equal((await signIn(server, body)).status, 400);
  await server.stop();
});

test('another password ends the sessions of the one before; a restart does not', async () => {
  const kept = consoleOn();
  const first = await start(kept);
  const cookie = cookieOf(await signIn(first));
  await first.stop();
  const again = await start(kept);
  assert.equal((await post(again, 'token', { cookie })).status, 200);
  await again.stop();
  const changed = await start(consoleOn());
  assert.equal((await post(changed, 'token', { cookie })).status, 401);
  await changed.stop();
});

test('the page has a strict policy of its own', async () => {
  const server = await startServer();
  const page = await fetch(`${server.url}/console`);
  const policy = page.headers.get('content-security-policy');
  for (const part of ["default-src 'none'", "connect-src 'self'", "frame-ancestors 'none'", "require-trusted-types-for 'script'"]) assert.ok(policy.includes(part), part);
  assert.doesNotMatch(policy, /unsafe|ws:|data:/);
  assert.equal(page.headers.get('cross-origin-opener-policy'), 'same-origin');
  assert.equal((await fetch(`${server.url}/console/nothing`)).status, 404);
  assert.equal((await fetch(`${server.url}/console`, { method: 'PUT' })).status, 405);
  await server.stop();
});

function hashPassword(typed) {
  const child = spawn(process.env.OFFHOOKD, ['--hash-password'], { stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin.end(typed);
  let out = '';
  child.stdout.on('data', (bytes) => { out += bytes; });
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, out })));
}

test('--hash-password prints what the configuration takes, and refuses short passwords', async () => {
  const { code, out } = await hashPassword(`${password}\n`);
  assert.equal(code, 0);
  const server = await start(projects + out);
  assert.equal((await signIn(server, { user: 'operator', password })).status, 200);
  await server.stop();
  assert.deepEqual(await hashPassword('short\n'), { code: 2, out: '' });
});

test('a configuration that would not work is refused', async () => {
  const bad = [['password_hash = "secret"', '--hash-password'], ['session_lifetime = "0s"', 'session_lifetime'], ['user = ""', '1 to 64 bytes'], ['pasword_hash = ""', 'did you mean "password_hash"']];
  for (const [line, hint] of bad) {
    const { code, stderr } = await run(['--check-config', '--data', ':memory:', '--config', writeConfig(`${projects}[console]\n${line}\n`)]);
    assert.equal(code, 2);
    assert.ok(stderr.includes(hint), stderr);
  }
  const dev = 'scrypt$10$8$1$6f6666686f6f6b2d636f6e736f6c6521$2207dba3e0e1fa9bc3d3fab7698b59f319f6cfa80e1d6701206c9f4ef2caffbd';
  assert.match((await run(['--check-config', '--data', ':memory:', '--config', writeConfig(`${projects}[console]\npassword_hash = "${dev}"\n`)])).stderr, /everybody knows/);
});
