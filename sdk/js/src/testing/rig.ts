// An engine with a server played by hand, in virtual time.
import { Engine } from '../engine/engine';
import type { CallAction, EngineEvent, EngineOptions, Input, Output } from '../engine/types';
import { decode, type ClientMessage, type CommandBody, type Media } from '../protocol';
import { DEFAULT_SETTINGS } from './client_run';
import { Completion } from './completion';
import type { JsonObject } from './transcript';

type OfType<Message, Type> = Message extends { type: infer Own } ? (Type extends Own ? Message & { type: Type } : never) : never;
type Sent<Type extends ClientMessage['type']> = OfType<ClientMessage, Type>;
type Told<Name extends EngineEvent['name']> = Extract<EngineEvent, { name: Name }>;

export const PERIOD_MS = 1_000;

export class Rig {
  readonly engine: Engine;
  readonly completion = new Completion();
  readonly told: EngineEvent[] = [];
  sent: ClientMessage[] = [];
  closed: { link: number; code: number }[] = [];
  now = 1_000;
  link = 0;            // of the socket opened last
  handle = '';         // of the latest call
  isSilent = false;    // the server says nothing by itself
  kept: string | undefined;        // the journal, of this process and the one before
  readonly order: string[] = [];   // what is kept of calls, and what the application is told
  serverTimeMs = 1_700_000_000_000;
  #hasRead = false;

  constructor(options: Partial<EngineOptions> = {}) {
    this.engine = new Engine({
      deviceId: 'device', client: 'test', commandPrefix: 'c', random: () => 0.5, canRenewToken: false, ...options,
    });
  }

  // --- the server

  /** From nothing to online. */
  connect(welcome: JsonObject = {}): this {
    this.input({ type: 'connect' });
    return this.welcome(welcome);
  }

