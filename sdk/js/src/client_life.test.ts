// The façade: groups, calls at other devices, rules, and what is kept over a restart, over a socket whose other end is the test.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { ClientOptions, JournalStorage } from './api';
import { OffhookClient } from './client';
import { OffhookError } from './errors';
import { fakeSockets, settled, type FakeSocket } from './testing/fake_socket';
import type { JsonObject } from './testing/transcript';

const url = 'wss://calls.example.org/v1/client';
const token = `x.${Buffer.from('{"iss":"1","sub":"alice"}').toString('base64url')}.y`;
const key = 'offhook.journal.1.device.alice';

interface World { client: OffhookClient; socket: () => FakeSocket; errors: string[] }

// Also those whose process is said to be gone.
const clients: OffhookClient[] = [];
after(() => Promise.all(clients.map((client) => client.disconnect())));

async function online(options: Partial<ClientOptions> = {}, welcome: JsonObject = {}): Promise<World> {
  const { WebSocket, sockets } = fakeSockets();
  const client = new OffhookClient({ url, token, deviceId: 'device', WebSocket, ...options });
  clients.push(client);
  const errors: string[] = [];
  client.on('error', ({ word }) => errors.push(word));
  const connected = client.connect();
  await settled();
  await sockets.at(-1)!.accept(welcome);
  await connected;
  return { client, socket: () => sockets.at(-1)!, errors };
}

class Shelf implements JournalStorage {
  readonly texts = new Map<string, string>();
  getItem(name: string): string | null { return this.texts.get(name) ?? null; }
  setItem(name: string, text: string): void { this.texts.set(name, text); }
  /** As it is at this moment, whatever a client may still write. */
  copy(): Shelf {
    const copy = new Shelf();
    for (const [name, text] of this.texts) copy.setItem(name, text);
    return copy;
  }
}

const calling: JsonObject = { call_id: 'k', phase: 'inviting', role: 'caller', you: 'calling' };
const ended: JsonObject = { call_id: 'k', phase: 'ended', role: 'caller', you: 'done', outcome: 'busy', reason: 'in_call', device_outcome: 'busy' };
const away: JsonObject = { call_id: 'k', role: 'callee', peer: 'bob', device: 'Desk', media: 'none', answered_at_ms: 5 };

// --- groups and settings of one call

test('a group and everything that can be set for one call', async () => {
  const { client, socket } = await online();
  const call = client.startGroup(['bob', 'carol'], {
    media: 'none', mode: 'all_join', ownerLeaves: 'stay', ringTimeoutMs: 60_000, wakeTimeoutMs: 5_000, connectTimeoutMs: 6_000, dropGraceMs: 7_000,
    maxDurationMs: 60_000, declinePolicy: 'all_devices', waitFullRing: true,
  });
  await settled();
  const { cmd_id: _, ...invite } = socket().last('invite')!;
  assert.deepEqual(invite, {
    type: 'invite', group: { users: ['bob', 'carol'], mode: 'all_join', owner_leaves: 'stay' }, media: 'none', ring_timeout_ms: 60_000,
    wake_timeout_ms: 5_000, connect_timeout_ms: 6_000, drop_grace_ms: 7_000, max_duration_ms: 60_000, decline_policy: 'all_devices', wait_full_ring: true,
  });
  const changes: string[][] = [];
  call.on('legsChanged', ({ legs }) => changes.push(legs.map(({ user, state }) => `${user} ${state}`)));
  const legs = [{ user: 'bob', state: 'ringing' }, { user: 'carol', state: 'invited' }];
  socket().reply('invite', { call: { ...calling, group_mode: 'all_join', legs } });
  await settled();
  assert.deepEqual([call.groupMode, call.legs, changes], ['all_join', legs, [['bob ringing', 'carol invited']]]);
});

test('wrong arguments of a group are told at once', async () => {
  const { client } = await online();
  const options = { media: 'none', mode: 'all_join' } as const;
  const cases: [() => unknown, RegExp][] = [
    [() => client.startGroup(['bob'], options), /2 to 16 users/],
    [() => client.startGroup(['bob', 'bob'], options), /each user once/],
    [() => client.startGroup(['bob', ''], options), /named by 1 to 128 bytes/],
    [() => client.startGroup(['bob', 'carol'], { ...options, mode: 'some' as 'all_join' }), /mode is "some"/],
    [() => client.startGroup(['bob', 'carol'], { ...options, ownerLeaves: 'x' as 'end' }), /ownerLeaves is "x"/],
    [() => client.call('bob', { media: 'none', dropGraceMs: 2_999 }), /dropGraceMs is 2999; it must be 3000 to 120000/],
    [() => client.call('bob', { media: 'none', declinePolicy: 'x' as 'all_devices' }), /declinePolicy is "x"/],
  ];
  for (const [act, sentence] of cases) assert.throws(act, (error) => error instanceof OffhookError && error.word === 'bad_option' && sentence.test(error.message));
});

