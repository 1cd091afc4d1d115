// What becomes of each call on this device, with the watchdogs of PROTOCOL.md section 8 for the case that the server's word does
// not come. The server decides outcomes; here they are only shown, or replaced by `lost_contact`.
//
//   caller: placing ─▶ calling ──────────────▶ connecting ─▶ active ─▶ ended
//   callee:            ringing ─▶ answering ─▶ connecting ─▶ active ─▶ ended      any but ended ─hang-up─▶ leaving ─▶ ended
//   taken over from another device:  taking ─▶ connecting ─▶ active ─▶ ended
import type { Outcome, Reason, Role } from '../outcomes';
import { MAX_HELLO_CALLS, type CommandBody, type Reply, type Snapshot, type WireElsewhere } from '../protocol';
import type { Commands, Pending } from './commands';
import { earliest, RecentSet, type Desk } from './desk';
import type { Journal, LastWord } from './journal';
import type { Link } from './link';
import type { Sessions } from './sessions';
import type { Limits } from './settings';
import { endOf, isActiveHere, isInHere, isUnanswered, ranHere, ringsHere } from './snapshots';
import type { PushPayload } from './push_payload';
import type { CallAction, CallEventName, CallView, Input, Problem } from './types';

type Stage = 'placing' | 'calling' | 'ringing' | 'answering' | 'taking' | 'connecting' | 'active' | 'leaving' | 'ended';

interface Call {
  readonly view: CallView;
  stage: Stage;
  since: number;                 // when this stage began
  activeSince?: number;
  version: number;               // of the snapshot shown last
  due: { setup?: number; ring?: number; connect?: number };  // the server's deadlines as moments of this clock
  askedAt?: number;              // `get_call` for want of news
  isRinging: boolean;            // caller: the application was told
  ownGraceMs?: number;           // the call's own drop_grace
  toldLegs?: string;             // as JSON
  wokenUntil?: number;           // rings by a push until then, unless the server is heard
}

interface Watchdog { name: keyof Limits; at: number }

/** A call that ended here must not ring again, even if an old event or a slow server still speaks of it. */
const MAX_TOMBSTONES = 1_024;
const DEFAULT_SETUP_MS = 60_000;
const DEFAULT_CONNECT_MS = 20_000;
/** Commands that end a call: of use to the other side even after the call has ended here. */
const FAREWELLS: string[] = ['hangup', 'cancel', 'decline', 'give_up'] satisfies LastWord['type'][];
const REFUSALS: string[] = ['not_allowed', 'rate_limited', 'overloaded', 'no_such_user', 'server_shutdown'] satisfies Reason[];

const isFarewell = (body: CommandBody): body is LastWord => FAREWELLS.includes(body.type);

/** What a device says that leaves while a call is at this stage. */
function lastWordOf(stage: Stage, role: Role, call_id: string): LastWord {
  if (stage === 'ringing') return { type: 'give_up', call_id, watchdog: 'closed' };
  return role === 'caller' && stage === 'calling' ? { type: 'cancel', call_id } : { type: 'hangup', call_id };
}

export class Calls {
  readonly #calls = new Map<string, Call>();             // by handle; ended ones are taken out
  readonly #tombstones = new RecentSet<string>(MAX_TOMBSTONES);
  #named = new Set<string>();  // in the last hello
  readonly #silenced = new RecentSet<string>(MAX_TOMBSTONES);    // stopped ringing for want of contact; only a welcome rings again
  readonly #asked = new RecentSet<string>(MAX_HELLO_CALLS);     // told of by a push that was too late to ring by itself
  readonly #early = new Map<string, Snapshot>();         // of calls whose invite is not answered yet
  #count = 0;

  constructor(
    readonly desk: Desk, readonly link: Link, readonly commands: Commands, readonly sessions: Sessions, readonly journal: Journal,
  ) {}

