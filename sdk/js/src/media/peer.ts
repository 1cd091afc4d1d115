// One way to one other side, by the pattern of perfect negotiation: both may offer at any time, and of two offers that cross the polite
// side's gives way. Restarts ICE when the way is lost.
//
// Of the first offers that cross the polite side's is not rolled back: it goes with its RTCPeerConnection, and a new one answers. A
// rollback while the first candidates are being gathered can leave Chromium's connection without any candidate for
// good (seen with version 156); not even an ICE restart brings it back. Later rollbacks, of a connection that has its transport, are sound.
import type { Description, IceServer } from '../protocol';
import { Reception } from './reception';

export interface PeerHost {
  send(part: { description: Description } | { candidate: string }): void;
  onStream(stream: MediaStream): void;
  /** The other side's media really arrives, or does no longer. */
  onReceiving(isReceiving: boolean): void;
  /** Never connected, and will not. */
  onFailed(): void;
}

export interface NegotiationPart { description?: Description; candidate?: string }

/** A way that is lost may come back by itself; after so long another is looked for. */
const RESTART_AFTER_MS = 2_000;

export class Peer {
  readonly #host: PeerHost;
  readonly #iceServers: IceServer[];
  readonly #remote = new MediaStream();
  #connection!: RTCPeerConnection;  // both made by #open()
  #reception!: Reception;
  #local: MediaStream | undefined;
  #isPolite: boolean;
  #hasAgreed = false;  // an offer was answered
  #isMakingOffer = false;
  #isIgnoringOffer = false;
  #wasConnected = false;
  #isClosed = false;
  #restartTimer: ReturnType<typeof setTimeout> | undefined;
  #queue: Promise<void> = Promise.resolve();  // parts are dealt with one after the other, as they came

  constructor(iceServers: IceServer[], isPolite: boolean, host: PeerHost) {
    this.#host = host;
    this.#iceServers = iceServers;
    this.#isPolite = isPolite;
    this.#open();
  }

  #open(): void {
    const connection = new RTCPeerConnection({ iceServers: this.#iceServers });
    this.#connection = connection;
    this.#reception = new Reception(connection, (isReceiving) => this.#host.onReceiving(isReceiving));
    connection.onnegotiationneeded = () => void this.#offer();
    connection.onicecandidate = ({ candidate }) => {
      if (candidate) this.#host.send({ candidate: JSON.stringify(candidate) });
    };
    connection.ontrack = ({ track }) => this.#onTrack(track);
    connection.onconnectionstatechange = () => this.#onState(connection.connectionState);
    for (const track of this.#local?.getTracks() ?? []) connection.addTrack(track, this.#local!);
  }

  /** Takes the offer of this side back, with all that belongs to it. */
  #openAnew(): void {
    const old = this.#connection;
    old.onnegotiationneeded = old.onicecandidate = old.ontrack = old.onconnectionstatechange = null;
    old.close();
    this.#reception.stop();
    this.#isMakingOffer = false;
    this.#open();
  }

  addTracks(stream: MediaStream): void {
    this.#local = stream;
    for (const track of stream.getTracks()) this.#connection.addTrack(track, stream);
  }

  /** The other side has a new connection in the session, or this side has: what was on its way to the old one is lost. */
  restart(isPolite: boolean): void {
    this.#isPolite = isPolite;
    if (!this.#hasAgreed) return this.#openAnew();
    // An offer that nobody will answer any more would stand in the way of every other.
    if (this.#connection.signalingState === 'have-local-offer') {
      this.#connection.setLocalDescription({ type: 'rollback' }).catch(() => {});  // answered or closed meanwhile
    }
    this.#connection.restartIce();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#restartTimer);
    this.#reception.stop();
    this.#connection.close();
  }

  // --- negotiation

  async #offer(): Promise<void> {
    const connection = this.#connection;
    const isCurrent = () => connection === this.#connection && !this.#isClosed;
    try {
      this.#isMakingOffer = true;
      await connection.setLocalDescription();
      if (isCurrent()) this.#sendDescription();
    } catch (error) {
      if (isCurrent()) throw error;
    } finally {
      if (isCurrent()) this.#isMakingOffer = false;
    }
  }

  #sendDescription(): void {
    const description = this.#connection.localDescription;
    if (description && !this.#isClosed) this.#host.send({ description: { type: description.type, sdp: description.sdp } });
  }

  onNegotiation(part: NegotiationPart): Promise<void> {
    this.#queue = this.#queue.then(() => this.#take(part)).catch((error: unknown) => {
      if (!this.#isClosed) console.warn('offhook: a part of the negotiation was of no use', error);
    });
    return this.#queue;
  }

  async #take({ description, candidate }: NegotiationPart): Promise<void> {
    if (this.#isClosed) return;
    if (description) await this.#takeDescription(description);
    if (candidate) await this.#takeCandidate(JSON.parse(candidate) as RTCIceCandidateInit);
  }

  async #takeDescription(description: Description): Promise<void> {
    const isCrossing = description.type === 'offer' && (this.#isMakingOffer || this.#connection.signalingState !== 'stable');
    this.#isIgnoringOffer = !this.#isPolite && isCrossing;
    if (this.#isIgnoringOffer) return;
    if (isCrossing && !this.#hasAgreed) this.#openAnew();
    await this.#connection.setRemoteDescription(description);  // takes back a later offer of one's own, if there is one
    if (description.type === 'offer') {
      await this.#connection.setLocalDescription();
      this.#sendDescription();
    }
    this.#hasAgreed = true;
  }

  async #takeCandidate(candidate: RTCIceCandidateInit): Promise<void> {
    try {
      await this.#connection.addIceCandidate(candidate);
    } catch (error) {
      if (!this.#isIgnoringOffer) throw error;  // it belongs to the offer that was passed over
    }
  }

  // --- the way

  #onTrack(track: MediaStreamTrack): void {
    this.#remote.addTrack(track);
    this.#host.onStream(this.#remote);
    this.#reception.start();
  }

  #onState(state: RTCPeerConnectionState): void {
    clearTimeout(this.#restartTimer);
    switch (state) {
      case 'connected':
        this.#wasConnected = true;
        return this.#reception.start();
      case 'disconnected':
        this.#reception.lose();
        this.#restartTimer = setTimeout(() => this.#connection.restartIce(), RESTART_AFTER_MS);
        return;
      case 'failed':
        this.#reception.lose();
        if (this.#wasConnected) this.#connection.restartIce();
        else this.#host.onFailed();
        return;
      case 'new':
      case 'connecting':
      case 'closed': return;
    }
  }
}
