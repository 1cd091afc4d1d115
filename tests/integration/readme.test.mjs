// The programs of README.md, run as they stand there (but for the port) against the real server.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { after, before, test } from 'node:test';
import { connect, startServer, until } from './harness.mjs';

const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
const programs = [...readme.matchAll(/^```js\n([^]*?)^```$/gm)].map((found) => found[1]);

let server;
before(async () => { server = await startServer('[timers]\nwake_timeout = "1s"\nconnect_timeout = "5s"\n'); });
after(() => server.stop());

const running = new Set();
after(() => running.forEach((child) => child.kill('SIGKILL')));

// Starts a program of the page; `said(pattern)` resolves when what it has printed so far matches.
function start(program) {
  const text = program.replaceAll('127.0.0.1:7080', `127.0.0.1:${server.port}`);
  const child = spawn(process.execPath, ['--input-type=module', '-e', text], { cwd: fileURLToPath(new URL('../..', import.meta.url)) });
  running.add(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes) => { output += bytes; });
  const said = (pattern) => until(() => pattern.test(output)).catch(() => assert.match(output, pattern));
  return { said, stop: () => child.kill('SIGKILL') };
}

test('alice calls, and nobody called bob is there', async () => {
  const alice = start(programs[0]);
  await alice.said(/^inviting *\nended unreachable no_devices\n$/);
  alice.stop();
});

test('bob picks up', async () => {
  const watcher = await connect(server, 'watcher');
  const came = watcher.next((message) => message.type === 'presence' && message.user === 'bob');
  await watcher.ask('watch_presence');
  const bob = start(programs[1]);
  await came;
  const alice = start(programs[0]);
  await alice.said(/^(inviting *\n){2}connecting *\nended connect_failed timeout\n$/);
  [alice, bob].forEach((program) => program.stop());
});
