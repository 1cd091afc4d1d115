// What the server tells operators: metrics for Prometheus, and its log; and the load generator that produces something to tell.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { after, test } from 'node:test';
import { Client, startProgram, startServer, until, writeConfig } from './harness.mjs';

const offhook = process.env.OFFHOOK;
if (!offhook) throw new Error('set OFFHOOK to the path of the command line');

const manyRings = '[limits]\nrings_per_caller = 100000\nrings_per_pair = 100000\n';

// Runs a load to its end; `told` are the lines of its report.
function load(server, ...args) {
  return new Promise((resolve) => {
    const child = spawn(offhook, ['load', '--json', ...args], { env: { ...process.env, OFFHOOK_URL: server.url } });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (bytes) => { stdout += bytes; });
    child.stderr.on('data', (bytes) => { stderr += bytes; });
    child.on('close', (code) => resolve({ code, stderr, stdout, told: stdout.trim().split('\n').map((line) => JSON.parse(line)) }));
  });
}

async function metricsOf(server, headers = {}) {
  const answer = await fetch(`${server.url}/metrics`, { headers });
  const text = await answer.text();
  const value = (name) => Number(text.split('\n').find((line) => line.startsWith(`${name} `))?.split(' ').at(-1));
  return { status: answer.status, type: answer.headers.get('content-type'), text, value };
}

// The sum of every series of a metric whose labels contain `labels`.
const sum = (text, name, labels = '') => text.split('\n').filter((line) => line.startsWith(`${name}{`) && line.includes(labels))
  .reduce((total, line) => total + Number(line.split(' ').at(-1)), 0);

// Each test has servers of its own, which end with it however it ends.
const running = [];
after(() => Promise.all(running.map((server) => server.stop())));
const own = async (starting) => {
  const server = await starting;
  running.push(server);
  return server;
};

test('a mixed load ends every call once, and the metrics count the same', async () => {
  const server = await own(startServer(manyRings));
  const { code, told, stdout, stderr } = await load(server, '--scenario', 'mixed', '--calls', '60', '--rate', '100', '--devices', '40');
  const done = told.at(-1);
  assert.equal(code, 0, `${stdout}${stderr}`);
  assert.deepEqual([done.event, done.placed, done.done, done.wrong, done.unfinished, done.refused], ['done', 60, 60, 0, 0, 0]);
  assert.deepEqual(done.outcomes, { cancelled: 6, declined: 6, ended: 42, no_answer: 6 });
  assert.equal(done.latency_ms.incoming.count, 60);
  assert.equal(done.latency_ms.active.count, 42);
  assert.equal(done.latency_ms.told.count, 54);
  assert.ok(done.latency_ms.incoming.p50 <= done.latency_ms.incoming.p99);

  const { status, type, text, value } = await metricsOf(server);
  assert.equal(status, 200);
  assert.match(type, /^text\/plain; version=0\.0\.4/);
  assert.equal(value('offhook_calls_created_total'), 60);
  assert.equal(sum(text, 'offhook_calls_ended_total'), 60);
  assert.equal(sum(text, 'offhook_calls_ended_total', 'outcome="no_answer"'), 6);
  assert.equal(value('offhook_live_calls'), 0);
  assert.equal(value('offhook_call_ring_seconds_count'), 60);
  assert.equal(value('offhook_call_answer_seconds_count'), 42);
  assert.equal(value('offhook_call_duration_seconds_count'), 42);
  assert.ok(value('offhook_frames_received_total') > 60 * 4);
  assert.ok(value('offhook_store_commit_seconds_count') >= 60 * 3);
  assert.ok(value('process_resident_memory_bytes') > 1e6);
  for (const line of text.split('\n')) assert.match(line, /^$|^# (HELP|TYPE) |^[a-z_]+(\{[^}]*\})? [-+0-9.eInfNa]+$/, line);
});

test('a load that meets a limit of the server says which, with exit code 1', async () => {
  const server = await own(startServer('[limits]\nrings_per_caller = 3\n'));
  const { code, told } = await load(server, '--calls', '20', '--rate', '0', '--devices', '2');
  assert.equal(code, 1);
  assert.ok(told.at(-1).wrong > 0);
  assert.match(told.at(-1).examples.join(), /rings_per_caller/);
});

test('a load on a server that is not there says so, with exit code 3', async () => {
  const { code, told, stderr } = await load({ url: 'http://127.0.0.1:9' });
  assert.equal(code, 3);
  assert.match(stderr + JSON.stringify(told), /refuses the connection/);
});

test('in production the metrics are for whoever has the token, and for nobody without one in the configuration', async () => {
  const project = '[[project]]\nkey = "7"\nsecret = "0123456789abcdef0123"\n';
  const token = 'a-token-of-24-characters';
  const args = (config) => ['--listen', '127.0.0.1:0', '--data', ':memory:', '--config', writeConfig(config)];
  const [closed, open] = await Promise.all([own(startProgram(args(project))), own(startProgram(args(`${project}[metrics]\ntoken = "${token}"\n`)))]);
  assert.equal((await metricsOf(closed)).status, 404);
  assert.equal((await metricsOf(open)).status, 401);
  assert.equal((await metricsOf(open, { authorization: 'Bearer a-token-of-24-charactert' })).status, 401);
  assert.equal((await metricsOf(open, { authorization: `Bearer ${token}` })).status, 200);
});

test('the log has a line for each call that ended, as JSON with its id and without a name or a word of what was said', async () => {
  const server = await own(startProgram(['--dev', '--listen', '127.0.0.1:0', '--config', writeConfig('[log]\nformat = "json"\ncalls = true\n')], 'pipe'));
  let log = '';
  server.stderr.on('data', (bytes) => { log += bytes; });
  const alice = await new Client(server, 'alice-of-the-log').open();
  await alice.hello();
  const { call } = await alice.ask('invite', { to: 'nobody-there', media: 'none', data: 'what-was-said' });
  await alice.ask('cancel', { call_id: call.call_id });
  await until(() => log.includes('call_ended'));
  const line = log.trim().split('\n').map((text) => JSON.parse(text)).find((entry) => entry.event === 'call_ended');
  assert.equal(line.call, call.call_id);
  assert.deepEqual([line.level, line.project, line.outcome], ['info', '1000001', 'cancelled']);
  assert.match(line.ts, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.doesNotMatch(log, /alice-of-the-log|nobody-there|what-was-said|eyJ/);
});
