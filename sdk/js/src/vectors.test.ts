// tests/vectors: the texts that every implementation of the protocol must read and write alike.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { decode, encode, type ClientMessage, type ServerMessage } from './protocol';

interface Vector { name: string; direction: 'client' | 'server'; text: string; as?: string; seq?: number; cmd_id?: string }

// The tests run in sdk/js.
function vectorsOf(file: string): Vector[] {
  return (JSON.parse(readFileSync(`../../tests/vectors/${file}`, 'utf8')) as { vectors: Vector[] }).vectors;
}

// The compiler keeps both lists complete.
const CLIENT_TYPES: Record<ClientMessage['type'], true> = {
  hello: true, ping: true, pong: true, ack: true, bye: true, invite: true, ring_ack: true, answer: true, decline: true, cancel: true,
  hangup: true, give_up: true, media_up: true, media_down: true, media_failed: true, get_call: true, history: true, session_create: true,
  session_connect: true, session_disconnect: true, signal: true, publish: true, update_stream: true, unpublish: true, negotiate: true,
  expect: true, session_reject: true, watch_presence: true, ignore: true, move_here: true, ring_more: true, get_rules: true, set_rules: true,
  force_disconnect: true, force_unpublish: true, force_mute: true, set_push: true,
};
const SERVER_TYPES: Record<ServerMessage['type'], true> = {
  welcome: true, ping: true, pong: true, reply: true, error: true, call: true, connection_created: true, connection_destroyed: true,
  session_disconnected: true, stream_created: true, stream_updated: true, stream_destroyed: true, signal: true, negotiation: true,
  expectation_met: true, connection_missed: true, presence: true, draining: true, missed: true, elsewhere: true,
  mute_forced: true,
};

const messages = vectorsOf('messages.json');
const typeOf = (vector: Vector): string => (JSON.parse(vector.text) as { type: string }).type;

test('every type of message occurs at least twice, and no other', () => {
  for (const [direction, types] of [['client', CLIENT_TYPES], ['server', SERVER_TYPES]] as const) {
    const counts = new Map<string, number>();
    for (const vector of messages.filter((one) => one.direction === direction)) {
      counts.set(typeOf(vector), (counts.get(typeOf(vector)) ?? 0) + 1);
    }
    assert.deepEqual([...counts.keys()].sort(), Object.keys(types).sort());
    for (const [type, count] of counts) assert.ok(count >= 2, type);
  }
});

test('what the server says is understood whole', () => {
  for (const vector of messages.filter(({ direction }) => direction === 'server')) {
    assert.deepEqual(decode(vector.text), JSON.parse(vector.text), vector.name);
  }
});

test('what a client says is written in the canonical text', () => {
  for (const vector of messages.filter(({ direction }) => direction === 'client')) {
    assert.equal(encode(JSON.parse(vector.text) as ClientMessage), vector.text, vector.name);
  }
});

test('of what cannot be used only the number and the command are learned', () => {
  for (const vector of vectorsOf('bad_messages.json').filter(({ direction }) => direction === 'server')) {
    const decoded = decode(vector.text);
    assert.ok(decoded.type === 'undecoded', vector.name);
    assert.equal(decoded.seq, vector.seq, vector.name);
    assert.equal(decoded.cmd_id, vector.cmd_id, vector.name);
  }
});

test('what a newer server adds is passed over', () => {
  for (const vector of vectorsOf('newer_messages.json')) assert.deepEqual(decode(vector.text), decode(vector.as!), vector.name);
});
