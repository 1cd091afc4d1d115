// What becomes of each call on this device, with the watchdogs of PROTOCOL.md section 8 for the case that the server's word does
// not come. The server decides outcomes; here they are only shown, or replaced by `lost_contact`.
//
//   caller: placing ─▶ calling ──────────────▶ connecting ─▶ active ─▶ ended
//   callee:            ringing ─▶ answering ─▶ connecting ─▶ active ─▶ ended      any but ended ─hang-up─▶ leaving ─▶ ended
import type { Outcome, Reason, Role } from '../outcomes';
import { MAX_HELLO_CALLS, type CommandBody, type Reply, type Snapshot } from '../protocol';
import type { Commands, Pending } from './commands';
import { earliest, RecentSet, type Desk } from './desk';
import type { Link } from './link';
import type { Sessions } from './sessions';
import type { Limits } from './settings';
import type { CallAction, CallEventName, CallView, Input, Problem } from './types';

type Stage = 'placing' | 'calling' | 'ringing' | 'answering' | 'connecting' | 'active' | 'leaving' | 'ended';

interface Call {
  readonly view: CallView;
  stage: Stage;
  since: number;                 // when this stage began
  activeSince?: number;
  version: number;               // of the snapshot shown last
  due: { setup?: number; ring?: number; connect?: number };  // the server's deadlines as moments of this clock
  askedAt?: number;              // `get_call` for want of news
  isRinging: boolean;            // caller: the application was told
  isPeerUnstable: boolean;
}

interface Watchdog { name: keyof Limits; at: number }

/** A call that ended here must not ring again, even if an old event or a slow server still speaks of it. */
const MAX_TOMBSTONES = 1_024;
const DEFAULT_SETUP_MS = 60_000;
const DEFAULT_CONNECT_MS = 20_000;
/** Commands that end a call: of use to the other side even after the call has ended here. */
const FAREWELLS: CommandBody['type'][] = ['hangup', 'cancel', 'decline', 'give_up'];
const REFUSALS: string[] = ['not_allowed', 'rate_limited', 'overloaded', 'no_such_user', 'server_shutdown'] satisfies Reason[];

const isFinal = (snapshot: Snapshot): boolean => snapshot.phase === 'ended' || snapshot.device_outcome !== undefined;
const ranHere = (snapshot: Snapshot): boolean => ['calling', 'joined', 'winner'].includes(snapshot.you);
const ringsHere = (snapshot: Snapshot): boolean =>
  snapshot.role === 'callee' && snapshot.phase === 'inviting' && (snapshot.you === 'notified' || snapshot.you === 'ringing');

/** What a device says that leaves while a call is at this stage. */
function lastWordOf(stage: Stage, role: Role, call_id: string): CommandBody {
  if (stage === 'ringing') return { type: 'give_up', call_id, watchdog: 'closed' };
  return role === 'caller' && stage === 'calling' ? { type: 'cancel', call_id } : { type: 'hangup', call_id };
}

export class Calls {
  readonly #calls = new Map<string, Call>();             // by handle; ended ones are taken out
  readonly #tombstones = new RecentSet<string>(MAX_TOMBSTONES);
  readonly #silenced = new RecentSet<string>(MAX_TOMBSTONES);    // stopped ringing for want of contact; only a welcome rings again
  readonly #early = new Map<string, Snapshot>();         // of calls whose invite is not answered yet
  #count = 0;

  constructor(readonly desk: Desk, readonly link: Link, readonly commands: Commands, readonly sessions: Sessions) {}

