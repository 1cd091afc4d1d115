// The TypeScript client against the real server: groups, calls that go from one device to another, rules, and what is known after a restart.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { after, before, test } from 'node:test';
import { WebSocket } from 'ws';
import { makeToken, startServer, until } from './harness.mjs';

execFileSync(process.execPath, ['scripts/build.mjs'], { cwd: fileURLToPath(new URL('../../sdk/js', import.meta.url)) });
const { OffhookClient, OffhookError } = await import('../../sdk/js/dist/offhook.js');

let server;
before(async () => { server = await startServer('[timers]\nwake_timeout = "2s"\nunstable_after = "1s"\nheartbeat_live = "500ms"\n'); });
after(() => server.stop());

/** A device of a user. `storage` is what is left of it after a restart. */
async function device(user, name = 'one', storage = new Shelf()) {
  const client = new OffhookClient({
    url: `${server.url.replace('http', 'ws')}/v1/client`, deviceId: `${user}-${name}`, WebSocket, storage,
    getToken: async () => (await (await fetch(`${server.url}/dev/token?user=${user}&device=${name}`)).json()).token,
  });
  after(() => client.disconnect());
  const calls = [];
  client.on('incoming', (call) => calls.push(call));
  await client.connect();
  return { user, client, calls, storage };
}

class Shelf {
  texts = new Map();
  getItem(key) { return this.texts.get(key) ?? null; }
  setItem(key, text) { this.texts.set(key, text); }
  copy() { return Object.assign(new Shelf(), { texts: new Map(this.texts) }); }
}

const rings = (there, count = 1) => until(() => there.calls[count - 1]);
const is = (call, state) => until(() => call.state === state);
const end = async (call) => { await is(call, 'ended'); return [call.outcome, call.reason].filter(Boolean).join('/'); };
const legsOf = (call) => call.legs.map(({ user, state, outcome }) => [user, outcome ?? state].join(' '));

let count = 0;
// Names that nobody else has.
const people = (...names) => { count += 1; return names.map((name) => `${name}${count}`); };

async function talk(options = {}) {
  const [a, b] = people('alice', 'bob');
  const [alice, bob] = [await device(a), await device(b)];
  const out = alice.client.call(b, { media: 'none', ...options });
  const call = await rings(bob);
  call.answer();
  await Promise.all([is(out, 'active'), is(call, 'active')]);
  return { alice, bob, out, call };
}

// --- from the backend

const backend = (path, body) => fetch(`${server.url}${path}`, {
  method: 'POST', body: JSON.stringify(body), headers: { authorization: `Bearer ${makeToken({ scope: 'admin' })}` },
});

test('a call that the backend places is made by the device, which hears of it', async () => {
  const [a, b] = people('alice', 'bob');
  const [alice, bob] = [await device(a), await device(b)];
  alice.client.on('outgoing', (call) => alice.calls.push(call));
  assert.equal((await backend('/v1/calls', { from: a, to: b, media: 'none', data: 'order 7' })).status, 201);
  const [out, call] = [await rings(alice), await rings(bob)];
  assert.deepEqual([out.role, out.peer, out.data], ['caller', b, 'order 7']);
  call.answer();
  await Promise.all([is(out, 'active'), is(call, 'active')]);
  out.hangup();
  assert.deepEqual([await end(out), await end(call)], ['ended/by_caller', 'ended/by_caller']);
});

test('an application that does not listen for such calls cancels them', async () => {
  const [a, b] = people('alice', 'bob');
  await device(a);
  const bob = await device(b);
  await backend('/v1/calls', { from: a, to: b, media: 'none' });
  assert.equal(await end(await rings(bob)), 'missed/by_user');
});

// --- from device to device