  get isEmpty(): boolean { return this.#calls.size === 0; }

  /** What `hello.calls` says. */
  believedIn(): string[] {
    const ids = [...[...this.#calls.values()].flatMap((call) => call.view.callId ?? []), ...this.#asked.members, ...this.journal.orphans()];
    this.#named = new Set([...new Set(ids)].slice(0, MAX_HELLO_CALLS));
    return [...this.#named];
  }

  // --- the application acts

  place(input: Extract<Input, { type: 'call' }>): void {
    const { handle, media, data, timers } = input;
    const whom = 'group' in input ? { group: input.group } : { to: input.to };
    const peer = 'group' in input ? input.group.users[0]! : input.to;
    const groupMode = 'group' in input ? input.group.mode : undefined;
    const call = this.#add({ handle, role: 'caller', peer, media, data, groupMode }, 'placing');
    if (this.link.isClosed) return this.#end(call, 'failed', 'server_unreachable');
    const refusal = this.commands.submit({ type: 'invite', ...whom, media, ...timers, data }, { call: handle });
    if (refusal) this.#end(call, 'failed', 'internal');
  }

  /** Another device of this user is in it; this one is, when it has media (PROTOCOL.md section 6.6). */
  moveHere(handle: string, { call_id, role, peer, media }: WireElsewhere): void {
    const call = this.#add({ handle, callId: call_id, role, peer, media }, 'taking');
    this.journal.enter({ call_id, role, peer, media });
    if (this.link.isClosed) return this.#end(call, 'failed', 'server_unreachable');
    this.#send(call, { type: 'move_here', call_id });
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

  // --- a push wakes this device

  /** Rings by what the payload says, for as long as the server may take to be heard. Gives the call, if there is one to be shown. */
  onPush(payload: PushPayload, remainingMs: number): string | undefined {
    const { call_id } = payload;
    const known = this.#find(call_id);
    if (known) return known.view.handle;
    if (this.#tombstones.has(call_id) || this.journal.isTombstone(call_id)) return undefined;
    // One that is too late by this machine's clock, or rang before: the server knows whether it still rings.
    if (remainingMs <= 0 || this.#silenced.has(call_id) || this.journal.has(call_id)) return this.#askWhether(call_id);
    this.#count += 1;
    const { caller, media, data, group } = payload;
    const view: CallView = { handle: `in${this.#count}`, callId: call_id, role: 'callee', peer: caller.user, peerDevice: caller.device, media, data };
    const call = this.#add(group ? { ...view, groupMode: 'all_join' } : view, 'ringing');
    call.wokenUntil = this.desk.now + Math.min(remainingMs, this.desk.limits.wake);
    this.#enterInJournal(call);
    this.#tell('incoming', call);
    if (this.link.isUp) this.#send(call, { type: 'get_call', call_id });
    return view.handle;
  }

  #askWhether(call_id: string): undefined {
    this.#asked.add(call_id);
    if (this.link.isUp) this.commands.submit({ type: 'get_call', call_id }, 'engine');
  }

  /** The server is heard: it says whether this device rings, and is told that it does. */
  #confirm(call: Call, snapshot: Snapshot): void {
    call.wokenUntil = undefined;
    if (call.stage === 'ringing' && snapshot.you === 'notified') this.#send(call, { type: 'ring_ack', call_id: snapshot.call_id });
  }

  // --- the server speaks

  /** Other than in a welcome, a call that is placed from here and was not known has just been placed by the app's backend. */
  onEvent(snapshot: Snapshot): void {
    if (this.#find(snapshot.call_id) === undefined && this.#isOfBackend(snapshot)) this.#takeOn(snapshot);
    else this.onSnapshot(snapshot);
  }

  onSnapshot(snapshot: Snapshot): void {
    const call = this.#find(snapshot.call_id);
    if (call === undefined) return this.#meet(snapshot);
    // What it had of the call before says nothing about taking it over.
    if (call.stage === 'taking' && !isInHere(snapshot) && snapshot.phase !== 'ended') return;
    this.#show(call, snapshot);
  }

  onReply(handle: string, body: CommandBody, reply: Reply): void {
    const call = this.#calls.get(handle);
    if (call === undefined || reply.call === undefined) return;
    if (body.type === 'invite') this.#onPlaced(call, reply.call);
    else if (body.type === 'move_here') this.#onTaken(call, reply.call);
    else this.#show(call, reply.call);
  }

  onError(handle: string, body: CommandBody, problem: Problem): void {
    const call = this.#calls.get(handle);
    if (call === undefined) return;
    if (body.type === 'invite') {
      this.#end(call, 'failed', REFUSALS.includes(problem.word) ? problem.word as Reason : 'internal');
      this.#reviewEarly();
    } else if (problem.word === 'no_such_call') {
      this.#end(call, call.stage === 'taking' ? 'failed' : call.wokenUntil === undefined ? 'lost_contact' : 'missed');
    } else {
      this.desk.emit({ name: 'error', problem });
    }
  }

  /** An invite that nobody waits for any more has created a call after all. */
  onAbandoned(snapshot: Snapshot): void {
    if (endOf(snapshot) === undefined) this.#disown(snapshot);
  }

  /** Whatever the server answered to a farewell: it need not be told again. `reply`: nothing if it was an error. */
  onAnswered(body: CommandBody, snapshot?: Snapshot): void {
    if (body.type === 'get_call' && !this.#find(body.call_id)) return this.#onFound(body.call_id, snapshot);
    if (!isFarewell(body)) return;
    this.journal.settle(body.call_id);
    if (snapshot && !this.#find(body.call_id)) this.#learn(snapshot);
  }

  /** The calls of a welcome. In a fresh client's welcome they are complete: what is absent is unknown to the server. */
  reconcile(snapshots: Snapshot[], isFresh: boolean): void {
    if (isFresh) {
      const known = new Set(snapshots.map((snapshot) => snapshot.call_id));
      for (const call of [...this.#calls.values()]) {
        call.version = 0;
        if (call.view.callId && !known.has(call.view.callId)) this.#onUnknown(call, call.view.callId);
      }
    }
    for (const snapshot of snapshots) {
      this.#silenced.delete(snapshot.call_id);
      this.onSnapshot(snapshot);
    }
    this.#askForOrphans();
    for (const body of this.journal.owed()) {
      if (!this.#pendingFarewell(body.call_id)) this.commands.submit(body, 'engine');
    }
  }

  /** Of calls of an earlier process a hello names 16 at most; of the others the server is asked one by one. */
  #askForOrphans(): void {
    for (const call_id of this.journal.orphans()) {
      if (this.#named.has(call_id)) this.journal.closeOrphan(call_id);
      else if (!this.commands.find(({ body }) => body.type === 'get_call' && body.call_id === call_id)) {
        this.commands.submit({ type: 'get_call', call_id }, 'engine');
      }
    }
    this.journal.prune();
  }

  /** The answer counts as a welcome that shows the call, or lacks it. */
  #onFound(callId: string, snapshot?: Snapshot): void {
    if (snapshot) this.onSnapshot(snapshot);
    this.journal.closeOrphan(callId);
  }

  #onPlaced(call: Call, snapshot: Snapshot): void {
    // Two who call each other at once are in one call (PROTOCOL.md section 6.4): what rang here has become the call just placed.
    const rang = this.#find(snapshot.call_id);
    if (rang && rang.stage !== 'ringing' && rang.stage !== 'answering') return this.#end(call, 'busy', 'in_call');
    if (rang) this.#end(rang, 'answered_elsewhere');
    call.view.callId = snapshot.call_id;
    call.view.role = snapshot.role;
    this.#enterInJournal(call);
    this.#show(call, snapshot);
    this.#reviewEarly();
    if (call.stage === 'leaving') this.#send(call, { type: 'cancel', call_id: snapshot.call_id });
  }

  #onTaken(call: Call, snapshot: Snapshot): void {
    if (isInHere(snapshot) || snapshot.phase === 'ended') return this.#show(call, snapshot);
    this.#end(call, 'failed', 'not_allowed');
  }

  /** A call this device knows nothing of. */
  #meet(snapshot: Snapshot): void {
    const { call_id } = snapshot;
    if (this.journal.has(call_id) && endOf(snapshot)) return this.#learn(snapshot);
    if (this.#tombstones.has(call_id) || this.#silenced.has(call_id) || this.journal.isTombstone(call_id)) return;
    if (this.#mayBePlaced(snapshot) && !this.journal.has(call_id)) return this.#keepEarly(snapshot);
    if (endOf(snapshot)) return;
    if (ringsHere(snapshot)) this.#ring(snapshot);
    else if (ranHere(snapshot) || this.journal.has(call_id)) this.#disown(snapshot);
  }

  /** The end of a call that nobody here is in any more. */
  #learn(snapshot: Snapshot): void {
    const end = endOf(snapshot);
    if (end) this.journal.learn(snapshot.call_id, end.outcome, end.reason);
  }

  /** An invite that was given up may have made it, too; then it must not go on. */
  #isOfBackend(snapshot: Snapshot): boolean {
    const { call_id } = snapshot;
    const isKnown = this.#tombstones.has(call_id) || this.journal.has(call_id) || this.journal.isTombstone(call_id);
    return snapshot.you === 'calling' && endOf(snapshot) === undefined && !isKnown && !this.#awaitsPlacing() && !this.commands.hasAbandoned;
  }

  #takeOn(snapshot: Snapshot): void {
    this.#count += 1;
    const { call_id: callId, callee, media, data, group_mode: groupMode, legs } = snapshot;
    const call = this.#add({ handle: `in${this.#count}`, callId, role: 'caller', peer: callee.user, media, data, groupMode, legs }, 'placing');
    this.#enterInJournal(call);
    this.#tell('outgoing', call);
    this.#show(call, snapshot);
  }

  #ring(snapshot: Snapshot): void {
    this.#count += 1;
    const view: CallView = {
      handle: `in${this.#count}`, callId: snapshot.call_id, role: 'callee', peer: snapshot.caller.user,
      peerDevice: snapshot.caller.device, media: snapshot.media, data: snapshot.data, isSecond: snapshot.second_call,
      groupMode: snapshot.group_mode, legs: snapshot.legs,
    };
    const call = this.#add(view, 'ringing');
    this.#enterInJournal(call);
    this.#tell('incoming', call);
    this.#send(call, { type: 'ring_ack', call_id: snapshot.call_id });
    this.#show(call, snapshot);
  }

  /** An earlier life of this device, or an invite given up, has left a call behind: nobody here is in it. */
  #disown(snapshot: Snapshot): void {
    const { call_id } = snapshot;
    this.#tombstones.add(call_id);
    const body: LastWord = snapshot.you === 'calling' ? { type: 'cancel', call_id } : { type: 'give_up', call_id, watchdog: 'unknown' };
    this.commands.submit(body, 'engine');
    this.journal.abandon(call_id, body);
  }

  /** After a resume, news of a call may come before the reply that says it is the one just placed. */
  /**
   * Even the last word may come before the reply to the invite, when the link was lost between the two. It is one's own call, or that of
   * the very user who is called, which the invite has become part of (glare).
   */
  #mayBePlaced(snapshot: Snapshot): boolean {
    if (ringsHere(snapshot)) return false;
    return this.commands.find(({ body, wasSent }) =>
      body.type === 'invite' && wasSent && (snapshot.role === 'caller' || snapshot.caller.user === body.to)) !== undefined;
  }

  #keepEarly(snapshot: Snapshot): void {
    const kept = this.#early.get(snapshot.call_id);
    if (kept === undefined || kept.version < snapshot.version) this.#early.set(snapshot.call_id, snapshot);
  }

  #reviewEarly(): void {
    const early = [...this.#early.values()];
    this.#early.clear();
    for (const snapshot of early) this.onEvent(snapshot);
  }

  // --- showing a snapshot

  #show(call: Call, snapshot: Snapshot): void {
    if (snapshot.version < call.version) return;
    this.#readView(call, snapshot);
    this.#readDeadlines(call, snapshot);
    const end = endOf(snapshot);
    if (end) return this.#end(call, end.outcome, end.reason, snapshot.duration_ms);
    if (call.wokenUntil !== undefined) this.#confirm(call, snapshot);
    if (call.stage === 'leaving') return;
    if (call.stage === 'placing') {
      this.#enter(call, 'calling');
      this.#tell('calling', call);
    }
    if (isUnanswered(snapshot)) this.#showRinging(call, snapshot);
    else this.#showAnswered(call, snapshot);
    this.#showStability(call, snapshot);
    this.#showLegs(call);
  }

