// What calls and sessions use of the client: commands with their answers.
import { ConnectionMissed, OffhookError } from './errors';
import type { Driver } from './driver';
import type { CallAction, EngineEvent, Problem } from './engine/types';
import type { PushPayload } from './engine/push_payload';
import type { CommandBody, IceServer, Reply, WireConnection, WireElsewhere } from './protocol';

interface Waiting<T> { resolve: (value: T) => void; reject: (error: Error) => void }

export const errorOf = ({ word, message }: Problem): OffhookError => new OffhookError(word, message);

export class Port {
  /** As the last welcome said. */
  iceServers: IceServer[] = [];
  readonly #requests = new Map<number, Waiting<Reply>>();
  readonly #expectations = new Map<number, Waiting<WireConnection>>();
  readonly #pushes = new Map<number, (handle: string | undefined) => void>();
  #count = 0;

  constructor(readonly driver: () => Driver) {}

  /** While there is no link it waits; it fails only by the server's word or when the client closes. */
  request(body: CommandBody): Promise<Reply> {
    return this.#wait(this.#requests, body);
  }

  expect(body: Extract<CommandBody, { type: 'expect' }>): Promise<WireConnection> {
    return this.#wait(this.#expectations, body);
  }

  act(handle: string, action: CallAction): void {
    this.driver().input({ type: 'act', handle, action });
  }

  move(handle: string, call: WireElsewhere): void {
    this.driver().input({ type: 'move', handle, call });
  }

  /** Gives the handle of the call to be shown. */
  push(payload: PushPayload): Promise<string | undefined> {
    this.#count += 1;
    const request = this.#count;
    return new Promise((resolve) => {
      this.#pushes.set(request, resolve);
      this.driver().push(request, payload);
    });
  }

  #wait<T>(waiting: Map<number, Waiting<T>>, body: CommandBody): Promise<T> {
    this.#count += 1;
    const request = this.#count;
    return new Promise((resolve, reject) => {
      waiting.set(request, { resolve, reject });
      this.driver().input({ type: 'request', request, body });
    });
  }

  onEvent(event: Extract<EngineEvent, { request: number }>): void {
    switch (event.name) {
      case 'pushed':
        this.#pushes.get(event.request)?.(event.handle);
        this.#pushes.delete(event.request);
        return;
      case 'done': return this.#take(this.#requests, event.request)?.resolve(event.reply);
      case 'failed': return this.#fail(event.request, errorOf(event.problem));
      case 'expectation_met': return this.#take(this.#expectations, event.request)?.resolve(event.connection);
      case 'connection_missed': return this.#fail(event.request, new ConnectionMissed(event.reason));
    }
  }

  #fail(request: number, error: Error): void {
    const waiting = this.#take(this.#requests, request) ?? this.#take(this.#expectations, request);
    waiting?.reject(error);
  }

  #take<T>(waiting: Map<number, Waiting<T>>, request: number): Waiting<T> | undefined {
    const found = waiting.get(request);
    waiting.delete(request);
    return found;
  }
}
