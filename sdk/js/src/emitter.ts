// A typed list of listeners per event.

/** Events by name, each with the arguments its listeners get. */
export type EventMap = { [name: string]: unknown[] };
type Listener<Args extends unknown[]> = (...args: Args) => void;

export class Emitter<Events extends { [K in keyof Events]: unknown[] }> {
  readonly #listeners = new Map<keyof Events, Set<Listener<never>>>();

  /** Calls `listener` at every event of this name until `off`; returns a function that takes it off. */
  on<Name extends keyof Events>(name: Name, listener: Listener<Events[Name]>): () => void {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners.add(listener as Listener<never>));
    return () => this.off(name, listener);
  }

  off<Name extends keyof Events>(name: Name, listener: Listener<Events[Name]>): void {
    this.#listeners.get(name)?.delete(listener as Listener<never>);
  }

  protected hasListeners(name: keyof Events): boolean { return (this.#listeners.get(name)?.size ?? 0) > 0; }

  /** A listener that throws does not keep the others from hearing; its error is reported as uncaught. */
  protected emit<Name extends keyof Events>(name: Name, ...args: Events[Name]): void {
    for (const listener of [...(this.#listeners.get(name) ?? [])]) {
      try {
        (listener as Listener<Events[Name]>)(...args);
      } catch (error) {
        queueMicrotask(() => { throw error; });
      }
    }
  }
}
