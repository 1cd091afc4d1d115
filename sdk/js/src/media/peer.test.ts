import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';
import { FakePeerConnection, FakeStream, FakeTrack, giveMedia } from '../testing/fake_media';
import { settled } from '../testing/fake_socket';
import { FakeTimers } from '../testing/fake_timers';
import { Peer } from './peer';

interface Side { peer: Peer; fake: FakePeerConnection; told: string[]; sent: string[] }

function makeSide(isPolite: boolean): Side {
  const told: string[] = [];
  const sent: string[] = [];
  const peer = new Peer([{ urls: ['stun:s'] }], isPolite, {
    send: (part) => sent.push('description' in part ? part.description.type : part.candidate),
    onStream: () => told.push('stream'),
    onReceiving: (isReceiving) => told.push(isReceiving ? 'up' : 'down'),
    onFailed: () => told.push('failed'),
  });
  return { peer, fake: FakePeerConnection.made.at(-1)!, told, sent };
}

const tracks = (): MediaStream => new FakeStream('audio') as unknown as MediaStream;
const offer = { description: { type: 'offer', sdp: 'theirs' } } as const;

let timers: FakeTimers;
beforeEach(() => {
  giveMedia(() => Promise.resolve(new FakeStream('audio')));
  timers = new FakeTimers().install();
});
afterEach(() => timers.restore());

test('tracks make an offer, an answer completes it', async () => {
  const { peer, fake, sent } = makeSide(true);
  assert.deepEqual(fake.configuration, { iceServers: [{ urls: ['stun:s'] }] });
  peer.addTracks(tracks());
  await settled();
  assert.deepEqual(sent, ['offer']);
  await peer.onNegotiation({ description: { type: 'answer', sdp: 'theirs' } });
  assert.equal(fake.signalingState, 'stable');
  peer.close();
});

test('an offer is answered', async () => {
  const { peer, fake, sent } = makeSide(false);
  await peer.onNegotiation(offer);
  assert.deepEqual([sent, fake.signalingState], [['answer'], 'stable']);
  peer.close();
});

const newest = (): FakePeerConnection => FakePeerConnection.made.at(-1)!;

test('of two offers that cross, the polite side answers, the other passes over it and its candidates', async () => {
  const impolite = makeSide(false);
  const polite = makeSide(true);
  for (const { peer } of [polite, impolite]) peer.addTracks(tracks());
  await settled();
  for (const { peer } of [polite, impolite]) {
    await peer.onNegotiation(offer);
    await peer.onNegotiation({ candidate: '{"candidate":"c"}' });
  }
  assert.deepEqual([polite.sent, impolite.sent], [['offer', 'answer'], ['offer']]);
  assert.deepEqual([newest().candidates.length, impolite.fake.candidates.length], [1, 0]);
  await impolite.peer.onNegotiation({ description: { type: 'answer', sdp: 'theirs' } });
  assert.equal(impolite.fake.signalingState, 'stable');
  for (const { peer } of [polite, impolite]) peer.close();
});

test('the first offer that gives way goes with its connection, and a new one has the tracks', async () => {
  const { peer, fake, sent, told } = makeSide(true);
  peer.addTracks(tracks());
  await settled();
  await peer.onNegotiation(offer);
  assert.notEqual(newest(), fake);
  assert.deepEqual([fake.isClosed, fake.remote.length, newest().senders.length, newest().configuration], [true, 0, 1, fake.configuration]);
  fake.packets = 5;
  assert.deepEqual([fake.onicecandidate, fake.onconnectionstatechange], [null, null]);  // it has nothing to say any more
  newest().ontrack!({ track: new FakeTrack('audio') });
  newest().turn('connected');
  newest().packets = 5;
  timers.tick(200);
  await settled();
  timers.tick(200);
  await settled();
  assert.deepEqual([sent, told], [['offer', 'answer'], ['stream', 'up']]);
  peer.close();
  assert.equal(newest().isClosed, true);
});

test('an offer that is still being made is not sent when another one comes', async () => {
  const { peer, sent } = makeSide(true);
  peer.addTracks(tracks());
  await Promise.resolve();  // it has begun
  await peer.onNegotiation(offer);
  await settled();
  assert.equal(sent[0], 'answer');
  peer.close();
});

