// A peer connection to each other connection in the session of a call, and the users behind them.
//
// A user has two connections while the call moves from one device to another: the old one is shown until it is put out. A connection
// that is lost without a word may come back under a new id (the server had to forget its client): its peer connection goes on.
import type { IceServer, LeaveWord, WireConnection, WireStream } from '../protocol';
import { Participant, type Has } from './participant';
import { Peer, type NegotiationPart, type PeerHost } from './peer';

export interface MeshHost {
  iceServers(): IceServer[];
  negotiate(to: string, part: Parameters<PeerHost['send']>[0]): void;
  onJoined(participant: Participant): void;
  onChanged(participant: Participant): void;
  onLeft(participant: Participant): void;
  /** Anybody's media arrives, or nobody's any more. */
  onReceiving(isReceiving: boolean): void;
  /** To this user no way was found; `isAll`: to nobody. */
  onFailed(user: string, isAll: boolean): void;
}

interface Way {
  connectionId: string;
  readonly user: string;
  readonly peer: Peer;
  stream?: MediaStream;
  has?: Has;
  isReceiving: boolean;
  hasFailed: boolean;
  lost?: ReturnType<typeof setTimeout>;  // its connection has gone without a word
}

/** As long as a side may be lost in a call. */
const LOST_MS = 120_000;

export class Mesh {
  readonly #host: MeshHost;
  readonly #ways: Way[] = [];  // oldest first; at most as many as a session has connections
  readonly #participants = new Map<string, Participant>();
  #own: WireConnection | undefined;
  #local: MediaStream | undefined;
  #isReceiving = false;

  constructor(host: MeshHost) { this.#host = host; }

  get isReceiving(): boolean { return this.#isReceiving; }
  get participants(): Participant[] { return [...this.#participants.values()]; }

  /** Sound and picture of this side, once. */
  addTracks(stream: MediaStream): void {
    this.#local = stream;
    for (const { peer } of this.#ways) peer.addTracks(stream);
  }

  /** In the session, perhaps anew: then all connections may have new ids. */
  join(own: WireConnection, others: WireConnection[]): void {
    for (const way of this.#ways) this.#lose(way);
    this.#own = own;
    for (const other of others) this.meet(other);
  }

  meet(connection: WireConnection): void {
    const { connection_id } = connection;
    if (this.#isOurs(connection)) return;
    const user = connection.user ?? connection_id;
    const isPolite = this.#own!.connection_id > connection_id;
    const known = this.#find(connection_id) ?? this.#ways.find((way) => way.user === user && way.lost !== undefined);
    if (known === undefined) return this.#open(connection_id, user, isPolite);
    clearTimeout(known.lost);
    known.lost = undefined;
    known.connectionId = connection_id;
    known.peer.restart(isPolite);
  }

  leave(connectionId: string, reason: LeaveWord): void {
    const way = this.#find(connectionId);
    if (way === undefined) return;
    if (reason === 'network_disconnected') this.#lose(way);
    else this.#close(way);
  }

  onNegotiation(from: string, part: NegotiationPart): void {
    void this.#find(from)?.peer.onNegotiation(part);
  }

  onStream({ connection_id, has_audio, has_video }: WireStream): void {
    const way = this.#find(connection_id);
    if (way === undefined) return;
    way.has = { audio: has_audio, video: has_video };
    this.#show(way.user);
  }

  close(): void {
    for (const way of this.#ways.splice(0)) {
      clearTimeout(way.lost);
      way.peer.close();
    }
  }

  // --- ways

  /** Another device of this user, in a call that is about to move, is nobody to talk with. */
  #isOurs({ connection_id, user }: WireConnection): boolean {
    return connection_id === this.#own?.connection_id || (user !== undefined && user === this.#own?.user);
  }

  #find(connectionId: string): Way | undefined {
    return this.#ways.find((way) => way.connectionId === connectionId);
  }

  #open(connectionId: string, user: string, isPolite: boolean): void {
    const peer = new Peer(this.#host.iceServers(), isPolite, {
      send: (part) => this.#host.negotiate(way.connectionId, part),
      onStream: (stream) => { way.stream = stream; this.#show(user); },
      onReceiving: (isReceiving) => { way.isReceiving = isReceiving; this.#show(user); this.#tellReceiving(); },
      onFailed: () => this.#onFailed(way),
    });
    const way: Way = { connectionId, user, peer, isReceiving: false, hasFailed: false };
    this.#ways.push(way);
    if (this.#local) peer.addTracks(this.#local);
    this.#show(user);
  }

  #lose(way: Way): void {
    way.lost ??= setTimeout(() => this.#close(way), LOST_MS);
  }

  #close(way: Way): void {
    clearTimeout(way.lost);
    way.peer.close();
    this.#ways.splice(this.#ways.indexOf(way), 1);
    this.#show(way.user);
    this.#tellReceiving();
  }

  #onFailed(way: Way): void {
    way.hasFailed = true;
    this.#host.onFailed(way.user, this.#ways.every(({ hasFailed }) => hasFailed));
  }

  #tellReceiving(): void {
    const isReceiving = this.#ways.some((way) => way.isReceiving);
    if (isReceiving === this.#isReceiving) return;
    this.#isReceiving = isReceiving;
    this.#host.onReceiving(isReceiving);
  }

  // --- participants

  #show(user: string): void {
    const ways = this.#ways.filter((way) => way.user === user);
    const known = this.#participants.get(user);
    const shown = ways.find((way) => way.isReceiving && !way.lost) ?? ways.find((way) => way.isReceiving) ?? ways.find((way) => way.stream) ?? ways[0];
    if (shown === undefined) {
      this.#participants.delete(user);
      if (known) this.#host.onLeft(known);
      return;
    }
    const participant = known ?? new Participant(user);
    this.#participants.set(user, participant);
    const isNew = participant.take(shown.stream, shown.has, shown.isReceiving);
    if (known === undefined) this.#host.onJoined(participant);
    else if (isNew) this.#host.onChanged(participant);
  }
}
