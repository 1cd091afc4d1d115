// Timers and a monotonic clock that a test turns. Node's own differ between the versions we run on.

interface Timer { at: number; run: () => void }

export class FakeTimers {
  now = 1_000;
  readonly #timers = new Map<number, Timer>();
  readonly #real = { setTimeout: globalThis.setTimeout, clearTimeout: globalThis.clearTimeout, now: performance.now.bind(performance) };
  #count = 0;

  install(): this {
    Object.assign(globalThis, {
      setTimeout: (run: () => void, ms: number) => {
        this.#count += 1;
        this.#timers.set(this.#count, { at: this.now + ms, run });
        return this.#count;
      },
      clearTimeout: (id: number | undefined) => { this.#timers.delete(id ?? 0); },
    });
    Object.defineProperty(performance, 'now', { value: () => this.now, configurable: true, writable: true });
    return this;
  }

  restore(): void {
    Object.assign(globalThis, { setTimeout: this.#real.setTimeout, clearTimeout: this.#real.clearTimeout });
    Object.defineProperty(performance, 'now', { value: this.#real.now, configurable: true, writable: true });
  }

  get pending(): number { return this.#timers.size; }

  /** Turns the clock and runs what is due, each at its own moment. */
  tick(ms: number): void {
    const until = this.now + ms;
    for (let due = this.#next(until); due; due = this.#next(until)) {
      this.now = Math.max(this.now, due.at);
      due.run();
    }
    this.now = until;
  }

  /** The page was held up: the clock goes on, and only then what was due runs. Timers it sets wait for the next turn. */
  stall(ms: number): void {
    this.now += ms;
    const due = [...this.#timers].filter(([, { at }]) => at <= this.now);
    for (const [id, timer] of due) {
      this.#timers.delete(id);
      timer.run();
    }
  }

  #next(until: number): Timer | undefined {
    const [first] = [...this.#timers].filter(([, { at }]) => at <= until).sort(([, a], [, b]) => a.at - b.at);
    if (first) this.#timers.delete(first[0]);
    return first?.[1];
  }
}
