// The client: the way in for an application.
import {
  recordOf, rulesOf, unseenOf, wireRulesOf, type CallOptions, type CallState, type ClientEvents, type ClientOptions, type ClientState, type GroupOptions,
  type HistoryRecord, type Rules, type UnseenOutcome, type WebSocketLike,
} from './api';
import { Call } from './call';
import { checkCall, checkGroup, checkUsers, refuse, timersOf } from './checks';
import { deviceIdOf, randomText } from './device';
import { Driver } from './driver';
import { ElsewhereCall } from './elsewhere';
import { Emitter } from './emitter';
import { payloadOf } from './engine/push_payload';
import { problemOf } from './engine/settings';
import type { CallView, EngineEvent, EngineOptions, SessionNews } from './engine/types';
import { OffhookError } from './errors';
import { errorOf, Port } from './port';
import { byteLength, type PushAddress, type Reply, type WireElsewhere } from './protocol';
import { Session } from './session';
import { defaultStorage } from './storage';
import { VERSION } from './version';

const DEVICE_ID = /^[A-Za-z0-9._-]{1,64}$/;
const MAX_CLIENT_NAME_BYTES = 64;

type Settled = { resolve: () => void; reject: (error: Error) => void };

export class OffhookClient extends Emitter<ClientEvents> {
  readonly #driver: Driver;
  readonly #port: Port;
  readonly #calls = new Map<string, Call>();
  readonly #sessions = new Map<string, Session>();
  #state: ClientState = 'idle';
  #user: string | undefined;
  #elsewhere: WireElsewhere[] = [];
  #unseen: UnseenOutcome[] = [];
  #connecting: Settled[] = [];
  #closing: Settled[] = [];
  #count = 0;

