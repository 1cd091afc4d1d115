// Whether the other side's media really arrives: pictures decoded or sound received, by the connection's own counts.

/** Often until it arrives, because the call waits for it. */
const POLL_MS = 200;

export class Reception {
  readonly #connection: RTCPeerConnection;
  readonly #tell: (isReceiving: boolean) => void;
  #isReceiving = false;
  #isStopped = false;
  #isLooking = false;
  #seen = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(connection: RTCPeerConnection, tell: (isReceiving: boolean) => void) {
    this.#connection = connection;
    this.#tell = tell;
  }

  /** Looks until something arrives, and then says so, once. */
  start(): void {
    if (this.#isReceiving || this.#isStopped || this.#isLooking) return;
    this.#isLooking = true;
    void this.#look();
  }

  /** The way is lost. Says so if something arrived before. */
  lose(): void {
    if (!this.#isReceiving) return;
    this.#isReceiving = false;
    this.#tell(false);
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  async #look(): Promise<void> {
    const received = await this.#count();
    if (this.#isStopped) return;
    const hasGrown = received > this.#seen && this.#connection.connectionState === 'connected';
    this.#seen = received;
    if (!hasGrown) {
      this.#timer = setTimeout(() => void this.#look(), POLL_MS);
      return;
    }
    this.#isLooking = false;
    this.#isReceiving = true;
    this.#tell(true);
  }

  async #count(): Promise<number> {
    let count = 0;
    const stats = await this.#connection.getStats();
    stats.forEach((report: RTCInboundRtpStreamStats) => {
      if (report.type !== 'inbound-rtp') return;
      count += (report.kind === 'video' ? report.framesDecoded : report.packetsReceived) ?? 0;
    });
    return count;
  }
}
