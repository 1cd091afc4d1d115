// The programs of README.md, run as they stand there (but for the port) against the real server.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { after, before, test } from 'node:test';
import { startServer, until } from './harness.mjs';

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
  await alice.said(/^bob is not online\.\n$/);
  alice.stop();
});

test('bob picks up and hangs up', async () => {
  const bob = spawn(process.env.OFFHOOK, ['listen', 'bob', '--hang-up-after', '1s', '--json'], {
    env: { ...process.env, OFFHOOK_URL: server.url }, stdio: ['ignore', 'pipe', 'inherit'],
  });
  running.add(bob);
  await new Promise((resolve) => bob.stdout.once('data', resolve));  // it is ready
  const alice = start(programs[0]);
  await alice.said(/^It rings\.\nThey talk\.\nbob hung up\.\n$/);
});

test('the C++ program is the one that the build compiles', () => {
  const example = readFileSync(new URL('../../sdk/cpp/examples/first_call.cpp', import.meta.url), 'utf8');
  assert.equal(/^```cpp\n([^]*?)^```$/m.exec(readme)[1], example);
});