  #showLegs(call: Call): void {
    const legs = JSON.stringify(call.view.legs);
    if (call.stage === 'ended' || legs === call.toldLegs) return;
    call.toldLegs = legs;
    this.#tell('legs', call);
  }

  #readView(call: Call, snapshot: Snapshot): void {
    const { view } = call;
    const other = view.role === 'caller' ? snapshot.callee : snapshot.caller;
    if (other.device !== undefined) view.peerDevice = other.device;
    if (view.role === 'caller' && snapshot.group_mode) view.peer = snapshot.callee.user;  // who answered first
    view.media = snapshot.media;
    view.legs = snapshot.legs;
    view.groupMode = snapshot.group_mode ?? view.groupMode;
    call.ownGraceMs = snapshot.drop_grace_ms;
  }

  #readDeadlines(call: Call, snapshot: Snapshot): void {
    // A version known already may have waited: of two readings of a deadline the earlier is right, unless it was just asked for.
    const isNews = snapshot.version > call.version || call.askedAt !== undefined;
    call.version = snapshot.version;
    call.askedAt = undefined;
    const { setup, ring, move, connect = move } = snapshot.deadlines_remaining_ms;
    // In a group each snapshot says of all that ring what they wait for; what is absent runs no more.
    if (isNews && snapshot.legs) call.due = {};
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
    if (!isInHere(snapshot)) return call.view.role === 'callee' ? this.#end(call, 'answered_elsewhere') : undefined;
    if (call.stage !== 'connecting' && call.stage !== 'active') {
      this.#enter(call, 'connecting');
      this.#tell('connecting', call);
    }
    if (snapshot.session_id) this.sessions.joinCall(snapshot.session_id, call.view.handle);
    if (isActiveHere(snapshot) && call.stage !== 'active') {
      this.#enter(call, 'active');
      call.activeSince = this.desk.now;
      this.#tell('active', call);
    }
  }

  #showStability(call: Call, snapshot: Snapshot): void {
    // A server that does not name them speaks of a call between two.
    const unstable = snapshot.peer_unstable ? snapshot.unstable ?? [call.view.peer] : undefined;
    if (call.stage === 'ended' || unstable?.join() === call.view.unstable?.join()) return;
    call.view.unstable = unstable;
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
      case 'ringing': return call.wokenUntil !== undefined ? { name: 'wake', at: call.wokenUntil } : this.link.isUp ? after('ring', call.due.ring ?? this.#setupDue(call)) : after('ringContact', this.link.lastContact);
      case 'answering':
      case 'taking': return after('answer', call.since);
      case 'connecting': return after('connect', this.#connectDue(call));
      case 'active': return this.link.isUp ? undefined : { name: 'call', at: this.link.lastContact + this.#dropGrace(call) };
      case 'leaving': return after('end', call.since);
      case 'ended': return undefined;
    }
  }

  // A server that tells no deadline still has one.
  #setupDue(call: Call): number {
    return call.due.setup ?? call.since + (this.desk.settings?.setup_timeout_ms ?? DEFAULT_SETUP_MS);
  }

  /** The call's own, with the margin that the application may have given the watchdog. */
  #dropGrace(call: Call): number {
    const { limits, settings } = this.desk;
    if (call.ownGraceMs === undefined || settings === undefined) return limits.call;
    return call.ownGraceMs + limits.call - settings.drop_grace_ms;
  }

  #connectDue(call: Call): number {
    // Of a group nobody may be connecting, while others ring.
    return call.due.connect ?? call.due.ring ?? call.due.setup ?? call.since + (this.desk.settings?.connect_timeout_ms ?? DEFAULT_CONNECT_MS);
  }

  #bark(call: Call, name: keyof Limits): void {
    switch (name) {
      case 'place': return this.#abandon(call, 'failed', 'server_unreachable');
      case 'setup': return call.askedAt === undefined ? this.#askAbout(call) : this.#giveUp(call, 'setup');
      case 'wake':
      case 'ring': return this.#end(call, 'missed');
      case 'ringContact': {
        this.#end(call, 'lost_contact', undefined, undefined, true);
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

  /** A hello names 16 calls at most; of the others the server is asked one by one. */
  #onUnknown(call: Call, call_id: string): void {
    if (this.#named.has(call_id)) return this.#end(call, call.wokenUntil === undefined ? 'lost_contact' : 'missed');
    if (!this.#pendingFarewell(call_id)) this.#send(call, { type: 'get_call', call_id });
  }

  #askAbout(call: Call): void {
    call.askedAt = this.desk.now;
    this.#send(call, { type: 'get_call', call_id: call.view.callId! });
  }

  #giveUp(call: Call, watchdog: keyof Limits): void {
    this.commands.submit({ type: 'give_up', call_id: call.view.callId!, watchdog }, 'engine');
    this.#end(call, 'lost_contact');
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
      const lastWord = callId === undefined ? undefined : this.#pendingFarewell(callId) ?? lastWordOf(call.stage, role, callId);
      if (lastWord && call.stage !== 'leaving') farewell(lastWord);
      this.#end(call, 'lost_contact');
      if (lastWord) this.journal.owe(lastWord);
    }
    this.#early.clear();
  }

  // --- the one end of a call

  #end(call: Call, outcome: Outcome, reason?: Reason, durationMs?: number, mayRing?: true): void {
    const duration_ms = durationMs ?? (call.activeSince === undefined ? 0 : this.desk.now - call.activeSince);
    const wordCame = outcome !== 'lost_contact';
    this.#enter(call, 'ended');
    this.#calls.delete(call.view.handle);
    if (call.view.callId) {
      this.#tombstones.add(call.view.callId);
      const owes = wordCame ? undefined : this.#pendingFarewell(call.view.callId);
      this.journal.end(call.view.callId, outcome, reason, { owes, may_ring: mayRing });
    }
    this.commands.drop(({ owner, body }) =>
      typeof owner === 'object' && 'call' in owner && owner.call === call.view.handle && (wordCame || !FAREWELLS.includes(body.type)));
    this.sessions.callEnded(call.view.handle);
    this.desk.emit({ name: 'ended', call: { ...call.view }, outcome, reason, duration_ms });
  }

  // --- small parts

  #add(view: CallView, stage: Stage): Call {
    const call: Call = { view, stage, since: this.desk.now, version: 0, due: {}, isRinging: false };
    this.#calls.set(view.handle, call);
    return call;
  }

  #enter(call: Call, stage: Stage): void {
    call.stage = stage;
    call.since = this.desk.now;
  }

  enterAllInJournal(): void {
    for (const call of this.#calls.values()) if (call.view.callId) this.#enterInJournal(call);
  }

  #enterInJournal({ view: { callId, role, peer, media } }: Call): void {
    this.journal.enter({ call_id: callId!, role, peer, media });
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

  #pendingFarewell(callId: string): LastWord | undefined {
    const found = this.commands.find(({ body }) => isFarewell(body) && body.call_id === callId);
    return found?.body as LastWord | undefined;
  }

  #awaitsPlacing(): boolean {
    return this.commands.find(({ body, wasSent }) => body.type === 'invite' && wasSent) !== undefined;
  }
}
