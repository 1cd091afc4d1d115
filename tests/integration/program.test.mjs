// The program itself: command line, configuration, health, TLS, and how it stops.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { get as httpGet } from 'node:http';
import { get as httpsGet } from 'node:https';
import { join } from 'node:path';
import { test } from 'node:test';
import { WebSocket } from 'ws';
import { connect, makeFolder, run, startProgram, startServer, talk, until, writeConfig } from './harness.mjs';

// --- command line and configuration

test('--help names every option, --version the version', async () => {
  const { code, stdout } = await run(['--help']);
  assert.equal(code, 0);
  for (const option of ['--dev', '--config', '--listen', '--data', '--check-config', '--print-default-config', '--version']) {
    assert.ok(stdout.includes(option), option);
  }
  assert.match((await run(['--version'])).stdout, /^offhookd \d+\.\d+\.\d+\n$/);
});

const refusedLines = [
  ['an unknown option names the nearest', ['--lissten', 'x'], /did you mean --listen/],
  ['an option without its value', ['--config'], /--config needs a value/],
  ['no project and no --dev', [], /--dev/],
  ['development mode for everybody', ['--dev', '--listen', '0.0.0.0:0'], /127\.0\.0\.1/],
  ['an address that is none', ['--dev', '--listen', 'here'], /--listen/],
  ['a file that is not there', ['--dev', '--config', '/nowhere/offhook.toml'], /cannot read \/nowhere\/offhook\.toml/],
];

for (const [name, args, says] of refusedLines) {
  test(`the command line is refused: ${name}`, async () => {
    const { code, stdout, stderr } = await run(args);
    assert.deepEqual([code, stdout], [2, '']);
    assert.match(stderr, says);
  });
}

const refusedFiles = [
  ['a key that is misspelt', '[timers]\nring_timeot = "5s"\n', /:2: .*did you mean "ring_timeout"/],
  ['a table that is misspelt', '[timer]\n', /did you mean "timers"/],
  ['a duration without unit', '[timers]\nring_timeout = 5\n', /"20s"/],
  ['history that is kept too short', '[data]\nkeep_calls = "2h"\n', /:2: "keep_calls" must be "1d" or more/],
  ['a duration out of range', '[timers]\nring_timeout = "1h"\n', /ring_timeout .* 1 s to 120 s/],
  ['timers that contradict each other', '[timers]\nsetup_timeout = "30s"\n', /ring_timeout .* setup_timeout/],
  ['half of TLS', '[tls]\nkey = "k.pem"\n', /certificate and key/],
  ['a secret that is too short', '[[project]]\nkey = "1"\nsecret = "short"\n', /16 characters/],
  ['no TOML at all', '= 3\n', /:1: /],
  ['the development secret in earnest', '[[project]]\nkey = "1"\nsecret = "offhook-development-secret"\n', /development secret/, []],
];

for (const [name, file, says, mode = ['--dev']] of refusedFiles) {
  test(`a configuration is refused: ${name}`, async () => {
    const { code, stderr } = await run([...mode, '--check-config', '--config', writeConfig(file)]);
    assert.equal(code, 2);
    assert.match(stderr, says);
  });
}

test('every problem of a file is told at once', async () => {
  const { stderr } = await run(['--dev', '--check-config', '--config', writeConfig('[timers]\na = 1\n[presence]\nenabled = 3\n')]);
  assert.match(stderr, /:2: unknown key "a"/);
  assert.match(stderr, /:4: "enabled"/);
});

test('the default configuration is sound, and so is one with a project of its own without --dev', async () => {
  const defaults = writeConfig((await run(['--print-default-config'])).stdout);
  const { code, stdout } = await run(['--dev', '--check-config', '--config', defaults]);
  assert.deepEqual([code, stdout], [0, 'The configuration is sound.\n']);
  const own = writeConfig('[data]\ndir = "/var/lib/offhook"\n[[project]]\nkey = "7"\nsecret = "0123456789abcdef"\n');
  assert.equal((await run(['--check-config', '--config', own])).code, 0);
});

test('docs/configuration.md holds the table of the program', async () => {
  const page = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8');
  assert.ok(page.includes((await run(['--print-settings-markdown'])).stdout));
});

test('docs/life-of-a-call.md holds the diagrams and tables of the program, and a row for every outcome a device can show', async () => {
  const page = readFileSync(new URL('../../docs/life-of-a-call.md', import.meta.url), 'utf8');
  assert.ok(page.includes((await run(['--print-life-markdown'])).stdout));
  const platforms = page.slice(page.indexOf('## What to tell the telephone'));
  const outcomes = readFileSync(new URL('../../src/wire/words.hpp', import.meta.url), 'utf8').match(/k_words<Outcome>[^{]*\{([^}]*)\}/s)[1];
  for (const [, outcome] of outcomes.matchAll(/"(\w+)"/g)) assert.ok(platforms.includes(`| \`${outcome}\``), outcome);
});

test('a port in use is named', async () => {
  const server = await startServer();
  const second = await run(['--dev', '--listen', `127.0.0.1:${server.port}`]);
  assert.equal(second.code, 2);
  assert.match(second.stderr, new RegExp(`127\\.0\\.0\\.1:${server.port}`));
  await server.stop();
});

// --- HTTP

