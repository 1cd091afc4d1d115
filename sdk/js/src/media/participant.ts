// One user whose sound and picture are in a call.
export interface Has { audio: boolean; video: boolean }

export class Participant {
  readonly user: string;
  #stream: MediaStream | undefined;
  #has: Has | undefined;
  #isReceived = false;

  /** @internal Given by the events and by `participants` of a call. */
  constructor(user: string) { this.user = user; }

  /** To be shown; another one once the user has taken the call to another device. */
  get stream(): MediaStream | undefined { return this.#stream; }
  /** Whether sound and picture are sent (it may be muted, or the camera off); undefined until it has been told. */
  get hasAudio(): boolean | undefined { return this.#has?.audio; }
  get hasVideo(): boolean | undefined { return this.#has?.video; }
  /** Whether anything arrives at present. */
  get isReceived(): boolean { return this.#isReceived; }

  /** @internal Returns whether that is something new. */
  take(stream: MediaStream | undefined, has: Has | undefined, isReceived: boolean): boolean {
    const isNew = stream !== this.#stream || has?.audio !== this.#has?.audio || has?.video !== this.#has?.video || isReceived !== this.#isReceived;
    this.#stream = stream;
    this.#has = has;
    this.#isReceived = isReceived;
    return isNew;
  }
}