test('a device that comes online later takes the call over, and the first one takes it back', async () => {
  const { bob, out, call } = await talk();
  const tablet = await device(bob.user, 'tablet');
  const [offer] = await until(() => tablet.client.liveElsewhere.length > 0 && tablet.client.liveElsewhere);
  assert.deepEqual([offer.callId, offer.peer, offer.device, offer.media], [out.id, call.peer, 'one', 'none']);
  const moved = offer.moveHere();
  await is(moved, 'active');
  assert.equal(await end(call), 'moved_elsewhere');
  assert.equal(out.state, 'active');
  await until(() => tablet.client.liveElsewhere.length === 0);
  const [back] = await until(() => bob.client.liveElsewhere.length > 0 && bob.client.liveElsewhere);
  const again = back.moveHere();
  await is(again, 'active');
  assert.equal(await end(moved), 'moved_elsewhere');
  again.hangup();
  assert.deepEqual([await end(out), await end(again)], ['ended/by_callee', 'ended/by_callee']);
  await until(() => tablet.client.liveElsewhere.length === 0);
});

test("the caller's other device takes it over; a device that hangs up before it has the call leaves it where it is", async () => {
  const { alice, out, call } = await talk();
  const phone = await device(alice.user, 'phone');
  const offer = await until(() => phone.client.liveElsewhere[0]);
  const first = offer.moveHere();
  first.hangup();
  assert.equal(await end(first), 'answered_elsewhere');
  assert.equal(out.state, 'active');
  const second = (await until(() => phone.client.liveElsewhere[0])).moveHere();
  await is(second, 'active');
  assert.deepEqual([second.role, await end(out)], ['caller', 'moved_elsewhere']);
  call.hangup();
  assert.equal(await end(second), 'ended/by_callee');
});

test('what is over cannot be taken over any more', async () => {
  const { bob, out } = await talk();
  const tablet = await device(bob.user, 'tablet');
  const offer = await until(() => tablet.client.liveElsewhere[0]);
  out.hangup();
  await until(() => tablet.client.liveElsewhere.length === 0);
  assert.match(await end(offer.moveHere()), /^answered_elsewhere/);
});

// --- groups

test('whoever answers first has the call, the others are told so', async () => {
  const [a, b, c] = people('alice', 'bob', 'carol');
  const [alice, bob, carol] = [await device(a), await device(b), await device(c)];
  const out = alice.client.startGroup([b, c], { media: 'none', mode: 'first_answer' });
  const [atBob, atCarol] = await Promise.all([rings(bob), rings(carol)]);
  await until(() => legsOf(out).join() === `${b} ringing,${c} ringing`);
  atCarol.answer();
  await Promise.all([is(out, 'active'), is(atCarol, 'active')]);
  assert.deepEqual([await end(atBob), out.peer], ['answered_elsewhere', c]);
  atCarol.hangup();
  assert.equal(await end(out), 'ended/by_callee');
});

test('everybody may join: each has an end of its own, and somebody is called in later', async () => {
  const [a, b, c, d, e] = people('alice', 'bob', 'carol', 'dave', 'erin');
  const [alice, bob, carol, dave] = [await device(a), await device(b), await device(c), await device(d)];
  const out = alice.client.startGroup([b, c, e], { media: 'none', mode: 'all_join' });
  const [atBob, atCarol] = await Promise.all([rings(bob), rings(carol)]);
  assert.equal(atBob.groupMode, 'all_join');
  atBob.answer();
  atCarol.decline();
  await Promise.all([is(out, 'active'), is(atBob, 'active')]);
  assert.equal(await end(atCarol), 'declined/by_user');
  await out.ringMore([d, c]);
  const atDave = await rings(dave);
  atDave.answer();
  await is(atDave, 'active');
  await until(() => legsOf(out).join() === `${b} joined,${c} declined,${e} unreachable,${d} joined`);
  atBob.hangup();
  assert.equal(await end(atBob), 'ended/by_callee');
  assert.deepEqual([out.state, atDave.state], ['active', 'active']);
  out.hangup();
  assert.equal(await end(atDave), 'ended/by_caller');
  const [record] = await alice.client.history();
  assert.deepEqual(record.legs.map(({ user, outcome }) => `${user} ${outcome}`), [`${b} ended`, `${c} declined`, `${e} unreachable`, `${d} ended`]);
});

