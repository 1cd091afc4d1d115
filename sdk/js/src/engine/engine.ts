// The client as a machine without input or output: calls, sessions and the link to the server, with every watchdog. It reads no
// clock and draws no chance; sockets and timers are for the layer around it (driver.ts).
import type { CommandBody, ErrorMessage, Reply, ServerEvent, ServerMessage, Undecoded, Welcome, WireRecord } from '../protocol';
import { Calls } from './calls';
import { Commands, type Pending } from './commands';
import { Desk, earliest } from './desk';
import { Journal } from './journal';
import { Expectations } from './expectations';
import { Link } from './link';
import { Sessions } from './sessions';
import { contradictionOf } from './settings';
import type { EngineOptions, Input, Output, Problem } from './types';

type Received = ServerMessage | Undecoded;

/** Errors of the opening that another attempt may not meet; all others would come again. */
const PASSING = ['overloaded', 'internal', 'hello_timeout', 'rate_limited', 'slow_consumer'];
/** Close codes that say for good what an error word has said before, in case that one got lost. */
const FINAL_CODES: Record<number, string> = { 4001: 'bad_token', 4002: 'replaced' };
const NORMAL = 1_000;
const NO_CONTACT = 4_004;
const PROTOCOL_ERROR = 4_000;

const REFUSALS = {
  too_large: 'The command is larger than a message may be.',
  limit_reached: 'Too many commands are waiting for their answer.',
};
const CLOSED: Problem = { word: 'closed', message: 'The client is closed.' };

export class Engine {
  readonly #desk: Desk;
  readonly #link: Link;
  readonly #commands: Commands;
  readonly #sessions: Sessions;
  readonly #expectations: Expectations;
  readonly #journal: Journal;
  readonly #calls: Calls;
  readonly #requests = new Set<number>();  // the application waits for the answer

  /** REQUIRES: `problemOf(options.watchdogs)` says nothing. */
  constructor(options: EngineOptions) {
    this.#desk = new Desk(options);
    this.#link = new Link(this.#desk);
    this.#commands = new Commands(this.#desk, this.#link);
    this.#sessions = new Sessions(this.#desk, this.#commands);
    this.#expectations = new Expectations(this.#desk, this.#commands);
    this.#journal = new Journal(this.#desk);
    this.#calls = new Calls(this.#desk, this.#link, this.#commands, this.#sessions, this.#journal);
  }

  /** `now`: monotonic milliseconds, never going back. */
  handle(now: number, input: Input): Output[] {
    this.#begin(now);
    // A message that is here is contact, however late the machine found the time to look at it.
    if (input.type === 'received') this.#take(input);
    this.#serve();
    if (input.type !== 'received') this.#take(input);
    this.#journal.announce();
    return this.#desk.outputs.splice(0);
  }

  /** Serves the watchdogs whose moment has come. */
  advance(now: number): Output[] {
    this.#begin(now);
    this.#serve();
    this.#journal.announce();
    return this.#desk.outputs.splice(0);
  }

  /** When `advance` must be called next; nothing if no watchdog runs. */
  nextDeadline(): number | undefined {
    return earliest(this.#link.deadline(), this.#commands.deadline(), this.#calls.deadline(), this.#expectations.deadline());
  }

  #begin(now: number): void {
    this.#desk.now = now;
    this.#desk.isUrgent = !this.#calls.isEmpty;
  }

