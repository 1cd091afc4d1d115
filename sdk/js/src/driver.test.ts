// The engine's joints with the world: timers that fire late, and what a page says.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { Driver } from './driver';
import type { EngineEvent } from './engine/types';
import { fakeSockets, settled, type FakeSocket } from './testing/fake_socket';
import { defaultStorage } from './storage';
import { FakeTimers } from './testing/fake_timers';

interface World { driver: Driver; events: EngineEvent[]; socket: () => FakeSocket; sockets: FakeSocket[] }

async function online(): Promise<World> {
  const { WebSocket, sockets } = fakeSockets();
  const events: EngineEvent[] = [];
  const driver = new Driver({
    url: 'wss://x', getToken: () => 'token', WebSocket, storage: defaultStorage(), onEvent: (event) => events.push(event),
    engine: { deviceId: 'device', client: 'test', commandPrefix: 'c', random: () => 0.5, canRenewToken: false },
  });
  driver.input({ type: 'connect' });
  await settled();
  await sockets[0]!.accept({ heartbeat_ms: 1_000 });
  return { driver, events, sockets, socket: () => sockets.at(-1)! };
}

const close = async ({ driver }: World): Promise<void> => {
  driver.input({ type: 'disconnect' });
  await settled();
};
const names = ({ events }: World): string[] => events.map(({ name }) => name);

/** A page, as far as the driver looks at one. */
function givePage(): { window: EventTarget; document: EventTarget & { visibilityState: string } } {
  const page = { window: new EventTarget(), document: Object.assign(new EventTarget(), { visibilityState: 'visible' }) };
  Object.assign(globalThis, page);
  return page;
}

let timers: FakeTimers;
beforeEach(() => { timers = new FakeTimers().install(); });
afterEach(() => {
  timers.restore();
  Object.assign(globalThis, { window: undefined, document: undefined });
});

test('a page that was held up hears the messages that waited before it believes the link lost', async () => {
  const world = await online();
  timers.stall(60_000);
  world.socket().receive('ping', { period_ms: 1_000 });
  await settled();
  timers.tick(0);
  await settled();
  assert.deepEqual([names(world), world.socket().last('pong')], [['online'], { type: 'pong' }]);
  await close(world);
});

test('a page that was held up and hears nothing has lost its link', async () => {
  const world = await online();
  timers.stall(60_000);
  assert.deepEqual(names(world), ['online']);
  timers.tick(0);
  assert.deepEqual(names(world), ['online', 'offline']);
  await close(world);
});

test('silence closes the socket and opens another; after closing no timer is left', async () => {
  const world = await online();
  timers.tick(2_499);
  assert.deepEqual(names(world), ['online']);
  timers.tick(1);
  assert.deepEqual([names(world), world.sockets[0]!.closedWith], [['online', 'offline'], 4004]);
  timers.tick(250);
  assert.equal(world.sockets.length, 2);
  await close(world);
  assert.equal(timers.pending, 0);
});

test('what a page says makes the link prove that it is alive', async () => {
  const { window, document } = givePage();
  const world = await online();
  const pings = (): number => world.socket().sent.filter(({ type }) => type === 'ping').length;
  document.visibilityState = 'hidden';
  document.dispatchEvent(new Event('visibilitychange'));
  await settled();
  assert.equal(pings(), 0);
  document.visibilityState = 'visible';
  document.dispatchEvent(new Event('visibilitychange'));
  window.dispatchEvent(new Event('online'));
  window.dispatchEvent(new Event('pageshow'));
  await settled();
  assert.equal(pings(), 3);
  await close(world);
});

test('a page that goes for good leaves at once, one that is kept does not', async () => {
  const { window } = givePage();
  const world = await online();
  window.dispatchEvent(Object.assign(new Event('pagehide'), { persisted: true }));
  await settled();
  assert.equal(world.socket().last('bye'), undefined);
  window.dispatchEvent(Object.assign(new Event('pagehide'), { persisted: false }));
  await settled();
  assert.ok(world.socket().last('bye'));
  assert.deepEqual(names(world), ['online', 'closed']);
});

test('a closed client does not listen to the page any more', async () => {
  const { window } = givePage();
  const world = await online();
  await close(world);
  window.dispatchEvent(new Event('online'));
  await settled();
  assert.deepEqual([world.sockets.length, names(world)], [1, ['online', 'closed']]);
});

test('what a listener does comes after what it is being told', async () => {
  const world = await online();
  world.driver.input({ type: 'request', request: 1, body: { type: 'history' } });
  world.driver.input({ type: 'request', request: 2, body: { type: 'watch_presence' } });
  assert.equal(world.socket().sent.length, 1);
  await settled();
  assert.deepEqual(world.socket().sent.slice(1).map(({ type }) => type), ['history', 'watch_presence']);
  await close(world);
});

test('a socket that does not open soon is given up for another one, twice, and the next link is given its time', async () => {
  const { WebSocket, sockets } = fakeSockets();
  const driver = new Driver({
    url: 'wss://x', getToken: () => 'token', WebSocket, storage: defaultStorage(), onEvent: () => {},
    engine: { deviceId: 'device', client: 'test', commandPrefix: 'c', random: () => 0, canRenewToken: false },
  });
  const turn = async (ms: number): Promise<void> => { timers.tick(ms); await settled(); };
  driver.input({ type: 'connect' });
  await settled();
  await turn(1_499);
  assert.equal(sockets.length, 1);
  await turn(1);
  await turn(2_500);
  assert.deepEqual([sockets.length, sockets.map(({ onopen }) => onopen === null)], [3, [true, true, false]]);
  await turn(5_999);
  assert.equal(sockets.length, 3);
  await turn(1);      // the engine's own 10 s for a link are over
  await turn(1_000);  // and its pause
  assert.equal(sockets.length, 4);
  await turn(9_000);
  assert.deepEqual([sockets.length, sockets.map(({ sent }) => sent.length)], [4, [0, 0, 0, 0]]);
  await sockets[3]!.accept();
  sockets[3]!.onclose!({ code: 1006 });  // from now on in a hurry again
  await settled();
  await turn(1_000);
  await turn(1_500);
  assert.equal(sockets.length, 6);
  await sockets[5]!.accept();
  assert.equal(sockets[5]!.last('hello')!.token, 'token');
  await turn(20_000);
  assert.deepEqual([sockets.length, sockets[4]!.closedWith], [6, undefined]);
  driver.input({ type: 'disconnect' });
  await settled();
  assert.equal(timers.pending, 0);
});
