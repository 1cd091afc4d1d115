// Joins the engine to the world: one WebSocket, one timer, and the events of a page that say "look whether the link is alive".
import type { WebSocketLike } from './api';
import { Engine } from './engine/engine';
import type { EngineEvent, EngineOptions, Input, Output, Problem } from './engine/types';
import { decode, encode, type ClientMessage } from './protocol';
import { ageOf, type PushPayload } from './engine/push_payload';
import { journalKeyOf, keyOf, type JournalStorage } from './storage';

export interface DriverOptions {
  url: string;
  getToken: () => string | Promise<string>;
  WebSocket: new (url: string) => WebSocketLike;
  engine: EngineOptions;
  storage: JournalStorage;
  onEvent: (event: EngineEvent) => void;
}

/** The longest time a timer can be set for. */
const MAX_TIMER_MS = 2 ** 31 - 1;
/** A timer so late means that the page was held up, and messages may be waiting that must be heard first. */
const LATE_MS = 500;
/**
 * A socket that is not open by then is given up for another, twice: the system repeats a lost first packet only after 1, 3 and 7 s, and a
 * browser opens sockets to one server one after the other, so that they cannot race. A link that found no way like this is followed by one
 * that waits, or a network that is only slow would never get through.
 */
const IMPATIENCE_MS = [1_500, 2_500];
const EMPTY_JOURNAL = '{"format":1,"entries":[]}';

export class Driver {
  readonly #options: DriverOptions;
  readonly #engine: Engine;
  readonly #inputs: Input[] = [];
  readonly #page: Page;
  #isPumping = false;
  #socket: { link: number; socket: WebSocketLike } | undefined;
  #dialing: ReturnType<typeof setTimeout> | undefined;
  #isSlow = false;  // the last attempt to open a link has not got through in a hurry
  #timer: ReturnType<typeof setTimeout> | undefined;
  #journalKey: string | undefined;
  #storageFailed = false;

  constructor(options: DriverOptions) {
    this.#options = options;
    this.#engine = new Engine(options.engine);
    this.#page = new Page(() => this.input({ type: 'wake' }), () => this.input({ type: 'disconnect' }));
  }

  /**
   * Taken in order, after the present task's own code: so the application is never called back from within its own call, and what it
   * does in a listener comes after what it is being told.
   */
  input(input: Input): void {
    this.#inputs.push(input);
    if (this.#isPumping) return;
    this.#isPumping = true;
    queueMicrotask(() => this.#pump());
  }

  #pump(): void {
    for (let input = this.#inputs.shift(); input; input = this.#inputs.shift()) {
      if (input.type === 'connect') this.#page.watch();
      this.#carryOut(this.#engine.handle(performance.now(), input));
    }
    this.#isPumping = false;
    this.#setTimer();
  }

  #carryOut(outputs: Output[]): void {
    for (const output of outputs) {
      switch (output.type) {
        case 'openSocket': this.#open(output.link); break;
        case 'closeSocket': this.#close(output.link, output.code, output.reason); break;
        case 'send': this.#send(output.link, output.message); break;
        case 'keep': this.#keep(output.text); break;
        case 'event':
          if (output.event.name === 'closed') this.#page.forget();
          this.#options.onEvent(output.event);
      }
    }
  }

  // --- the timer

  #setTimer(): void {
    clearTimeout(this.#timer);
    const deadline = this.#engine.nextDeadline();
    if (deadline === undefined) return;
    // Rounded up: a timer that fires early would be set again for nothing.
    const wait = Math.min(Math.max(Math.ceil(deadline - performance.now()), 0), MAX_TIMER_MS);
    this.#timer = setTimeout(() => this.#onTimer(deadline), wait);
  }

