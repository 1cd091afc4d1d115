// Runs one party of a transcript against the engine, in virtual time.
import { Engine } from '../engine/engine';
import type { CallAction, EngineEvent, Input, Output } from '../engine/types';
import type { PushPayload } from '../engine/push_payload';
import type { Watchdogs } from '../engine/settings';
import { decode, type ClientMessage, type CommandBody, type Group, type Hello, type MediaFailure, type ServerSettings } from '../protocol';
import { Completion } from './completion';
import { named, Names, type Json, type JsonObject, type Line, type Party, type Transcript } from './transcript';

export const DEFAULT_SETTINGS: ServerSettings = {
  place_timeout_ms: 10_000, wake_timeout_ms: 20_000, ring_timeout_ms: 45_000, setup_timeout_ms: 60_000, caller_grace_ms: 10_000,
  connect_timeout_ms: 20_000, unstable_after_ms: 2_500, drop_grace_ms: 20_000, max_duration_ms: 14_400_000, heartbeat_idle_ms: 25_000,
  heartbeat_live_ms: 1_000, resume_window_ms: 30_000, expect_timeout_ms: 60_000,
};
const UNTOLD = ['online', 'offline', 'closed', 'done', 'failed', 'elsewhere', 'unseen', 'pushed'];
const PING_MS = 1_000;

interface Seen { name: string; fields: JsonObject }

/** Throws with the place in the transcript and what is wrong there. */
export function runParty(transcript: Transcript, party: Party): void {
  new ClientRun(transcript, party).run();
}

class ClientRun {
  readonly #engine: Engine;
  readonly #names = new Names();
  readonly #completion = new Completion();
  readonly #sent: ClientMessage[] = [];
  readonly #seen: Seen[] = [];
  readonly #believedIn = new Set<string>();   // calls the application was told of and that have not ended
  #now = 0;
  #where = 'the beginning';
  #link = 0;                 // of the socket opened last
  #isOpen = false;           // the engine believes in it
  #passes = false;           // messages pass
  #handle = '';              // of the latest call
  #requests = 0;
  #clients = 0;

