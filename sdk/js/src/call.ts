// A call as the application sees it. What becomes of it the engine says; here it is kept, shown, and given its media.
import type { CallEvents, CallState, GroupMode, Leg, Media } from './api';
import { CallMedia } from './media/call_media';
import { Emitter } from './emitter';
import type { CallView, EngineEvent, SessionNews } from './engine/types';
import { OffhookError } from './errors';
import type { Participant } from './media/participant';
import type { Outcome, Reason, Role } from './outcomes';
import type { Port } from './port';

export type EngineCallEvent = Extract<EngineEvent, { call: CallView }>;
type Ended = Extract<EngineEvent, { name: 'ended' }>;

export class Call extends Emitter<CallEvents> {
  readonly #port: Port;
  readonly #media: CallMedia | undefined;
  #view: CallView;
  #state: CallState;
  #pressed: 'answer' | 'end' | undefined;
  #ignored = false;
  #remote: MediaStream | undefined;
  #end: Ended | undefined;

  /** @internal Made by `OffhookClient.call`, or given by its event `incoming`. */
  constructor(port: Port, view: CallView, state?: CallState) {
    super();
    this.#port = port;
    this.#view = view;
    this.#state = state ?? (view.role === 'caller' ? 'calling' : 'incoming');
    if (view.media !== 'none') this.#media = this.#makeMedia(view.media);
  }

  #makeMedia(media: 'audio' | 'video'): CallMedia {
    return new CallMedia(media, {
      request: (body) => this.#port.request(body),
      iceServers: () => this.#port.iceServers,
      report: (action) => this.#act(action),
      onLocalStream: (stream) => { this.emit('localStream', stream); this.#changed(); },
      onParticipant: (event, participant) => this.#onParticipant(event, participant),
      onError: (error: OffhookError) => this.emit('mediaError', error),
    });
  }

  #onParticipant(event: 'participantJoined' | 'participantChanged' | 'participantLeft', participant: Participant): void {
    this.emit(event, participant);
    const remote = this.remoteStream;
    if (remote && remote !== this.#remote) this.emit('remoteStream', remote);
    this.#remote = remote;
    this.#changed();
  }