test('health, headers, and nothing where there is nothing', async () => {
  const server = await startServer();
  for (const path of ['/healthz', '/readyz', '/']) {
    const answer = await fetch(server.url + path);
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get('x-content-type-options'), 'nosniff');
  }
  assert.equal((await fetch(`${server.url}/nowhere`)).status, 404);
  assert.equal((await fetch(`${server.url}/healthz`, { method: 'DELETE' })).status, 405);
  assert.equal((await fetch(`${server.url}/v1/client`)).status, 426);
  assert.equal((await fetch(`${server.url}/dev/token`)).status, 400);
  assert.equal((await fetch(`${server.url}/dev/token?user=a&device=${'x'.repeat(65)}`)).status, 400);
  const { token } = await (await fetch(`${server.url}/dev/token?user=a&device=Desk%20%C3%BC`)).json();
  assert.equal(JSON.parse(Buffer.from(token.split('.')[1], 'base64url')).device, 'Desk ü');
  await server.stop();
});

test('in development mode a page of another site gets nothing by DNS rebinding', async () => {
  const server = await startServer();
  const status = await new Promise((resolve, reject) => {
    httpGet({ port: server.port, host: '127.0.0.1', path: '/dev/token?user=root', headers: { host: 'evil.example.org' } },
      (answer) => { answer.resume(); resolve(answer.statusCode); }).on('error', reject);
  });
  assert.equal(status, 403);
  await server.stop();
});

test('there are tokens for the asking in development mode only', async () => {
  const playful = await startServer();
  const earnest = await startProgram(['--listen', '127.0.0.1:0', '--data', ':memory:', '--config', writeConfig('[[project]]\nkey = "7"\nsecret = "0123456789abcdef"\n')]);
  assert.equal((await fetch(`${playful.url}/dev/token?user=a`)).status, 200);
  assert.equal((await fetch(`${earnest.url}/dev/token?user=a`)).status, 404);
  await Promise.all([playful.stop(), earnest.stop()]);
});

// --- TLS

test('TLS: pages and WebSockets for whoever trusts the certificate', async () => {
  const folder = makeFolder();
  const [certificate, key] = [join(folder, 'certificate.pem'), join(folder, 'key.pem')];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1',
    '-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', certificate], { stdio: 'ignore' });
  const server = await startServer(`[tls]\ncertificate = "${certificate}"\nkey = "${key}"\n`);
  assert.match(server.url, /^https:/);
  const get = (ca) => new Promise((resolve, reject) => {
    httpsGet(`${server.url}/healthz`, { ca, agent: false }, (answer) => { answer.resume(); resolve(answer.statusCode); }).on('error', reject);
  });
  const ca = readFileSync(certificate);
  assert.equal(await get(ca), 200);
  await assert.rejects(get(undefined), /self.signed/);
  const socket = new WebSocket(`${server.url.replace('https', 'wss')}/v1/client`, { ca });
  const told = await new Promise((resolve, reject) => {
    socket.on('open', () => socket.send('{"type":"bye"}'));
    socket.on('message', (bytes) => resolve(JSON.parse(bytes)));
    socket.on('error', reject);
  });
  assert.equal(told.error, 'hello_first');
  await server.stop();
});

test('TLS: files that do not fit are named at the start', async () => {
  const folder = makeFolder();
  const { code, stderr } = await run(['--dev', '--listen', '127.0.0.1:0', '--config',
    writeConfig(`[tls]\ncertificate = "${folder}/none.pem"\nkey = "${folder}/none.pem"\n`)]);
  assert.equal(code, 2);
  assert.match(stderr, /none\.pem/);
});

// --- stopping

test('SIGTERM: new calls are refused with the reason, live ones get their time, the program ends well', async () => {
  const server = await startServer('[drain]\ntimeout = "1s"\n');
  const { caller, callee } = await talk(server);
  const draining = caller.next((message) => message.type === 'draining');
  const ended = [caller.nextEnd(), callee.nextEnd()];
  const began = performance.now();
  server.signal('SIGTERM');
  assert.ok((await draining).remaining_ms <= 1000);
  assert.equal((await fetch(`${server.url}/readyz`)).status, 503);
  assert.equal((await fetch(`${server.url}/healthz`)).status, 200);
  const { call } = await caller.ask('invite', { to: 'anybody', media: 'none' });
  assert.deepEqual([call.outcome, call.reason], ['failed', 'server_shutdown']);
  for (const last of await Promise.all(ended)) assert.deepEqual([last.outcome, last.reason], ['failed', 'server_shutdown']);
  assert.ok(performance.now() - began > 900);
  assert.deepEqual([await caller.whenClosed, await callee.whenClosed], [1001, 1001]);
  assert.equal((await server.exited).code, 0);
});

test('SIGTERM: when the last live call ends, so does the program, without waiting for the rest of the time', async () => {
  const server = await startServer('[drain]\ntimeout = "1m"\n');
  const { caller, call_id } = await talk(server);
  const draining = caller.next((message) => message.type === 'draining');
  server.signal('SIGTERM');
  await draining;
  assert.equal((await caller.ask('hangup', { call_id })).call.outcome, 'ended');
  assert.equal((await server.exited).code, 0);
});

test('a second signal ends the waiting', async () => {
  const server = await startServer('[drain]\ntimeout = "1m"\n');
  const { caller } = await talk(server);
  const draining = caller.next((message) => message.type === 'draining');
  server.signal('SIGTERM');
  await draining;
  server.signal('SIGTERM');
  assert.equal(await caller.whenClosed, 1001);
  assert.equal((await server.exited).code, 0);
});

test('SIGINT with nobody in a call stops at once, and the port is free again', async () => {
  const server = await startServer('[drain]\ntimeout = "1m"\n');
  await connect(server, 'idle');
  server.signal('SIGINT');
  assert.equal((await server.exited).code, 0);
  const next = await startServer(undefined, server.port);
  await until(() => fetch(`${next.url}/readyz`).then((answer) => answer.ok));
  await next.stop();
});