  /** The socket that was opened is there, and hello is answered. */
  welcome(fields: JsonObject = {}): this {
    this.input({ type: 'opened', link: this.link, token: 'token', journal: this.#hasRead ? undefined : this.kept });
    this.#hasRead = true;
    if (fields.resumed !== true) this.completion.seq = 0;
    const calls = (fields.calls ?? []) as JsonObject[];
    this.receive('welcome', {
      version: 1, server: 'test', client_id: 'client', resume_key: 'key', resumed: false, user: 'alice', device_id: 'device',
      time_at_ms: this.serverTimeMs,
      heartbeat_ms: PERIOD_MS, settings: { ...DEFAULT_SETTINGS }, ice_servers: [], ...fields,
      calls: calls.map((call) => this.completion.snapshot(call)),
    });
    this.isSilent = false;
    return this;
  }

  receive(type: string, fields: JsonObject = {}): void {
    this.input({ type: 'received', link: this.link, message: decode(JSON.stringify(this.completion.message(type, fields))) });
  }

  /** Answers the last command of this type. */
  reply(type: CommandBody['type'], fields: JsonObject = {}): void {
    this.receive('reply', { cmd_id: this.commandId(type), ...fields });
  }

  refuse(type: CommandBody['type'], error: string): void {
    this.receive('error', { cmd_id: this.commandId(type), error });
  }

  commandId(type: CommandBody['type']): string {
    const command = this.last(type);
    return (command as { cmd_id: string }).cmd_id;
  }

  cut(code = 1006): void {
    this.input({ type: 'closed', link: this.link, code });
  }

  /** Cut, and back after the pause of a reconnect. */
  reconnect(fields: JsonObject = { resumed: true }): void {
    this.cut();
    this.input({ type: 'wake' });
    this.welcome(fields);
  }

  // --- the application

  place(to = 'bob', media: Media = 'none', handle = 'out'): void {
    this.handle = handle;
    this.input({ type: 'call', handle, to, media });
  }

  /** On the latest call. */
  act(action: CallAction['do']): void {
    this.input({ type: 'act', handle: this.handle, action: { do: action } as CallAction });
  }

  request(body: CommandBody, request = 1): void {
    this.input({ type: 'request', request, body });
  }

  // --- time

  /** Turns the clock; the server keeps the heartbeat unless it is silent. */
  after(ms: number): this {
    const until = this.now + ms;
    while (this.now < until) {
      const ping = (Math.floor(this.now / PERIOD_MS) + 1) * PERIOD_MS;
      this.now = Math.min(until, ping, Math.max(this.engine.nextDeadline() ?? Infinity, this.now + 1));
      this.take(this.engine.advance(this.now));
      if (this.now === ping && !this.isSilent) this.receive('ping', { period_ms: PERIOD_MS });
    }
    return this;
  }

  // --- what came out

  input(input: Input): void {
    this.take(this.engine.handle(this.now, input));
  }

  private take(outputs: Output[]): void {
    for (const output of outputs) {
      switch (output.type) {
        case 'openSocket': this.link = output.link; break;
        case 'closeSocket': this.closed.push({ link: output.link, code: output.code }); break;
        case 'send': this.sent.push(output.message); break;
        case 'keep': this.#keep(output.text); break;
        case 'event':
          this.order.push(output.event.name);
          this.told.push(output.event);
          if (output.event.name === 'incoming') this.handle = output.event.call.handle;
      }
    }
  }

  #keep(text: string): void {
    this.kept = text;
    const { entries } = JSON.parse(text) as { entries: { call_id: string; state: string; seen: boolean }[] };
    const last = entries.at(-1);
    if (last) this.order.push(`keep ${last.seen ? 'seen' : last.state} ${last.call_id}`);
  }

  /** Every message of this type, oldest first. */
  all<Type extends ClientMessage['type']>(type: Type): Sent<Type>[] {
    return this.sent.filter((message) => message.type === type) as unknown as Sent<Type>[];
  }

  last<Type extends ClientMessage['type']>(type: Type): Sent<Type> {
    const found = this.all(type).at(-1);
    if (found === undefined) throw new Error(`${type} was not sent`);
    return found;
  }

  heard<Name extends EngineEvent['name']>(name: Name): Told<Name>[] {
    return this.told.filter((event): event is Told<Name> => event.name === name);
  }

  /** The names of what the application was told of calls and sessions. */
  get story(): string[] {
    return this.told.filter(({ name }) => name !== 'online' && name !== 'offline').map(({ name }) => name);
  }

  /** How the only call ended. */
  get outcome(): string {
    const ended = this.heard('ended');
    if (ended.length !== 1) throw new Error(`ended ${ended.length} times`);
    return [ended[0]!.outcome, ended[0]!.reason].filter((word) => word !== undefined).join('/');
  }
}

/** A caller whose call rings at the other side. */
export function callingRig(options: Partial<EngineOptions> = {}): Rig {
  const rig = new Rig(options).connect();
  rig.place();
  rig.reply('invite', { call: { call_id: 'k', phase: 'inviting', role: 'caller', you: 'calling', deadlines_remaining_ms: { setup: 60_000 } } });
  return rig;
}

/** A device that rings. */
export function ringingRig(options: Partial<EngineOptions> = {}): Rig {
  const rig = new Rig(options).connect();
  rig.receive('call', { call: { call_id: 'k', phase: 'inviting', role: 'callee', you: 'notified', deadlines_remaining_ms: { setup: 60_000 } } });
  rig.reply('ring_ack', { call: { call_id: 'k', you: 'ringing', ringing: true, deadlines_remaining_ms: { setup: 60_000, ring: 45_000 } } });
  return rig;
}

export const joinedReply = (connection = 'conn_me'): JsonObject =>
  ({ session_id: 's', connection: { connection_id: connection }, connections: [], streams: [] });

/** A caller in an active call and in its session. */
export function talkingRig(options: Partial<EngineOptions> = {}): Rig {
  const rig = callingRig(options);
  rig.receive('call', { call: { call_id: 'k', phase: 'connecting', you: 'joined', session_id: 's', deadlines_remaining_ms: { connect: 20_000 } } });
  rig.reply('session_connect', joinedReply());
  rig.receive('call', { call: { call_id: 'k', phase: 'active' } });
  return rig;
}
