// What this device remembers of its calls over restarts (PROTOCOL.md section 8.1): which are live, how each ended, whether the
// application knows, and what the server has still to be told.
import type { Outcome, Reason, Role } from '../outcomes';
import type { Media } from '../protocol';
import type { Desk } from './desk';

/** What ends a call for this device, and is of use to the server even later. */
export type LastWord =
  | { type: 'hangup' | 'cancel'; call_id: string } | { type: 'decline'; call_id: string; reason: 'declined' | 'busy' }
  | { type: 'give_up'; call_id: string; watchdog: string };

/** As it is written down; names equal those of PROTOCOL.md. */
export interface Entry {
  call_id: string;
  role: Role;
  peer: string;
  media: Media;
  state: 'live' | 'ended';
  outcome?: Outcome;
  reason?: Reason;
  at_ms: number;
  seen: boolean;
  owes?: LastWord;
  may_ring?: boolean;
}
export type EndedEntry = Entry & { state: 'ended'; outcome: Outcome };

const MAX_ENTRIES = 256;
const KEPT_MS = 86_400_000;
const FORMAT = 1;

export class Journal {
  readonly #entries = new Map<string, Entry>();  // the one changed last is the last
  readonly #orphans = new Set<string>();         // live in an earlier process; nobody here is in them
  readonly #beingTold = new Set<string>();       // the application is being called with the end of these
  #announced = '[]';

  constructor(readonly desk: Desk) {}

  /** What an earlier process wrote. A text that is none of ours is as good as none: false. */
  load(text: string): boolean {
    this.#entries.clear();
    this.#orphans.clear();
    const found = parse(text);
    for (const entry of found ?? []) {
      this.#entries.set(entry.call_id, entry);
      if (entry.state === 'live') this.#orphans.add(entry.call_id);
    }
    return found !== undefined;
  }

  // --- what becomes of a call

  enter(call: { call_id: string; role: Role; peer: string; media: Media }): void {
    this.#orphans.delete(call.call_id);
    this.#write({ ...call, state: 'live', at_ms: 0, seen: false });
  }

  /** The application will be called with it, and `markSeen` says when it has been. */
  end(callId: string, outcome: Outcome, reason: Reason | undefined, more: Pick<Entry, 'owes' | 'may_ring'> = {}): void {
    const entry = this.#entries.get(callId);
    if (entry === undefined) return;
    this.#beingTold.add(callId);
    this.#finish(entry, outcome, reason, more);
  }

  /** A call of an earlier process has gone on without anybody: `owes` is what the server is told. */
  abandon(callId: string, owes: LastWord): void {
    const entry = this.#entries.get(callId);
    if (entry?.state === 'live') this.#finish(entry, 'lost_contact', undefined, { owes });
  }

