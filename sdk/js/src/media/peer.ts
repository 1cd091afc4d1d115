// One RTCPeerConnection, by the pattern of perfect negotiation: both sides may offer at any time, and of two offers that cross the
// polite side's gives way. Restarts ICE when the way is lost.
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
  readonly #connection: RTCPeerConnection;
  readonly #host: PeerHost;
  readonly #reception: Reception;
  readonly #remote = new MediaStream();
  #isPolite: boolean;
  #isMakingOffer = false;
  #isIgnoringOffer = false;
  #wasConnected = false;
  #isClosed = false;
  #restartTimer: ReturnType<typeof setTimeout> | undefined;
  #queue: Promise<void> = Promise.resolve();  // parts are dealt with one after the other, as they came

  constructor(iceServers: IceServer[], isPolite: boolean, host: PeerHost) {
    this.#host = host;
    this.#isPolite = isPolite;
    this.#connection = new RTCPeerConnection({ iceServers });
    this.#reception = new Reception(this.#connection, (isReceiving) => host.onReceiving(isReceiving));
    this.#connection.onnegotiationneeded = () => void this.#offer();
    this.#connection.onicecandidate = ({ candidate }) => {
      if (candidate) host.send({ candidate: JSON.stringify(candidate) });
    };
    this.#connection.ontrack = ({ track }) => this.#onTrack(track);
    this.#connection.onconnectionstatechange = () => this.#onState(this.#connection.connectionState);
  }

  addTracks(stream: MediaStream): void {
    for (const track of stream.getTracks()) this.#connection.addTrack(track, stream);
  }

  /** The other side has a new connection in the session, or this side has: what was on its way to the old one is lost. */
  restart(isPolite: boolean): void {
    this.#isPolite = isPolite;
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
    try {
      this.#isMakingOffer = true;
      await this.#connection.setLocalDescription();
      this.#sendDescription();
    } catch (error) {
      if (!this.#isClosed) throw error;
    } finally {
      this.#isMakingOffer = false;
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
    await this.#connection.setRemoteDescription(description);  // takes back an offer of one's own, if there is one
    if (description.type !== 'offer') return;
    await this.#connection.setLocalDescription();
    this.#sendDescription();
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
