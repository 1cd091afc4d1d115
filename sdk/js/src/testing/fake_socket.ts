// A WebSocket whose other end is a test.
import type { WebSocketLike } from '../api';
import { DEFAULT_SETTINGS } from './client_run';
import { Completion } from './completion';
import type { JsonObject } from './transcript';

export class FakeSocket implements WebSocketLike {
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  onerror: ((event: unknown) => void) | null = null;
  readonly sent: JsonObject[] = [];
  closedWith: number | undefined;
  readonly #completion = new Completion();

  constructor(readonly url: string) {}

  send(text: string): void { this.sent.push(JSON.parse(text) as JsonObject); }
  close(code?: number): void { this.closedWith = code; }

  receive(type: string, fields: JsonObject = {}): void {
    this.onmessage?.({ data: JSON.stringify(this.#completion.message(type, fields)) });
  }

  reply(type: string, fields: JsonObject = {}): void {
    this.receive('reply', { cmd_id: this.last(type)!.cmd_id ?? null, ...fields });
  }

  last(type: string): JsonObject | undefined {
    return this.sent.filter((message) => message.type === type).at(-1);
  }

  /** Opens and welcomes. */
  async accept({ calls = [], ...fields }: JsonObject = {}): Promise<void> {
    this.onopen?.();
    await settled();
    this.receive('welcome', {
      version: 1, server: 'test', client_id: 'client', resume_key: 'key', resumed: false, user: 'alice', device_id: 'device', time_at_ms: 0,
      heartbeat_ms: 25_000, settings: { ...DEFAULT_SETTINGS }, ice_servers: [{ urls: ['stun:s'] }], ...fields,
      calls: (calls as JsonObject[]).map((call) => this.#completion.snapshot(call)),
    });
    await settled();
  }
}

/** A class to give to a client, and the sockets made of it. */
export function fakeSockets(): { WebSocket: new (url: string) => FakeSocket; sockets: FakeSocket[] } {
  const sockets: FakeSocket[] = [];
  class Recorded extends FakeSocket {
    constructor(url: string) {
      super(url);
      sockets.push(this);
    }
  }
  return { WebSocket: Recorded, sockets };
}

/** Resolves when every promise and queued task that is ready has run. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
