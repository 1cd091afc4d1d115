import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import type { CallAction, SessionNews } from '../engine/types';
import type { CommandBody, LeaveWord, Reply, SessionEvent, WireConnection } from '../protocol';
import { FakePeerConnection, FakeStream, FakeTrack, giveMedia, namedError } from '../testing/fake_media';
import { settled } from '../testing/fake_socket';
import { FakeTimers } from '../testing/fake_timers';
import { CallMedia } from './call_media';

interface Bench { media: CallMedia; told: string[]; reports: CallAction[]; commands: CommandBody[] }

function makeBench(kind: 'audio' | 'video' = 'video'): Bench {
  const told: string[] = [];
  const reports: CallAction[] = [];
  const commands: CommandBody[] = [];
  const media = new CallMedia(kind, {
    request: (body) => {
      commands.push(body);
      const stream = { stream_id: 'mine', connection_id: 'b', has_audio: true, has_video: true, created_at_ms: 0 };
      return Promise.resolve<Reply>(body.type === 'publish' ? { type: 'reply', cmd_id: '', stream } : { type: 'reply', cmd_id: '' });
    },
    iceServers: () => [{ urls: ['stun:s'] }],
    report: (action) => reports.push(action),
    onLocalStream: () => told.push('local'),
    onParticipant: (event, { user }) => told.push(`${event.replace('participant', '').toLowerCase()} ${user}`),
    onError: ({ word }) => told.push(word),
  });
  return { media, told, reports, commands };
}

/** Written `connection` or `connection:user`. */
const connectionOf = (text: string): WireConnection => {
  const [connection_id, user] = text.split(':') as [string, string?];
  return { connection_id, ...(user && { user }), created_at_ms: 0 };
};
const joined = (others: string[] = [], own = 'b'): SessionNews => ({
  name: 'session_connected', session_id: 's', connection: connectionOf(own), connections: others.map(connectionOf), streams: [],
});
const happens = (event: object): SessionNews => ({ name: 'session_event', event: { seq: 1, session_id: 's', ...event } as SessionEvent });
const arrives = (connection: string): SessionNews => happens({ type: 'connection_created', connection: connectionOf(connection) });
const goes = (connection_id: string, reason: LeaveWord): SessionNews => happens({ type: 'connection_destroyed', connection_id, reason });
const commandsOf = (bench: Bench, type: CommandBody['type']): CommandBody[] => bench.commands.filter((body) => body.type === type);

let stream: FakeStream;
beforeEach(() => {
  stream = new FakeStream('audio', 'video');
  giveMedia(() => Promise.resolve(stream));
});

/** Answered, joined, the other side there. */
async function talking(): Promise<Bench> {
  const bench = makeBench();
  await bench.media.open();
  bench.media.onAnswered('video');
  bench.media.onSessionNews(joined(['a:alice'], 'b:bob'));
  await settled();
  return bench;
}

test('nothing is negotiated before the session is joined and the other side is there', async () => {
  const bench = makeBench();
  await bench.media.open();
  bench.media.onAnswered('video');
  assert.deepEqual([bench.told, FakePeerConnection.made.length], [['local'], 0]);
  bench.media.onSessionNews(joined());
  await settled();
  assert.deepEqual(bench.commands.map(({ type }) => type), ['publish']);
  bench.media.onSessionNews(arrives('a'));
  await settled();
  const [offer] = commandsOf(bench, 'negotiate');
  assert.ok(offer?.type === 'negotiate' && offer.to === 'a' && offer.description?.type === 'offer');
  assert.equal(FakePeerConnection.made[0]!.senders.length, 2);
  bench.media.stop();
});

test('the devices are opened once, and closed at the end at once', async () => {
  let opened = 0;
  giveMedia(() => { opened += 1; return Promise.resolve(stream); });
  const bench = await talking();
  bench.media.stop();
  assert.deepEqual([opened, stream.tracks.map(({ readyState }) => readyState)], [1, ['ended', 'ended']]);
  assert.equal(FakePeerConnection.made[0]!.isClosed, true);
  bench.media.onSessionNews(arrives('c'));
  await settled();
  assert.equal(FakePeerConnection.made.length, 1);
});

test('devices that open after the end are closed at once and not shown', async () => {
  const bench = makeBench();
  const opening = bench.media.open();
  bench.media.stop();
  await opening;
  assert.deepEqual([bench.told, stream.tracks[0]!.readyState], [[], 'ended']);
});

