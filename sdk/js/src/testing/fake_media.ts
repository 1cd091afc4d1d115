// As much of WebRTC as the library uses, with both ends in the hands of a test.

export class FakeTrack {
  enabled = true;
  readyState = 'live';
  constructor(readonly kind: 'audio' | 'video') {}
  stop(): void { this.readyState = 'ended'; }
}

export class FakeStream {
  readonly tracks: FakeTrack[];
  constructor(...kinds: ('audio' | 'video')[]) { this.tracks = kinds.map((kind) => new FakeTrack(kind)); }
  addTrack(track: FakeTrack): void { this.tracks.push(track); }
  removeTrack(track: FakeTrack): void { this.tracks.splice(this.tracks.indexOf(track), 1); }
  getTracks(): FakeTrack[] { return this.tracks; }
  getAudioTracks(): FakeTrack[] { return this.tracks.filter(({ kind }) => kind === 'audio'); }
  getVideoTracks(): FakeTrack[] { return this.tracks.filter(({ kind }) => kind === 'video'); }
}

interface Described { type: string; sdp: string }

/** Keeps to the states of negotiation as the standard has them; descriptions are only numbers. */
export class FakePeerConnection {
  static made: FakePeerConnection[] = [];
  onnegotiationneeded: (() => void) | null = null;
  onicecandidate: ((event: { candidate: object | null }) => void) | null = null;
  ontrack: ((event: { track: FakeTrack }) => void) | null = null;
  onconnectionstatechange: (() => void) | null = null;
  signalingState = 'stable';
  connectionState = 'new';
  localDescription: Described | null = null;
  readonly senders: FakeTrack[] = [];
  readonly remote: Described[] = [];
  readonly candidates: object[] = [];
  restarts = 0;
  packets = 0;
  isClosed = false;
  #count = 0;
  #underWay = 0;
  #isNeeded = false;

  constructor(readonly configuration: { iceServers: object[] }) { FakePeerConnection.made.push(this); }

  addTrack(track: FakeTrack): void {
    this.senders.push(track);
    this.#need();
  }

  restartIce(): void {
    this.restarts += 1;
    this.#need();
  }

  /** Told once nothing is under way; a description of this side has all that was needed by then. */
  #need(): void {
    this.#isNeeded = true;
    queueMicrotask(() => this.#tellNeeded());
  }

  #tellNeeded(): void {
    if (!this.#isNeeded || this.#underWay > 0 || this.signalingState !== 'stable') return;
    this.#isNeeded = false;
    this.onnegotiationneeded?.();
  }

  async #during(work: () => Promise<void>): Promise<void> {
    this.#underWay += 1;
    try {
      await work();
    } finally {
      this.#underWay -= 1;
      queueMicrotask(() => this.#tellNeeded());
    }
  }

  setLocalDescription(description?: { type: 'rollback' }): Promise<void> {
    return this.#during(description ? () => this.#rollBack() : () => this.#setLocal());
  }
  setRemoteDescription(description: Described): Promise<void> { return this.#during(() => this.#setRemote(description)); }

  async #setLocal(): Promise<void> {
    await Promise.resolve();
    if (this.isClosed) return new Promise(() => {});  // as the standard has it
    this.#isNeeded = false;
    this.#count += 1;
    const isAnswer = this.signalingState === 'have-remote-offer';
    this.localDescription = { type: isAnswer ? 'answer' : 'offer', sdp: `local${this.#count}` };
    this.signalingState = isAnswer ? 'stable' : 'have-local-offer';
  }

  async #rollBack(): Promise<void> {
    await Promise.resolve();
    if (this.signalingState !== 'have-local-offer') throw new Error('no offer to be rolled back');
    this.signalingState = 'stable';
  }

  async #setRemote(description: Described): Promise<void> {
    await Promise.resolve();
    if (description.type === 'answer' && this.signalingState !== 'have-local-offer') throw new Error('no offer to be answered');
    this.remote.push(description);
    this.signalingState = description.type === 'offer' ? 'have-remote-offer' : 'stable';
  }

  async addIceCandidate(candidate: object): Promise<void> {
    await Promise.resolve();
    if (this.remote.length === 0) throw new Error('a candidate before a description');
    this.candidates.push(candidate);
  }

  getStats(): Promise<Map<string, object>> {
    return Promise.resolve(new Map([
      ['in', { type: 'inbound-rtp', kind: 'audio', packetsReceived: this.packets }], ['out', { type: 'outbound-rtp', kind: 'audio', packetsSent: 9 }],
    ]));
  }

  turn(state: string): void {
    this.connectionState = state;
    this.onconnectionstatechange?.();
  }

  close(): void { this.isClosed = true; }
}

/** Puts them in the place of the browser's. `getUserMedia` gives whatever `open` gives. */
export function giveMedia(open: () => Promise<FakeStream>): void {
  FakePeerConnection.made = [];
  const give = (name: string, value: unknown): void => { Object.defineProperty(globalThis, name, { value, configurable: true, writable: true }); };
  give('RTCPeerConnection', FakePeerConnection);
  give('MediaStream', FakeStream);
  give('navigator', { mediaDevices: { getUserMedia: open } });
}

export function namedError(name: string): Error {
  return Object.assign(new Error(`a ${name}`), { name });
}