  /** The server's word about a call that nobody here is in (any more). */
  learn(callId: string, outcome: Outcome, reason: Reason | undefined): void {
    const entry = this.#entries.get(callId);
    const isOpen = entry !== undefined && (this.#orphans.has(callId) || entry.outcome === 'lost_contact');
    if (isOpen) this.#finish(entry, outcome, reason, { owes: entry.owes });
  }

  /** The server may not have heard this, which was said as the process ended. */
  owe(body: LastWord): void {
    const entry = this.#entries.get(body.call_id);
    if (entry?.state === 'ended') this.#write({ ...entry, owes: body });
  }

  /** The server has answered what the entry owes. */
  settle(callId: string): void {
    const entry = this.#entries.get(callId);
    if (entry?.owes === undefined) return;
    const { owes: _, ...rest } = entry;
    this.#write(rest);
  }

  /** The server has been asked, and knows of no such call, or of none that could go on here. */
  closeOrphan(callId: string): void {
    if (this.#orphans.has(callId)) this.#finish(this.#entries.get(callId)!, 'lost_contact', undefined, {});
  }

  /** One call, or all that are ended. */
  markSeen(callId?: string): void {
    const ids = callId === undefined ? [...this.#entries.keys()] : [callId];
    for (const id of ids) {
      const entry = this.#entries.get(id);
      if (entry?.state !== 'ended' || entry.seen) continue;
      this.#beingTold.delete(id);
      this.#entries.set(id, { ...entry, seen: true });
    }
    this.#save();
  }

  // --- questions

  has(callId: string): boolean { return this.#entries.has(callId); }
  /** Must not ring again. */
  isTombstone(callId: string): boolean {
    const entry = this.#entries.get(callId);
    return entry?.state === 'ended' && !entry.may_ring;
  }
  /** Live calls that nobody here is in, the latest first. */
  orphans(): string[] { return [...this.#orphans].reverse(); }
  owed(): LastWord[] { return [...this.#entries.values()].flatMap(({ owes }) => owes ?? []); }

  /** The ends that the application was not called with, oldest first. */
  unseen(): EndedEntry[] {
    return [...this.#entries.values()].filter((entry): entry is EndedEntry =>
      entry.state === 'ended' && !entry.seen && !this.#beingTold.has(entry.call_id));
  }

  /** Tells the application when what it has not seen is not what it was told last. */
  announce(): void {
    const outcomes = this.unseen();
    const text = JSON.stringify(outcomes);
    if (text === this.#announced) return;
    this.#announced = text;
    this.desk.emit({ name: 'unseen', outcomes });
  }

  // --- keeping

  #finish(entry: Entry, outcome: Outcome, reason: Reason | undefined, more: Pick<Entry, 'owes' | 'may_ring'>): void {
    this.#orphans.delete(entry.call_id);
    const { call_id, role, peer, media, seen } = entry;
    this.#write({ call_id, role, peer, media, state: 'ended', outcome, reason, at_ms: 0, seen, ...more });
  }

  #write(entry: Entry): void {
    this.#entries.delete(entry.call_id);
    this.#entries.set(entry.call_id, { ...entry, at_ms: this.desk.serverTime() });
    this.prune();
    this.#save();
  }

  /** By age as the server's clock has it, and by number. */
  prune(): void {
    const now = this.desk.serverTime();
    const oldest = now - KEPT_MS;
    for (const entry of this.#entries.values()) entry.at_ms ||= now;  // written before the server's clock was known
    for (const [id, entry] of this.#entries) if (entry.state === 'ended' && entry.at_ms < oldest) this.#forget(id);
    if (this.#entries.size <= MAX_ENTRIES) return;
    const byUse = [...this.#entries.values()].sort((a, b) => Number(a.state === 'live') - Number(b.state === 'live'));
    for (const { call_id } of byUse.slice(0, byUse.length - MAX_ENTRIES)) this.#forget(call_id);
  }

  #forget(callId: string): void {
    this.#entries.delete(callId);
    this.#orphans.delete(callId);
    this.#beingTold.delete(callId);
  }

  #save(): void {
    this.desk.output({ type: 'keep', text: JSON.stringify({ format: FORMAT, entries: [...this.#entries.values()] }) });
  }
}

function parse(text: string): Entry[] | undefined {
  try {
    const kept = JSON.parse(text) as { format?: unknown; entries?: unknown };
    if (kept.format !== FORMAT || !Array.isArray(kept.entries)) return undefined;
    return (kept.entries as Entry[]).filter(isEntry).slice(-MAX_ENTRIES);
  } catch {
    return undefined;
  }
}

// Somebody else may have written there: what would break something is passed over.
function isEntry(entry: Entry): boolean {
  const isText = (value: unknown): boolean => typeof value === 'string';
  return typeof entry === 'object' && entry !== null && isText(entry.call_id) && isText(entry.peer) && typeof entry.at_ms === 'number'
    && (entry.state === 'live' || (entry.state === 'ended' && isText(entry.outcome)))
    && (entry.owes === undefined || (isText(entry.owes?.type) && entry.owes.call_id === entry.call_id));
}
