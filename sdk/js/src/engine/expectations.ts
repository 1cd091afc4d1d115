// Waiting for somebody to come into a session. Each expectation is answered exactly once: by the server's word, or by the watchdog
// here when that does not come.
import type { MissReason } from '../errors';
import { MIN_EXPECT_TIMEOUT_MS, type CommandBody, type SessionEvent } from '../protocol';
import type { Commands } from './commands';
import { earliest, type Desk } from './desk';

type ExpectBody = Extract<CommandBody, { type: 'expect' }>;
type Answer = Extract<SessionEvent, { type: 'expectation_met' | 'connection_missed' }>;

interface Expectation {
  readonly request: number;
  readonly body: ExpectBody;
  due: number;   // the server's deadline as a moment of this clock
  id?: string;   // once the server has told it
}

const DEFAULT_TIMEOUT_MS = 60_000;
/** The server's word may take so long; only then the watchdog answers in its place. */
export const EXPECT_MARGIN_MS = 5_000;
const MAX_EARLY = 64;

export class Expectations {
  readonly #open = new Map<number, Expectation>();   // by request
  readonly #early = new Map<string, Answer>();       // a resume replays events before it repeats replies

  constructor(readonly desk: Desk, readonly commands: Commands) {}

  open(request: number, body: ExpectBody): 'too_large' | 'limit_reached' | undefined {
    const timeout = body.timeout_ms ?? this.desk.settings?.expect_timeout_ms ?? DEFAULT_TIMEOUT_MS;
    const refusal = this.commands.submit(body, { request });
    if (refusal === undefined) this.#open.set(request, { request, body, due: this.desk.now + timeout });
    return refusal;
  }

  onReply(request: number, id: string | undefined, remainingMs: number | undefined): void {
    const expectation = this.#open.get(request);
    if (expectation === undefined) return;
    expectation.id = id;
    if (remainingMs !== undefined) expectation.due = this.desk.now + remainingMs;
    const answer = id === undefined ? undefined : this.#early.get(id);
    if (![...this.#open.values()].some((other) => other.id === undefined)) this.#early.clear();
    if (answer) this.onEvent(answer);
  }

  /** The server refused it; true if nobody has been answered yet. */
  onRefused(request: number): boolean {
    return this.#open.delete(request);
  }

  onEvent(event: Answer): void {
    const expectation = [...this.#open.values()].find(({ id }) => id === event.expectation_id);
    if (expectation === undefined) return this.#keepEarly(event);
    if (event.type === 'connection_missed') return this.#miss(expectation, event.reason);
    this.#open.delete(expectation.request);
    this.desk.emit({ name: 'expectation_met', request: expectation.request, connection: event.connection });
  }

  #keepEarly(event: Answer): void {
    const someUnnamed = [...this.#open.values()].some(({ id }) => id === undefined);
    if (someUnnamed && this.#early.size < MAX_EARLY) this.#early.set(event.expectation_id, event);
  }

  /** The server has forgotten the old client: what was open is opened again for the rest of its time. */
  renew(): void {
    this.#early.clear();
    for (const expectation of this.#open.values()) {
      if (expectation.id === undefined) continue;  // its command is sent again anyway
      expectation.id = undefined;
      const timeout_ms = Math.max(Math.ceil(expectation.due - this.desk.now), MIN_EXPECT_TIMEOUT_MS);
      this.commands.submit({ ...expectation.body, timeout_ms }, { request: expectation.request });
    }
  }

  /** This client is out of the session. */
  leave(sessionId: string): void {
    for (const expectation of [...this.#open.values()]) {
      if (expectation.body.session_id === sessionId) this.#miss(expectation, 'expecter_left');
    }
  }

  closeAll(): void {
    for (const expectation of [...this.#open.values()]) this.#miss(expectation, 'expecter_left');
  }

  deadline(): number | undefined {
    return earliest(...[...this.#open.values()].map(({ due }) => due + EXPECT_MARGIN_MS));
  }

  advance(): void {
    for (const expectation of [...this.#open.values()]) {
      if (expectation.due + EXPECT_MARGIN_MS <= this.desk.now) this.#miss(expectation, 'timeout');
    }
  }

  #miss(expectation: Expectation, reason: MissReason): void {
    const { request } = expectation;
    this.#open.delete(request);
    this.commands.drop(({ owner }) => typeof owner === 'object' && 'request' in owner && owner.request === request);
    this.desk.emit({ name: 'connection_missed', request, reason });
  }
}
