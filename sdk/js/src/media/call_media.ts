// The media of one call: microphone and camera, the peer connections over the call's session, and what the server must be told.
//
// Microphone and camera are asked for while the call is set up; nothing is negotiated before the answer is recorded, because the
// session is not joined earlier.
import type { CallAction, SessionNews } from '../engine/types';
import { OffhookError } from '../errors';
import type { CommandBody, IceServer, MediaFailure, Reply, SessionEvent } from '../protocol';
import { openDevices, setEnabled, stopAll } from './devices';
import { Mesh } from './mesh';
import type { Participant } from './participant';

export interface MediaHost {
  request(body: CommandBody): Promise<Reply>;
  iceServers(): IceServer[];
  report(action: CallAction): void;
  onLocalStream(stream: MediaStream): void;
  onParticipant(event: 'participantJoined' | 'participantChanged' | 'participantLeft', participant: Participant): void;
  onError(error: OffhookError): void;
}

export class CallMedia {
  #kind: 'audio' | 'video';
  readonly #host: MediaHost;
  readonly #mesh: Mesh;
  #opening: Promise<void> | undefined;
  #isAnswered = false;
  #isStopped = false;
  #failure: MediaFailure | undefined;
  #local: MediaStream | undefined;
  #sessionId: string | undefined;
  #ownConnection: string | undefined;
  #streamId: string | undefined;      // of what is published
  #wasPublished = false;              // in this connection; the answer may still be on its way
  #muted = false;
  #cameraOff = false;
  #held = false;