  #onTimer(deadline: number): void {
    if (performance.now() - deadline < LATE_MS) return this.#advance();
    this.#timer = setTimeout(() => this.#advance(), 0);
  }

  #advance(): void {
    this.#carryOut(this.#engine.advance(performance.now()));
    this.#setTimer();
  }

  // --- the socket

  #open(link: number): void {
    const patience = this.#isSlow ? [] : IMPATIENCE_MS;
    this.#isSlow = !this.#isSlow;  // until it opens
    void this.#greet(link, new Promise<void>((resolve) => this.#dial(link, patience, resolve)));
  }

  #dial(link: number, [patience, ...rest]: readonly number[], opened: () => void): void {
    let socket: WebSocketLike;
    try {
      socket = new this.#options.WebSocket(this.#options.url);
    } catch (error) {
      this.#report({ word: 'socket', message: messageOf(error) });
      return this.input({ type: 'closed', link });
    }
    this.#socket = { link, socket };
    clearTimeout(this.#dialing);
    if (patience !== undefined) {
      this.#dialing = setTimeout(() => {
        forsake(socket);
        socket.close();
        this.#dial(link, rest, opened);
      }, patience);
    }
    socket.onopen = () => {
      clearTimeout(this.#dialing);
      this.#isSlow = false;
      opened();
    };
    socket.onmessage = ({ data }) => this.input({ type: 'received', link, message: decode(String(data)) });
    socket.onclose = ({ code }) => {
      clearTimeout(this.#dialing);
      this.input({ type: 'closed', link, code });
    };
    socket.onerror = () => {};  // a close follows
  }

  /** The token is fetched while the socket opens. */
  async #greet(link: number, opened: Promise<void>): Promise<void> {
    try {
      const [token] = await Promise.all([this.#options.getToken(), opened]);
      this.input({ type: 'opened', link, token, journal: this.#readJournal(journalKeyOf(token, this.#options.engine.deviceId)) });
    } catch (error) {
      this.#report({ word: 'no_token', message: `getToken failed: ${messageOf(error)}` });
      this.input({ type: 'closed', link });
    }
  }

  // --- the journal

  /** The device remembers by itself whether it may ring for this one: neither a token nor a link is needed for that. */
  push(request: number, payload: PushPayload): void {
    const key = payload.project === undefined ? undefined : keyOf(payload.project, payload.to, this.#options.engine.deviceId);
    this.#page.watch();
    this.input({ type: 'push', request, payload, age_ms: ageOf(payload, Date.now()), journal: this.#readJournal(key) });
  }

  /** What is kept under this key, if the engine has not got it yet. */
  #readJournal(key: string | undefined): string | undefined {
    if (key === undefined || key === this.#journalKey) return undefined;
    this.#journalKey = key;
    try {
      return this.#options.storage.getItem(key) ?? EMPTY_JOURNAL;
    } catch (error) {
      this.#onStorageFailed(error);
      return EMPTY_JOURNAL;
    }
  }

  #keep(text: string): void {
    if (this.#journalKey === undefined) return;
    try {
      this.#options.storage.setItem(this.#journalKey, text);
    } catch (error) {
      this.#onStorageFailed(error);
    }
  }

  /** Calls go on without it; said once. */
  #onStorageFailed(error: unknown): void {
    if (this.#storageFailed) return;
    this.#storageFailed = true;
    this.#report({ word: 'storage', message: `What becomes of calls cannot be kept over a restart: ${messageOf(error)}` });
  }

  #send(link: number, message: ClientMessage): void {
    if (this.#socket?.link !== link) return;
    try {
      this.#socket.socket.send(encode(message));
    } catch {
      this.input({ type: 'closed', link });  // it is closing, and the message is sent again on the next
    }
  }

  #close(link: number, code: number, reason: string): void {
    if (this.#socket?.link !== link) return;
    const { socket } = this.#socket;
    this.#socket = undefined;
    clearTimeout(this.#dialing);
    forsake(socket);
    socket.close(code, reason);
  }

  #report(problem: Problem): void {
    this.#options.onEvent({ name: 'error', problem });
  }
}

/** Whatever it still has to say, nobody listens. */
function forsake(socket: WebSocketLike): void {
  socket.onopen = socket.onmessage = socket.onclose = null;
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** The page the library runs in, if it runs in one. */
class Page {
  readonly #listeners: [EventTarget, string, (event: Event) => void][] = [];
  #isWatching = false;

  constructor(wake: () => void, leave: () => void) {
    const { document, window } = globalThis as { document?: Document; window?: Window };
    if (document === undefined || window === undefined) return;
    this.#listeners = [
      [document, 'visibilitychange', () => { if (document.visibilityState === 'visible') wake(); }],
      [window, 'online', wake],
      [window, 'pageshow', wake],
      // A page that will not come back leaves its calls at once, or the other side would wait for it.
      [window, 'pagehide', (event) => { if (!(event as PageTransitionEvent).persisted) leave(); }],
    ];
  }

  watch(): void {
    if (this.#isWatching) return;
    this.#isWatching = true;
    for (const [target, name, listener] of this.#listeners) target.addEventListener(name, listener);
  }

  forget(): void {
    this.#isWatching = false;
    for (const [target, name, listener] of this.#listeners) target.removeEventListener(name, listener);
  }
}