test('once they have agreed a later offer that gives way is rolled back, and the connection stays', async () => {
  const { peer, fake, sent } = makeSide(true);
  peer.addTracks(tracks());
  await settled();
  await peer.onNegotiation({ description: { type: 'answer', sdp: 'theirs' } });
  peer.restart(true);
  await settled();
  await peer.onNegotiation(offer);
  assert.deepEqual([sent, newest() === fake, fake.isClosed], [['offer', 'offer', 'answer'], true, false]);
  peer.close();
});

test('parts are dealt with in the order they came', async () => {
  const { peer, fake } = makeSide(true);
  void peer.onNegotiation(offer);
  await peer.onNegotiation({ candidate: '{"candidate":"c"}' });
  assert.deepEqual(fake.candidates, [{ candidate: 'c' }]);
  peer.close();
});

test('a part of no use is passed over', async () => {
  const { peer, sent } = makeSide(true);
  const warn = mock.method(console, 'warn', () => {});
  await peer.onNegotiation({ candidate: 'no JSON' });
  await peer.onNegotiation(offer);
  assert.deepEqual([warn.mock.callCount(), sent], [1, ['answer']]);
  warn.mock.restore();
  peer.close();
});

test('own candidates are sent, their end is not', () => {
  const { peer, fake, sent } = makeSide(true);
  fake.onicecandidate!({ candidate: { candidate: 'c' } });
  fake.onicecandidate!({ candidate: null });
  assert.deepEqual(sent, ['{"candidate":"c"}']);
  peer.close();
});

test('media is up when something really arrives, and down when the way is lost', async () => {
  const { peer, fake, told } = makeSide(true);
  fake.ontrack!({ track: new FakeTrack('audio') });
  fake.turn('connected');
  await settled();
  timers.tick(1_000);
  await settled();
  assert.deepEqual(told, ['stream']);
  fake.packets = 5;
  timers.tick(200);
  await settled();
  assert.deepEqual(told, ['stream', 'up']);
  fake.turn('disconnected');
  assert.deepEqual(told, ['stream', 'up', 'down']);
  fake.turn('connected');
  await settled();
  fake.packets = 9;
  timers.tick(200);
  await settled();
  assert.deepEqual(told, ['stream', 'up', 'down', 'up']);
  peer.close();
});

test('ICE is restarted 2 s after the way is lost, unless it came back', async () => {
  const { peer, fake } = makeSide(true);
  fake.turn('connected');
  fake.turn('disconnected');
  timers.tick(1_999);
  fake.turn('connected');
  timers.tick(10_000);
  assert.equal(fake.restarts, 0);
  fake.turn('disconnected');
  timers.tick(2_000);
  assert.equal(fake.restarts, 1);
  fake.turn('failed');
  assert.equal(fake.restarts, 2);
  await settled();
  peer.close();
});

test('a way that was never found is a failure', () => {
  const { peer, fake, told } = makeSide(true);
  fake.turn('connecting');
  fake.turn('failed');
  assert.deepEqual([told, fake.restarts], [['failed'], 0]);
  peer.close();
});

test('a new connection of the other side gets a new offer, over a new connection as long as nothing is agreed', async () => {
  const { peer, fake, sent } = makeSide(true);
  peer.addTracks(tracks());
  await settled();
  peer.restart(false);
  await settled();
  assert.deepEqual([sent, fake.isClosed, newest().senders.length], [['offer', 'offer'], true, 1]);
  await peer.onNegotiation({ description: { type: 'answer', sdp: 'theirs' } });
  const agreed = newest();
  peer.restart(false);
  await settled();
  assert.deepEqual([sent, newest() === agreed, agreed.restarts], [['offer', 'offer', 'offer'], true, 1]);
  peer.restart(false);  // and the offer just made is lost too
  await settled();
  assert.deepEqual([sent, newest() === agreed, agreed.restarts], [['offer', 'offer', 'offer', 'offer'], true, 2]);
  peer.close();
});

test('after closing nothing happens any more', async () => {
  const { peer, fake, sent, told } = makeSide(true);
  fake.turn('connected');
  fake.packets = 5;
  fake.turn('disconnected');
  peer.close();
  await peer.onNegotiation(offer);
  timers.tick(60_000);
  await settled();
  assert.deepEqual([sent, told, fake.restarts, fake.isClosed], [[], [], 0, true]);
});