  constructor(kind: 'audio' | 'video', host: MediaHost) {
    this.#kind = kind;
    this.#host = host;
    this.#mesh = new Mesh({
      iceServers: () => host.iceServers(),
      negotiate: (to, part) => this.#ask({ type: 'negotiate', session_id: this.#sessionId!, to, ...part }),
      onJoined: (participant) => host.onParticipant('participantJoined', participant),
      onChanged: (participant) => host.onParticipant('participantChanged', participant),
      onLeft: (participant) => host.onParticipant('participantLeft', participant),
      onReceiving: (isReceiving) => host.report({ do: isReceiving ? 'media_up' : 'media_down' }),
      onFailed: (user, isAll) => this.#onIceFailed(user, isAll),
    });
  }

  get localStream(): MediaStream | undefined { return this.#local; }
  get participants(): Participant[] { return this.#mesh.participants; }
  get isMuted(): boolean { return this.#muted; }
  get isCameraOff(): boolean { return this.#cameraOff; }
  get isHeld(): boolean { return this.#held; }

  // --- microphone and camera

  open(): Promise<void> {
    this.#opening ??= this.#openDevices();
    return this.#opening;
  }

  async #openDevices(): Promise<void> {
    try {
      const stream = await openDevices(this.#kind);
      // The person may have hung up while the browser was asking.
      if (this.#isStopped) return stopAll(stream);
      this.#local = stream;
      this.#applyMutes();
      this.#host.onLocalStream(stream);
      this.#limitToKind();
      this.#mesh.addTracks(stream);
      this.#publish();
    } catch (error) {
      if (!this.#isStopped) this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    const isRefusal = error instanceof Error && (error.name === 'NotAllowedError' || error.name === 'SecurityError');
    this.#failure = isRefusal ? 'permission' : 'device';
    const message = error instanceof Error ? error.message : String(error);
    this.#host.onError(new OffhookError(this.#failure, message));
    this.#reportFailure();
  }

  /** The server takes it only once the call is answered. */
  #reportFailure(): void {
    if (this.#failure && this.#isAnswered && !this.#isStopped) this.#host.report({ do: 'media_failed', reason: this.#failure });
  }

  setMuted(muted: boolean): void {
    this.#muted = muted;
    this.#onMutes();
  }

  setCameraOff(off: boolean): void {
    this.#cameraOff = off;
    this.#onMutes();
  }

  /** Nothing is sent while a call is held. */
  setHeld(held: boolean): void {
    this.#held = held;
    this.#onMutes();
  }

  #onMutes(): void {
    this.#applyMutes();
    if (this.#streamId === undefined || this.#sessionId === undefined || this.#isStopped) return;
    this.#ask({ type: 'update_stream', session_id: this.#sessionId, stream_id: this.#streamId, ...this.#flags() });
  }

  #applyMutes(): void {
    if (this.#local) setEnabled(this.#local, { audio: !this.#muted && !this.#held, video: !this.#cameraOff && !this.#held });
  }

  #flags(): { has_audio: boolean; has_video: boolean } {
    return { has_audio: !this.#muted && !this.#held, has_video: this.#kind === 'video' && !this.#cameraOff && !this.#held };
  }

  // --- the call

  /** `kind`: of the call as it was answered, which may be less than was asked for. */
  onAnswered(kind: 'audio' | 'video'): void {
    this.#kind = kind;
    this.#limitToKind();
    this.#isAnswered = true;
    void this.open();
    this.#reportFailure();
  }

  #limitToKind(): void {
    if (this.#kind === 'video') return;
    for (const track of this.#local?.getVideoTracks() ?? []) {
      track.stop();
      this.#local?.removeTrack(track);
    }
  }

  stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#mesh.close();
    if (this.#local) stopAll(this.#local);
  }

  // --- the session

  onSessionNews(news: SessionNews): void {
    if (this.#isStopped) return;
    switch (news.name) {
      case 'session_connected': return this.#onJoined(news);
      case 'session_disconnected': return;  // the call's end says what to do
      case 'session_event': return this.#onEvent(news.event);
    }
  }

  /** Also after the server has forgotten this client, with new connection ids; the peer connections go on. */
  #onJoined(news: Extract<SessionNews, { name: 'session_connected' }>): void {
    this.#sessionId = news.session_id;
    this.#ownConnection = news.connection.connection_id;
    this.#streamId = undefined;
    this.#wasPublished = false;
    if (typeof RTCPeerConnection === 'undefined') return this.#fail(new Error('There is no WebRTC here.'));
    this.#publish();
    this.#mesh.join(news.connection, news.connections);
    for (const stream of news.streams) this.#mesh.onStream(stream);
    // A server that had forgotten this client does not know that media runs.
    if (this.#mesh.isReceiving) this.#host.report({ do: 'media_up' });
  }

  #onEvent(event: SessionEvent): void {
    if (typeof RTCPeerConnection === 'undefined') return;
    switch (event.type) {
      case 'connection_created': return this.#mesh.meet(event.connection);
      case 'connection_destroyed': return this.#mesh.leave(event.connection_id, event.reason);
      case 'stream_created':
      case 'stream_updated': return this.#mesh.onStream(event.stream);
      case 'negotiation': return this.#mesh.onNegotiation(event.from, event);
      default: return;
    }
  }

  /** Among several it is an error to be told; the call fails only if nobody can be reached. */
  #onIceFailed(user: string, isAll: boolean): void {
    this.#host.onError(new OffhookError('ice_failed', `No way through the network was found for sound and picture with ${user}.`));
    if (!isAll) return;
    this.#failure = 'ice_failed';
    this.#reportFailure();
  }

  /** Tells the other side what is sent; once for each connection. */
  #publish(): void {
    const sessionId = this.#sessionId;
    if (sessionId === undefined || this.#local === undefined || this.#wasPublished) return;
    this.#wasPublished = true;
    const connection = this.#ownConnection;
    const flags = this.#flags();
    this.#host.request({ type: 'publish', session_id: sessionId, ...flags }).then((reply) => {
      if (connection !== this.#ownConnection) return;
      this.#streamId = reply.stream?.stream_id;
      const now = this.#flags();  // pressed in the meantime?
      if (now.has_audio !== flags.has_audio || now.has_video !== flags.has_video) this.#onMutes();
    }, () => {});
  }

  /** A refusal means that the call or the connection has gone, which is told in other ways. */
  #ask(body: CommandBody): void {
    this.#host.request(body).catch(() => {});
  }
}
