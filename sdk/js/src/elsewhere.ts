// A call of this user at another device, which can be taken over here.
import type { Media } from './api';
import type { Call } from './call';
import type { Role } from './outcomes';
import type { WireElsewhere } from './protocol';

export class ElsewhereCall {
  readonly callId: string;
  readonly role: Role;
  readonly peer: string;
  /** The name of the device that is in the call. */
  readonly device: string | undefined;
  readonly media: Media;
  readonly answeredAtMs: number;
  /** Whether there may be more than two in it. */
  readonly isGroup: boolean;
  readonly #take: () => Call;

  /** @internal Given by `OffhookClient.liveElsewhere`. */
  constructor(wire: WireElsewhere, take: () => Call) {
    this.callId = wire.call_id;
    this.role = wire.role;
    this.peer = wire.peer;
    this.device = wire.device;
    this.media = wire.media;
    this.answeredAtMs = wire.answered_at_ms;
    this.isGroup = wire.group ?? false;
    this.#take = take;
  }

  /**
   * Takes the call over. The other device has it until this one has media; then it is told `moved_elsewhere`. If that does not come
   * about in time, the other one keeps the call and this one ends as `answered_elsewhere`.
   */
  moveHere(): Call { return this.#take(); }
}