test('a call between two becomes one of three', async () => {
  const { bob, out, call } = await talk();
  const [c] = people('carol');
  const carol = await device(c);
  await call.ringMore([c]);
  const atCarol = await rings(carol);
  atCarol.answer();
  await is(atCarol, 'active');
  await until(() => legsOf(out).join() === `${bob.user} joined,${c} joined`);
  atCarol.hangup();
  await end(atCarol);
  await assert.rejects(atCarol.ringMore(['x']), (error) => error instanceof OffhookError && error.word === 'not_allowed');
  out.hangup();
  assert.equal(await end(call), 'ended/by_caller');
});

// --- settings of one call, and rules

test('the timers of one call are its own', async () => {
  const [a, b] = people('alice', 'bob');
  const [alice, bob] = [await device(a), await device(b)];
  const out = alice.client.call(b, { media: 'none', ringTimeoutMs: 1_000 });
  await rings(bob);
  assert.equal(await end(out), 'no_answer');
  const two = await device(b, 'two');
  const all = alice.client.call(b, { media: 'none', declinePolicy: 'all_devices' });
  const [one, other] = await Promise.all([rings(bob, 2), rings(two)]);
  one.decline();
  await end(one);
  assert.equal(all.state, 'ringing');
  other.decline();
  assert.equal(await end(all), 'declined/by_user');
});

test('do not disturb and blocking are rules of the user, whatever the device', async () => {
  const [a, b] = people('alice', 'bob');
  const [alice, bob] = [await device(a), await device(b)];
  await bob.client.setRules({ doNotDisturb: true });
  const missed = new Promise((resolve) => { bob.client.on('missed', resolve); });
  assert.equal(await end(alice.client.call(b, { media: 'none' })), 'declined/by_dnd_rule');
  assert.equal((await missed).peer, a);
  const two = await device(b, 'two');
  assert.equal((await two.client.getRules()).doNotDisturb, true);
  assert.deepEqual((await two.client.setRules({ blocked: [a] })).blocked, [a]);
  assert.match(await end(alice.client.call(b, { media: 'none' })), /^failed\/blocked$/);
});

// --- over a restart

test('what became of a call while the application was gone is told after the restart, once', async () => {
  const { alice, bob, out, call } = await talk();
  const kept = bob.storage.copy();
  out.hangup();
  await end(call);
  const restarted = await device(bob.user, 'one', kept);
  assert.deepEqual(restarted.client.unseenOutcomes().map(({ callId, role, peer, outcome, reason }) => [callId, role, peer, outcome, reason]),
    [[call.id, 'callee', alice.user, 'ended', 'by_caller']]);
  restarted.client.markSeen();
  await until(() => restarted.client.unseenOutcomes().length === 0);
  const third = await device(bob.user, 'one', restarted.storage);
  assert.deepEqual([third.client.unseenOutcomes(), restarted.calls, third.calls], [[], [], []]);
});

test('a call that goes on after the restart of one side is left by it, and the word about it is the one of the server', async () => {
  const { bob, out } = await talk();
  const restarted = await device(bob.user, 'one', bob.storage.copy());  // the newer client takes the place of the older
  assert.equal(await end(out), 'dropped/callee_lost');
  await until(() => restarted.client.unseenOutcomes()[0]?.outcome === 'dropped');
});

test('a call that rings rings again after a restart, and one that was declined does not', async () => {
  const [a, b] = people('alice', 'bob');
  const [alice, bob] = [await device(a), await device(b)];
  const out = alice.client.call(b, { media: 'none', declinePolicy: 'all_devices' });
  await rings(bob);
  const two = await device(b, 'two');
  await rings(two);
  const again = await device(b, 'one', bob.storage.copy());
  const call = await rings(again);
  call.decline();
  await end(call);
  const third = await device(b, 'one', again.storage.copy());
  assert.deepEqual([third.calls, out.state], [[], 'ringing']);
  out.cancel();
  await end(out);
});
