// Commands on their way: each is sent once per link until the server answers it, in the order they were given.
import { byteLength, encode, MAX_FRAME_BYTES, type CommandBody } from '../protocol';
import { earliest, RecentSet, type Desk } from './desk';
import type { Link } from './link';

/** For whom the answer is: a call, a request of the application, or nobody but the engine. */
export type Owner = { call: string } | { request: number } | 'engine';

export interface Pending {
  readonly cmd_id: string;
  readonly body: CommandBody;
  readonly owner: Owner;
  wasSent: boolean;      // on any link: the server may know of it
  isOut: boolean;        // on the present link
  resends: number[];     // moments at which it is sent again while the link is up
}

/** PROTOCOL.md section 8: an invite that is not answered is sent again, counted from the first sending. */
const INVITE_RESENDS_MS = [500, 1_000, 2_000, 4_000];
const RATE_LIMITED_PAUSE_MS = 1_000;
/** As many as the server remembers per device. */
const MAX_PENDING = 256;
const MAX_ABANDONED = 32;

export class Commands {
  readonly #pending = new Map<string, Pending>();
  readonly #abandoned = new RecentSet<string>(MAX_ABANDONED);
  #count = 0;

  constructor(readonly desk: Desk, readonly link: Link) {}

  /** Sends it, or keeps it until the link is up. Returns why it cannot be sent, if it cannot. */
  submit(body: CommandBody, owner: Owner): 'too_large' | 'limit_reached' | undefined {
    if (this.#pending.size >= MAX_PENDING) return 'limit_reached';
    this.#count += 1;
    const cmd_id = `${this.desk.options.commandPrefix}${this.#count}`;
    if (byteLength(encode({ ...body, cmd_id })) > MAX_FRAME_BYTES) return 'too_large';
    const pending: Pending = { cmd_id, body, owner, wasSent: false, isOut: false, resends: [] };
    this.#pending.set(cmd_id, pending);
    if (this.link.isUp) this.#send(pending);
    return undefined;
  }

  /** Whatever was sent on the lost link and not answered is sent again on the next. */
  linkLost(): void {
    for (const pending of this.#pending.values()) pending.isOut = false;
  }

  /** Everything unanswered, in order, on a link that has just come up. */
  sendAll(): void {
    for (const pending of this.#pending.values()) {
      if (!pending.isOut) this.#send(pending);
    }
  }

  #send(pending: Pending): void {
    if (!pending.wasSent && pending.body.type === 'invite') {
      pending.resends = INVITE_RESENDS_MS.map((after) => this.desk.now + after);
    }
    pending.wasSent = true;
    pending.isOut = true;
    this.link.send({ ...pending.body, cmd_id: pending.cmd_id });
    this.link.doubt();
  }

  /** The command that an answer belongs to; it is answered now. */
  take(cmd_id: string): Pending | undefined {
    const pending = this.#pending.get(cmd_id);
    this.#pending.delete(cmd_id);
    return pending;
  }

  /** The server was too busy for this one and has not remembered it: it is sent again a little later. */
  postpone(pending: Pending): void {
    pending.resends = [this.desk.now + RATE_LIMITED_PAUSE_MS];
    this.#pending.set(pending.cmd_id, pending);
  }

  /** Takes away those that are of no use any more and gives them back. */
  drop(isUseless: (pending: Pending) => boolean): Pending[] {
    const dropped = [...this.#pending.values()].filter(isUseless);
    for (const pending of dropped) this.#pending.delete(pending.cmd_id);
    return dropped;
  }

  find(isWanted: (pending: Pending) => boolean): Pending | undefined {
    return [...this.#pending.values()].find(isWanted);
  }

  /** Nobody waits for the answer any more, but what it creates must not live. */
  abandon(cmd_id: string): void {
    this.#abandoned.add(cmd_id);
  }

  get hasAbandoned(): boolean { return !this.#abandoned.isEmpty; }

  wasAbandoned(cmd_id: string): boolean {
    return this.#abandoned.delete(cmd_id);
  }

  deadline(): number | undefined {
    if (!this.link.isUp) return undefined;
    return earliest(...[...this.#pending.values()].map((pending) => pending.resends[0]));
  }

  advance(): void {
    if (!this.link.isUp) return;
    for (const pending of this.#pending.values()) {
      if (pending.resends[0] === undefined || pending.resends[0] > this.desk.now) continue;
      pending.resends = pending.resends.filter((at) => at > this.desk.now);
      this.#send(pending);
    }
  }
}
