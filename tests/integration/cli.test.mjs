// The command line: every outcome through two or three real processes, lost ones among them, and its exit codes.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { makeFolder, startServer, until } from './harness.mjs';

const offhook = process.env.OFFHOOK;
if (!offhook) throw new Error('set OFFHOOK to the path of the command line');

const running = new Set();
afterEach(() => running.forEach((child) => child.kill('SIGKILL')));  // a test that failed leaves some, and this program would wait for them

// Nobody is waited for long; what a test wants to see is never ended by a timer that is close to it.
const config = `[timers]
wake_timeout = "1s"
caller_grace = "3s"
drop_grace = "3s"
unstable_after = "1s"
heartbeat_live = "500ms"
`;
let server;
before(async () => { server = await startServer(config); });
after(() => server.stop());

// Starts the program; `told` are the JSON lines so far, `is(event)` resolves with the first of that name.
function start(args, { url = server.url, env = {} } = {}) {
  const child = spawn(offhook, args, { env: { ...process.env, OFFHOOK_URL: url, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  const program = { child, stdout: '', stderr: '', code: undefined };
  child.stdout.on('data', (bytes) => { program.stdout += bytes; });
  child.stderr.on('data', (bytes) => { program.stderr += bytes; });
  program.done = new Promise((resolve) => child.on('close', (code) => {
    running.delete(child);
    program.code = code;
    resolve(program);
  }));
  program.told = () => program.stdout.split('\n').filter((line) => line.endsWith('}')).map((line) => JSON.parse(line));
  program.events = () => program.told().map((line) => line.event);
  program.is = (event) => until(() => program.told().find((line) => line.event === event))
    .catch(() => assert.fail(`"${args.join(' ')}" never said ${event}: ${program.stdout}${program.stderr}`));
  program.kill = (signal) => child.kill(signal);
  return program;
}

let people = 0;
const somebody = () => `user${++people}`;

async function listen(user, ...options) {
  const listener = start(['listen', user, '--once', '--json', ...options]);
  await listener.is('ready');
  return listener;
}
const call = (to, ...options) => start(['call', somebody(), to, '--json', ...options]);

// The end as a program has told it, which must be the last line it has printed.
async function endOf(program, code = 0) {
  await program.done;
  const last = program.told().at(-1);
  assert.equal(last?.event, 'ended', `${program.stdout}${program.stderr}`);
  assert.equal(program.code, code, `${program.stdout}${program.stderr}`);
  return last.reason ? `${last.outcome}/${last.reason}` : last.outcome;
}

// A call that is active at both ends.
async function talk(...options) {
  const bob = somebody();
  const callee = await listen(bob, '--answer-after', '0ms');
  const caller = call(bob, ...options);
  await Promise.all([caller.is('active'), callee.is('active')]);
  return { caller, callee };
}

test('the caller hangs up', async () => {
  const { caller, callee } = await talk('--hang-up-after', '100ms');
  assert.deepEqual([await endOf(caller), await endOf(callee)], ['ended/by_caller', 'ended/by_caller']);
  assert.deepEqual(caller.events(), ['calling', 'ringing', 'connecting', 'active', 'ended']);
  assert.deepEqual(callee.events(), ['ready', 'incoming', 'connecting', 'active', 'ended']);
  const [mine, theirs] = [caller, callee].map((program) => program.told().at(-1));
  assert.match(mine.call, /^call_/);
  assert.equal(mine.call, theirs.call);
  assert.ok(mine.duration_ms >= 100 && mine.duration_ms === theirs.duration_ms, `${mine.duration_ms} ${theirs.duration_ms}`);
});

test('the callee hangs up', async () => {
  const bob = somebody();
  const callee = await listen(bob, '--answer-after', '200ms', '--hang-up-after', '100ms');
  const caller = call(bob);
  assert.deepEqual([await endOf(caller), await endOf(callee)], ['ended/by_callee', 'ended/by_callee']);
});

for (const [option, mine, theirs] of [['--decline', 'declined/by_user', 'declined/by_user'], ['--busy', /^busy\//, /^busy\//]]) {
  test(`listen ${option}`, async () => {
    const bob = somebody();
    const callee = await listen(bob, option);
    const caller = call(bob);
    assert.match(await endOf(caller), new RegExp(mine));
    assert.match(await endOf(callee), new RegExp(theirs));
  });
}

test('it rings, and nobody answers', async () => {
  const bob = somebody();
  const callee = await listen(bob, '--ignore');
  const caller = call(bob, '--ring-timeout', '1s');
  assert.deepEqual([await endOf(caller), await endOf(callee)], ['no_answer', 'missed']);
  assert.ok(caller.events().includes('ringing'));
});

test('nobody is there', async () => {
  assert.equal(await endOf(call(somebody())), 'unreachable/no_devices');
});

test('the caller cancels', async () => {
  const bob = somebody();
  const callee = await listen(bob, '--ignore');
  const caller = call(bob, '--cancel-after', '500ms');
  assert.equal(await endOf(caller), 'cancelled/by_user');
  assert.match(await endOf(callee), /^missed/);
});

test('of two devices one answers', async () => {
  const bob = somebody();
  const [phone, laptop] = [await listen(bob, '--answer-after', '300ms', '--device', 'phone'), await listen(bob, '--ignore', '--device', 'laptop')];
  const caller = call(bob);
  await laptop.is('incoming');
  await caller.is('active');
  assert.match(await endOf(laptop), /^answered_elsewhere/);
  caller.kill('SIGINT');
  assert.deepEqual([await endOf(caller), await endOf(phone)], ['ended/by_caller', 'ended/by_caller']);
});

test('of two devices one declines', async () => {
  const bob = somebody();
  const laptop = await listen(bob, '--ignore');
  const phone = await listen(bob, '--decline');
  const caller = call(bob);
  assert.equal(await endOf(caller), 'declined/by_user');
  assert.match(await endOf(phone), /^declined\//);
  await laptop.done;
  // It may not have rung before the other had declined.
  if (laptop.events().includes('incoming')) assert.match(await endOf(laptop), /^declined_elsewhere/);
});

test('the receiver is killed in the call: told at once, dropped after drop_grace', async () => {
  const { caller, callee } = await talk();
  callee.kill('SIGKILL');
  await caller.is('peer_unstable');
  assert.equal(await endOf(caller), 'dropped/callee_lost');
});

test('the caller is killed in the call', async () => {
  const { caller, callee } = await talk();
  caller.kill('SIGKILL');
  await callee.is('peer_unstable');
  assert.equal(await endOf(callee), 'dropped/caller_lost');
});

test('the caller is killed while it rings: the listener has missed a call, the server says why', async () => {
  const bob = somebody();
  const callee = await listen(bob, '--ignore');
  const caller = call(bob);
  await caller.is('ringing');
  caller.kill('SIGKILL');
  assert.match(await endOf(callee), /^missed/);
  const calls = await start(['calls', '--user', bob, '--json']).done;
  assert.equal(calls.code, 0);
  assert.deepEqual(calls.told().map((one) => [one.callee, one.outcome, one.reason]), [[bob, 'cancelled', 'caller_lost']]);
});

test('the server stands still: both ends end by themselves', async () => {
  const still = await startServer(config);
  const bob = somebody();
  const callee = start(['listen', bob, '--once', '--json', '--answer-after', '0ms'], { url: still.url });
  await callee.is('ready');
  const caller = start(['call', somebody(), bob, '--json'], { url: still.url });
  await Promise.all([caller.is('active'), callee.is('active')]);
  still.signal('SIGSTOP');
  assert.deepEqual([await endOf(caller, 1), await endOf(callee, 1)], ['lost_contact', 'lost_contact']);
  await still.stop();
});

test('Ctrl-C: the caller cancels while it rings, the listener declines, both hang up in the call', async () => {
  const bob = somebody();
  const silent = await listen(bob, '--ignore');
  const impatient = call(bob);
  await impatient.is('ringing');
  impatient.kill('SIGINT');
  assert.equal(await endOf(impatient), 'cancelled/by_user');
  await silent.done;

  const carol = somebody();
  const refusing = await listen(carol, '--ignore');
  const caller = call(carol);
  await refusing.is('incoming');
  refusing.kill('SIGINT');
  assert.deepEqual([await endOf(caller), await endOf(refusing)], ['declined/by_user', 'declined/by_user']);

  const { caller: third, callee } = await talk();
  callee.kill('SIGINT');
  assert.deepEqual([await endOf(third), await endOf(callee)], ['ended/by_callee', 'ended/by_callee']);
});

test('Ctrl-C ends a listener without a call', async () => {
  const listener = start(['listen', somebody(), '--json']);
  await listener.is('ready');
  listener.kill('SIGINT');
  assert.equal((await listener.done).code, 0);
});

test('--expect decides the exit code', async () => {
  assert.equal(await endOf(call(somebody(), '--expect', 'unreachable'), 0), 'unreachable/no_devices');
  assert.equal(await endOf(call(somebody(), '--expect', 'ended'), 1), 'unreachable/no_devices');
});

test('no server, or the wrong one: 3, with a sentence that says which and what to do', async () => {
  for (const args of [['call', 'alice', 'bob'], ['listen', 'bob'], ['calls']]) {
    const nobody = await start(args, { url: 'http://127.0.0.1:1' }).done;
    assert.equal(nobody.code, 3, args[0]);
    assert.match(nobody.stderr, /127\.0\.0\.1:1 refuses the connection.*OFFHOOK_URL/, args[0]);
    const stranger = await start(args, { env: { OFFHOOK_API_SECRET: 'not-the-secret-of-the-server' } }).done;
    assert.equal(stranger.code, 3, args[0]);
    assert.match(stranger.stderr, /refuses the token.*OFFHOOK_API_SECRET/, args[0]);
    assert.equal(stranger.stderr.split('\n').length, 2, stranger.stderr);
  }
  const ended = await endOf(start(['call', 'alice', 'bob', '--json'], { url: 'http://127.0.0.1:1' }), 3);
  assert.equal(ended, 'failed/server_unreachable');
  const lost = await start(['listen', 'bob'], { url: `${server.url}/nothing/here` }).done;
  assert.equal(lost.code, 3);
  assert.match(lost.stderr, /HTTP 404/);
});

test('over TLS only to a server whose certificate is trusted and names it', async () => {
  const folder = makeFolder();
  const [certificate, key] = ['certificate.pem', 'key.pem'].map((name) => join(folder, name));
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1',
    '-subj', '/CN=somewhere', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', certificate], { stdio: 'ignore' });
  const secure = await startServer(`[tls]\ncertificate = "${certificate}"\nkey = "${key}"\n[timers]\nwake_timeout = "1s"\n`);
  const trusting = { OFFHOOK_CA_FILE: certificate };
  const args = ['call', 'alice', somebody(), '--json'];
  assert.equal(await endOf(start(args, { url: secure.url, env: trusting })), 'unreachable/no_devices');
  assert.equal((await start(['calls'], { url: secure.url, env: trusting }).done).code, 0);
  for (const [url, env] of [[secure.url, {}], [`https://localhost:${secure.port}`, trusting]]) {
    for (const words of [args, ['calls']]) {
      const refused = await start(words, { url, env }).done;
      assert.equal(refused.code, 3, `${url} ${words}: ${refused.stdout}`);
      assert.match(refused.stderr, /No secure connection.*certificate/);
    }
  }
  await secure.stop();
});

test('wrong usage: 2, with a sentence that names the way', async () => {
  for (const [args, says] of [
    [[], /--help/],
    [['cal', 'a', 'b'], /did you mean "call"/],
    [['call', 'a'], /offhook call FROM TO…/],
    [['call', 'a', 'b', '--hangup-after', '3s'], /did you mean --hang-up-after/],
    [['call', 'a', 'b', '--hang-up-after', '3'], /duration like 500ms/],
    [['call', 'a', 'b', '--hang-up-after'], /needs a value/],
    [['call', 'a', 'b', '--ring-timeout', '500ms'], /from 1s to 3min/],
    [['call', 'a', 'b', '--media', 'audio'], /no microphone or camera/],
    [['call', 'a', 'b', '--expect', 'joy'], /outcome such as/],
    [['call', '~a', 'b'], /user's name/],
    [['listen', 'a', '--decline', '--busy'], /Choose one/],
    [['listen', 'a', '--device', 'my phone'], /--device needs/],
    [['calls', '--limit', '0'], /from 1 to 10000/],
    [['calls', 'lisst'], /one of these after it: create, list, get, end, add/],
    [['rules'], /one of these after it: get, set/],
    [['calls', 'list', '--phase', 'over'], /inviting, connecting, active or ended/],
    [['calls', 'list', '--since', 'yesterday'], /time ago like 2h/],
    [['calls', 'list', '--outcome', 'joy'], /outcome such as/],
    [['calls', 'get', 'call_1'], /not the id of a call/],
    [['calls', 'add', 'call_00000000000000000000000001'], /calls add CALL USER…/],
    [['calls', 'create', '--to', 'b'], /needs --from USER and --to USER/],
    [['calls', 'create', '--from', 'a', '--to', 'b', '--mode', 'all_join'], /2 to 16 users/],
    [['calls', 'create', '--from', 'a', '--to', 'b', '--drop-grace', '1s'], /from 3s to 2min/],
    [['calls', 'create', '--from', 'a', '--to', 'b', '--decline-policy', 'never'], /first_decline or all_devices/],
    [['call', 'a', 'b', 'c', '--mode', 'some'], /first_answer or all_join/],
    [['rules', 'set', 'a'], /What shall be different/],
    [['rules', 'set', 'a', '--max-parallel-rings', '9'], /from 1 to 5/],
  ]) {
    const program = await start(args).done;
    assert.equal(program.code, 2, args.join(' '));
    assert.match(program.stderr, says, args.join(' '));
    assert.equal(program.stdout, '', args.join(' '));
  }
  assert.equal((await start(['listen', 'a'], { url: 'ftp://x' }).done).code, 2);
});

test('token: one that the server takes', async () => {
  const made = await start(['token', 'alice', '--expires', '2m', '--json']).done;
  const [{ token, user, expires_at_ms }] = made.told();
  assert.deepEqual([made.code, user, Math.abs(expires_at_ms - Date.now() - 120_000) < 20_000], [0, 'alice', true]);
  const claims = JSON.parse(Buffer.from(token.split('.')[1], 'base64url'));
  assert.deepEqual([claims.iss, claims.sub], ['1000001', 'alice']);
});

test('help of everything, and sentences for people', async () => {
  for (const args of [['--help'], ['help', 'call'], ['listen', '--help'], ['--version'], ['calls', '--help'], ['help', 'rules'], ['calls', 'create', '--help'],
    ['help', 'calls', 'add']]) {
    const program = await start(args).done;
    assert.deepEqual([program.code, program.stderr], [0, ''], args.join(' '));
    assert.match(program.stdout, /offhook/, args.join(' '));
  }
  assert.match((await start(['help', 'calls']).done).stdout, /calls create[^]*calls add CALL USER…/);
  const bob = somebody();
  const callee = start(['listen', bob, '--once', '--decline']);
  await until(() => callee.stdout.includes('can be called now'));
  const caller = await start(['call', 'alice', bob]).done;
  assert.equal(caller.stdout.trimEnd().split('\n').at(-1), `${bob} declined the call.`);
  assert.equal((await callee.done).stdout.trimEnd().split('\n').at(-1), 'You declined the call.');
});

// --- what a project's backend does

// A command that is done at once; its JSON lines.
async function backend(...args) {
  const program = await start([...args, '--json']).done;
  assert.equal(program.code, 0, `${args.join(' ')}: ${program.stdout}${program.stderr}`);
  return program.told();
}

test('calls create: a device of the caller makes the call, and the backend sees it through', async () => {
  const [alice, bob] = [somebody(), somebody()];
  const caller = await listen(alice);
  const callee = await listen(bob, '--answer-after', '0ms', '--hang-up-after', '200ms');
  const create = start(['calls', 'create', '--from', alice, '--to', bob, '--data', 'order 7', '--expect', 'ended', '--json']);
  await create.done;
  assert.equal(create.code, 0, create.stdout + create.stderr);
  const [first, last] = [create.told()[0], create.told().at(-1)];
  assert.deepEqual([first.caller, first.callee, first.phase], [alice, bob, 'inviting']);
  assert.deepEqual([last.outcome, last.reason], ['ended', 'by_callee']);
  assert.equal(await endOf(caller), 'ended/by_callee');
  assert.ok(caller.events().includes('outgoing'), caller.stdout);
  await callee.done;
  assert.equal(callee.told().find(({ event }) => event === 'incoming').data, 'order 7');
  assert.deepEqual((await backend('calls', 'get', first.call_id)).map(({ outcome }) => outcome), ['ended']);
});

test('calls create --expect gives 1 for another outcome; without a device of the caller it says what to do', async () => {
  const alice = somebody();
  const caller = await listen(alice);
  const unreachable = await start(['calls', 'create', '--from', alice, '--to', somebody(), '--wake-timeout', '1s', '--expect', 'ended']).done;
  assert.equal(unreachable.code, 1);
  assert.match(unreachable.stdout.trimEnd().split('\n').at(-1), /unreachable, no_devices {2}call_/);
  assert.equal(await endOf(caller), 'unreachable/no_devices');
  const nobody = await start(['calls', 'create', '--from', somebody(), '--to', alice]).done;
  assert.equal(nobody.code, 3);
  assert.match(nobody.stderr, /offhook listen USER/);
});

test('calls create with several users, calls add and calls end', async () => {
  const [alice, bob, carol, dave] = [somebody(), somebody(), somebody(), somebody()];
  const caller = await listen(alice);
  const joined = await listen(bob, '--answer-after', '0ms');
  const declining = await listen(carol, '--decline');
  const late = await listen(dave, '--answer-after', '0ms');
  const [{ call_id, legs }] = await backend('calls', 'create', '--from', alice, '--to', bob, '--to', carol, '--mode', 'all_join');
  assert.deepEqual(legs.map(({ user }) => user), [bob, carol]);
  await joined.is('active');
  assert.equal(await endOf(declining), 'declined/by_user');
  const [more] = await backend('calls', 'add', call_id, dave);
  assert.equal(more.legs.length, 3);
  await late.is('active');
  const sentence = await start(['calls', 'get', call_id]).done;
  assert.match(sentence.stdout, new RegExp(`${alice} called ${bob} \\(joined\\), ${carol} \\(declined, by_user\\)`));
  const [over] = await backend('calls', 'end', call_id);
  assert.deepEqual([over.outcome, over.reason], ['ended', 'by_api']);
  for (const program of [caller, joined, late]) assert.equal(await endOf(program), 'ended/by_api');
  const again = await start(['calls', 'add', call_id, somebody()]).done;
  assert.deepEqual([again.code, again.stderr.includes('calls get CALL')], [3, true], again.stderr);
  const unknown = await start(['calls', 'end', 'call_00000000000000000000000001']).done;
  assert.deepEqual([unknown.code, unknown.stderr.includes('offhook calls list')], [3, true], unknown.stderr);
});

test('explain: why a call ended, for people and for programs', async () => {
  const alice = somebody();
  const bob = somebody();
  await endOf(start(['call', alice, bob, '--wake-timeout', '1s', '--json']));
  const [{ call_id }] = await backend('calls', 'list', '--user', alice);
  const people = await start(['explain', call_id]).done;
  assert.equal(people.code, 0, people.stderr);
  assert.match(people.stdout, new RegExp(`Why: +${bob} had no device online`));
  assert.match(people.stdout, /Advice: +Is the app of/);
  assert.match(people.stdout, /\+1\.\d{3} s {2}the call ends: unreachable \(no_devices\)/);
  const [told] = await backend('explain', call_id);
  assert.deepEqual([told.call.call_id, told.entries[0].kind], [call_id, 'placed']);
  assert.equal((await start(['explain', 'call_00000000000000000000000001']).done).code, 3);
});

test('calls list: filters, and pages of a limit', async () => {
  const alice = somebody();
  for (let i = 0; i < 3; ++i) await endOf(start(['call', alice, somebody(), '--json']));
  const all = await backend('calls', 'list', '--user', alice);
  assert.equal(all.length, 3);
  assert.deepEqual(await backend('calls', 'list', '--user', alice, '--outcome', 'ended'), []);
  assert.deepEqual(await backend('calls', 'list', '--user', alice, '--phase', 'active'), []);
  assert.equal((await backend('calls', '--user', alice, '--outcome', 'unreachable', '--since', '1h')).length, 3);
  assert.deepEqual(await backend('calls', 'list', '--user', alice, '--until', '1h'), []);
  assert.deepEqual(await backend('calls', 'list', '--user', alice, '--limit', '2'), all.slice(0, 2));
  assert.deepEqual(await backend('calls', 'list', '--user', alice, '--cursor', all[1].call_id), all.slice(2));
  const people = await start(['calls', 'list', '--user', alice, '--limit', '2']).done;
  assert.match(people.stdout.trimEnd().split('\n').at(-1), new RegExp(`--cursor ${all[1].call_id}`));
});

test('rules: read, changed bit by bit, and in force', async () => {
  const bob = somebody();
  assert.deepEqual(await backend('rules', 'get', bob), [{ call_waiting: 'ring_all', max_parallel_rings: 2, do_not_disturb: false, blocked: [] }]);
  await backend('rules', 'set', bob, '--do-not-disturb', 'on', '--block', 'mallory', '--block', 'eve');
  const [changed] = await backend('rules', 'set', bob, '--call-waiting', 'off', '--unblock', 'eve');
  assert.deepEqual(changed, { call_waiting: 'off', max_parallel_rings: 2, do_not_disturb: true, blocked: ['mallory'] });
  assert.match((await start(['rules', 'get', bob]).done).stdout, /do not disturb on, blocked: mallory\./);
  assert.equal(await endOf(call(bob)), 'declined/by_dnd_rule');
  const [defaults] = await backend('rules', 'set', bob, '--defaults', '--max-parallel-rings', '3');
  assert.deepEqual(defaults, { call_waiting: 'ring_all', max_parallel_rings: 3, do_not_disturb: false, blocked: [] });
});

// --- groups, several devices, restarts

test('call with several users: each has an outcome', async () => {
  const [bob, carol] = [somebody(), somebody()];
  const joined = await listen(bob, '--answer-after', '0ms');
  const declining = await listen(carol, '--decline');
  const caller = start(['call', somebody(), bob, carol, '--hang-up-after', '500ms', '--json']);
  assert.equal(await endOf(caller), 'ended/by_caller');
  const legs = caller.told().filter(({ event }) => event === 'legs').at(-1).legs;
  assert.deepEqual(legs.map(({ user, outcome }) => [user, outcome ?? 'in']), [[bob, 'in'], [carol, 'declined']]);
  assert.deepEqual([await endOf(joined), await endOf(declining)], ['ended/by_caller', 'declined/by_user']);
});

test('listen --move-after takes the call over from another device', async () => {
  const bob = somebody();
  const phone = await listen(bob, '--answer-after', '0ms', '--device', 'phone');
  const laptop = await listen(bob, '--ignore', '--device', 'laptop', '--move-after', '100ms');
  const caller = call(bob);
  assert.match(await endOf(phone), /^moved_elsewhere/);
  await laptop.is('active');
  caller.kill('SIGINT');
  assert.equal(await endOf(caller), 'ended/by_caller');
  assert.equal(await endOf(laptop), 'ended/by_caller');
  assert.ok(laptop.events().includes('moving'), laptop.stdout);
});

test('listen --state: what a killed process was in is told by the next', async () => {
  const bob = somebody();
  const state = join(makeFolder(), 'bob.state');
  const killed = await listen(bob, '--answer-after', '0ms', '--state', state);
  const caller = call(bob);
  await Promise.all([caller.is('active'), killed.is('active')]);
  killed.kill('SIGKILL');
  await killed.done;
  const next = start(['listen', bob, '--state', state, '--json']);
  const told = await next.is('unseen_outcome');
  assert.deepEqual([told.outcome, told.reason, told.call], ['dropped', 'callee_lost', killed.told().at(-1).call]);
  assert.equal((await next.is('ready')).device, killed.told()[0].device, 'it is the same device');
  assert.equal(await endOf(caller), 'dropped/callee_lost');
  next.kill('SIGINT');
  await next.done;
  const third = start(['listen', bob, '--state', state, '--json']);
  await third.is('ready');
  third.kill('SIGINT');
  assert.deepEqual((await third.done).events().filter((event) => event === 'unseen_outcome'), []);
});