test('ringMore adds users, and says when that is not possible', async () => {
  const { client, socket } = await online();
  const call = client.call('bob', { media: 'none' });
  await assert.rejects(call.ringMore(['carol']), /Nobody can be added/);
  await settled();
  socket().reply('invite', { call: calling });
  await settled();
  const adding = call.ringMore(['carol']);
  const refused = assert.rejects(call.ringMore(['dave']), (error) => error instanceof OffhookError && error.word === 'limit_reached');
  await settled();
  const [first, second] = socket().sent.filter(({ type }) => type === 'ring_more');
  assert.deepEqual([first!.call_id, first!.users], ['k', ['carol']]);
  socket().receive('reply', { cmd_id: first!.cmd_id!, call: { ...calling, group_mode: 'all_join', legs: [{ user: 'bob', state: 'ringing' }, { user: 'carol', state: 'invited' }] } });
  socket().receive('error', { cmd_id: second!.cmd_id!, error: 'limit_reached' });
  await Promise.all([adding, refused]);
  assert.equal(call.legs.length, 2);
});

// --- other devices

test('a call at another device is listed and can be taken over; meanwhile it is not offered twice', async () => {
  const { client, socket } = await online();
  const told: number[] = [];
  client.on('liveElsewhere', (calls) => told.push(calls.length));
  socket().receive('elsewhere', { calls: [away] });
  await settled();
  const [offer] = client.liveElsewhere;
  assert.deepEqual([offer!.callId, offer!.peer, offer!.device, offer!.role, offer!.media, offer!.answeredAtMs, offer!.isGroup], ['k', 'bob', 'Desk', 'callee', 'none', 5, false]);
  const call = offer!.moveHere();
  assert.deepEqual([call.id, call.peer, call.state, offer!.moveHere()], ['k', 'bob', 'connecting', call]);
  await settled();
  assert.equal(socket().sent.filter(({ type }) => type === 'move_here').length, 1);
  socket().reply('move_here', { call: { call_id: 'k', phase: 'active', role: 'callee', you: 'moving', session_id: 's' } });
  await settled();
  socket().receive('call', { call: { call_id: 'k', you: 'elsewhere', device_outcome: 'answered_elsewhere' } });
  await settled();
  assert.deepEqual([call.outcome, told], ['answered_elsewhere', [1, 0, 1]]);
  await client.disconnect();
  assert.deepEqual(client.liveElsewhere, []);
});

// --- rules

test('rules in the words of the API, defaults filled in', async () => {
  const { client, socket } = await online();
  const got = client.getRules();
  await settled();
  socket().reply('get_rules', { rules: {} });
  assert.deepEqual(await got, { callWaiting: 'ring_all', maxParallelRings: 2, doNotDisturb: false, blocked: [] });
  const set = client.setRules({ doNotDisturb: true, blocked: ['eve'] });
  await settled();
  const { rules } = socket().last('set_rules')!;
  assert.deepEqual(rules, { do_not_disturb: true, blocked: ['eve'] });
  socket().reply('set_rules', { rules: { call_waiting: 'off', max_parallel_rings: 1, do_not_disturb: true, blocked: ['eve'] } });
  assert.deepEqual(await set, { callWaiting: 'off', maxParallelRings: 1, doNotDisturb: true, blocked: ['eve'] });
});

// --- over a restart

async function placed(storage: JournalStorage): Promise<World> {
  const world = await online({ storage });
  world.client.call('bob', { media: 'none' });
  await settled();
  world.socket().reply('invite', { call: calling });
  await settled();
  return world;
}

test('an outcome that the application was called with is none to be told after the restart', async () => {
  const storage = new Shelf();
  const before = await placed(storage);
  before.socket().receive('call', { call: ended });
  await settled();
  assert.match(storage.getItem(key)!, /"outcome":"busy".*"seen":true/);
  const after = await online({ storage });
  assert.deepEqual([after.client.unseenOutcomes(), after.errors], [[], []]);
});

test('one that it was not called with is, until it is marked', async () => {
  const storage = new Shelf();
  await placed(storage);
  const kept = storage.copy();  // the process is gone
  const { client } = await online({ storage: kept }, { calls: [ended] });
  const [outcome] = client.unseenOutcomes();
  assert.deepEqual({ ...outcome, atMs: 0 }, { callId: 'k', role: 'caller', peer: 'bob', media: 'none', outcome: 'busy', reason: 'in_call', atMs: 0 });
  const told: number[] = [];
  client.on('unseenOutcomes', (outcomes) => told.push(outcomes.length));
  client.markSeen('k');
  await settled();
  assert.deepEqual([client.unseenOutcomes(), told], [[], [0]]);
  assert.deepEqual((await online({ storage: kept })).client.unseenOutcomes(), []);
});

test('a storage that is full or forbidden is told once and stops no call', async () => {
  const cases: JournalStorage[] = [
    { getItem: () => null, setItem: () => { throw new Error('full'); } },
    { getItem: () => { throw new Error('forbidden'); }, setItem: () => { throw new Error('forbidden'); } },
  ];
  for (const storage of cases) {
    const { client, socket, errors } = await placed(storage);
    const call = client.call('carol', { media: 'none' });
    await settled();
    socket().reply('invite', { call: { ...calling, call_id: 'k2' } });
    socket().receive('call', { call: { ...ended, call_id: 'k2' } });
    await settled();
    assert.deepEqual([call.outcome, errors], ['busy', ['storage']]);
  }
});