  /** @internal Names it to the engine. */
  get handle(): string { return this.#view.handle; }
  /** Once the server has taken the call. */
  get id(): string | undefined { return this.#view.callId; }
  get role(): Role { return this.#view.role; }
  /** The other side's user; in a group this user's caller, or who answered first, or the first of those who are called. */
  get peer(): string { return this.#view.peer; }
  /** The name of the other side's device, once it is known. */
  get peerDevice(): string | undefined { return this.#view.peerDevice; }
  get media(): Media { return this.#view.media; }
  /** What the caller gave with the call. */
  get data(): string | undefined { return this.#view.data; }
  get state(): CallState { return this.#state; }
  /** `answer` was pressed, and the server has not said yet whether this device won. */
  get answering(): boolean { return this.#pressed === 'answer' && this.#state === 'incoming'; }
  /** The call was left here, media has stopped; only the outcome is awaited. */
  get leaving(): boolean { return this.#pressed === 'end' && this.#state !== 'ended'; }
  get ignored(): boolean { return this.#ignored; }
  /** This device was in another call when this one came in. */
  get isSecond(): boolean { return this.#view.isSecond ?? false; }
  /** Only of a group. */
  get groupMode(): GroupMode | undefined { return this.#view.groupMode; }
  /** Of a group: the users who are called, the caller apart, and what became of each. */
  get legs(): readonly Leg[] { return this.#view.legs ?? []; }
  /** The other side is not heard at present. */
  get peerUnstable(): boolean { return this.unstablePeers.length > 0; }
  /** Whose: in a group those who are not heard, between two the peer; empty unless `peerUnstable`. */
  get unstablePeers(): readonly string[] { return this.#state === 'ended' ? [] : this.#view.unstable ?? []; }
  /** What this side shows, when ended; `outcomeText` puts it in words. */
  get outcome(): Outcome | undefined { return this.#end?.outcome; }
  get reason(): Reason | undefined { return this.#end?.reason; }
  /** From both sides' media up to the end; 0 if that never was. */
  get durationMs(): number | undefined { return this.#end?.duration_ms; }

  get localStream(): MediaStream | undefined { return this.#media?.localStream; }
  /** Those whose sound and picture are in the call, each with a stream. */
  get participants(): Participant[] { return this.#media?.participants ?? []; }
  /** That of the only other side, or of the first. */
  get remoteStream(): MediaStream | undefined { return this.participants.find(({ stream }) => stream)?.stream; }
  get muted(): boolean { return this.#media?.isMuted ?? false; }
  get cameraOff(): boolean { return this.#media?.isCameraOff ?? false; }
  /** Whether the other side sends sound and picture (it may be muted, or its camera off); undefined until it has told. */
  get peerHasAudio(): boolean | undefined { return this.participants[0]?.hasAudio; }
  get peerHasVideo(): boolean | undefined { return this.participants[0]?.hasVideo; }
  /** Put aside for another call: nothing is sent. What arrives is for the application not to play. */
  get held(): boolean { return this.#media?.isHeld ?? false; }

  // Each of these does nothing when it is too late for it; what came of it is told by the events.

  answer(): void {
    if (this.#state !== 'incoming' || this.#pressed) return;
    this.#pressed = 'answer';
    this.#act({ do: 'answer' });
    this.prepareMedia();
    this.#changed();
  }

  decline(): void { this.#leave('decline'); }
  /** Declines because this person is busy. */
  busy(): void { this.#leave('busy'); }
  /** The caller withdraws; after an answer it is a hang-up. */
  cancel(): void { this.#leave('cancel'); }
  hangup(): void { this.#leave('hangup'); }

  /** For a ringing call: keeps quiet about it here. It goes on elsewhere, and `ended` still comes. */
  ignore(): void {
    if (this.#state !== 'incoming') return;
    this.#ignored = true;
    this.#act({ do: 'ignore' });
    this.#changed();
  }

  setMuted(muted: boolean): void {
    this.#media?.setMuted(muted);
    this.#changed();
  }

  setCameraOff(off: boolean): void {
    this.#media?.setCameraOff(off);
    this.#changed();
  }

  setHeld(held: boolean): void {
    this.#media?.setHeld(held);
    this.#changed();
  }

  /**
   * Calls more users into this call, 16 in all; a call between two becomes a group that everybody may join. Only for somebody who is
   * in it. Whoever was called before is not called again. Rejects with `limit_reached`, or `not_allowed` before the call has an id.
   */
  async ringMore(users: string[]): Promise<void> {
    if (this.id === undefined || this.#state === 'ended') throw new OffhookError('not_allowed', 'Nobody can be added to this call now.');
    await this.#port.request({ type: 'ring_more', call_id: this.id, users });
  }

  /** Media stops at once, whatever the server will say. */
  #leave(how: 'decline' | 'busy' | 'cancel' | 'hangup'): void {
    if (this.#state === 'ended' || this.#pressed === 'end') return;
    this.#pressed = 'end';
    this.#media?.stop();
    this.#act({ do: how });
    this.#changed();
  }

  #act(action: Parameters<Port['act']>[1]): void {
    this.#port.act(this.#view.handle, action);
  }

  #changed(): void {
    this.emit('change', this);
  }

  // --- what the engine tells

  /** @internal Asks for microphone and camera while the call is being set up. */
  prepareMedia(): void {
    void this.#media?.open();
  }

  /** @internal */
  onSessionNews(news: SessionNews): void {
    if (this.#pressed !== 'end') this.#media?.onSessionNews(news);
  }

  /** @internal */
  onEvent(event: EngineCallEvent): void {
    this.#view = event.call;
    switch (event.name) {
      case 'calling':
      case 'incoming': break;
      case 'ringing':
      case 'connecting':
      case 'active': this.#onProgress(event.name); break;
      case 'peer_unstable': this.emit('peerUnstable', this); break;
      case 'legs': this.emit('legsChanged', this); break;
      case 'peer_stable': this.emit('peerStable', this); break;
      case 'ended': this.#onEnded(event); break;
    }
    this.#changed();
  }

  #onProgress(state: 'ringing' | 'connecting' | 'active'): void {
    this.#state = state;
    if (state === 'connecting' && this.#view.media !== 'none') this.#media?.onAnswered(this.#view.media);
    this.emit(state, this);
  }

  #onEnded(event: Ended): void {
    this.#end = event;
    this.#state = 'ended';
    this.#media?.stop();
    this.emit('ended', this);
  }
}