  /** What `hello.calls` says. */
  believedIn(): string[] {
    return [...this.#calls.values()].flatMap((call) => call.view.callId ?? []).slice(0, MAX_HELLO_CALLS);
  }

  // --- the application acts

  place(input: Extract<Input, { type: 'call' }>): void {
    const call = this.#add({ handle: input.handle, role: 'caller', peer: input.to, media: input.media, data: input.data }, 'placing');
    if (this.link.isClosed) return this.#end(call, 'failed', 'server_unreachable');
    const refusal = this.commands.submit(
      { type: 'invite', to: input.to, media: input.media, ring_timeout_ms: input.ringTimeoutMs, data: input.data }, { call: input.handle });
    if (refusal) this.#end(call, 'failed', 'internal');
  }

  act(handle: string, action: CallAction): void {
    const call = this.#calls.get(handle);
    if (call === undefined || call.stage === 'leaving') return;
    switch (action.do) {
      case 'answer': return this.#answer(call);
      case 'decline':
      case 'busy': return this.#refuse(call, action.do === 'busy' ? 'busy' : 'declined');
      case 'cancel': return this.#leave(call, call.view.role === 'caller' ? 'cancel' : 'hangup');
      case 'hangup': return this.#leave(call, 'hangup');
      case 'ignore': return call.stage === 'ringing' ? this.#send(call, { type: 'ignore', call_id: call.view.callId! }) : undefined;
      case 'media_up':
      case 'media_down': return this.#report(call, { type: action.do, call_id: call.view.callId! });
      case 'media_failed': return this.#report(call, { type: 'media_failed', call_id: call.view.callId!, reason: action.reason });
    }
  }

  #answer(call: Call): void {
    if (call.stage !== 'ringing') return;
    this.#enter(call, 'answering');
    this.#send(call, { type: 'answer', call_id: call.view.callId! });
  }