test('muting is heard by nobody and told to the other side', async () => {
  const bench = await talking();
  bench.media.setMuted(true);
  bench.media.setCameraOff(true);
  bench.media.setMuted(false);
  assert.deepEqual(stream.tracks.map(({ enabled }) => enabled), [true, false]);
  const flags = commandsOf(bench, 'update_stream').map((body) => body.type === 'update_stream' && [body.stream_id, body.has_audio, body.has_video]);
  assert.deepEqual(flags, [['mine', false, true], ['mine', false, false], ['mine', true, false]]);
  bench.media.stop();
});

test('muted before there is anything to mute', async () => {
  const bench = makeBench();
  bench.media.setMuted(true);
  await bench.media.open();
  assert.equal(stream.tracks[0]!.enabled, false);
  bench.media.onSessionNews(joined());
  const [publish] = commandsOf(bench, 'publish');
  assert.ok(publish?.type === 'publish' && !publish.has_audio && publish.has_video);
  bench.media.setMuted(false);  // while the server has not answered yet
  await settled();
  const [update] = commandsOf(bench, 'update_stream');
  assert.ok(update?.type === 'update_stream' && update.has_audio);
  bench.media.stop();
});

test('what the other side says it sends is shown, what we send is not', async () => {
  const bench = await talking();
  const told = (connection_id: string, has_video: boolean) => bench.media.onSessionNews({
    name: 'session_event',
    event: { type: 'stream_updated', seq: 1, session_id: 's', stream: { stream_id: 'x', connection_id, has_audio: true, has_video, created_at_ms: 0 } },
  });
  told('b', true);
  assert.equal(bench.media.participants[0]!.hasAudio, undefined);
  told('a', false);
  assert.deepEqual(bench.media.participants.map(({ hasAudio, hasVideo }) => [hasAudio, hasVideo]), [[true, false]]);
  bench.media.stop();
});

test('a refused permission and a missing device are told, and reported once the call is answered', async () => {
  for (const [name, reason] of [['NotAllowedError', 'permission'], ['SecurityError', 'permission'], ['NotFoundError', 'device']] as const) {
    giveMedia(() => Promise.reject(namedError(name)));
    const bench = makeBench();
    await bench.media.open();
    assert.deepEqual([bench.told, bench.reports], [[reason], []]);
    bench.media.onAnswered('video');
    assert.deepEqual(bench.reports, [{ do: 'media_failed', reason }]);
  }
});

test('a way that is not found is reported', async () => {
  const bench = await talking();
  FakePeerConnection.made[0]!.turn('failed');
  assert.deepEqual(bench.reports, [{ do: 'media_failed', reason: 'ice_failed' }]);
  assert.equal(bench.told.at(-1), 'ice_failed');
  bench.media.stop();
});

test('without WebRTC the device is the failure', async () => {
  Object.defineProperty(globalThis, 'RTCPeerConnection', { value: undefined, configurable: true });
  const bench = await talking();
  assert.deepEqual(bench.reports, [{ do: 'media_failed', reason: 'device' }]);
  bench.media.stop();
});

test('a new connection on either side publishes and negotiates anew over the same peer connection', async () => {
  const bench = await talking();
  bench.media.onSessionNews(happens({ type: 'negotiation', from: 'a', description: { type: 'answer', sdp: 'theirs' } }));
  await settled();
  bench.media.onSessionNews(goes('a', 'network_disconnected'));
  bench.media.onSessionNews(arrives('z:alice'));
  await settled();
  const last = commandsOf(bench, 'negotiate').at(-1);
  assert.ok(last?.type === 'negotiate' && last.to === 'z');
  bench.media.onSessionNews(joined(['z:alice'], 'b2:bob'));
  await settled();
  assert.deepEqual([commandsOf(bench, 'publish').length, FakePeerConnection.made.length, FakePeerConnection.made[0]!.restarts], [2, 1, 2]);
  assert.deepEqual(bench.told, ['local', 'joined alice']);
  bench.media.stop();
});

test('who has forgotten that media runs is told again', async () => {
  const bench = await talking();
  await receives(0);
  bench.media.onSessionNews(joined(['z:alice'], 'b2:bob'));
  await settled();
  assert.deepEqual(bench.reports, [{ do: 'media_up' }, { do: 'media_up' }]);
  bench.media.stop();
});

test('what an older connection of the other side still says is passed over', async () => {
  const bench = await talking();
  const says = (from: string) => bench.media.onSessionNews(happens({ type: 'negotiation', from, description: { type: 'answer', sdp: from } }));
  says('old');
  says('a');
  await settled();
  assert.deepEqual(FakePeerConnection.made[0]!.remote.map(({ sdp }) => sdp), ['a']);
  bench.media.stop();
});

