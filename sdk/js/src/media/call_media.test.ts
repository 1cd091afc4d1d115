import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import type { CallAction, SessionNews } from '../engine/types';
import type { CommandBody, Reply } from '../protocol';
import { FakePeerConnection, FakeStream, giveMedia, namedError } from '../testing/fake_media';
import { settled } from '../testing/fake_socket';
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
    onRemoteStream: () => told.push('remote'),
    onError: ({ word }) => told.push(word),
    onChange: () => told.push('change'),
  });
  return { media, told, reports, commands };
}

const joined = (others: string[] = [], own = 'b'): SessionNews => ({
  name: 'session_connected', session_id: 's', connection: { connection_id: own, created_at_ms: 0 },
  connections: others.map((connection_id) => ({ connection_id, created_at_ms: 0 })), streams: [],
});
const arrives = (connection_id: string) => ({
  name: 'session_event', event: { type: 'connection_created', seq: 1, session_id: 's', connection: { connection_id, created_at_ms: 0 } },
}) as const;
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
  bench.media.onAnswered();
  bench.media.onSessionNews(joined(['a']));
  await settled();
  return bench;
}

test('nothing is negotiated before the session is joined and the other side is there', async () => {
  const bench = makeBench();
  await bench.media.open();
  bench.media.onAnswered();
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
  assert.equal(bench.media.peerHas, undefined);
  told('a', false);
  assert.deepEqual(bench.media.peerHas, { audio: true, video: false });
  bench.media.stop();
});

test('a refused permission and a missing device are told, and reported once the call is answered', async () => {
  for (const [name, reason] of [['NotAllowedError', 'permission'], ['SecurityError', 'permission'], ['NotFoundError', 'device']] as const) {
    giveMedia(() => Promise.reject(namedError(name)));
    const bench = makeBench();
    await bench.media.open();
    assert.deepEqual([bench.told, bench.reports], [[reason], []]);
    bench.media.onAnswered();
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
  bench.media.onSessionNews(arrives('z'));
  await settled();
  const last = commandsOf(bench, 'negotiate').at(-1);
  assert.ok(last?.type === 'negotiate' && last.to === 'z');
  bench.media.onSessionNews(joined(['z'], 'b2'));
  await settled();
  assert.deepEqual([commandsOf(bench, 'publish').length, FakePeerConnection.made.length, FakePeerConnection.made[0]!.restarts], [2, 1, 2]);
  bench.media.stop();
});

test('what an older connection of the other side still says is passed over', async () => {
  const bench = await talking();
  const says = (from: string) => bench.media.onSessionNews({
    name: 'session_event', event: { type: 'negotiation', seq: 1, session_id: 's', from, description: { type: 'answer', sdp: from } },
  });
  says('old');
  says('a');
  await settled();
  assert.deepEqual(FakePeerConnection.made[0]!.remote.map(({ sdp }) => sdp), ['a']);
  bench.media.stop();
});