  /** The link first: whether it is up decides which watchdog of a call counts. */
  #serve(): void {
    const due = this.#link.due();
    if (due === 'open') this.#link.open();
    if (due === 'lose') this.#lose(NO_CONTACT, 'no contact');
    this.#commands.advance();
    this.#calls.advance();
    this.#expectations.advance();
  }

  #take(input: Input): void {
    switch (input.type) {
      case 'connect': return this.#link.isRunning ? undefined : this.#link.open();
      case 'disconnect': return this.#close(undefined, 'us');
      case 'opened': return this.#onOpened(input);
      case 'received': return this.#onReceived(input.link, input.message);
      case 'closed': return this.#onClosed(input.link, input.code);
      case 'wake': return this.#link.wake();
      case 'call': return this.#calls.place(input);
      case 'move': return this.#calls.moveHere(input.handle, input.call);
      case 'push': return this.#onPush(input);
      case 'seen': return this.#journal.markSeen(input.callId);
      case 'act': return this.#calls.act(input.handle, input.action);
      case 'request': return this.#onRequest(input.request, input.body);
    }
  }

  // --- the link

  #onOpened({ link, token, journal }: Extract<Input, { type: 'opened' }>): void {
    this.#readJournal(journal);
    if (this.#link.isCurrent(link)) this.#link.greet(token, this.#calls.believedIn());
  }

  #readJournal(journal: string | undefined): void {
    if (journal === undefined) return;
    if (!this.#journal.load(journal)) {
      this.#desk.emit({ name: 'error', problem: { word: 'storage', message: 'What was kept of earlier calls cannot be read.' } });
    }
    this.#calls.enterAllInJournal();  // a push may have begun one before the journal was there
  }

  /** It rings at once, if it may; the server is asked in any case, and what it says counts. */
  #onPush({ request, payload, age_ms, journal }: Extract<Input, { type: 'push' }>): void {
    this.#readJournal(journal);
    const handle = this.#calls.onPush(payload, payload.remaining_ms - Math.max(age_ms, 0));
    this.#desk.isUrgent = !this.#calls.isEmpty;
    if (this.#link.isRunning) this.#link.wake();
    else this.#link.open();
    this.#desk.emit({ name: 'pushed', request, ...(handle !== undefined && { handle }) });
  }

  #onClosed(link: number, code: number | undefined): void {
    if (!this.#link.isCurrent(link)) return;
    const word = FINAL_CODES[code ?? 0];
    if (word && !(word === 'bad_token' && this.#desk.options.canRenewToken)) {
      return this.#close({ word, message: `The server has closed the connection: ${word}.` }, 'server');
    }
    this.#lose(NORMAL, '');
  }

  #lose(code: number, reason: string, askedMs = 0): void {
    const wasUp = this.#link.lose(code, reason, askedMs);
    this.#commands.linkLost();
    if (wasUp) this.#desk.emit({ name: 'offline' });
  }

  #onWelcome(welcome: Welcome): void {
    if (!this.#link.welcomed(welcome)) return;
    const contradiction = contradictionOf(this.#desk.options.watchdogs ?? {}, welcome.settings);
    if (contradiction) return this.#close({ word: 'bad_settings', message: contradiction }, 'us');
    this.#desk.adopt(welcome.settings, welcome.time_at_ms);
    this.#desk.emit({ name: 'online', user: welcome.user, iceServers: welcome.ice_servers });
    this.#calls.reconcile(welcome.calls, !welcome.resumed);
    // Sessions before the commands that wait to be sent in them.
    if (!welcome.resumed) {
      this.#sessions.rejoin();
      this.#expectations.renew();
    }
    this.#commands.sendAll();
  }

  /** The end for good, until the application connects again. Everybody who waits gets an answer. */
  #close(problem: Problem | undefined, by: 'us' | 'server'): void {
    if (this.#link.isClosed) return;
    // Whoever leaves by itself says so, so that the server need not wait for it to resume.
    const saysBye = this.#link.isUp && by === 'us';
    this.#calls.closeAll((body) => { if (saysBye) this.#commands.submit(body, 'engine'); });
    this.#expectations.closeAll();
    this.#sessions.closeAll(problem ? 'network_disconnected' : 'client_disconnected');
    this.#commands.drop(() => true);
    for (const request of [...this.#requests]) this.#fail(request, problem ?? CLOSED);
    if (saysBye) this.#link.send({ type: 'bye' });
    this.#link.shut(NORMAL, 'bye');
    this.#desk.emit(problem ? { name: 'closed', problem } : { name: 'closed' });
  }

  // --- messages

  #onReceived(link: number, message: Received): void {
    if (!this.#link.isCurrent(link)) return;
    // Contact is a server that knows this client: one that refuses its hello says nothing about its calls.
    if (this.#link.isUp || message.type === 'welcome') this.#link.heard();
    switch (message.type) {
      case 'welcome': return this.#onWelcome(message);
      case 'ping': this.#link.setPeriod(message.period_ms); return this.#link.pong();
      case 'pong': return;
      case 'reply': return this.#onReply(message);
      case 'error': return this.#onError(message);
      case 'undecoded': return this.#onUndecoded(message);
      default: if (this.#isNext(message.seq)) this.#onEvent(message);
    }
  }

  /** False for an event seen before. A missing one is asked for by resuming. */
  #isNext(seq: number): boolean {
    const place = this.#link.count(seq);
    if (place === 'gap') this.#lose(PROTOCOL_ERROR, 'an event is missing');
    return place === 'new';
  }

  #onEvent(event: ServerEvent): void {
    switch (event.type) {
      case 'call': return this.#calls.onEvent(event.call);
      case 'presence': return this.#desk.emit({ name: 'presence', user: event.user, online: event.online });
      case 'missed': return this.#onMissed(event.record);
      case 'elsewhere': return this.#desk.emit({ name: 'elsewhere', calls: event.calls });
      case 'draining': return this.#desk.emit({ name: 'draining', remaining_ms: event.remaining_ms });
      case 'expectation_met':
      case 'connection_missed': return this.#expectations.onEvent(event);
      case 'session_disconnected':
        this.#expectations.leave(event.session_id);
        return this.#sessions.onEvent(event);
      default: return this.#sessions.onEvent(event);
    }
  }

  #onMissed(record: WireRecord): void {
    this.#journal.learn(record.call_id, record.your_outcome, record.reason);
    this.#desk.emit({ name: 'missed', record });
  }

  #onUndecoded({ problem, seq, cmd_id }: Undecoded): void {
    // Its number counts all the same, or every later event would look like a gap.
    if (seq !== undefined) this.#isNext(seq);
    const pending = cmd_id === undefined ? undefined : this.#commands.take(cmd_id);
    if (pending) this.#refuse(pending, { word: 'bad_reply', message: problem });
  }

  #onReply(reply: Reply): void {
    const pending = this.#commands.take(reply.cmd_id);
    if (pending === undefined) {
      if (this.#commands.wasAbandoned(reply.cmd_id) && reply.call) this.#calls.onAbandoned(reply.call);
      return;
    }
    this.#finish(pending, reply);
  }

  #finish({ body, owner }: Pending, reply: Reply): void {
    if (body.type === 'session_connect') this.#sessions.onJoined(body.session_id, reply);
    if (body.type === 'session_disconnect') this.#onLeft(body.session_id);
    this.#calls.onAnswered(body, reply.call);
    if (owner === 'engine') return;
    if ('call' in owner) return this.#calls.onReply(owner.call, body, reply);
    if (body.type === 'ring_more' && reply.call) this.#calls.onSnapshot(reply.call);
    if (body.type === 'expect') return this.#expectations.onReply(owner.request, reply.expectation_id, reply.remaining_ms);
    if (this.#requests.delete(owner.request)) this.#desk.emit({ name: 'done', request: owner.request, reply });
  }

  #onLeft(sessionId: string): void {
    this.#expectations.leave(sessionId);
    this.#sessions.onLeft(sessionId);
  }

  #onError({ cmd_id, error, message, fatal, retry_after_ms }: ErrorMessage): void {
    const problem: Problem = { word: error, message };
    const pending = cmd_id === undefined ? undefined : this.#commands.take(cmd_id);
    if (pending) this.#refuse(pending, problem);
    if (fatal || !this.#link.isUp) return this.#onFatal(problem, retry_after_ms);
    if (cmd_id === undefined) this.#desk.emit({ name: 'error', problem });
  }

  #onFatal(problem: Problem, askedMs = 0): void {
    const canRetry = PASSING.includes(problem.word) || (problem.word === 'token_expired' && this.#desk.options.canRenewToken);
    if (!canRetry) return this.#close(problem, 'server');
    this.#desk.emit({ name: 'error', problem });
    this.#lose(NORMAL, problem.word, askedMs);
  }

  #refuse(pending: Pending, problem: Problem): void {
    const { body, owner } = pending;
    const isOwn = owner === 'engine' || ('call' in owner && body.type !== 'invite');
    if (problem.word === 'rate_limited' && isOwn) return this.#commands.postpone(pending);
    if (body.type === 'session_connect') {
      this.#sessions.onRefused(body.session_id);
      this.#expectations.leave(body.session_id);
    }
    this.#calls.onAnswered(body);
    if (owner === 'engine') return;
    if ('call' in owner) return this.#calls.onError(owner.call, body, problem);
    // Who wants to leave and is not in (any more) has what it wanted.
    if (body.type === 'session_disconnect' && ['not_connected', 'no_such_session'].includes(problem.word)) {
      return this.#finish(pending, { type: 'reply', cmd_id: pending.cmd_id });
    }
    this.#fail(owner.request, problem);
  }

  // --- requests of the application

  #onRequest(request: number, body: CommandBody): void {
    if (this.#link.isClosed) return this.#desk.emit({ name: 'failed', request, problem: CLOSED });
    if (body.type === 'session_disconnect') this.#sessions.leave(body.session_id);
    if (body.type === 'set_push') this.#desk.push = body.push;
    const refusal = this.#submit(request, body);
    if (refusal) this.#desk.emit({ name: 'failed', request, problem: { word: refusal, message: REFUSALS[refusal] } });
    else if (body.type !== 'expect') this.#requests.add(request);
  }

  #submit(request: number, body: CommandBody): keyof typeof REFUSALS | undefined {
    if (body.type === 'session_connect') return this.#sessions.join(body.session_id, body.token, { request });
    if (body.type === 'expect') return this.#expectations.open(request, body);
    return this.#commands.submit(body, { request });
  }

  #fail(request: number, problem: Problem): void {
    const isAwaited = this.#requests.delete(request) || this.#expectations.onRefused(request);
    if (isAwaited) this.#desk.emit({ name: 'failed', request, problem });
  }
}
