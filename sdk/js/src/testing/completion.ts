// What a runner of transcripts adds to the messages it gives to a client, so that the transcript need not say it.
import type { JsonObject, Json } from './transcript';

const EVENT_FREE = ['reply', 'error', 'ping', 'pong', 'welcome'];
const SNAPSHOT: JsonObject = {
  version: 0, ringing: false, peer_unstable: false, caller: { user: 'alice' }, callee: { user: 'bob' }, media: 'none', created_at_ms: 0,
};

const isObject = (value: Json | undefined): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value);
const dated = (value: Json): Json => (isObject(value) ? { created_at_ms: 0, ...value } : value);

export class Completion {
  readonly #calls = new Map<string, JsonObject>();  // the last snapshot of each
  /** Of the last event given. */
  seq = 0;

  message(type: string, given: JsonObject): JsonObject {
    const message: JsonObject = { type, ...given };
    if (!EVENT_FREE.includes(type) && given.seq === undefined) {
      this.seq += 1;
      message.seq = this.seq;
    }
    if (type === 'error') message.message ??= '';
    if (isObject(message.call)) message.call = this.snapshot(message.call);
    if (type === 'reply' && message.connection !== undefined) {
      message.connections ??= [];
      message.streams ??= [];
    }
    for (const name of ['connection', 'stream']) if (message[name] !== undefined) message[name] = dated(message[name]);
    for (const name of ['connections', 'streams']) {
      const list = message[name];
      if (Array.isArray(list)) message[name] = list.map(dated);
    }
    if (type === 'elsewhere') message.calls = (message.calls as JsonObject[]).map((call) => ({ answered_at_ms: 0, ...call }));
    return message;
  }

  snapshot(given: JsonObject): JsonObject {
    const id = String(given.call_id);
    const before = this.#calls.get(id) ?? SNAPSHOT;
    const snapshot: JsonObject = { ...before, version: Number(before.version) + 1, ...given };
    snapshot.deadlines_remaining_ms = given.deadlines_remaining_ms ?? {};
    this.#calls.set(id, snapshot);
    return snapshot;
  }
}
