// The way to the server: one socket at a time, its heartbeat, the order of events, resuming and reconnecting.
//
//   Idle ─connect─▶ Opening ─opened─▶ Greeting ─welcome─▶ Up
//                     ▲                                    │
//                     └──────── Waiting ◀── lost ──────────┘      (any) ──shut──▶ Closed
//
// Idle: nothing begun. Opening: a socket is being opened. Greeting: hello said. Up: welcome heard, messages pass. Waiting: lost,
// the next attempt has its moment. Closed: for good, until connect is asked for again.
import { ACK_EVERY, PROTOCOL_VERSION, type ClientMessage, type Hello, type Welcome } from '../protocol';
import { earliest, type Desk } from './desk';

type State = 'idle' | 'opening' | 'greeting' | 'up' | 'waiting' | 'closed';

/** From opening a socket to its welcome; a dead network may never say that it is dead. */
const OPENING_MS = 10_000;
/**
 * In a call all must be over before its drop_grace is. An opening in which a few packets are lost repeats them ever more slowly, and is
 * better begun anew; but after so many of those one is given its time, for a network may just be slow.
 */
const URGENT_OPENING_MS = 4_000;
const URGENT_OPENINGS = 2;
const MAX_URGENT_DELAY_MS = 1_000;
const SILENT_PERIODS = 2.5;
const MIN_PERIOD_MS = 100;
const FIRST_DELAY_MS = 250;
const MAX_DELAY_MS = 5_000;
/** A link that was up for less counts as another failed attempt, or a server that throws us out would be stormed. */
const SETTLED_MS = 5_000;
/** After waking up, or a command on a link that was long silent: how long the server has to answer our ping. */
const PROBE_MS = 5_000;
/** An idle link is heard every 25 s only; what is said on one that may be dead long since must not wait until that is noticed. */
const DOUBT_MS = 2_500;
/** The longest pause a server can ask for (`retry_after_ms`); in a call its drop_grace runs. */
const MAX_ASKED_MS = 60_000;
const MAX_URGENT_ASKED_MS = 4_000;

export class Link {
  #state: State = 'idle';
  #number = 0;           // of the current socket
  #openingUntil = 0;
  #openings = 0;         // since a welcome
  #upSince = 0;
  #attempts = 0;         // since a link was last settled
  #retryAt = 0;
  #lastContact = 0;
  #periodMs = 0;
  #probeUntil: number | undefined;
  #identity: { client_id: string; resume_key: string } | undefined;
  #lastSeq = 0;
  #acknowledged = 0;

  constructor(readonly desk: Desk) {}

