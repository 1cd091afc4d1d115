// What the library throws and rejects with.

/** An error with a stable word to decide by (PROTOCOL.md section 11, or one of the client's own) and a sentence for people. */
export class OffhookError extends Error {
  /** Stable, e.g. `token_expired`, `no_such_session`, `permission`. */
  readonly word: string;

  constructor(word: string, message: string) {
    super(message);
    this.name = 'OffhookError';
    this.word = word;
  }
}

export type MissReason = 'timeout' | 'rejected' | 'expecter_left';

/** An expectation ended without anybody coming; `reason` says why. */
export class ConnectionMissed extends OffhookError {
  readonly reason: MissReason;

  constructor(reason: MissReason) {
    super('connection_missed', `Nobody came: ${reason}.`);
    this.name = 'ConnectionMissed';
    this.reason = reason;
  }
}