test('a call that became one of sound only sends no picture', async () => {
  const bench = makeBench();
  await bench.media.open();
  bench.media.onAnswered('audio');
  assert.deepEqual(stream.tracks.map(({ kind, readyState }) => [kind, readyState]), [['audio', 'live']]);
  bench.media.onSessionNews(joined());
  const [publish] = commandsOf(bench, 'publish');
  assert.ok(publish?.type === 'publish' && !publish.has_video);
  bench.media.stop();
});

test('a call on hold sends nothing, and afterwards what it sent before', async () => {
  const bench = await talking();
  bench.media.setCameraOff(true);
  bench.media.setHeld(true);
  assert.deepEqual(stream.tracks.map(({ enabled }) => enabled), [false, false]);
  bench.media.setHeld(false);
  assert.deepEqual(stream.tracks.map(({ enabled }) => enabled), [true, false]);
  bench.media.stop();
});

// --- several

const made = (): FakePeerConnection[] => FakePeerConnection.made;

/** Connected, and packets come. */
async function receives(index: number): Promise<void> {
  made()[index]!.packets += 5;
  made()[index]!.turn('connected');
  made()[index]!.ontrack!({ track: new FakeTrack('video') });
  await settled();
}

test('everybody in the session gets a peer connection with the same sound and picture', async () => {
  const bench = await talking();
  bench.media.onSessionNews(arrives('c:carol'));
  bench.media.onSessionNews(arrives('d:dave'));
  await settled();
  assert.deepEqual(made().map(({ senders }) => senders.length), [2, 2, 2]);
  assert.deepEqual(commandsOf(bench, 'negotiate').map((body) => body.type === 'negotiate' && body.to), ['a', 'c', 'd']);
  assert.deepEqual(bench.media.participants.map(({ user }) => user), ['alice', 'carol', 'dave']);
  bench.media.onSessionNews(goes('c', 'force_disconnected'));
  assert.deepEqual(made().map(({ isClosed }) => isClosed), [false, true, false]);
  assert.equal(bench.told.at(-1), 'left carol');
  bench.media.stop();
  assert.ok(made().every(({ isClosed }) => isClosed));
});

test('media is up with the first of them and down with the last', async () => {
  const bench = await talking();
  bench.media.onSessionNews(arrives('c:carol'));
  await receives(0);
  await receives(1);
  assert.deepEqual(bench.reports, [{ do: 'media_up' }]);
  assert.ok(bench.media.participants.every(({ isReceived, stream: theirs }) => isReceived && theirs));
  made()[0]!.turn('disconnected');
  assert.deepEqual(bench.reports.length, 1);
  bench.media.onSessionNews(goes('c', 'client_disconnected'));
  assert.deepEqual(bench.reports.at(-1), { do: 'media_down' });
  bench.media.stop();
});

test('no way to one of several is told, and only to nobody at all a failure', async () => {
  const bench = await talking();
  bench.media.onSessionNews(arrives('c:carol'));
  made()[0]!.turn('failed');
  assert.deepEqual([bench.told.at(-1), bench.reports], ['ice_failed', []]);
  made()[1]!.turn('failed');
  assert.deepEqual(bench.reports, [{ do: 'media_failed', reason: 'ice_failed' }]);
  bench.media.stop();
});

test('a user who takes the call to another device is shown from the old one until that is put out', async () => {
  const bench = await talking();
  await receives(0);
  const before = bench.media.participants[0]!.stream;
  bench.media.onSessionNews(arrives('a2:alice'));
  await settled();
  await receives(1);
  assert.equal(made().length, 2);
  assert.equal(bench.media.participants[0]!.stream, before);
  bench.media.onSessionNews(goes('a', 'force_disconnected'));
  assert.notEqual(bench.media.participants[0]!.stream, before);
  assert.deepEqual([bench.told.filter((one) => one.startsWith('left')), bench.reports], [[], [{ do: 'media_up' }]]);
  bench.media.stop();
});

test('the other device of this user is nobody to talk with', async () => {
  const bench = makeBench();
  await bench.media.open();
  bench.media.onAnswered('video');
  bench.media.onSessionNews(joined(['a:alice', 'old:bob'], 'b:bob'));
  bench.media.onSessionNews(arrives('b3:bob'));
  await settled();
  assert.deepEqual([made().length, bench.media.participants.map(({ user }) => user)], [1, ['alice']]);
  bench.media.stop();
});

test('a side that is lost for longer than any grace is gone', async () => {
  const timers = new FakeTimers().install();
  try {
    const bench = await talking();
    bench.media.onSessionNews(goes('a', 'network_disconnected'));
    timers.tick(119_999);
    assert.equal(bench.media.participants.length, 1);
    timers.tick(1);
    assert.deepEqual([bench.media.participants.length, made()[0]!.isClosed], [0, true]);
    bench.media.stop();
  } finally {
    timers.restore();
  }
});