  get isUp(): boolean { return this.#state === 'up'; }
  get isClosed(): boolean { return this.#state === 'closed'; }
  get isRunning(): boolean { return this.#state !== 'idle' && this.#state !== 'closed'; }
  /** When the server was last heard, by whatever link. */
  get lastContact(): number { return this.#lastContact; }

  isCurrent(link: number): boolean {
    return link === this.#number && (this.#state === 'opening' || this.#state === 'greeting' || this.#state === 'up');
  }

  open(): void {
    this.#state = 'opening';
    const isUrgent = this.desk.isUrgent && this.#openings < URGENT_OPENINGS;
    this.#openingUntil = this.desk.now + (isUrgent ? URGENT_OPENING_MS : OPENING_MS);
    this.#openings += 1;
    this.#number += 1;
    this.desk.output({ type: 'openSocket', link: this.#number });
  }

  greet(token: string, calls: string[]): void {
    const { deviceId, client } = this.desk.options;
    const hello: Hello = { type: 'hello', version: PROTOCOL_VERSION, token, device_id: deviceId, client };
    if (this.#identity) hello.resume = { ...this.#identity, last_seq: this.#lastSeq };
    if (calls.length > 0) hello.calls = calls;
    if (this.desk.push) hello.push = this.desk.push;
    this.#state = 'greeting';
    this.send(hello);
  }

  /** False if no welcome is awaited. */
  welcomed(welcome: Welcome): boolean {
    if (this.#state !== 'greeting') return false;
    this.#state = 'up';
    this.#upSince = this.desk.now;
    this.#openings = 0;
    this.#identity = { client_id: welcome.client_id, resume_key: welcome.resume_key };
    this.setPeriod(welcome.heartbeat_ms);
    if (!welcome.resumed) {
      this.#lastSeq = 0;
      this.#acknowledged = 0;
    }
    return true;
  }

  send(message: ClientMessage): void {
    this.desk.output({ type: 'send', link: this.#number, message });
  }

  heard(): void {
    this.#lastContact = this.desk.now;
    this.#probeUntil = undefined;
  }

  setPeriod(periodMs: number): void {
    this.#periodMs = Math.max(periodMs, MIN_PERIOD_MS);
  }

  pong(): void {
    this.#acknowledged = this.#lastSeq;
    this.send(this.#lastSeq > 0 ? { type: 'pong', seq: this.#lastSeq } : { type: 'pong' });
  }

  /** Takes note of an event's number: `seen` if it came before, `gap` if one is missing. */
  count(seq: number): 'new' | 'seen' | 'gap' {
    if (seq <= this.#lastSeq) return 'seen';
    if (seq > this.#lastSeq + 1) return 'gap';
    this.#lastSeq = seq;
    if (this.#lastSeq - this.#acknowledged >= ACK_EVERY) {
      this.#acknowledged = this.#lastSeq;
      this.send({ type: 'ack', seq: this.#lastSeq });
    }
    return 'new';
  }

  wake(): void {
    if (this.#state === 'waiting') return this.open();
    if (this.#state !== 'up') return;
    this.send({ type: 'ping' });
    this.#probeUntil ??= this.desk.now + PROBE_MS;
  }

  /** A command was sent: is anybody there? */
  doubt(): void {
    if (this.#state === 'up' && this.#probeUntil === undefined && this.desk.now - this.#lastContact >= DOUBT_MS) this.wake();
  }

  /**
   * The socket is of no use any more; another is opened after a pause, not before `askedMs` where the server has asked for that. Returns
   * whether the link was up.
   */
  lose(code: number, reason: string, askedMs = 0): boolean {
    const wasUp = this.isUp;
    this.desk.output({ type: 'closeSocket', link: this.#number, code, reason });
    if (wasUp && this.desk.now - this.#upSince >= SETTLED_MS) this.#attempts = 0;
    const delay = Math.min(FIRST_DELAY_MS * 2 ** this.#attempts, this.desk.isUrgent ? MAX_URGENT_DELAY_MS : MAX_DELAY_MS);
    this.#attempts = Math.min(this.#attempts + 1, 16);
    // With a fifth of it on top, so that those who were told the same do not come together.
    const asked = Math.min(askedMs, this.desk.isUrgent ? MAX_URGENT_ASKED_MS : MAX_ASKED_MS);
    const pause = Math.max(delay * (0.5 + 0.5 * this.desk.options.random()), asked > 0 ? asked * (1 + 0.2 * this.desk.options.random()) : 0);
    this.#retryAt = this.desk.now + pause;
    this.#probeUntil = undefined;
    this.#state = 'waiting';
    return wasUp;
  }

  /** The end of the link for good; nothing is resumed afterwards. */
  shut(code: number, reason: string): void {
    if (this.isCurrent(this.#number)) this.desk.output({ type: 'closeSocket', link: this.#number, code, reason });
    this.#identity = undefined;
    this.#attempts = 0;
    this.#state = 'closed';
  }

  /** When silence, a slow opening or the pause of a reconnect is over. */
  deadline(): number | undefined {
    switch (this.#state) {
      case 'idle':
      case 'closed': return undefined;
      case 'opening':
      case 'greeting': return this.#openingUntil;
      case 'up': return earliest(this.#lastContact + SILENT_PERIODS * this.#periodMs, this.#probeUntil);
      case 'waiting': return this.#retryAt;
    }
  }

  /** What the deadline asks for when it has come. */
  due(): 'open' | 'lose' | undefined {
    const at = this.deadline();
    if (at === undefined || at > this.desk.now) return undefined;
    return this.#state === 'waiting' ? 'open' : 'lose';
  }
}