  #refuse(call: Call, reason: 'declined' | 'busy'): void {
    if (call.stage !== 'ringing') return this.#leave(call, 'hangup');
    this.#enter(call, 'leaving');
    this.#send(call, { type: 'decline', call_id: call.view.callId!, reason });
  }

  /** The screen is gone at once; the outcome is the server's word, or `lost_contact` when it does not come. */
  #leave(call: Call, how: 'cancel' | 'hangup'): void {
    const invite = this.#inviteOf(call);
    if (invite && !invite.wasSent) return this.#end(call, 'cancelled', 'by_user');
    this.#enter(call, 'leaving');
    // Without an id the wish is kept: `#onPlaced` sends it.
    if (call.view.callId) this.#send(call, { type: how, call_id: call.view.callId });
  }

  #report(call: Call, body: CommandBody): void {
    if (call.stage === 'connecting' || call.stage === 'active') this.#send(call, body);
  }

  // --- the server speaks

  onSnapshot(snapshot: Snapshot): void {
    const call = this.#find(snapshot.call_id);
    if (call) this.#show(call, snapshot);
    else this.#meet(snapshot);
  }

  onReply(handle: string, body: CommandBody, reply: Reply): void {
    const call = this.#calls.get(handle);
    if (call === undefined || reply.call === undefined) return;
    if (body.type === 'invite') this.#onPlaced(call, reply.call);
    else this.#show(call, reply.call);
  }

  onError(handle: string, body: CommandBody, problem: Problem): void {
    const call = this.#calls.get(handle);
    if (call === undefined) return;
    if (body.type === 'invite') {
      this.#end(call, 'failed', REFUSALS.includes(problem.word) ? problem.word as Reason : 'internal');
      this.#reviewEarly();
    } else if (problem.word === 'no_such_call') {
      this.#end(call, 'lost_contact');
    } else {
      this.desk.emit({ name: 'error', problem });
    }
  }

  /** An invite that nobody waits for any more has created a call after all. */
  onAbandoned(snapshot: Snapshot): void {
    if (!isFinal(snapshot)) this.#disown(snapshot);
  }

  /** The calls of a welcome. In a fresh client's welcome they are complete: what is absent is unknown to the server. */
  reconcile(snapshots: Snapshot[], isFresh: boolean): void {
    if (isFresh) {
      const known = new Set(snapshots.map((snapshot) => snapshot.call_id));
      for (const call of [...this.#calls.values()]) {
        call.version = 0;
        if (call.view.callId && !known.has(call.view.callId)) this.#end(call, 'lost_contact');
      }
    }
    for (const snapshot of snapshots) {
      this.#silenced.delete(snapshot.call_id);
      this.onSnapshot(snapshot);
    }
  }

  #onPlaced(call: Call, snapshot: Snapshot): void {
    // Two who call each other at once are in one call (PROTOCOL.md section 6.4): what rang here has become the call just placed.
    const rang = this.#find(snapshot.call_id);
    if (rang && rang.stage !== 'ringing' && rang.stage !== 'answering') return this.#end(call, 'busy', 'in_call');
    if (rang) this.#end(rang, 'answered_elsewhere');
    call.view.callId = snapshot.call_id;
    call.view.role = snapshot.role;
    this.#show(call, snapshot);
    this.#reviewEarly();
    if (call.stage === 'leaving') this.#send(call, { type: 'cancel', call_id: snapshot.call_id });
  }

  /** A call this device knows nothing of. */
  #meet(snapshot: Snapshot): void {
    const { call_id } = snapshot;
    if (this.#tombstones.has(call_id) || this.#silenced.has(call_id)) return;
    // Even the last word may come before the reply to the invite.
    if (snapshot.role === 'caller' && this.#awaitsPlacing()) return this.#keepEarly(snapshot);
    if (isFinal(snapshot)) return;
    if (ringsHere(snapshot)) this.#ring(snapshot);
    else if (ranHere(snapshot)) this.#disown(snapshot);
  }

  #ring(snapshot: Snapshot): void {
    this.#count += 1;
    const view: CallView = {
      handle: `in${this.#count}`, callId: snapshot.call_id, role: 'callee', peer: snapshot.caller.user,
      peerDevice: snapshot.caller.device, media: snapshot.media, data: snapshot.data,
    };
    const call = this.#add(view, 'ringing');
    this.#tell('incoming', call);
    this.#send(call, { type: 'ring_ack', call_id: snapshot.call_id });
    this.#show(call, snapshot);
  }

  /** An earlier life of this device, or an invite given up, has left a call behind: nobody here is in it. */
  #disown(snapshot: Snapshot): void {
    const { call_id } = snapshot;
    this.#tombstones.add(call_id);
    const body: CommandBody = snapshot.you === 'calling' ? { type: 'cancel', call_id } : { type: 'give_up', call_id, watchdog: 'unknown' };
    this.commands.submit(body, 'engine');
  }

  /** After a resume, news of a call may come before the reply that says it is the one just placed. */
  #keepEarly(snapshot: Snapshot): void {
    const kept = this.#early.get(snapshot.call_id);
    if (kept === undefined || kept.version < snapshot.version) this.#early.set(snapshot.call_id, snapshot);
  }

  #reviewEarly(): void {
    const early = [...this.#early.values()];
    this.#early.clear();
    for (const snapshot of early) this.onSnapshot(snapshot);
  }

  // --- showing a snapshot

  #show(call: Call, snapshot: Snapshot): void {
    if (snapshot.version < call.version) return;
    this.#learn(call, snapshot);
    const outcome = snapshot.device_outcome ?? (snapshot.phase === 'ended' ? snapshot.outcome ?? 'failed' : undefined);
    if (outcome) return this.#end(call, outcome, snapshot.reason, snapshot.duration_ms);
    if (call.stage === 'leaving') return;
    if (call.stage === 'placing') {
      this.#enter(call, 'calling');
      this.#tell('calling', call);
    }
    if (snapshot.phase === 'inviting') this.#showRinging(call, snapshot);
    else this.#showAnswered(call, snapshot);
    this.#showStability(call, snapshot);
  }

  #learn(call: Call, snapshot: Snapshot): void {
    const { view } = call;
    const other = view.role === 'caller' ? snapshot.callee : snapshot.caller;
    if (other.device !== undefined) view.peerDevice = other.device;
    // A version known already may have waited: of two readings of a deadline the earlier is right, unless it was just asked for.
    const isNews = snapshot.version > call.version || call.askedAt !== undefined;
    call.version = snapshot.version;
    call.askedAt = undefined;
    const { setup, ring, connect } = snapshot.deadlines_remaining_ms;
    for (const [name, remaining] of Object.entries({ setup, ring, connect }) as ['setup' | 'ring' | 'connect', number | undefined][]) {
      if (remaining === undefined) continue;
      const told = this.desk.now + remaining;
      call.due[name] = isNews ? told : earliest(call.due[name], told);
    }
  }

  #showRinging(call: Call, snapshot: Snapshot): void {
    if (call.view.role !== 'caller' || !snapshot.ringing || call.isRinging) return;
    call.isRinging = true;
    this.#tell('ringing', call);
  }

  #showAnswered(call: Call, snapshot: Snapshot): void {
    // Who is about to take a call over from another device is connecting, and not in it yet (PROTOCOL.md section 6.6).
    const isMoving = snapshot.you === 'moving';
    const isOurs = snapshot.you === 'winner' || snapshot.you === 'joined' || isMoving;
    if (!isOurs) return call.view.role === 'callee' ? this.#end(call, 'answered_elsewhere') : undefined;
    if (call.stage !== 'connecting' && call.stage !== 'active') {
      this.#enter(call, 'connecting');
      this.#tell('connecting', call);
    }
    if (snapshot.session_id) this.sessions.joinCall(snapshot.session_id, call.view.handle);
    if (snapshot.phase === 'active' && !isMoving && call.stage !== 'active') {
      this.#enter(call, 'active');
      call.activeSince = this.desk.now;
      this.#tell('active', call);
    }
  }

  #showStability(call: Call, snapshot: Snapshot): void {
    if (call.stage === 'ended' || snapshot.peer_unstable === call.isPeerUnstable) return;
    call.isPeerUnstable = snapshot.peer_unstable;
    this.#tell(snapshot.peer_unstable ? 'peer_unstable' : 'peer_stable', call);
  }

  // --- watchdogs

  deadline(): number | undefined {
    return earliest(...[...this.#calls.values()].map((call) => this.#watchdog(call)?.at));
  }

  advance(): void {
    for (const call of [...this.#calls.values()]) {
      const watchdog = this.#watchdog(call);
      if (watchdog && watchdog.at <= this.desk.now) this.#bark(call, watchdog.name);
    }
  }

  /** The one watchdog of a stage: none but `active` with a link that is up is without. */
  #watchdog(call: Call): Watchdog | undefined {
    const { limits } = this.desk;
    const after = (name: keyof Limits, moment: number): Watchdog => ({ name, at: moment + limits[name] });
    switch (call.stage) {
      case 'placing': return after('place', call.since);
      case 'calling': return this.link.isUp ? after('setup', call.askedAt ?? this.#setupDue(call)) : after('caller', this.link.lastContact);
      case 'ringing': return this.link.isUp ? after('ring', call.due.ring ?? this.#setupDue(call)) : after('ringContact', this.link.lastContact);
      case 'answering': return after('answer', call.since);
      case 'connecting': return after('connect', this.#connectDue(call));
      case 'active': return this.link.isUp ? undefined : after('call', this.link.lastContact);
      case 'leaving': return after('end', call.since);
      case 'ended': return undefined;
    }
  }

  // A server that tells no deadline still has one.
  #setupDue(call: Call): number {
    return call.due.setup ?? call.since + (this.desk.settings?.setup_timeout_ms ?? DEFAULT_SETUP_MS);
  }

  #connectDue(call: Call): number {
    return call.due.connect ?? call.since + (this.desk.settings?.connect_timeout_ms ?? DEFAULT_CONNECT_MS);
  }

  #bark(call: Call, name: keyof Limits): void {
    switch (name) {
      case 'place': return this.#abandon(call, 'failed', 'server_unreachable');
      case 'setup': return call.askedAt === undefined ? this.#askAbout(call) : this.#giveUp(call, 'setup');
      case 'ring': return this.#end(call, 'missed');
      case 'ringContact': {
        this.#end(call, 'lost_contact');
        // Not given up: it rings again if it still lives after the reconnect. Events that were waiting do not prove that.
        this.#tombstones.delete(call.view.callId!);
        this.#silenced.add(call.view.callId!);
        return;
      }
      case 'end': return this.#abandon(call, 'lost_contact');
      case 'caller':
      case 'answer':
      case 'connect':
      case 'call': return this.#giveUp(call, name);
    }
  }

  #askAbout(call: Call): void {
    call.askedAt = this.desk.now;
    this.#send(call, { type: 'get_call', call_id: call.view.callId! });
  }

  #giveUp(call: Call, watchdog: keyof Limits): void {
    this.#end(call, 'lost_contact');
    this.commands.submit({ type: 'give_up', call_id: call.view.callId!, watchdog }, 'engine');
  }

  /** Ends it here. If its invite may have reached the server, the call it created is cancelled as soon as it shows. */
  #abandon(call: Call, outcome: Outcome, reason?: Reason): void {
    const invite = this.#inviteOf(call);
    if (invite?.wasSent) this.commands.abandon(invite.cmd_id);
    this.#end(call, outcome, reason);
    this.#reviewEarly();
  }

  /** The client closes for good. `farewell` tells the server while it can be told; its answer is not awaited. */
  closeAll(farewell: (body: CommandBody) => void): void {
    for (const call of [...this.#calls.values()]) {
      const { callId, role } = call.view;
      if (callId !== undefined && call.stage !== 'leaving') farewell(lastWordOf(call.stage, role, callId));
      this.#end(call, 'lost_contact');
    }
    this.#early.clear();
  }

  // --- the one end of a call

  #end(call: Call, outcome: Outcome, reason?: Reason, durationMs?: number): void {
    const duration_ms = durationMs ?? (call.activeSince === undefined ? 0 : this.desk.now - call.activeSince);
    const wordCame = outcome !== 'lost_contact';
    this.#enter(call, 'ended');
    this.#calls.delete(call.view.handle);
    if (call.view.callId) this.#tombstones.add(call.view.callId);
    this.commands.drop(({ owner, body }) =>
      typeof owner === 'object' && 'call' in owner && owner.call === call.view.handle && (wordCame || !FAREWELLS.includes(body.type)));
    this.sessions.callEnded(call.view.handle);
    this.desk.emit({ name: 'ended', call: { ...call.view }, outcome, reason, duration_ms });
  }

  // --- small parts

  #add(view: CallView, stage: Stage): Call {
    const call: Call = { view, stage, since: this.desk.now, version: 0, due: {}, isRinging: false, isPeerUnstable: false };
    this.#calls.set(view.handle, call);
    return call;
  }

  #enter(call: Call, stage: Stage): void {
    call.stage = stage;
    call.since = this.desk.now;
  }

  #tell(name: CallEventName, call: Call): void {
    this.desk.emit({ name, call: { ...call.view } });
  }

  #send(call: Call, body: CommandBody): void {
    const refusal = this.commands.submit(body, { call: call.view.handle });
    if (refusal) this.desk.emit({ name: 'error', problem: { word: refusal, message: `The command ${body.type} could not be sent.` } });
  }

  #find(callId: string): Call | undefined {
    return [...this.#calls.values()].find((call) => call.view.callId === callId);
  }

  #inviteOf(call: Call): Pending | undefined {
    return this.commands.find(({ owner, body }) =>
      body.type === 'invite' && typeof owner === 'object' && 'call' in owner && owner.call === call.view.handle);
  }

  #awaitsPlacing(): boolean {
    return this.commands.find(({ body, wasSent }) => body.type === 'invite' && wasSent) !== undefined;
  }
}
