// What the parts of the engine share: the moment, the way out, the settings in force.
import type { PushAddress, ServerSettings } from '../protocol';
import { limitsOf, type Limits } from './settings';
import type { EngineEvent, EngineOptions, Output } from './types';

export class Desk {
  /** Monotonic milliseconds; set at each input. */
  now = 0;
  /** There are calls, which a link that stays away ends. */
  isUrgent = false;
  outputs: Output[] = [];
  push: PushAddress | undefined;  // told with every hello
  settings: ServerSettings | undefined;
  limits: Limits;
  #serverAhead: number | undefined;  // of this clock

  constructor(readonly options: EngineOptions) {
    this.limits = limitsOf(options.watchdogs ?? {});
    this.push = options.push;
  }

  output(output: Output): void {
    this.outputs.push(output);
  }

  emit(event: EngineEvent): void {
    this.outputs.push({ type: 'event', event });
  }

  /** Milliseconds since the Unix epoch by the server's clock; 0 before the first welcome. */
  serverTime(): number {
    return this.#serverAhead === undefined ? 0 : Math.round(this.now + this.#serverAhead);
  }

  adopt(settings: ServerSettings, timeAtMs: number): void {
    this.#serverAhead = timeAtMs - this.now;
    this.settings = settings;
    this.limits = limitsOf(this.options.watchdogs ?? {}, settings);
  }
}

/** The earliest of several moments, if there is one. */
export function earliest(...moments: (number | undefined)[]): number | undefined {
  const known = moments.filter((moment) => moment !== undefined);
  return known.length > 0 ? Math.min(...known) : undefined;
}

/** A set that forgets its oldest members beyond `limit`. */
export class RecentSet<T> {
  readonly #members = new Set<T>();

  constructor(readonly limit: number) {}

  add(member: T): void {
    this.#members.delete(member);
    this.#members.add(member);
    for (const oldest of this.#members) {
      if (this.#members.size <= this.limit) break;
      this.#members.delete(oldest);
    }
  }

  get isEmpty(): boolean { return this.#members.size === 0; }
  get members(): T[] { return [...this.#members]; }

  has(member: T): boolean {
    return this.#members.has(member);
  }

  delete(member: T): boolean {
    return this.#members.delete(member);
  }
}