  /** Throws `OffhookError` if an option is wrong. Nothing happens before `connect`. */
  constructor(options: ClientOptions) {
    super();
    const getToken = tokenSourceOf(options);
    this.#port = new Port(() => this.#driver);
    this.#driver = new Driver({
      url: checkedUrl(options.url), getToken, WebSocket: socketClassOf(options), engine: engineOptionsOf(options),
      storage: options.storage ?? defaultStorage(),
      onEvent: (event) => this.#onEvent(event),
    });
  }

  get state(): ClientState { return this.#state; }
  /** Who the token says this is; known once online. */
  get user(): string | undefined { return this.#user; }

  /** Resolves when online. From then on a lost link is opened again by itself, until `closed`. Rejects if it closes before. */
  connect(): Promise<void> {
    if (this.#state === 'online') return Promise.resolve();
    if (this.#state === 'idle' || this.#state === 'closed') {
      this.#state = 'connecting';
      this.#driver.input({ type: 'connect' });
    }
    return new Promise((resolve, reject) => this.#connecting.push({ resolve, reject }));
  }

  /** Hangs up every call and leaves every session. Resolves when that is done. */
  disconnect(): Promise<void> {
    if (this.#state === 'closed') return Promise.resolve();
    this.#driver.input({ type: 'disconnect' });
    return new Promise((resolve, reject) => this.#closing.push({ resolve, reject }));
  }

  /** Calls a user. Whatever happens, the call gets `ended` in the end, once. Throws `OffhookError` if an argument is wrong. */
  call(to: string, options: CallOptions): Call {
    checkUsers([to]);
    checkCall(options);
    const { media, data } = options;
    const call = this.#make({ role: 'caller', peer: to, media, data });
    this.#driver.input({ type: 'call', handle: call.handle, to, media, timers: timersOf(options), data });
    call.prepareMedia();
    return call;
  }

  /** Calls 2 to 16 users at once. Throws `OffhookError` if an argument is wrong. */
  startGroup(users: string[], options: GroupOptions): Call {
    checkUsers(users);
    checkGroup(users, options);
    checkCall(options);
    const { media, data, mode, ownerLeaves } = options;
    const call = this.#make({ role: 'caller', peer: users[0]!, media, data, groupMode: mode });
    const group = { users, mode, ...(ownerLeaves && { owner_leaves: ownerLeaves }) };
    this.#driver.input({ type: 'call', handle: call.handle, group, media, timers: timersOf(options), data });
    call.prepareMedia();
    return call;
  }

  /** The answered calls that another device of this user is in, and this one is not. */
  get liveElsewhere(): ElsewhereCall[] {
    const here = new Set([...this.#calls.values()].map(({ id }) => id));
    return this.#elsewhere.filter(({ call_id }) => !here.has(call_id)).map((wire) => new ElsewhereCall(wire, () => this.#takeOver(wire)));
  }

  /**
   * How calls of this device ended of which the application was not told because the page or process was gone, oldest first; complete
   * once online. They stay until `markSeen`.
   */
  unseenOutcomes(): UnseenOutcome[] { return this.#unseen; }

  /** The application knows how this call ended, or how all did. */
  markSeen(callId?: string): void {
    this.#driver.input({ type: 'seen', callId });
  }

  /** How this user wants to be called. */
  async getRules(): Promise<Rules> {
    return rulesOf((await this.#port.request({ type: 'get_rules' })).rules);
  }

  /** Replaces them whole; what is left out has its default. */
  async setRules(rules: Partial<Rules>): Promise<Rules> {
    return rulesOf((await this.#port.request({ type: 'set_rules', rules: wireRulesOf(rules) })).rules);
  }

  /** Where this device is woken from now on; without an address it is not woken any more (docs/push.md). Resolves when the server knows. */
  async setPush(push?: PushAddress): Promise<void> {
    await this.#port.request(push ? { type: 'set_push', push } : { type: 'set_push' });
  }

  /**
   * A push has arrived: `payload` as the server made it, an object or its JSON text. The call rings at once, as an `incoming` one, and the client
   * connects if it has not; what the server then says counts. Resolves with the call to be shown, the same one for a payload that comes
   * twice; with nothing if it is over, or if only the server can say whether it still rings (then `incoming` may follow). Rejects what is no payload.
   */
  async handlePush(payload: unknown): Promise<Call | undefined> {
    const found = payloadOf(payload);
    if (found === undefined) return refuse('This is no payload of a push for a call.');
    if (this.#state === 'idle' || this.#state === 'closed') this.#state = 'connecting';
    const handle = await this.#port.push(found);
    return handle === undefined ? undefined : this.#calls.get(handle);
  }

  /** Who is online now; the event `presence` tells what changes. */
  async watchPresence(): Promise<string[]> {
    return (await this.#port.request({ type: 'watch_presence' })).users ?? [];
  }

  /** This user's past calls, newest first. `limit` 1 to 100, default 20; `before`: the id of the last one seen. */
  async history(options: { limit?: number; before?: string } = {}): Promise<HistoryRecord[]> {
    return ((await this.#port.request({ type: 'history', ...options })).records ?? []).map(recordOf);
  }

  /** A new session, with a token that lets anyone who holds it in. */
  async createSession(): Promise<{ sessionId: string; token: string }> {
    const { session_id, token }: Reply = await this.#port.request({ type: 'session_create' });
    if (session_id === undefined || token === undefined) throw new OffhookError('bad_reply', 'The server answered without a session.');
    return { sessionId: session_id, token };
  }

  /** The session of this id (`sess_…`, or what an OpenTok server SDK has given), the same object each time. `token`: a session token, unless the client's own token is for it. */
  session(name: string, token?: string): Session {
    const id = sessionIdOf(name);
    const known = this.#sessions.get(id);
    if (known && (known.connected || token === undefined)) return known;
    const session = new Session(this.#port, id, token);
    this.#sessions.set(id, session);
    return session;
  }

  /** Refuses an invitation to a session: who waits there for the holder of this token is told `rejected`. */
  async reject(token: string): Promise<void> {
    await this.#port.request({ type: 'session_reject', token });
  }

  // --- what the engine tells

  #onEvent(event: EngineEvent): void {
    switch (event.name) {
      case 'online': return this.#onOnline(event);
      case 'offline': this.#state = 'offline'; return this.emit('offline');
      case 'closed': return this.#onClosed(event.problem && errorOf(event.problem));
      case 'error': return this.emit('error', errorOf(event.problem));
      case 'presence': return this.emit('presence', { user: event.user, online: event.online });
      case 'missed': return this.emit('missed', recordOf(event.record));
      case 'elsewhere': this.#elsewhere = event.calls; return this.emit('liveElsewhere', this.liveElsewhere);
      case 'unseen': this.#unseen = event.outcomes.map(unseenOf); return this.emit('unseenOutcomes', this.#unseen);
      case 'draining': return this.emit('draining', { remainingMs: event.remaining_ms });
      case 'incoming': return this.#onIncoming(event.call);
      case 'outgoing': return this.#onOutgoing(event.call);
      case 'session_connected':
      case 'session_disconnected':
      case 'session_event': return this.#onSessionNews(event);
      case 'pushed':
      case 'done':
      case 'failed':
      case 'expectation_met':
      case 'connection_missed': return this.#port.onEvent(event);
      default: return this.#onCallEvent(event);
    }
  }

  #onOnline({ user, iceServers }: Extract<EngineEvent, { name: 'online' }>): void {
    this.#state = 'online';
    this.#user = user;
    this.#port.iceServers = iceServers;
    this.emit('online');
    for (const { resolve } of this.#connecting.splice(0)) resolve();
  }

  #onClosed(error: OffhookError | undefined): void {
    this.#state = 'closed';
    this.#elsewhere = [];
    this.emit('closed', error);
    for (const { resolve } of this.#closing.splice(0)) resolve();
    const why = error ?? new OffhookError('closed', 'The client was disconnected before it was online.');
    for (const { reject } of this.#connecting.splice(0)) reject(why);
  }

  #onIncoming(view: CallView): void {
    this.emit('incoming', this.#add(view));
  }

  #onOutgoing(view: CallView): void {
    const call = this.#add(view);
    if (!this.hasListeners('outgoing')) return call.cancel();
    call.prepareMedia();
    this.emit('outgoing', call);
  }

  #onCallEvent(event: Extract<EngineEvent, { call: CallView }>): void {
    const call = this.#calls.get(event.call.handle);
    if (event.name === 'ended') this.#calls.delete(event.call.handle);
    call?.onEvent(event);
    // The application's listeners have returned: it knows.
    if (event.name === 'ended' && event.call.callId) this.#driver.input({ type: 'seen', callId: event.call.callId });
    if (event.name === 'ended' && this.#elsewhere.length > 0) this.emit('liveElsewhere', this.liveElsewhere);
  }

  #onSessionNews(news: SessionNews): void {
    if (news.handle !== undefined) return this.#calls.get(news.handle)?.onSessionNews(news);
    const id = news.name === 'session_event' ? news.event.session_id : news.session_id;
    this.#sessions.get(id)?.onNews(news);
  }

  #takeOver(wire: WireElsewhere): Call {
    const { call_id: callId, role, peer, media } = wire;
    const known = [...this.#calls.values()].find(({ id }) => id === callId);
    if (known) return known;
    const call = this.#make({ callId, role, peer, media }, 'connecting');
    this.#port.move(call.handle, wire);
    call.prepareMedia();
    this.emit('liveElsewhere', this.liveElsewhere);
    return call;
  }

  #make(view: Omit<CallView, 'handle'>, state?: CallState): Call {
    this.#count += 1;
    return this.#add({ handle: `out${this.#count}`, ...view }, state);
  }

  #add(view: CallView, state?: CallState): Call {
    const call = new Call(this.#port, view, state);
    this.#calls.set(view.handle, call);
    return call;
  }
}

// --- checking what the application gives

function checkedUrl(url: string): string {
  if (!/^wss?:\/\/./.test(url)) refuse(`The url is "${url}"; it must begin with wss:// (or ws://).`);
  return url;
}

/** An OpenTok session id is base64 of `1~KEY~~MOMENT~…~~`, in which the fifth field is what follows `sess_` in ours. */
function sessionIdOf(name: string): string {
  if (!/^[12]_[\w+/-]+=*$/.test(name)) return name;
  try {
    const fields = atob(name.slice(2).replace(/-/g, '+').replace(/_/g, '/').replace(/=+$/, '')).split('~');
    return fields[4] ? `sess_${fields[4]}` : name;
  } catch {
    return name;  // no base64; the server will say so
  }
}

function tokenSourceOf({ token, getToken }: ClientOptions): () => string | Promise<string> {
  if (getToken) return getToken;
  if (token !== undefined) return () => token;
  return refuse('Give a token, or getToken.');
}

function socketClassOf(options: ClientOptions): new (url: string) => WebSocketLike {
  const found = options.WebSocket ?? (globalThis as { WebSocket?: new (url: string) => WebSocketLike }).WebSocket;
  return found ?? refuse('There is no WebSocket here; give one, e.g. that of the npm package ws.');
}

function engineOptionsOf(options: ClientOptions): EngineOptions {
  const problem = problemOf(options.watchdogs ?? {});
  if (problem) refuse(problem);
  const deviceId = options.deviceId ?? deviceIdOf();
  if (!DEVICE_ID.test(deviceId)) refuse(`The deviceId is "${deviceId}"; it must be 1 to 64 of A–Z a–z 0–9 . _ -`);
  return {
    deviceId, client: clientName(options.deviceName), commandPrefix: `${randomText(8)}-`, random: Math.random,
    canRenewToken: options.getToken !== undefined, watchdogs: options.watchdogs, push: options.push,
  };
}

function clientName(deviceName: string | undefined): string {
  let name = `offhook-js/${VERSION}${deviceName ? ` ${deviceName}` : ''}`;
  while (byteLength(name) > MAX_CLIENT_NAME_BYTES) name = [...name].slice(0, -1).join('');
  return name;
}