  constructor(readonly transcript: Transcript, readonly party: Party) {
    this.#engine = new Engine({
      deviceId: party.device, client: 'transcript', commandPrefix: `${party.name}-`, random: () => 0.5, canRenewToken: false,
      watchdogs: watchdogsOf(transcript), ...(party.push !== undefined && { push: { provider: 'fcm', token: party.push } }),
    });
  }

  run(): void {
    if (!this.party.isLater) this.#start({});
    for (const line of this.transcript.lines) {
      if (line.atMs > this.#now) this.#turnTo(line.atMs, line.where);
      this.#where = line.where;
      if (line.party === this.party.name) this.#play(line);
    }
    this.#expectNothing();
  }

  // --- time

  #turnTo(atMs: number, where: string): void {
    this.#expectNothing();
    while (this.#now < atMs) {
      const ping = (Math.floor(this.#now / PING_MS) + 1) * PING_MS;
      this.#now = Math.min(atMs, ping, Math.max(this.#engine.nextDeadline() ?? Infinity, this.#now));
      this.#where = `${where}, at ${this.#now / 1000} s`;
      this.#take(this.#engine.advance(this.#now));
      const deadline = this.#engine.nextDeadline();
      if (deadline !== undefined && deadline <= this.#now) this.#fail(`the deadline ${deadline} stays although it was served`);
      if (this.#now === ping && this.#passes) this.#ping();
      if (this.#now < atMs) this.#expectNothing();
    }
  }

  #ping(): void {
    const pong = this.#receive({ type: 'ping', period_ms: PING_MS }).find((message) => message.type === 'pong');
    if (pong === undefined) this.#fail('a ping was not answered');
  }

  #expectNothing(): void {
    if (this.#sent.length > 0) this.#fail(`was sent but not listed: ${JSON.stringify(this.#sent[0])}`);
    if (this.#seen.length > 0) this.#fail(`was told but not listed: ${this.#seen[0]!.name} ${JSON.stringify(this.#seen[0]!.fields)}`);
  }

  #fail(what: string): never {
    throw new Error(`${this.#where}, ${this.party.name}: ${what}`);
  }

  // --- lines

  #play(line: Line): void {
    switch (line.verb) {
      case 'do': this.#act(line.word, this.#names.filled(line.args), line.object); return;
      case 'send': return this.#checkSent(line);
      case 'see': return this.#checkSeen(line);
      case 'recv': this.#receive(this.#completion.message(line.word, this.#names.filled(line.object))); return;
      case 'link': return this.#onLink(line.word, this.#names.filled(line.object));
      case 'start': return this.#start(this.#names.filled(line.object));
      default: return;
    }
  }

  #checkSent(line: Line): void {
    const message = this.#sent.shift();
    if (message === undefined) return this.#fail(`${line.word} was not sent`);
    if (message.type !== line.word) return this.#fail(`${JSON.stringify(message)} was sent, not ${line.word}`);
    const problem = this.#names.mismatch(line.object, JSON.parse(JSON.stringify(message)) as Json);
    if (problem) this.#fail(problem);
  }

  #checkSeen(line: Line): void {
    const seen = this.#seen.shift();
    if (seen === undefined) return this.#fail(`${line.word} was not told`);
    if (seen.name !== line.word) return this.#fail(`${seen.name} ${JSON.stringify(seen.fields)} was told, not ${line.word}`);
    const problem = this.#names.mismatch(line.object, seen.fields);
    if (problem) this.#fail(problem);
  }

  // --- the application

  #act(word: string, args: string[], object: JsonObject): void {
    const [first = '', second = '', third = ''] = args;
    const number = (name: string): number | undefined => (named(args, name) === undefined ? undefined : Number(named(args, name)));
    switch (word) {
      case 'call':
        this.#requests += 1;
        this.#handle = `out${this.#requests}`;
        this.#handleInput({
          type: 'call', handle: this.#handle, media: named(args, 'media') as 'none', timers: { ring_timeout_ms: number('ring_timeout_ms') },
          ...this.#whom(first, args),
        });
        return;
      case 'move_here': return this.#moveHere(this.#names.filled(first), args);
      case 'push': return this.#beWoken(this.#names.filled(object));
      case 'session_create': return this.#request({ type: 'session_create' });
      case 'connect': return this.#request({ type: 'session_connect', session_id: first, token: this.#filledArgument(args, 'token') });
      case 'disconnect': return this.#request({ type: 'session_disconnect', session_id: first });
      case 'signal': return this.#request({ type: 'signal', session_id: first, signal_type: second, data: third });
      case 'expect':
        return this.#request({ type: 'expect', session_id: first, timeout_ms: number('timeout_ms'), user: named(args, 'user') });
      case 'reject': return this.#request({ type: 'session_reject', token: first });
      case 'request': return this.#request({ ...this.#names.filled(object), type: first } as unknown as CommandBody);
      case 'media_failed': return this.#actOnCall({ do: 'media_failed', reason: first as MediaFailure });
      default: return this.#actOnCall({ do: word } as CallAction);
    }
  }

  /** What the application gives it of a push that has arrived; how much of the ringing remains is known. */
  #beWoken(given: JsonObject): void {
    this.#requests += 1;
    const payload = { type: 'call', to: this.party.user, expires_at_ms: 0, ...given } as unknown as PushPayload;
    this.#handleInput({ type: 'push', request: this.#requests, payload, age_ms: 0 });
  }

  #moveHere(call_id: string, args: string[]): void {
    this.#requests += 1;
    this.#handle = `out${this.#requests}`;
    const [role, peer, media] = ['role', 'peer', 'media'].map((name) => named(args, name)!) as ['callee', string, 'none'];
    this.#handleInput({ type: 'move', handle: this.#handle, call: { call_id, role, peer, media, answered_at_ms: 0 } });
  }

  /** One user, or with `group=MODE` several, separated by commas. */
  #whom(users: string, args: string[]): { to: string } | { group: Group } {
    const mode = named(args, 'group');
    if (mode === undefined) return { to: users };
    const owner_leaves = named(args, 'owner_leaves') as Group['owner_leaves'];
    return { group: { users: users.split(','), mode: mode as Group['mode'], ...(owner_leaves && { owner_leaves }) } };
  }

  #filledArgument(args: string[], name: string): string | undefined {
    const value = named(args, name);
    return value === undefined ? undefined : this.#names.filled(value);
  }

  #actOnCall(action: CallAction): void {
    this.#handleInput({ type: 'act', handle: this.#handle, action });
  }

  #request(body: CommandBody): void {
    this.#requests += 1;
    this.#handleInput({ type: 'request', request: this.#requests, body });
  }

  // --- the link

  #start(object: JsonObject): void {
    this.#handleInput({ type: 'connect' });
    this.#open(false, object);
  }

  #onLink(word: string, object: JsonObject): void {
    this.#passes = false;
    switch (word) {
      case 'silent': return;
      case 'closed':
        if (this.#isOpen) this.#closeSocket();
        return;
      case 'up':
      case 'fresh':
        if (this.#isOpen) this.#closeSocket();
        this.#handleInput({ type: 'wake' });
        return this.#open(word === 'up', object);
      default: return this.#fail(`there is no link ${word}`);
    }
  }

  #closeSocket(): void {
    this.#isOpen = false;
    this.#handleInput({ type: 'closed', link: this.#link, code: 1006 });
  }

  #open(isResumed: boolean, object: JsonObject): void {
    if (!this.#isOpen) this.#fail('the client has not opened a socket');
    const hello = this.#handleInput({ type: 'opened', link: this.#link, token: 'token' }).find((message) => message.type === 'hello');
    if (hello === undefined) return this.#fail('no hello was said');
    this.#checkHello(hello as Hello);
    if (!isResumed) {
      this.#clients += 1;
      this.#completion.seq = 0;
    }
    this.#passes = true;
    this.#receive(this.#welcome(isResumed, Array.isArray(object.calls) ? object.calls as JsonObject[] : []));
  }

  #checkHello(hello: Hello): void {
    if (hello.push?.token !== this.party.push) this.#fail(`hello.push is ${JSON.stringify(hello.push)}`);
    if (this.#clients > 0) {
      const wanted = { client_id: `client${this.#clients}`, resume_key: `key${this.#clients}`, last_seq: this.#completion.seq };
      const problem = this.#names.mismatch(wanted, (hello.resume ?? null) as Json, 'hello.resume');
      if (problem) this.#fail(problem);
    }
    for (const call of this.#believedIn) if (!hello.calls?.includes(call)) this.#fail(`hello.calls lacks ${call}`);
  }

  #welcome(resumed: boolean, calls: JsonObject[]): JsonObject {
    return {
      type: 'welcome', version: 1, server: 'transcript', client_id: `client${this.#clients}`, resume_key: `key${this.#clients}`, resumed,
      user: this.party.user, device_id: this.party.device, time_at_ms: 0, heartbeat_ms: PING_MS,
      settings: { ...DEFAULT_SETTINGS, ...serverSettingsOf(this.transcript) }, ice_servers: [],
      calls: calls.map((call) => this.#completion.snapshot(call)),
    };
  }

  // --- the engine

  /** Gives it a message as text, and returns what it says of the heartbeat and the opening. */
  #receive(message: JsonObject): ClientMessage[] {
    const decoded = decode(JSON.stringify(message));
    if (decoded.type === 'undecoded') this.#fail(decoded.problem);
    return this.#handleInput({ type: 'received', link: this.#link, message: decoded });
  }

  #handleInput(input: Input): ClientMessage[] {
    return this.#take(this.#engine.handle(this.#now, input));
  }

  #take(outputs: Output[]): ClientMessage[] {
    const handled: ClientMessage[] = [];
    for (const output of outputs) {
      switch (output.type) {
        case 'openSocket': this.#link = output.link; this.#isOpen = true; break;
        case 'closeSocket': if (output.link === this.#link) this.#isOpen = this.#passes = false; break;
        case 'send':
          if (['hello', 'ping', 'pong', 'ack', 'bye'].includes(output.message.type)) handled.push(output.message);
          else this.#sent.push(output.message);
          break;
        case 'event': this.#note(output.event);
      }
    }
    return handled;
  }

  #note(event: EngineEvent): void {
    if (UNTOLD.includes(event.name)) return;
    const seen = seenOf(event);
    this.#seen.push({ name: seen.name, fields: JSON.parse(JSON.stringify(seen.fields)) as JsonObject });
    if (event.name === 'incoming') this.#handle = event.call.handle;
    if (!('call' in event) || event.call.callId === undefined) return;
    if (event.name === 'ended') this.#believedIn.delete(event.call.callId);
    else this.#believedIn.add(event.call.callId);
  }
}

function seenOf(event: EngineEvent): { name: string; fields: object } {
  if (event.name === 'session_event') return { name: event.event.type, fields: event.event };
  if (event.name === 'error') return { name: 'error', fields: event.problem };
  if ('call' in event) return { name: event.name, fields: { ...event, ...event.call } };
  return { name: event.name, fields: event };
}

function watchdogsOf(transcript: Transcript): Watchdogs {
  return Object.fromEntries(transcript.clientSettings.map(([name, seconds]) =>
    [name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase()), Number(seconds) * 1000]));
}

function serverSettingsOf(transcript: Transcript): Partial<ServerSettings> {
  const known = transcript.settings.filter(([name]) => `${name}_ms` in DEFAULT_SETTINGS);
  return Object.fromEntries(known.map(([name, seconds]) => [`${name}_ms`, Number(seconds) * 1000]));
}
